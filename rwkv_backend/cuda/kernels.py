"""Triton kernels for one token: few, large, each reading every weight once. All numbers are float32 but the weights.

A block of a model takes seven or eight of them: norm, token shift and blends; the stacked projections; the memory with its
norm and gate; the output on top of the stream; and the same again for the channel mix.

With OVERLAP a kernel may start while the one before it still runs: it fetches weights, and waits before it touches
anything that the other writes (programmatic dependent launch, Hopper and later).

The memories themselves are in `memory_kernels.py`. Letters: C channels of the stream, K columns of a matrix. Names in
capitals are compile-time numbers; ROW, BLOCK, BR, BK and BD are powers of two.
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
