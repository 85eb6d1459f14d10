"""How matrices are held, int4 unpacked, and inputs counted in int16.

Where rows are few, int8 weights multiply int16 inputs: each row of x is brought to a scale at which neither an entry nor the
sum of a row's products can overflow, which leaves 12 to 15 bits, so that rounding x loses next to nothing. Of many rows the
inputs are counted in bytes, in `byte_tiles.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import bytes_at, floats, halves, words
from rwkv_backend.native.codes import INT4
from rwkv_backend.native.compiler import kernel, summing
from rwkv_backend.native.vectors import from_bits, from_float16

FEW = 8
"""From this many rows on, packing for tiles pays."""

GROUP = 64
"""Columns that share an int4 scale."""

SHORT, SUM = np.float32(32767.0), np.float32(2.0e9 / 127.0)
"""The largest int16, and the largest sum of a row's inputs that cannot overflow; the rest is for rounding."""

SIZE = np.int32(0x7FFFFFFF)
"""All bits of a float but its sign."""

HALF, ONE, ZERO = np.float32(0.5), np.float32(1.0), np.float32(0.0)


@kernel
def input_scale(x: Any, count: Any) -> Any:
    """The unit in which the row at address x is counted when held in int16."""
    unit = max(largest_size(words(x, count)) / SHORT, sum_of_sizes(floats(x, count)) / SUM)
    return unit if unit > ZERO else ONE


@kernel
def largest_size(bits: Any) -> Any:
    """Without their sign, floats are in the order of their bits, and whole numbers are compared many at a time."""
    largest = np.int32(0)
    for i in range(bits.shape[0]):
        largest = max(largest, np.int32(bits[i] & SIZE))
    return from_bits(largest)


@summing
def sum_of_sizes(x: Any) -> Any:
    total = ZERO
    for i in range(x.shape[0]):
        total += abs(x[i])
    return total


@kernel
def count_in(x: Any, unit: Any, target: Any) -> Any:
    """Write x / unit, rounded, into `target` (int16)."""
    times = ONE / unit
    for i in range(x.shape[0]):
        target[i] = np.int16(np.int32(np.floor(x[i] * times + HALF)))


@kernel
def unpack_int4(
    kind: Any, weight: Any, scale: Any, low: Any, n: Any, groups: Any, first: Any, last: Any, target: Any
) -> Any:
    """Groups first … last of row n as float32."""
    half = GROUP // 2
    for g in range(first, last):
        at = n * groups + g
        if kind == INT4:
            s = from_float16(halves(scale + 2 * at, 1)[0])
            b = from_float16(halves(low + 2 * at, 1)[0])
        else:
            s, b = floats(scale + 4 * at, 1)[0], floats(low + 4 * at, 1)[0]
        unpack_group(bytes_at(weight + at * half, half), s, b, target[(g - first) * GROUP : (g - first + 1) * GROUP])


@kernel
def unpack_group(pairs: Any, scale: Any, low: Any, target: Any) -> Any:
    for i in range(pairs.shape[0]):
        pair = np.int32(pairs[i])
        target[2 * i] = np.float32(pair & np.int32(15)) * scale + low
        target[2 * i + 1] = np.float32(pair >> np.int32(4)) * scale + low
