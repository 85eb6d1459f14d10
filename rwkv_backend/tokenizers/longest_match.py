"""Cutting a text into the longest known pieces, from left to right: the rule of the World vocabulary (over bytes) and
of word-level vocab.json files (over characters).

At each place the longest piece that fits is taken, even where a shorter one would let the rest be cut better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import AnyStr, Generic

KEY = 2
"""Pieces are looked up by their first two bytes or characters: this leaves few lengths to try."""


class LongestMatch(Generic[AnyStr]):
    """Knows pieces and their ids; `cut` yields the pieces of a text."""

    def __init__(self, pieces: Mapping[AnyStr, int]) -> None:
        self._ids: dict[AnyStr, int] = {piece: token for piece, token in pieces.items() if piece}
        lengths: dict[AnyStr, set[int]] = {}
        for piece in self._ids:
            lengths.setdefault(piece[:KEY], set()).add(len(piece))
        self._lengths: dict[AnyStr, list[int]] = {key: sorted(found, reverse=True) for key, found in lengths.items()}

    def cut(self, text: AnyStr) -> Iterator[tuple[AnyStr, int | None]]:
        """Pieces in order, each with its id; a single byte or character that starts no piece comes with None."""
        place = 0
        while place < len(text):
            piece, token = self._longest(text, place)
            yield piece, token
            place += len(piece)

    def _longest(self, text: AnyStr, place: int) -> tuple[AnyStr, int | None]:
        for length in self._lengths.get(text[place : place + KEY], ()):
            piece = text[place : place + length]
            token = self._ids.get(piece)
            if token is not None:
                return piece, token
        single = text[place : place + 1]
        return single, self._ids.get(single)
