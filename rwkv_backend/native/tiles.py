"""Products of many rows: tiles of 6 × 16 from packed copies, so that each weight that was fetched is used many times.

Inputs are packed once a product (`pack_inputs`), weights panel by panel of sixteen rows of W while they are used. A step of a
tile is one column of W. int8 has tiles of its own, in `byte_tiles.py`.
"""

from __future__ import annotations

from typing import Any

from rwkv_backend.native.addresses import floats, halves, rows, words
from rwkv_backend.native.codes import BFLOAT16, FLOAT32, INT4, INT4_WIDE, TABLE
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.rows import copy
from rwkv_backend.native.stored import GROUP, ZERO, unpack_int4
from rwkv_backend.native.tile_vectors import (
    TILE_COLUMNS,
    TILE_ROWS,
    add_sixteen,
    copy_sixteen,
    fetch_lines,
    interleave_eight,
    tile_float32,
    turn_bfloat16,
    turn_float16,
    turn_float32,
)
from rwkv_backend.native.vectors import from_bfloat16, from_float16

DEPTH = 256
"""Steps of a tile that are packed at a time: what belongs to sixteen columns then takes half of the first cache."""

ABREAST = 4
"""Panels of sixteen columns packed at a time."""

EARLY = 12
"""Rows of y that are fetched ahead of being written."""

TOGETHER = 24
"""Tiles whose inputs are used by all these panels before the next: together they fit the second cache."""


@kernel
def tiles_for(count: Any) -> Any:
    return (count + TILE_ROWS - 1) // TILE_ROWS


@kernel
def tile_shared_words(count: Any, inner: Any) -> Any:
    return TILE_ROWS * tiles_for(count) * inner


@kernel
def tile_own_words(count: Any) -> Any:
    return ABREAST * TILE_COLUMNS * (DEPTH + tiles_for(count) * TILE_ROWS) + TILE_COLUMNS * (DEPTH + GROUP)


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
    packed: Any,
    own: Any,
) -> Any:
    tiles = tiles_for(count)
    panels, sums = own, own + 4 * ABREAST * TILE_COLUMNS * DEPTH
    unpacked = sums + 4 * ABREAST * TILE_COLUMNS * TILE_ROWS * tiles
    for start in range(first, last, ABREAST * TILE_COLUMNS):
        found = min(ABREAST * TILE_COLUMNS, last - start)
        width = (found + TILE_COLUMNS - 1) // TILE_COLUMNS
        clear(floats(sums, width * tiles * TILE_ROWS * TILE_COLUMNS))
        for begin in range(0, inner, DEPTH):
            depth = min(DEPTH, inner - begin)
            pack_panels(kind, weight, scale, low, inner, outer, start, found, begin, depth, panels, unpacked)
            size, n, k = bytes_a_weight(kind), start, begin + DEPTH
            if k >= inner:
                n, k = start + ABREAST * TILE_COLUMNS, 0
            ahead, many = weight + size * (n * inner + k), max(0, min(ABREAST * TILE_COLUMNS, last - n))
            bytes_ahead = size * min(DEPTH, inner - k)
            a = packed + 4 * TILE_ROWS * tiles * begin
            run_tiles(a, panels, sums, tiles, width, depth, ahead, size * inner, many if size else 0, bytes_ahead)
        write_out(sums, y, count, outer, start, found, False)


@kernel
def bytes_a_weight(kind: Any) -> Any:
    """0 where weights do not lie in rows of whole numbers of bytes; such are not fetched ahead."""
    if kind == FLOAT32:
        return 4
    return 0 if kind in (INT4, INT4_WIDE, TABLE) else 2


@kernel
def clear(target: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = ZERO


@kernel
def pack_inputs(x: Any, count: Any, inner: Any, packed: Any) -> Any:
    """By blocks of DEPTH steps, in them by tiles, in them by steps: six numbers beside one another."""
    tiles = tiles_for(count)
    for tile in range(tiles):
        first = tile * TILE_ROWS
        found = min(TILE_ROWS, count - first)
        source = x + 4 * inner * first
        for begin in range(0, inner, DEPTH):
            depth = min(DEPTH, inner - begin)
            target = packed + 4 * TILE_ROWS * (tiles * begin + tile * depth)
            if found == TILE_ROWS:
                interleave_six(source + 4 * begin, inner, target, depth)
            else:
                interleave_some(source + 4 * begin, inner, words(target, TILE_ROWS * depth), depth, found)


@kernel
def interleave_six(source: Any, stride: Any, target: Any, depth: Any) -> Any:
    """Eight steps at a time, and the rest."""
    whole = depth // 8 * 8
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
    """Sixteen rows of W to a panel, by steps: their sixteen numbers beside one another."""
    for at in range(0, many, TILE_COLUMNS):
        panel = panels + 4 * at * depth
        found = min(TILE_COLUMNS, many - at)
        if kind == TABLE:
            pack_table(rows(weight, inner, outer), start + at, found, begin, rows(panel, depth, TILE_COLUMNS))
        elif kind in (INT4, INT4_WIDE):
            groups = (inner + GROUP - 1) // GROUP
            for n in range(found):
                target = floats(unpacked + 4 * n * DEPTH, DEPTH)
                last = min(groups, (begin + depth + GROUP - 1) // GROUP)
                unpack_int4(kind, weight, scale, low, start + at + n, groups, begin // GROUP, last, target)
            pack_rows(FLOAT32, unpacked, DEPTH, 0, 0, found, depth, panel)
        else:
            pack_rows(kind, weight, inner, start + at, begin, found, depth, panel)


@kernel
def pack_table(table: Any, n: Any, found: Any, begin: Any, target: Any) -> Any:
    for i in range(target.shape[0]):
        if found == TILE_COLUMNS:
            for c in range(TILE_COLUMNS):
                target[i, c] = table[begin + i, n + c]
        else:
            for c in range(TILE_COLUMNS):
                target[i, c] = table[begin + i, n + c] if c < found else ZERO


@kernel
def pack_rows(kind: Any, weight: Any, stride: Any, n: Any, begin: Any, found: Any, depth: Any, panel: Any) -> Any:
    """`found` rows from row n on, `depth` steps from step `begin` on."""
    size = bytes_a_weight(kind)
    whole = depth // 8 * 8 if found == TILE_COLUMNS else 0
    for half in range(2):
        source = weight + size * ((n + 8 * half) * stride + begin)
        for i in range(0, whole, 8):
            turn_eight(kind, source + size * i, stride * size, panel + 64 * i + 32 * half)
    if whole < depth:
        pack_slowly(kind, weight, stride, n, begin + whole, found, depth - whole, panel + 64 * whole)


@kernel
def turn_eight(kind: Any, source: Any, stride: Any, target: Any) -> Any:
    if kind == FLOAT32:
        turn_float32(source, stride, target)
    elif kind == BFLOAT16:
        turn_bfloat16(source, stride, target)
    else:
        turn_float16(source, stride, target)


@kernel
def pack_slowly(kind: Any, weight: Any, stride: Any, n: Any, begin: Any, found: Any, depth: Any, panel: Any) -> Any:
    """The edges of a matrix: number by number."""
    for i in range(depth):
        for c in range(TILE_COLUMNS):
            place, at = panel + 64 * i + 4 * c, (n + c) * stride + begin + i
            if c >= found:
                floats(place, 1)[0] = ZERO
            elif kind == FLOAT32:
                floats(place, 1)[0] = floats(weight + 4 * at, 1)[0]
            else:
                stored = halves(weight + 2 * at, 1)[0]
                floats(place, 1)[0] = from_bfloat16(stored) if kind == BFLOAT16 else from_float16(stored)


@kernel
def run_tiles(
    packed: Any,
    panels: Any,
    sums: Any,
    tiles: Any,
    width: Any,
    depth: Any,
    ahead: Any,
    stride: Any,
    many: Any,
    size: Any,
) -> Any:
    """A panel stays in the first cache while tiles pass by, and they stay in the second while the panels take turns.

    Meanwhile the weights of the next panels are on their way: `many` rows of `size` bytes, `stride` apart, from `ahead` on.
    """
    asked, done, calls = 0, 0, tiles * width
    for begin in range(0, tiles, TOGETHER):
        for p in range(width):
            b = panels + 4 * TILE_COLUMNS * p * depth
            for tile in range(begin, min(tiles, begin + TOGETHER)):
                done += 1
                while asked * calls < many * done:
                    fetch_lines(ahead + asked * stride, size)
                    asked += 1
                c = sums + 4 * TILE_ROWS * TILE_COLUMNS * (tile * width + p)
                tile_float32(packed + 4 * TILE_ROWS * tile * depth, b, depth, c)


@kernel
def write_out(sums: Any, y: Any, count: Any, outer: Any, start: Any, many: Any, more: Any) -> Any:
    """The sums of `count` rows to columns start … start + many of y; with `more` added to what is there, in whole panels."""
    width = (many + TILE_COLUMNS - 1) // TILE_COLUMNS
    for t in range(count):
        fetch_lines(y + 4 * (min(t + EARLY, count - 1) * outer + start), 4 * many)
        tile, r = t // TILE_ROWS, t % TILE_ROWS
        for p in range(width):
            row = sums + 4 * TILE_COLUMNS * ((tile * width + p) * TILE_ROWS + r)
            place, found = y + 4 * (t * outer + start + p * TILE_COLUMNS), many - p * TILE_COLUMNS
            if more:
                add_sixteen(row, place, place)
            elif found >= TILE_COLUMNS:
                copy_sixteen(row, place)
            else:
                copy(floats(place, found), floats(row, found))
