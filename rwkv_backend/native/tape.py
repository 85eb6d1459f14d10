"""The tape: a model written down as operations on places, before any address is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rwkv_backend.linear import FloatLinear, Int4Linear, Int8Linear, Linear, lies_by_inputs
from rwkv_backend.native import codes
from rwkv_backend.native.codes import WIDTH

KINDS = {torch.float32: codes.FLOAT32, torch.bfloat16: codes.BFLOAT16, torch.float16: codes.FLOAT16}


class CannotTape(Exception):
    """The model holds something that has no operation here; the plain formulas read it."""


@dataclass(frozen=True)
class Matrix:
    """Numbers of a product that do not change: how the matrix is held, and where.

    low     of int4: what level 0 stands for; of int8: how far inputs may be counted in each block (`byte_tiles`)
    """

    kind: int
    weight: Tensor
    scale: Tensor | None
    low: Tensor | None
    bias: Tensor | None
    inner: int
    outer: int


def matrix_of(linear: Linear) -> Matrix:
    if isinstance(linear, FloatLinear):
        outer, inner = linear.weight.shape
        kind = KINDS[linear.weight.dtype] + _order(linear.weight)
        return Matrix(kind, linear.weight, None, None, linear.bias, inner, outer)
    if isinstance(linear, Int8Linear):
        outer, inner = linear.whole.shape
        room = torch.zeros(-(-inner // codes.BYTE_BLOCK), dtype=torch.uint8)  # found out when it is first needed
        return Matrix(codes.INT8 + _order(linear.whole), linear.whole, linear.scale, room, linear.bias, inner, outer)
    if isinstance(linear, Int4Linear):
        kind = codes.INT4 if linear.scale.dtype == torch.float16 else codes.INT4_WIDE
        return Matrix(kind, linear.pairs, linear.scale, linear.low, linear.bias, linear.columns, linear.pairs.shape[0])
    raise CannotTape(f"a matrix of {type(linear).__name__}")


def _order(weight: Tensor) -> int:
    return codes.BY_INPUTS if lies_by_inputs(weight) else 0


def table_of(weight: Tensor) -> Matrix:
    """A matrix that is used as x @ weight."""
    return Matrix(codes.TABLE, weight, None, None, None, weight.shape[0], weight.shape[1])


@dataclass
class Tape:
    """Operations, and what their places stand for. Places are numbered as they are met."""

    rows: list[list[int]] = field(default_factory=list)
    weights: dict[int, Tensor] = field(default_factory=dict)
    buffers: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Working memory: place and numbers a token."""
    memory: dict[tuple[int | None, str], int] = field(default_factory=dict)
    """The state's fields, (layer or None: shared, name)."""
    probes: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    """What a probe may want: place and number of values."""
    scores: int = codes.NOTHING
    """Working memory with one number for each position read so far."""
    largest: list[tuple[int, int]] = field(default_factory=list)
    """Inner and outer size of all products."""
    count: int = codes.FIRST_FREE
    breadth: int = codes.ALL_ROWS
    """The rows that operations are for from here on."""

    def new_place(self) -> int:
        self.count += 1
        return self.count - 1

    def weight(self, tensor: Tensor | None) -> int:
        if tensor is None:
            return codes.NOTHING
        if not tensor.is_cpu or not (tensor.is_contiguous() or lies_by_inputs(tensor)):
            raise CannotTape("a weight that is not in one piece of this machine's memory")
        place = self.new_place()
        self.weights[place] = tensor
        return place

    def vector(self, tensor: Tensor) -> int:
        """A weight that must be float32."""
        if tensor.dtype != torch.float32:
            raise CannotTape(f"a vector of {tensor.dtype}")
        return self.weight(tensor)

    def buffer(self, name: str, width: int) -> int:
        if name not in self.buffers:
            self.buffers[name] = self.new_place(), width
        place, old = self.buffers[name]
        self.buffers[name] = place, max(width, old)
        return place

    def field(self, layer: int | None, name: str) -> int:
        return self.memory.setdefault((layer, name), 0) or self._new_field(layer, name)

    def _new_field(self, layer: int | None, name: str) -> int:
        self.memory[layer, name] = self.new_place()
        return self.memory[layer, name]

    def add(self, *numbers: int) -> None:
        self.rows.append([*numbers, *[0] * (WIDTH - len(numbers))])

    def narrow(self, breadth: int, *buffers: int) -> None:
        """From here on only the last rows matter: those of `buffers` go to the front."""
        widths = {place: width for place, width in self.buffers.values()}
        for place in buffers:
            self.add(codes.TAKE_LAST, place, 0, 0, 0, 0, 0, widths[place], breadth)
        self.add(codes.NARROW, breadth)
        self.breadth = breadth

    def product(self, result: int, x: int, matrix: Matrix, breadth: int | None = None) -> None:
        """`breadth`: the tape's, unless another is given."""
        weight, scale, low = (self.weight(t) for t in (matrix.weight, matrix.scale, matrix.low))
        bias = self.weight(matrix.bias)
        self.largest.append((matrix.inner, matrix.outer))
        sizes = (matrix.inner, matrix.outer, self.breadth if breadth is None else breadth, bias)
        self.add(codes.PRODUCT, result, x, matrix.kind, weight, scale, low, *sizes)

    def probe(self, layer: int, name: str, source: int, width: int) -> None:
        place = self.new_place()
        self.probes[layer, name] = place, width
        self.add(codes.KEEP, place, source, 0, 0, 0, 0, width)

    def array(self) -> NDArray[np.int64]:
        return np.array(self.rows, dtype=np.int64)
