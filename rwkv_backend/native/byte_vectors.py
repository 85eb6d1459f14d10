"""What tiles of bytes are made of, spelled out in vectors: inputs counted in bytes, weights turned, products of both.

A step is eight inputs. Four rows of x and sixteen of W make a tile; their bytes lie as `tile_bytes` reads them:

    x   a step: for each of the rows its eight bytes, unsigned
    W   a step: four bytes of each of the sixteen rows, then the other four of each, signed

All take addresses.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rwkv_backend.native.compiler import has_instructions, intrinsic
from rwkv_backend.native.vectors import (
    F32,
    FLOATS,
    I8,
    I16,
    I32,
    I64,
    INTEGERS,
    constant,
    hidden,
    load_vector,
    pick,
    spread,
    store_vector,
    sum_of_lanes,
    sum_of_pairs,
    times_plus,
)

BYTE_STEP, BYTE_ROWS, BYTE_COLUMNS = 8, 4, 16
MOST_ROOM = 255
"""The largest byte."""

LARGEST_SHORT = 32767

BYTES, SHORTS = ir.VectorType(I8, 32), ir.VectorType(I16, 16)
ROUNDS = 12582912.0
"""1.5 · 2^23: added to a small float32 it leaves the whole number, rounded, in the lowest bits."""


def _byte_pairs(builder: Any, unsigned: Any, signed: Any) -> Any:
    """From two vectors of 32 bytes: sixteen int16, each the sum of two neighbouring products (x86: vpmaddubsw).

    No sum may be outside of int16.
    """
    if has_instructions("avx2"):
        kind = ir.FunctionType(SHORTS, [BYTES, BYTES])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.pmadd.ub.sw")
        return builder.call(function, (unsigned, signed))
    wide = ir.VectorType(I16, 32)
    product = builder.mul(builder.zext(unsigned, wide), builder.sext(signed, wide))
    even, odd = ([2 * i + which for i in range(16)] for which in (0, 1))
    return builder.add(pick(builder, product, even), pick(builder, product, odd))


def _alike(number: int, kind: Any) -> Any:
    return ir.Constant(kind, [number] * kind.count)


@intrinsic
def tile_bytes(typing_context: Any, a: Any, b: Any, steps: Any, units: Any, sums: Any, c: Any) -> Any:
    """c (4, 16) += unit · (a bᵀ) + low · sums, row by row; `units`: the four units, then the four lows; float32.

    Two products are added in int16 before they are made int32: who counts the inputs in bytes leaves room for that.
    """
    signature = types.void(*[types.int64] * 6)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b, steps, units, sums, c = arguments
        places = [(row, half) for row in range(BYTE_ROWS) for half in (0, 1)]
        totals = {place: cgutils.alloca_once_value(builder, ir.Constant(INTEGERS, None)) for place in places}
        ones = _alike(1, SHORTS)
        with cgutils.for_range(builder, steps) as loop:
            at_a = builder.mul(loop.index, constant(BYTE_STEP * BYTE_ROWS))
            at_b = builder.mul(loop.index, constant(BYTE_STEP * BYTE_COLUMNS))
            kept = [load_vector(builder, b, builder.add(at_b, constant(32 * half)), BYTES) for half in (0, 1)]
            for row in range(BYTE_ROWS):
                early, late = (
                    builder.bitcast(
                        spread(builder, load_vector(builder, a, builder.add(at_a, constant(8 * row + 4 * i)), I32)),
                        BYTES,
                    )
                    for i in (0, 1)
                )
                again = hidden(builder, builder.add(b, at_b))
                for half in (0, 1):
                    first = _byte_pairs(builder, early, kept[half])
                    weights = load_vector(builder, again, constant(64 + 32 * half), BYTES)
                    both = builder.add(first, _byte_pairs(builder, late, weights))
                    total = builder.load(totals[row, half])
                    builder.store(builder.add(total, sum_of_pairs(builder, both, ones)), totals[row, half])
        along = [load_vector(builder, sums, constant(32 * half), FLOATS) for half in (0, 1)]
        for row in range(BYTE_ROWS):
            unit, low = (
                spread(builder, load_vector(builder, units, constant(4 * (row + start)), F32))
                for start in (0, BYTE_ROWS)
            )
            for half in (0, 1):
                place = constant(64 * row + 32 * half)
                whole = builder.sitofp(builder.load(totals[row, half]), FLOATS)
                base = times_plus(builder, low, along[half], load_vector(builder, c, place, FLOATS))
                store_vector(builder, times_plus(builder, unit, whole, base), c, place)
        return context.get_dummy_value()

    return signature, build


@intrinsic
def sum_panel(typing_context: Any, panel: Any, steps: Any, sums: Any) -> Any:
    """The sums of the sixteen rows of W in a panel of `steps` steps, as float32."""
    signature = types.void(*[types.int64] * 3)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        panel, steps, sums = arguments
        totals = [cgutils.alloca_once_value(builder, ir.Constant(INTEGERS, None)) for _ in (0, 1)]
        with cgutils.for_range(builder, steps) as loop:
            here = builder.mul(loop.index, constant(BYTE_STEP * BYTE_COLUMNS))
            for half, total in enumerate(totals):
                early, late = (
                    _byte_pairs(
                        builder,
                        _alike(1, BYTES),
                        load_vector(builder, panel, builder.add(here, constant(32 * half + 64 * i)), BYTES),
                    )
                    for i in (0, 1)
                )
                both = sum_of_pairs(builder, builder.add(early, late), _alike(1, SHORTS))
                builder.store(builder.add(builder.load(total), both), total)
        for half, total in enumerate(totals):
            store_vector(builder, builder.sitofp(builder.load(total), FLOATS), sums, constant(32 * half))
        return context.get_dummy_value()

    return signature, build


@intrinsic
def find_extremes(typing_context: Any, x: Any, count: Any, target: Any) -> Any:
    """Of `count` float32 numbers, a multiple of eight: the least, the largest, and 0, or NaN if one of them is no number."""
    signature = types.void(*[types.int64] * 3)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, count, target = arguments
        start = load_vector(builder, x, constant(0), FLOATS)
        found = {sign: cgutils.alloca_once_value(builder, start) for sign in ("<", ">")}
        nothing = ir.Constant(FLOATS, None)
        wrong = cgutils.alloca_once_value(builder, nothing)
        with cgutils.for_range_slice(builder, constant(0), count, constant(8)) as (index, _):
            here = load_vector(builder, x, builder.mul(index, constant(4)), FLOATS)
            for sign, best in found.items():
                builder.store(_better(builder, sign, here, builder.load(best)), best)
            builder.store(times_plus(builder, here, nothing, builder.load(wrong)), wrong)
        for place, (sign, best) in enumerate(found.items()):
            vector = builder.load(best)
            for half in (4, 2, 1):
                low, high = (pick(builder, vector, [begin + i for i in range(half)]) for begin in (0, half))
                vector = _better(builder, sign, low, high)
            _store_number(builder, builder.extract_element(vector, ir.Constant(I32, 0)), target, place)
        _store_number(builder, sum_of_lanes(builder, builder.load(wrong), builder.fadd), target, 2)
        return context.get_dummy_value()

    return signature, build


def _better(builder: Any, sign: str, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(sign, a, b), a, b)


def _store_number(builder: Any, number: Any, target: Any, place: int) -> None:
    builder.store(number, builder.inttoptr(builder.add(target, constant(4 * place)), F32.as_pointer()), align=4)


@intrinsic
def count_steps(typing_context: Any, x: Any, steps: Any, low: Any, times: Any, target: Any) -> Any:
    """Write (x − low)·times, rounded, as bytes: eight to a step, with the other rows' steps between them."""
    signature = types.void(types.int64, types.int64, types.float32, types.float32, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, steps, low, times, target = arguments
        lows, factors = spread(builder, low), spread(builder, times)
        rounds = spread(builder, F32(ROUNDS))
        with cgutils.for_range(builder, steps) as loop:
            here = load_vector(builder, x, builder.mul(loop.index, constant(4 * BYTE_STEP)), FLOATS)
            counted = times_plus(builder, builder.fsub(here, lows), factors, rounds)
            small = builder.trunc(builder.bitcast(counted, INTEGERS), ir.VectorType(I8, BYTE_STEP))
            store_vector(builder, small, target, builder.mul(loop.index, constant(BYTE_STEP * BYTE_ROWS)))
        return context.get_dummy_value()

    return signature, build


@intrinsic
def largest_four(typing_context: Any, panel: Any, steps: Any) -> Any:
    """The largest that the positive, or the negative, ones of four weights of a panel come to that are added in int16."""
    signature = types.int64(types.int64, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        panel, steps = arguments
        nothing, ones = _alike(0, BYTES), _alike(1, BYTES)
        best = cgutils.alloca_once_value(builder, _alike(0, SHORTS))
        with cgutils.for_range(builder, steps) as loop:
            here = builder.mul(loop.index, constant(BYTE_STEP * BYTE_COLUMNS))
            for half in (0, 32):
                places = (builder.add(here, constant(half + start)) for start in (0, 64))
                early, late = (load_vector(builder, panel, place, BYTES) for place in places)
                for sign in (">", "<"):
                    fours = nothing_yet = _alike(0, SHORTS)
                    for four in (early, late):
                        kept = builder.select(builder.icmp_signed(sign, four, nothing), four, nothing)
                        fours = builder.add(fours, _byte_pairs(builder, ones, kept))
                    size = fours if sign == ">" else builder.sub(nothing_yet, fours)
                    old = builder.load(best)
                    builder.store(builder.select(builder.icmp_signed(">", size, old), size, old), best)
        found = builder.load(best)
        for lanes in (8, 4, 2, 1):
            low, high = (pick(builder, found, [start + i for i in range(lanes)]) for start in (0, lanes))
            found = builder.select(builder.icmp_signed(">", low, high), low, high)
        return builder.sext(builder.extract_element(found, ir.Constant(I32, 0)), I64)

    return signature, build


@intrinsic
def interleave_four(typing_context: Any, source: Any, stride: Any, target: Any) -> Any:
    """Sixteen bytes of each of four rows, `stride` bytes apart, so written that the four of a column are neighbours."""
    signature = types.void(*[types.int64] * 3)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, stride, target = arguments
        sixteen = ir.VectorType(I8, 16)
        rows = [load_vector(builder, source, builder.mul(stride, constant(row)), sixteen) for row in range(4)]
        first, second = (pick(builder, rows[i], [*range(32)], rows[i + 1]) for i in (0, 2))
        for half in (0, 1):
            columns = range(8 * half, 8 * half + 8)
            lanes = [lane for column in columns for lane in (column, column + 16, column + 32, column + 48)]
            store_vector(builder, pick(builder, first, lanes, second), target, constant(32 * half))
        return context.get_dummy_value()

    return signature, build
