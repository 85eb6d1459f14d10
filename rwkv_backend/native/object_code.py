"""Kernels as machine code: made once with numba, loaded by every later start without it.

numba wraps what it compiles in functions that speak to Python, and reading its own cache takes a second, most of it for
tables of what could be compiled. Here only the kernels are kept, behind functions of whole numbers as C has them.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

FOREIGN = frozenset({"memcpy", "memmove", "memset", "sqrtf"})
"""What kernels may call that is not among them: the C library has it in every process."""

WRAPPERS = ("_ZN7cpython", "cfunc.")
"""How the names begin of what numba makes for Python to call."""

NEVER_CALLED = "NRT_MemInfo_call_dtor"
"""Frees the memory of an array; those of kernels lie in memory of others."""

NUMBERS = {"run": 5, "help_out": 6, "shared_words": 2, "own_words": 2}
"""The functions that Python calls, and how many whole numbers each takes."""


class Kernels:
    """The compiled functions, as they are called from Python. The interpreter is free for others meanwhile."""

    def __init__(self, code: bytes) -> None:
        """code: as `compiled` made it on this machine; anything else may end the program."""
        _prepare()
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self._run, self._help_out = self._function("run"), self._function("help_out")
        self.shared_words = self._function("shared_words")
        """(count, inner) -> 32-bit numbers of memory that a product of `count` rows needs for all threads together"""
        self.own_words = self._function("own_words")
        """(count, inner) -> and for each thread"""

    def _function(self, name: str) -> Callable[..., int]:
        address = self._engine.get_function_address(_exported(name))
        if not address:
            raise RuntimeError(f"the compiled code has no {name}")
        return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * NUMBERS[name])(address)

    def run(self, tape: NDArray[np.int64], places: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
        """Run a tape (operations, 16); see `run.py`. All are contiguous."""
        self._run(tape.ctypes.data, len(tape), places.ctypes.data, len(places), sizes.ctypes.data)

    def help_out(self, tape: NDArray[np.int64], places: NDArray[np.int64], sizes: NDArray[np.int64], own: int) -> None:
        """What other threads do until that tape has ended. `own`: the address of this thread's working memory."""
        self._help_out(tape.ctypes.data, len(tape), places.ctypes.data, len(places), sizes.ctypes.data, own)


def compiled() -> bytes:
    """The kernels as an object file for this processor. Takes a minute. Raises RuntimeError if it cannot be."""
    from rwkv_backend.native import compiler, products
    from rwkv_backend.native.run import help_out, run

    _prepare()
    # Loops here have many arrays; the compiler may compare more addresses than it would by itself to see them apart.
    llvm.set_option("rwkv-playground", "--runtime-memory-check-threshold=64")
    functions = {
        "run": run,
        "help_out": help_out,
        "shared_words": products.shared_words,
        "own_words": products.own_words,
    }
    whole = llvm.parse_assembly(f"define void @{NEVER_CALLED}(ptr %memory) {{ ret void }}")
    for name, function in functions.items():
        module = llvm.parse_assembly(compiler.assembly(function))
        entry = _entry(name, _kernel_of(module))
        whole.link_in(module)
        whole.link_in(llvm.parse_assembly(entry))
    machine = _machine(*compiler.processor())
    _leave_only_exported(whole, machine)
    code: bytes = machine.emit_object(whole)
    return code


def _prepare() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def _exported(name: str) -> str:
    return f"rwkv_{name}"


def _kernel_of(module: Any) -> str:
    """The one function that is meant for others, apart from the wrappers."""
    names = [function.name for function in module.functions if _is_open(function)]
    found = [name for name in names if not name.startswith(WRAPPERS)]
    if len(found) != 1:
        raise RuntimeError(f"the compiler made {len(found)} functions of one")
    return found[0]


def _is_open(value: Any) -> bool:
    return not value.is_declaration and value.linkage == llvm.Linkage.external


def _entry(name: str, kernel: str) -> str:
    """A function that calls a kernel as numba has them: the result and an error go where the first two numbers point.

    Kernels raise nothing: they neither allocate nor check an index, and a division by zero is as in C.
    """
    numbers = NUMBERS[name]
    types, given = ", ".join(["i64"] * numbers), ", ".join(f"i64 %{i}" for i in range(numbers))
    return f"""
        declare i32 @"{kernel}"(ptr, ptr, {types})
        define i64 @{_exported(name)}({types}) {{
            %result = alloca i64
            %error = alloca ptr
            %status = call i32 @"{kernel}"(ptr %result, ptr %error, {given})
            %value = load i64, ptr %result
            ret i64 %value
        }}"""


def _machine(processor: str, features: str) -> Any:
    """As numba has it: code that is placed once, wherever there is room, and stays."""
    reloc = "static" if platform.machine() in ("x86_64", "AMD64", "i386", "i686") else "default"
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(processor, features, opt=3, reloc=reloc, codemodel="jitdefault", jit=True)


def _leave_only_exported(module: Any, machine: Any) -> None:
    """Remove what the exported functions do not use: the wrappers. Raises RuntimeError if the rest calls Python."""
    exported = {_exported(name) for name in NUMBERS}
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name not in exported:
            value.linkage = llvm.Linkage.internal
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    called = {function.name for function in module.functions if function.is_declaration}
    foreign = {name for name in called if not name.startswith("llvm.")} - FOREIGN
    if foreign:
        raise RuntimeError(f"the compiled code calls {', '.join(sorted(foreign))}")
