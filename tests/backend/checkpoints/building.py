"""Builds good, broken and hostile checkpoint files for the tests, down to single pickle opcodes."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from rwkv_backend.checkpoints import Checkpoint, open_checkpoint
from rwkv_backend.errors import CheckpointError

MAGIC = 0x1950A86A20F9469CFC6C
DATA = struct.pack("<4f", 1, 2, 3, 4)
"""What storage '0' of the built files holds."""


def refused(path: Path, *words: str) -> CheckpointError:
    """Opens the file, which must be refused with one clear sentence that holds all the words."""
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path)
    error = caught.value
    assert "\n" not in str(error)
    assert str(error).isprintable()
    assert error.sentence.endswith(".")
    assert len(str(error)) < 500
    for word in words:
        assert word in str(error)
    return error


def opened_or_refused(path: Path) -> Checkpoint | None:
    """The checkpoint, or None if it is refused; any other exception fails the test."""
    try:
        return open_checkpoint(path)
    except CheckpointError:
        return None


# Containers


def write_zip(path: Path, records: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    return path


def zip_with(path: Path, data_pkl: bytes, storage: bytes = DATA, **records: bytes) -> Path:
    """A torch zip around a pickle, with one storage '0'."""
    rest = {f"archive/{name}": data for name, data in records.items()}
    return write_zip(path, {"archive/data.pkl": data_pkl, "archive/data/0": storage, **rest})


def legacy_with(path: Path, object_pickle: bytes, little_endian: bool = True) -> Path:
    """torch's legacy container around a pickle, with one storage '0' of four floats."""
    system = {"protocol_version": 1001, "little_endian": little_endian}
    head = b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, system))
    path.write_bytes(head + object_pickle + pickle.dumps(["0"], protocol=2) + struct.pack("<q", 4) + DATA)
    return path


# Pickle opcodes

PROTO = b"\x80\x02"
MARK, STOP, REDUCE, TUPLE, POP = b"(", b".", b"R", b"t", b"0"
EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, SETITEMS, APPEND = b"}", b"]", b")", b"u", b"a"
NEWOBJ, NEWOBJ_EX, BUILD, OBJ, STACK_GLOBAL, BINPERSID = b"\x81", b"\x92", b"b", b"o", b"\x93", b"Q"


def plain(value: object) -> bytes:
    """The opcodes that push a plain value, without memo."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol=2)
    pickler.fast = True
    pickler.dump(value)
    return file.getvalue()[2:-1]


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def called(module: str, attribute: str, *args: object) -> bytes:
    """GLOBAL, arguments, REDUCE."""
    return name(module, attribute) + plain(tuple(args)) + REDUCE


def storage(numel: int = 4, key: str = "0", kind: bytes = name("torch", "FloatStorage"), view: bytes = b"") -> bytes:
    return MARK + plain("storage") + kind + plain(key) + plain("cpu") + plain(numel) + view + TUPLE + BINPERSID


def tensor(
    shape: object = (2, 2),
    strides: object = (2, 1),
    offset: object = 0,
    stored: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """A tensor in storage '0', as torch writes it."""
    hooks = called("collections", "OrderedDict")
    args = (stored or storage()) + plain(offset) + plain(shape) + plain(strides) + plain(False) + hooks + extra
    return name("torch._utils", "_rebuild_tensor_v2") + MARK + args + TUPLE + REDUCE


def dict_of(*pairs: tuple[str, bytes]) -> bytes:
    return EMPTY_DICT + MARK + b"".join(plain(key) + value for key, value in pairs) + SETITEMS


def state_dict(*more: tuple[str, bytes]) -> bytes:
    """A whole pickle: a state dict with one good tensor and whatever else."""
    return PROTO + dict_of(("emb.weight", tensor()), *more) + STOP
