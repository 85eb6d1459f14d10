"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
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
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            write(file)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
