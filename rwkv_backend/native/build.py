"""Compiles the kernels once for this machine and this version of them, and keeps the result for later starts.

Compiling takes a minute, so a process of its own does it while the plain formulas serve; `kernels()` is None until it has
ended. It goes on to its end even if the program is closed, so that the next start finds the result, which is then there
at once. Whatever goes wrong costs speed only: it is logged, and the plain formulas stay.

The folder is the user's cache, or RWKV_PLAYGROUND_NATIVE_CACHE; if neither can be written, a temporary one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

FOLDER = "RWKV_PLAYGROUND_NATIVE_CACHE"
DONE = "complete"
"""The file that says that everything in its folder is compiled."""

BUSY = "compiling"
"""The file that says that a process is about it."""

SOURCES = (
    "addresses", "byte_tiles", "byte_vectors", "codes", "compiler", "dots", "functions", "heads", "products",
    "recurrences", "rows", "run", "sparse", "sparse_vectors", "stored", "strassen", "team", "tile_vectors", "tiles",
    "vectors",
)  # fmt: skip
"""The modules that are compiled."""

LONGEST = 600.0
"""Seconds that `wait` gives the compiler."""


@dataclass(frozen=True)
class Kernels:
    """The two functions that are called from Python, compiled."""

    run: Callable[[Any, Any, Any], None]
    help_out: Callable[[Any, Any, Any, int], None]


class _Builder:
    """Where the building stands; one in a process."""

    def __init__(self) -> None:
        self.found: Kernels | None = None
        self.failed = False
        self.folder: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def kernels(self) -> Kernels | None:
        if self.found is None and not self.failed:
            try:
                self._advance()
            except (OSError, ImportError, RuntimeError, ValueError) as error:
                self._give_up(error)
        return self.found

    def _advance(self) -> None:
        if self.folder is None:
            if importlib.util.find_spec("numba") is None:
                raise ImportError("numba is not installed")
            self.folder = cache_folder()
        if (self.folder / DONE).exists():
            if self.process is not None:
                self.process.wait()
            self.found = compiled(self.folder)
        elif self.process is None:
            if not being_compiled(self.folder):
                self.process = start_compiler(self.folder)
        elif self.process.poll() is not None and not being_compiled(self.folder):
            raise RuntimeError(f"the compiler ended with {self.process.returncode}")

    def _give_up(self, reason: Exception) -> None:
        self.failed = True
        log.warning("Tokens are read by the plain formulas, which is slower: %s", reason)


_builder = _Builder()


def kernels() -> Kernels | None:
    """The compiled kernels; None while they are being compiled, which the first call begins, or if they cannot be."""
    return _builder.kernels()


def wait(seconds: float = LONGEST) -> bool:
    """Wait for the kernels; whether they are there. For measuring and for tests: others go on with the plain formulas."""
    end = time.monotonic() + seconds
    while kernels() is None and not _builder.failed and time.monotonic() < end:
        time.sleep(0.05)
    return _builder.found is not None


def cache_folder() -> Path:
    """A folder for exactly these sources, this interpreter and this processor, which can be written."""
    for place in (_wanted_place(), Path(tempfile.gettempdir()) / "rwkv-playground-native"):
        folder = place / _fingerprint()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    raise OSError("there is no folder to keep compiled code in")


def _wanted_place() -> Path:
    import platformdirs

    given = os.environ.get(FOLDER)
    return Path(given) if given else Path(platformdirs.user_cache_dir("rwkv-playground")) / "native"


def _fingerprint() -> str:
    import llvmlite
    import llvmlite.binding as llvm
    import numba

    features = ",".join(sorted(name for name, has in llvm.get_host_cpu_features().items() if has))
    about = (numba.__version__, llvmlite.__version__, platform.python_version(), sys.platform, llvm.get_host_cpu_name())
    whole = hashlib.sha256(repr((*about, features)).encode())
    for name in SOURCES:
        whole.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return whole.hexdigest()[:20]


def being_compiled(folder: Path) -> bool:
    """Whether some process is about it, or was until so recently that it may still be."""
    try:
        return time.time() - (folder / BUSY).stat().st_mtime < LONGEST
    except OSError:
        return False


def start_compiler(folder: Path) -> subprocess.Popen[bytes]:
    log.info("Compiling the kernels into %s; until they are there, reading is slower.", folder)
    command = [sys.executable, "-m", "rwkv_backend.native.build", str(folder)]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        command,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )


def compiled(folder: Path) -> Kernels:
    """The kernels from that folder, compiled into it first where they are not there."""
    import llvmlite.binding as llvm
    from numba import int64, void
    from numba.core import config

    from rwkv_backend.native.compiler import entry
    from rwkv_backend.native.run import help_out, run

    # Loops here have many arrays; the compiler may compare more addresses than it would by itself to see them apart.
    llvm.set_option("rwkv-playground", "--runtime-memory-check-threshold=64")
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        arrays = (int64[:, ::1], int64[::1], int64[::1])
        return Kernels(entry(run, void(*arrays)), entry(help_out, void(*arrays, int64)))
    finally:
        config.CACHE_DIR = before


def main(folder: Path) -> None:
    """Compile everything into `folder`, unless another process is about it."""
    if being_compiled(folder):
        return
    if hasattr(os, "nice"):
        os.nice(10)
    (folder / BUSY).touch()
    try:
        compiled(folder)
        (folder / DONE).touch()
    finally:
        (folder / BUSY).unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
