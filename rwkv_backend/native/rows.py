"""What happens to each token's row of channels: norms, token shift and blends, activations. Rows are (T, C) float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.compiler import kernel, summing
from rwkv_backend.native.functions import exp, fraction_kept, mish, sigmoid, silu, tanh
from rwkv_backend.native.vectors import from_bfloat16, from_float16

ZERO, ONE = np.float32(0.0), np.float32(1.0)
LAYER_EPSILON, GROUP_EPSILON, LENGTH_EPSILON = np.float32(1e-5), np.float32(64e-5), np.float32(1e-12)
SLOWEST = np.float32(-0.6065306597126334)
"""Of RWKV-7: −e^(−1/2)."""


@kernel
def copy(target: Any, source: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = source[i]


@kernel
def widen_bfloat16(target: Any, stored: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = from_bfloat16(stored[i])


@kernel
def widen_float16(target: Any, stored: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = from_float16(stored[i])


@summing
def mean(x: Any) -> Any:
    total = ZERO
    for i in range(x.shape[0]):
        total += x[i]
    return total / np.float32(x.shape[0])


@summing
def variance(x: Any, middle: Any) -> Any:
    total = ZERO
    for i in range(x.shape[0]):
        total += (x[i] - middle) * (x[i] - middle)
    return total / np.float32(x.shape[0])


@kernel
def normalise(target: Any, x: Any, weight: Any, bias: Any, epsilon: Any) -> Any:
    middle = mean(x)
    factor = ONE / np.sqrt(variance(x, middle) + epsilon)
    for i in range(x.shape[0]):
        target[i] = (x[i] - middle) * factor * weight[i] + bias[i]


@kernel
def layer_norm(target: Any, x: Any, weight: Any, bias: Any) -> Any:
    for t in range(x.shape[0]):
        normalise(target[t], x[t], weight, bias, LAYER_EPSILON)


@kernel
def group_norm(target: Any, x: Any, weight: Any, bias: Any, heads: Any) -> Any:
    size = x.shape[1] // heads
    for t in range(x.shape[0]):
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            normalise(target[t, part], x[t, part], weight[part], bias[part], GROUP_EPSILON)


# Token shift


@kernel
def blend_row(target: Any, start: Any, end: Any, share: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = start[i] + (end[i] - start[i]) * share[i]


@kernel
def blend_from_previous(target: Any, x: Any, last: Any, share: Any) -> Any:
    """previous + (x − previous)·share; before the first row comes `last`."""
    blend_row(target[0], last, x[0], share)
    for t in range(1, x.shape[0]):
        blend_row(target[t], x[t - 1], x[t], share)


@kernel
def blend_to_previous(target: Any, x: Any, last: Any, share: Any) -> Any:
    """x + (previous − x)·share"""
    blend_row(target[0], x[0], last, share)
    for t in range(1, x.shape[0]):
        blend_row(target[t], x[t], x[t - 1], share)


@kernel
def chosen_row(target: Any, x: Any, previous: Any, share: Any, more: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = x[i] + (previous[i] - x[i]) * (share[i] + more[i])


@kernel
def blend_as_chosen(target: Any, x: Any, last: Any, share: Any, more: Any) -> Any:
    """x + (previous − x)·(share + more), where each token has a `more` of its own."""
    chosen_row(target[0], x[0], last, share, more[0])
    for t in range(1, x.shape[0]):
        chosen_row(target[t], x[t], x[t - 1], share, more[t])


@kernel
def shift_half(target: Any, x: Any, last: Any) -> Any:
    """The first half of the channels from the row before, the rest from this one."""
    half = x.shape[1] // 2
    for t in range(x.shape[0]):
        copy(target[t, :half], x[t - 1, :half] if t else last)
        copy(target[t, half:], x[t, half:])


@kernel
def take_part(target: Any, x: Any, start: Any) -> Any:
    for t in range(x.shape[0]):
        for i in range(target.shape[1]):
            target[t, i] = x[t, start + i]


# Elementwise; the arrays are flat


@kernel
def add(target: Any, x: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] += x[i]


@kernel
def multiply(target: Any, x: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] *= x[i]


@kernel
def apply_sigmoid(target: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = sigmoid(target[i])


@kernel
def apply_tanh(target: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = tanh(target[i])


@kernel
def apply_squared_relu(target: Any) -> Any:
    for i in range(target.shape[0]):
        x = max(target[i], ZERO)
        target[i] = x * x


@kernel
def times_sigmoid(target: Any, x: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] *= sigmoid(x[i])


@kernel
def times_silu(target: Any, x: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] *= silu(x[i])


@kernel
def times_mish(target: Any, x: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] *= mish(x[i])


@kernel
def bounded_exp(target: Any, low: Any, high: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = exp(min(max(target[i], low), high))


@kernel
def scale_rows(x: Any, factors: Any) -> Any:
    for t in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[t, i] *= factors[t]


# Of versions 5 to 7


@kernel
def fading(target: Any, base: Any, asked: Any) -> Any:
    """exp(−exp(base + asked)), row by row: the fraction kept in each channel."""
    for t in range(target.shape[0]):
        fading_row(target[t], base, asked[t])


@kernel
def fading_row(target: Any, base: Any, asked: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = fraction_kept(base[i] + asked[i])


@kernel
def repeat_for_channels(target: Any, source: Any) -> Any:
    """One number a head, or one a channel already."""
    each = target.shape[0] // source.shape[0]
    for h in range(source.shape[0]):
        for i in range(each):
            target[h * each + i] = source[h]


@kernel
def gentle_fading(target: Any, base: Any, asked: Any) -> Any:
    """exp(−e^(−1/2)·σ(base + asked))"""
    for t in range(target.shape[0]):
        gentle_row(target[t], base, asked[t])


@kernel
def gentle_row(target: Any, base: Any, asked: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = exp(SLOWEST * sigmoid(base[i] + asked[i]))


@kernel
def lean_to_first(value: Any, first: Any, base: Any, asked: Any) -> Any:
    """value + (first − value)·σ(base + asked)"""
    for t in range(value.shape[0]):
        lean_row(value[t], first[t], base, asked[t])


@kernel
def lean_row(value: Any, first: Any, base: Any, asked: Any) -> Any:
    for i in range(value.shape[0]):
        value[i] += (first[i] - value[i]) * sigmoid(base[i] + asked[i])


@summing
def length(x: Any) -> Any:
    total = ZERO
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    return np.sqrt(total)


@kernel
def prepare_key(key: Any, rate: Any, direction: Any, base: Any, shape: Any, share: Any, heads: Any) -> Any:
    """direction = key∘shape, of length 1 in each head; with a = σ(base + rate), key = key·(1 + (a − 1)·share).

    `rate` becomes direction∘a: what writing under the key takes away.
    """
    for t in range(key.shape[0]):
        key_row(key[t], rate[t], direction[t], base, shape, share)
        unit_lengths(direction[t], heads)
        multiply(rate[t], direction[t])


@kernel
def key_row(key: Any, rate: Any, direction: Any, base: Any, shape: Any, share: Any) -> Any:
    for i in range(key.shape[0]):
        a = sigmoid(base[i] + rate[i])
        rate[i] = a
        direction[i] = key[i] * shape[i]
        key[i] *= ONE + (a - ONE) * share[i]


@kernel
def unit_lengths(x: Any, heads: Any) -> Any:
    size = x.shape[0] // heads
    for h in range(heads):
        part = x[h * size : (h + 1) * size]
        factor = ONE / max(length(part), LENGTH_EPSILON)
        for i in range(size):
            part[i] *= factor


@summing
def weighed(r: Any, k: Any, u: Any) -> Any:
    """Σ r·k·u"""
    total = ZERO
    for i in range(r.shape[0]):
        total += r[i] * k[i] * u[i]
    return total


@kernel
def add_bonus(y: Any, r: Any, k: Any, v: Any, u: Any, heads: Any) -> Any:
    """y + (Σ r·k·u)·v in each head"""
    size = y.shape[1] // heads
    for t in range(y.shape[0]):
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            now = weighed(r[t, part], k[t, part], u[part])
            for i in range(h * size, (h + 1) * size):
                y[t, i] += now * v[t, i]


@kernel
def apply_fading(target: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = fraction_kept(target[i])


@kernel
def apply_exp(target: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] = exp(target[i])
