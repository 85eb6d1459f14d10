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


Range = tuple[int, int]
"""From which to before which token."""


def link(
    turns: Sequence[ShownTurn],
    told: TokenMap,
    written: Sequence[bool],
    known: Sequence[list[Piece]] = (),
    ranges: Sequence[Range] = (),
) -> list[list[Piece]]:
    """The pieces of each turn, as far as they have been told.

    known   of the first turns, which have been found already
    ranges  which tokens the first turns take, template and all, where that has been told
    """
    found = list(known)
    place = max((piece.told_end for pieces in found for piece in pieces), default=0)
    for number, turn in enumerate(turns[len(found) :], len(found)):
        low, high = _within(told, written, place, turn, ranges[number] if number < len(ranges) else None)
        pieces = _answer(turn, told, written, low) if turn.speaker == "model" else None
        if pieces is None:
            sure = number < len(ranges) or _answered_next(turns[number + 1 : number + 2], told, written, low)
            pieces = _message(turn, told.told(), low, high, last=sure)
        if pieces is None:
            break
        place = max((piece.told_end for piece in pieces), default=place)
        found.append(_broken(turn, pieces))
    return found


def _within(told: TokenMap, written: Sequence[bool], place: int, turn: ShownTurn, tokens: Range | None) -> Range:
    """From where to where in the told text a turn must stand: in its tokens, or before the next that the model wrote.

    A message also stands behind what the model wrote beyond its last answer, such as the stop string.
    """
    if tokens is not None and tokens[1] <= len(told):
        return told.start(tokens[0]), told.start(tokens[1])
    first = token = told.token_after(place)
    while turn.speaker == "user" and first < len(written) and written[first]:
        first = token = first + 1
    while token < len(written) and not written[token]:
        token += 1
    return max(place, _start(told, first)), _start(told, token)


def _start(told: TokenMap, token: int) -> int:
    return told.start(token) if token <= len(told) else told.told_length


def _answered_next(following: Sequence[ShownTurn], told: TokenMap, written: Sequence[bool], place: int) -> bool:
    """Whether what the model writes next is the answer to the present message, so that no other stands before it."""
    answer = following[0] if following else None
    return answer is None or answer.length <= answer.begun or _answer(answer, told, written, place) is not None


def _message(turn: ShownTurn, text: str, low: int, high: int, last: bool) -> list[Piece] | None:
    """Its `last` place in the range, since the words of the template before it may be the same; or its first."""
    shown = turn.text[turn.begun :]
    cleaned = clean_message(shown)
    if turn.speaker == "model":
        high = len(text)
    find = text.rfind if last and turn.speaker == "user" else text.find
    at = find(cleaned, low, high) if cleaned else -1
    if at < 0:
        return None
    lead = len(shown) - len(shown.lstrip())
    pieces = matched(shown.strip(), text, turn.place + turn.begun + lead, at)
    if pieces is not None and turn.speaker == "model" and len(shown) >= SURE:
        end = pieces[-1]  # only the beginning was compared
        pieces[-1] = Piece(end.shown, end.told, min(turn.length - (end.shown - turn.place), len(text) - end.told))
    return pieces


def _answer(turn: ShownTurn, told: TokenMap, written: Sequence[bool], place: int) -> list[Piece] | None:
    text, token = told.told(), told.token_after(place)
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
