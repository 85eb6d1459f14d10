"""From a state to what an inspector draws: maps by layer, decays, the picked layer's memory, and what may come next.

Only what a FrameSpec asks for is computed, and everything leaves as read-only float32 arrays. Works on the fields' axes and
on what every model offers; knows no version.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rwkv_backend.decay import half_life
from rwkv_backend.probe import Probe
from rwkv_backend.records import (
    Candidate,
    FloatArray,
    Frame,
    FrameSpec,
    Labelled,
    StateField,
    measures_of,
)

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.sampling import Sampler
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

NOTHING_YET = -1e29
"""An exponent at or below this stands for an empty sum."""

DECAY_AXES = {1: ("channel",), 2: ("head", "channel")}


class FrameMaker:
    """Makes frames of one model's states. Keeps the half-lives where they never change."""

    def __init__(self, model: RWKVModel, tokenizer: Tokenizer) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._constant_half_lives: Labelled | None = None

    @property
    def decays_by_token(self) -> bool:
        """Whether each token decides its own decay (versions 6 and 7)."""
        return self.model.version in ("6", "7")

    def probe(self, spec: FrameSpec) -> Probe | None:
        """What the next forward pass must keep for a frame of this kind; None: nothing."""
        return Probe("att.decay") if spec.decay and self.decays_by_token else None

    def make(
        self,
        spec: FrameSpec,
        state: State,
        *,
        token: int | None = None,
        before: Sequence[Tensor | None] = (),
        probe: Probe | None = None,
        logits: Tensor | None = None,
        sampler: Sampler | None = None,
    ) -> Frame:
        """A frame of `state` as it is after `token`. before: `kept_memories(state)` before that token, for the activity."""
        layer = min(max(spec.layer, 0), len(state.layers) - 1)
        return Frame(
            spec=spec,
            tokens_seen=state.tokens_seen,
            token_text="" if token is None else self._text(token),
            state_map=state_map(state, spec.map_field, spec.map_measure) if spec.map_field else None,
            decay=self.decay(layer, probe) if spec.decay else None,
            half_lives=self.half_lives(probe) if spec.decay else None,
            memory=layer_memory(state, layer) if spec.memory else (),
            activity=activity(before, memories(state)) if spec.activity and before else None,
            candidates=self._candidates(spec.candidates, logits, sampler),
        )

    def decay(self, layer: int, probe: Probe | None = None) -> Labelled | None:
        """What the layer keeps a token; version 1: its weights by distance. None: the layer has no such memory."""
        kept = self.model.decay(layer, probe)
        if kept is None:
            return None
        if self.model.version == "1":
            return Labelled("learned weight by distance", ("head", "distance"), _array(kept))
        by_head = kept.dim() == 1 and kept.shape[0] == self.model.sizes.n_head
        return Labelled("fraction kept", ("head",) if by_head else DECAY_AXES[kept.dim()], _array(kept), "a token")

    def half_lives(self, probe: Probe | None = None) -> Labelled | None:
        """Tokens until half is left: a row a layer, longest first (NaN: no such memory); None for version 1."""
        if self.model.version == "1":
            return None
        if self._constant_half_lives is not None:
            return self._constant_half_lives
        kept = [self.model.decay(i, probe) for i in range(self.model.sizes.n_layer)]
        width = max((k.numel() for k in kept if k is not None), default=1)
        rows = np.full((len(kept), width), np.nan, dtype=np.float64)
        for row, values in zip(rows, kept, strict=True):
            if values is not None:
                row[: values.numel()] = np.sort(half_life(values.cpu().double().numpy().ravel()))[::-1]
        by_head = width == self.model.sizes.n_head
        found = Labelled("half-life", ("layer", "head" if by_head else "channel"), _frozen(rows), "tokens")
        if not self.decays_by_token:
            self._constant_half_lives = found
        return found

    def _candidates(self, count: int, logits: Tensor | None, sampler: Sampler | None) -> tuple[Candidate, ...]:
        if not count or logits is None or sampler is None:
            return ()
        plain = torch.softmax(logits.cpu().double(), 0)
        drawn = sampler.probabilities(logits)
        best = plain.topk(min(count, len(plain))).indices.tolist()
        return tuple(Candidate(t, self._text(t), float(plain[t]), float(drawn[t])) for t in best)

    def _text(self, token: int) -> str:
        data = self.tokenizer.bytes_of(token)
        return data.decode("utf-8", errors="backslashreplace") if data else f"<{token}>"


def state_map(state: State, field_name: str, measure: str = "") -> Labelled | None:
    """One row of numbers a layer; NaN rows where a layer lacks the field. None if no layer has it."""
    having = [layer.get(field_name) for layer in state.layers]
    if all(tensor is None for tensor in having):
        return None
    field = state.field(field_name)
    allowed = [m.key for m in measures_of(field)]
    measure = measure if measure in allowed else allowed[0]
    rows = [None if tensor is None else _measured(tensor, field, measure) for tensor in having]
    width = max(row.numel() for row in rows if row is not None)
    table = np.full((len(rows), width), np.nan, dtype=np.float32)
    for place, row in enumerate(rows):
        if row is not None:
            table[place, : row.numel()] = _array(row)
    return Labelled(field.name, ("layer", _row_axis(field, measure)), _frozen(table))


def _measured(tensor: Tensor, field: StateField, measure: str) -> Tensor:
    """The field's numbers as one row."""
    if measure == "value":
        return tensor
    if measure == "magnitude":
        return tensor.abs()
    if len(field.axes) == 2:
        return tensor.norm(dim=0)
    return tensor.norm(dim=2).flatten() if measure == "rows" else tensor.flatten(1).norm(dim=1)


def _row_axis(field: StateField, measure: str) -> str:
    if len(field.axes) == 1:
        return field.axes[0]
    if len(field.axes) == 2:
        return field.axes[1]
    return f"{field.axes[0]} and {field.axes[1]}" if measure == "rows" else field.axes[0]


def layer_memory(state: State, layer: int) -> tuple[Labelled, ...]:
    """The layer's fields as they are, without the token shifts, whose last inputs are no memory of the past."""
    fields = ((state.field(name), tensor) for name, tensor in state.layers[layer].items())
    return tuple(
        Labelled(field.name, field.axes, _array(tensor))
        for field, tensor in fields
        if not field.name.endswith("last_input")
    )


def memories(state: State) -> list[Tensor | None]:
    """One tensor a layer in which two moments can be compared: what would be read, free of any running scale.

    The matrix of versions 5 to 7; numerator over denominator, that is the weighted mean, in 1 to 4. None: no such memory.
    They may be the state's own tensors, which the next token changes; `kept_memories` are copies.
    """
    return [_memory(layer) for layer in state.layers]


def kept_memories(state: State) -> list[Tensor | None]:
    """`memories` of this moment, to be compared with those of a later one."""
    return [None if memory is None else memory.clone() for memory in memories(state)]


def _memory(layer: dict[str, Tensor]) -> Tensor | None:
    if "att.wkv" in layer:
        return layer["att.wkv"]
    if "att.denominator" not in layer:
        return None
    top = layer["att.numerator"] if "att.numerator" in layer else layer["att.key_values"].sum(0)
    bottom = layer["att.denominator"]
    return torch.where(bottom > 0, top / bottom, 0.0)


def activity(before: Sequence[Tensor | None], after: Sequence[Tensor | None]) -> Labelled:
    """|after − before| / |after| a layer: 0 nothing has changed, 1 or more all of it; NaN where there is no memory."""
    values = [
        float("nan") if a is None or b is None else float((b - a).norm() / b.norm().clamp(min=1e-20))
        for a, b in zip(before, after, strict=True)
    ]
    return Labelled("relative change", ("layer",), _frozen(np.asarray(values)))


def _array(tensor: Tensor) -> FloatArray:
    """NaN where version 4's exponent says that nothing has been met yet."""
    values = tensor.detach().float()
    return _frozen(values.masked_fill(values <= NOTHING_YET, float("nan")).cpu().numpy())


def _frozen(values: NDArray[Any]) -> FloatArray:
    array = np.ascontiguousarray(values, dtype=np.float32)
    array.flags.writeable = False
    return array
