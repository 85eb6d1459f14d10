"""What the tokens of one branch are to a reader: turns of a conversation, and where the model began to write.

Positions are numbers of tokens of the branch's timeline. Everything here is frozen: a branch that forks takes it over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rwkv_backend.records import TurnRecord
from rwkv_backend.templates import Template, Turn

TextOf = Callable[[int, int], str]
"""What the tokens from one position to before another say."""


@dataclass(frozen=True)
class Talk:
    """template, extra: of the conversation, None where a text is only gone on with.

    runs   where writing began, each with a fresh sampler
    added  tokens that were put before the text and that it does not show (the tokenizer's start)
    picks  behind tokens that were put there by hand; an answer that is written anew keeps them
    """

    template: Template | None = None
    extra: str = ""
    turns: tuple[TurnRecord, ...] = ()
    runs: tuple[int, ...] = ()
    picks: tuple[int, ...] = ()
    added: int = 0

    @property
    def end(self) -> int:
        """Where the next message is to be read: behind the last answer. What comes after it was not finished."""
        return next((turn.end for turn in reversed(self.turns) if turn.speaker == "model"), 0)

    @property
    def spoken(self) -> list[Turn]:
        return [Turn(turn.speaker, turn.text) for turn in self.turns]

    def cut(self, n: int, text_of: TextOf) -> Talk:
        """What is left if the branch has only `n` tokens: whole turns, and the part of an answer that is there still."""
        turns = tuple(_cut(turn, n, text_of) for turn in self.turns if turn.end <= n or _partly(turn, n))
        runs, picks = (tuple(at for at in places if at <= n) for places in (self.runs, self.picks))
        return replace(self, turns=turns, runs=runs, picks=picks, added=min(self.added, n))

    def answered(self) -> Talk:
        """Without a last message that nobody answered."""
        if self.turns and self.turns[-1].speaker == "user":
            return replace(self, turns=self.turns[:-1])
        return self

    def asked(self, message: str, start: int, end: int) -> Talk:
        return replace(self, turns=(*self.turns, TurnRecord("user", message, start, end)))

    def told(self, text: str, start: int, end: int, tail: str = "") -> Talk:
        """The last answer, grown or new: it now reads `text`, and `tail` beyond it."""
        before = self.turns
        if before and before[-1].speaker == "model":
            start, before = before[-1].start, before[:-1]
        return replace(self, turns=(*before, TurnRecord("model", text, start, end, tail)))

    def run_at(self, start: int) -> Talk:
        return replace(self, runs=(*(run for run in self.runs if run < start), start))

    def picked(self, at: int) -> Talk:
        return replace(self, picks=(*self.picks, at))

    def run_start(self, n: int, written: Sequence[bool]) -> int:
        """Where the writing began that `n` is in the midst of; `n` itself if what precedes it was read."""
        start = next((run for run in reversed(self.runs) if run <= n), n)
        return start if all(written[start:n]) else n

    def answer_start(self, n: int, written: Sequence[bool]) -> int:
        """Where an answer that ends at `n` is to be written anew from."""
        if self.turns:
            start = self.turns[-1].start if self.turns[-1].speaker == "model" else self.turns[-1].end
        else:
            start = next((run for run in reversed(self.runs) if run <= n), n)
            start = start if all(written[start:n]) else n
        return max((start, *(at for at in self.picks if at <= n)))


def _partly(turn: TurnRecord, n: int) -> bool:
    """A message is taken back as a whole; of an answer the beginning stays."""
    return turn.speaker == "model" and turn.start < n < turn.end


def _cut(turn: TurnRecord, n: int, text_of: TextOf) -> TurnRecord:
    if turn.end <= n:
        return turn
    return TurnRecord("model", text_of(turn.start, n), turn.start, n)
