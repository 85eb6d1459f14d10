"""Packed weights on disk: found again only for the very file they were made from, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import safetensors.torch
import torch

from rwkv_backend import weight_cache
from rwkv_backend.checkpoints import Checkpoint, fingerprint, open_checkpoint
from rwkv_backend.weight_cache import Key, key_of
from tests.shared import Saved

PIECES = {
    "blocks.0.att.key": {
        "whole": torch.arange(-6, 6, dtype=torch.int8).view(3, 4),
        "scale": torch.tensor([0.5, 1.0, 2.0]),
    },
    "head": {
        "pairs": torch.arange(10, dtype=torch.uint8),
        "low": torch.tensor([1.5, -3.0]).half(),
        "none": torch.empty(0),
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(weight_cache.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(weight_cache, "SMALLEST", 0)
    return tmp_path / "cache" / "weights"


@pytest.fixture
def checkpoint(saved: Saved) -> Checkpoint:
    return open_checkpoint(saved("4"))


def key(checkpoint: Checkpoint, dtype: str = "int8") -> Key:
    found = key_of(checkpoint, fingerprint(checkpoint), dtype)
    assert found is not None
    return found


def test_what_was_kept_is_found_again(checkpoint: Checkpoint) -> None:
    assert weight_cache.find(key(checkpoint)) is None
    assert weight_cache.keep(key(checkpoint), PIECES)
    found = weight_cache.find(key(checkpoint))
    assert found is not None
    for path, tensors in PIECES.items():
        again = found.read(path)
        assert again.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert again[name].dtype == tensor.dtype
            assert torch.equal(again[name], tensor)
    assert found.read("blocks.0.att") == {}


def test_the_file_is_one_that_the_safetensors_library_reads(checkpoint: Checkpoint, folder: Path) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    [path] = folder.iterdir()
    again = safetensors.torch.load_file(path)
    assert torch.equal(again["head/low"], PIECES["head"]["low"])


def test_another_dtype_or_a_changed_file_finds_nothing(checkpoint: Checkpoint) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    assert weight_cache.find(key(checkpoint, "int4")) is None
    [path] = {tensor.path for tensor in checkpoint.tensors.values()}
    os.utime(path, ns=(1, 1))
    assert weight_cache.find(key(checkpoint)) is None


@pytest.mark.parametrize("content", [b"", b"12345", b"\xff" * 40, b"\x08\0\0\0\0\0\0\0[1, 2 ] "])
def test_a_damaged_file_is_as_good_as_none(checkpoint: Checkpoint, folder: Path, content: bytes) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    [path] = folder.iterdir()
    path.write_bytes(content)
    assert weight_cache.find(key(checkpoint)) is None
    assert weight_cache.keep(key(checkpoint), PIECES), "and it can be made anew"
    assert weight_cache.find(key(checkpoint)) is not None


def test_a_folder_that_cannot_be_written_is_no_error(checkpoint: Checkpoint, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    assert not weight_cache.keep(key(checkpoint), PIECES)
    assert weight_cache.find(key(checkpoint)) is None
    assert weight_cache.size() == weight_cache.clear() == 0


def test_a_full_disk_is_left_alone(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_cache, "SPARE", 10**12)
    assert not weight_cache.keep(key(checkpoint), PIECES)
    assert weight_cache.size() == 0


def test_the_size_is_told_and_all_can_be_removed(checkpoint: Checkpoint, folder: Path) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    weight_cache.keep(key(checkpoint, "int4"), PIECES)
    assert weight_cache.size() == sum(path.stat().st_size for path in folder.iterdir()) > 0
    freed = weight_cache.size()
    assert weight_cache.clear() == freed
    assert weight_cache.size() == 0
    assert list(folder.iterdir()) == []


def test_nothing_is_kept_where_no_folder_is_wanted(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weight_cache.FOLDER_VARIABLE, "")
    assert weight_cache.folder() is None
    assert not weight_cache.keep(key(checkpoint), PIECES)


def test_small_models_are_not_worth_it(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_cache, "SMALLEST", 10**9)
    assert key_of(checkpoint, "", "int8") is None
