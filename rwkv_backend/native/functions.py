"""Functions of one float32 number, without branches, so that loops over them become vectors. Errors are a few 1e-7."""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.vectors import power_of_two

ZERO, HALF, ONE, TWO = (np.float32(x) for x in (0.0, 0.5, 1.0, 2.0))
LOWEST, HIGHEST = np.float32(-87.3), np.float32(88.37)
"""e to less than this is 0 here, and to more as large as to this: 2.4e38."""

PER_LOG_2, LOG_2, REST = np.float32(1.44269504088896341), np.float32(0.693359375), np.float32(-2.12194440e-4)
C0, C1, C2, C3, C4, C5 = (
    np.float32(x)
    for x in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
T0, T1, T2, T3 = (np.float32(x) for x in (-1.0 / 3.0, 2.0 / 15.0, -17.0 / 315.0, 62.0 / 2835.0))
NEAR = np.float32(0.25)
LARGE = np.float32(20.0)
SLOWEST = np.float32(-0.6065306597126334)
FORGET_ALL = np.float32(-1e20)


@kernel
def exp(x: Any) -> Any:
    """e^x = 2^n · e^r with |r| ≤ log(2)/2, and e^r by a polynomial (Cephes)."""
    inside = min(max(x, LOWEST), HIGHEST)
    n = np.floor(inside * PER_LOG_2 + HALF)
    r = (inside - n * LOG_2) - n * REST
    p = ((((C0 * r + C1) * r + C2) * r + C3) * r + C4) * r + C5
    whole = (p * (r * r) + r + ONE) * power_of_two(np.int32(n))
    return whole if x >= LOWEST else ZERO


@kernel
def sigmoid(x: Any) -> Any:
    return ONE / (ONE + exp(-x))


@kernel
def silu(x: Any) -> Any:
    return x / (ONE + exp(-x))


@kernel
def tanh(x: Any) -> Any:
    """Near 0 by its series, since 1 − 2/(e^2x + 1) loses digits there."""
    square = x * x
    series = x + x * square * (((T3 * square + T2) * square + T1) * square + T0)
    far = ONE - TWO / (exp(TWO * x) + ONE)
    return series if abs(x) < NEAR else far


@kernel
def mish(x: Any) -> Any:
    """x·tanh(log(1 + e^x)) = x·(n² + 2n)/(n² + 2n + 2) with n = e^x"""
    n = exp(min(x, LARGE))
    top = n * (n + TWO)
    return x * (top / (top + TWO))


@kernel
def fraction_kept(time_decay: Any) -> Any:
    """exp(−exp(time_decay))"""
    return exp(-exp(time_decay))


@kernel
def log_fraction_kept(time_decay: Any) -> Any:
    """−exp(time_decay), not below what `wkv.fading` lets through."""
    return max(-exp(time_decay), FORGET_ALL)
