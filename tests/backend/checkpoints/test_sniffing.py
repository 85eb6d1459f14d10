"""Files that are no checkpoints are told apart, each with a sentence of its own."""

from __future__ import annotations

import gzip
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from rwkv_backend.checkpoints import open_checkpoint
from rwkv_backend.errors import CheckpointError
from tests.backend.checkpoints.building import refused, write_zip

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 338563523\n"
FILES = {
    "empty": (b"", "is empty"),
    "one byte": (b"\0", "not a checkpoint that this program knows"),
    "web page": (b"<!DOCTYPE html><html>", "web page"),
    "web page after a blank": (b"\n \n<HTML lang=en>", "web page"),
    "web page with byte order mark": (b"\xef\xbb\xbf<html>", "web page"),
    "XML error of a file server": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "web page"),
    "Git LFS pointer": (LFS, "Git LFS pointer"),
    "GGUF": (b"GGUF\3\0\0\0" + bytes(100), "GGUF"),
    "rwkv.cpp": (b"fmgg\x65\0\0\0" + bytes(100), "ggml file, made for rwkv.cpp"),
    "gzip": (gzip.compress(b"x"), "packed archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "packed archive"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(40), "packed archive"),
    "text": (b"hello", "plain text"),
    "JSON": (b'{"0": "a"}', "plain text"),
    "text with a brace where a header begins": (b"int main{ return 0; }", "plain text"),
    "UTF-16": ('{"0": "a"}'.encode("utf-16"), "plain text"),
    "long Chinese text": (("中文" * 400).encode(), "plain text"),
    "noise": (b"\x93\xfa\x00\x17" * 300, "not a checkpoint that this program knows"),
    "pickle": (pickle.dumps({"a": [1.5]}), "Python pickle but not one of torch's"),
    "pickle of protocol 2": (pickle.dumps(7, protocol=2), "Python pickle but not one of torch's"),
    "pickle that is cut off": (pickle.dumps(list(range(100)))[:50], "breaks off after 50 bytes"),
}


@pytest.mark.parametrize(("data", "words"), FILES.values(), ids=FILES)
def test_each_kind_of_file_has_its_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(data)
    error = refused(path, words)
    assert error.hint


def test_a_tar_archive_is_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "model.tar", "w") as archive:
        archive.add(__file__)
    refused(tmp_path / "model.tar", "tar archive")


def test_numpy_files_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    refused(tmp_path / "a.npy", "NumPy")
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    refused(tmp_path / "a.npz", "zip archive but not a torch checkpoint", "'x.npy'")


def test_a_zipped_model_says_what_is_in_it(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "model.zip", {"RWKV-4.pth": b"x"})
    assert "unpack" in refused(path, "it holds 'RWKV-4.pth'").hint
    refused(write_zip(tmp_path / "packed.zip", {"a.pth": b"x" * 99}, zipfile.ZIP_DEFLATED), "compressed archive")


def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    records = {"m/data.pkl": b"\x80\x02}.", "m/code/__torch__.py": b"", "m/constants.pkl": b"\x80\x02)."}
    refused(write_zip(tmp_path / "model.pt", records), "TorchScript")


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "not there.pth", "There is no file")
    refused(tmp_path / "nul\0byte", "There is no file")
    refused(tmp_path / ("long" * 1000), "cannot be read")
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file" / "below", "cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not an ordinary file")


@pytest.mark.parametrize("fault", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_file_that_cannot_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: OSError
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    torch.save({"a": torch.ones(1)}, tmp_path / "model.pth")
    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(CheckpointError, match=r"not allowed to read|cannot be read: Input/output error"):
        open_checkpoint(tmp_path / "model.pth")
