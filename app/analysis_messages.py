"""What window and worker say about the analyses of a model's memory: frozen records, no Qt, no torch.

Places in a text are counted in tokens read: `at` = 3 is the state after three tokens, None the end of what has been read.
`first` of an answer is the number of the first token looked at, so column i of a table was computed after first + i + 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.messages import Job
from rwkv_backend.analysis.records import (
    InfluenceMeasure,
    LensTable,
    NextWordChange,
    StateDifference,
    StateEdit,
    Target,
    TokenInfluence,
    Zero,
)
from rwkv_backend.records import FloatArray, Labelled

PRESENT = 0
"""In place of a snapshot's number: the state as it is now."""

# Lens


@dataclass(frozen=True)
class AskLens(Job):
    """What each layer would say next, for the last so many tokens."""

    last: int = 64
    top: int = 10
    at: int | None = None


@dataclass(frozen=True)
class LensAnswer:
    """`texts` are the words read, a text a column; first: how many tokens came before them.

    edited: the memory was edited there, and what came before the edit is not looked at
    """

    table: LensTable
    first: int
    texts: tuple[str, ...]
    edited: bool = False


# Influence


@dataclass(frozen=True)
class AskInfluence(Job):
    """How much each of the last tokens counts. layer None: the mean over all layers; head None: all heads together."""

    layer: int | None = None
    head: int | None = None
    measure: InfluenceMeasure = "share"
    last: int = 128
    at: int | None = None


@dataclass(frozen=True, eq=False)
class InfluenceAnswer:
    """values (T, T): row the reading token, column the read one; NaN where a layer has no such memory.

    bars (T,): what each token counts for the last one, in the whole model or in the picked layer and head
    """

    first: int
    texts: tuple[str, ...]
    layer: int | None
    head: int | None
    measure: InfluenceMeasure
    values: FloatArray
    bars: FloatArray
    whole: TokenInfluence
    note: str = ""
    edited: bool = False


@dataclass(frozen=True)
class LeaveOut(Job):
    """Read the last tokens again and again, each time without one of them; told in parts as `LeaveOneOut`."""

    last: int = 64
    at: int | None = None


# Snapshots


@dataclass(frozen=True)
class SnapshotInfo:
    """A state that was put aside. word: the last one it has read; edited: after an edit of the memory."""

    id: int
    name: str
    word: str
    tokens_seen: int
    nbytes: int
    edited: bool = False


@dataclass(frozen=True)
class LabContents:
    """What lies in the lab. undo, redo: how many edits can be taken back, or done again; edited: the present state is."""

    snapshots: tuple[SnapshotInfo, ...] = ()
    undo: int = 0
    redo: int = 0
    edited: bool = False
    tokens_seen: int = 0


@dataclass(frozen=True)
class ShowLab(Job):
    """What lies in the lab now."""


@dataclass(frozen=True)
class TakeSnapshot(Job):
    name: str = ""
    at: int | None = None


@dataclass(frozen=True)
class LoadSnapshot(Job):
    path: Path = Path()


@dataclass(frozen=True)
class SaveSnapshot(Job):
    snapshot: int = PRESENT
    path: Path = Path()


@dataclass(frozen=True)
class RenameSnapshot(Job):
    snapshot: int = PRESENT
    name: str = ""


@dataclass(frozen=True)
class DropSnapshot(Job):
    snapshot: int = PRESENT


# Comparing and editing


@dataclass(frozen=True)
class CompareStates(Job):
    """Where two states differ, and what this changes in what comes next. field "": the one that differs most."""

    before: int = PRESENT
    after: int = PRESENT
    field: str = ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """names: of both states; map: the picked field's difference by layer; words: what comes next after each."""

    numbers: tuple[int, int]
    names: tuple[str, str]
    states: StateDifference
    field: str
    map: Labelled | None
    words: NextWordChange


@dataclass(frozen=True)
class EditState(Job):
    """Change the present memory; with `keep` False only tell what that would do.

    The memory as it was before the last word is changed, and that word is read again: so what comes next follows from the
    changed memory.
    """

    edit: StateEdit = field(default_factory=Zero)
    target: Target = field(default_factory=Target)
    other: int = PRESENT
    keep: bool = True


@dataclass(frozen=True)
class UndoEdit(Job):
    pass


@dataclass(frozen=True)
class RedoEdit(Job):
    pass


@dataclass(frozen=True)
class Edited:
    """What an edit does, or would do, to the next word; kept: it was done; undone: it was taken back."""

    contents: LabContents
    words: NextWordChange
    kept: bool
    undone: bool = False


# Sweeps


@dataclass(frozen=True)
class Ablate(Job):
    """Take each layer's (head's) memory away at `cut`, a share of the text, and measure the loss on what follows."""

    by_head: bool = False
    cut: float = 0.5
    last: int = 512
    period: int | None = None


@dataclass(frozen=True)
class Patch(Job):
    """Put each layer's memory of a text with `other` in place of `word` into the text as it is.

    target: the word whose probability is watched; "": `word` itself.
    """

    word: str = ""
    other: str = ""
    target: str = ""
    by_head: bool = False
    at: int | None = None


# Numbers


@dataclass(frozen=True)
class AskStatistics(Job):
    """The numbers behind the pictures, of the present state or of the one after `at` tokens."""

    at: int | None = None


@dataclass(frozen=True)
class AskRecipe(Job):
    """Lines of Python that compute what a plot shows. shown: see app/plots/panel.py, with the model's path and dtype."""

    shown: Mapping[str, object] = field(default_factory=dict)
    at: int | None = None
