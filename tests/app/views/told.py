"""Made-up tokens of a text, as a timeline tells them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rwkv_backend.records import Alternative, TokenRecord

OTHERS = (" king", " queen", " fox", "\n", " the")


def record(index: int, text: str, surprise: float | None = 1.0, written: bool = True, token: int = 0) -> TokenRecord:
    """With five alternatives, the third of which stands there; without a surprise, nobody has measured it."""
    number = token or 100 + index
    if surprise is None:
        return TokenRecord(index, number, text.encode(), text, written)
    logprobs = [-0.9, -1.5, -surprise, -4.0, -5.0]
    tokens = [1, 2, number, 4, 5]
    names = [*OTHERS[:2], text, *OTHERS[3:]]
    found = tuple(Alternative(t, n.encode(), p) for t, n, p in zip(tokens, names, logprobs, strict=True))
    return TokenRecord(index, number, text.encode(), text, written, -surprise, 3, math.log(50), found)


def records(texts: Sequence[str], start: int = 0, surprise: float | None = 1.0) -> list[TokenRecord]:
    return [record(start + at, text, surprise) for at, text in enumerate(texts)]
