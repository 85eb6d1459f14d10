"""Triton kernels for one token: few, large, each reading every weight once. All numbers are float32 but the weights.

A block of a model takes seven or eight of them: norm, token shift and blends; the stacked projections; the memory with its
norm and gate; the output on top of the stream; and the same again for the channel mix.

With OVERLAP a kernel may start while the one before it still runs: it fetches weights, and waits before it touches
anything that the other writes (programmatic dependent launch, Hopper and later).

Letters: C channels of the stream, A attention width, H heads, N channels a head, K columns of a matrix. Names in capitals
are compile-time numbers; ROW, BLOCK, BR, BK and BN are powers of two.
"""

from __future__ import annotations

import triton
import triton.language as tl

STORE, ADD, ADD_GATED = 0, 1, 2
"""What a matrix-vector product does with its result."""

LINEAR, SQUARED_RELU, SIGMOID, TANH, EXP = 0, 1, 2, 3, 4
"""Functions applied to a segment of a product."""


@triton.jit
def wait_for_others(OVERLAP: tl.constexpr):
    """Until the kernel before has written everything; from here on the next one may begin to fetch its weights."""
    if OVERLAP:
        tl.extra.cuda.gdc_wait()
        tl.extra.cuda.gdc_launch_dependents()


@triton.jit
def fresh(places, inside):
    """What the kernel before wrote; 0 outside. Not from the first-level cache, which may hold what was there earlier."""
    return tl.load(places, mask=inside, other=0.0, cache_modifier=".cg")


@triton.jit
def tanh(x):
    return 2.0 * tl.sigmoid(2.0 * x) - 1.0


@triton.jit
def applied(y, function):
    """`function` is one of LINEAR, SQUARED_RELU, SIGMOID, TANH, EXP, known at run time."""
    relu = tl.maximum(y, 0.0)
    y = tl.where(function == 1, relu * relu, y)
    y = tl.where(function == 2, tl.sigmoid(y), y)
    y = tl.where(function == 3, tanh(y), y)
    return tl.where(function == 4, tl.exp(tl.minimum(y, 60.0)), y)


@triton.jit
def norm_statistics(x, C: tl.constexpr, EPS: tl.constexpr, ROW: tl.constexpr):
    """Mean and 1/standard deviation of x (C,)."""
    at = tl.arange(0, ROW)
    row = fresh(x + at, at < C)
    mean = tl.sum(row, 0) / C
    away = tl.where(at < C, row - mean, 0.0)
    return mean, 1.0 / tl.sqrt(tl.sum(away * away, 0) / C + EPS)


@triton.jit
def embed(
    token,
    table,
    weight,
    bias,
    x,
    C: tl.constexpr,
    EPS: tl.constexpr,
    ROW: tl.constexpr,
    NORM: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """x = LayerNorm(table[token]), or the row as it is."""
    wait_for_others(OVERLAP)
    at = tl.arange(0, ROW)
    inside = at < C
    row = tl.load(table + tl.load(token) * C + at, mask=inside, other=0.0).to(tl.float32)
    if NORM:
        mean = tl.sum(row, 0) / C
        away = tl.where(inside, row - mean, 0.0)
        scale = 1.0 / tl.sqrt(tl.sum(away * away, 0) / C + EPS)
        row = away * scale * tl.load(weight + at, mask=inside) + tl.load(bias + at, mask=inside)
    tl.store(x + at, row, mask=inside)


@triton.jit
def norm_and_blend(
    x,
    weight,
    bias,
    last,
    shares,
    blends,
    normed,
    C: tl.constexpr,
    EPS: tl.constexpr,
    ROW: tl.constexpr,
    BLOCK: tl.constexpr,
    COUNT: tl.constexpr,
    FROM_CURRENT: tl.constexpr,
    KEEP_NORMED: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """y = LayerNorm(x), then COUNT blends (COUNT, C) of y with the token before, which is `last`; last = y.

    A share (COUNT, C) is the current token's, or with FROM_CURRENT the previous one's. normed = y where asked for.
    """
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < C
    scale, shift = tl.load(weight + at, mask=inside), tl.load(bias + at, mask=inside)
    wait_for_others(OVERLAP)
    mean, inverse = norm_statistics(x, C, EPS, ROW)
    current = (fresh(x + at, inside) - mean) * inverse * scale + shift
    if KEEP_NORMED:
        tl.store(normed + at, current, mask=inside)
    if COUNT > 0:
        previous = fresh(last + at, inside)
        tl.debug_barrier()  # threads that hold the same channel have all read `last`
        tl.store(last + at, current, mask=inside)
        for j in tl.static_range(COUNT):
            share = tl.load(shares + j * C + at, mask=inside)
            if FROM_CURRENT:
                tl.store(blends + j * C + at, current + (previous - current) * share, mask=inside)
            else:
                tl.store(blends + j * C + at, previous + (current - previous) * share, mask=inside)


@triton.jit
def chosen_shares(
    x,
    weight,
    bias,
    last,
    share,
    w1,
    z,
    C: tl.constexpr,
    EPS: tl.constexpr,
    ROW: tl.constexpr,
    BR: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """Version 6: z = tanh(W1ᵀ (y + (previous − y)∘share)) with y = LayerNorm(x); w1 (5·D, C). BR divides 5·D."""
    rows = tl.program_id(0) * BR + tl.arange(0, BR)
    at = tl.arange(0, ROW)
    inside = at < C
    matrix = tl.load(w1 + rows[:, None] * C + at[None, :], mask=inside[None, :], other=0.0).to(tl.float32)
    scale, shift = tl.load(weight + at, mask=inside, other=0.0), tl.load(bias + at, mask=inside, other=0.0)
    part = tl.load(share + at, mask=inside, other=0.0)
    wait_for_others(OVERLAP)
    mean, inverse = norm_statistics(x, C, EPS, ROW)
    current = (fresh(x + at, inside) - mean) * inverse * scale + shift
    blend = current + (fresh(last + at, inside) - current) * part
    blend = tl.where(inside, blend, 0.0)
    tl.store(z + rows, tanh(tl.sum(matrix * blend[None, :], 1)))


@triton.jit
def five_blends(
    x,
    weight,
    bias,
    last,
    shares,
    w2,
    z,
    blends,
    C: tl.constexpr,
    D: tl.constexpr,
    EPS: tl.constexpr,
    ROW: tl.constexpr,
    BLOCK: tl.constexpr,
    BD: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """Version 6: blends[j] = y + (previous − y)∘(shares[j] + z[j] w2[j]), then last = y. w2 (5, D, C)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < C
    rank = tl.arange(0, BD)
    known = (rank[:, None] < D) & inside[None, :]
    cells = w2 + rank[:, None] * C + at[None, :]
    t0 = tl.load(cells, mask=known, other=0.0)
    t1 = tl.load(cells + D * C, mask=known, other=0.0)
    t2 = tl.load(cells + 2 * D * C, mask=known, other=0.0)
    t3 = tl.load(cells + 3 * D * C, mask=known, other=0.0)
    t4 = tl.load(cells + 4 * D * C, mask=known, other=0.0)
    scale, shift = tl.load(weight + at, mask=inside), tl.load(bias + at, mask=inside)
    wait_for_others(OVERLAP)
    previous = fresh(last + at, inside)
    m0 = tl.sum(t0.to(tl.float32) * fresh(z + rank, rank < D)[:, None], 0)
    m1 = tl.sum(t1.to(tl.float32) * fresh(z + D + rank, rank < D)[:, None], 0)
    m2 = tl.sum(t2.to(tl.float32) * fresh(z + 2 * D + rank, rank < D)[:, None], 0)
    m3 = tl.sum(t3.to(tl.float32) * fresh(z + 3 * D + rank, rank < D)[:, None], 0)
    m4 = tl.sum(t4.to(tl.float32) * fresh(z + 4 * D + rank, rank < D)[:, None], 0)
    mean, inverse = norm_statistics(x, C, EPS, ROW)
    current = (fresh(x + at, inside) - mean) * inverse * scale + shift
    away = previous - current
    tl.debug_barrier()  # threads that hold the same channel have all read `last`
    tl.store(last + at, current, mask=inside)
    tl.store(blends + at, current + away * (tl.load(shares + at, mask=inside) + m0), mask=inside)
    tl.store(blends + C + at, current + away * (tl.load(shares + C + at, mask=inside) + m1), mask=inside)
    tl.store(blends + 2 * C + at, current + away * (tl.load(shares + 2 * C + at, mask=inside) + m2), mask=inside)
    tl.store(blends + 3 * C + at, current + away * (tl.load(shares + 3 * C + at, mask=inside) + m3), mask=inside)
    tl.store(blends + 4 * C + at, current + away * (tl.load(shares + 4 * C + at, mask=inside) + m4), mask=inside)


@triton.jit
def products(
    x, matrix, rows, K: tl.constexpr, BR: tl.constexpr, BK: tl.constexpr, STAGES: tl.constexpr, OVERLAP: tl.constexpr
):
    """matrix[rows] x; x (K,) float32 is not read before the other kernels are through."""
    column = tl.arange(0, BK)
    places = matrix + rows[:, None].to(tl.int64) * K + column[None, :]
    if BK >= K:
        inside = column < K
        weights = tl.load(places, mask=inside[None, :], other=0.0)
        wait_for_others(OVERLAP)
        given = fresh(x + column, inside)
        sums = weights.to(tl.float32) * given[None, :]
    else:
        wait_for_others(OVERLAP)
        sums = tl.zeros((BR, BK), tl.float32)
        for start in tl.range(0, K, BK, num_stages=STAGES):
            if K % BK == 0:
                weights = tl.load(places + start)
                given = fresh(x + start + column, True)
            else:
                inside = start + column < K
                weights = tl.load(places + start, mask=inside[None, :], other=0.0)
                given = fresh(x + start + column, inside)
            sums += weights.to(tl.float32) * given[None, :]
    return tl.sum(sums, 1)


@triton.jit
def matvec(
    x,
    matrix,
    scale,
    out,
    gate,
    side,
    side_out,
    K: tl.constexpr,
    INPUT_STEP: tl.constexpr,
    END0: tl.constexpr,
    END1: tl.constexpr,
    END2: tl.constexpr,
    F0: tl.constexpr,
    F1: tl.constexpr,
    F2: tl.constexpr,
    F3: tl.constexpr,
    FORM: tl.constexpr,
    SCALED: tl.constexpr,
    PROGRAMS: tl.constexpr,
    SIDE: tl.constexpr,
    SIDE_INPUT: tl.constexpr,
    BR: tl.constexpr,
    BK: tl.constexpr,
    SIDE_BR: tl.constexpr,
    SIDE_BK: tl.constexpr,
    STAGES: tl.constexpr,
    OVERLAP: tl.constexpr,
):
    """out = f(matrix x) for up to four stacked matrices, which end at rows END0, END1, END2 and at the last row.

    Each has its own function, and its own input INPUT_STEP numbers after the one before. BR divides every end. With SIDE
    the programs after the first PROGRAMS compute side_out = tanh(side x[SIDE_INPUT:]), a small matrix of another type.
    """
    program = tl.program_id(0)
    if SIDE and program >= PROGRAMS:
        small = (program - PROGRAMS) * SIDE_BR + tl.arange(0, SIDE_BR)
        found = products(x + SIDE_INPUT, side, small, K, SIDE_BR, SIDE_BK, STAGES, OVERLAP)
        tl.store(side_out + small, tanh(found))
    else:
        first = program * BR
        rows = first + tl.arange(0, BR)
        segment = (first >= END0).to(tl.int32) + (first >= END1).to(tl.int32) + (first >= END2).to(tl.int32)
        y = products(x + segment * INPUT_STEP, matrix, rows, K, BR, BK, STAGES, OVERLAP)
        if SCALED:
            y = y * tl.load(scale + rows)
        if FORM == 1:
            y += fresh(out + rows, True)
        if FORM == 2:
            y = fresh(out + rows, True) + y * fresh(gate + rows, True)
        if F0 + F1 + F2 + F3 > 0:
            function = tl.where(segment == 0, F0, tl.where(segment == 1, F1, tl.where(segment == 2, F2, F3)))
            y = applied(y, function)
        tl.store(out + rows, y)


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
