"""Which precision suits a model on this machine: exact as long as that is fast enough, then the fastest that costs nothing.

The speed is foreseen: bytes that a token reads by dtype, over how fast this machine multiplies a matrix held in that dtype
with a vector, which is measured once (some hundredths of a second each). Nothing is loaded for it.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from rwkv_backend.later import linear, torch
from rwkv_backend.memory import memory_needed
from rwkv_backend.models.layout import Layout

FAST_ENOUGH = 12.0
"""Tokens a second: faster than one reads. An exact dtype that reaches it is preferred to a faster one that is not exact."""

EXACT = {"float16": ("float16", "float32"), "bfloat16": ("bfloat16", "float32")}
"""By how a file stores its weights, the dtypes that hold them without rounding; for all others only float32."""

SMALL = 25_000_000
"""Weights up to which a model is fast in any dtype: it stays in float32, and nothing need be measured."""

ROWS, COLUMNS, RUNS = 2048, 2048, 5
COPIES = {"float32": 4, "bfloat16": 8, "float16": 8, "int8": 16, "int4": 32}
"""Matrices that are multiplied in turn, 64 MB together: more than any cache holds."""


@dataclass(frozen=True)
class Choice:
    """A dtype, why it was chosen (a sentence for the user), and the tokens a second that were foreseen."""

    dtype: str
    reason: str
    tokens_per_second: float


def choose_dtype(
    layout: Layout, stored: str, free: int, device: str = "cpu", speed: Callable[[str], float] | None = None
) -> Choice:
    """The dtype for a file that stores its weights as `stored`, where `free` bytes of memory can be had (0: unknown).

    speed: weights (numbers) multiplied a second by dtype; None: measured here.
    """
    measured = speed or matrix_speed
    fitting = [dtype for dtype in linear.DTYPES if not free or memory_needed(layout, dtype) <= free]
    if device.startswith(("cuda", "mps")):
        return _on_gpu(fitting, stored)
    numbers = sum(prod(part.shape) for part in layout.parts if part.use == "linear")
    if numbers <= SMALL and "float32" in fitting:
        return Choice("float32", "It is exact, and a model as small as this is fast in any precision.", 0.0)
    foreseen = {dtype: measured(dtype) / max(numbers, 1) for dtype in fitting if dtype != "int4"}
    exact = {dtype: foreseen[dtype] for dtype in EXACT.get(stored, ("float32",)) if dtype in foreseen}
    if exact and max(exact.values()) >= FAST_ENOUGH:
        best = max(exact, key=exact.__getitem__)
        return Choice(best, "It holds the file's weights exactly and is fast enough here.", exact[best])
    if foreseen:
        best = max(foreseen, key=foreseen.__getitem__)
        return Choice(best, "It is the fastest here; exact weights would write slower than one reads.", foreseen[best])
    if fitting:
        return Choice("int4", "Nothing larger fits into the free memory.", 0.0)
    return Choice("int4", "Not even this fits into the free memory.", 0.0)


def _on_gpu(fitting: Sequence[str], stored: str) -> Choice:
    half = "float16" if stored == "float16" else "bfloat16"
    for dtype, reason in ((half, "16 bits are what a GPU is fastest with."), ("int8", "16 bits do not fit.")):
        if dtype in fitting:
            return Choice(dtype, reason, 0.0)
    return Choice("int4", "Nothing larger fits into the free memory.", 0.0)


_speeds: dict[str, float] = {}
"""What was measured, by dtype."""


def matrix_speed(dtype: str) -> float:
    """Weights a second of one thread's matrix × vector in `dtype` here: with native code, or as long as that is being
    compiled, with torch (which is then measured again later)."""
    if dtype not in _speeds:
        with torch.no_grad():
            native, speed = _measured(dtype)
        if not native:
            return speed
        _speeds[dtype] = speed
    return _speeds[dtype]


def _measured(dtype: str) -> tuple[bool, float]:
    """Whether native code was measured, and the speed."""
    weight = torch.linspace(-1, 1, ROWS * COLUMNS).view(ROWS, COLUMNS).to(linear.stored_dtype(dtype))
    matrices = [linear.pack(weight, None, dtype)]
    matrices += [_copy(matrices[0]) for _ in range(COPIES[dtype] - 1)]
    numbers = ROWS * COLUMNS * len(matrices)
    native = _native_seconds(matrices)
    if native is not None:
        return True, numbers / native
    x = torch.ones((1, COLUMNS))
    return False, numbers / min(_seconds(matrices, x) for _ in range(RUNS))


def _copy(matrix: linear.Linear) -> linear.Linear:
    other = copy.copy(matrix)
    for name, value in vars(matrix).items():
        if isinstance(value, torch.Tensor):
            setattr(other, name, value.clone())
    return other


def _native_seconds(matrices: Sequence[linear.Linear]) -> float | None:
    try:
        from rwkv_backend.native.speed import seconds
    except ImportError:
        return None
    return seconds(matrices, RUNS)


def _seconds(matrices: Sequence[linear.Linear], x: torch.Tensor) -> float:
    began = time.perf_counter()
    for matrix in matrices:
        matrix(x)
    return time.perf_counter() - began
