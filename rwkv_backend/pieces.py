"""In which pieces a text was read, so that it can be read again in the same ones and give the same bits.

Only pieces of several tokens are noted; what lies between them was read token by token.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rwkv_backend.generation import CHUNK

LONGEST_EXACT = 48
"""Single tokens that are read again one by one; more are read in chunks, which takes a tenth of the time."""


@dataclass(frozen=True)
class Piece:
    """Tokens read in one forward pass, `start` to before `end`; every: with logits after each of them."""

    start: int
    end: int
    every: bool = False


class Pieces:
    """Of one timeline, in order."""

    def __init__(self, chunks: Sequence[Piece] = ()) -> None:
        self._chunks = list(chunks)

    def add(self, start: int, end: int, every: bool) -> None:
        if end - start > 1:
            self._chunks.append(Piece(start, end, every))

    def __contains__(self, piece: Piece) -> bool:
        """Whether these very tokens were read together."""
        place = bisect_left(self._chunks, piece.end, key=lambda chunk: chunk.end)
        return place < len(self._chunks) and self._chunks[place] == piece

    def until(self, n: int) -> Pieces:
        """Those before `n`, the last of them cut off there; what is left of one token is no chunk."""
        cut = (Piece(chunk.start, min(chunk.end, n), chunk.every) for chunk in self._chunks if chunk.start < n)
        return Pieces([chunk for chunk in cut if chunk.end - chunk.start > 1])

    def between(self, start: int, end: int) -> list[Piece]:
        """How to read from `start` to `end`: as at first, unless that means more than LONGEST_EXACT single tokens."""
        if start >= end:
            return []
        found: list[Piece] = []
        single = start
        for chunk in self._chunks[bisect_right(self._chunks, start, key=lambda chunk: chunk.end) :]:
            if chunk.start >= end:
                break
            found += (Piece(i, i + 1) for i in range(single, chunk.start))
            found.append(Piece(max(chunk.start, start), min(chunk.end, end), chunk.every))
            single = chunk.end
        found += (Piece(i, i + 1) for i in range(single, end))
        if sum(piece.end - piece.start == 1 for piece in found) > LONGEST_EXACT:
            return [Piece(i, min(i + CHUNK, end)) for i in range(start, end, CHUNK)]
        return found
