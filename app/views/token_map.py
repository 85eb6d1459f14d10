"""Which characters of a shown text belong to which token: between what a model has read and what stands in a document.

told   the text of all tokens, one after the other
shown  a document: the page of Complete is the told text itself; a chat shows parts of it under headers, without the words
       that wrap them

Lengths and places count UTF-16 units, as Qt's documents do; `units` gives a text of which Python counts the same.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest


def units(text: str) -> str:
    """The text with each sign beyond U+FFFF as its two halves, and without "\\r", which no document shows."""
    text = text.replace("\r", "")
    if text.isascii() or max(text, default="") <= "\uffff":
        return text
    return "".join(map(chr, array("H", text.encode("utf-16-le", "surrogatepass"))))


@dataclass(frozen=True)
class Piece:
    """So many units of the told text stand in one go in the document."""

    shown: int
    told: int
    length: int

    @property
    def shown_end(self) -> int:
        return self.shown + self.length

    @property
    def told_end(self) -> int:
        return self.told + self.length


@dataclass(frozen=True)
class Stretch:
    """Where a token, or a part of it, stands in the document."""

    token: int
    start: int
    end: int


class TokenMap:
    def __init__(self) -> None:
        self._texts: list[str] = []
        self._ends: list[int] = []
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._told: str | None = None

    # Tokens

    def __len__(self) -> int:
        return len(self._ends)

    def truncate(self, tokens: int) -> None:
        """Forget the tokens from this number on."""
        if tokens < len(self._ends):
            del self._texts[tokens:], self._ends[tokens:]
            self._told = None

    def extend(self, texts: Sequence[str]) -> None:
        """More tokens, each with the text that it completes."""
        end, self._told = self.told_length, None
        for text in map(units, texts):
            end += len(text)
            self._texts.append(text)
            self._ends.append(end)

    @property
    def told_length(self) -> int:
        return self._ends[-1] if self._ends else 0

    def told(self) -> str:
        if self._told is None:
            self._told = "".join(self._texts)
        return self._told

    def start(self, token: int) -> int:
        """Where its text begins in what was told."""
        return self._ends[token - 1] if token else 0

    def token_after(self, told: int) -> int:
        """The first token whose text begins at this place of what was told, or later."""
        return bisect_left(self._ends, told) + 1 if told else 0

    # Where they stand

    def set_pieces(self, pieces: Sequence[Piece]) -> int | None:
        """In the order of the document; from which of its places on they are others than before, None: nowhere."""
        before, self._pieces = self._pieces, [piece for piece in pieces if piece.length > 0]
        self._starts = [piece.shown for piece in self._pieces]
        for one, other in zip_longest(before, self._pieces):
            if one != other:
                return _first_change(one, other)
        return None

    def shorten(self, place: int) -> None:
        """What stands after this place of the document no longer belongs to tokens."""
        self.set_pieces([Piece(p.shown, p.told, min(p.length, place - p.shown)) for p in self._pieces])

    def token_at(self, place: int) -> int | None:
        """The token of the character after this place of the document."""
        piece = self._piece_at(place)
        if piece is None:
            return None
        token = bisect_right(self._ends, piece.told + place - piece.shown)
        return token if token < len(self._ends) else None

    def stretches(self, first: int, last: int) -> Iterator[Stretch]:
        """What stands between two places of the document, token by token."""
        start = max(0, bisect_right(self._starts, first) - 1)
        for piece in self._pieces[start:]:
            if piece.shown >= last:
                return
            yield from self._in_piece(piece, max(first, piece.shown), min(last, piece.shown_end))

    def inked(self, stretch: Stretch) -> Stretch:
        """Without the blanks before a word, where the stretch is a whole token with a word in it."""
        text = self._texts[stretch.token]
        blanks = len(text) - len(text.lstrip())
        if len(text) != stretch.end - stretch.start or blanks == len(text):
            return stretch
        return Stretch(stretch.token, stretch.start + blanks, stretch.end)

    def place_of(self, token: int) -> tuple[int, int] | None:
        """From where to where a token stands in the document; None: it is not shown."""
        if not 0 <= token < len(self._ends):
            return None
        start, end = self.start(token), self._ends[token]
        for piece in self._pieces:
            low, high = max(start, piece.told), min(end, piece.told_end)
            if low < high:
                return piece.shown + low - piece.told, piece.shown + high - piece.told
        return None

    def _piece_at(self, place: int) -> Piece | None:
        at = bisect_right(self._starts, place) - 1
        return self._pieces[at] if at >= 0 and place < self._pieces[at].shown_end else None

    def _in_piece(self, piece: Piece, first: int, last: int) -> Iterator[Stretch]:
        shift = piece.shown - piece.told
        token = bisect_right(self._ends, first - shift)
        while token < len(self._ends) and first < last:
            end = min(self._ends[token] + shift, last)
            if end > first:
                yield Stretch(token, first, end)
            first, token = max(first, end), token + 1


def _first_change(one: Piece | None, other: Piece | None) -> int:
    if one is None or other is None or (one.shown, one.told) != (other.shown, other.told):
        return min(piece.shown for piece in (one, other) if piece is not None)
    return min(one.shown_end, other.shown_end)


def agreed(one: str, other: str) -> int:
    """Length of the beginning that two texts share, in units."""
    if one.startswith(other) or other.startswith(one):
        return min(len(one), len(other))
    return bisect_left(range(min(len(one), len(other))), True, key=lambda n: one[: n + 1] != other[: n + 1])


def matched(shown: str, told: str, shown_at: int, told_at: int) -> list[Piece] | None:
    """Pieces for a text that is told from `told_at` on with less white space than it is shown with; None: it is not."""
    pieces: list[Piece] = []
    at = begun = 0
    place = start = told_at
    while at < len(shown):
        if place < len(told) and shown[at] == told[place]:
            at, place = at + 1, place + 1
            continue
        if not shown[at].isspace():
            return None
        pieces.append(Piece(shown_at + begun, start, at - begun))
        at += 1
        begun, start = at, place
    pieces.append(Piece(shown_at + begun, start, at - begun))
    return pieces
