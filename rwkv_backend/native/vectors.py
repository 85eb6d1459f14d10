"""Inner products and tiles of matrix products, spelled out in vectors so that they compile to the instructions meant.

Written for processors with 256-bit vectors; on others the compiler splits the same vectors as it must.
All take addresses. `dot_*`: Σ w[i]·x[i] over `count` numbers, a multiple of 32 (`STEP`).
`tile_*`: six rows by sixteen columns of a product, both factors packed so that memory is read in order.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rwkv_backend.native.compiler import intrinsic

STEP = 32
"""Numbers that a dot product takes at once."""

LINE, AHEAD = 64, 1024
"""Bytes that come from memory together, and how far ahead of its use a weight is asked for."""

FOUR = 4
"""Rows whose dot products are taken at once where there is one input."""

TILE_ROWS, TILE_COLUMNS = 6, 16

F32, I8, I16, I32, I64 = ir.FloatType(), ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
FLOATS, INTEGERS = ir.VectorType(F32, 8), ir.VectorType(I32, 8)


def load_vector(builder: Any, address: Any, offset: Any, kind: Any) -> Any:
    """A vector from address + offset (in bytes), wherever that lies."""
    pointer = builder.inttoptr(builder.add(address, offset), kind.as_pointer())
    return builder.load(pointer, align=1)


def store_vector(builder: Any, value: Any, address: Any, offset: Any) -> None:
    pointer = builder.inttoptr(builder.add(address, offset), value.type.as_pointer())
    builder.store(value, pointer, align=1)


def times_plus(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c of floats, rounded once where the processor can."""
    kind = ir.FunctionType(FLOATS, [FLOATS] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fmuladd.v8f32"), (a, b, c))


def _pairs_times(builder: Any, a: Any, b: Any) -> Any:
    """From two vectors of sixteen int16: eight int32, each the sum of two neighbouring products (x86: vpmaddwd)."""
    wide = ir.VectorType(I32, 16)
    product = builder.mul(builder.sext(a, wide), builder.sext(b, wide))
    even, odd = ([2 * i + which for i in range(8)] for which in (0, 1))
    return builder.add(*(_pick(builder, product, lanes) for lanes in (even, odd)))


def _pick(builder: Any, vector: Any, lanes: list[int], other: Any = None) -> Any:
    other = ir.Constant(vector.type, ir.Undefined) if other is None else other
    return builder.shuffle_vector(vector, other, ir.Constant(ir.VectorType(I32, len(lanes)), lanes))


def sum_of_lanes(builder: Any, vector: Any, add: Any) -> Any:
    """The sum of the eight numbers in a vector."""
    for half in (4, 2, 1):
        low, high = (_pick(builder, vector, [start + i for i in range(half)]) for start in (0, half))
        vector = add(low, high)
    return builder.extract_element(vector, ir.Constant(I32, 0))


def spread(builder: Any, value: Any) -> Any:
    """One number in all eight places."""
    vector = builder.insert_element(ir.Constant(ir.VectorType(value.type, 8), ir.Undefined), value, ir.Constant(I32, 0))
    return _pick(builder, vector, [0] * 8)


def constant(number: int) -> Any:
    return ir.Constant(I64, number)


def _fetch_early(builder: Any, address: Any, ahead: int) -> None:
    """Ask for memory that will be read soon: the processor's own guesses end at each page."""
    place = builder.inttoptr(builder.add(address, constant(ahead)), I8.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [I8.as_pointer(), I32, I32, I32])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(fetch, (place, *(ir.Constant(I32, number) for number in (0, 3, 1))))


def _dot(weight_bytes: int, input_bytes: int, widen: Any, integer: bool) -> Any:
    """A dot product of four running sums; `widen` makes a vector to be multiplied out of what is stored."""

    @intrinsic
    def dot(typing_context: Any, weights: Any, inputs: Any, count: Any) -> Any:
        result = types.int32 if integer else types.float32
        signature = result(types.int64, types.int64, types.int64)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = INTEGERS if integer else FLOATS
            weights, inputs, count = arguments
            lanes = 16 if integer else 8
            sums = [cgutils.alloca_once_value(builder, ir.Constant(kind, None)) for _ in range(STEP // lanes)]
            with cgutils.for_range_slice(builder, constant(0), count, constant(STEP)) as (at, _):
                here = builder.add(weights, builder.mul(at, constant(weight_bytes)))
                for offset in range(0, STEP * weight_bytes, LINE):
                    _fetch_early(builder, here, AHEAD + offset)
                for i, total in enumerate(sums):
                    place = builder.add(at, constant(i * lanes))
                    w = widen(builder, weights, builder.mul(place, constant(weight_bytes)))
                    offset = builder.mul(place, constant(input_bytes))
                    x = load_vector(builder, inputs, offset, ir.VectorType(I16, 16) if integer else FLOATS)
                    old = builder.load(total)
                    new = builder.add(old, _pairs_times(builder, w, x)) if integer else times_plus(builder, w, x, old)
                    builder.store(new, total)
            add = builder.add if integer else builder.fadd
            found = [builder.load(total) for total in sums]
            while len(found) > 1:
                found = [add(found[i], found[i + 1]) for i in range(0, len(found), 2)]
            return sum_of_lanes(builder, found[0], add)

        return signature, build

    return dot


def _widen_float32(builder: Any, address: Any, offset: Any) -> Any:
    return load_vector(builder, address, offset, FLOATS)


def _widen_bfloat16(builder: Any, address: Any, offset: Any) -> Any:
    whole = builder.zext(load_vector(builder, address, offset, ir.VectorType(I16, 8)), INTEGERS)
    return builder.bitcast(builder.shl(whole, ir.Constant(INTEGERS, [16] * 8)), FLOATS)


def _widen_float16(builder: Any, address: Any, offset: Any) -> Any:
    return builder.fpext(load_vector(builder, address, offset, ir.VectorType(ir.HalfType(), 8)), FLOATS)


def _widen_int8(builder: Any, address: Any, offset: Any) -> Any:
    return builder.sext(load_vector(builder, address, offset, ir.VectorType(I8, 16)), ir.VectorType(I16, 16))


dot_float32 = _dot(4, 4, _widen_float32, integer=False)
dot_bfloat16 = _dot(2, 4, _widen_bfloat16, integer=False)
dot_float16 = _dot(2, 4, _widen_float16, integer=False)
dot_int8 = _dot(1, 2, _widen_int8, integer=True)


@intrinsic
def dots_float32(typing_context: Any, weights: Any, stride: Any, inputs: Any, count: Any, target: Any) -> Any:
    """The dot products of FOUR float32 rows, `stride` bytes apart, with the same inputs, written one after the other.

    Four rows are four streams from memory, which one stream of float32 cannot exhaust (14 to 16 against 19 to 21 GB/s;
    for narrower weights one row with fetching ahead was as fast or faster). `count`: a multiple of 16.
    """
    signature = types.void(*[types.int64] * 5)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        weights, stride, inputs, count, target = arguments
        bases = [builder.add(weights, builder.mul(stride, constant(row))) for row in range(FOUR)]
        places = [(row, half) for row in range(FOUR) for half in (0, 1)]
        sums = {place: cgutils.alloca_once_value(builder, ir.Constant(FLOATS, None)) for place in places}
        with cgutils.for_range_slice(builder, constant(0), count, constant(16)) as (at, _):
            for half in (0, 1):
                offset = builder.mul(builder.add(at, constant(8 * half)), constant(4))
                x = load_vector(builder, inputs, offset, FLOATS)
                for row, base in enumerate(bases):
                    w, old = load_vector(builder, base, offset, FLOATS), builder.load(sums[row, half])
                    builder.store(times_plus(builder, w, x, old), sums[row, half])
        for row in range(FOUR):
            both = builder.fadd(builder.load(sums[row, 0]), builder.load(sums[row, 1]))
            place = builder.inttoptr(builder.add(target, constant(4 * row)), F32.as_pointer())
            builder.store(sum_of_lanes(builder, both, builder.fadd), place)
        return context.get_dummy_value()

    return signature, build


def _tile(integer: bool) -> Any:
    """c (6, 16) += a bᵀ over `count` steps. A step has six 32-bit words in a and sixteen in b: float32, or two int16."""

    @intrinsic
    def tile(typing_context: Any, a: Any, b: Any, count: Any, c: Any) -> Any:
        signature = types.void(types.int64, types.int64, types.int64, types.int64)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = INTEGERS if integer else FLOATS
            a, b, count, c = arguments
            places = [(row, half) for row in range(TILE_ROWS) for half in (0, 1)]
            start = {place: load_vector(builder, c, constant(64 * place[0] + 32 * place[1]), kind) for place in places}
            sums = {place: cgutils.alloca_once_value(builder, start[place]) for place in places}
            with cgutils.for_range(builder, count) as loop:
                row_of_b = builder.mul(loop.index, constant(64))
                halves = [load_vector(builder, b, builder.add(row_of_b, constant(32 * half)), kind) for half in (0, 1)]
                for row in range(TILE_ROWS):
                    offset = builder.add(builder.mul(loop.index, constant(4 * TILE_ROWS)), constant(4 * row))
                    factor = spread(builder, load_vector(builder, a, offset, I32 if integer else F32))
                    for half in (0, 1):
                        old = builder.load(sums[row, half])
                        builder.store(_step(builder, factor, halves[half], old, integer), sums[row, half])
            for row, half in places:
                store_vector(builder, builder.load(sums[row, half]), c, constant(64 * row + 32 * half))
            return context.get_dummy_value()

        return signature, build

    return tile


def _step(builder: Any, a: Any, b: Any, total: Any, integer: bool) -> Any:
    if not integer:
        return times_plus(builder, a, b, total)
    shorts = ir.VectorType(I16, 16)
    return builder.add(total, _pairs_times(builder, builder.bitcast(a, shorts), builder.bitcast(b, shorts)))


tile_float32 = _tile(integer=False)
tile_int16 = _tile(integer=True)


def _turn(widen: Any, weight_bytes: int, lanes: int) -> Any:
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
    ones = [_pick(builder, rows[i], lanes, rows[i + 1]) for i in range(0, 8, 2) for lanes in (low, high)]
    low, high = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    twos = [
        _pick(builder, ones[i + j], lanes, ones[i + j + 2]) for i in (0, 4) for j in (0, 1) for lanes in (low, high)
    ]
    low, high = [0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]
    return [_pick(builder, twos[i], lanes, twos[i + 4]) for lanes in (low, high) for i in range(4)]


turn_float32 = _turn(_widen_float32, 4, 8)
turn_bfloat16 = _turn(_widen_bfloat16, 2, 8)
turn_float16 = _turn(_widen_float16, 2, 8)
turn_int8 = _turn(_widen_int8, 1, 16)


@intrinsic
def from_float16(typing_context: Any, stored: Any) -> Any:
    """float32 of 16 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), F32)

    return types.float32(types.uint16), build


@intrinsic
def from_bfloat16(typing_context: Any, stored: Any) -> Any:
    """float32 of its upper 16 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = builder.shl(builder.zext(arguments[0], I32), ir.Constant(I32, 16))
        return builder.bitcast(whole, F32)

    return types.float32(types.uint16), build


@intrinsic
def from_bits(typing_context: Any, bits: Any) -> Any:
    """The float32 that has these 32 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], F32)

    return types.float32(types.int32), build


@intrinsic
def power_of_two(typing_context: Any, exponent: Any) -> Any:
    """2 to an int32 from −126 to 127, in float32: the number goes where a float keeps its exponent."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        biased = builder.add(arguments[0], ir.Constant(I32, 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(I32, 23)), F32)

    return types.float32(types.int32), build


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
