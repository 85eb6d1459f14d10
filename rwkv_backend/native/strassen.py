"""Products of large float matrices with seven products of their halves instead of eight, after V. Strassen (1969).

    x = [x0 x1]    Wᵀ = [w0 w1]    y = [y0 y1]
        [x2 x3]         [w2 w3]        [y2 y3]

    p0 = (x0 + x3)(w0 + w3)    p1 = (x2 + x3) w0    p2 = x0 (w1 − w3)    p3 = x3 (w2 − w0)
    p4 = (x0 + x1) w3          p5 = (x2 − x0)(w0 + w1)                   p6 = (x1 − x3)(w2 + w3)

    y0 = p0 + p3 − p4 + p6     y1 = p2 + p4     y2 = p1 + p3     y3 = p0 − p1 + p2 + p5

Sums of x are taken while tiles are packed, sums of weights while a tile uses them first: weights are held once, as they are,
and read once for all seven products. An entry of y is off by some units in the last place of |x|·|w|, where |x| is the length
of the longer of the two rows that are added, and |w| of the two rows of W; and if one row holds what is no number, so does
the other in the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import floats
from rwkv_backend.native.codes import BFLOAT16, BLOCK, FLOAT16, FLOAT32
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.rows import copy
from rwkv_backend.native.tile_vectors import (
    TILE_COLUMNS,
    TILE_ROWS,
    fetch_lines,
    interleave_differences,
    interleave_eight,
    interleave_sums,
    tile_float32,
    tile_for_two,
    tile_of_sums,
)
from rwkv_backend.native.tiles import DEPTH, bytes_a_weight, clear, turn_eight, write_out

FEWEST, SHORTEST = 256, 768
"""Rows of x, and rows and columns of W, from which on it pays."""

NONE = -1
OF_X = np.array([[0, 3, 1], [2, 3, 1], [0, NONE, 0], [3, NONE, 0], [0, 1, 1], [2, 0, -1], [1, 3, -1]])
OF_W = np.array([[0, 3, 1], [0, NONE, 0], [1, 3, -1], [2, 0, -1], [3, NONE, 0], [0, 1, 1], [2, 3, 1]])
"""The quarters in each product, and the sign of the second."""

OF_Y = np.array(
    [[0, 3, 1, 1], [2, 3, 1, -1], [1, 3, 1, 1], [0, 2, 1, 1], [0, 1, -1, 1], [3, NONE, 1, 0], [0, NONE, 1, 0]]
)
"""The quarters of y that each product goes into, and its signs there."""

SLICE = 2048
"""Columns of x and of W that are multiplied, all halves of them, before the next: all sums of their x fit the third cache."""

PANELS = 5
"""Sixteen columns of each quarter of the weights, and of a sum of two quarters."""


@kernel
def pays(kind: Any, count: Any, inner: Any, outer: Any) -> Any:
    """Whether a product is large enough, and of numbers that can be halved."""
    known = kind in (FLOAT32, BFLOAT16, FLOAT16)
    large = count >= FEWEST and inner >= SHORTEST and outer >= SHORTEST
    return known and large and inner % 16 == 0 and outer % BLOCK == 0


@kernel
def half_tiles(count: Any) -> Any:
    """Tiles in a half of the rows; the second half may have fewer rows, and is filled up with zeros."""
    return (count + 2 * TILE_ROWS - 1) // (2 * TILE_ROWS)


@kernel
def strassen_shared_words(count: Any, inner: Any) -> Any:
    return 7 * half_tiles(count) * TILE_ROWS * (inner // 2) + 2 * TILE_ROWS * (min(inner, SLICE) // 2)


@kernel
def strassen_own_words(count: Any) -> Any:
    return TILE_COLUMNS * (PANELS * DEPTH + TILE_ROWS * (4 * half_tiles(count) + 1))


@kernel
def pack_halves(x: Any, count: Any, inner: Any, packed: Any) -> Any:
    """The x of each product, slice by slice, one product after the other, each as `tiles.pack_inputs` would pack it."""
    tiles = half_tiles(count)
    spare = packed + 4 * 7 * tiles * TILE_ROWS * (inner // 2)
    for left in range(0, inner, SLICE):
        half = min(SLICE, inner - left) // 2
        for product in range(7):
            for tile in range(tiles):
                target = packed + 4 * TILE_ROWS * tiles * (7 * (left // 2) + product * half)
                pack_tile(x + 4 * left, count, inner, half, product, tile, target, spare)


@kernel
def pack_tile(x: Any, count: Any, inner: Any, half: Any, product: Any, tile: Any, packed: Any, spare: Any) -> Any:
    a, wide = six_rows(x, count, inner, half, OF_X[product, 0], tile, spare)
    b, other, sign = a, wide, OF_X[product, 2]
    if sign != 0:
        b, other = six_rows(x, count, inner, half, OF_X[product, 1], tile, spare + 4 * TILE_ROWS * half)
    if other != wide:  # one of them was copied
        a, wide = (copy_rows(a, wide, half, TILE_ROWS, spare), half) if wide != half else (a, wide)
        second = spare + 4 * TILE_ROWS * half
        b, other = (copy_rows(b, other, half, TILE_ROWS, second), half) if other != half else (b, other)
    for begin in range(0, half, DEPTH):
        depth = min(DEPTH, half - begin)
        target = packed + 4 * TILE_ROWS * (half_tiles(count) * begin + tile * depth)
        for i in range(0, depth, 8):
            at, place = 4 * (begin + i), target + 4 * TILE_ROWS * i
            if sign == 0:
                interleave_eight(a + at, 4 * wide, place)
            elif sign > 0:
                interleave_sums(a + at, b + at, 4 * wide, place)
            else:
                interleave_differences(a + at, b + at, 4 * wide, place)


@kernel
def six_rows(x: Any, count: Any, inner: Any, half: Any, quarter: Any, tile: Any, spare: Any) -> Any:
    """Where a tile's rows of a quarter of x lie, and how many numbers apart: with zeros in `spare` if x ends before them."""
    row = (tile + quarter // 2 * half_tiles(count)) * TILE_ROWS
    source = x + 4 * (row * inner + quarter % 2 * half)
    if row + TILE_ROWS <= count:
        return source, inner
    return copy_rows(source, inner, half, max(0, count - row), spare), half


@kernel
def copy_rows(source: Any, stride: Any, half: Any, many: Any, target: Any) -> Any:
    """`many` rows of `half` numbers, `stride` numbers apart, and zeros to make six, one behind the other."""
    for r in range(TILE_ROWS):
        row = floats(target + 4 * half * r, half)
        if r < many:
            copy(row, floats(source + 4 * stride * r, half))
        else:
            clear(row)
    return target


@kernel
def by_strassen(
    kind: Any,
    weight: Any,
    y: Any,
    count: Any,
    inner: Any,
    outer: Any,
    first: Any,
    last: Any,
    packed: Any,
    own: Any,
) -> Any:
    """Columns first/2 … last/2 of both halves of y: whoever shares the work takes as many as from another product."""
    tiles, size = half_tiles(count), bytes_a_weight(kind)
    stride = size * inner
    words = TILE_COLUMNS * TILE_ROWS * tiles
    panels, quarters = own, own + 4 * PANELS * TILE_COLUMNS * DEPTH
    for left in range(0, inner, SLICE):
        half = min(SLICE, inner - left) // 2
        for start in range(first // 2, last // 2, TILE_COLUMNS):
            clear(floats(quarters, 4 * words))
            for begin in range(0, half, DEPTH):
                depth = min(DEPTH, half - begin)
                n, k = (start, begin + DEPTH) if begin + DEPTH < half else (start + TILE_COLUMNS, 0)
                to_right, to_down = size * half, stride * (outer // 2)
                now, ahead = weight + stride * start + size * (left + begin), weight + stride * n + size * (left + k)
                pack_quarters(kind, now, stride, to_right, to_down, depth, panels)
                for product in range(7):
                    fetch = size * min(DEPTH, half - k) if product == 6 and n < last // 2 else 0
                    a = packed + 4 * TILE_ROWS * tiles * (7 * (left // 2) + product * half + begin)
                    run_product(product, a, panels, quarters, tiles, depth, ahead, stride, to_right, to_down, fetch)
            for quarter in range(4):
                above, column = quarter // 2 * TILE_ROWS * tiles, start + quarter % 2 * (outer // 2)
                found, target = min(TILE_ROWS * tiles, count - above), y + 4 * above * outer
                write_out(quarters + 4 * words * quarter, target, found, outer, column, TILE_COLUMNS, left > 0)


@kernel
def run_product(
    product: Any,
    a: Any,
    panels: Any,
    quarters: Any,
    tiles: Any,
    depth: Any,
    ahead: Any,
    stride: Any,
    to_right: Any,
    to_down: Any,
    fetch: Any,
) -> Any:
    """One product into its quarters. Meanwhile the next weights are on their way: `fetch` bytes of each row in all quarters.

    Only the last product asks for them: what was fetched before would have left the second cache again.
    """
    size, panel = 4 * TILE_ROWS * TILE_COLUMNS, 4 * TILE_COLUMNS * depth
    c, d = quarters + size * tiles * OF_Y[product, 0], quarters + size * tiles * OF_Y[product, 1]
    of_c, of_d = np.float32(OF_Y[product, 2]), np.float32(OF_Y[product, 3])
    b, begin = panels + panel * OF_W[product, 0], 0
    if OF_W[product, 1] != NONE:
        summand, sign = panels + panel * OF_W[product, 1], np.float32(OF_W[product, 2])
        first_tile, summed, begin = quarters + 4 * size * tiles, panels + 4 * panel, 1
        tile_of_sums(a, b, summand, sign, depth, summed, first_tile)
        add_tile(first_tile, of_c, c)
        if OF_Y[product, 1] != NONE:
            add_tile(first_tile, of_d, d)
        b = summed
    many, asked = 4 * TILE_COLUMNS if fetch else 0, 0
    for tile in range(begin, tiles):
        while asked * tiles < many * (tile + 1):
            quarter, row = asked // TILE_COLUMNS, asked % TILE_COLUMNS
            fetch_lines(quarter_at(ahead, quarter, to_right, to_down) + stride * row, fetch)
            asked += 1
        x = a + 4 * TILE_ROWS * tile * depth
        if OF_Y[product, 1] == NONE:
            tile_float32(x, b, depth, c + size * tile)
        else:
            tile_for_two(x, b, depth, c + size * tile, of_c, d + size * tile, of_d)


@kernel
def add_tile(tile: Any, sign: Any, target: Any) -> Any:
    numbers, sums = floats(tile, TILE_ROWS * TILE_COLUMNS), floats(target, TILE_ROWS * TILE_COLUMNS)
    for i in range(TILE_ROWS * TILE_COLUMNS):
        sums[i] += sign * numbers[i]


@kernel
def quarter_at(weight: Any, quarter: Any, to_right: Any, to_down: Any) -> Any:
    """The same place in another quarter of Wᵀ as in the first; W holds its columns as rows."""
    return weight + quarter % 2 * to_down + quarter // 2 * to_right


@kernel
def pack_quarters(kind: Any, weight: Any, stride: Any, to_right: Any, to_down: Any, depth: Any, panels: Any) -> Any:
    """Each of the four by itself, as `tiles.pack_panels` would pack it: weights are read once, in the order they lie in."""
    size = bytes_a_weight(kind)
    for quarter in range(4):
        for half in range(2):
            rows = quarter_at(weight, quarter, to_right, to_down) + 8 * half * stride
            panel = panels + 4 * TILE_COLUMNS * depth * quarter + 32 * half
            for i in range(0, depth, 8):
                turn_eight(kind, rows + size * i, stride, panel + 4 * TILE_COLUMNS * i)
