"""Packed models on disk, so that a model's second load takes the time of mapping it into memory.

One .safetensors file for each model and dtype in the user's cache folder: named by the model's fingerprint, it also notes
the size and time of the checkpoint that it was made from, and is made anew when these differ. Nothing in it is executed. It
is a convenience: when a file cannot be written or read, the model is packed again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import mmap
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rwkv_backend.checkpoints import Checkpoint, open_checkpoint
from rwkv_backend.checkpoints.reading import read_tensor
from rwkv_backend.errors import RWKVError
from rwkv_backend.later import torch
from rwkv_backend.records import DTYPE_BYTES, StoredTensor
from rwkv_backend.writing import write_whole

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

FORMAT = "rwkv-playground-weights-3"
"""Changes whenever a packed tensor means something else than before."""

FOLDER_VARIABLE = "RWKV_PLAYGROUND_CACHE"
"""Where to keep the files instead of the user's cache folder; empty: nowhere."""

SMALLEST = 50_000_000
"""Bytes of checkpoint from which on it is worth it."""

SPARE = 2
"""So many times a file's size must be free on the disk before it is written."""

LINE = 64
"""Numbers begin at a multiple of so many bytes."""

NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
         "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}  # fmt: skip


def folder() -> Path | None:
    """Where the files are; None: nowhere."""
    if FOLDER_VARIABLE in os.environ:
        named = os.environ[FOLDER_VARIABLE]
        return Path(named) / "weights" if named else None
    import platformdirs

    return Path(platformdirs.user_cache_path("rwkv-playground", appauthor=False)) / "weights"


@dataclass(frozen=True)
class Key:
    """What a file of packed weights belongs to. `stamp`: a digest of size and time of each of the checkpoint's files."""

    fingerprint: str
    dtype: str
    stamp: str

    @property
    def file_name(self) -> str:
        return f"{self.fingerprint[:32]}-{self.dtype}.safetensors"


def key_of(checkpoint: Checkpoint, fingerprint: str, dtype: str) -> Key | None:
    """None where caching this model is not worth it or a file's time cannot be told."""
    files = sorted({tensor.path for tensor in checkpoint.tensors.values()})
    try:
        stamps = [path.stat() for path in files]
    except OSError:
        return None
    if sum(stamp.st_size for stamp in stamps) < SMALLEST:
        return None
    whole = ",".join(f"{stamp.st_size}:{stamp.st_mtime_ns}" for stamp in stamps)
    return Key(fingerprint, dtype, hashlib.sha256(whole.encode()).hexdigest())


class Kept:
    """An opened file of packed weights.

    Its tensors lie in the file as it is mapped into memory: nothing is copied, and what is needed comes from the disk while
    the rest of the model is read. Files are only ever replaced whole, so that the one that is mapped stays what it was.
    """

    def __init__(self, checkpoint: Checkpoint, path: Path) -> None:
        self._pieces: dict[str, dict[str, StoredTensor]] = {}
        for name, tensor in checkpoint.tensors.items():
            piece, _, inner = name.rpartition("/")
            self._pieces.setdefault(piece, {})[inner] = tensor
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        if hasattr(mmap, "MADV_WILLNEED"):
            self._bytes.madvise(mmap.MADV_WILLNEED)

    def read(self, path: str) -> dict[str, Tensor]:
        """The tensors of the model's piece `path`, by their names within it; empty if it has none here.

        Raises RWKVError when the file has changed meanwhile.
        """
        return {name: self._tensor(stored) for name, stored in self._pieces.get(path, {}).items()}

    def _tensor(self, stored: StoredTensor) -> Tensor:
        dtype, count = getattr(torch, stored.dtype), math.prod(stored.shape)
        inside = stored.offset + stored.nbytes <= len(self._bytes) and stored.offset % DTYPE_BYTES[stored.dtype] == 0
        if not count or not inside:
            return read_tensor(stored, dtype)
        flat: Tensor = torch.frombuffer(self._bytes, dtype=dtype, count=count, offset=stored.offset)
        return flat.view(stored.shape)


def find(key: Key | None) -> Kept | None:
    """The packed weights of this model, if they are there and made from this very file."""
    place = folder()
    if key is None or place is None or not (place / key.file_name).is_file():
        return None
    path = place / key.file_name
    try:
        kept = open_checkpoint(path)
        if kept.metadata != {"format": FORMAT, "stamp": key.stamp}:
            return None
        found = Kept(kept, path)
        os.utime(path)  # so that `size` can tell which was not used for longest
    except (RWKVError, OSError, ValueError):
        log.warning("%s cannot be used and will be made anew", path.name)
        return None
    return found


def keep(key: Key | None, pieces: Mapping[str, Mapping[str, Tensor]]) -> bool:
    """Write the tensors of each piece; whether that was done. One tensor at a time: it needs no memory of its own."""
    place = folder()
    size = sum(tensor.nbytes for piece in pieces.values() for tensor in piece.values())
    if key is None or place is None or not size:
        return False
    try:
        place.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(place).free < SPARE * size:
            return False
        flat = {f"{path}/{name}": tensor for path, piece in pieces.items() for name, tensor in piece.items()}
        write_whole(place / key.file_name, lambda file: _write(file, flat, {"format": FORMAT, "stamp": key.stamp}))
    except OSError as error:
        log.info("packed weights are not kept: %s", error)
        return False
    return True


def _write(file: IO[bytes], tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
    """The .safetensors format: the header's length, a JSON header, then the numbers one after the other.

    Those of more bytes come first, so that all begin where such a number may.
    """
    header: dict[str, object] = {"__metadata__": dict(about)}
    end = 0
    tensors = dict(sorted(tensors.items(), key=lambda item: -item[1].itemsize))
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        dtype = NAMES[str(tensor.dtype).removeprefix("torch.")]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-(8 + len(text)) % LINE)
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for tensor in tensors.values():
        file.write(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)


def size() -> int:
    """Bytes of all files."""
    place = folder()
    if place is None or not place.is_dir():
        return 0
    return sum(path.stat().st_size for path in place.glob("*.safetensors"))


def clear() -> int:
    """Remove all files; how many bytes that gave back."""
    place, freed = folder(), 0
    if place is None or not place.is_dir():
        return 0
    for path in place.glob("*.safetensors"):
        nbytes = path.stat().st_size
        try:
            path.unlink()
        except OSError as error:
            log.info("%s stays: %s", path.name, error)
            continue
        freed += nbytes
    return freed


assert set(NAMES) == set(DTYPE_BYTES), "every dtype that a checkpoint may hold has its name in the format"
