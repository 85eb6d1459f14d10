"""How inputs of int8 products are rounded where many rows are multiplied at once: by the book, number by number.

From `rwkv_backend/native/byte_tiles.py`: each 128 inputs of a row are counted from their least one in steps of a unit, as
many steps as leave room, in int16, for four products with the weights of one side of 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK, STEP = 128, 8
FEWEST_ROWS, SHORTEST_ROW = 8, 192
FOURS = ([0, 1, 4, 5], [2, 3, 6, 7])
"""Of a step's eight products, those that are added in int16."""


def in_bytes(count: int, inner: int) -> bool:
    """Whether a product is rounded so at all."""
    return count >= FEWEST_ROWS and inner >= SHORTEST_ROW


def room(weights: NDArray[np.int8]) -> int:
    """Steps for the inputs of one block; `weights` (out, up to 128)."""
    steps = np.pad(weights, ((0, 0), (0, -weights.shape[1] % STEP))).reshape(len(weights), -1, STEP).astype(int)
    most = 1
    for side in (1, -1):
        for four in FOURS:
            most = max(most, np.clip(side * steps, 0, None)[..., four].sum(-1).max(initial=0))
    return min(255, 32767 // int(most))


def rounded(x: NDArray[np.float32], weights: NDArray[np.int8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The inputs as they are multiplied, (T, in), and for each the step that it was rounded to."""
    found, units = np.zeros(x.shape), np.zeros(x.shape)
    for begin in range(0, x.shape[1], BLOCK):
        part = x[:, begin : begin + BLOCK]
        most = np.float32(room(weights[:, begin : begin + BLOCK]))
        low, width = part.min(1, keepdims=True), np.ptp(part, axis=1, keepdims=True)
        times = np.divide(most, width, out=np.zeros_like(width), where=width > 0)
        counted = np.rint((part - low).astype(float) * times)  # rounded once
        assert counted.max(initial=0) <= most
        found[:, begin : begin + BLOCK] = low + (width / most).astype(float) * counted
        units[:, begin : begin + BLOCK] = width / most
    return found, units
