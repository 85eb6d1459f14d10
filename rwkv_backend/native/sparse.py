"""Products of inputs most of which are zero, as the squared ReLU leaves them: weights of a zero are not even read.

For this W lies by inputs, (in, out): what one input is multiplied by is in one piece. Of a few rows of x the inputs that are
not zero are listed, and their rows of W added up four at a time. Of many rows the list is made for each PANEL_INPUTS of a
row; the weights of as many inputs, and PANEL_COLUMNS columns, stay in the first cache while every row adds what it needs.

An infinity or NaN among the inputs is not zero and goes the way of all others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import floats, halves, integers, shorts, signed_bytes, words
from rwkv_backend.native.byte_tiles import scale_some
from rwkv_backend.native.codes import BFLOAT16, FLOAT16, FLOAT32, INT8
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.rows import copy
from rwkv_backend.native.sparse_vectors import (
    FACTORS,
    FOUR,
    PANEL_COLUMNS,
    PANEL_INPUTS,
    add_listed_32,
    add_listed_64,
    add_listed_96,
    four_bfloat16,
    four_float16,
    four_float32,
    four_int8,
    list_inputs,
    row_bfloat16,
    row_float16,
    row_float32,
    row_int8,
    scale_sums,
)
from rwkv_backend.native.stored import FEW, ZERO, count_in, input_scale
from rwkv_backend.native.tile_vectors import fetch_lines
from rwkv_backend.native.tiles import EARLY, clear
from rwkv_backend.native.vectors import LINE, from_bfloat16, from_float16

SPARSE_BLOCK = 2 * PANEL_COLUMNS
"""Columns that a thread takes at a time."""

SCRATCH = FACTORS + 16
"""Bytes in which the four rows at hand are described."""


@kernel
def bytes_each(kind: Any) -> Any:
    if kind == FLOAT32:
        return 4
    return 1 if kind == INT8 else 2


@kernel
def weight_at(kind: Any, address: Any) -> Any:
    """One weight as float32; of int8 without its scale."""
    if kind == FLOAT32:
        return floats(address, 1)[0]
    if kind == BFLOAT16:
        return from_bfloat16(halves(address, 1)[0])
    if kind == FLOAT16:
        return from_float16(halves(address, 1)[0])
    return np.float32(signed_bytes(address, 1)[0])


# A few rows


@kernel
def list_words(inner: Any) -> Any:
    """32-bit numbers for the list of a row: how many, then their indices."""
    return inner + 1


@kernel
def few_words(count: Any, inner: Any) -> Any:
    """32-bit numbers of memory that `list_few` needs."""
    return count * (list_words(inner) + 1 + (inner + 1) // 2)


@kernel
def list_few(kind: Any, x: Any, count: Any, inner: Any, shared: Any) -> Any:
    """For each row the indices of what is not zero; of int8 also its unit, and all inputs counted in it."""
    units = floats(shared + 4 * count * list_words(inner), count)
    for t in range(count):
        row, numbers = floats(x + 4 * t * inner, inner), words(shared + 4 * t * list_words(inner), list_words(inner))
        found = 0
        if kind == INT8:
            units[t] = input_scale(x + 4 * t * inner, inner)
            whole = shorts(counted_at(t, count, inner, shared), inner)
            count_in(row, units[t], whole)
            for i in range(inner):
                numbers[1 + found] = i
                found += 1 if whole[i] != 0 else 0
        else:
            for i in range(inner):
                numbers[1 + found] = i
                found += 1 if row[i] != ZERO else 0
        numbers[0] = found


@kernel
def counted_at(t: Any, count: Any, inner: Any, shared: Any) -> Any:
    return shared + 4 * (count * (list_words(inner) + 1) + t * ((inner + 1) // 2))


@kernel
def add_few(
    kind: Any,
    weight: Any,
    scale: Any,
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
    units = floats(shared + 4 * count * list_words(inner), count)
    size = bytes_each(kind)
    together = LINE // size
    whole = (last - first) // together * together
    base = weight + size * first
    for t in range(count):
        target, listed = y + 4 * (t * outer + first), shared + 4 * t * list_words(inner)
        found = words(listed, 1)[0]
        numbers = words(listed + 4, found)
        clear(floats(target, last - first))
        for at in range(0, found, FOUR):
            name_four(base, size * outer, numbers, at, own)
            if kind == INT8:
                counted = shorts(counted_at(t, count, inner, shared), inner)
                four = shorts(own + FACTORS, FOUR)
                for i in range(FOUR):
                    four[i] = counted[numbers[at + i]] if at + i < found else 0
                four_int8(own, whole, target)
                add_rest_int8(own, whole, words(target, last - first))
            else:
                values, row = floats(own + FACTORS, FOUR), floats(x + 4 * t * inner, inner)
                for i in range(FOUR):
                    values[i] = row[numbers[at + i]] if at + i < found else ZERO
                if kind == FLOAT32:
                    four_float32(own, whole, target)
                elif kind == BFLOAT16:
                    four_bfloat16(own, whole, target)
                else:
                    four_float16(own, whole, target)
                add_rest(kind, own, whole, floats(target, last - first))
        if kind == INT8:
            scale_sums(target, whole, units[t], scale + 4 * first)
            scale_rest(target, floats(scale + 4 * first, last - first), units[t], whole)


@kernel
def name_four(base: Any, stride: Any, numbers: Any, at: Any, own: Any) -> Any:
    """The rows that are next and those after them; where there are no more, the last one again."""
    places, end = integers(own, 2 * FOUR), numbers.shape[0] - 1
    for i in range(2 * FOUR):
        places[i] = base + stride * np.int64(numbers[min(at + i, end)])


@kernel
def add_rest(kind: Any, own: Any, whole: Any, target: Any) -> Any:
    places, values = integers(own, FOUR), floats(own + FACTORS, FOUR)
    for n in range(whole, target.shape[0]):
        for i in range(FOUR):
            target[n] += values[i] * weight_at(kind, places[i] + bytes_each(kind) * n)


@kernel
def add_rest_int8(own: Any, whole: Any, target: Any) -> Any:
    places, values = integers(own, FOUR), shorts(own + FACTORS, FOUR)
    for n in range(whole, target.shape[0]):
        for i in range(FOUR):
            target[n] += np.int32(values[i]) * np.int32(signed_bytes(places[i] + n, 1)[0])


@kernel
def scale_rest(target: Any, scale: Any, unit: Any, whole: Any) -> Any:
    sums, scaled = words(target, scale.shape[0]), floats(target, scale.shape[0])
    for n in range(whole, scale.shape[0]):
        scaled[n] = np.float32(sums[n]) * unit * scale[n]


# Many rows: for each PANEL_INPUTS of all rows their values, one row behind the other, and beside them how many each row has
# and where their rows of the panel lie (uint16)


@kernel
def values_of(count: Any) -> Any:
    """Bytes for the values of PANEL_INPUTS inputs of all rows; the last row may write one too many."""
    return 4 * (count * PANEL_INPUTS + 1)


@kernel
def places_of(count: Any) -> Any:
    """Bytes for where their rows lie."""
    return (2 * (count * (PANEL_INPUTS + 1) + 1) + 3) // 4 * 4


@kernel
def panels_of(inner: Any) -> Any:
    return (inner + PANEL_INPUTS - 1) // PANEL_INPUTS


@kernel
def sparse_shared_words(count: Any, inner: Any) -> Any:
    """32-bit numbers of memory that listing needs."""
    return max(few_words(min(count, FEW), inner), panels_of(inner) * (values_of(count) + places_of(count)) // 4)


@kernel
def sparse_own_words(count: Any) -> Any:
    """32-bit numbers of memory that each thread needs."""
    return PANEL_COLUMNS * (PANEL_INPUTS + count) + SCRATCH // 4


@kernel
def list_many(x: Any, count: Any, inner: Any, shared: Any) -> Any:
    """Writes the lists of all rows, panel by panel."""
    for panel in range(panels_of(inner)):
        values, places = lists_at(panel, count, inner, shared)
        begin = panel * PANEL_INPUTS
        for t in range(count):
            row = x + 4 * (t * inner + begin)
            found = list_inputs(row, min(PANEL_INPUTS, inner - begin), values, places + 2)
            halves(places, 1)[0] = found
            values, places = values + 4 * found, places + 2 + 2 * found


@kernel
def lists_at(panel: Any, count: Any, inner: Any, shared: Any) -> Any:
    return shared + values_of(count) * panel, shared + values_of(count) * panels_of(inner) + places_of(count) * panel


@kernel
def add_many(
    kind: Any,
    weight: Any,
    scale: Any,
    y: Any,
    count: Any,
    inner: Any,
    outer: Any,
    first: Any,
    last: Any,
    shared: Any,
    own: Any,
) -> Any:
    size, sums = bytes_each(kind), own + 4 * PANEL_COLUMNS * PANEL_INPUTS
    for start in range(first, last, PANEL_COLUMNS):
        found = min(PANEL_COLUMNS, last - start)
        clear(floats(sums, count * PANEL_COLUMNS))
        for panel in range(panels_of(inner)):
            begin = panel * PANEL_INPUTS
            pack_panel(
                kind, weight + size * (begin * outer + start), outer, found, min(PANEL_INPUTS, inner - begin), own
            )
            n, k = start, begin + PANEL_INPUTS
            if k >= inner:
                n, k = start + PANEL_COLUMNS, 0
            ahead, many = weight + size * (k * outer + n), min(PANEL_INPUTS, inner - k) if n < last else 0
            add_panel(panel, count, inner, found, own, sums, ahead, size * outer, many, size * found, shared)
        write_sums(kind, sums, scale, y, count, outer, start, found)


@kernel
def pack_panel(kind: Any, weight: Any, outer: Any, found: Any, depth: Any, panel: Any) -> Any:
    """`found` columns of `depth` rows of W as float32, and zeros to make a whole row of the panel."""
    size = bytes_each(kind)
    for k in range(depth):
        source, target = weight + size * outer * k, panel + 4 * PANEL_COLUMNS * k
        if found < PANEL_COLUMNS:
            widen_some(kind, source, found, floats(target, PANEL_COLUMNS))
        elif kind == FLOAT32:
            row_float32(source, target)
        elif kind == BFLOAT16:
            row_bfloat16(source, target)
        elif kind == FLOAT16:
            row_float16(source, target)
        else:
            row_int8(source, target)


@kernel
def widen_some(kind: Any, source: Any, found: Any, target: Any) -> Any:
    for n in range(PANEL_COLUMNS):
        target[n] = weight_at(kind, source + bytes_each(kind) * n) if n < found else ZERO


@kernel
def add_panel(
    panel: Any,
    count: Any,
    inner: Any,
    columns: Any,
    weights: Any,
    sums: Any,
    ahead: Any,
    stride: Any,
    many: Any,
    size: Any,
    shared: Any,
) -> Any:
    """What each row needs of a panel. Meanwhile the next one is on its way: `size` bytes of `many` rows of W."""
    values, places = lists_at(panel, count, inner, shared)
    asked = 0
    for t in range(count):
        while asked * count < many * (t + 1):
            fetch_lines(ahead + stride * asked, size)
            asked += 1
        found, row = np.int64(halves(places, 1)[0]), sums + 4 * PANEL_COLUMNS * t
        if columns > 64:
            add_listed_96(values, places + 2, found, weights, row)
        elif columns > 32:
            add_listed_64(values, places + 2, found, weights, row)
        else:
            add_listed_32(values, places + 2, found, weights, row)
        values, places = values + 4 * found, places + 2 + 2 * found


@kernel
def write_sums(kind: Any, sums: Any, scale: Any, y: Any, count: Any, outer: Any, start: Any, found: Any) -> Any:
    for t in range(count):
        fetch_lines(y + 4 * (min(t + EARLY, count - 1) * outer + start), 4 * found)
        target, row = y + 4 * (t * outer + start), sums + 4 * PANEL_COLUMNS * t
        if kind == INT8:
            scale_some(floats(target, found), floats(row, found), floats(scale + 4 * start, found))
        elif found == PANEL_COLUMNS:
            row_float32(row, target)
        else:
            copy(floats(target, found), floats(row, found))
