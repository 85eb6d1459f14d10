"""Triton kernels for a chunk of tokens: each program keeps its part of the memory in registers and steps through the tokens.

The inputs of the next few tokens are on their way while one is worked on. Letters as in `wkv.py`: T tokens, A channels,
H heads, N channels a head; BN and BV are powers of two, the second the number of value channels of one program.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def scan_matrix(
    receptance,
    key,
    value,
    decay,
    bonus,
    memory,
    out,
    after,
    T,
    DECAY_STEP,
    N: tl.constexpr,
    BN: tl.constexpr,
    BV: tl.constexpr,
):
    """Versions 5 and 6. receptance, key, value, out (T, H, N); memory, after (H, key, value).

    decay is log w, DECAY_STEP numbers a token.
    """
    head, step = tl.program_id(0), tl.num_programs(0) * N
    i = tl.arange(0, BN)
    j = tl.program_id(1) * BV + tl.arange(0, BV)
    here, there = i < N, j < N
    at_key, at_value = head * N + i, head * N + j
    cells = head * N * N + i[:, None] * N + j[None, :]
    square = here[:, None] & there[None, :]
    state = tl.load(memory + cells, mask=square, other=0.0)
    u = tl.load(bonus + at_key, mask=here, other=0.0)
    r0 = tl.load(receptance + at_key, mask=here, other=0.0)
    k0 = tl.load(key + at_key, mask=here, other=0.0)
    w0 = tl.load(decay + at_key, mask=here, other=0.0)
    v0 = tl.load(value + at_value, mask=there, other=0.0)
    second = T > 1
    r1 = tl.load(receptance + step + at_key, mask=here & second, other=0.0)
    k1 = tl.load(key + step + at_key, mask=here & second, other=0.0)
    w1 = tl.load(decay + DECAY_STEP + at_key, mask=here & second, other=0.0)
    v1 = tl.load(value + step + at_value, mask=there & second, other=0.0)
    for t in range(T):
        more = t + 2 < T
        r2 = tl.load(receptance + (t + 2) * step + at_key, mask=here & more, other=0.0)
        k2 = tl.load(key + (t + 2) * step + at_key, mask=here & more, other=0.0)
        w2 = tl.load(decay + (t + 2) * DECAY_STEP + at_key, mask=here & more, other=0.0)
        v2 = tl.load(value + (t + 2) * step + at_value, mask=there & more, other=0.0)
        written = k0[:, None] * v0[None, :]
        y = tl.sum(r0[:, None] * (state + u[:, None] * written), 0)
        tl.store(out + t * step + at_value, y, mask=there)
        state = tl.exp(w0)[:, None] * state + written
        r0, k0, w0, v0 = r1, k1, w1, v1
        r1, k1, w1, v1 = r2, k2, w2, v2
    tl.store(after + cells, state, mask=square)


@triton.jit
def scan_delta(
    receptance,
    key,
    value,
    decay,
    reads,
    removes,
    memory,
    out,
    after,
    T,
    N: tl.constexpr,
    BN: tl.constexpr,
    BV: tl.constexpr,
):
    """Version 7. All inputs and out (T, H, N); memory, after (H, value, key)."""
    head, step = tl.program_id(0), tl.num_programs(0) * N
    i = tl.arange(0, BN)
    j = tl.program_id(1) * BV + tl.arange(0, BV)
    here, there = i < N, j < N
    at_key, at_value = head * N + i, head * N + j
    cells = head * N * N + j[:, None] * N + i[None, :]
    square = there[:, None] & here[None, :]
    state = tl.load(memory + cells, mask=square, other=0.0)
    r0 = tl.load(receptance + at_key, mask=here, other=0.0)
    k0 = tl.load(key + at_key, mask=here, other=0.0)
    w0 = tl.load(decay + at_key, mask=here, other=0.0)
    a0 = tl.load(reads + at_key, mask=here, other=0.0)
    b0 = tl.load(removes + at_key, mask=here, other=0.0)
    v0 = tl.load(value + at_value, mask=there, other=0.0)
    for t in range(T):
        more = t + 1 < T
        following = (t + 1) * step
        r1 = tl.load(receptance + following + at_key, mask=here & more, other=0.0)
        k1 = tl.load(key + following + at_key, mask=here & more, other=0.0)
        w1 = tl.load(decay + following + at_key, mask=here & more, other=0.0)
        a1 = tl.load(reads + following + at_key, mask=here & more, other=0.0)
        b1 = tl.load(removes + following + at_key, mask=here & more, other=0.0)
        v1 = tl.load(value + following + at_value, mask=there & more, other=0.0)
        stored = tl.sum(state * a0[None, :], 1)
        state = state * tl.exp(w0)[None, :] + stored[:, None] * b0[None, :] + v0[:, None] * k0[None, :]
        tl.store(out + t * step + at_value, tl.sum(state * r0[None, :], 1), mask=there)
        r0, k0, w0, a0, b0, v0 = r1, k1, w1, a1, b1, v1
    tl.store(after + cells, state, mask=square)


@triton.jit
def scan_log_sums(
    key,
    value,
    decay,
    bonus,
    top,
    bottom,
    exponent,
    out,
    new_top,
    new_bottom,
    new_exponent,
    T,
    A: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Version 4. key, value, out (T, A); decay log w, bonus and the memory's three parts (A,)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < A
    fade, u = tl.load(decay + at, mask=inside), tl.load(bonus + at, mask=inside)
    a, b, p = tl.load(top + at, mask=inside), tl.load(bottom + at, mask=inside), tl.load(exponent + at, mask=inside)
    k0, v0 = tl.load(key + at, mask=inside), tl.load(value + at, mask=inside)
    k1, v1 = tl.load(key + A + at, mask=inside & (T > 1)), tl.load(value + A + at, mask=inside & (T > 1))
    k2, v2 = tl.load(key + 2 * A + at, mask=inside & (T > 2)), tl.load(value + 2 * A + at, mask=inside & (T > 2))
    k3, v3 = tl.load(key + 3 * A + at, mask=inside & (T > 3)), tl.load(value + 3 * A + at, mask=inside & (T > 3))
    for t in range(T):
        more = inside & (t + 4 < T)
        k4 = tl.load(key + (t + 4) * A + at, mask=more)
        v4 = tl.load(value + (t + 4) * A + at, mask=more)
        largest = tl.maximum(p, u + k0)
        past, present = tl.exp(p - largest), tl.exp(u + k0 - largest)
        tl.store(out + t * A + at, (past * a + present * v0) / (past * b + present), mask=inside)
        largest = tl.maximum(p + fade, k0)
        past, present = tl.exp(p + fade - largest), tl.exp(k0 - largest)
        a, b, p = past * a + present * v0, past * b + present, largest
        k0, v0, k1, v1 = k1, v1, k2, v2
        k2, v2, k3, v3 = k3, v3, k4, v4
    tl.store(new_top + at, a, mask=inside)
    tl.store(new_bottom + at, b, mask=inside)
    tl.store(new_exponent + at, p, mask=inside)


@triton.jit
def scan_sums(
    key,
    value,
    decay,
    bonus,
    top,
    bottom,
    out,
    new_top,
    new_bottom,
    T,
    EPSILON: tl.constexpr,
    A: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Versions 2 and 3: key is e^k (T, A)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < A
    keep, u = tl.exp(tl.load(decay + at, mask=inside)), tl.load(bonus + at, mask=inside)
    a, b = tl.load(top + at, mask=inside), tl.load(bottom + at, mask=inside)
    k0, v0 = tl.load(key + at, mask=inside), tl.load(value + at, mask=inside)
    k1, v1 = tl.load(key + A + at, mask=inside & (T > 1)), tl.load(value + A + at, mask=inside & (T > 1))
    for t in range(T):
        more = inside & (t + 2 < T)
        k2 = tl.load(key + (t + 2) * A + at, mask=more)
        v2 = tl.load(value + (t + 2) * A + at, mask=more)
        tl.store(out + t * A + at, (a + u * k0 * v0) / (b + u * k0 + EPSILON), mask=inside)
        a, b = keep * a + k0 * v0, keep * b + k0
        k0, v0, k1, v1 = k1, v1, k2, v2
    tl.store(new_top + at, a, mask=inside)
    tl.store(new_bottom + at, b, mask=inside)


@triton.jit
def half_rows(x, out, size, K: tl.constexpr, BLOCK: tl.constexpr):
    """A row of x (T, K) a program: in 16 bits, divided by its largest magnitude if above 1; size (T,) holds the divisors."""
    row = tl.program_id(0).to(tl.int64)
    largest = 1.0
    for start in tl.range(0, K, BLOCK):
        at = start + tl.arange(0, BLOCK)
        largest = tl.maximum(largest, tl.max(tl.abs(tl.load(x + row * K + at, mask=at < K, other=0.0)), 0))
    for start in tl.range(0, K, BLOCK):
        at = start + tl.arange(0, BLOCK)
        tl.store(out + row * K + at, (tl.load(x + row * K + at, mask=at < K) / largest).to(tl.float16), mask=at < K)
    tl.store(size + row, largest)
