"""Products of many rows: tiles of 6 × 16 from packed copies, so that each weight that was fetched is used many times.

Inputs are packed once a product (`pack_inputs`), weights panel by panel of sixteen rows of W while they are used. A step of a
tile is one column of W, or two of int8.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import floats, halves, rows, shorts, signed_bytes, words
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.stored import (
    BFLOAT16,
    FLOAT32,
    GROUP,
    INT4,
    INT4_WIDE,
    INT8,
    TABLE,
    ZERO,
    count_in,
    input_scale,
    unpack_int4,
)
from rwkv_backend.native.vectors import (
    TILE_COLUMNS,
    TILE_ROWS,
    from_bfloat16,
    from_float16,
    interleave_eight,
    tile_float32,
    tile_int16,
    turn_bfloat16,
    turn_float16,
    turn_float32,
    turn_int8,
)

DEPTH = 384
"""Steps of a tile that are packed at a time: what belongs to sixteen columns then fits the first cache."""

ABREAST = 4
"""Panels of sixteen columns packed at a time: together they fit the second cache."""


@kernel
def tile_steps(kind: Any, inner: Any) -> Any:
    return (inner + 1) // 2 if kind == INT8 else inner


@kernel
def by_tiles(
    kind: Any,
    weight: Any,
    scale: Any,
    low: Any,
    y: Any,
    count: Any,
    inner: Any,
    outer: Any,
    first: Any,
    last: Any,
    shared: Any,
    own: Any,
) -> Any:
    steps, tiles = tile_steps(kind, inner), (count + TILE_ROWS - 1) // TILE_ROWS
    packed, units = shared, shared + 4 * tiles * TILE_ROWS * steps
    panels, sums = own, own + 4 * ABREAST * TILE_COLUMNS * DEPTH
    unpacked = sums + 4 * ABREAST * TILE_COLUMNS * TILE_ROWS * tiles
    for start in range(first, last, ABREAST * TILE_COLUMNS):
        found = min(ABREAST * TILE_COLUMNS, last - start)
        width = (found + TILE_COLUMNS - 1) // TILE_COLUMNS
        clear(words(sums, width * tiles * TILE_ROWS * TILE_COLUMNS))
        for begin in range(0, steps, DEPTH):
            depth = min(DEPTH, steps - begin)
            pack_panels(kind, weight, scale, low, inner, outer, start, found, begin, depth, panels, unpacked)
            run_tiles(kind, packed + 4 * TILE_ROWS * tiles * begin, panels, sums, tiles, width, depth)
        write_out(kind, sums, floats(units, tiles * TILE_ROWS), scale, rows(y, count, outer), start, found, tiles)


@kernel
def clear(target: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = 0


@kernel
def pack_inputs(kind: Any, x: Any, count: Any, inner: Any, steps: Any, packed: Any, units: Any, counted: Any) -> Any:
    """By blocks of DEPTH steps, in them by tiles, in them by steps: six numbers (int8: six pairs) beside one another."""
    tiles = units.shape[0] // TILE_ROWS
    for tile in range(tiles):
        first = tile * TILE_ROWS
        found = min(TILE_ROWS, count - first)
        source = x + 4 * inner * first
        if kind == INT8:
            for r in range(found):
                entry, pairs = floats(source + 4 * inner * r, inner), shorts(counted + 4 * steps * r, 2 * steps)
                pairs[2 * steps - 1] = 0
                units[first + r] = input_scale(source + 4 * inner * r, inner)
                count_in(entry, units[first + r], pairs)
            source = counted
        for begin in range(0, steps, DEPTH):
            depth = min(DEPTH, steps - begin)
            target = packed + 4 * TILE_ROWS * (tiles * begin + tile * depth)
            if found == TILE_ROWS:
                interleave_six(source + 4 * begin, steps, target, depth)
            else:
                interleave_some(source + 4 * begin, steps, words(target, TILE_ROWS * depth), depth, found)


@kernel
def interleave_six(source: Any, stride: Any, target: Any, depth: Any) -> Any:
    """Eight steps at a time. The last are for `interleave_some`, which writes nothing beyond them."""
    whole = (depth - 1) // 8 * 8
    for i in range(0, whole, 8):
        interleave_eight(source + 4 * i, 4 * stride, target + 4 * TILE_ROWS * i)
    rest = depth - whole
    interleave_some(
        source + 4 * whole, stride, words(target + 4 * TILE_ROWS * whole, TILE_ROWS * rest), rest, TILE_ROWS
    )


@kernel
def interleave_some(source: Any, stride: Any, target: Any, depth: Any, found: Any) -> Any:
    """As many rows as there are left, and zeros."""
    for r in range(TILE_ROWS):
        if r < found:
            row = words(source + 4 * stride * r, depth)
            for i in range(depth):
                target[i * TILE_ROWS + r] = row[i]
        else:
            for i in range(depth):
                target[i * TILE_ROWS + r] = 0


@kernel
def pack_panels(
    kind: Any,
    weight: Any,
    scale: Any,
    low: Any,
    inner: Any,
    outer: Any,
    start: Any,
    many: Any,
    begin: Any,
    depth: Any,
    panels: Any,
    unpacked: Any,
) -> Any:
    """Sixteen rows of W to a panel, by steps: their sixteen numbers (int8: pairs) beside one another."""
    for at in range(0, many, TILE_COLUMNS):
        panel = panels + 4 * at * depth
        found = min(TILE_COLUMNS, many - at)
        if kind == TABLE:
            pack_table(rows(weight, inner, outer), start + at, found, begin, floats(panel, TILE_COLUMNS * depth))
            continue
        source, held, offset, stride = weight, kind, begin, inner
        if kind in (INT4, INT4_WIDE):
            groups = (inner + GROUP - 1) // GROUP
            for n in range(found):
                target = floats(unpacked + 4 * n * DEPTH, DEPTH)
                last = min(groups, (begin + depth + GROUP - 1) // GROUP)
                unpack_int4(kind, weight, scale, low, start + at + n, groups, begin // GROUP, last, target)
            pack_rows(FLOAT32, unpacked, DEPTH, 0, 0, found, depth, depth, panel)
        else:
            pack_rows(held, source, stride, start + at, offset, found, depth, inner, panel)


@kernel
def pack_table(table: Any, n: Any, found: Any, begin: Any, target: Any) -> Any:
    for i in range(target.shape[0] // TILE_COLUMNS):
        for c in range(TILE_COLUMNS):
            target[i * TILE_COLUMNS + c] = table[begin + i, n + c] if c < found else ZERO


@kernel
def pack_rows(
    kind: Any, weight: Any, stride: Any, n: Any, begin: Any, found: Any, depth: Any, inner: Any, panel: Any
) -> Any:
    """`found` rows from row n on, `depth` steps from step `begin` on."""
    size = 4 if kind == FLOAT32 else 2  # int8: two numbers of a byte make a step
    whole = 0
    if found == TILE_COLUMNS:
        whole = (min(depth, inner // 2 - begin) if kind == INT8 else depth) // 8 * 8
        row = stride if kind == INT8 else stride * size
        for half in range(2):
            source = weight + (n + 8 * half) * row + size * begin
            for i in range(0, whole, 8):
                turn_eight(kind, source + size * i, row, panel + 64 * i + 32 * half)
    if whole < depth:
        pack_slowly(kind, weight, stride, n, begin + whole, found, depth - whole, inner, panel + 64 * whole)


@kernel
def turn_eight(kind: Any, source: Any, stride: Any, target: Any) -> Any:
    if kind == FLOAT32:
        turn_float32(source, stride, target)
    elif kind == INT8:
        turn_int8(source, stride, target)
    elif kind == BFLOAT16:
        turn_bfloat16(source, stride, target)
    else:
        turn_float16(source, stride, target)


@kernel
def pack_slowly(
    kind: Any, weight: Any, stride: Any, n: Any, begin: Any, found: Any, depth: Any, inner: Any, panel: Any
) -> Any:
    """The edges of a matrix: number by number."""
    for i in range(depth):
        for c in range(TILE_COLUMNS):
            place, there = panel + 64 * i + 4 * c, c < found
            k = 2 * (begin + i) if kind == INT8 else begin + i
            at = (n + c) * stride + k
            if kind == INT8:
                pair = shorts(place, 2)
                pair[0] = signed_bytes(weight + at, 1)[0] if there else 0
                pair[1] = signed_bytes(weight + at + 1, 1)[0] if there and k + 1 < inner else 0
            elif not there:
                floats(place, 1)[0] = ZERO
            elif kind == FLOAT32:
                floats(place, 1)[0] = floats(weight + 4 * at, 1)[0]
            else:
                stored = halves(weight + 2 * at, 1)[0]
                floats(place, 1)[0] = from_bfloat16(stored) if kind == BFLOAT16 else from_float16(stored)


@kernel
def run_tiles(kind: Any, packed: Any, panels: Any, sums: Any, tiles: Any, width: Any, depth: Any) -> Any:
    """A panel stays in the first cache while all rows pass by."""
    for p in range(width):
        b = panels + 4 * TILE_COLUMNS * p * depth
        for tile in range(tiles):
            a = packed + 4 * TILE_ROWS * tile * depth
            c = sums + 4 * TILE_ROWS * TILE_COLUMNS * (tile * width + p)
            if kind == INT8:
                tile_int16(a, b, depth, c)
            else:
                tile_float32(a, b, depth, c)


@kernel
def write_out(kind: Any, sums: Any, units: Any, scale: Any, y: Any, start: Any, many: Any, tiles: Any) -> Any:
    width = (many + TILE_COLUMNS - 1) // TILE_COLUMNS
    for tile in range(tiles):
        for p in range(width):
            place = sums + 4 * TILE_ROWS * TILE_COLUMNS * (tile * width + p)
            n = start + p * TILE_COLUMNS
            found = min(TILE_COLUMNS, start + many - n)
            for r in range(min(TILE_ROWS, y.shape[0] - tile * TILE_ROWS)):
                t, row = tile * TILE_ROWS + r, place + 4 * TILE_COLUMNS * r
                if kind == INT8:
                    scales = floats(scale + 4 * n, found)
                    scale_out(y[t, n : n + found], words(row, found), scales, units[t])
                else:
                    copy_out(y[t, n : n + found], floats(row, found))


@kernel
def scale_out(target: Any, whole: Any, scales: Any, unit: Any) -> Any:
    for c in range(target.shape[0]):
        target[c] = np.float32(whole[c]) * (unit * scales[c])


@kernel
def copy_out(target: Any, sums: Any) -> Any:
    for c in range(target.shape[0]):
        target[c] = sums[c]
