"""Compiles the kernels once for this machine and this version of them, and keeps the result for later starts.

Compiling takes a minute, so a process of its own does it while the plain formulas serve; `kernels()` is None until it has
ended. It goes on to its end even if the program is closed, so that the next start finds the result, which is then there
at once. Whatever goes wrong costs speed only: it is logged, and the plain formulas stay.

The folder is the user's cache, or RWKV_PLAYGROUND_NATIVE_CACHE; if neither can be written, a temporary one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rwkv_backend.writing import write_whole

if TYPE_CHECKING:
    from rwkv_backend.native.object_code import Kernels

log = logging.getLogger(__name__)

FOLDER = "RWKV_PLAYGROUND_NATIVE_CACHE"
CODE = "kernels"
"""The file that holds everything compiled, behind its SHA-256, so that a damaged one is not run."""

DIGEST = hashlib.sha256().digest_size

BUSY = "compiling"
"""The file that says that a process is about it."""

SOURCES = (
    "addresses", "byte_tiles", "byte_vectors", "codes", "compiler", "dots", "functions", "heads", "object_code",
    "products", "recurrences", "rows", "run", "sparse", "sparse_vectors", "stored", "strassen", "team", "tile_vectors",
    "tiles", "vectors",
)  # fmt: skip
"""The modules that are compiled, and that say how."""

PLAIN_NUMBA = {
    "NUMBA_DISABLE_JIT": "0",
    "NUMBA_DISABLE_INTEL_SVML": "1",
    "NUMBA_BOUNDSCHECK": "0",
    "NUMBA_DEBUGINFO": "0",
}
"""What somebody may have set for programs of his own, and what would have kernels call libraries that are not there later."""

LONGEST = 600.0
"""Seconds that `wait` gives the compiler."""


class _Builder:
    """Where the building stands; one in a process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: Kernels | None = None
        self.failed = False
        self.folder: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def kernels(self) -> Kernels | None:
        if self.found is None and not self.failed:
            with self.lock:
                try:
                    self._advance()
                except (OSError, ImportError, RuntimeError, ValueError) as error:
                    self._give_up(error)
        return self.found

    def _advance(self) -> None:
        if self.found is not None or self.failed:
            return
        if self.folder is None:
            self.folder = cache_folder()
        code = read_code(self.folder)
        if code is not None:
            if self.process is not None:
                self.process.wait()
            self.found = loaded(code)
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
    """Raises ImportError where the compiler is missing; it is not imported here."""
    import llvmlite.binding as llvm

    features = ",".join(sorted(name for name, has in llvm.get_host_cpu_features().items() if has))
    versions = (version("numba"), version("llvmlite"), platform.python_version())
    about = (*versions, sys.platform, platform.machine(), llvm.get_host_cpu_name())
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
        env={**os.environ, **PLAIN_NUMBA, "PYTHONPATH": path},
        start_new_session=True,
    )


def loaded(code: bytes) -> Kernels:
    from rwkv_backend.native.object_code import Kernels

    return Kernels(code)


def read_code(folder: Path) -> bytes | None:
    """What was compiled into that folder; None if nothing was, or if it is damaged."""
    try:
        whole = (folder / CODE).read_bytes()
    except FileNotFoundError:
        return None
    digest, code = whole[:DIGEST], whole[DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def write_code(folder: Path, code: bytes) -> None:
    write_whole(folder / CODE, lambda file: file.write(hashlib.sha256(code).digest() + code))


def main(folder: Path) -> None:
    """Compile everything into `folder`, unless another process is about it."""
    if being_compiled(folder):
        return
    from rwkv_backend.native.object_code import compiled

    if hasattr(os, "nice"):
        os.nice(10)
    (folder / BUSY).touch()
    try:
        write_code(folder, compiled())
    finally:
        (folder / BUSY).unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
