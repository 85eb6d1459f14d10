"""What a model has read and written so far, and the way back to any token of it.

A timeline knows its tokens, what the model thought of each, and the state after the last one. Every so often it keeps a
checkpoint, a copy of the state; going back means taking the nearest one before and reading the few tokens after it again.
They are read again in the same pieces as they were read at first, so the state is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rwkv_backend.records import Progress, TokenRecord

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

BUDGET = 256 * 2**20
"""Bytes for checkpoints and measurements, if nobody says otherwise."""


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
    """Tokens, their records, the state after the last one, and checkpoints under a budget that all forks share."""

    def __init__(self, model: RWKVModel, tokenizer: Tokenizer, budget_bytes: int = BUDGET) -> None:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def tokens(self) -> Sequence[int]:
        raise NotImplementedError

    @property
    def state(self) -> State:
        """After the last token. After `rewind` or in a new fork this reads a few tokens again; `prepare` tells of it."""
        raise NotImplementedError

    @property
    def logits(self) -> Tensor | None:
        """For the token that comes next (V,); None if nothing was read."""
        raise NotImplementedError

    @property
    def checkpoints(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def memory_bytes(self) -> int:
        raise NotImplementedError

    budget: int

    def records(self, since: int = 0, until: int | None = None) -> tuple[TokenRecord, ...]:
        raise NotImplementedError

    def text(self, start: int = 0, end: int | None = None) -> str:
        """What the tokens from `start` to before `end` say."""
        raise NotImplementedError

    def read(self, tokens: Sequence[int], measure: bool = False) -> Generator[Progress, None, None]:
        """Read `tokens` after the last one, in chunks; with `measure` their records are complete at once."""
        raise NotImplementedError

    def append(self, token: int) -> Tensor:
        """Read one token that the model has written; the logits after it."""
        raise NotImplementedError

    def edit(self, tokens: Sequence[int]) -> Generator[Progress, None, None]:
        """Make `tokens` the whole timeline; what is read again begins at the nearest checkpoint before the first change."""
        raise NotImplementedError

    def rewind(self, n: int) -> None:
        """Forget all after the first `n` tokens."""
        raise NotImplementedError

    def prepare(self) -> Generator[Progress, None, None]:
        """Bring `state` up to the last token, where `rewind` or `fork` left it behind."""
        raise NotImplementedError

    def fork(self, n: int) -> Timeline:
        """Another timeline with the first `n` tokens in common: records and checkpoints are shared, not copied."""
        raise NotImplementedError

    def state_at(self, n: int) -> tuple[State, Tensor | None]:
        """A copy of the state after `n` tokens, and the logits after them."""
        raise NotImplementedError

    def look(self, n: int, probe: Probe | None = None) -> Moment:
        """All that frames need to show the moment after `n` tokens. The timeline stays as it is."""
        raise NotImplementedError

    def measure(self, start: int, end: int, changes: bool = False) -> Generator[Progress, None, None]:
        """Complete the records from `start` to before `end` by reading these tokens again; `changes`: one by one."""
        raise NotImplementedError
