"""Files cut off or changed anywhere: each is opened as far as it is true, or refused; nothing else ever happens."""

from __future__ import annotations

import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from rwkv_backend.checkpoints.reading import read_tensor
from tests.backend.checkpoints import building
from tests.backend.checkpoints.building import legacy_with, opened_or_refused, refused, state_dict, write_zip, zip_with


def _small_model(path: Path, container: str) -> bytes:
    tensors = {f"blocks.{index}.weight": torch.arange(6.0).view(2, 3) + index for index in range(8)}
    if container == "safetensors":
        safetensors.torch.save_file(tensors, path)
    elif container == "module":
        torch.save(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3)), path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=container == "zip")
    return path.read_bytes()


ALL = ["zip", "legacy", "safetensors", "module"]


@pytest.mark.parametrize("container", ALL)
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, container: str) -> None:
    path = tmp_path / "model"
    whole = _small_model(path, container)
    chance = random.Random(1)
    for length in {0, 1, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(200))}:
        path.write_bytes(whole[:length])
        refused(path)


@pytest.mark.parametrize("container", ALL)
def test_a_changed_byte_is_harmless_or_refused(tmp_path: Path, container: str) -> None:
    """What opens must also be readable: the positions have been checked."""
    path = tmp_path / "model"
    whole = _small_model(path, container)
    described = [at for at in range(len(whole)) if whole[at]]  # the rest is padding, for the most part
    chance = random.Random(2)
    for _ in range(600):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 1, 1, 4, 30])):
            changed[chance.choice(described)] = chance.randrange(256)
        path.write_bytes(changed)
        checkpoint = opened_or_refused(path)
        for tensor in checkpoint.tensors.values() if checkpoint else ():
            assert read_tensor(tensor, torch.float32).shape == tensor.shape


@pytest.mark.parametrize("container", [zip_with, legacy_with])
def test_a_pickle_of_random_opcodes_is_harmless_or_refused(
    tmp_path: Path, container: Callable[[Path, bytes], Path]
) -> None:
    pieces = [bytes([code]) for code in b"(.0123})]aesutlRbo\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94NQ2"]
    pieces += [b"K\1", b"h\0", b"q\0", b"q\1", b"h\1", b"X\1\0\0\0a", building.storage(), building.tensor()]
    pieces += [building.name("collections", "OrderedDict"), building.name("m", "C"), building.EMPTY_TUPLE]
    chance = random.Random(3)
    for _ in range(1500):
        data = b"\x80\x02" + b"".join(chance.choices(pieces, k=chance.randrange(1, 40))) + b"."
        opened_or_refused(container(tmp_path / "model", data))


# What exactly is said


def test_a_cut_off_zip_says_how_much_is_needed_at_least(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"a": torch.zeros(100_000)}, path)
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:100_000])
    message = refused(path, "The file is incomplete: 100,000 of at least 400,").sentence
    assert whole - 3000 < int(message.split()[-2].replace(",", "")) <= whole


def test_a_zip_cut_off_within_its_pickle_says_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"a": torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:200])
    refused(path, "The file is incomplete: it breaks off after 200 bytes.")


def test_a_cut_off_legacy_file_says_how_much_is_needed(tmp_path: Path) -> None:
    path = legacy_with(tmp_path / "model.pth", state_dict())
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    refused(path, f"The file is incomplete: {len(whole) - 3} of {len(whole)} bytes.")


def test_a_big_endian_file_is_refused(tmp_path: Path) -> None:
    refused(zip_with(tmp_path / "a.pth", state_dict(), byteorder=b"big"), "big-endian")
    refused(legacy_with(tmp_path / "b.pth", state_dict(), little_endian=False), "big-endian")
    assert opened_or_refused(zip_with(tmp_path / "c.pth", state_dict(), byteorder=b"little"))


def test_two_pickles_are_refused(tmp_path: Path) -> None:
    records = {"a/data.pkl": state_dict(), "b/data.pkl": state_dict()}
    refused(write_zip(tmp_path / "model.pth", records), "more than one data.pkl")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_record_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "model.pth", state_dict())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/0", b"other numbers")
    refused(path, "holds 'archive/data/0' twice")


def test_an_archive_of_too_many_records_is_refused_before_they_are_read(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "model.pth", state_dict())
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    whole = path.read_bytes()[:-22]
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 10**9, 10**9, 10, 10)
    path.write_bytes(whole + end_64 + struct.pack("<4sLQL", b"PK\6\7", 0, len(whole), 1) + end)
    refused(path, "1,000,000,000 parts")


def _with_patched_zip(path: Path, signature: bytes, offset: int, value: bytes, last: bool = False) -> Path:
    """Changes a field of the first (or last) zip header with this signature."""
    data = bytearray(zip_with(path, state_dict()).read_bytes())
    place = (data.rfind(signature) if last else data.find(signature)) + offset
    data[place : place + len(value)] = value
    path.write_bytes(data)
    return path


ZIP_FAULTS = {
    "encrypted": (b"PK\1\2", 8, b"\1\0", "encrypted"),
    "deflated": (b"PK\1\2", 10, b"\x08\0", "compressed"),
    "two sizes": (b"PK\1\2", 20, b"\1\0\0\0", "two sizes"),
    "both sizes too large": (b"PK\1\2", 20, b"\xff\xff\xff\x7f\xff\xff\xff\x7f", "beyond the file's end"),
    "size in a missing field": (b"PK\1\2", 20, b"\xff" * 8, "lacks a record's size"),
    "header elsewhere": (b"PK\1\2", 42, b"\7\0\0\0", "does not lie where"),
    "header beyond the end": (b"PK\1\2", 42, b"\xff\xff\xff\x7f", "does not lie where"),
    "another name in the header": (b"PK\3\4", 30, b"x", "another record lies"),
    "extra field beyond the end": (b"PK\3\4", 28, b"\xff\xff", "beyond the file's end"),
    "directory signature": (b"PK\1\2", 0, b"XX", "makes no sense"),
    "directory entry's name": (b"PK\1\2", 28, b"\xff\xff", "makes no sense"),
    "more entries than there are": (b"PK\5\6", 10, b"\x09\0", "breaks off"),
    "directory beyond the end": (b"PK\5\6", 16, b"\xff\xff\xff\x7f", "beyond its end"),
    "directory in a missing record": (b"PK\5\6", 16, b"\xff\xff\xff\xff", "cannot be found"),
}


@pytest.mark.parametrize(("signature", "offset", "value", "words"), ZIP_FAULTS.values(), ids=ZIP_FAULTS)
def test_an_archive_that_contradicts_itself_is_refused(
    tmp_path: Path, signature: bytes, offset: int, value: bytes, words: str
) -> None:
    refused(_with_patched_zip(tmp_path / "model.pth", signature, offset, value), words)


LEGACY_FAULTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "another count": (lambda data: data[:-24] + struct.pack("<q", 3) + data[-16:], "4 numbers but has 3"),
    "negative count": (lambda data: data[:-24] + struct.pack("<q", -4) + data[-16:], "4 numbers but has -4"),
    "another key": (lambda data: data.replace(b"]q\x00X\x01\0\0\x000", b"]q\x00X\x01\0\0\x001"), "does not describe"),
    "keys that are no list": (lambda data: data.replace(b"]q\x00X\x01\0\0\x000q\x01a.", b"N."), "lists no storages"),
    "another version": (lambda data: data.replace(b"\x80\x02M\xe9\x03.", b"\x80\x02M\xe8\x03."), "version number"),
}


@pytest.mark.parametrize(("change", "words"), LEGACY_FAULTS.values(), ids=LEGACY_FAULTS)
def test_a_legacy_file_that_contradicts_itself_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    path = legacy_with(tmp_path / "model.pth", state_dict())
    path.write_bytes(change(path.read_bytes()))
    refused(path, words)


def test_bytes_after_a_legacy_file_do_no_harm(tmp_path: Path) -> None:
    path = legacy_with(tmp_path / "model.pth", state_dict())
    path.write_bytes(path.read_bytes() + b"more")
    assert opened_or_refused(path)
