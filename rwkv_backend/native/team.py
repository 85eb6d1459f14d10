"""How threads share the products of a token: whoever is free takes the next block of columns.

One number says what there is to take: (index of the operation + 1) · 2^32 + the next free block. A block is taken by
raising that number by one, if nobody did so in between. Hence a thread that is late takes less, and one that was
sent to sleep holds up no more than its own block. `CLOSED` ends the work.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from rwkv_backend.native.compiler import intrinsic

I64 = ir.IntType(64)
TICKET, DONE = 0, 64
"""Where the two shared numbers lie, in bytes: each in a line of the cache of its own."""

CLOSED = -1


def _at(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, I64.as_pointer())


@intrinsic
def read_shared(typing_context: Any, address: Any) -> Any:
    """The int64 there, and everything that was written before it."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_at(builder, arguments[0]), "acquire", 8)

    return types.int64(types.int64), build


@intrinsic
def write_shared(typing_context: Any, address: Any, number: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[1], _at(builder, arguments[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@intrinsic
def add_shared(typing_context: Any, address: Any, number: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", _at(builder, arguments[0]), arguments[1], "acq_rel")

    return types.int64(types.int64, types.int64), build


@intrinsic
def replace_shared(typing_context: Any, address: Any, old: Any, new: Any) -> Any:
    """Write `new` if `old` is there; whether it was."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = builder.cmpxchg(_at(builder, arguments[0]), arguments[1], arguments[2], "acq_rel", "acquire")
        return builder.extract_value(found, 1)

    return types.boolean(types.int64, types.int64, types.int64), build
