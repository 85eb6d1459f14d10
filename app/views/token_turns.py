"""Where the turns of a chat stand in what the model has read: it reads them wrapped in a template's words.

A user's message is told as it was cleaned, with less white space than it is shown with. An answer begins with the first
token that the model wrote after the message; where a conversation was read anew, it is looked for like a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.views.token_map import Piece, TokenMap, matched, units
from rwkv_backend.templates import clean_message

SURE = 64
"""Signs of an answer that are compared; the rest is what the model wrote after them."""


@dataclass
class ShownTurn:
    """What a transcript shows of one turn, in units of the document.

    place   of its first character
    text    as far as it must be compared: a message as a whole, of an answer the beginning
    length  how much there is of it by now
    begun   so much of an answer's beginning was in the prompt
    breaks  soft breaks: after so many signs of the turn the document has one that was never told
    """

    speaker: Literal["user", "model", "note"]
    place: int
    text: str = ""
    length: int = 0
    begun: int = 0
    breaks: list[int] = field(default_factory=list)

    def add(self, text: str) -> None:
        text = units(text)
        if self.speaker == "user" or len(self.text) < SURE + self.begun:
            self.text += text
        self.length += len(text)


def link(
    turns: Sequence[ShownTurn], told: TokenMap, written: Sequence[bool], known: Sequence[list[Piece]] = ()
) -> list[list[Piece]]:
    """The pieces of each turn, as far as they have been told. Those of finished turns may be `known` already."""
    found = list(known)
    text, place = told.told(), max((piece.told_end for pieces in found for piece in pieces), default=0)
    for turn in turns[len(found) :]:
        pieces = _answer(turn, told, text, written, place) if turn.speaker == "model" else None
        if pieces is None:
            pieces = _message(turn, text, place)
        if pieces is None:
            break
        place = max((piece.told_end for piece in pieces), default=place)
        found.append(_broken(turn, pieces))
    return found


def _message(turn: ShownTurn, text: str, place: int) -> list[Piece] | None:
    shown = turn.text[turn.begun :]
    cleaned = clean_message(shown)
    at = text.find(cleaned, place) if cleaned else -1
    if at < 0:
        return None
    lead = len(shown) - len(shown.lstrip())
    pieces = matched(shown.strip(), text, turn.place + turn.begun + lead, at)
    if pieces is not None and turn.speaker == "model" and len(shown) >= SURE:
        last = pieces[-1]  # only the beginning was compared
        pieces[-1] = Piece(last.shown, last.told, min(turn.length - (last.shown - turn.place), len(text) - last.told))
    return pieces


def _answer(turn: ShownTurn, told: TokenMap, text: str, written: Sequence[bool], place: int) -> list[Piece] | None:
    token = told.token_after(place)
    while token < len(written) and not written[token]:
        token += 1
    if token >= min(len(written), len(told)):
        return None
    start = told.start(token)
    shown = turn.text[turn.begun :]
    start += len(text[start : start + SURE]) - len(text[start : start + SURE].lstrip(" "))
    if not text.startswith(shown[: len(text) - start], start):
        return None
    return [Piece(turn.place + turn.begun, start, min(turn.length - turn.begun, len(text) - start))]


def _broken(turn: ShownTurn, pieces: list[Piece]) -> list[Piece]:
    """The same with the soft breaks of the document between them."""
    for already, at in enumerate(turn.breaks):
        cut, result = turn.place + at + already, list[Piece]()
        for piece in pieces:
            before = min(max(0, cut - piece.shown), piece.length)
            result.append(Piece(piece.shown, piece.told, before))
            if before < piece.length:
                result.append(Piece(piece.shown + before + 1, piece.told + before, piece.length - before))
        pieces = [piece for piece in result if piece.length > 0]
    return pieces
