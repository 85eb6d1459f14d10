"""Products of many rows with int8 weights: tiles of 4 × 16 bytes, which take half the time of float32 ones.

The inputs of a row are counted in bytes, BYTE_BLOCK inputs at a time: x ≈ low + unit · byte, so that

    Σ w·x ≈ unit · Σ w·byte + low · Σ w,

where the sums are exact. Bytes go from 0 to the block's `room`: as far as the weights allow, for sums of four products must
fit int16 (`largest_four`). That is 64 for the worst weights and 90 to 150 for usual ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import floats, signed_bytes
from rwkv_backend.native.byte_vectors import (
    BYTE_COLUMNS,
    BYTE_ROWS,
    BYTE_STEP,
    LARGEST_SHORT,
    MOST_ROOM,
    count_steps,
    find_extremes,
    interleave_four,
    largest_four,
    sum_panel,
    tile_bytes,
)
from rwkv_backend.native.codes import BYTE_BLOCK
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.stored import ZERO
from rwkv_backend.native.tile_vectors import fetch_lines, scale_sixteen, turn_float32
from rwkv_backend.native.tiles import EARLY, clear

SHORTEST = 192
"""Inputs in a row from which on they are counted in bytes. Matrices with fewer take no time, and keep 12 to 15 bits."""

STEPS = BYTE_BLOCK // BYTE_STEP
PANEL = 4 * BYTE_COLUMNS + STEPS * BYTE_STEP * BYTE_COLUMNS
"""Bytes of sixteen rows of W in a block: their sums, then their weights."""

HEAD = 8 * BYTE_ROWS
"""Bytes before those of a tile's inputs: a unit and a low for each row."""

TILE = HEAD + BYTE_ROWS * BYTE_BLOCK
TURNED = 32
"""Weights of a row that are turned at once."""

ABREAST = 8
"""Panels of sixteen columns packed at a time: together they fill the first cache."""


@kernel
def blocks_of(inner: Any) -> Any:
    return (inner + BYTE_BLOCK - 1) // BYTE_BLOCK


@kernel
def byte_tiles_for(count: Any) -> Any:
    return (count + BYTE_ROWS - 1) // BYTE_ROWS


@kernel
def byte_shared_words(count: Any, inner: Any) -> Any:
    return blocks_of(inner) * byte_tiles_for(count) * TILE // 4 + BYTE_BLOCK + BYTE_STEP + PANEL // 4


@kernel
def byte_own_words(count: Any) -> Any:
    return ABREAST * (PANEL // 4 + BYTE_COLUMNS * BYTE_ROWS * byte_tiles_for(count))


@kernel
def measure_room(weight: Any, by_inputs: Any, inner: Any, outer: Any, room: Any, panel: Any) -> Any:
    """How far the inputs of each block may be counted; for a matrix that is met for the first time."""
    for block in range(room.shape[0]):
        steps, most = steps_of(min(BYTE_BLOCK, inner - block * BYTE_BLOCK)), 1
        for n in range(0, outer, BYTE_COLUMNS):
            pack_panel(weight, by_inputs, inner, outer, n, min(BYTE_COLUMNS, outer - n), block * BYTE_BLOCK, panel)
            most = max(most, largest_four(panel + 4 * BYTE_COLUMNS, steps))
        room[block] = min(MOST_ROOM, LARGEST_SHORT // most)


@kernel
def count_inputs(x: Any, count: Any, inner: Any, room: Any, packed: Any) -> Any:
    """By blocks, in them by tiles: units and lows of its rows, then their bytes."""
    tiles, blocks = byte_tiles_for(count), blocks_of(inner)
    rest = packed + TILE * blocks * tiles
    found = floats(rest + 4 * BYTE_BLOCK, 3)
    for block in range(blocks):
        begin = block * BYTE_BLOCK
        size = min(BYTE_BLOCK, inner - begin)
        steps = steps_of(size)
        for t in range(tiles * BYTE_ROWS):
            r, head = t % BYTE_ROWS, packed + TILE * (block * tiles + t // BYTE_ROWS)
            source = x + 4 * (min(t, count - 1) * inner + begin)
            if size < steps * BYTE_STEP:
                lengthen(floats(source, size), floats(rest, steps * BYTE_STEP))
                source = rest
            find_extremes(source, steps * BYTE_STEP, rest + 4 * BYTE_BLOCK)
            units, low, width = floats(head, 2 * BYTE_ROWS), found[0] + found[2], found[1] - found[0]
            units[r], units[BYTE_ROWS + r] = width / np.float32(room[block]), low
            times = np.float32(room[block]) / width if width > ZERO else ZERO
            count_steps(source, steps, low, times, head + HEAD + BYTE_STEP * r)


@kernel
def steps_of(size: Any) -> Any:
    return (size + BYTE_STEP - 1) // BYTE_STEP


@kernel
def lengthen(x: Any, target: Any) -> Any:
    """To whole steps, by numbers that change no extremes; the weights there are 0."""
    for i in range(target.shape[0]):
        target[i] = x[i] if i < x.shape[0] else x[0]


@kernel
def by_byte_tiles(
    weight: Any,
    by_inputs: Any,
    scale: Any,
    y: Any,
    count: Any,
    inner: Any,
    outer: Any,
    first: Any,
    last: Any,
    packed: Any,
    own: Any,
) -> Any:
    tiles, together = byte_tiles_for(count), ABREAST * BYTE_COLUMNS
    sums = own + ABREAST * PANEL
    for start in range(first, last, together):
        found = min(together, last - start)
        width = (found + BYTE_COLUMNS - 1) // BYTE_COLUMNS
        clear(floats(sums, width * tiles * BYTE_ROWS * BYTE_COLUMNS))
        for block in range(blocks_of(inner)):
            begin = block * BYTE_BLOCK
            steps = steps_of(min(BYTE_BLOCK, inner - begin))
            for p in range(width):
                n = start + p * BYTE_COLUMNS
                pack_panel(weight, by_inputs, inner, outer, n, min(BYTE_COLUMNS, last - n), begin, own + p * PANEL)
            n, k = start, begin + BYTE_BLOCK
            if k >= inner:
                n, k = start + together, 0
            many, size = max(0, min(together, last - n)), min(BYTE_BLOCK, inner - k)
            ahead, stride = weight + n * inner + k, inner
            if by_inputs:
                many, size, ahead, stride = (size if many else 0), many, weight + k * outer + n, outer
            inputs = packed + TILE * tiles * block
            run_byte_tiles(inputs, own, sums, tiles, width, steps, ahead, stride, many, size)
        scale_out(sums, scale, y, count, outer, start, found)


@kernel
def pack_panel(weight: Any, by_inputs: Any, inner: Any, outer: Any, n: Any, found: Any, begin: Any, panel: Any) -> Any:
    """`found` rows of W from row n on, a block of them from `begin` on; zeros for what is not there."""
    size = min(BYTE_BLOCK, inner - begin)
    steps, target, done = steps_of(size), panel + 4 * BYTE_COLUMNS, 0
    to_row, to_input = (1, outer) if by_inputs else (inner, 1)
    source = weight + n * to_row + begin * to_input
    if found == BYTE_COLUMNS and by_inputs:
        done = size // 4 * 4
        for i in range(0, done, 4):
            interleave_four(source + i * outer, outer, target + BYTE_COLUMNS * i)
    elif found == BYTE_COLUMNS:
        done = size // TURNED * TURNED
        for half in range(2):
            for i in range(0, done, TURNED):  # four weights go the way of one float32
                turn_float32(source + 8 * half * inner + i, inner, target + BYTE_COLUMNS * i + 32 * half)
    for i in range(done, steps * BYTE_STEP, 4):
        for c in range(BYTE_COLUMNS):
            four = signed_bytes(target + BYTE_COLUMNS * i + 4 * c, 4)
            for k in range(4):
                there = c < found and i + k < size
                four[k] = signed_bytes(source + c * to_row + (i + k) * to_input, 1)[0] if there else 0
    sum_panel(target, steps, panel)


@kernel
def run_byte_tiles(
    packed: Any,
    panels: Any,
    sums: Any,
    tiles: Any,
    width: Any,
    steps: Any,
    ahead: Any,
    stride: Any,
    many: Any,
    size: Any,
) -> Any:
    """A tile of inputs meets all panels before the next one; the next panels' weights are on their way meanwhile."""
    asked = 0
    for tile in range(tiles):
        while asked * tiles < many * (tile + 1):
            fetch_lines(ahead + asked * stride, size)
            asked += 1
        head = packed + TILE * tile
        for p in range(width):
            panel = panels + p * PANEL
            c = sums + 4 * BYTE_ROWS * BYTE_COLUMNS * (tile * width + p)
            tile_bytes(head + HEAD, panel + 4 * BYTE_COLUMNS, steps, head, panel, c)


@kernel
def scale_out(sums: Any, scale: Any, y: Any, count: Any, outer: Any, start: Any, many: Any) -> Any:
    """As `tiles.write_out`, each column times its scale."""
    width = (many + BYTE_COLUMNS - 1) // BYTE_COLUMNS
    for t in range(count):
        fetch_lines(y + 4 * (min(t + EARLY, count - 1) * outer + start), 4 * many)
        tile, r = t // BYTE_ROWS, t % BYTE_ROWS
        for p in range(width):
            row = sums + 4 * BYTE_COLUMNS * ((tile * width + p) * BYTE_ROWS + r)
            n, found = start + p * BYTE_COLUMNS, many - p * BYTE_COLUMNS
            place, scales = y + 4 * (t * outer + n), scale + 4 * n
            if found >= BYTE_COLUMNS:
                scale_sixteen(row, scales, place)
            else:
                scale_some(floats(place, found), floats(row, found), floats(scales, found))


@kernel
def scale_some(target: Any, sums: Any, scale: Any) -> Any:
    for c in range(target.shape[0]):
        target[c] = sums[c] * scale[c]
