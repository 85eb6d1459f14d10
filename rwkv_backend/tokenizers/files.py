"""Reading tokenizer files: as bytes, as JSON. Every failure is one sentence for the user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rwkv_backend.errors import TokenizerError

MOST_BYTES = 64 << 20
"""The largest real tokenizer files have some 20 MB; more is another kind of file, not worth reading."""


class Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs in the file's order, so that a key that comes twice can be seen."""


def read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise TokenizerError(f"{path.name} is no tokenizer file: it has {size / 1e6:,.0f} MB.")
        return path.read_bytes()
    except OSError as error:
        raise TokenizerError(f"{path.name} cannot be read: {error.strerror}.") from error


def read_pairs(path: Path) -> Pairs:
    """The file's JSON object. UTF-8 and UTF-16 are told apart by the byte order mark, or by zero bytes without one."""
    try:
        content = json.loads(read_bytes(path), object_pairs_hook=Pairs)
    except (ValueError, RecursionError) as error:
        raise TokenizerError(
            f"{path.name} is damaged or not a JSON file ({error}).", "Copy or download it again."
        ) from error
    if not isinstance(content, Pairs):
        raise TokenizerError(f"{path.name} is a JSON file, but not a tokenizer.")
    return content
