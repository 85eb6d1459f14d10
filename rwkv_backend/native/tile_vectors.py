"""What tiles of float32 are made of, spelled out in vectors: six rows of x by sixteen of W. All take addresses."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
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

AHEAD = 1536
"""Bytes ahead of their use at which inputs are asked for: they come from the second cache, or the third."""

STEPS = 8
"""Steps of a tile that are written out one after the other: a processor that two programs share has few orders to spare."""

PLACES = [(row, half) for row in range(TILE_ROWS) for half in (0, 1)]


def _place(row: int, half: int) -> Any:
    return constant(64 * row + 32 * half)


def _run_tile(builder: Any, a: Any, b: Any, count: Any, sums: dict[tuple[int, int], Any], make_b: Any = None) -> None:
    """Adds a bᵀ over `count` steps; a step has six numbers in a and sixteen in b.

    `make_b`: from an offset in bytes eight numbers that belong there, where b is only about to be written.
    """
    whole = builder.and_(count, constant(-STEPS))
    for begin, end, many in ((constant(0), whole, STEPS), (whole, count, 1)):
        with cgutils.for_range_slice(builder, begin, end, constant(many)) as (index, _):
            of_a, of_b = (builder.mul(index, constant(size)) for size in (4 * TILE_ROWS, 4 * TILE_COLUMNS))
            for step in range(many):
                place = builder.add(of_b, constant(4 * TILE_COLUMNS * step))
                columns = [_eight_columns(builder, b, builder.add(place, constant(at)), make_b) for at in (0, 32)]
                _write_step(builder, builder.add(a, of_a), step, columns, sums)


def _eight_columns(builder: Any, b: Any, offset: Any, make_b: Any) -> Any:
    if make_b is None:
        return load_vector(builder, b, offset, FLOATS)
    made = make_b(offset)
    store_vector(builder, made, b, offset)
    return made


def _write_step(builder: Any, a: Any, step: int, columns: list[Any], sums: dict[tuple[int, int], Any]) -> None:
    begin, end = (4 * TILE_ROWS * at for at in (step, step + 1))
    for line in range(-(-begin // LINE) * LINE, end, LINE):
        fetch_early(builder, a, AHEAD + line)
    for row in range(TILE_ROWS):
        factor = spread(builder, load_vector(builder, a, constant(begin + 4 * row), F32))
        for half in (0, 1):
            old = builder.load(sums[row, half])
            builder.store(times_plus(builder, factor, columns[half], old), sums[row, half])


@intrinsic
def tile_float32(typing_context: Any, a: Any, b: Any, count: Any, c: Any) -> Any:
    """c (6, 16) += a bᵀ"""
    signature = types.void(*[types.int64] * 4)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b, count, c = arguments
        sums = {at: cgutils.alloca_once_value(builder, load_vector(builder, c, _place(*at), FLOATS)) for at in PLACES}
        _run_tile(builder, a, b, count, sums)
        for at in PLACES:
            store_vector(builder, builder.load(sums[at]), c, _place(*at))
        return context.get_dummy_value()

    return signature, build


@intrinsic
def tile_for_two(typing_context: Any, a: Any, b: Any, count: Any, c: Any, of_c: Any, d: Any, of_d: Any) -> Any:
    """c (6, 16) += of_c · a bᵀ, and d += of_d · a bᵀ"""
    signature = types.void(*[types.int64] * 4, types.float32, types.int64, types.float32)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b, count, c, of_c, d, of_d = arguments
        for target in (c, d):
            for line in range(0, 4 * TILE_ROWS * TILE_COLUMNS, LINE):
                fetch_early(builder, target, line)
        sums = {at: cgutils.alloca_once_value(builder, ir.Constant(FLOATS, None)) for at in PLACES}
        _run_tile(builder, a, b, count, sums)
        for target, factor in ((c, of_c), (d, of_d)):
            factors = spread(builder, factor)
            for at in PLACES:
                old = load_vector(builder, target, _place(*at), FLOATS)
                new = times_plus(builder, factors, builder.load(sums[at]), old)
                store_vector(builder, new, target, _place(*at))
        return context.get_dummy_value()

    return signature, build


@intrinsic
def tile_of_sums(
    typing_context: Any, a: Any, first: Any, second: Any, sign: Any, count: Any, b: Any, product: Any
) -> Any:
    """b = first + sign · second, and product (6, 16) = a bᵀ: sums that are made while they are used first cost nothing."""
    signature = types.void(*[types.int64] * 3, types.float32, *[types.int64] * 3)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, first, second, sign, count, b, product = arguments
        signs = spread(builder, sign)

        def make_b(offset: Any) -> Any:
            one, other = (load_vector(builder, place, offset, FLOATS) for place in (first, second))
            return times_plus(builder, signs, other, one)

        sums = {at: cgutils.alloca_once_value(builder, ir.Constant(FLOATS, None)) for at in PLACES}
        _run_tile(builder, a, b, count, sums, make_b)
        for at in PLACES:
            store_vector(builder, builder.load(sums[at]), product, _place(*at))
        return context.get_dummy_value()

    return signature, build


@intrinsic
def copy_sixteen(typing_context: Any, source: Any, target: Any) -> Any:
    """A row of a tile to where it belongs in y."""
    signature = types.void(types.int64, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, target = arguments
        for half in (0, 32):
            store_vector(builder, load_vector(builder, source, constant(half), FLOATS), target, constant(half))
        return context.get_dummy_value()

    return signature, build


def _combine_sixteen(combine: str) -> Any:
    """target = first ∘ second of sixteen numbers each."""

    @intrinsic
    def combined(typing_context: Any, first: Any, second: Any, target: Any) -> Any:
        signature = types.void(*[types.int64] * 3)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            first, second, target = arguments
            for half in (0, 32):
                both = (load_vector(builder, place, constant(half), FLOATS) for place in (first, second))
                store_vector(builder, getattr(builder, combine)(*both), target, constant(half))
            return context.get_dummy_value()

        return signature, build

    return combined


add_sixteen, scale_sixteen = (_combine_sixteen(combine) for combine in ("fadd", "fmul"))


@intrinsic
def fetch_lines(typing_context: Any, address: Any, size: Any) -> Any:
    """Ask for `size` bytes that will be needed soon, for the second cache: the work before will leave the first no room."""
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
            _write_turned(builder, _eight(builder, widen, source, stride), target)
            return context.get_dummy_value()

        return signature, build

    return turn


def _eight(builder: Any, widen: Any, source: Any, stride: Any) -> list[Any]:
    return [widen(builder, source, builder.mul(stride, constant(row))) for row in range(8)]


def _write_turned(builder: Any, rows: list[Any], target: Any) -> None:
    for column, vector in enumerate(_transposed(builder, [builder.bitcast(row, INTEGERS) for row in rows])):
        store_vector(builder, vector, target, constant(64 * column))


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


def _interleave(builder: Any, rows: list[Any], target: Any) -> None:
    """Each step overwrites the two words that the one before has too many; the last has none."""
    *steps, last = _transposed(builder, [*rows, rows[5], rows[5]])
    for step, vector in enumerate(steps):
        store_vector(builder, vector, target, constant(4 * TILE_ROWS * step))
    for lanes in ([0, 1, 2, 3], [4, 5]):
        place = constant(4 * TILE_ROWS * len(steps) + 4 * lanes[0])
        store_vector(builder, pick(builder, last, lanes), target, place)


@intrinsic
def interleave_eight(typing_context: Any, source: Any, stride: Any, target: Any) -> Any:
    """Eight 32-bit words of each of six rows, `stride` bytes apart, written six beside one another."""
    signature = types.void(types.int64, types.int64, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, stride, target = arguments
        _interleave(builder, _six(builder, source, stride, INTEGERS), target)
        return context.get_dummy_value()

    return signature, build


def _six(builder: Any, source: Any, stride: Any, kind: Any) -> list[Any]:
    return [load_vector(builder, source, builder.mul(stride, constant(row)), kind) for row in range(TILE_ROWS)]


def _interleave_two(minus: bool) -> Any:
    """The same with the sum, or the difference, of six rows of float32 and six others."""

    @intrinsic
    def interleave(typing_context: Any, first: Any, second: Any, stride: Any, target: Any) -> Any:
        signature = types.void(*[types.int64] * 4)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            first, second, stride, target = arguments
            both = zip(_six(builder, first, stride, FLOATS), _six(builder, second, stride, FLOATS), strict=True)
            combine = builder.fsub if minus else builder.fadd
            _interleave(builder, [builder.bitcast(combine(a, b), INTEGERS) for a, b in both], target)
            return context.get_dummy_value()

        return signature, build

    return interleave


interleave_sums, interleave_differences = (_interleave_two(minus) for minus in (False, True))
