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
from typing import TYPE_CHECKING, TypeVar

from rwkv_backend.checkpoint_store import SPACING, CheckpointStore
from rwkv_backend.generation import nothing_to_read, read_prompt, require_room
from rwkv_backend.past import Moment, Past, forward
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.prefix_cache import Found
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

R = TypeVar("R")

BUDGET = 256 * 2**20
"""Bytes for checkpoints, if nobody says otherwise."""


class Timeline(Past):
    """A past, and the present that goes on from it: the state after the last token.

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
        super().__init__(model, tokenizer, CheckpointStore(budget_bytes) if origin is None else origin, n)
        self._state: State | None = None
        self._passing: State | None = None
        self._logits: Tensor | None = None
        self.keeps_changes: bool = False if origin is None else origin.keeps_changes
        """Whether the memory's change is recorded with each token as it is written: some hundredths of the speed."""

    # What there is

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

    # Reading and writing

    @property
    def max_tokens(self) -> int | None:
        return self.model.max_tokens

    def new_state(self) -> State:
        return self.model.new_state()

    def forward(self, tokens: Sequence[int], state: State, probe: Probe | None = None, measure: bool = False) -> Tensor:
        """Read `tokens` as one piece; the logits after the last one. `state` must be the timeline's own."""
        assert state is self._state, "only the timeline's own state goes on"
        before, start, log, watch = self._logits, len(self), self._log, self._watch
        compared = self.keeps_changes and len(tokens) == 1
        if compared and not watch.ready:
            watch.begin(state)
        logits = forward(self.model, tokens, state, measure, probe)
        self._enter(tokens, measure)
        if compared:
            watch.see(start, state)
        else:
            watch.leave()
        if before is not None:
            log.note(start, before)
        if measure and len(tokens) > 1:
            log.note_all(start + 1, logits[:-1])
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

    def begin_with(self, tokens: Sequence[int], found: Found) -> None:
        """Begin with `tokens`, which were read elsewhere and led to what was `found`; they begin with all that is here."""
        assert found.length == len(tokens)
        self._take_over(tokens, found)
        self._leave()
        self._state, self._logits = found.state, found.logits
        self.keep()

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
        if n != len(self):
            self._cut(n)
            self._leave()

    def keep_common(self, tokens: Sequence[int]) -> int:
        """Go back to where `tokens` can be read on from; how many of them need not be read again.

        That is the nearest checkpoint before the first changed token, or the end if there is no change before it.
        """
        same = common_length(self.tokens, tokens)
        if same in (len(self), len(tokens)):
            self.rewind(same)
            return same
        place = self._cut_for(same)
        self._leave()
        return place

    def recall(self) -> None:
        """Where reading after `keep_common` has stopped too early: put back what had been there and is not changed."""
        if self._expected:
            self.keep()
            self._put_back()
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
        require_room(self.model, self._nearest(0)[1], tokens)

    def prepare(self) -> Generator[Progress, None, None]:
        """Bring `state` up to the last token, where `rewind` or `fork` left it behind."""
        if self._state is not None:
            return
        place, state, logits = self._nearest(len(self))
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
            other._choose_instead(token)
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
        if self._state is not None and n == len(self):
            return self._state.clone(), self._logits
        return _drain(self._reach(n))

    def look(self, n: int, probe: Probe | None = None) -> Moment:
        """All that frames need to show the moment after `n` tokens. The timeline stays as it is."""
        return _drain(self.looking(n, probe))

    # Within

    def _leave(self) -> None:
        self._watch.leave()
        self._state = self._logits = None


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
        self.max_tokens, self.chunk = timeline.max_tokens, timeline.model.chunk

    def new_state(self) -> State:
        return self._timeline.new_state()

    def forward(self, tokens: list[int], state: State) -> Tensor:
        return self._timeline.forward(tokens, state, measure=self._measure)
