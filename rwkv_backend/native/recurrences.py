"""The recurrences of `rwkv_backend.wkv`, token by token and in place: each takes T rows and advances the memory by T tokens.

Here a step a token is no loss: the memory of a head stays in the processor's first cache while all tokens pass by.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native.addresses import floats, rows
from rwkv_backend.native.compiler import kernel, summing
from rwkv_backend.native.functions import exp, fraction_kept, log_fraction_kept
from rwkv_backend.native.heads import delta_rows, matrix_columns_8, matrix_columns_32
from rwkv_backend.native.rows import copy, weighed

ZERO, ONE = np.float32(0.0), np.float32(1.0)


# v1


@kernel
def window(
    y: Any, sums: Any, table: Any, alpha: Any, beta: Any, key: Any, value: Any, keys: Any, key_values: Any, seen: Any
) -> Any:
    """y[t] = β[h, t]·Σ_{u ≤ t} table[h, L−1−(t−u)]·α[h, u]·(e^k·v)[u] / Σ e^k. `key` is exponentiated already."""
    heads, longest = table.shape
    size = y.shape[1] // heads
    for t in range(y.shape[0]):
        now = seen + t
        remember_key(y[t], sums, key[t], value[t], keys[now], key_values[now])
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            for u in range(now + 1):
                share = table[h, longest - 1 - (now - u)] * alpha[h, u] * beta[h, now]
                add_scaled(y[t, part], key_values[u, part], share)
        divide(y[t], sums)


@kernel
def folded_window(y: Any, sums: Any, table: Any, key: Any, value: Any, keys: Any, key_values: Any, seen: Any) -> Any:
    """The same, where all weights are in one table [H, t, u]."""
    heads = table.shape[0]
    size = y.shape[1] // heads
    for t in range(y.shape[0]):
        now = seen + t
        remember_key(y[t], sums, key[t], value[t], keys[now], key_values[now])
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            for u in range(now + 1):
                add_scaled(y[t, part], key_values[u, part], table[h, now, u])
        divide(y[t], sums)


@kernel
def remember_key(y: Any, sums: Any, key: Any, value: Any, stored: Any, stored_value: Any) -> Any:
    for i in range(key.shape[0]):
        stored[i] = key[i]
        stored_value[i] = key[i] * value[i]
        sums[i] += key[i]
        y[i] = ZERO


@kernel
def add_scaled(target: Any, x: Any, factor: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] += factor * x[i]


@kernel
def divide(target: Any, by: Any) -> Any:
    for i in range(target.shape[0]):
        target[i] /= by[i]


# v2, v3


@kernel
def fading_sums(y: Any, key: Any, value: Any, decay: Any, bonus: Any, top: Any, bottom: Any, epsilon: Any) -> Any:
    """(aa + u∘k∘v) / (bb + u∘k + ε), then aa = w∘aa + k∘v, bb = w∘bb + k. `key` is exponentiated already."""
    for t in range(y.shape[0]):
        sums_row(y[t], key[t], value[t], decay, bonus, top, bottom, epsilon)


@kernel
def sums_row(y: Any, key: Any, value: Any, decay: Any, bonus: Any, top: Any, bottom: Any, epsilon: Any) -> Any:
    for i in range(y.shape[0]):
        k = key[i]
        kv, now, keep = k * value[i], exp(bonus[i]), fraction_kept(decay[i])
        y[i] = (top[i] + now * kv) / (bottom[i] + now * k + epsilon)
        top[i] = keep * top[i] + kv
        bottom[i] = keep * bottom[i] + k


# v4


@kernel
def log_sums(y: Any, key: Any, value: Any, decay: Any, bonus: Any, top: Any, bottom: Any, exponent: Any) -> Any:
    """The same sums with e^key, kept relative to their largest exponent."""
    for t in range(y.shape[0]):
        log_sums_row(y[t], key[t], value[t], decay, bonus, top, bottom, exponent)


@kernel
def log_sums_row(y: Any, key: Any, value: Any, decay: Any, bonus: Any, top: Any, bottom: Any, exponent: Any) -> Any:
    for i in range(y.shape[0]):
        k, v, a, b, p = key[i], value[i], top[i], bottom[i], exponent[i]
        now = bonus[i] + k
        largest = max(p, now)
        past, present = exp(p - largest), exp(now - largest)
        y[i] = (past * a + present * v) / (past * b + present)
        faded = p + log_fraction_kept(decay[i])
        largest = max(faded, k)
        past, present = exp(faded - largest), exp(k - largest)
        top[i] = past * a + present * v
        bottom[i] = past * b + present
        exponent[i] = largest


# v5, v6


@kernel
def matrix(
    y: Any, r: Any, k: Any, v: Any, keep: Any, bonus: Any, memory: Any, count: Any, heads: Any, size: Any, each: Any
) -> Any:
    """y[j] = Σ_i r[i]·(u[i]·k[i]·v[j] + S[i, j]), then S[i, j] = w[i]·S[i, j] + k[i]·v[j].

    All are addresses: y, r, k, v (count, heads·size), keep the same if `each`, else one row; memory (heads, size, size).
    """
    for h in range(heads):
        head = memory + 4 * h * size * size
        for t in range(count):
            at = 4 * (t * heads + h) * size
            kept = keep + (at if each else 4 * h * size)
            now = weighed(floats(r + at, size), floats(k + at, size), floats(bonus + 4 * h * size, size))
            begin_with(floats(y + at, size), floats(v + at, size), now)
            matrix_step(y + at, r + at, k + at, v + at, kept, head, size)


@kernel
def begin_with(y: Any, v: Any, now: Any) -> Any:
    for j in range(y.shape[0]):
        y[j] = now * v[j]


@kernel
def matrix_step(y: Any, r: Any, k: Any, v: Any, keep: Any, memory: Any, size: Any) -> Any:
    j = 0
    while j + 32 <= size:
        matrix_columns_32(memory + 4 * j, 4 * size, r, k, keep, v + 4 * j, y + 4 * j, size)
        j += 32
    while j + 8 <= size:
        matrix_columns_8(memory + 4 * j, 4 * size, r, k, keep, v + 4 * j, y + 4 * j, size)
        j += 8
    if j < size:
        stored, reads, keys, kept = rows(memory, size, size), floats(r, size), floats(k, size), floats(keep, size)
        matrix_rest(floats(y, size), reads, keys, floats(v, size), kept, stored, j)


@kernel
def matrix_rest(y: Any, r: Any, k: Any, v: Any, keep: Any, memory: Any, first: Any) -> Any:
    for i in range(memory.shape[0]):
        for j in range(first, memory.shape[1]):
            old = memory[i, j]
            y[j] += r[i] * old
            memory[i, j] = keep[i] * old + k[i] * v[j]


# v7


@kernel
def delta(
    y: Any,
    r: Any,
    k: Any,
    v: Any,
    keep: Any,
    direction: Any,
    removed: Any,
    memory: Any,
    count: Any,
    heads: Any,
    size: Any,
) -> Any:
    """S = S·diag(w) − (S κ̂)(κ̂∘a)ᵀ + v kᵀ, then y = S r, with S[value, key] and κ̂∘a = removed. All are addresses."""
    whole = size // 4 * 4 if size % 8 == 0 else 0
    for h in range(heads):
        head = memory + 4 * h * size * size
        for t in range(count):
            at = 4 * (t * heads + h) * size
            for j in range(0, whole, 4):
                delta_rows(
                    head + 4 * size * j, 4 * size, r + at, k + at, keep + at, direction + at, removed + at,
                    v + at + 4 * j, y + at + 4 * j, size,
                )  # fmt: skip
            for j in range(whole, size):
                floats(y + at, size)[j] = delta_row(
                    floats(head + 4 * size * j, size), floats(r + at, size), floats(k + at, size),
                    floats(v + at, size)[j], floats(keep + at, size), floats(direction + at, size),
                    floats(removed + at, size),
                )  # fmt: skip


@summing
def delta_row(stored: Any, r: Any, k: Any, v: Any, keep: Any, direction: Any, removed: Any) -> Any:
    found = ZERO
    for i in range(stored.shape[0]):
        found += stored[i] * direction[i]
    result = ZERO
    for i in range(stored.shape[0]):
        new = stored[i] * keep[i] - found * removed[i] + v * k[i]
        stored[i] = new
        result += new * r[i]
    return result


# Attention beside them: 4a, 4b, copy heads


@kernel
def tiny_attention(y: Any, query: Any, key: Any, value: Any, memory: Any) -> Any:
    """Σ_{u ≤ t} (q_t · k_u / √D)·v_u; the past is one matrix Σ k ⊗ v."""
    factor = ONE / np.sqrt(np.float32(query.shape[1]))
    for t in range(y.shape[0]):
        for i in range(y.shape[1]):
            y[t, i] = ZERO
        for d in range(query.shape[1]):
            add_scaled(memory[d], value[t], key[t, d])
            add_scaled(y[t], memory[d], query[t, d] * factor)


@summing
def inner(a: Any, b: Any) -> Any:
    total = ZERO
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@kernel
def softmax_attention(y: Any, query: Any, keys: Any, values: Any, seen: Any, scores: Any) -> Any:
    """softmax(q·kᵀ/√D) v over all positions so far; the new keys and values lie behind the `seen` old ones."""
    factor = ONE / np.sqrt(np.float32(query.shape[1]))
    for t in range(y.shape[0]):
        count = seen + t + 1
        largest = -np.float32(np.inf)
        for u in range(count):
            scores[u] = inner(query[t], keys[u]) * factor
            largest = max(largest, scores[u])
        total = ZERO
        for i in range(y.shape[1]):
            y[t, i] = ZERO
        for u in range(count):
            share = exp(scores[u] - largest)
            total += share
            add_scaled(y[t], values[u], share)
        for i in range(y.shape[1]):
            y[t, i] /= total


@kernel
def copy_scores(logits: Any, query: Any, key: Any, tokens: Any, keys: Any, words: Any, seen: Any, most: Any) -> Any:
    """Adds (q_t · κ_u)/D to the logit of token u for the last `most` positions u ≤ t; `logits` are of the last rows only."""
    count, skipped = key.shape[0], key.shape[0] - logits.shape[0]
    factor = ONE / np.float32(key.shape[1])
    for t in range(count):
        copy(keys[seen + t], key[t])
        words[seen + t] = tokens[t]
    for row in range(logits.shape[0]):
        end = seen + skipped + row + 1
        for u in range(max(0, end - most), end):
            logits[row, words[u]] += inner(query[row], keys[u]) * factor
