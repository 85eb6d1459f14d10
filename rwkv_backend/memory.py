"""How much memory a model will take, known before it is loaded, and how much there is."""

from __future__ import annotations

from math import prod
from pathlib import Path

from rwkv_backend.models.layout import Layout, Part

DTYPES = ("float32", "bfloat16", "float16", "int8", "int4")

FIXED = 200_000_000
"""Bytes that torch and the activations of one chunk take beside the weights."""

PACKING = 30_000_000
"""Bytes that packing a block of rows takes for a moment, at the most."""

PACKING_A_WEIGHT = 24
"""The same for each weight of a matrix that is smaller than a block."""


def memory_needed(layout: Layout, dtype: str) -> int:
    """Bytes while loading, at the most: the weights as held, and what packing a block of rows takes."""
    held = sum(_held(part, dtype) for part in layout.parts)
    largest = max((prod(part.shape) for part in layout.parts if part.use == "linear"), default=0)
    return held + (min(PACKING, PACKING_A_WEIGHT * largest) if dtype.startswith("int") else 0) + FIXED


def _held(part: Part, dtype: str) -> int:
    numbers = prod(part.shape)
    if part.use == "linear":
        rows = part.shape[0]
        packed = {"float32": 4 * numbers, "int8": numbers + 4 * rows, "int4": numbers // 2 + numbers // 16}
        return packed.get(dtype, 2 * numbers)
    if part.use == "embedding":
        return numbers * (4 if dtype == "float32" else 2)
    return 4 * numbers


def memory_free(device: str = "cpu") -> int:
    """Bytes that can be had without swapping; 0 where the system does not tell."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(found.split()[1]) * 1024
    except (OSError, StopIteration, ValueError):
        return 0
