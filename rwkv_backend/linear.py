"""A weight matrix in one of several precisions, and x @ Wᵀ for each. Activations are float32 on both sides.

    float32             as it is
    float16, bfloat16   half the memory. A few rows at a time are multiplied in that precision (on a GPU: all);
                        on a CPU, which is slow at it, many rows use a float32 copy of the one matrix at hand
    int8                one scale a row, rounded to nearest; a quarter of the memory
    int4                one scale and one offset for each group of 64 columns; about an eighth

Only these matrices are held in fewer bits. Decays, blends, norms and states stay float32 everywhere, and int8 and int4 leave
the head of a small model in it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from rwkv_backend.cuda import half_products
from rwkv_backend.errors import SettingError

GROUP = 64
"""Columns that share an int4 scale."""

LARGEST_HALF = 60_000.0
"""Beyond this a group's scale and offset are held in float32, since they might not fit float16."""

FEW_ROWS = 4
"""Up to this many rows a CPU multiplies faster in 16 bits than by making a float32 copy of the matrix first."""

DTYPES = ("float32", "bfloat16", "float16", "int8", "int4")


class Linear(Protocol):
    def __call__(self, x: Tensor) -> Tensor:
        """x (T, in) float32 -> (T, out) float32"""

    @property
    def nbytes(self) -> int:
        """Memory that the weights take."""


def stored_dtype(dtype: str) -> torch.dtype:
    """The precision in which weights are read from the file for `dtype`: the packed ones start from float32."""
    if dtype not in DTYPES:
        raise SettingError(f"There is no dtype {dtype!r}.", f"Choose one of {', '.join(DTYPES)}.")
    return {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(dtype, torch.float32)


def lies_by_inputs(weight: Tensor) -> bool:
    """Whether what belongs to one input of a matrix (out, in) is in one piece, and what belongs to one output is not."""
    return weight.dim() == 2 and weight.T.is_contiguous() and not weight.is_contiguous()


def lay(matrix: Linear, by_inputs: bool) -> None:
    """Bring the numbers of a matrix into this order, in which a product may be faster; it stays the same matrix.

    int4, whose groups are of inputs, stays as it is.
    """
    if isinstance(matrix, FloatLinear):
        matrix.weight = _laid(matrix.weight, by_inputs)
    elif isinstance(matrix, Int8Linear):
        matrix.whole = _laid(matrix.whole, by_inputs)


def _laid(weight: Tensor, by_inputs: bool) -> Tensor:
    return weight.T.contiguous().T if by_inputs else weight.contiguous()


def pack(weight: Tensor, bias: Tensor | None, dtype: str) -> Linear:
    """weight (out, in) as read by `stored_dtype`; bias (out,) float32."""
    if dtype == "int8":
        return Int8Linear(weight, bias)
    if dtype == "int4":
        return Int4Linear(weight, bias)
    return FloatLinear(weight, bias)


PACKED = ("int8", "int4")
"""The dtypes whose matrices are made from float32 ones, row by row."""

SMALL_HEAD = 2**19
"""Numbers up to which packed dtypes leave the head in float32: its rounding goes straight into the logits, and would not make
a matrix faster that stays in the cache."""

ROWS_AT_ONCE = 2**20
"""Numbers of a matrix that are packed at once: 4 MB of float32, and a few times that for a moment."""


def pack_rows(blocks: Iterable[Tensor], rows: int, bias: Tensor | None, dtype: str) -> Linear:
    """As `pack`, for a matrix that comes in blocks of rows, so that it need not be in memory whole. dtype int8 or int4."""
    held: dict[str, Tensor] = {}
    start = columns = 0
    for block in blocks:
        end, columns = start + len(block), block.shape[1]
        for name, tensor in held_tensors(pack(block, None, dtype)).items():
            if name not in held:
                held[name] = tensor.new_empty((rows, *tensor.shape[1:]))
            elif held[name].dtype != tensor.dtype:
                held[name] = held[name].float()  # int4 holds its scales in float32 where one of them asks for it
            held[name][start:end] = tensor
        start = end
    assert start == rows, "the blocks make the whole matrix"
    return restore(dtype, held, bias, columns)


def held_tensors(matrix: Linear) -> dict[str, Tensor]:
    """What packing has made, by name: for writing it down. `restore` makes the matrix from it again."""
    if isinstance(matrix, Int8Linear):
        if lies_by_inputs(matrix.whole):
            return {"turned": matrix.whole.T, "scale": matrix.scale}
        return {"whole": matrix.whole, "scale": matrix.scale}
    if isinstance(matrix, Int4Linear):
        return {"pairs": matrix.pairs, "scale": matrix.scale, "low": matrix.low}
    return {}


def fits(dtype: str, held: Mapping[str, Tensor], rows: int, columns: int) -> bool:
    """Whether `held` is what a matrix (rows, columns) of this dtype holds, as far as shapes and kinds go."""
    groups = -(-columns // GROUP)
    whole = {"turned": (columns, rows)} if "turned" in held else {"whole": (rows, columns)}
    shapes: dict[str, tuple[int, ...]] = {**whole, "scale": (rows,)}
    if dtype == "int4":
        shapes = {"pairs": (rows, groups, GROUP // 2), "scale": (rows, groups, 1), "low": (rows, groups, 1)}
    kinds = {"whole": (torch.int8,), "turned": (torch.int8,), "pairs": (torch.uint8,)}
    floats = (torch.float32,) if dtype == "int8" else (torch.float32, torch.float16)
    return (
        {name: tuple(tensor.shape) for name, tensor in held.items()} == shapes
        and all(tensor.dtype in kinds.get(name, floats) for name, tensor in held.items())
        and len({held[name].dtype for name in shapes if name not in kinds}) == 1
    )


def restore(dtype: str, held: Mapping[str, Tensor], bias: Tensor | None, columns: int) -> Linear:
    """The matrix whose `held_tensors` these are."""
    matrix: Int8Linear | Int4Linear
    if dtype == "int8":
        matrix = Int8Linear.__new__(Int8Linear)
        matrix.whole = held["turned"].T if "turned" in held else held["whole"]
        matrix.scale, matrix.bias = held["scale"], bias
        return matrix
    matrix = Int4Linear.__new__(Int4Linear)
    matrix.pairs, matrix.scale, matrix.low = held["pairs"], held["scale"], held["low"]
    matrix.columns, matrix.bias = columns, bias
    return matrix


class FloatLinear:
    """float32, bfloat16 or float16, whatever `weight` is."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight = weight
        self.bias = bias

    @property
    def nbytes(self) -> int:
        return self.weight.nbytes + _nbytes(self.bias)

    def __call__(self, x: Tensor) -> Tensor:
        weight = self.weight
        if weight.dtype == torch.float32:
            return functional.linear(x, weight, self.bias)
        if weight.is_cuda:
            return _with_bias(half_products.product(x, weight), self.bias)
        if weight.is_cpu and x.shape[0] > FEW_ROWS:
            return functional.linear(x, weight.float(), self.bias)
        if weight.dtype == torch.bfloat16:
            return _with_bias(functional.linear(x.bfloat16(), weight).float(), self.bias)
        # float16 ends at 65,504, which the squared ReLU of large models passes: each row is brought to at most 1 before.
        size = x.abs().amax(-1, keepdim=True).clamp(min=1.0)
        return _with_bias(functional.linear((x / size).half(), weight).float() * size, self.bias)


class Int8Linear:
    """w ≈ whole · scale, one scale a row, so that the largest of a row becomes ±127."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
        self.whole = torch.round(weight / scale).to(torch.int8)  # (out, in)
        self.scale = scale.squeeze(1)  # (out,)
        self.bias = bias

    @property
    def nbytes(self) -> int:
        return self.whole.nbytes + self.scale.nbytes + _nbytes(self.bias)

    def __call__(self, x: Tensor) -> Tensor:
        if x.is_cuda:
            return _with_bias(half_products.int8_product(x, self.whole, self.scale), self.bias)
        return _with_bias(functional.linear(x, self.whole.float()) * self.scale, self.bias)


class Int4Linear:
    """w ≈ level · scale + low, level 0 … 15, for each group of 64 columns of a row; two levels in a byte."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.columns = weight.shape[1]
        padded = functional.pad(weight, (0, -self.columns % GROUP))
        groups = padded.unflatten(1, (-1, GROUP))  # (out, groups, 64)
        low, high = groups.amin(2, keepdim=True), groups.amax(2, keepdim=True)
        held = torch.float32 if float(groups.abs().max()) > LARGEST_HALF else torch.float16
        scale = ((high - low) / 15).clamp(min=1e-8).to(held).float().clamp(min=1e-8)
        level = torch.round((groups - low) / scale).clamp(0, 15).to(torch.uint8)
        self.pairs = level[..., 0::2] | (level[..., 1::2] << 4)  # (out, groups, 32)
        self.scale, self.low = scale.to(held), low.to(held)
        self.bias = bias

    @property
    def nbytes(self) -> int:
        return self.pairs.nbytes + self.scale.nbytes + self.low.nbytes + _nbytes(self.bias)

    def __call__(self, x: Tensor) -> Tensor:
        level = torch.stack((self.pairs & 15, self.pairs >> 4), dim=-1).flatten(2)  # (out, groups, 64)
        weight = (level.float() * self.scale.float() + self.low.float()).flatten(1)[:, : self.columns]
        return functional.linear(x, weight, self.bias)


def _nbytes(bias: Tensor | None) -> int:
    return 0 if bias is None else bias.nbytes


def _with_bias(x: Tensor, bias: Tensor | None) -> Tensor:
    return x if bias is None else x + bias
