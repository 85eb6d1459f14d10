"""What the compare page asks of the worker, and what it is told column by column. Frozen records; no Qt, no torch.

A column is one model of the page, known by a number that it keeps while others come and go. A position counts the tokens
that a column has written: at 0 it has read the prompt and nothing else.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.messages import Card, Job, OpenedModel
from rwkv_backend.compare.records import CompareEvent, CompareSettings, Comparison, Features, ModelChoice, Written
from rwkv_backend.records import Frame, Progress, Step
from rwkv_backend.sampling import SamplingParams

FEWEST, MOST = 2, 6
"""Models on the page."""

View = Literal["surprise", "state_map", "memory", "decay_curves", "half_life"]
"""What the small plots under the texts show."""

# What is asked


@dataclass(frozen=True)
class Look:
    """What to show of every column's memory, and where. position None: at the end, wherever that is.

    field  of the state, for the state map; "": the memory as it is read
    """

    view: View = "surprise"
    field: str = ""
    layer: int = 0
    head: int = 0
    position: int | None = None


class Wish:
    """The page's present look. The window assigns it, the worker reads it between two tokens; nothing else is shared."""

    def __init__(self) -> None:
        self.look = Look()


@dataclass(frozen=True)
class ColumnAsk:
    """One model that is to write. `stop` ends it alone."""

    column: int
    choice: ModelChoice
    params: SamplingParams = field(default_factory=SamplingParams)
    stop: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)


@dataclass(frozen=True)
class LookAtFiles(Job):
    """Make the version cards of these columns, without loading."""

    asks: tuple[ColumnAsk, ...] = ()


@dataclass(frozen=True)
class OpenColumns(Job):
    """Load these models and let go of all others; none of these is loaded twice."""

    asks: tuple[ColumnAsk, ...] = ()


@dataclass(frozen=True)
class WriteColumns(Job):
    """Load what is not loaded, and let every model go on from the prompt.

    together: each model that is not yet at its end reads a piece or writes one token, then it is the next one's turn;
    else one writes all of its text before the next begins.
    """

    asks: tuple[ColumnAsk, ...] = ()
    prompt: str = ""
    max_tokens: int = 120
    together: bool = True
    wish: Wish = field(default_factory=Wish, compare=False, repr=False)


@dataclass(frozen=True)
class LookAtColumns(Job):
    """Make a frame of each of these columns, of what was written last."""

    columns: tuple[int, ...] = ()
    look: Look = field(default_factory=Look)


@dataclass(frozen=True)
class UnloadColumns(Job):
    """Let go of all models of the page."""


@dataclass(frozen=True)
class MeasureColumns(Job):
    """Run the tasks of `settings` on each model. `writings`: what the page has of each column's writing, or None."""

    asks: tuple[ColumnAsk, ...] = ()
    text: str = ""
    text_name: str = ""
    settings: CompareSettings = field(default_factory=CompareSettings)
    writings: tuple[Written | None, ...] = ()


@dataclass(frozen=True)
class WriteReport(Job):
    """Write a comparison as HTML, Markdown, CSV and PNG into a folder; the result is the files' paths.

    comparison None: nothing was measured, and the report is of what the columns wrote (`asks`, `settings`, `writings`).
    """

    folder: Path = Path()
    comparison: Comparison | None = None
    asks: tuple[ColumnAsk, ...] = ()
    settings: CompareSettings = field(default_factory=CompareSettings)
    writings: tuple[Written | None, ...] = ()


# What is told


@dataclass(frozen=True)
class ColumnCard:
    column: int
    card: Card


@dataclass(frozen=True)
class ColumnLoading:
    column: int
    progress: Progress


@dataclass(frozen=True)
class ColumnOpened:
    """`features`: the model's column in the table of what changed between the versions."""

    column: int
    opened: OpenedModel
    features: Features | None


@dataclass(frozen=True)
class ColumnReading:
    column: int
    progress: Progress


@dataclass(frozen=True)
class ColumnWrote:
    column: int
    step: Step


@dataclass(frozen=True)
class ColumnEnded:
    """How the column's writing ended; `rest` had been held back until then."""

    column: int
    written: Written
    detail: str
    rest: str
    state_bytes: int


@dataclass(frozen=True)
class ColumnFailed:
    column: int
    sentence: str
    hint: str


@dataclass(frozen=True)
class ColumnFrame:
    """The column's memory after `position` written tokens."""

    column: int
    position: int
    look: Look
    frame: Frame


@dataclass(frozen=True)
class ColumnMeasured:
    """A step of measuring this column."""

    column: int
    event: CompareEvent


# What the page shows of a column

Phase = Literal["new", "loading", "ready", "reading", "writing", "ended", "failed"]


@dataclass(frozen=True)
class ColumnStatus:
    """All that a column's head tells. sentence: why it failed, or how it ended; rates in tokens a second."""

    column: int
    choice: ModelChoice
    card: Card | None = None
    opened: OpenedModel | None = None
    phase: Phase = "new"
    sentence: str = ""
    progress: Progress | None = None
    tokens: int = 0
    prompt_rate: float = 0.0
    rate: float = 0.0
    state_bytes: int = 0
    written: Written | None = None
    features: Features | None = None

    @property
    def busy(self) -> bool:
        return self.phase in ("loading", "reading", "writing")
