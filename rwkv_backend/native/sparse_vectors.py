"""What products of sparse inputs are made of, spelled out in vectors. All take addresses; sizes and offsets are in bytes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rwkv_backend.native.compiler import intrinsic
from rwkv_backend.native.vectors import (
    F32,
    FLOATS,
    I8,
    I16,
    I32,
    I64,
    INTEGERS,
    LINE,
    constant,
    fetch_early,
    load_vector,
    pick,
    spread,
    store_vector,
    sum_of_pairs,
    times_plus,
    widen_bfloat16,
    widen_float16,
    widen_float32,
)

PANEL_COLUMNS = 96
"""As many as sums of one row of y have registers for, beside the input and the weights."""

PANEL_INPUTS = 64
"""Rows of a panel: it takes three quarters of the first cache."""

FOUR = 4
"""Rows of W that are added to a row of y at once."""

FACTORS = 64
"""Where the inputs of four rows lie, behind the addresses of these rows and of the four after them."""

TWO = 2
"""Inputs that a row of y takes before it looks whether there are more."""

LONGEST = 4096
"""Bytes of a row that is fetched ahead of its use."""

AT_ONCE = 8
"""Inputs that are looked at, one after the other, before the next round."""

SHORTS, BYTES = ir.VectorType(I16, 16), ir.VectorType(I8, 16)
LOW, HIGH = (
    [lane + 16 * other for lane in lanes for other in (0, 1)]
    for lanes in ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15])
)
"""How two vectors of sixteen are interleaved in one order each, half by half."""


def widen_int8(builder: Any, address: Any, offset: Any) -> Any:
    return builder.sitofp(load_vector(builder, address, offset, ir.VectorType(I8, 8)), FLOATS)


@intrinsic
def list_inputs(typing_context: Any, x: Any, count: Any, values: Any, places: Any) -> Any:
    """Writes those of `count` numbers that are not zero, and where their rows of a panel lie (uint16); how many they are.

    Nothing is asked of the processor's foresight: each is written behind those before it, and stays if it is not zero.
    """
    signature = types.int64(*[types.int64] * 4)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, count, values, places = arguments
        found = cgutils.alloca_once_value(builder, constant(0))
        whole = builder.and_(count, constant(-AT_ONCE))
        for begin, end, many in ((constant(0), whole, AT_ONCE), (whole, count, 1)):
            with cgutils.for_range_slice(builder, begin, end, constant(many)) as (first, _):
                for index in (builder.add(first, constant(i)) for i in range(many)):
                    at = builder.load(found)
                    bits = load_vector(builder, x, builder.mul(index, constant(4)), I32)
                    store_vector(builder, bits, values, builder.mul(at, constant(4)))
                    place = builder.trunc(builder.mul(index, constant(4 * PANEL_COLUMNS)), I16)
                    store_vector(builder, place, places, builder.mul(at, constant(2)))
                    size = builder.shl(bits, ir.Constant(I32, 1))  # without the sign
                    there = builder.icmp_unsigned("!=", size, ir.Constant(I32, 0))
                    builder.store(builder.add(at, builder.zext(there, I64)), found)
        return builder.load(found)

    return signature, build


def _add_listed(columns: int) -> Any:
    """y += the rows of a panel that lie at `places`, each times its value; the first `columns` of them."""

    @intrinsic
    def add(typing_context: Any, values: Any, places: Any, count: Any, panel: Any, y: Any) -> Any:
        signature = types.void(*[types.int64] * 5)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, places, count, panel, y = arguments
            parts = [constant(32 * i) for i in range(columns // 8)]
            sums = [cgutils.alloca_once_value(builder, load_vector(builder, y, part, FLOATS)) for part in parts]
            whole = builder.and_(count, constant(-TWO))
            for begin, end, many in ((constant(0), whole, TWO), (whole, count, 1)):
                with cgutils.for_range_slice(builder, begin, end, constant(many)) as (first, _):
                    for at in (builder.add(first, constant(i)) for i in range(many)):
                        place = builder.zext(load_vector(builder, places, builder.mul(at, constant(2)), I16), I64)
                        value = spread(builder, load_vector(builder, values, builder.mul(at, constant(4)), F32))
                        row = builder.add(panel, place)
                        for part, total in zip(parts, sums, strict=True):
                            weights = load_vector(builder, row, part, FLOATS)
                            builder.store(times_plus(builder, value, weights, builder.load(total)), total)
            for part, total in zip(parts, sums, strict=True):
                store_vector(builder, builder.load(total), y, part)
            return context.get_dummy_value()

        return signature, build

    return add


add_listed_32, add_listed_64, add_listed_96 = (_add_listed(columns) for columns in (32, 64, 96))


def _widen_row(widen: Any, size: int) -> Any:
    """A row of a panel out of weights of `size` bytes."""

    @intrinsic
    def row(typing_context: Any, source: Any, target: Any) -> Any:
        signature = types.void(types.int64, types.int64)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source, target = arguments
            for i in range(0, PANEL_COLUMNS, 8):
                store_vector(builder, widen(builder, source, constant(size * i)), target, constant(4 * i))
            return context.get_dummy_value()

        return signature, build

    return row


row_float32, row_bfloat16, row_float16 = (
    _widen_row(widen, size) for widen, size in ((widen_float32, 4), (widen_bfloat16, 2), (widen_float16, 2))
)
row_int8 = _widen_row(widen_int8, 1)


def _rows_of(builder: Any, four: Any) -> tuple[list[Any], list[Any]]:
    """The addresses of four rows, and of the four that come after them."""
    places = [load_vector(builder, four, constant(8 * i), I64) for i in range(2 * FOUR)]
    return places[:FOUR], places[FOUR:]


def _add_four(widen: Any, size: int) -> Any:
    """y += four rows of W, each times its input. Meanwhile the next four are on their way: nobody else can foresee them.

    `four`: their addresses (int64), those of the next four, and FACTORS bytes from there the four inputs, float32.
    `columns`: a multiple of as many as lie in a line. Long rows the processor fetches faster by itself, once it met them.
    """

    @intrinsic
    def add(typing_context: Any, four: Any, columns: Any, y: Any) -> Any:
        signature = types.void(*[types.int64] * 3)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            four, columns, y = arguments
            now, after = _rows_of(builder, four)
            inputs = [spread(builder, load_vector(builder, four, constant(FACTORS + 4 * i), F32)) for i in range(FOUR)]
            short = builder.icmp_signed("<=", columns, constant(LONGEST // size))
            with cgutils.for_range_slice(builder, constant(0), columns, constant(LINE // size)) as (column, _):
                with builder.if_then(short, likely=True):
                    for row in after:
                        fetch_early(builder, builder.add(row, builder.mul(column, constant(size))), 0, cache=2)
                for i in range(0, LINE // size, 8):
                    at = builder.add(column, constant(i))
                    total = load_vector(builder, y, builder.mul(at, constant(4)), FLOATS)
                    for row, value in zip(now, inputs, strict=True):
                        weights = widen(builder, row, builder.mul(at, constant(size)))
                        total = times_plus(builder, value, weights, total)
                    store_vector(builder, total, y, builder.mul(at, constant(4)))
            return context.get_dummy_value()

        return signature, build

    return add


four_float32, four_bfloat16, four_float16 = (
    _add_four(widen, size) for widen, size in ((widen_float32, 4), (widen_bfloat16, 2), (widen_float16, 2))
)


@intrinsic
def four_int8(typing_context: Any, four: Any, columns: Any, y: Any) -> Any:
    """As for floats, exactly: inputs are int16 and y int32. Of sixteen columns the two middle fours stand exchanged."""
    signature = types.void(*[types.int64] * 3)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        four, columns, y = arguments
        now, after = _rows_of(builder, four)
        pairs = [load_vector(builder, four, constant(FACTORS + 4 * i), I32) for i in range(FOUR // 2)]
        inputs = [builder.bitcast(spread(builder, pair), SHORTS) for pair in pairs]
        with cgutils.for_range_slice(builder, constant(0), columns, constant(LINE)) as (column, _):
            for row in after:
                fetch_early(builder, builder.add(row, column), 0, cache=2)
            for i in range(0, LINE, 16):
                at = builder.add(column, constant(i))
                weights = [builder.sext(load_vector(builder, row, at, BYTES), SHORTS) for row in now]
                for lanes, further in ((LOW, 0), (HIGH, 32)):
                    place = builder.add(builder.mul(at, constant(4)), constant(further))
                    total = load_vector(builder, y, place, INTEGERS)
                    for j, values in enumerate(inputs):
                        both = pick(builder, weights[2 * j], lanes, weights[2 * j + 1])
                        total = builder.add(total, sum_of_pairs(builder, both, values))
                    store_vector(builder, total, y, place)
        return context.get_dummy_value()

    return signature, build


@intrinsic
def scale_sums(typing_context: Any, y: Any, columns: Any, unit: Any, scale: Any) -> Any:
    """From the int32 that `four_int8` leaves to float32, in their order, times `unit` and each column's scale."""
    signature = types.void(types.int64, types.int64, types.float32, types.int64)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        y, columns, unit, scale = arguments
        units = spread(builder, unit)
        with cgutils.for_range_slice(builder, constant(0), columns, constant(16)) as (column, _):
            place = builder.mul(column, constant(4))
            low, high = (load_vector(builder, y, builder.add(place, constant(at)), INTEGERS) for at in (0, 32))
            for at, lanes in ((0, [0, 1, 2, 3, 8, 9, 10, 11]), (32, [4, 5, 6, 7, 12, 13, 14, 15])):
                here = builder.add(place, constant(at))
                whole = builder.sitofp(pick(builder, low, lanes, high), FLOATS)
                scaled = builder.fmul(builder.fmul(whole, units), load_vector(builder, scale, here, FLOATS))
                store_vector(builder, scaled, y, here)
        return context.get_dummy_value()

    return signature, build
