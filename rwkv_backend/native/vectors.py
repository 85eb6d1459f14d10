"""What kernels that are spelled out in vectors are built from, so that they compile to the instructions meant.

Written for processors with 256-bit vectors; on others the compiler splits the same vectors as it must.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rwkv_backend.native.compiler import intrinsic

LINE = 64
"""Bytes that come from memory together."""

F32, I8, I16, I32, I64 = ir.FloatType(), ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
FLOATS, INTEGERS = ir.VectorType(F32, 8), ir.VectorType(I32, 8)


def load_vector(builder: Any, address: Any, offset: Any, kind: Any) -> Any:
    """A vector from address + offset (in bytes), wherever that lies."""
    pointer = builder.inttoptr(builder.add(address, offset), kind.as_pointer())
    return builder.load(pointer, align=1)


def store_vector(builder: Any, value: Any, address: Any, offset: Any) -> None:
    pointer = builder.inttoptr(builder.add(address, offset), value.type.as_pointer())
    builder.store(value, pointer, align=1)


def times_plus(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c of floats, rounded once where the processor can."""
    kind = ir.FunctionType(FLOATS, [FLOATS] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fmuladd.v8f32"), (a, b, c))


def sum_of_pairs(builder: Any, a: Any, b: Any) -> Any:
    """From two vectors of sixteen int16: eight int32, each the sum of two neighbouring products (x86: vpmaddwd)."""
    wide = ir.VectorType(I32, 16)
    product = builder.mul(builder.sext(a, wide), builder.sext(b, wide))
    even, odd = ([2 * i + which for i in range(8)] for which in (0, 1))
    return builder.add(*(pick(builder, product, lanes) for lanes in (even, odd)))


def pick(builder: Any, vector: Any, lanes: list[int], other: Any = None) -> Any:
    other = ir.Constant(vector.type, ir.Undefined) if other is None else other
    return builder.shuffle_vector(vector, other, ir.Constant(ir.VectorType(I32, len(lanes)), lanes))


def sum_of_lanes(builder: Any, vector: Any, add: Any) -> Any:
    """The sum of the eight numbers in a vector."""
    for half in (4, 2, 1):
        low, high = (pick(builder, vector, [start + i for i in range(half)]) for start in (0, half))
        vector = add(low, high)
    return builder.extract_element(vector, ir.Constant(I32, 0))


def spread(builder: Any, value: Any) -> Any:
    """One number in all eight places."""
    vector = builder.insert_element(ir.Constant(ir.VectorType(value.type, 8), ir.Undefined), value, ir.Constant(I32, 0))
    return pick(builder, vector, [0] * 8)


def constant(number: int) -> Any:
    return ir.Constant(I64, number)


def hidden(builder: Any, address: Any) -> Any:
    """The same address, of which the compiler knows nothing: what is read there is read anew, and keeps no register."""
    same = ir.InlineAsm(ir.FunctionType(I64, [I64]), "", "=r,0")
    return builder.call(same, (address,))


def fetch_early(builder: Any, address: Any, ahead: int, cache: int = 3) -> None:
    """Ask for memory that will be read soon: the processor's own guesses end at each page.

    `cache`: 3 the first, 2 the second.
    """
    place = builder.inttoptr(builder.add(address, constant(ahead)), I8.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [I8.as_pointer(), I32, I32, I32])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(fetch, (place, *(ir.Constant(I32, number) for number in (0, cache, 1))))


def widen_float32(builder: Any, address: Any, offset: Any) -> Any:
    return load_vector(builder, address, offset, FLOATS)


def widen_bfloat16(builder: Any, address: Any, offset: Any) -> Any:
    whole = builder.zext(load_vector(builder, address, offset, ir.VectorType(I16, 8)), INTEGERS)
    return builder.bitcast(builder.shl(whole, ir.Constant(INTEGERS, [16] * 8)), FLOATS)


def widen_float16(builder: Any, address: Any, offset: Any) -> Any:
    return builder.fpext(load_vector(builder, address, offset, ir.VectorType(ir.HalfType(), 8)), FLOATS)


@intrinsic
def from_float16(typing_context: Any, stored: Any) -> Any:
    """float32 of 16 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), F32)

    return types.float32(types.uint16), build


@intrinsic
def from_bfloat16(typing_context: Any, stored: Any) -> Any:
    """float32 of its upper 16 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = builder.shl(builder.zext(arguments[0], I32), ir.Constant(I32, 16))
        return builder.bitcast(whole, F32)

    return types.float32(types.uint16), build


@intrinsic
def from_bits(typing_context: Any, bits: Any) -> Any:
    """The float32 that has these 32 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], F32)

    return types.float32(types.int32), build


@intrinsic
def power_of_two(typing_context: Any, exponent: Any) -> Any:
    """2 to an int32 from −126 to 127, in float32: the number goes where a float keeps its exponent."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        biased = builder.add(arguments[0], ir.Constant(I32, 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(I32, 23)), F32)

    return types.float32(types.int32), build
