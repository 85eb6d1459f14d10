"""Arrays over memory that torch owns: kernels are given addresses and lay arrays of numba over them."""

from __future__ import annotations

from typing import Any

from numba import carray, types

from rwkv_backend.native.codes import WIDTH
from rwkv_backend.native.compiler import intrinsic, kernel


def _pointer(to: Any) -> Any:
    """An intrinsic that takes an address for a pointer to numbers of type `to`."""

    @intrinsic
    def pointer(typing_context: Any, address: Any) -> Any:
        signature = types.CPointer(to)(types.int64)

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return signature, build

    return pointer


_to_floats, _to_integers, _to_halves = _pointer(types.float32), _pointer(types.int64), _pointer(types.uint16)
_to_bytes, _to_signed, _to_shorts = _pointer(types.uint8), _pointer(types.int8), _pointer(types.int16)
_to_words = _pointer(types.int32)


@kernel
def floats(address: Any, count: Any) -> Any:
    return carray(_to_floats(address), (count,))


@kernel
def rows(address: Any, count: Any, width: Any) -> Any:
    """float32 numbers as (count, width)"""
    return carray(_to_floats(address), (count, width))


@kernel
def cubes(address: Any, count: Any, height: Any, width: Any) -> Any:
    """float32 numbers as (count, height, width)"""
    return carray(_to_floats(address), (count, height, width))


@kernel
def integers(address: Any, count: Any) -> Any:
    return carray(_to_integers(address), (count,))


@kernel
def operations_at(address: Any, count: Any) -> Any:
    """The rows of a tape"""
    return carray(_to_integers(address), (count, WIDTH))


@kernel
def halves(address: Any, count: Any) -> Any:
    """16-bit numbers, as they are stored"""
    return carray(_to_halves(address), (count,))


@kernel
def words(address: Any, count: Any) -> Any:
    return carray(_to_words(address), (count,))


@kernel
def shorts(address: Any, count: Any) -> Any:
    return carray(_to_shorts(address), (count,))


@kernel
def bytes_at(address: Any, count: Any) -> Any:
    return carray(_to_bytes(address), (count,))


@kernel
def signed_bytes(address: Any, count: Any) -> Any:
    return carray(_to_signed(address), (count,))
