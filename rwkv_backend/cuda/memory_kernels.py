"""Triton kernels that read and write the memories of versions 2 to 7 for one token, with the norm and gate that follow.

Letters: C channels of the stream, A attention width, H heads, N channels a head. Names in capitals are compile-time
numbers; BLOCK and BN are powers of two.
"""

from __future__ import annotations

import triton
import triton.language as tl

from rwkv_backend.cuda.kernels import fresh, wait_for_others


@triton.jit
def low_rank(low, table, R: tl.constexpr, A: tl.constexpr, channels, inside, BN: tl.constexpr):
    """low (R,) @ table (R, A) at `channels` (BN,)."""
    found = tl.zeros((BN,), tl.float32)
    for start in tl.static_range(0, R, 32):
        rank = start + tl.arange(0, 32)
        cells = tl.load(
            table + rank[:, None] * A + channels[None, :], mask=(rank[:, None] < R) & inside[None, :], other=0.0
        )
        found += tl.sum(fresh(low + rank, rank < R)[:, None] * cells.to(tl.float32), 0)
    return found


@triton.jit
def head_norm(y, inside, N: tl.constexpr, EPS: tl.constexpr):
    mean = tl.sum(tl.where(inside, y, 0.0), 0) / N
    away = tl.where(inside, y - mean, 0.0)
    return away / tl.sqrt(tl.sum(away * away, 0) / N + EPS)


@triton.jit
def memory_matrix(
    projected,
    low,
    decay,
    table,
    bonus,
    memory,
    weight,
    bias,
    out,
    A: tl.constexpr,
    N: tl.constexpr,
    E: tl.constexpr,
    EPS: tl.constexpr,
    GATED: tl.constexpr,
    BN: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """Versions 5 and 6, a program a head: read and write S (H, key, value), then group norm and the gate silu(g).

    projected: r, k, v and, if GATED, g, each (A,). decay (A,) is the exponent of −exp(·); with E > 0 low (E,) @ table (E, A)
    comes on top of it. out (A,).
    """
    channel = tl.arange(0, BN)
    inside = channel < N
    at = tl.program_id(0) * N + channel
    asked = tl.load(decay + at, mask=inside, other=0.0)
    u = tl.load(bonus + at, mask=inside, other=0.0)
    scale, shift = tl.load(weight + at, mask=inside, other=0.0), tl.load(bias + at, mask=inside, other=0.0)
    cells = memory + tl.program_id(0) * N * N + channel[:, None] * N + channel[None, :]
    square = inside[:, None] & inside[None, :]
    wait_for_others(OVERLAP)
    past = fresh(cells, square)
    r, k, v = (
        fresh(projected + at, inside),
        fresh(projected + A + at, inside),
        fresh(projected + 2 * A + at, inside),
    )
    if E > 0:
        asked += low_rank(low, table, E, A, at, inside, BN)
    keep = tl.exp(-tl.exp(asked))
    written = k[:, None] * v[None, :]
    y = tl.sum(r[:, None] * (past + u[:, None] * written), 0)
    tl.debug_barrier()
    tl.store(cells, keep[:, None] * past + written, mask=square)
    y = head_norm(y, inside, N, EPS) * scale + shift
    if GATED:
        g = fresh(projected + 3 * A + at, inside)
        y = y * g * tl.sigmoid(g)
    tl.store(out + at, y, mask=inside)


@triton.jit
def memory_delta(
    projected,
    low,
    v_first,
    w0,
    w2,
    a0,
    a2,
    v0,
    v2,
    g2,
    k_k,
    k_a,
    r_k,
    memory,
    weight,
    bias,
    out,
    C: tl.constexpr,
    N: tl.constexpr,
    RV: tl.constexpr,
    RG: tl.constexpr,
    RW: tl.constexpr,
    RA: tl.constexpr,
    EPS: tl.constexpr,
    SLOWEST: tl.constexpr,
    FIRST: tl.constexpr,
    BN: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """Version 7, a program a head: the second halves of the low-rank maps, the delta rule on S (H, value, key), norm, gate.

    projected: r, k, v, each (C,). low: the first halves, for v (RV; none in the FIRST block), g, w and a, in this order.
    """
    channel = tl.arange(0, BN)
    inside = channel < N
    at = tl.program_id(0) * N + channel
    of_value, of_key = tl.load(k_k + at, mask=inside, other=0.0), tl.load(k_a + at, mask=inside, other=0.0)
    base_w, base_a = tl.load(w0 + at, mask=inside, other=0.0), tl.load(a0 + at, mask=inside, other=0.0)
    scale, shift = tl.load(weight + at, mask=inside, other=0.0), tl.load(bias + at, mask=inside, other=0.0)
    bonus = tl.load(r_k + at, mask=inside, other=0.0)
    cells = memory + tl.program_id(0) * N * N + channel[:, None] * N + channel[None, :]  # (value, key)
    square = inside[:, None] & inside[None, :]
    wait_for_others(OVERLAP)
    past = fresh(cells, square)
    r, k, v = (
        fresh(projected + at, inside),
        fresh(projected + C + at, inside),
        fresh(projected + 2 * C + at, inside),
    )
    if FIRST:
        tl.store(v_first + at, v, mask=inside)
    else:
        share = tl.sigmoid(tl.load(v0 + at, mask=inside, other=0.0) + low_rank(low, v2, RV, C, at, inside, BN))
        v += (fresh(v_first + at, inside) - v) * share
    gate = low_rank(low + RV, g2, RG, C, at, inside, BN)
    keep = tl.exp(SLOWEST * tl.sigmoid(base_w + low_rank(low + RV + RG, w2, RW, C, at, inside, BN)))
    rate = tl.sigmoid(base_a + low_rank(low + RV + RG + RW, a2, RA, C, at, inside, BN))
    direction = tl.where(inside, k * of_value, 0.0)
    direction = direction / tl.maximum(tl.sqrt(tl.sum(direction * direction, 0)), 1e-12)
    k = k * (1.0 + (rate - 1.0) * of_key)
    stored = -tl.sum(past * direction[None, :], 1)
    now = past * keep[None, :] + stored[:, None] * (direction * rate)[None, :] + v[:, None] * k[None, :]
    tl.debug_barrier()
    tl.store(cells, now, mask=square)
    y = head_norm(tl.sum(now * r[None, :], 1), inside, N, EPS) * scale + shift
    y += tl.sum(tl.where(inside, r * k * bonus, 0.0), 0) * v
    tl.store(out + at, y * gate, mask=inside)


@triton.jit
def memory_log_sums(
    projected, decay, bonus, top, bottom, exponent, out, A: tl.constexpr, BLOCK: tl.constexpr, OVERLAP: tl.constexpr
):
    """Version 4: read and write the two sums, times the receptance. projected: σ(r), k, v, each (A,); decay log w (A,)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < A
    fade, u = tl.load(decay + at, mask=inside), tl.load(bonus + at, mask=inside)
    wait_for_others(OVERLAP)
    r, k, v = (
        fresh(projected + at, inside),
        fresh(projected + A + at, inside),
        fresh(projected + 2 * A + at, inside),
    )
    a, b, p = fresh(top + at, inside), fresh(bottom + at, inside), fresh(exponent + at, inside)
    largest = tl.maximum(p, u + k)
    past, present = tl.exp(p - largest), tl.exp(u + k - largest)
    tl.store(out + at, r * (past * a + present * v) / (past * b + present), mask=inside)
    largest = tl.maximum(p + fade, k)
    past, present = tl.exp(p + fade - largest), tl.exp(k - largest)
    tl.debug_barrier()
    tl.store(top + at, past * a + present * v, mask=inside)
    tl.store(bottom + at, past * b + present, mask=inside)
    tl.store(exponent + at, largest, mask=inside)


@triton.jit
def memory_sums(
    projected,
    decay,
    bonus,
    top,
    bottom,
    out,
    A: tl.constexpr,
    EPSILON: tl.constexpr,
    BLOCK: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """Versions 2 and 3: the same with projected σ(r), e^k, v and plain sums; decay log w, bonus u (A,)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < A
    keep, u = tl.exp(tl.load(decay + at, mask=inside)), tl.load(bonus + at, mask=inside)
    wait_for_others(OVERLAP)
    r, k, v = (
        fresh(projected + at, inside),
        fresh(projected + A + at, inside),
        fresh(projected + 2 * A + at, inside),
    )
    a, b = fresh(top + at, inside), fresh(bottom + at, inside)
    tl.store(out + at, r * (a + u * k * v) / (b + u * k + EPSILON), mask=inside)
    tl.debug_barrier()
    tl.store(top + at, keep * a + k * v, mask=inside)
    tl.store(bottom + at, keep * b + k, mask=inside)
