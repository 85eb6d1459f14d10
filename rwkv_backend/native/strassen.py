"""Products of large float matrices with seven products of their halves instead of eight, after V. Strassen (1969).

    x = [x0 x1]    Wᵀ = [w0 w1]    y = [y0 y1]
        [x2 x3]         [w2 w3]        [y2 y3]

    p0 = (x0 + x3)(w0 + w3)    p1 = (x2 + x3) w0    p2 = x0 (w1 − w3)    p3 = x3 (w2 − w0)
    p4 = (x0 + x1) w3          p5 = (x2 − x0)(w0 + w1)                   p6 = (x1 − x3)(w2 + w3)

    y0 = p0 + p3 − p4 + p6     y1 = p2 + p4     y2 = p1 + p3     y3 = p0 − p1 + p2 + p5

Sums and differences are taken while tiles are packed, so weights are held once, as they are. An entry of y is off by some
units in the last place of |x|·|w|, where |x| is the length of the longer of the two rows that are added, and |w| of the two
rows of W; and if one row holds what is no number, so does the other in the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import floats
from rwkv_backend.native.codes import BLOCK
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.rows import copy
from rwkv_backend.native.stored import BFLOAT16, FLOAT16, FLOAT32
from rwkv_backend.native.tile_vectors import (
    TILE_COLUMNS,
    TILE_ROWS,
    fetch_lines,
    interleave_differences,
    interleave_eight,
    interleave_sums,
    tile_float32,
    tile_for_two,
    turn_difference_bfloat16,
    turn_difference_float16,
    turn_difference_float32,
    turn_sum_bfloat16,
    turn_sum_float16,
    turn_sum_float32,
)
from rwkv_backend.native.tiles import DEPTH, TOGETHER, bytes_a_weight, clear, turn_eight, write_out

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

WIDTH = 2
"""Panels of sixteen columns at a time: then all quarters of their weights and sums fit the second cache."""

COLUMNS = WIDTH * TILE_COLUMNS


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
    return (7 * half_tiles(count) + 2) * TILE_ROWS * (inner // 2)


@kernel
def strassen_own_words(count: Any) -> Any:
    return COLUMNS * (DEPTH + 4 * TILE_ROWS * half_tiles(count))


@kernel
def pack_halves(x: Any, count: Any, inner: Any, packed: Any) -> Any:
    """The x of each product, one product after the other, each as `tiles.pack_inputs` would pack it."""
    half, tiles = inner // 2, half_tiles(count)
    size = 4 * TILE_ROWS * half
    spare = packed + 7 * tiles * size
    for product in range(7):
        for tile in range(tiles):
            a, wide = six_rows(x, count, inner, OF_X[product, 0], tile, spare)
            b, other = (
                six_rows(x, count, inner, OF_X[product, 1], tile, spare + size) if OF_X[product, 2] else (a, wide)
            )
            if other != wide:  # one of them was copied
                a, wide = (copy_rows(a, wide, half, TILE_ROWS, spare), half) if wide != half else (a, wide)
                b, other = (copy_rows(b, other, half, TILE_ROWS, spare + size), half) if other != half else (b, other)
            for begin in range(0, half, DEPTH):
                depth = min(DEPTH, half - begin)
                target = packed + size * product * tiles + 4 * TILE_ROWS * (tiles * begin + tile * depth)
                for i in range(0, depth, 8):
                    at, place = 4 * (begin + i), target + 4 * TILE_ROWS * i
                    if OF_X[product, 2] == 0:
                        interleave_eight(a + at, 4 * wide, place)
                    elif OF_X[product, 2] > 0:
                        interleave_sums(a + at, b + at, 4 * wide, place)
                    else:
                        interleave_differences(a + at, b + at, 4 * wide, place)


@kernel
def six_rows(x: Any, count: Any, inner: Any, quarter: Any, tile: Any, spare: Any) -> Any:
    """Where a tile's rows of a quarter of x lie, and how many numbers apart: with zeros in `spare` if x ends before them."""
    half, row = inner // 2, (tile + quarter // 2 * half_tiles(count)) * TILE_ROWS
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
    half, tiles = inner // 2, half_tiles(count)
    words = COLUMNS * TILE_ROWS * tiles
    panels, quarters = own, own + 4 * COLUMNS * DEPTH
    for start in range(first // 2, last // 2, COLUMNS):
        clear(floats(quarters, 4 * words))
        for begin in range(0, half, DEPTH):
            depth = min(DEPTH, half - begin)
            n, k = (start, begin + DEPTH) if begin + DEPTH < half else (start + COLUMNS, 0)
            for product in range(7):
                pack_combined(kind, weight, inner, outer, product, start, begin, depth, panels)
                a_seventh = product if n < last // 2 else NONE
                a = packed + 4 * TILE_ROWS * (product * tiles * half + tiles * begin)
                run_product(kind, weight, inner, outer, product, a, panels, quarters, tiles, depth, n, k, a_seventh)
        for quarter in range(4):
            above, column = quarter // 2 * TILE_ROWS * tiles, start + quarter % 2 * (outer // 2)
            found = min(TILE_ROWS * tiles, count - above)
            write_out(quarters + 4 * words * quarter, y + 4 * above * outer, found, outer, column, COLUMNS)


@kernel
def run_product(
    kind: Any,
    weight: Any,
    inner: Any,
    outer: Any,
    product: Any,
    a: Any,
    panels: Any,
    quarters: Any,
    tiles: Any,
    depth: Any,
    n: Any,
    k: Any,
    a_seventh: Any,
) -> Any:
    """One product into its quarters. Meanwhile a seventh of the weights that come next, from (n, k) on, is on its way."""
    words = COLUMNS * TILE_ROWS * tiles
    first, second = OF_Y[product, 0], OF_Y[product, 1]
    of_first, of_second = np.float32(OF_Y[product, 2]), np.float32(OF_Y[product, 3])
    size = bytes_a_weight(kind)
    asked, done, calls = 0, 0, tiles * WIDTH
    begin_rows, end_rows = 4 * COLUMNS * a_seventh // 7, 4 * COLUMNS * (a_seventh + 1) // 7
    for begin in range(0, tiles, TOGETHER):
        for p in range(WIDTH):
            b = panels + 4 * TILE_COLUMNS * p * depth
            for tile in range(begin, min(tiles, begin + TOGETHER)):
                done += 1
                while a_seventh != NONE and asked * calls < (end_rows - begin_rows) * done:
                    row = begin_rows + asked
                    place = quarter_at(weight, size, inner, outer, row // COLUMNS, n + row % COLUMNS, k)
                    fetch_lines(place, size * min(DEPTH, inner // 2 - k))
                    asked += 1
                at = 4 * TILE_ROWS * TILE_COLUMNS * (tile * WIDTH + p)
                inputs, c = a + 4 * TILE_ROWS * tile * depth, quarters + 4 * words * first + at
                if second == NONE:
                    tile_float32(inputs, b, depth, c)
                else:
                    d = quarters + 4 * words * second + at
                    tile_for_two(inputs, b, depth, c, of_first, d, of_second)


@kernel
def quarter_at(weight: Any, size: Any, inner: Any, outer: Any, quarter: Any, n: Any, k: Any) -> Any:
    """Where a quarter of Wᵀ lies, from its column n and row k on."""
    return weight + size * ((n + quarter % 2 * (outer // 2)) * inner + k + quarter // 2 * (inner // 2))


@kernel
def pack_combined(
    kind: Any, weight: Any, inner: Any, outer: Any, product: Any, n: Any, begin: Any, depth: Any, panels: Any
) -> Any:
    size, sign = bytes_a_weight(kind), OF_W[product, 2]
    a = quarter_at(weight, size, inner, outer, OF_W[product, 0], n, begin)
    b = quarter_at(weight, size, inner, outer, OF_W[product, 1], n, begin) if sign != 0 else a
    for eight in range(COLUMNS // 8):
        row = size * inner * 8 * eight
        panel = panels + 4 * TILE_COLUMNS * depth * (eight // 2) + 32 * (eight % 2)
        for i in range(0, depth, 8):
            turn_combined(kind, sign, a + row + size * i, b + row + size * i, size * inner, panel + 64 * i)


@kernel
def turn_combined(kind: Any, sign: Any, a: Any, b: Any, stride: Any, target: Any) -> Any:
    if sign == 0:
        turn_eight(kind, a, stride, target)
    elif sign > 0:
        if kind == FLOAT32:
            turn_sum_float32(a, b, stride, target)
        elif kind == BFLOAT16:
            turn_sum_bfloat16(a, b, stride, target)
        else:
            turn_sum_float16(a, b, stride, target)
    elif kind == FLOAT32:
        turn_difference_float32(a, b, stride, target)
    elif kind == BFLOAT16:
        turn_difference_bfloat16(a, b, stride, target)
    else:
        turn_difference_float16(a, b, stride, target)
