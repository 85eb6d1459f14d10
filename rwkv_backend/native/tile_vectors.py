"""What tiles of float32 are made of, spelled out in vectors: six rows of x by sixteen of W. All take addresses."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils

from rwkv_backend.native.compiler import intrinsic
from rwkv_backend.native.vectors import (
    F32,
    FLOATS,
    INTEGERS,
    LINE,
    constant,
    fetch_early,
    load_vector,
    pick,
    spread,
    store_vector,
    times_plus,
    widen_bfloat16,
    widen_float16,
    widen_float32,
)

TILE_ROWS, TILE_COLUMNS = 6, 16

AHEAD = 768
"""Bytes ahead of their use at which inputs are asked for: they come from the second cache."""


@intrinsic
def tile_float32(typing_context: Any, a: Any, b: Any, count: Any, c: Any) -> Any:
    """c (6, 16) += a bᵀ over `count` steps; a step has six numbers in a and sixteen in b."""
    signature = types.void(*[types.int64] * 4)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b, count, c = arguments
        places = [(row, half) for row in range(TILE_ROWS) for half in (0, 1)]
        start = {place: load_vector(builder, c, constant(64 * place[0] + 32 * place[1]), FLOATS) for place in places}
        sums = {place: cgutils.alloca_once_value(builder, start[place]) for place in places}
        with cgutils.for_range(builder, count) as loop:
            row_of_b = builder.mul(loop.index, constant(64))
            fetch_early(builder, builder.add(a, builder.mul(loop.index, constant(4 * TILE_ROWS))), AHEAD)
            halves = [load_vector(builder, b, builder.add(row_of_b, constant(32 * half)), FLOATS) for half in (0, 1)]
            for row in range(TILE_ROWS):
                offset = builder.add(builder.mul(loop.index, constant(4 * TILE_ROWS)), constant(4 * row))
                factor = spread(builder, load_vector(builder, a, offset, F32))
                for half in (0, 1):
                    old = builder.load(sums[row, half])
                    builder.store(times_plus(builder, factor, halves[half], old), sums[row, half])
        for row, half in places:
            store_vector(builder, builder.load(sums[row, half]), c, constant(64 * row + 32 * half))
        return context.get_dummy_value()

    return signature, build


@intrinsic
def fetch_lines(typing_context: Any, address: Any, size: Any) -> Any:
    """Ask for `size` bytes that will be read soon, for the second cache: the work before will leave the first no room."""
    signature = types.void(types.int64, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, size = arguments
        with cgutils.for_range_slice(builder, constant(0), size, constant(LINE)) as (offset, _):
            fetch_early(builder, builder.add(address, offset), 0, cache=2)
        return context.get_dummy_value()

    return signature, build


def _turn(widen: Any) -> Any:
    """Eight rows of a matrix, `stride` bytes apart, a vector of each, written column by column, 64 bytes a column."""

    @intrinsic
    def turn(typing_context: Any, source: Any, stride: Any, target: Any) -> Any:
        signature = types.void(types.int64, types.int64, types.int64)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source, stride, target = arguments
            found = [widen(builder, source, builder.mul(stride, constant(row))) for row in range(8)]
            for column, vector in enumerate(_transposed(builder, [builder.bitcast(x, INTEGERS) for x in found])):
                store_vector(builder, vector, target, constant(64 * column))
            return context.get_dummy_value()

        return signature, build

    return turn


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Eight vectors of eight, in three rounds: neighbours, pairs, halves."""
    low, high = [0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15]
    ones = [pick(builder, rows[i], lanes, rows[i + 1]) for i in range(0, 8, 2) for lanes in (low, high)]
    low, high = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    twos = [pick(builder, ones[i + j], lanes, ones[i + j + 2]) for i in (0, 4) for j in (0, 1) for lanes in (low, high)]
    low, high = [0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]
    return [pick(builder, twos[i], lanes, twos[i + 4]) for lanes in (low, high) for i in range(4)]


turn_float32 = _turn(widen_float32)
turn_bfloat16 = _turn(widen_bfloat16)
turn_float16 = _turn(widen_float16)


@intrinsic
def interleave_eight(typing_context: Any, source: Any, stride: Any, target: Any) -> Any:
    """Eight 32-bit words of each of six rows, `stride` bytes apart, written six beside one another.

    Writes eight bytes more than that: what comes next must be written later.
    """
    signature = types.void(types.int64, types.int64, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, stride, target = arguments
        found = [load_vector(builder, source, builder.mul(stride, constant(row)), INTEGERS) for row in range(6)]
        for step, vector in enumerate(_transposed(builder, [*found, found[5], found[5]])):
            store_vector(builder, vector, target, constant(4 * TILE_ROWS * step))
        return context.get_dummy_value()

    return signature, build
