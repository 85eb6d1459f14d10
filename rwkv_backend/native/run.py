"""Runs a tape: the list of operations that reads T tokens with one model, in a single native call.

A row of the tape holds an operation's code and up to fifteen numbers: places and sizes. A place is an index into `places`,
which holds the addresses of weights, working memory, the state and what is asked for. `tape.py` writes both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rwkv_backend.native import codes, products, recurrences, rows
from rwkv_backend.native.addresses import cubes, floats, halves, integers, operations_at
from rwkv_backend.native.addresses import rows as matrix_at
from rwkv_backend.native.compiler import kernel
from rwkv_backend.native.team import CLOSED, DONE, TICKET, add_shared, read_shared, replace_shared, write_shared

E8, E16, LIMIT_1, LOW_1, LIMIT_2, NOT_LESS = (np.float32(x) for x in (1e-8, 1e-16, 30.0, -60.0, 60.0, -1e30))

WORTH_SHARING = 1 << 17
"""Multiplications below which handing out blocks costs more than it saves."""


@kernel
def run(tape_at: Any, operations: Any, places_at: Any, place_count: Any, sizes_at: Any) -> Any:
    """Called from Python, with the addresses of `tape` (operations, 16), `places` (place_count) and `sizes`, all of int64."""
    tape, places = operations_at(tape_at, operations), integers(places_at, place_count)
    sizes = integers(sizes_at, codes.SIZES)
    count = sizes[codes.TOKENS]
    for i in range(operations):
        code = tape[i, 0]
        if code == codes.PRODUCT:
            product(tape, i, places, sizes)
        elif code == codes.NARROW:
            count = breadth(tape[i, 1], sizes)
        elif code < codes.RECURRENCES:
            by_row(tape[i], places, sizes, count)
        else:
            remember(tape[i], places, sizes, count)
    if places[codes.TEAM] != 0:
        write_shared(places[codes.TEAM] + TICKET, CLOSED)


@kernel
def help_out(tape_at: Any, operations: Any, places_at: Any, place_count: Any, sizes_at: Any, own: Any) -> Any:
    """What the other threads run: take blocks of the leader's products until the tape has ended.

    Called from Python as `run` is; `own`: this thread's working memory.
    """
    tape, places = operations_at(tape_at, operations), integers(places_at, place_count)
    sizes = integers(sizes_at, codes.SIZES)
    team = places[codes.TEAM]
    while True:
        ticket = read_shared(team + TICKET)
        if ticket == CLOSED:
            return
        if ticket > 0:
            i, block = (ticket >> 32) - 1, ticket & 0xFFFFFFFF
            if block < blocks(tape[i], sizes) and replace_shared(team + TICKET, ticket, ticket + 1):
                product_block(tape[i], places, sizes, block, own)
                add_shared(team + DONE, 1)


@kernel
def breadth(code: Any, sizes: Any) -> Any:
    """Rows that an operation of this breadth is for."""
    if code == codes.ALL_ROWS:
        return sizes[codes.TOKENS]
    return sizes[codes.ASKED] if code == codes.ASKED_ROWS else sizes[codes.NEAR]


@kernel
def skipped(op: Any, sizes: Any) -> Any:
    """Rows before the first of a product."""
    return sizes[codes.TOKENS] - sizes[codes.NEAR] if op[9] == codes.NEAR_IN_PLACE else 0


@kernel
def blocks(op: Any, sizes: Any) -> Any:
    return (op[8] + products.block_of(op[3]) - 1) // products.block_of(op[3])


@kernel
def product(tape: Any, i: Any, places: Any, sizes: Any) -> Any:
    op = tape[i]
    count = breadth(op[9], sizes)
    x = places[op[2]] + 4 * op[7] * skipped(op, sizes)
    products.prepare(op[3], places[op[4]], places[op[6]], x, count, op[7], op[8], places[codes.SHARED])
    own, team = places[codes.OWN], places[codes.TEAM]
    if team == 0 or count * op[7] * op[8] < WORTH_SHARING:
        product_columns(op, places, sizes, 0, op[8], own)
        return
    write_shared(team + DONE, 0)
    many = blocks(op, sizes)
    write_shared(team + TICKET, (i + 1) << 32)
    while True:
        ticket = read_shared(team + TICKET)
        block = ticket & 0xFFFFFFFF
        if block >= many:
            break
        if replace_shared(team + TICKET, ticket, ticket + 1):
            product_block(op, places, sizes, block, own)
            add_shared(team + DONE, 1)
    while read_shared(team + DONE) < many:
        pass


@kernel
def product_block(op: Any, places: Any, sizes: Any, block: Any, own: Any) -> Any:
    width = products.block_of(op[3])
    product_columns(op, places, sizes, block * width, min((block + 1) * width, op[8]), own)


@kernel
def product_columns(op: Any, places: Any, sizes: Any, first: Any, last: Any, own: Any) -> Any:
    before = skipped(op, sizes)
    products.columns(
        op[3],
        places[op[4]],
        places[op[5]],
        places[op[6]],
        places[op[10]],
        places[op[2]] + 4 * op[7] * before,
        places[op[1]] + 4 * op[8] * before,
        breadth(op[9], sizes),
        op[7],
        op[8],
        first,
        last,
        places[codes.SHARED],
        own,
    )


@kernel
def by_row(op: Any, places: Any, sizes: Any, count: Any) -> Any:
    a, b, c, d, e = places[op[1]], places[op[2]], places[op[3]], places[op[4]], places[op[5]]
    n, m = op[7], op[8]
    code = op[0]
    if code == codes.EMBED:
        embed(matrix_at(a, count, n), b, integers(places[codes.INPUT], count), m)
    elif code == codes.NORM:
        k = min(count, breadth(op[9], sizes))
        rows.layer_norm(matrix_at(a, k, n), matrix_at(b, k, n), floats(c, n), floats(d, n))
    elif code == codes.GROUP_NORM:
        rows.group_norm(matrix_at(a, count, n), matrix_at(b, count, n), floats(c, n), floats(d, n), m)
    elif code == codes.TAKE_ASKED:
        k = sizes[codes.ASKED]
        rows.copy(floats(a, k * n), floats(b + 4 * n * (count - k), k * n))
    elif code == codes.TAKE_LAST:
        k = breadth(m, sizes)
        if k < count:
            rows.copy(floats(a, k * n), floats(a + 4 * n * (count - k), k * n))
    elif code == codes.COPY:
        rows.copy(floats(a, count * n), floats(b, count * n))
    elif code == codes.ADD:
        rows.add(floats(a, count * n), floats(b, count * n))
    elif code == codes.BLEND_FROM:
        rows.blend_from_previous(matrix_at(a, count, n), matrix_at(b, count, n), floats(c, n), floats(d, n))
    elif code == codes.BLEND_TO:
        rows.blend_to_previous(matrix_at(a, count, n), matrix_at(b, count, n), floats(c, n), floats(d, n))
    elif code == codes.BLEND_CHOSEN:
        rows.blend_as_chosen(
            matrix_at(a, count, n), matrix_at(b, count, n), floats(c, n), floats(d, n), matrix_at(e, count, n)
        )
    elif code == codes.SHIFT_HALF:
        rows.shift_half(matrix_at(a, count, n), matrix_at(b, count, n), floats(c, n // 2))
    elif code == codes.TAKE_PART:
        rows.take_part(matrix_at(a, count, n), matrix_at(b, count, m), op[9])
    elif code == codes.KEEP_LAST:
        rows.copy(floats(a, m), floats(b + 4 * n * (count - 1), m))
    elif code == codes.KEEP:
        if a != 0:
            rows.copy(floats(a, n), floats(b + 4 * n * (count - 1), n))
    else:
        elementwise(op, a, b, c, d, e, places[op[6]], count, n, m, sizes)


@kernel
def embed(target: Any, table: Any, tokens: Any, kind: Any) -> Any:
    width = target.shape[1]
    for t in range(target.shape[0]):
        if kind == codes.FLOAT32:
            rows.copy(target[t], floats(table + 4 * width * tokens[t], width))
        elif kind == codes.BFLOAT16:
            rows.widen_bfloat16(target[t], halves(table + 2 * width * tokens[t], width))
        else:
            rows.widen_float16(target[t], halves(table + 2 * width * tokens[t], width))


@kernel
def elementwise(op: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, count: Any, n: Any, m: Any, sizes: Any) -> Any:
    code, whole = op[0], count * n
    if code == codes.SIGMOID:
        rows.apply_sigmoid(floats(a, whole))
    elif code == codes.TANH:
        rows.apply_tanh(floats(a, whole))
    elif code == codes.SQUARED_RELU:
        rows.apply_squared_relu(floats(a, whole))
    elif code == codes.TIMES:
        rows.multiply(floats(a, whole), floats(b, whole))
    elif code == codes.TIMES_SIGMOID:
        rows.times_sigmoid(floats(a, whole), floats(b, whole))
    elif code == codes.TIMES_SILU:
        rows.times_silu(floats(a, whole), floats(b, whole))
    elif code == codes.TIMES_MISH:
        rows.times_mish(floats(a, whole), floats(b, whole))
    elif code == codes.EXP_1:
        rows.bounded_exp(floats(a, whole), LOW_1, LIMIT_1)
    elif code == codes.EXP_2:
        rows.bounded_exp(floats(a, whole), NOT_LESS, LIMIT_2)
    elif code == codes.BY_POSITION:
        rows.scale_rows(matrix_at(a, count, n), floats(b + 4 * sizes[codes.SEEN], count))
    elif code == codes.POSITIONS:
        add_positions(matrix_at(a, count, n), matrix_at(b, m, n), matrix_at(c, m, n), sizes[codes.SEEN])
    elif code == codes.REPEAT:
        rows.repeat_for_channels(floats(a, n), floats(b, m))
    elif code == codes.FADING:
        rows.fading(matrix_at(a, count, n), floats(c, n), matrix_at(b, count, n))
    elif code == codes.GENTLE_FADING:
        rows.gentle_fading(matrix_at(a, count, n), floats(c, n), matrix_at(b, count, n))
    elif code == codes.CONSTANT_FADING:
        rows.apply_fading(floats(a, n))
    elif code == codes.EXP:
        rows.apply_exp(floats(a, n))
    elif code == codes.LEAN:
        rows.lean_to_first(matrix_at(a, count, n), matrix_at(b, count, n), floats(c, n), matrix_at(d, count, n))
    elif code == codes.PREPARE_KEY:
        rows.prepare_key(
            matrix_at(a, count, n),
            matrix_at(b, count, n),
            matrix_at(c, count, n),
            floats(d, n),
            floats(e, n),
            floats(f, n),
            m,
        )


@kernel
def add_positions(x: Any, across: Any, down: Any, seen: Any) -> Any:
    side = across.shape[0]
    for t in range(x.shape[0]):
        y = down[(seen + t) // side]
        rows.add(x[t], y)
        rows.add(x[t], across[(seen + t) % side])


@kernel
def remember(op: Any, places: Any, sizes: Any, count: Any) -> Any:
    """The operations that read and write the memory."""
    seen = sizes[codes.SEEN]
    a, b, c, d = places[op[1]], places[op[2]], places[op[3]], places[op[4]]
    e, f, g, h = places[op[5]], places[op[6]], places[op[7]], places[op[8]]
    n, m = op[12], op[13]
    code, end = op[0], seen + count
    if code == codes.MATRIX:
        recurrences.matrix(a, b, c, d, e, f, g, count, m, n // m, op[14] == 1)
    elif code == codes.DELTA:
        recurrences.delta(a, b, c, d, e, f, g, h, count, m, n // m)
    elif code == codes.BONUS:
        rows.add_bonus(
            matrix_at(a, count, n),
            matrix_at(b, count, n),
            matrix_at(c, count, n),
            matrix_at(d, count, n),
            floats(e, n),
            m,
        )
    elif code == codes.LOG_SUMS:
        recurrences.log_sums(
            matrix_at(a, count, n),
            matrix_at(b, count, n),
            matrix_at(c, count, n),
            floats(d, n),
            floats(e, n),
            floats(f, n),
            floats(g, n),
            floats(h, n),
        )
    elif code == codes.SUMS:
        recurrences.fading_sums(
            matrix_at(a, count, n),
            matrix_at(b, count, n),
            matrix_at(c, count, n),
            floats(d, n),
            floats(e, n),
            floats(f, n),
            floats(g, n),
            E16 if op[14] == 16 else E8,
        )
    elif code == codes.TINY:
        recurrences.tiny_attention(
            matrix_at(a, count, n),
            matrix_at(b, count, m),
            matrix_at(c, count, m),
            matrix_at(d, count, n),
            matrix_at(e, m, n),
        )
    elif code == codes.ATTEND:
        rows.copy(floats(d + 4 * n * seen, count * n), floats(f, count * n))
        rows.copy(floats(e + 4 * n * seen, count * n), floats(g, count * n))
        recurrences.softmax_attention(
            matrix_at(a, count, n),
            matrix_at(b, count, n),
            matrix_at(d, end, n),
            matrix_at(e, end, n),
            seen,
            floats(c, end),
        )
    elif code == codes.COPY_SCORES:
        k, before = sizes[codes.ASKED], sizes[codes.COPY_SEEN]
        recurrences.copy_scores(
            matrix_at(a, k, m),
            matrix_at(b, k, n),
            matrix_at(c, count, n),
            integers(places[codes.INPUT], count),
            matrix_at(d, before + count, n),
            integers(e, before + count),
            before,
            op[14],
        )
    elif code == codes.WINDOW:
        recurrences.window(
            matrix_at(a, count, n),
            floats(b, n),
            matrix_at(c, m, op[14]),
            matrix_at(d, m, op[14]),
            matrix_at(e, m, op[14]),
            matrix_at(f, count, n),
            matrix_at(g, count, n),
            matrix_at(h, end, n),
            matrix_at(places[op[9]], end, n),
            seen,
        )
    elif code == codes.FOLDED_WINDOW:
        recurrences.folded_window(
            matrix_at(a, count, n),
            floats(b, n),
            cubes(c, m, op[14], op[14]),
            matrix_at(f, count, n),
            matrix_at(g, count, n),
            matrix_at(h, end, n),
            matrix_at(places[op[9]], end, n),
            seen,
        )
