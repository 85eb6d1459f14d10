"""How kernels are compiled: `kernel` marks a function, and every module of kernels takes it from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numba.extending

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")

FREE_SUMS = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be taken in any order; infinities and NaN keep their meaning."""


def processor() -> tuple[str, str]:
    """Name and features, as the compiler calls them, of the processor that kernels are compiled for: this one, usually."""
    import llvmlite.binding as llvm
    from numba.core import codegen, config

    name = llvm.get_host_cpu_name() if config.CPU_NAME is None else config.CPU_NAME
    return name, codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES


def has_instructions(name: str) -> bool:
    """Whether that processor has them; `name` as the compiler calls them: "avx2"."""
    known, features = processor()
    return known != "generic" and f"+{name}" in features.split(",")


def intrinsic(function: Callable[..., Any]) -> Any:
    """A function that is spelled out in the compiler's own terms."""
    return numba.extending.intrinsic(function)


def kernel(function: Function) -> Function:
    """A product and a sum may be rounded once instead of twice; apart from that the arithmetic is as written."""
    return numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")(function)


def summing(function: Function) -> Function:
    """A kernel whose sums may be taken in any order, and hence many terms at once."""
    return numba.njit(nogil=True, fastmath=FREE_SUMS, error_model="numpy")(function)


def assembly(function: Any) -> str:
    """A kernel of int64 numbers and all that it calls, compiled, in the language of LLVM."""
    numbers = (numba.int64,) * plain(function).__code__.co_argcount
    function.compile(numbers)
    text: str = function.inspect_llvm(numbers)
    return text


def plain(function: Any) -> Any:
    """The function as Python, for tests that look at what is decided, not at what is computed."""
    return function.py_func
