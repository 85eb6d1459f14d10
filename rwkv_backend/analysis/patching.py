"""State patching: which layer's memory holds what the next token needs.

Two texts are read that differ in one place, a name say, and end in the same words. Just before the last `read` of these
words one layer's memory in the run on the first text is exchanged for that of the other run, and the rest is read. If the
probability of the name falls, that layer held it, and it alone. The other way round, the run on the other text gets that
layer's memory from the first: if the name returns, the layer is enough by itself. Where several layers hold the name, only
the second way shows it. What is exchanged is all that the layer hands on, token shifts too. The copy head of some files of
versions 1 to 4 remembers words by itself, beside the layers; it is exchanged in a run of its own.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from rwkv_backend.analysis import state_edit
from rwkv_backend.analysis.ablation import COPY_HEAD, places_of
from rwkv_backend.analysis.influence import token_influence
from rwkv_backend.analysis.reading import begin, frozen, log_probabilities, read_on, require_tokens
from rwkv_backend.analysis.records import PatchSweep, Replace, Target, WhereRemembered
from rwkv_backend.errors import SettingError, TokenError
from rwkv_backend.models.base import LONGEST_CHUNK
from rwkv_backend.records import Labelled, Progress

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State


def patch_sweep(
    model: RWKVModel,
    tokens: Sequence[int],
    other_tokens: Sequence[int],
    target: int,
    *,
    read: int = 1,
    by_head: bool = False,
    fields: tuple[str, ...] | None = None,
    state: State | None = None,
) -> Generator[Progress | PatchSweep, None, PatchSweep]:
    """The change of ln p(target) after `tokens` for each layer (or head) whose memory comes from `other_tokens`.

    Both texts must end in the same `read` tokens, which are read after the exchange; version 1 needs texts of one length.
    `state` is what was read before both (it stays as it is). Raises TokenError, SettingError or StateError.
    """
    sweep = _Sweep(model, tokens, other_tokens, target, read, by_head, fields)
    ours = yield from sweep.up_to_the_cut(tokens, state)
    theirs = yield from sweep.up_to_the_cut(other_tokens, state)
    sweep.clean, sweep.other = sweep.after(ours), sweep.after(theirs)
    for place in sweep.places:
        yield sweep.progress()
        yield sweep.answer()
        picked = Target(place[:1], place[1:] or None, fields)
        sweep.effect[place], sweep.restored[place] = sweep.exchanged(ours, theirs, picked)
        sweep.done += 1
    yield sweep.progress()
    yield sweep.answer()
    if sweep.has_copy_head:
        sweep.copy = sweep.exchanged(ours, theirs, COPY_HEAD)
    sweep.all_layers = sweep.clean + sweep.exchanged(ours, theirs, Target(fields=fields))[0]
    return sweep.answer()


class _Sweep:
    """The runs of one sweep, and what is known so far."""

    def __init__(
        self,
        model: RWKVModel,
        tokens: Sequence[int],
        other_tokens: Sequence[int],
        target: int,
        read: int,
        by_head: bool,
        fields: tuple[str, ...] | None,
    ) -> None:
        _require_same_end(tokens, other_tokens, read)
        if not 0 <= target < model.sizes.vocab_size:
            raise TokenError(f"Token {target} is not among the {model.sizes.vocab_size:,} that the model knows.")
        if by_head and not any(state_edit.head_count(model, item.field) for item in model.field_shapes):
            raise SettingError(f"Version {model.info.version} has no heads: its memory has one number a channel.")
        self.model, self.target, self.by_head = model, target, by_head
        self.last = list(tokens[len(tokens) - read :])
        names = fields or tuple(item.field.name for item in model.field_shapes)
        self.places = places_of(model, names, by_head)
        shape = (model.sizes.n_layer, model.sizes.n_head or 1) if by_head else (model.sizes.n_layer,)
        self.effect, self.restored = np.full(shape, np.nan), np.full(shape, np.nan)
        self.clean = self.other = self.all_layers = float("nan")
        self.copy, self.has_copy_head = (float("nan"), float("nan")), any(i.layers is None for i in model.field_shapes)
        self.done, self.began = 0, time.perf_counter()

    def up_to_the_cut(self, tokens: Sequence[int], state: State | None) -> Generator[Progress, None, State]:
        reached = begin(self.model, state)
        body = tokens[: len(tokens) - len(self.last)]
        for first in range(0, len(body), LONGEST_CHUNK):
            with torch.no_grad():
                self.model.forward(body[first : first + LONGEST_CHUNK], reached)
            yield self.progress()
        self.done += 1
        return reached

    def after(self, state: State) -> float:
        """ln p(target) once a copy of `state` has read the common end."""
        return float(log_probabilities(read_on(self.model, self.last, state.clone()))[self.target])

    def exchanged(self, ours: State, theirs: State, picked: Target) -> tuple[float, float]:
        """Effect and restored: what the target loses in our run and gains in theirs."""
        taken = state_edit.apply(self.model, ours, Replace(), picked, theirs)
        given = state_edit.apply(self.model, theirs, Replace(), picked, ours)
        return self.after(taken) - self.clean, self.after(given) - self.other

    def progress(self) -> Progress:
        return Progress(self.done, len(self.places) + 2, "runs", time.perf_counter() - self.began)

    def answer(self) -> PatchSweep:
        axes = ("layer", "head") if self.by_head else ("layer",)
        effect = Labelled("change of log-probability without this layer's memory", axes, frozen(self.effect), "nats")
        restored = Labelled("log-probability that this layer's memory gives back", axes, frozen(self.restored), "nats")
        return PatchSweep(
            effect, restored, self.target, self.clean, self.other, self.all_layers, len(self.last), *self.copy
        )


def _require_same_end(tokens: Sequence[int], other_tokens: Sequence[int], read: int) -> None:
    require_tokens(tokens, least=2)
    require_tokens(other_tokens, least=2)
    if not 1 <= read < min(len(tokens), len(other_tokens)):
        raise SettingError("At least one token must be read after the exchange, and one before it.")
    if list(tokens[-read:]) != list(other_tokens[-read:]):
        raise SettingError(
            f"The two texts must end in the same {read} token{'s' if read > 1 else ''}: they are read after the exchange.",
            "Let them differ only in the words that are to be found.",
        )


def where_remembered(
    model: RWKVModel,
    tokens: Sequence[int],
    positions: Sequence[int],
    *,
    target: int | None = None,
    replacement: Sequence[int] | None = None,
    read: int = 1,
) -> Generator[Progress | PatchSweep, None, WhereRemembered]:
    """Which layer, after `tokens`, remembers the tokens at `positions`.

    target       the token whose probability shows it; by default the first of those tokens, as where a name is due again
    replacement  what stands there in the other text; by default what the model itself would sooner have expected there
    """
    places = tuple(sorted(set(positions)))
    if not places or not 0 <= places[0] <= places[-1] < len(tokens) - read:
        raise SettingError("The words to look for must lie in the text, before the tokens that are read at its end.")
    target = tokens[places[0]] if target is None else target
    if replacement is None:
        replacement = expected_instead(model, tokens, places, target)
    if len(replacement) != len(places):
        raise SettingError(f"There are {len(places)} tokens to replace and {len(replacement)} to put in their place.")
    other = list(tokens)
    for place, token in zip(places, replacement, strict=True):
        other[place] = token
    patch = yield from patch_sweep(model, tokens, other, target, read=read)
    counted = yield from token_influence(model, tokens)
    matters = patch.restored.values - patch.effect.values
    return WhereRemembered(
        places,
        tuple(replacement),
        patch,
        frozen(counted.by_layer[:, list(places)].sum(1)),
        frozen(counted.by_head[:, :, list(places)].sum(2)),
        int(np.nanargmax(matters)),
        patch.copy_restored - patch.copy_effect > float(np.nanmax(matters)),
    )


def expected_instead(model: RWKVModel, tokens: Sequence[int], positions: Sequence[int], target: int) -> list[int]:
    """For each position, in rising order, the likeliest token there that is neither the one there nor `target`.

    At position 0, before which nothing was read, the likeliest after the first token.
    """
    chosen: list[int] = []
    state, read, logits = model.new_state(), 0, torch.zeros(0)
    for place in positions:
        until = max(place, 1)
        if until > read:
            logits, read = read_on(model, tokens[read:until], state), until
        row = logits.clone()
        row[[tokens[place], target]] = -torch.inf
        chosen.append(int(row.argmax()))
    return chosen
