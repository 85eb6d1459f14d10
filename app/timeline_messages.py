"""What the window asks of a timeline, and what it is told of one. No Qt and no torch.

While the model writes, it tells of its tokens by TokensTold. Measuring tells TokensMeasured. All else ends with a Standing;
a job that goes elsewhere tells one at once as well, since reading there may take a while.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.messages import Job
from rwkv_backend.records import BranchInfo, TimelineInfo, TokenRecord, TurnRecord


@dataclass(frozen=True)
class TokensTold:
    """From the token `first` on, the timeline holds these and no others."""

    first: int
    records: tuple[TokenRecord, ...]


@dataclass(frozen=True)
class TokensMeasured:
    """These tokens are better known now, from `first` on; those after them stay."""

    first: int
    records: tuple[TokenRecord, ...]


@dataclass(frozen=True)
class BranchWords:
    """The words around a fork: the last token that the branch shares with its parent, and its own first words."""

    last: str
    first: str


@dataclass(frozen=True)
class Standing:
    """The present branch and the tree it belongs to.

    tokens   from the first that may differ from what was told last
    turns    of a conversation; () in Complete
    words    a BranchWords for each branch
    again    whether the text is another than the views show, so that they must show it anew
    """

    tokens: TokensTold
    turns: tuple[TurnRecord, ...]
    branches: tuple[BranchInfo, ...]
    info: TimelineInfo
    words: tuple[BranchWords, ...] = ()
    again: bool = False


@dataclass(frozen=True)
class TellStanding(Job):
    """Say how the timeline stands, and change nothing; tokens from `since` on."""

    since: int = 0


@dataclass(frozen=True)
class CutText(Job):
    """Forget all after the first `length` tokens."""

    length: int = 0


@dataclass(frozen=True)
class ForkText(Job):
    """A new branch after the first `length` tokens; `token` is put there if it is not None.

    length None: where the last answer begins, or what the model has written last.
    """

    length: int | None = 0
    token: int | None = None
    name: str = ""


@dataclass(frozen=True)
class SwitchBranch(Job):
    branch: int = 0


@dataclass(frozen=True)
class RenameBranch(Job):
    branch: int = 0
    name: str = ""


@dataclass(frozen=True)
class DeleteBranch(Job):
    branch: int = 0


@dataclass(frozen=True)
class MeasureTokens(Job):
    """Find out what the model thought of the tokens from `start` to before `end`; they are read once more.

    changes: and what each changed in the memory, for which they are read one by one
    """

    start: int = 0
    end: int = 0
    changes: bool = False


@dataclass(frozen=True)
class SetBudget(Job):
    """So many bytes for checkpoints and measurements."""

    budget: int = 0
