"""Weights as the kernels want them: matrices read together stacked into one, small tables in as few bytes as hold them.

A stacked matrix replaces the ones it was made of, which become views of it: no weight is held twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from rwkv_backend.cuda.sizes import divisor, power_of_two_over
from rwkv_backend.linear import FloatLinear, Int8Linear

LONGEST_ROW = 8192
"""Longer rows are read in parts."""

FEWEST_PROGRAMS = 256
"""So many keep all processors of a large device busy."""

THREADS = 32
"""In a warp."""


@dataclass(frozen=True)
class Stacked:
    """Matrices (rows, K) one above the other. `ends`: where each ends. scale (rows,): of int8 rows."""

    weight: Tensor
    scale: Tensor | None
    ends: tuple[int, ...]

    @property
    def columns(self) -> int:
        return self.weight.shape[1]


@dataclass(frozen=True)
class Tile:
    """How a matrix is cut: rows and columns that a program takes at once, its warps, and loads in flight."""

    rows: int
    columns: int
    warps: int = 4
    stages: int = 3


def can_stack(*pieces: Any) -> bool:
    """Whether the kernels know these matrices: float or int8, without bias, all in one precision."""
    kinds = {type(piece) for piece in pieces}
    if len(kinds) != 1 or kinds > {FloatLinear, Int8Linear} or any(piece.bias is not None for piece in pieces):
        return False
    if not kinds <= {FloatLinear, Int8Linear}:
        return False
    return len({_numbers(piece).dtype for piece in pieces}) == 1


def stack(*pieces: Any) -> Stacked:
    """One matrix of all rows; the pieces go on as views of it."""
    ends = tuple(accumulate(_numbers(piece).shape[0] for piece in pieces))
    if len(pieces) == 1:
        whole = _numbers(pieces[0])
        return Stacked(whole if whole.is_contiguous() else whole.contiguous(), _scale(pieces[0]), ends)
    weight = torch.cat([_numbers(piece) for piece in pieces])
    scales = [_scale(piece) for piece in pieces]
    scale = torch.cat([s for s in scales if s is not None]) if scales[0] is not None else None
    for piece, start, end in zip(pieces, (0, *ends), ends, strict=False):
        if isinstance(piece, Int8Linear):
            piece.whole = weight[start:end]
            assert scale is not None
            piece.scale = scale[start:end]
        else:
            piece.weight = weight[start:end]
    return Stacked(weight, scale, ends)


def compact(table: Tensor) -> Tensor:
    """The same numbers in 16 bits if they all fit exactly, as those of most files do; contiguous."""
    for dtype in (torch.bfloat16, torch.float16):
        short = table.to(dtype)
        if torch.equal(short.float(), table):
            return short.contiguous()
    return table.contiguous()


def tile_for(ends: Sequence[int], columns: int, size: int = 2) -> Tile:
    """For numbers of `size` bytes. Rows must divide every end, since a program works on one matrix.

    Whole rows at once, as far as they fit into the registers: all loads of a program are then in flight together. Measured
    on an H100 with the whole step of a 1.6B model: half the rows cost 10 to 20 %, as do loops over columns.
    """
    room = power_of_two_over(columns)
    if room > LONGEST_ROW:
        return Tile(divisor(ends, 4), 1024)
    warps = 8 if room > 2048 else 4
    a_thread = min((256 if room == LONGEST_ROW else 128) // size, 128 if size == 2 else 64)
    rows = min(16, a_thread * THREADS * warps // room, ends[-1] // FEWEST_PROGRAMS)
    return Tile(divisor(ends, max(1, rows)), room, warps)


def _numbers(piece: Any) -> Tensor:
    return piece.whole if isinstance(piece, Int8Linear) else piece.weight


def _scale(piece: Any) -> Tensor | None:
    return piece.scale if isinstance(piece, Int8Linear) else None
