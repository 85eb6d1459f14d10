"""The models of the compare page, which stay loaded between runs, and what each has written last.

A column's trail keeps its tokens and every so often a copy of its state, so that its memory at any place can be come back
to by reading a few tokens again.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.compare_messages import ColumnAsk, Look
from app.jobs.desk import Desk
from app.messages import FieldLayers, OpenedModel
from rwkv_backend.compare.records import ModelChoice
from rwkv_backend.errors import RWKVError, UnsupportedError
from rwkv_backend.records import Frame, FrameSpec, Labelled, Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.frames import FrameMaker
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

STRIDE = 8
"""Tokens between two kept states, at first."""

BUDGET = 32_000_000
"""Bytes of kept states for each column; beyond it, every other one is let go."""


class Watched:
    """A model whose last forward pass left what a frame needs beyond the state, if `wants` says that it needs any."""

    def __init__(self, model: RWKVModel, frames: FrameMaker) -> None:
        self.model = model
        self._frames = frames
        self.wants = FrameSpec()
        self.kept: Probe | None = None

    @property
    def max_tokens(self) -> int | None:
        return self.model.max_tokens

    def new_state(self) -> State:
        return self.model.new_state()

    def forward(self, tokens: list[int], state: State) -> Tensor:
        probe = self._frames.probe(self.wants)
        logits = self.model.forward(tokens, state, probe=probe)
        self.kept = probe
        return logits


class Trail:
    """Where a column has been since it read the prompt."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.tokens: list[int] = []
        self._budget = budget
        self._stride = STRIDE
        self._kept: dict[int, State] = {}

    def begin(self, state: State) -> None:
        """The prompt has been read."""
        self._kept[0] = state.clone()

    def add(self, token: int, state: State) -> None:
        """`state` has read this token too."""
        self.tokens.append(token)
        if len(self.tokens) % self._stride == 0:
            self._kept[len(self.tokens)] = state.clone()
            self._thin_out()

    @property
    def nbytes(self) -> int:
        return sum(state.nbytes for state in self._kept.values())

    def at(self, watched: Watched, position: int) -> State:
        """The state after `position` tokens; the last one is read anew, so that `watched` keeps what it leaves."""
        from rwkv_backend.later import torch

        position = min(position, len(self.tokens))
        place = max(kept for kept in self._kept if kept < position or kept == 0)
        state = self._kept[place].clone()
        with torch.no_grad():
            before_last = max(place, position - 1)
            for part in (self.tokens[place:before_last], self.tokens[before_last:position]):
                if part:
                    watched.forward(part, state)
        return state

    def _thin_out(self) -> None:
        while self.nbytes > self._budget and len(self._kept) > 2:
            self._stride *= 2
            self._kept = {place: state for place, state in self._kept.items() if place % self._stride == 0}


@dataclass
class Column:
    """An open model of the page. state, trail: of what it wrote last; None before."""

    choice: ModelChoice
    model: RWKVModel
    tokenizer: Tokenizer
    frames: FrameMaker
    watched: Watched
    opened: OpenedModel
    state: State | None = None
    trail: Trail | None = None
    features: Any = None
    before_prompt: Probe | None = field(default=None, repr=False)
    """What the prompt's last token left for frames: a trail cannot read it again."""


class Stage:
    """The open columns by their number."""

    def __init__(self) -> None:
        self.columns: dict[int, Column] = {}

    def keep_only(self, asks: Sequence[ColumnAsk]) -> None:
        """Let go of every model that none of these asks for."""
        wanted = {ask.column: ask.choice for ask in asks}
        self.columns = {n: column for n, column in self.columns.items() if wanted.get(n) == column.choice}

    def missing(self, asks: Sequence[ColumnAsk]) -> list[ColumnAsk]:
        return [ask for ask in asks if ask.column not in self.columns]


def stage_of(desk: Desk) -> Stage:
    stage = desk.kept.setdefault("comparing", Stage())
    assert isinstance(stage, Stage)
    return stage


# Loading


def load_column(ask: ColumnAsk) -> Generator[Progress, None, Column]:
    from app.jobs.models import make_card
    from rwkv_backend.compare.differences import features
    from rwkv_backend.frames import FrameMaker
    from rwkv_backend.loading import load
    from rwkv_backend.tokenizers import load_tokenizer

    choice = ask.choice
    card = make_card(choice.path)
    model = yield from load(choice.path, choice.device, choice.dtype)
    tokenizer = load_tokenizer(choice.tokenizer or None, vocab_size=model.info.vocab_size, model_path=choice.path)
    frames = FrameMaker(model, tokenizer)
    opened = OpenedModel(
        card=card,
        device=str(model.device),
        dtype=choice.dtype,
        load_seconds=0.0,
        weight_bytes=model.weight_bytes,
        max_tokens=model.max_tokens,
        fields=tuple(FieldLayers(f.field, f.layers or ()) for f in model.field_shapes),
        decays_by_token=frames.decays_by_token,
    )
    column = Column(choice, model, tokenizer, frames, Watched(model, frames), opened)
    column.features = features(model)
    return column


def require_memory(asks: Sequence[ColumnAsk]) -> None:
    """UnsupportedError that says which to leave out, if these do not fit into the free memory together."""
    from rwkv_backend.memory import memory_free

    for device in dict.fromkeys(ask.choice.device for ask in asks):
        free = memory_free(device) if device == "cpu" or device.startswith("cuda") else 0
        sizes = [(ask.choice.path.name, _bytes_of(ask.choice)) for ask in asks if ask.choice.device == device]
        if free and together([size for _, size in sizes]) > free:
            raise _too_much(sizes, free)


def together(sizes: Sequence[int]) -> int:
    """Bytes for several models: what the program itself takes is needed once."""
    from rwkv_backend.memory import FIXED

    return sum(max(size - FIXED, 0) for size in sizes) + FIXED if sizes else 0


def _bytes_of(choice: ModelChoice) -> int:
    """0 for a file that cannot be opened: it says so in its own column."""
    from rwkv_backend.checkpoints import open_checkpoint
    from rwkv_backend.memory import memory_needed
    from rwkv_backend.models import identify

    try:
        return memory_needed(identify(open_checkpoint(choice.path).shapes).layout, choice.dtype)
    except (RWKVError, OSError):
        return 0


def _too_much(sizes: Sequence[tuple[str, int]], free: int) -> UnsupportedError:
    """The largest are to be left out, as few as will do."""
    kept, out = sorted(sizes, key=lambda entry: entry[1]), []
    while kept and together([size for _, size in kept]) > free:
        out.append(kept.pop())
    needed = together([size for _, size in sizes])
    sentence = f"The models need {needed / 1e9:.1f} GB together; {free / 1e9:.1f} GB are free."
    which = ", ".join(f"{name} ({size / 1e9:.1f} GB)" for name, size in out)
    return UnsupportedError(sentence, f"Leave out {which}, or hold it in fewer bits.")


# Frames


def spec_for(look: Look) -> FrameSpec:
    """What a frame for this look holds; the memory as it is read is no field of the state, and is added to it."""
    return FrameSpec(
        layer=look.layer,
        head=look.head,
        map_field=(look.field or None) if look.view == "state_map" else None,
        map_measure=MAGNITUDES,
        decay=look.view in ("decay_curves", "half_life"),
    )


MAGNITUDES = "magnitude"
"""Of a field with one axis; for the others a norm is the default anyway."""


def present_frame(column: Column, look: Look) -> Frame | None:
    """Of the state as it is; None if the last token was read before anyone asked for its decays."""
    if column.state is None:
        return None
    column.watched.wants = spec_for(look)
    if column.frames.probe(column.watched.wants) is not None and column.watched.kept is None:
        return None
    return make_frame(column, look, column.state, column.watched.kept)


def frame_at(column: Column, look: Look, position: int) -> Frame | None:
    """Of the state after so many written tokens; None if nothing was written."""
    if column.trail is None or column.state is None:
        return None
    column.watched.wants = spec_for(look)
    kept = column.watched.kept
    state = column.trail.at(column.watched, position)
    probe = column.watched.kept if position > 0 else column.before_prompt
    column.watched.kept = kept
    if column.frames.probe(column.watched.wants) is not None and probe is None:
        return None
    return make_frame(column, look, state, probe)


def make_frame(column: Column, look: Look, state: State, probe: Probe | None) -> Frame:
    frame = column.frames.make(spec_for(look), state, probe=probe)
    if look.view == "state_map" and not look.field:
        return replace(frame, state_map=memory_map(state))
    if look.view == "memory":
        return replace(frame, memory=layer_memory(state, min(max(look.layer, 0), len(state.layers) - 1)))
    return frame


def memory_map(state: State) -> Labelled:
    """How strong each layer's memory is, as it is read: the weighted mean of versions 1 to 4 by channel, the matrix of
    versions 5 to 7 by head and key; free of any running scale, so that versions can be told from each other."""
    import numpy as np

    from rwkv_backend.frames import memories

    rows = [None if tensor is None else _strength(tensor, state) for tensor in memories(state)]
    width = max((len(row) for row in rows if row is not None), default=1)
    table = np.full((len(rows), width), np.nan, dtype=np.float32)
    for place, row in enumerate(rows):
        if row is not None:
            table[place, : len(row)] = row
    table.flags.writeable = False
    by_key = any(tensor is not None and tensor.dim() == 3 for tensor in memories(state))
    return Labelled("memory", ("layer", "head and key" if by_key else "channel"), table)


def layer_memory(state: State, layer: int) -> tuple[Labelled, ...]:
    """One layer's memory as it is read: a number for each channel, or a matrix for each head; () where there is none."""
    import numpy as np

    from rwkv_backend.frames import memories

    memory = memories(state)[layer]
    if memory is None:
        return ()
    axes = state.field("att.wkv").axes if memory.dim() == 3 else ("channel",)
    values = np.array(memory.detach().float().cpu().numpy())
    values.flags.writeable = False
    return (Labelled("memory", axes, values),)


def _strength(memory: Tensor, state: State) -> Any:
    if memory.dim() < 3:
        return memory.detach().abs().flatten().float().cpu().numpy()
    values = state.field("att.wkv").axes.index("value")
    return memory.detach().norm(dim=values).flatten().float().cpu().numpy()
