"""The safetensors container: its header is believed only where it fits the file."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from rwkv_backend.checkpoints import open_checkpoint
from tests.backend.checkpoints.building import refused


def write(path: Path, header: object, data: bytes = bytes(16), length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(start: object = 0, end: object = 16, shape: object = (4,), dtype: object = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_metadata_are_kept(tmp_path: Path) -> None:
    safetensors.torch.save_file({"a": torch.ones(2)}, tmp_path / "m.safetensors", metadata={"format": "pt"})
    assert open_checkpoint(tmp_path / "m.safetensors").metadata == {"format": "pt"}


def test_the_ending_of_the_name_does_not_matter(tmp_path: Path) -> None:
    assert open_checkpoint(write(tmp_path / "model.st", {"a": entry()})).shapes == {"a": (4,)}


def test_tensors_without_elements_and_scalars_are_read(tmp_path: Path) -> None:
    header = {"a": entry(0, 0, (0, 3)), "b": entry(0, 4, ()), "c": entry(4, 4, (0,)), "d": entry(4, 16, (3, 1))}
    assert open_checkpoint(write(tmp_path / "m", header)).shapes == {"a": (0, 3), "b": (), "c": (0,), "d": (3, 1)}


FAULTS: dict[str, tuple[object, str]] = {
    "not JSON": (b"{not json}", "not valid JSON"),
    "not UTF-8": (b'{"\xff": 1}', "not valid JSON"),
    "deep JSON": (b"{" + b'"a":{' * 100_000, "not valid JSON"),
    "deep lists": (b'{"a":' + b"[" * 100_000, "not valid JSON"),
    "endless number": (b'{"a":{"dtype":"F32","shape":[' + b"9" * 10_000 + b"]}}", "not valid JSON"),
    "duplicate name": (b'{"a": {}, "a": {}}', "a name twice"),
    "duplicate field": (b'{"a": {"dtype": "F32", "dtype": "F16"}}', "a name twice"),
    "entry that is a list": ({"a": [1]}, "not a table"),
    "empty": ({}, "belong to no tensor"),
    "metadata that are numbers": ({"a": entry(), "__metadata__": {"x": 1}}, "not texts"),
    "metadata that are a list": ({"a": entry(), "__metadata__": []}, "not a table"),
    "unknown dtype": ({"a": entry(dtype="F8_E4M3")}, "F8_E4M3"),
    "dtype that is a number": ({"a": entry(dtype=7)}, "unnamed"),
    "no dtype": ({"a": {"shape": [4], "data_offsets": [0, 16]}}, "unnamed"),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 16]}}, "shape or position of 'a'"),
    "no position": ({"a": {"dtype": "F32", "shape": [4]}}, "shape or position of 'a'"),
    "three offsets": ({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8, 16]}}, "position of 'a'"),
    "negative offset": ({"a": entry(-16, 0)}, "shape or position of 'a'"),
    "negative size": ({"a": entry(shape=(-2, -2))}, "shape or position of 'a'"),
    "size that is a float": ({"a": entry(shape=(4.0,))}, "shape or position of 'a'"),
    "size that is true": ({"a": entry(shape=(True, 4))}, "shape or position of 'a'"),
    "size that is NaN": (
        b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 16]}}',
        "shape or position of 'a'",
    ),
    "huge size": ({"a": entry(shape=(2**62, 2**62))}, "absurdly many"),
    "many axes": ({"a": entry(shape=(1,) * 1000)}, "position of 'a'"),
    "shape larger than its bytes": ({"a": entry(shape=(5,))}, "should have 20 bytes but has 16"),
    "backwards": ({"a": entry(16, 0)}, "should have 16 bytes"),
    "overlap": ({"a": entry(0, 16), "b": entry(8, 16, (2,))}, "overlap or leave gaps"),
    "same place": ({"a": entry(), "b": entry()}, "overlap or leave gaps"),
    "gap": ({"a": entry(0, 4, (1,)), "b": entry(8, 16, (2,))}, "overlap or leave gaps"),
    "gap at the beginning": ({"a": entry(4, 16, (3,))}, "overlap or leave gaps"),
    "bytes left over": ({"a": entry(0, 8, (2,))}, "8 bytes that belong to no tensor"),
    "name with a line break": ({"a\nb": entry()}, "a tensor is named 'a?b'"),
    "name that is half a character": (b'{"\\ud800": {"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', "is named"),
}


@pytest.mark.parametrize(("header", "words"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_header_is_refused(tmp_path: Path, header: object, words: str) -> None:
    refused(write(tmp_path / "model.safetensors", header), words)


def test_a_header_without_tensors_is_refused(tmp_path: Path) -> None:
    refused(write(tmp_path / "m", {"__metadata__": {"a": "b"}}, data=b""), "holds no weights")


@pytest.mark.parametrize("length", [2**62, 2**63 + 5, 100 * 2**20])
def test_an_absurd_header_length_is_refused(tmp_path: Path, length: int) -> None:
    refused(write(tmp_path / "m.safetensors", {"a": entry()}, length=length), f"{length:,} bytes long")


def test_a_cut_off_file_says_how_much_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"a": entry()})
    whole = path.read_bytes()
    path.write_bytes(whole[:-6])
    refused(path, f"incomplete: {len(whole) - 6} of {len(whole)} bytes")
    path.write_bytes(whole[:20])
    refused(path, f"incomplete: 20 of at least {len(whole) - 16} bytes")
