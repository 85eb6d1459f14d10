"""Matrix products y = x @ Wᵀ + b for weights in each precision; x and y are float32, W is read where torch holds it.

A few rows are multiplied here: a dot product for each row of W, which is read once, as fast as memory gives it. More rows go
to `tiles.py`, `strassen.py` or `byte_tiles.py`, and inputs that are mostly zero to `sparse.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import bytes_at, floats, halves, rows, shorts, signed_bytes, words
from rwkv_backend.native.byte_tiles import (
    SHORTEST,
    blocks_of,
    by_byte_tiles,
    byte_own_words,
    byte_shared_words,
    count_inputs,
    measure_room,
)
from rwkv_backend.native.codes import BFLOAT16, BLOCK, BY_INPUTS, FLOAT32, INT4, INT4_WIDE, INT8, TABLE
from rwkv_backend.native.compiler import kernel, summing
from rwkv_backend.native.dots import FOUR, STEP, dot_bfloat16, dot_float16, dot_float32, dot_int8, dots_float32
from rwkv_backend.native.sparse import (
    SPARSE_BLOCK,
    add_few,
    add_many,
    list_few,
    list_many,
    sparse_own_words,
    sparse_shared_words,
)
from rwkv_backend.native.stored import FEW, GROUP, ZERO, count_in, input_scale, unpack_int4
from rwkv_backend.native.strassen import by_strassen, pack_halves, pays, strassen_own_words, strassen_shared_words
from rwkv_backend.native.tiles import by_tiles, pack_inputs, tile_own_words, tile_shared_words
from rwkv_backend.native.vectors import from_bfloat16, from_float16

ROWS, TILES, HALVES, SHORTS, BYTES, FEW_LISTED, LISTED = range(7)
"""The ways to a product: rows of W one by one, tiles of floats, Strassen's; of int8 inputs counted in int16, or in bytes; and
of sparse inputs a few rows, or many."""

HEAD = 64
"""Bytes at the beginning of shared memory; the first word is the way."""

FEW_ZEROS = 4
"""If one of so many inputs is not zero, int8 weights are multiplied faster by all inputs, counted in bytes."""


@kernel
def shared_words(count: Any, inner: Any) -> Any:
    """32-bit numbers of memory that `prepare` needs for `count` rows of `inner` numbers."""
    tiles = max(tile_shared_words(count, inner), strassen_shared_words(count, inner))
    more = max(count + count * inner, tiles, byte_shared_words(count, inner), sparse_shared_words(count, inner))
    return HEAD // 4 + more


@kernel
def own_words(count: Any, inner: Any) -> Any:
    """32-bit numbers of memory that each thread's `columns` needs beside that."""
    return max(
        inner + GROUP, tile_own_words(count), strassen_own_words(count), byte_own_words(count), sparse_own_words(count)
    )


@kernel
def held(kind: Any) -> Any:
    """How the numbers of a matrix are held, whichever way it lies."""
    if kind == TABLE:
        return FLOAT32
    return kind - BY_INPUTS if kind >= BY_INPUTS else kind


@kernel
def block_of(kind: Any) -> Any:
    """Columns of a product that a thread takes at a time."""
    return SPARSE_BLOCK if kind >= BY_INPUTS else BLOCK


@kernel
def way_of(kind: Any, x: Any, count: Any, inner: Any, outer: Any) -> Any:
    if kind >= BY_INPUTS:
        return way_of_sparse(kind, floats(x, count * inner), count, inner)
    if kind == TABLE and count < FEW:  # its inputs are not zero, but adding its rows is as good as any way
        return FEW_LISTED
    if kind == INT8:
        return BYTES if count >= FEW and inner >= SHORTEST else SHORTS
    if pays(kind, count, inner, outer):
        return HALVES
    return TILES if count >= FEW else ROWS


@kernel
def way_of_sparse(kind: Any, x: Any, count: Any, inner: Any) -> Any:
    """A few rows are read one by one if together they need no more weights than there are."""
    if count == 1:
        return FEW_LISTED
    found = 0
    for i in range(count * inner):
        found += x[i] != ZERO
    if count < FEW:
        return FEW_LISTED if found <= inner else LISTED
    dense = held(kind) == INT8 and inner >= SHORTEST and FEW_ZEROS * found >= count * inner
    return BYTES if dense else LISTED


@kernel
def prepare(kind: Any, weight: Any, low: Any, x: Any, count: Any, inner: Any, outer: Any, shared: Any) -> Any:
    """Bring x into the form that `columns` multiplies; once a product."""
    way, packed = way_of(kind, x, count, inner, outer), shared + HEAD
    words(shared, 1)[0] = way
    if way == TILES:
        pack_inputs(x, count, inner, packed)
    elif way == HALVES:
        pack_halves(x, count, inner, packed)
    elif way == FEW_LISTED:
        list_few(held(kind), x, count, inner, packed)
    elif way == LISTED:
        list_many(x, count, inner, packed)
    elif way == SHORTS:
        units = floats(packed, count)
        for t in range(count):
            entry = floats(x + t * inner * 4, inner)
            units[t] = input_scale(x + t * inner * 4, inner)
            count_in(entry, units[t], shorts(packed + 4 * count + 2 * t * inner, inner))
    elif way == BYTES:
        room = bytes_at(low, blocks_of(inner))
        if room[0] == 0:
            measure_room(weight, kind >= BY_INPUTS, inner, outer, room, packed)
        count_inputs(x, count, inner, room, packed)


@kernel
def columns(
    kind: Any,
    weight: Any,
    scale: Any,
    low: Any,
    bias: Any,
    x: Any,
    y: Any,
    count: Any,
    inner: Any,
    outer: Any,
    first: Any,
    last: Any,
    shared: Any,
    own: Any,
) -> Any:
    """Columns first … last of y (count, outer) = x (count, inner) @ Wᵀ + bias. All are addresses; 0: no bias."""
    way, packed = words(shared, 1)[0], shared + HEAD
    if way == HALVES:
        by_strassen(kind, weight, y, count, inner, outer, first, last, packed, own)
        if bias != 0:
            add_bias(rows(y, count, outer), floats(bias, outer), first // 2, last // 2)
            add_bias(rows(y, count, outer), floats(bias, outer), (outer + first) // 2, (outer + last) // 2)
        return
    if way == TILES:
        by_tiles(kind, weight, scale, low, y, count, inner, outer, first, last, packed, own)
    elif way == BYTES:
        by_inputs = kind >= BY_INPUTS
        by_byte_tiles(weight, by_inputs, scale, y, count, inner, outer, first, last, packed, own)
    elif way == SHORTS:
        rows_int8(weight, scale, y, count, inner, outer, first, last, packed)
    elif way == FEW_LISTED:
        add_few(held(kind), weight, scale, x, y, count, inner, outer, first, last, packed, own)
    elif way == LISTED:
        add_many(held(kind), weight, scale, y, count, inner, outer, first, last, packed, own)
    elif kind in (INT4, INT4_WIDE):
        rows_int4(kind, weight, scale, low, x, y, count, inner, outer, first, last, own)
    else:
        rows_float(kind, weight, x, y, count, inner, outer, first, last)
    if bias != 0:
        add_bias(rows(y, count, outer), floats(bias, outer), first, last)


@kernel
def add_bias(y: Any, bias: Any, first: Any, last: Any) -> Any:
    for t in range(y.shape[0]):
        for n in range(first, last):
            y[t, n] += bias[n]


# A few rows


@kernel
def rows_float(
    kind: Any, weight: Any, x: Any, y: Any, count: Any, inner: Any, outer: Any, first: Any, last: Any
) -> Any:
    out, whole = rows(y, count, outer), inner // STEP * STEP
    size = 4 if kind == FLOAT32 else 2
    if kind == FLOAT32 and count == 1:
        first = four_by_four(weight, x, out[0], y, inner, first, last)
    for n in range(first, last):
        row = weight + n * inner * size
        for t in range(count):
            entry = x + t * inner * 4
            if kind == FLOAT32:
                out[t, n] = dot_float32(row, entry, whole) + rest_float32(
                    floats(row, inner), floats(entry, inner), whole
                )
            elif kind == BFLOAT16:
                out[t, n] = dot_bfloat16(row, entry, whole) + rest_half(kind, row, floats(entry, inner), whole)
            else:
                out[t, n] = dot_float16(row, entry, whole) + rest_half(kind, row, floats(entry, inner), whole)


@kernel
def four_by_four(weight: Any, x: Any, out: Any, y: Any, inner: Any, first: Any, last: Any) -> Any:
    """Rows `first` and on of a float32 product with one input, four at a time; the first row that is left."""
    whole, n = inner // STEP * STEP, first
    while n + FOUR <= last:
        row = weight + n * inner * 4
        dots_float32(row, inner * 4, x, whole, y + n * 4)
        if whole < inner:
            for i in range(FOUR):
                out[n + i] += rest_float32(floats(row + i * inner * 4, inner), floats(x, inner), whole)
        n += FOUR
    return n


@kernel
def rest_float32(row: Any, x: Any, start: Any) -> Any:
    total = ZERO
    for i in range(start, x.shape[0]):
        total += row[i] * x[i]
    return total


@kernel
def rest_half(kind: Any, row: Any, x: Any, start: Any) -> Any:
    total, stored = ZERO, halves(row, x.shape[0])
    for i in range(start, x.shape[0]):
        total += (from_bfloat16(stored[i]) if kind == BFLOAT16 else from_float16(stored[i])) * x[i]
    return total


@kernel
def rows_int8(
    weight: Any, scale: Any, y: Any, count: Any, inner: Any, outer: Any, first: Any, last: Any, shared: Any
) -> Any:
    units, counted = floats(shared, count), shared + 4 * count
    out, scales, whole = rows(y, count, outer), floats(scale, outer), inner // STEP * STEP
    for n in range(first, last):
        row = weight + n * inner
        for t in range(count):
            entry = counted + 2 * t * inner
            total = dot_int8(row, entry, whole)
            if whole < inner:
                total += rest_int8(signed_bytes(row, inner), shorts(entry, inner), whole)
            out[t, n] = np.float32(total) * units[t] * scales[n]


@kernel
def rest_int8(row: Any, x: Any, start: Any) -> Any:
    total = np.int32(0)
    for i in range(start, x.shape[0]):
        total += np.int32(row[i]) * np.int32(x[i])
    return np.int32(total)


@kernel
def rows_int4(
    kind: Any,
    weight: Any,
    scale: Any,
    low: Any,
    x: Any,
    y: Any,
    count: Any,
    inner: Any,
    outer: Any,
    first: Any,
    last: Any,
    own: Any,
) -> Any:
    whole = (inner + GROUP - 1) // GROUP * GROUP
    out, row = rows(y, count, outer), floats(own, whole)
    for n in range(first, last):
        unpack_int4(kind, weight, scale, low, n, whole // GROUP, 0, whole // GROUP, row)
        for t in range(count):
            out[t, n] = dot(row, floats(x + t * inner * 4, inner))


@summing
def dot(row: Any, x: Any) -> Any:
    total = ZERO
    for i in range(x.shape[0]):
        total += row[i] * x[i]
    return total
