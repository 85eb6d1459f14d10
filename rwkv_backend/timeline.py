"""What a model has read and written so far, and the way back to any token of it.

A timeline knows its tokens, what the model thought of each, and the state after the last one. Every so often it keeps a
checkpoint, a copy of the state; going back means taking the nearest one before and reading the few tokens after it again.
They are read again in the same pieces as they were read at first, so the state is the same to the last bit. (Where the
budget leaves more than LONGEST_EXACT single tokens between two checkpoints, they are read in chunks instead: much faster,
and the same up to rounding.)

n is a number of tokens throughout: position n lies after the first n of them. Between two steps of any generator here the
timeline is whole, so any of them may be closed.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch

from rwkv_backend.checkpoint_store import SPACING, CheckpointStore
from rwkv_backend.errors import TokenError
from rwkv_backend.frames import memories
from rwkv_backend.generation import CHUNK, nothing_to_read, read_prompt, require_room
from rwkv_backend.pieces import Pieces
from rwkv_backend.records import Progress, TokenRecord
from rwkv_backend.state_change import MemoryWatch
from rwkv_backend.token_log import Row, TokenLog

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

R = TypeVar("R")

BUDGET = 256 * 2**20
"""Bytes for checkpoints, if nobody says otherwise."""


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


class Timeline:
    """Tokens, their records, the state after the last one, and checkpoints under a budget that all forks share.

    It can be written to like a model (`max_tokens`, `new_state`, `forward`), and notes what passes.
    """

    def __init__(
        self,
        model: RWKVModel,
        tokenizer: Tokenizer,
        budget_bytes: int = BUDGET,
        origin: Timeline | None = None,
        n: int = 0,
    ) -> None:
        """origin: share its first `n` tokens, and its budget; see `fork`."""
        self.model, self.tokenizer = model, tokenizer
        self._blank = model.new_state()
        self.store: CheckpointStore = CheckpointStore(budget_bytes) if origin is None else origin.store
        self._watch = MemoryWatch(self._blank)
        if origin is None:
            self._log, self._shelf = TokenLog(tokenizer.bytes_of, self.store.records, self._watch), self.store.shelf()
        else:
            self._log, self._shelf = origin._log.fork(n, self._watch), origin._shelf.fork(n)
        self._pieces: Pieces = Pieces() if origin is None else origin._pieces.until(n)
        self._state: State | None = None
        self._passing: State | None = None
        self._logits: Tensor | None = None
        self._expected: list[Row] = []
        self._cursor: tuple[int, State, Tensor | None] | None = None
        self.keeps_changes: bool = False if origin is None else origin.keeps_changes
        """Whether the memory's change is recorded with each token as it is written: some hundredths of the speed."""

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
    def ready(self) -> bool:
        """Whether `state` is at hand, without reading anything again."""
        return self._state is not None

    @property
    def state(self) -> State:
        """After the last token. After `rewind` or in a new fork this reads a few tokens again; `prepare` tells of it.

        While that runs it is what has been reached so far.
        """
        if self._passing is None:
            _drain(self.prepare())
        state = self._state or self._passing
        assert state is not None
        return state

    @property
    def logits(self) -> Tensor | None:
        """For the token that comes next (V,); None if nothing was read, and while `prepare` runs."""
        if self._passing is None:
            _drain(self.prepare())
        return self._logits

    @property
    def checkpoints(self) -> tuple[int, ...]:
        return self._shelf.positions

    @property
    def edited_at(self) -> tuple[int, ...]:
        """Where the memory was edited (see `replace_state`)."""
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
        return tuple(self._log.records(min(since, len(self)), len(self) if until is None else min(until, len(self))))

    def text(self, start: int = 0, end: int | None = None) -> str:
        """What the tokens from `start` to before `end` say."""
        return self._log.text(start, len(self) if end is None else end)

    @property
    def unfinished(self) -> bytes:
        """The bytes of a character that the last tokens have begun."""
        return self._log.unfinished()

    # Reading and writing

    @property
    def max_tokens(self) -> int | None:
        return self.model.max_tokens

    def new_state(self) -> State:
        return self.model.new_state()

    def forward(self, tokens: Sequence[int], state: State, probe: Probe | None = None, measure: bool = False) -> Tensor:
        """Read `tokens` as one piece; the logits after the last one. `state` must be the timeline's own."""
        assert state is self._state, "only the timeline's own state goes on"
        before, start = self._logits, len(self)
        compared = self.keeps_changes and len(tokens) == 1
        if compared and not self._watch.ready:
            self._watch.begin(state)
        logits = _forward(self.model, tokens, state, measure, probe)
        self._enter(tokens, measure)
        if compared:
            self._watch.see(start, state)
        else:
            self._watch.leave()
        if before is not None:
            self._log.note(start, before)
        if measure and len(tokens) > 1:
            self._log.note_all(start + 1, logits[:-1])
        self._logits = logits[-1].clone() if measure else logits
        if len(self) - (self._shelf.last.position if self._shelf.last else 0) >= SPACING:
            self.keep()
        return self._logits

    def read(self, tokens: Sequence[int], measure: bool = False) -> Generator[Progress, None, None]:
        """Read `tokens` after the last one, in chunks; with `measure` their records are complete at once."""
        try:
            yield from self.prepare()
            yield from read_prompt(_Reader(self, measure), self.state, tokens)
        finally:
            self.recall()

    def append(self, token: int) -> Tensor:
        """Read one token that the model has written; the logits after it."""
        logits = self.forward([token], self.state)
        self.mark_written()
        return logits

    def mark_written(self) -> None:
        """The last token was the model's own."""
        self._log.written[-1] = True

    def keep(self) -> None:
        """Make a checkpoint here, so that coming back costs nothing."""
        if self._state is not None:
            self._shelf.add(len(self), self._state, self._logits)

    def put(self, token: int) -> None:
        """Put `token` after the last one as if the model had written it; it is read when the state is next needed."""
        self.keep()
        self._log.append(token, written=True)
        if self._logits is not None:
            self._log.note(len(self) - 1, self._logits)
        self._leave()

    # Going back

    def rewind(self, n: int) -> None:
        """Forget all after the first `n` tokens."""
        self._require_position(n)
        if n == len(self):
            return
        self._log.cut(n)
        self._shelf.cut(n)
        self._pieces = self._pieces.until(n)
        self._expected = []
        if self._cursor is not None and self._cursor[0] > n:
            self._cursor = None
        self._leave()

    def keep_common(self, tokens: Sequence[int]) -> int:
        """Go back to where `tokens` can be read on from; how many of them need not be read again.

        That is the nearest checkpoint before the first changed token, or the end if there is no change before it.
        """
        same = common_length(self.tokens, tokens)
        if same in (len(self), len(tokens)):
            self.rewind(same)
            return same
        nearest = self._shelf.nearest(same)
        place = nearest.position if nearest is not None else 0
        known = self._log.rows(place, same)
        self.rewind(place)
        self._expected = known[::-1]
        return place

    def recall(self) -> None:
        """Where reading after `keep_common` has stopped too early: put back what had been there and is not changed."""
        if self._expected:
            self.keep()
            while self._expected:
                self._log.append_row(self._expected.pop())
            self._leave()

    def edit(self, tokens: Sequence[int]) -> Generator[Progress, None, None]:
        """Make `tokens` the whole timeline; what is read again begins at the nearest checkpoint before the first change.

        Raises TokenError or ContextFullError before anything changes.
        """
        self.require_room(len(tokens))
        if not tokens:
            raise nothing_to_read()
        kept = self.keep_common(tokens)
        if kept < len(tokens):
            yield from self.read(tokens[kept:])
        else:
            yield from self.prepare()

    def require_room(self, tokens: int) -> None:
        """Raise ContextFullError unless a text of so many tokens fits."""
        require_room(self.model, self._start_state(), tokens)

    def prepare(self) -> Generator[Progress, None, None]:
        """Bring `state` up to the last token, where `rewind` or `fork` left it behind."""
        if self._state is not None:
            return
        place, state, logits = self._reached(len(self))
        self._passing = state
        try:
            logits = yield from self._read_again(place, len(self), state, logits)
            self._state, self._logits = state, logits
        finally:
            self._passing = None

    def sleep(self) -> None:
        """Let go of the state until it is needed; a checkpoint at the end makes that quick."""
        self.keep()
        self._log.flush()
        self._cursor = None
        self._leave()

    def fork(self, n: int) -> Timeline:
        """Another timeline with the first `n` tokens in common: records and checkpoints are shared, not copied."""
        self._require_position(n)
        if n == len(self):
            self.keep()
        return Timeline(self.model, self.tokenizer, origin=self, n=n)

    def fork_with(self, n: int, token: int) -> Timeline:
        """A fork in which `token` stands at `n`, as if the model had written it."""
        other = self.fork(min(n + 1, len(self)))
        if n == len(self):
            other.put(token)
        else:
            other._log.choose_instead(token)
            other._shelf.cut(n)
            other._pieces = other._pieces.until(n)
        return other

    def replace_state(self, state: State) -> None:
        """Go on from `state`, which may have been edited. What was at this place before is forgotten."""
        self.model._require_own(state)
        logits = self.logits
        self._watch.leave()
        self._state, self._cursor = state.clone(), None
        self._shelf.add(len(self), self._state, logits, pinned=True)

    # Looking

    def state_at(self, n: int) -> tuple[State, Tensor | None]:
        """A copy of the state after `n` tokens, and the logits after them."""
        self._require_position(n)
        return _drain(self._reach(n))

    def look(self, n: int, probe: Probe | None = None) -> Moment:
        """All that frames need to show the moment after `n` tokens. The timeline stays as it is."""
        return _drain(self.looking(n, probe))

    def looking(self, n: int, probe: Probe | None = None) -> Generator[Progress, None, Moment]:
        """As `look`, for those who want to stop it where checkpoints are far apart."""
        self._require_position(n)
        if n == 0:
            return Moment(0, None, self._start_state(), None)
        state, logits = yield from self._reach(n - 1, from_cursor=True)
        self._cursor = (n - 1, state.clone(), logits)
        before = [None if memory is None else memory.clone() for memory in memories(state)]
        token = self.tokens[n - 1]
        logits = _forward(self.model, [token], state, False, probe)
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
            piece = self.tokens[place : min(place + size, end)]
            after = _forward(self.model, piece, state, True)
            known = after[:-1] if logits is None else torch.cat((logits.unsqueeze(0), after[:-1]))
            if len(known):
                self._log.note_all(place + len(piece) - len(known), known)
            logits = after[-1]
            watch.see(place, state)
            for found in watch.take():
                self._log.note_changes(*found)
            yield Progress(place + len(piece) - start, end - start, "tokens")

    # Within

    def _require_position(self, n: int) -> None:
        if not 0 <= n <= len(self):
            raise TokenError(f"The text has {len(self):,} tokens; there is no place {n:,} in it.")

    def _leave(self) -> None:
        self._watch.leave()
        self._state = self._logits = None

    def _start_state(self) -> State:
        return self._reached(0)[1]

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

    def _reached(self, n: int, from_cursor: bool = False) -> tuple[int, State, Tensor | None]:
        """The nearest place at or before `n` that can be had at once, with a copy of its state."""
        if self._state is not None and n == len(self):
            return n, self._state.clone(), self._logits
        nearest, cursor = self._shelf.nearest(n), self._cursor
        if from_cursor and cursor is not None and (nearest.position if nearest else 0) <= cursor[0] <= n:
            return cursor[0], cursor[1].clone(), cursor[2]
        if nearest is None:
            return 0, self.model.new_state(), None
        return nearest.position, nearest.restore(self._blank), nearest.logits

    def _reach(self, n: int, from_cursor: bool = False) -> Generator[Progress, None, tuple[State, Tensor | None]]:
        """A state after `n` tokens that nobody else holds, and the logits after them."""
        place, state, logits = self._reached(n, from_cursor)
        logits = yield from self._read_again(place, n, state, logits)
        return state, logits

    def _read_again(
        self, start: int, end: int, state: State, logits: Tensor | None
    ) -> Generator[Progress, None, Tensor | None]:
        """From `start`, where state and logits are, to `end`, in the pieces in which it was read at first."""
        for piece in self._pieces.between(start, end):
            after = _forward(self.model, self.tokens[piece.start : piece.end], state, piece.every)
            logits = after[-1].clone() if piece.every else after
            yield Progress(piece.end - start, end - start, "tokens")
        return logits


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _drain(steps: Generator[Progress, None, R]) -> R:
    """What `steps` comes to, for those who do not want to watch."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: R = done.value
            return result


class _Reader:
    """A timeline for `read_prompt`, measuring or not."""

    def __init__(self, timeline: Timeline, measure: bool) -> None:
        self._timeline, self._measure = timeline, measure
        self.max_tokens = timeline.max_tokens

    def new_state(self) -> State:
        return self._timeline.new_state()

    def forward(self, tokens: list[int], state: State) -> Tensor:
        return self._timeline.forward(tokens, state, measure=self._measure)


def _forward(model: RWKVModel, tokens: Sequence[int], state: State, every: bool, probe: Probe | None = None) -> Tensor:
    with torch.no_grad():
        return model.forward(tokens, state, every=every, probe=probe)
