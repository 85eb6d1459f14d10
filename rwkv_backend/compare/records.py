"""What a comparison is asked and what it answers. Frozen; arrays are read-only; no torch, so that a window may hold them.

Offsets and counts are int64 arrays, everything else float32. Losses are in nats unless the name says bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from rwkv_backend.records import ModelInfo, Progress, Spread, Step
from rwkv_backend.sampling import SamplingParams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float32]
    IntArray = NDArray[np.int64]

Task = Literal["writing", "text", "needle", "speed", "memory", "forgetting"]

TASKS: tuple[Task, ...] = get_args(Task)
"""In the order in which they run."""

TASK_TITLES: dict[Task, str] = {
    "writing": "Writing",
    "text": "Loss on the text",
    "needle": "Recall of a name",
    "speed": "Speed",
    "memory": "Memory",
    "forgetting": "Forgetting",
}
"""English; a window translates them in the context "rwkv_backend"."""


# What is asked


@dataclass(frozen=True)
class ModelChoice:
    """A model to compare: its file, where and how it is held, and its tokenizer ("": chosen by evidence)."""

    path: Path
    device: str = "cpu"
    dtype: str = "float32"
    tokenizer: str = ""


@dataclass(frozen=True)
class CompareSettings:
    """The same for every model.

    tasks            which to run
    prompt, seed, max_tokens, sampling  for the task "writing"; `seed` also draws the needles
    window           tokens read from a fresh state, as in `eval`; None: carried through (version 1: as far as it can)
    contexts         further windows, to see whether more context helps; those a model has no room for are left out
    needle_distances tokens between a name's introduction and the place where it is due; those without room are left out
    needle_trials    names and fillers tried at each distance
    speed_*          prompt and new tokens of one run, and counted runs; medians are told
    state_tokens     after how many tokens the state's size is told
    """

    tasks: tuple[Task, ...] = TASKS
    prompt: str = "Once upon a time there was a king who had"
    seed: int = 1
    max_tokens: int = 120
    sampling: SamplingParams = field(default_factory=lambda: SamplingParams(temperature=0.9, top_p=0.7))
    window: int | None = 512
    contexts: tuple[int, ...] = (32, 128, 2048)
    needle_distances: tuple[int, ...] = (0, 8, 16, 32, 64, 128, 256, 400)
    needle_trials: int = 16
    speed_prompt_tokens: int = 256
    speed_new_tokens: int = 32
    speed_runs: int = 3
    state_tokens: tuple[int, ...] = (1, 4, 16, 64, 128, 256, 512, 1024, 2048, 4096)


# What one task answers


@dataclass(frozen=True, eq=False)
class Written:
    """What the model wrote after the prompt, and how sure it was of each token.

    starts, ends  where each token's bytes lie in `text` encoded as UTF-8; (n,), a token may end inside a character
    logprobs      the model's own for each token, in nats, before sampling; (n,)
    """

    text: str
    starts: IntArray
    ends: IntArray
    logprobs: FloatArray
    reason: str
    seed: int
    prompt_tokens: int
    prompt_seconds: float
    seconds: float

    @property
    def prompt_tokens_per_second(self) -> float:
        return self.prompt_tokens / self.prompt_seconds if self.prompt_seconds > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        return len(self.logprobs) / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, eq=False)
class ByteLoss:
    """Loss by position in bytes since the state was fresh, in buckets that double: 0–15, 16–31, 32–63 …

    A token's loss is spread evenly over its bytes. The last bucket may be cut off by the window.

    starts, ends  (n,) first byte and the one after the last
    counts        (n,) bytes of the text that fell into the bucket
    bits          (n,) mean bits per byte in it
    so_far        (n,) mean bits per byte from byte 0 to its end
    """

    starts: IntArray
    ends: IntArray
    counts: IntArray
    bits: FloatArray
    so_far: FloatArray


@dataclass(frozen=True, eq=False)
class Reading:
    """The text read once, in windows of `window` tokens (None: the state is carried through)."""

    window: int | None
    tokens: int
    bytes: int
    nats: float
    bits_per_byte: float
    by_byte: ByteLoss
    seconds: float

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.tokens


@dataclass(frozen=True, eq=False)
class Surprise:
    """How unexpected each token of the text was. starts, ends: its bytes in the text (n,); nats: −ln p of it (n,)."""

    starts: IntArray
    ends: IntArray
    nats: FloatArray


@dataclass(frozen=True, eq=False)
class TextResult:
    """The text as the model foresaw it: `readings[0]` is what `eval` tells with the same window, and has the surprise."""

    readings: tuple[Reading, ...]
    surprise: Surprise

    @property
    def bits_per_byte(self) -> float:
        return self.readings[0].bits_per_byte


@dataclass(frozen=True, eq=False)
class NeedleCurve:
    """A name said once and due again after `distances` tokens of tale, against the same text without its introduction.

    said, unsaid  (n,) bits that the name costs, mean over the trials: with its introduction, and with another name's
    saved         (n,) unsaid − said: what remembering is worth, in bits
    error         (n,) standard error of `saved`
    recalled      (n,) share of trials in which the likeliest tokens spell the whole name
    by_chance     (n,) the same share after the other introduction
    bytes         (n,) mean bytes between the two places, by which models with other tokenizers can be compared
    """

    distances: IntArray
    bytes: FloatArray
    said: FloatArray
    unsaid: FloatArray
    saved: FloatArray
    error: FloatArray
    recalled: FloatArray
    by_chance: FloatArray
    trials: int


@dataclass(frozen=True)
class SpeedResult:
    """Tokens a second: reading a prompt in one go, and one token after the other."""

    prompt: Spread
    writing: Spread
    prompt_tokens: int
    new_tokens: int
    runs: int
    threads: int


@dataclass(frozen=True, eq=False)
class MemoryResult:
    """Bytes of the weights as held, and of the state after `tokens` tokens: (n,) each. `limit`: where room ends."""

    weights: int
    tokens: IntArray
    state: IntArray
    limit: int | None


@dataclass(frozen=True, eq=False)
class Forgetting:
    """How long the memory lasts by its decay alone.

    half_lives   (layers, channels or heads) tokens until half is left, each row longest first; NaN: no such memory;
                 None for version 1, which has a table of weights by distance instead
    by_token     whether each token decides its decay; then this is the mean over the tokens read, of the decay's logarithm
    by_distance  (heads, distance) version 1: the learned weights of layer 0, nearest first, largest magnitude 1; else None
    unit         "channel" or "head"
    """

    half_lives: FloatArray | None
    by_token: bool
    by_distance: FloatArray | None
    unit: str


# What all of it comes to


@dataclass(frozen=True)
class ModelCard:
    """What was compared. `info.path` is the file's name alone; `fingerprint` knows the weights under any name.

    notes  what a reader of the numbers should know, such as a tokenizer that may be the wrong one
    """

    title: str
    info: ModelInfo
    fingerprint: str
    device: str
    dtype: str
    tokenizer: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskFailure:
    """Why a task has no result, in a sentence for the user. task None: the model could not be opened."""

    task: Task | None
    sentence: str


@dataclass(frozen=True, eq=False)
class ModelResult:
    """All that is known of one model so far; None: not run, or failed (then `failures` says why)."""

    title: str
    card: ModelCard | None = None
    writing: Written | None = None
    text: TextResult | None = None
    needle: NeedleCurve | None = None
    speed: SpeedResult | None = None
    memory: MemoryResult | None = None
    forgetting: Forgetting | None = None
    features: Features | None = None
    failures: tuple[TaskFailure, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What the numbers were measured on; nothing that names its user or its place."""

    processor: str
    cores: int
    threads: int
    devices: tuple[str, ...]
    python: str
    torch: str
    system: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """A comparison, finished or stopped (`complete` False). `text_digest`: SHA-256 of the text as UTF-8."""

    settings: CompareSettings
    text_name: str
    text_bytes: int
    text_digest: str
    models: tuple[ModelResult, ...]
    differences: DifferenceTable
    machine: Machine
    date: str
    complete: bool = True


# What changed between versions

Plot = Literal["decay_curves", "half_life", "state_map", "memory", "activity", "candidates", "state_size", ""]
"""Which plot shows what a cell says; the first six are the inspector's. "": none."""


@dataclass(frozen=True)
class Cell:
    """`text` is English with {0}-style places for `values`: translate it first, then `format`."""

    text: str
    values: tuple[str, ...] = ()
    plot: Plot = ""

    @property
    def shown(self) -> str:
        return self.text.format(*self.values)


@dataclass(frozen=True)
class Features:
    """One model's column of the table, a cell for each of `FEATURE_ROWS`."""

    title: str
    cells: tuple[Cell, ...]


FEATURE_ROWS: tuple[tuple[str, str], ...] = (
    ("time_mixing", "Time mixing"),
    ("decay", "Decay"),
    ("current_token", "The token itself"),
    ("token_shift", "Token shift"),
    ("normalisation", "Normalisation"),
    ("gating", "Gating"),
    ("channel_mixing", "Channel mixing"),
    ("copy_head", "Copy head"),
    ("state", "State per layer"),
    ("vocabulary", "Vocabulary"),
    ("parameters", "Parameters"),
)
"""Key and English title of each row."""


@dataclass(frozen=True)
class DifferenceTable:
    """Columns in the order of the models; `rows` are FEATURE_ROWS."""

    columns: tuple[Features, ...]


# What is told on the way

Result = Written | TextResult | NeedleCurve | SpeedResult | MemoryResult | Forgetting


@dataclass(frozen=True)
class ModelStarted:
    """Model `model` (its place in the list) is about to be opened."""

    model: int


@dataclass(frozen=True)
class ModelOpened:
    model: int
    result: ModelResult


@dataclass(frozen=True)
class TaskProgress:
    """task None: the model is being loaded."""

    model: int
    task: Task | None
    progress: Progress


@dataclass(frozen=True)
class TokenWritten:
    model: int
    step: Step


@dataclass(frozen=True)
class TaskDone:
    """`result` is all that is known of the model so far, this task included; a failure is in `result.failures`."""

    model: int
    task: Task | None
    result: ModelResult


CompareEvent = ModelStarted | ModelOpened | TaskProgress | TokenWritten | TaskDone
