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


def has_instructions(name: str) -> bool:
    """Whether the processor that kernels are compiled for has them; `name` as the compiler calls them: "avx2"."""
    from numba.core import codegen, config

    if config.CPU_NAME == "generic":
        return False
    features = codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    return f"+{name}" in features.split(",")


def intrinsic(function: Callable[..., Any]) -> Any:
    """A function that is spelled out in the compiler's own terms."""
    return numba.extending.intrinsic(function)


def kernel(function: Function) -> Function:
    """A product and a sum may be rounded once instead of twice; apart from that the arithmetic is as written."""
    return numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")(function)


def summing(function: Function) -> Function:
    """A kernel whose sums may be taken in any order, and hence many terms at once."""
    return numba.njit(nogil=True, fastmath=FREE_SUMS, error_model="numpy")(function)


def entry(function: Any, signature: Any) -> Any:
    """A kernel that Python calls, compiled now, or read from the cache folder that is set."""
    return numba.njit(signature, nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")(plain(function))


def plain(function: Any) -> Any:
    """The function as Python, for the few calls that are not worth compiling."""
    return function.py_func
