"""Ablation: what is lost when one layer's memory is taken away.

The context is read as it is; then, at the cut, one layer's (or head's) memory becomes what it was before any token, and
the loss of the following tokens is measured. With `period` n the memory is emptied again before every n tokens of what
follows: with 1 that layer never remembers at all, so that only the token shifts carry anything on.

By default the long memory is taken away and the token shifts are left, which hold the last token alone. The loss is that
of following[1:], each foreseen from all before it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch

from rwkv_backend.analysis import state_edit
from rwkv_backend.analysis.loss import LOGITS_AT_ONCE, token_losses
from rwkv_backend.analysis.reading import begin, frozen, require_tokens
from rwkv_backend.analysis.records import AblationSweep, Target, Zero
from rwkv_backend.errors import ContextFullError, SettingError
from rwkv_backend.models.base import LONGEST_CHUNK
from rwkv_backend.records import Labelled, Progress

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State

COPY_HEAD = Target(layers=(), fields=("copy.keys",))
"""The copy head's memory, which belongs to no layer (versions 1 to 4)."""

Place = tuple[int, ...]
"""(layer,) or (layer, head)"""


def ablation_sweep(
    model: RWKVModel,
    context: Sequence[int],
    following: Sequence[int],
    *,
    by_head: bool = False,
    fields: tuple[str, ...] | None = None,
    period: int | None = None,
    state: State | None = None,
) -> Generator[Progress | AblationSweep, None, AblationSweep]:
    """One run for each layer or head, one as it is, one with no layer remembering, one without the copy head.

    `state` is what was read before `context` (it stays as it is). Raises TokenError for too few tokens, ContextFullError
    where they are too many, SettingError for heads or fields that this version lacks.
    """
    sweep = _Sweep(model, begin(model, state), following, fields or state_edit.memory_fields(model), by_head, period)
    sweep.check(len(context))
    for first in range(0, len(context), LONGEST_CHUNK):
        with torch.no_grad():
            model.forward(context[first : first + LONGEST_CHUNK], sweep.start)
        yield sweep.progress()
    sweep.baseline = yield from sweep.mean_loss(None)
    for place in sweep.places:
        yield sweep.answer()
        sweep.table[place] = (
            yield from sweep.mean_loss(Target(place[:1], place[1:] or None, sweep.fields))
        ) - sweep.baseline
    yield sweep.answer()
    sweep.without_any = yield from sweep.mean_loss(Target(fields=sweep.fields))
    if sweep.has_copy_head:
        yield sweep.answer()
        sweep.without_copy = yield from sweep.mean_loss(COPY_HEAD)
    return sweep.answer()


class _Sweep:
    """The runs, and what is known so far."""

    def __init__(
        self,
        model: RWKVModel,
        start: State,
        following: Sequence[int],
        fields: tuple[str, ...],
        by_head: bool,
        period: int | None,
    ) -> None:
        self.model, self.start, self.following = model, start, following
        self.fields, self.by_head, self.period = fields, by_head, period
        self.places = places_of(model, fields, by_head)
        shape = (model.sizes.n_layer, model.sizes.n_head or 1) if by_head else (model.sizes.n_layer,)
        self.table = np.full(shape, np.nan)
        self.baseline = self.without_any = self.without_copy = float("nan")
        self.has_copy_head = bool(start.shared)
        self.done, self.began = 0, time.perf_counter()

    def check(self, context: int) -> None:
        """Fail before the first run."""
        require_tokens(self.following, least=2)
        if self.period is not None and self.period < 1:
            raise SettingError("The period must be 1 token or more.")
        room, limit = context + len(self.following) - 1, self.model.max_tokens
        if limit is not None and self.start.tokens_seen + room > limit:
            raise ContextFullError(f"This model has room for {limit:,} tokens; context and text are {room:,} long.")
        head = (0,) if self.by_head else None
        state_edit.apply(self.model, self.start, Zero(), Target(self.places[0][:1], head, self.fields))

    def mean_loss(self, target: Target | None) -> Generator[Progress, None, float]:
        """Of following[1:], read from a copy of the start; the target's memory emptied as often as asked."""
        state, losses, count = self.start.clone(), [], len(self.following) - 1
        step = min(max(16, LOGITS_AT_ONCE // self.model.sizes.vocab_size), LONGEST_CHUNK)
        if target is not None and self.period is not None:
            step = min(step, self.period)
        for first in range(0, count, step):
            if target is not None and first % (self.period or count) == 0:
                state = state_edit.apply(self.model, state, Zero(), target)
            with torch.no_grad():
                losses.append(token_losses(self.model, state, self.following[first : min(first + step, count) + 1]))
            yield self.progress()
        self.done += 1
        yield self.progress()
        return float(torch.cat(losses).mean())

    def progress(self) -> Progress:
        return Progress(self.done, len(self.places) + 2 + self.has_copy_head, "runs", time.perf_counter() - self.began)

    def answer(self) -> AblationSweep:
        axes = ("layer", "head") if self.by_head else ("layer",)
        change = Labelled("loss without this memory", axes, frozen(self.table), "nats a token")
        tokens = len(self.following) - 1
        return AblationSweep(change, self.baseline, self.without_any, self.without_copy, tokens, self.period)


def places_of(model: RWKVModel, fields: Sequence[str], by_head: bool) -> list[Place]:
    """The layers, or layers and heads, that have any of the fields."""
    having = {item.field.name: item.layers for item in model.field_shapes if item.layers is not None}
    layers = sorted({layer for name in fields for layer in having.get(name, ())})
    return list(product(layers, range(model.sizes.n_head or 1))) if by_head else [(layer,) for layer in layers]
