"""One file: is it there, which container is it, and what does that container's reader find in it?"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from rwkv_backend.checkpoints import pth, safetensors, sniffing, words
from rwkv_backend.checkpoints.checkpoint import Checkpoint
from rwkv_backend.errors import CheckpointError

Reader = Callable[[BinaryIO, Path, int], Checkpoint]

READERS: tuple[tuple[Callable[[bytes], bool], Reader], ...] = (
    (lambda head: head.startswith(b"PK\3\4"), pth.read_zip),
    (lambda head: head.startswith(b"\x80") and head[1:2] in (b"\2", b"\3", b"\4", b"\5"), pth.read_legacy),
    (lambda head: head.startswith(b"L%dL" % pth.MAGIC), pth.read_legacy),
    (lambda head: head[8:9] == b"{" and b"\0" in head[:8], safetensors.read),
)
"""Each container's first bytes, and its reader."""


def is_folder(path: Path) -> bool:
    if "\0" in str(path):
        raise CheckpointError(f"There is no file '{words.shown(str(path), 300)}'.")
    with words.speaking_of(path):
        return stat.S_ISDIR(path.stat().st_mode)


def read_file(path: Path) -> Checkpoint:
    """What one file holds, under the names that stand in it. Raises CheckpointError."""
    with words.speaking_of(path):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise CheckpointError(f"'{words.shown(str(path), 300)}' is not an ordinary file.")
        with path.open("rb") as file:
            head = file.read(sniffing.HEAD_BYTES)
            size = os.fstat(file.fileno()).st_size
            for fits, read in READERS:
                if fits(head):
                    return read(file, path, size)
    raise sniffing.refusal(head)
