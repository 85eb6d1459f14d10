"""What was found in a checkpoint: its tensors' names, shapes and positions, and what the user should know about it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rwkv_backend.checkpoints import words
from rwkv_backend.records import DTYPE_BYTES, Shapes, StoredTensor

SAMPLE_BYTES = 4096
"""How much of each tensor a fingerprint reads."""


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint. No weights have been read."""

    path: Path
    file_format: str
    """'torch zip', 'torch legacy', 'safetensors', 'torch shards' or 'safetensors shards'."""
    file_bytes: int
    """All files together."""
    tensors: Mapping[str, StoredTensor]
    """By name, after unwrapping and prefix stripping, in the file's order."""
    notes: tuple[str, ...] = ()
    """Sentences for the user: what was unwrapped, renamed or left out."""
    config: Mapping[str, object] = field(default_factory=dict)
    """Plain values from a pickled model's config or from config.json."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """A safetensors file's `__metadata__`."""

    @property
    def shapes(self) -> Shapes:
        return {name: tensor.shape for name, tensor in self.tensors.items()}


def fingerprint(checkpoint: Checkpoint) -> str:
    """A SHA-256 (hex) of all names, dtypes and shapes and the first 4096 bytes of each tensor, in row-major order.

    The same weights give the same fingerprint whatever file they lie in. Raises CheckpointError if a file is gone.
    """
    digest = hashlib.sha256()
    with _OpenFiles() as opened:
        for name, tensor in sorted(checkpoint.tensors.items()):
            digest.update(f"{name}\0{tensor.dtype}\0{tensor.shape}\0".encode())
            digest.update(_first_bytes(opened.get(tensor.path), tensor))
    return digest.hexdigest()


class _OpenFiles:
    """The files of one checkpoint, each opened once and without a buffer, since we jump about in them."""

    def __init__(self) -> None:
        self._files: dict[Path, BinaryIO] = {}

    def __enter__(self) -> _OpenFiles:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def get(self, path: Path) -> BinaryIO:
        if path not in self._files:
            with words.speaking_of(path):
                self._files[path] = path.open("rb", buffering=0)
        return self._files[path]


def _first_bytes(file: BinaryIO, tensor: StoredTensor) -> bytes:
    item = DTYPE_BYTES[tensor.dtype]
    if is_contiguous(tensor.shape, tensor.strides):
        return _read(file, tensor.offset, min(tensor.nbytes, SAMPLE_BYTES))
    places = itertools.islice(_elements(tensor.shape, tensor.strides), SAMPLE_BYTES // item)
    return b"".join(_read(file, tensor.offset + place * item, item) for place in places)


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


def is_contiguous(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the elements follow each other in row-major order. The stride of an axis of size 1 means nothing."""
    expected = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1 and stride != expected:
            return 0 in shape
        expected *= size
    return True


def _elements(shape: tuple[int, ...], strides: tuple[int, ...]) -> Iterator[int]:
    """The position of every element, counted in elements, in row-major order."""
    if not shape:
        yield 0
        return
    for index in range(shape[0]):
        for place in _elements(shape[1:], strides[1:]):
            yield index * strides[0] + place
