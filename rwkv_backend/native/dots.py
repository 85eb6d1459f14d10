"""Inner products Σ w[i]·x[i] of `count` numbers, a multiple of 32 (`STEP`), spelled out in vectors. All take addresses."""

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
    INTEGERS,
    LINE,
    constant,
    fetch_early,
    load_vector,
    sum_of_lanes,
    sum_of_pairs,
    times_plus,
    widen_bfloat16,
    widen_float16,
    widen_float32,
)

STEP = 32
"""Numbers that a dot product takes at once."""

AHEAD = 1024
"""Bytes ahead of its use at which a weight is asked for."""

FOUR = 4
"""Rows whose dot products are taken at once where there is one input."""


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
                    fetch_early(builder, here, AHEAD + offset)
                for i, total in enumerate(sums):
                    place = builder.add(at, constant(i * lanes))
                    w = widen(builder, weights, builder.mul(place, constant(weight_bytes)))
                    offset = builder.mul(place, constant(input_bytes))
                    x = load_vector(builder, inputs, offset, ir.VectorType(I16, 16) if integer else FLOATS)
                    old = builder.load(total)
                    new = builder.add(old, sum_of_pairs(builder, w, x)) if integer else times_plus(builder, w, x, old)
                    builder.store(new, total)
            add = builder.add if integer else builder.fadd
            found = [builder.load(total) for total in sums]
            while len(found) > 1:
                found = [add(found[i], found[i + 1]) for i in range(0, len(found), 2)]
            return sum_of_lanes(builder, found[0], add)

        return signature, build

    return dot


def _widen_int8(builder: Any, address: Any, offset: Any) -> Any:
    return builder.sext(load_vector(builder, address, offset, ir.VectorType(I8, 16)), ir.VectorType(I16, 16))


dot_float32 = _dot(4, 4, widen_float32, integer=False)
dot_bfloat16 = _dot(2, 4, widen_bfloat16, integer=False)
dot_float16 = _dot(2, 4, widen_float16, integer=False)
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
