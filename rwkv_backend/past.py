"""What is kept of a text so that one can be at any place of it again: its tokens, the pieces in which they were read,
and checkpoints of the state.

A timeline adds the present to it. Nothing goes forward here; what the timeline has read is noted.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from rwkv_backend.checkpoint_store import CheckpointStore, Shelf
from rwkv_backend.errors import TokenError
from rwkv_backend.frames import memories
from rwkv_backend.generation import CHUNK
from rwkv_backend.pieces import Pieces
from rwkv_backend.records import Progress, TokenRecord
from rwkv_backend.state_change import MemoryWatch
from rwkv_backend.token_log import Row, TokenLog

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.prefix_cache import Found
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer


@dataclass(frozen=True, eq=False)
class Moment:
    """A timeline at `position`, the state being a copy that anyone may change.

    token   the last token read, None at the beginning
    logits  (V,) for what comes next, None at the beginning
    before  `frames.memories` of the state one token earlier, for `FrameMaker.make`; () at the beginning
    probe   with what the last token's forward pass found, if one was asked for
    """

    position: int
    token: int | None
    state: State
    logits: Tensor | None
    before: Sequence[Tensor | None] = ()
    probe: Probe | None = None


class Past:
    """Tokens, their records, and checkpoints under a budget that all forks share."""

    def __init__(self, model: RWKVModel, tokenizer: Tokenizer, origin: Past | CheckpointStore, n: int = 0) -> None:
        """origin: another text whose first `n` tokens are shared, or a store whose budget is."""
        self.model, self.tokenizer = model, tokenizer
        self._blank = model.new_state()
        self._watch = MemoryWatch(self._blank)
        self.store: CheckpointStore = origin.store if isinstance(origin, Past) else origin
        """The budget of all forks together, and what they take."""
        self._log: TokenLog
        self._shelf: Shelf
        self._pieces: Pieces
        if isinstance(origin, Past):
            self._log, self._shelf = origin._log.fork(n, self._watch), origin._shelf.fork(n)
            self._pieces = origin._pieces.until(n)
        else:
            self._log, self._shelf = TokenLog(tokenizer.bytes_of, origin.records, self._watch), origin.shelf()
            self._pieces = Pieces()
        self._expected: list[Row] = []
        self._cursor: tuple[int, State, Tensor | None] | None = None

    # What there is

    def __len__(self) -> int:
        return len(self._log.tokens)

    @property
    def tokens(self) -> Sequence[int]:
        return self._log.tokens

    @property
    def written(self) -> Sequence[bool]:
        return self._log.written

    @property
    def pieces(self) -> Pieces:
        """In which the tokens were read."""
        return self._pieces.until(len(self))

    @property
    def checkpoints(self) -> tuple[int, ...]:
        return self._shelf.positions

    @property
    def edited_at(self) -> tuple[int, ...]:
        """Where the memory was edited (see `Timeline.replace_state`)."""
        return tuple(checkpoint.position for checkpoint in self._shelf if checkpoint.pinned)

    @property
    def memory_bytes(self) -> int:
        """What the checkpoints of all forks together take; at most the budget, unless edited states alone take more."""
        return self.store.meter.bytes

    @property
    def record_bytes(self) -> int:
        """What the measurements behind the records take: about 100 bytes a token."""
        return self.store.records.bytes

    @property
    def budget(self) -> int:
        return self.store.budget

    @budget.setter
    def budget(self, size: int) -> None:
        self.store.budget = size

    def records(self, since: int = 0, until: int | None = None) -> tuple[TokenRecord, ...]:
        end = len(self) if until is None else min(until, len(self))
        return tuple(self._log.records(min(since, len(self)), end))

    def text(self, start: int = 0, end: int | None = None) -> str:
        """What the tokens from `start` to before `end` say."""
        return self._log.text(start, len(self) if end is None else end)

    @property
    def unfinished(self) -> bytes:
        """The bytes of a character that the last tokens have begun."""
        return self._log.unfinished()

    # Growing

    def _enter(self, tokens: Sequence[int], every: bool) -> None:
        """Note tokens that were read in one piece; those that are expected bring their old records along."""
        start = len(self)
        for token in tokens:
            row = self._expected.pop() if self._expected else None
            if row is not None and row.token == token:
                self._log.append_row(row)
            else:
                self._expected = []
                self._log.append(token)
        self._pieces.add(start, len(self), every)

    def _take_over(self, tokens: Sequence[int], found: Found) -> None:
        """Begin with `tokens`, which were read elsewhere, in place of all that is here; records that are known stay."""
        expected = [*self._expected, *self._log.rows(0, len(self))[::-1]]
        self._cut(0)
        self._expected = expected
        self._enter(tokens, every=False)
        self._pieces = found.pieces.until(found.length)

    # Shrinking

    def _cut(self, n: int) -> None:
        """Forget all after the first `n` tokens."""
        self._log.cut(n)
        self._shelf.cut(n)
        self._pieces = self._pieces.until(n)
        self._expected = []
        if self._cursor is not None and self._cursor[0] > n:
            self._cursor = None

    def _cut_for(self, same: int) -> int:
        """Go back to the nearest checkpoint before the first `same` tokens end, and expect their rest; where that is."""
        nearest = self._shelf.nearest(same)
        place = nearest.position if nearest is not None else 0
        known = self._log.rows(place, same)
        self._cut(place)
        self._expected = known[::-1]
        return place

    def _put_back(self) -> None:
        """Put back what is expected, as if it had come."""
        while self._expected:
            self._log.append_row(self._expected.pop())

    def _choose_instead(self, token: int) -> None:
        """Put `token` in the place of the last one."""
        self._log.choose_instead(token)
        self._shelf.cut(len(self) - 1)
        self._pieces = self._pieces.until(len(self) - 1)

    # Being there again

    def _nearest(self, n: int) -> tuple[int, State, Tensor | None]:
        """The last place at or before `n` that can be had at once, with a copy of its state."""
        nearest = self._shelf.nearest(n)
        if nearest is None:
            return 0, self.model.new_state(), None
        return nearest.position, nearest.restore(self._blank), nearest.logits

    def _reach(self, n: int) -> Generator[Progress, None, tuple[State, Tensor | None]]:
        """A state after `n` tokens that nobody else holds, and the logits after them."""
        place, state, logits = self._nearest(n)
        logits = yield from self._read_again(place, n, state, logits)
        return state, logits

    def _read_again(
        self, start: int, end: int, state: State, logits: Tensor | None
    ) -> Generator[Progress, None, Tensor | None]:
        """From `start`, where state and logits are, to `end`, in the pieces in which it was read at first.

        Where checkpoints are missing, as in a beginning that was taken over, some are added on the way. Not if that began
        within a piece, since what is read from there is the same up to rounding only.
        """
        exact = start == 0 or start in self._shelf
        for piece in self._pieces.between(start, end):
            after = forward(self.model, self._log.tokens[piece.start : piece.end], state, piece.every)
            logits = after[-1].clone() if piece.every else after
            if exact and piece in self._pieces:
                self._shelf.fill(piece.end, state, logits)
            yield Progress(piece.end - start, end - start, "tokens")
        return logits

    def looking(self, n: int, probe: Probe | None = None) -> Generator[Progress, None, Moment]:
        """All that frames need to show the moment after `n` tokens. The timeline stays as it is."""
        self._require_position(n)
        if n == 0:
            return Moment(0, None, self._nearest(0)[1], None)
        place, state, logits = self._before_look(n - 1)
        logits = yield from self._read_again(place, n - 1, state, logits)
        self._cursor = (n - 1, state.clone(), logits)
        before = [None if memory is None else memory.clone() for memory in memories(state)]
        token = self._log.tokens[n - 1]
        logits = forward(self.model, [token], state, False, probe)
        return Moment(n, token, state, logits, before, probe)

    def measure(self, start: int, end: int, changes: bool = False) -> Generator[Progress, None, None]:
        """Complete the records from `start` to before `end` by reading these tokens again; `changes`: one by one."""
        start, end = self._log.unmeasured(start, min(end, len(self)), changes)
        if start >= end:
            return
        state, logits = yield from self._reach(start)
        watch = MemoryWatch(self._blank)
        if changes:
            watch.begin(state)
        yield Progress(0, end - start, "tokens")
        size = 1 if changes else CHUNK
        for place in range(start, end, size):
            piece = self._log.tokens[place : min(place + size, end)]
            after = forward(self.model, piece, state, True)
            known = after[:-1] if logits is None else torch.cat((logits.unsqueeze(0), after[:-1]))
            if len(known):
                self._log.note_all(place + len(piece) - len(known), known)
            logits = after[-1]
            watch.see(place, state)
            for found in watch.take():
                self._log.note_changes(*found)
            yield Progress(place + len(piece) - start, end - start, "tokens")

    def _require_position(self, n: int) -> None:
        if not 0 <= n <= len(self):
            raise TokenError(f"The text has {len(self):,} tokens; there is no place {n:,} in it.")

    def _before_look(self, n: int) -> tuple[int, State, Tensor | None]:
        """As `nearest`, or from where the last look was."""
        nearest, cursor = self._shelf.nearest(n), self._cursor
        if cursor is not None and max(nearest.position if nearest else 0, n - CHUNK) <= cursor[0] <= n:
            return cursor[0], cursor[1].clone(), cursor[2]
        return self._nearest(n)


def forward(model: RWKVModel, tokens: Sequence[int], state: State, every: bool, probe: Probe | None = None) -> Tensor:
    with torch.no_grad():
        return model.forward(tokens, state, every=every, probe=probe)
