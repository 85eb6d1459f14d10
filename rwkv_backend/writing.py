"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in its place; on any error what was there before stays.

    What is no ordinary file (a pipe, /dev/stdout) is written to directly. Raises OSError, and ValueError for a path that
    no file can have.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            write(file)
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """What the user lets others do with new files; temporary ones are closed to everyone else."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
