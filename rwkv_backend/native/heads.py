"""The step of a matrix memory of versions 5 to 7, spelled out in vectors: a head's matrix passes through the processor once.

All take addresses of float32. Sizes are multiples of eight; what is left of a head is for `recurrences.py`.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils

from rwkv_backend.native.compiler import intrinsic
from rwkv_backend.native.vectors import (
    F32,
    FLOATS,
    constant,
    load_vector,
    spread,
    store_vector,
    sum_of_lanes,
    times_plus,
)

LANES = 8
ABREAST = 4
"""Vectors, or rows, that are handled side by side."""


def _matrix_columns(vectors: int) -> Any:
    """For 8·vectors columns j: y[j] += Σ_i r[i]·S[i, j], then S[i, j] = w[i]·S[i, j] + k[i]·v[j]. `stride` in bytes."""

    @intrinsic
    def columns(
        typing_context: Any, memory: Any, stride: Any, r: Any, k: Any, keep: Any, v: Any, y: Any, size: Any
    ) -> Any:
        signature = types.void(*[types.int64] * 8)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            memory, stride, r, k, keep, v, y, size = arguments
            places = [constant(32 * i) for i in range(vectors)]
            values = [load_vector(builder, v, place, FLOATS) for place in places]
            sums = [cgutils.alloca_once_value(builder, load_vector(builder, y, place, FLOATS)) for place in places]
            with cgutils.for_range(builder, size) as loop:
                at = builder.mul(loop.index, constant(4))
                read, key, kept = (spread(builder, load_vector(builder, x, at, F32)) for x in (r, k, keep))
                row = builder.add(memory, builder.mul(loop.index, stride))
                for place, value, total in zip(places, values, sums, strict=True):
                    old = load_vector(builder, row, place, FLOATS)
                    builder.store(times_plus(builder, read, old, builder.load(total)), total)
                    new = times_plus(builder, key, value, builder.fmul(kept, old))
                    store_vector(builder, new, row, place)
            for place, total in zip(places, sums, strict=True):
                store_vector(builder, builder.load(total), y, place)
            return context.get_dummy_value()

        return signature, build

    return columns


matrix_columns_32 = _matrix_columns(ABREAST)
matrix_columns_8 = _matrix_columns(1)


@intrinsic
def delta_rows(
    typing_context: Any, memory: Any, stride: Any, r: Any, k: Any, keep: Any, direction: Any, removed: Any, v: Any,
    y: Any, size: Any,
) -> Any:  # fmt: skip
    """For four rows j: S[j] = S[j]∘w − (S[j]·κ̂)·removed + v[j]·k, then y[j] = S[j]·r. `size` columns, a multiple of 8."""
    signature = types.void(*[types.int64] * 10)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, stride, r, k, keep, direction, removed, v, y, size = arguments
        rows = [builder.add(memory, builder.mul(stride, constant(j))) for j in range(ABREAST)]
        nothing = spread(builder, F32(0.0))
        found = [cgutils.alloca_once_value(builder, nothing) for _ in rows]
        with cgutils.for_range_slice(builder, constant(0), size, constant(LANES)) as (index, _):
            at = builder.mul(index, constant(4))
            along = load_vector(builder, direction, at, FLOATS)
            for row, total in zip(rows, found, strict=True):
                new = times_plus(builder, load_vector(builder, row, at, FLOATS), along, builder.load(total))
                builder.store(new, total)
        taken = [spread(builder, builder.fneg(sum_of_lanes(builder, builder.load(t), builder.fadd))) for t in found]
        values = [spread(builder, load_vector(builder, v, constant(4 * j), F32)) for j in range(ABREAST)]
        sums = [cgutils.alloca_once_value(builder, nothing) for _ in rows]
        with cgutils.for_range_slice(builder, constant(0), size, constant(LANES)) as (index, _):
            at = builder.mul(index, constant(4))
            reads, keys, kept, away = (load_vector(builder, x, at, FLOATS) for x in (r, k, keep, removed))
            for row, minus, value, total in zip(rows, taken, values, sums, strict=True):
                old = builder.fmul(load_vector(builder, row, at, FLOATS), kept)
                new = times_plus(builder, value, keys, times_plus(builder, minus, away, old))
                store_vector(builder, new, row, at)
                builder.store(times_plus(builder, new, reads, builder.load(total)), total)
        for j, total in enumerate(sums):
            result = sum_of_lanes(builder, builder.load(total), builder.fadd)
            pointer = builder.inttoptr(builder.add(y, constant(4 * j)), F32.as_pointer())
            builder.store(result, pointer, align=4)
        return context.get_dummy_value()

    return signature, build
