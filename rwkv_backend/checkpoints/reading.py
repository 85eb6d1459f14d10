"""A tensor's numbers, read from its file block by block into memory of the wanted dtype and device.

At no time is more in memory than the tensor being made and one block. Blocks are read, not mapped: a file that shrinks
while it is mapped kills the process, a short read can be reported; any alignment will do; and it is as fast.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rwkv_backend.checkpoints import words
from rwkv_backend.errors import CheckpointError
from rwkv_backend.later import torch
from rwkv_backend.records import DTYPE_BYTES, StoredTensor

if TYPE_CHECKING:
    from torch import Tensor

BLOCK_BYTES = 4 * 2**20


def read_tensor(
    stored: StoredTensor,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
    on_bytes: Callable[[int], None] | None = None,
) -> Tensor:
    """The tensor in `dtype` on `device`.

    `on_bytes(n)` is called after every block with how many of the tensor's bytes (as stored) it held; all together they
    make `stored.nbytes`. What it raises ends the reading. Raises CheckpointError if the file has changed or gone.
    """
    target = torch.empty(stored.shape, dtype=dtype, device=device)
    if stored.numel == 0:
        return target
    order = sorted(range(len(stored.shape)), key=lambda axis: stored.strides[axis], reverse=True)
    with words.speaking_of(stored.path):
        file = stored.path.open("rb", buffering=0)
    with file:
        blocks = _Blocks(file, stored, on_bytes)
        blocks.copy(target.permute(order), tuple(stored.strides[axis] for axis in order), first=0)
    return target


@dataclass(frozen=True)
class _Blocks:
    """Copies a stored tensor, whose axes come in order of falling stride, in blocks of neighbouring numbers."""

    file: BinaryIO
    stored: StoredTensor
    on_bytes: Callable[[int], None] | None

    def copy(self, target: Tensor, strides: tuple[int, ...], first: int) -> None:
        """Fills `target` with the numbers whose [0, 0, ...] is number `first`, counted from the tensor's own."""
        inner = _extent(target.shape[1:], strides[1:])
        room = BLOCK_BYTES // self.item
        if _extent(target.shape, strides) <= room:
            self._copy_block(target, strides, first)
        elif inner > room:
            for index in range(target.shape[0]):
                self.copy(target[index], strides[1:], first + index * strides[0])
        else:
            rows = 1 + (room - inner) // strides[0]
            for start in range(0, target.shape[0], rows):
                self._copy_block(target[start : start + rows], strides, first + start * strides[0])

    @property
    def item(self) -> int:
        return DTYPE_BYTES[self.stored.dtype]

    def _copy_block(self, target: Tensor, strides: tuple[int, ...], first: int) -> None:
        count = _extent(target.shape, strides)
        with words.speaking_of(self.stored.path):
            raw = self._read(self.stored.offset + first * self.item, count * self.item)
        dtype = getattr(torch, "uint8" if self.stored.dtype == "bool" else self.stored.dtype)
        block = torch.frombuffer(raw, dtype=dtype, count=count).as_strided(target.shape, strides)
        target.copy_(block != 0 if self.stored.dtype == "bool" else block)
        if self.on_bytes is not None:
            self.on_bytes(target.numel() * self.item)

    def _read(self, start: int, nbytes: int) -> bytearray:
        if start + nbytes > os.fstat(self.file.fileno()).st_size:
            raise self._changed()
        self.file.seek(start)
        raw = bytearray(nbytes)
        view, filled = memoryview(raw), 0
        while filled < nbytes:
            count = self.file.readinto(view[filled:])  # type: ignore[attr-defined]  # an unbuffered file has it
            if not count:
                raise self._changed()
            filled += count
        return raw

    def _changed(self) -> CheckpointError:
        name = words.shown(self.stored.path.name)
        return CheckpointError(f"'{name}' has become shorter since it was opened.", "Open it again.")


def _extent(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """How many neighbouring numbers the elements are spread over."""
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
