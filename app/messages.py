"""What window and worker say to each other: frozen records, and nothing else passes between them.

A Job goes to the worker; its Reports come back, the last of them exactly one JobDone or JobFailed. `job` numbers tell late
reports of an old job from those of the present one. This module knows no Qt and no torch.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rwkv_backend.records import Frame, ModelInfo, Progress, StateField, Step, StopReason
from rwkv_backend.sampling import SamplingParams


@dataclass(frozen=True)
class Job:
    """Something for the worker to do. `stop` is set to end it early; the worker looks at it between any two steps."""

    id: int
    stop: threading.Event = field(default_factory=threading.Event, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class StartEngine(Job):
    """Import torch and find the devices. threads: 0 lets torch choose."""

    threads: int = 0


@dataclass(frozen=True)
class InspectFile(Job):
    """Look at a file without loading it; runs beside the worker, so it answers while a model writes."""

    path: Path = Path()


@dataclass(frozen=True)
class OpenModel(Job):
    """Load a model and, only when that has worked, let go of the old one. tokenizer: "" chooses by evidence."""

    path: Path = Path()
    device: str = "cpu"
    dtype: str = "float32"
    tokenizer: str = ""


@dataclass(frozen=True)
class Write(Job):
    """Let the model write.

    mode "chat": `text` is the next message, wrapped in the template called `template`; the conversation goes on.
    mode "complete": `text` is the whole text so far; what the model has read of it already is not read again.
    mode "onward": without a new text, from where the present one ends.
    measure: find out what the model thought of each token of `text` while it is read, which takes a little longer.
    """

    mode: Literal["chat", "complete", "onward"] = "chat"
    text: str = ""
    template: str = ""
    extra: str = ""
    params: SamplingParams = field(default_factory=SamplingParams)
    max_tokens: int = 512
    stops: tuple[str, ...] = ()
    measure: bool = False


@dataclass(frozen=True)
class ClearSession(Job):
    """Forget the conversation: a fresh state, the same model."""


@dataclass(frozen=True)
class ShowState(Job):
    """Make a frame of the state where the window looks: it looks elsewhere, or the plots want something else."""


# Reports


@dataclass(frozen=True)
class Card:
    """A version card: all that can be said of a file before it is loaded.

    memory_needed  bytes for the weights by dtype, what loading takes at its peak included; memory_free by device
    """

    info: ModelInfo
    tokenizer: str
    tokenizer_kind: str
    tokenizer_evidence: tuple[str, ...]
    tokenizer_warning: str
    memory_needed: tuple[tuple[str, int], ...]
    memory_free: int
    demo: bool = False
    quality: tuple[tuple[str, float], ...] = ()
    """By dtype, what it costs: bits per byte more than with float32, as a fraction, measured on this version's demo model."""


@dataclass(frozen=True)
class FieldLayers:
    """A state field and the layers that have it (empty: it belongs to no layer)."""

    field: StateField
    layers: tuple[int, ...]


@dataclass(frozen=True)
class OpenedModel:
    """The model that now runs, as the views need to know it."""

    card: Card
    device: str
    dtype: str
    load_seconds: float
    weight_bytes: int
    max_tokens: int | None
    fields: tuple[FieldLayers, ...]
    decays_by_token: bool
    """Whether each token decides its own decay (versions 6 and 7)."""


@dataclass(frozen=True)
class Engine:
    """The started engine: devices to choose from, and what a bug report should say."""

    devices: tuple[str, ...]
    threads: int
    torch_version: str


@dataclass(frozen=True)
class Written:
    """How a Write ended. `state_bytes` is the memory's size after it.

    prompt_tokens were read of the text's text_tokens: the others were known already.
    """

    reason: StopReason
    detail: str
    rest: str
    prompt_tokens: int
    prompt_rate: float
    tokens: int
    rate: float
    tokens_seen: int
    state_bytes: int
    seed: int | None
    text_tokens: int = 0


Result = object
"""What a job came to: one of the records above, one of the library's, or None."""


@dataclass(frozen=True)
class Partial:
    """A part of what a job comes to, told before its end."""

    job: int
    result: object


@dataclass(frozen=True)
class Progressed:
    """How far a job is. what: "engine", "loading", "reading"."""

    job: int
    what: str
    progress: Progress


@dataclass(frozen=True)
class Wrote:
    """One token, as written."""

    job: int
    step: Step


@dataclass(frozen=True)
class JobDone:
    job: int
    stopped: bool
    result: Result = None


@dataclass(frozen=True)
class JobFailed:
    """sentence and hint are for the user; details (a traceback, versions) to copy into a report."""

    job: int
    sentence: str
    hint: str
    details: str


Report = Progressed | Wrote | Partial | JobDone | JobFailed


@dataclass(frozen=True)
class Batch:
    """All that was reported since the window last looked, in order; and the newest frame, if one was made."""

    reports: tuple[Report, ...]
    frame: Frame | None = None
