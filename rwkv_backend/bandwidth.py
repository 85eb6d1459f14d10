"""How fast this machine reads memory: the limit of writing, since every token reads every weight once.

Measured with a matrix far larger than any cache, times a vector: what a model does, without anything else.
"""

from __future__ import annotations

import statistics
import time

import torch

ROWS, COLUMNS = 16_384, 4_096
"""256 MB of float32."""

RUNS = 7


def read_bandwidth(device: torch.device | str = "cpu") -> float:
    """Bytes a second, with torch's present number of threads; the median of several runs after a warm-up."""
    place = torch.device(device)
    matrix = torch.ones((ROWS, COLUMNS), device=place)
    vector = torch.ones(COLUMNS, device=place)
    seconds = [_timed(matrix, vector, place) for _ in range(RUNS + 1)][1:]
    return matrix.nbytes / statistics.median(seconds)


def _timed(matrix: torch.Tensor, vector: torch.Tensor, place: torch.device) -> float:
    began = time.perf_counter()
    torch.mv(matrix, vector)
    if place.type == "cuda":
        torch.cuda.synchronize(place)
    elif place.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter() - began
