"""Frozen records that travel between the rooms: what a file holds, how far a job is, what one step wrote.

No torch, and no behaviour beyond what can be computed from the fields themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shapes = Mapping[str, tuple[int, ...]]
"""Tensor names and shapes: all that recognising a version may look at."""


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor's numbers lie: enough to read it without the file's container.

    offset is the absolute position in `path` of the element [0, 0, ...]; strides count elements, not bytes.
    The container's reader has checked that every element lies inside the file.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    path: Path
    offset: int
    strides: tuple[int, ...]

    @property
    def numel(self) -> int:
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def nbytes(self) -> int:
        return self.numel * DTYPE_BYTES[self.dtype]


DTYPE_BYTES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
"""The element types that a checkpoint may hold, named as torch names them, and their bytes."""


@dataclass(frozen=True)
class ModelInfo:
    """What a checkpoint is, found from its names and shapes alone. None where a version has no such thing."""

    path: str
    file_format: str
    version: str
    variant: str
    n_layer: int
    n_embd: int
    n_head: int | None
    head_size: int | None
    n_att: int
    n_ffn: int
    vocab_size: int
    ctx_len: int | None
    dtype: str
    n_params: int
    file_bytes: int
    evidence: tuple[str, ...]
    notes: tuple[str, ...] = ()
    state_numbers: int = 0
    """How many numbers the state holds; where it grows with the text (v1, copy heads), when it is full."""


@dataclass(frozen=True)
class StateField:
    """One named tensor of a layer's state (or of the shared part): its axes and what it means."""

    name: str
    axes: tuple[str, ...]
    about: str


@dataclass(frozen=True)
class Progress:
    """How far a long job is. `unit` is what is counted: "bytes", "tokens", "runs".

    known: how many of those that are done took no work, since they were known from before
    """

    done: int
    total: int
    unit: str
    seconds: float = 0.0
    known: int = 0

    @property
    def rate(self) -> float:
        """Units a second so far; 0 before the first."""
        return (self.done - self.known) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.done) / self.rate if self.rate else None


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of several runs."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Alternative:
    """A token that could have come: its id, its bytes, and its log-probability in nats before sampling's cuts."""

    token: int
    data: bytes
    logprob: float


@dataclass(frozen=True)
class Step:
    """One written token.

    text is what became certain and showable with this token: "" while a character or a possible stop string is
    unfinished. logprob is the model's own (nats, before penalties and cuts), probability the one with which the token
    was drawn after them; alternatives are the likeliest tokens under the model, best first.
    """

    index: int
    token: int
    data: bytes
    text: str
    logprob: float
    alternatives: tuple[Alternative, ...] = ()
    tokens_per_second: float = 0.0
    probability: float = 1.0


StopReason = Literal["end of text", "stop string", "length", "context full", "stopped"]


@dataclass(frozen=True)
class Finished:
    """How a generation ended.

    text    all that is to be shown: every step's text, then `rest`
    rest    what had been held back until the end was certain
    tokens  one for each step, all of them read by the model; the sign for the end of the text is not among them
    tail    what the model read and wrote beyond `text`: the stop string and what came with it
    detail  which stop string, or why there was no room
    prompt_tokens  how many were read, without the `prompt_known` whose state was known from another text
    seed    with this one, the same prompt and settings the text comes again

    Times are the work's own, without the waits of whoever watches.
    """

    reason: StopReason
    text: str
    tokens: tuple[int, ...]
    prompt_tokens: int
    prompt_seconds: float
    seconds: float
    detail: str = ""
    logprobs: tuple[float, ...] = field(default=())
    rest: str = ""
    tail: str = ""
    seed: int | None = None
    prompt_known: int = 0

    @property
    def prompt_tokens_per_second(self) -> float:
        return self.prompt_tokens / self.prompt_seconds if self.prompt_seconds > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        return len(self.tokens) / self.seconds if self.seconds > 0 else 0.0


# What an inspector draws. Arrays are float32 and read-only, since they pass from one thread to another.

if TYPE_CHECKING:
    FloatArray = NDArray[np.float32]
else:
    FloatArray = "numpy.ndarray"  # numpy is imported by those who make arrays; `inspect` needs none


@dataclass(frozen=True, eq=False)
class Labelled:
    """Numbers whose axes have names. `title` says what they are, `unit` in what ("" for plain numbers)."""

    title: str
    axes: tuple[str, ...]
    values: FloatArray
    unit: str = ""


@dataclass(frozen=True)
class FrameSpec:
    """What the visible plots want of the next frame; whatever is False, None or 0 is not computed."""

    layer: int = 0
    head: int = 0
    map_field: str | None = None
    map_measure: str = ""
    """One of `measures_of(field)`; "" for the first."""
    decay: bool = False
    memory: bool = False
    activity: bool = False
    candidates: int = 0

    @property
    def wants_anything(self) -> bool:
        return bool(self.map_field or self.decay or self.memory or self.activity or self.candidates)


@dataclass(frozen=True)
class Candidate:
    """A token that may come next: its text, and its probability under the model and after sampling's cuts."""

    token: int
    text: str
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Frame:
    """The state at one token, as far as `spec` asked for it.

    state_map   axes ("layer", …): one row a layer, NaN where a layer has no such field
    decay       of the picked layer, fraction kept a token: axes ("channel",), ("head",) or ("head", "channel");
                for version 1 the learned weights by distance, nearest first, ("head", "distance"); None: no memory
    half_lives  tokens until half is left, (layer, channel or head), each row sorted, longest first; None for version 1
    memory      the picked layer's memory, one entry a field
    activity    how much the last token changed each layer's memory: |change| / |memory|, (layer,)
    candidates  likeliest first
    """

    spec: FrameSpec
    tokens_seen: int
    token_text: str
    state_map: Labelled | None = None
    decay: Labelled | None = None
    half_lives: Labelled | None = None
    memory: tuple[Labelled, ...] = ()
    activity: Labelled | None = None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Measure:
    """One way to turn a field into a row of numbers a layer: `key` for FrameSpec.map_measure, `label` for the user."""

    key: str
    label: str


def measures_of(field: StateField) -> tuple[Measure, ...]:
    """The ways in which a state field can be shown as a map of layers × something, the default first."""
    if len(field.axes) == 1:
        return (Measure("value", f"value by {field.axes[0]}"), Measure("magnitude", f"magnitude by {field.axes[0]}"))
    if len(field.axes) == 2:
        return (Measure("norm", f"norm by {field.axes[1]}"),)
    first, second = field.axes[0], field.axes[1]
    return (Measure("rows", f"norm by {first} and {second}"), Measure("norm", f"norm by {first}"))


# What has been read and written, token by token, and the tree of its branches.


@dataclass(frozen=True)
class TokenRecord:
    """One token of a timeline, and what the model thought of it before it came.

    index         its place; the state before it has read `index` tokens
    data, text    its bytes; the characters that became whole with it, so that all texts joined give the text
    written       whether the model wrote it; else it was read
    logprob       in nats under the model itself; None for the first token, and where nobody has measured it yet
    rank          1 for the likeliest token
    entropy       of the whole distribution it came from, in nats
    alternatives  the ten likeliest tokens of that distribution, best first; () as for logprob
    change        how much it changed each layer's memory, |change| / |memory|, NaN for a layer without memory; () where it
                  was read together with others and nobody has measured it yet
    """

    index: int
    token: int
    data: bytes
    text: str
    written: bool
    logprob: float | None = None
    rank: int | None = None
    entropy: float | None = None
    alternatives: tuple[Alternative, ...] = ()
    change: tuple[float, ...] = ()

    @property
    def measured(self) -> bool:
        return self.logprob is not None


@dataclass(frozen=True)
class TurnRecord:
    """What one side said in a conversation, and which tokens it takes: from `start` to before `end`.

    A user's turn includes all that the template puts around the message. Going back to its `start` is going back to
    before the message. tail: what the model read beyond `text`, such as the stop string.
    """

    speaker: Literal["user", "model"]
    text: str
    start: int
    end: int
    tail: str = ""


@dataclass(frozen=True)
class BranchInfo:
    """One branch of the tree: it has the first `fork_at` tokens in common with `parent` (None: it began by itself)."""

    id: int
    parent: int | None
    fork_at: int
    name: str
    tokens: int
    current: bool = False


@dataclass(frozen=True)
class TimelineInfo:
    """How much is kept for going back. checkpoints: positions whose state is at hand in the present branch.

    memory_bytes counts the checkpoints of all branches together, what they share once; record_bytes what is known of the
    tokens, some 100 bytes each, which is no part of the budget. added: how many tokens were put before the text (0 or 1);
    a transcript leaves them out. beginnings: states of texts' beginnings that are kept for other texts, outside the budget;
    they take beginning_bytes of beginning_budget.
    """

    tokens: int
    memory_bytes: int
    budget_bytes: int
    checkpoints: tuple[int, ...]
    added: int = 0
    record_bytes: int = 0
    beginnings: int = 0
    beginning_bytes: int = 0
    beginning_budget: int = 0
