"""How much each earlier token still counts: in one layer's read-outs as a map, and in what the model says next.

A read-out is a sum over the tokens read (see `read_out`). A token's share of it is the length of its part: its value, times
the weight by which it is read, through norm and gate. Two things to keep in mind: a key and a value also hold a part of the
token before (token shift), and a token counts as well through what it changed in the tokens between, which no single
layer's map shows. The extra attention of versions 4a and 4b is not counted. What a token counts for the next word as a whole
is therefore measured otherwise, by `sensitivity`.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import torch

from rwkv_backend.analysis.read_out import (
    OF_READING_TOKENS,
    WANTED,
    Layer,
    Spread,
    last_parts,
    layer_of,
    spread_of,
)
from rwkv_backend.analysis.reading import begin, frozen, read_probed, require_layer
from rwkv_backend.analysis.records import InfluenceMap, InfluenceMeasure, TokenInfluence
from rwkv_backend.analysis.sensitivity import affordable, sensitivity
from rwkv_backend.errors import SettingError
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State

LONGEST_MAP = 2048
"""Tokens of a map: more would be neither seen nor held in memory (tokens × tokens × heads numbers)."""

NO_TIME_MIX = "Layer {0} has a second channel mix in place of its time mix: it reads no earlier tokens."
BY_SENSITIVITY = "How strongly the probabilities of the next word react to each token."
BY_SHARES = "Each token's share of the last read-out, averaged over the layers: this model is too large for more."
EXTRA_ATTENTION = "The model's extra attention is not counted here, only its fading memory."
COPY_HEAD = "The copy head, which finds earlier words by itself, belongs to no layer and is not counted in the layers."


def influence_map(
    model: RWKVModel,
    tokens: Sequence[int],
    layer: int,
    head: int | None = None,
    *,
    measure: InfluenceMeasure = "share",
    state: State | None = None,
) -> Generator[Progress, None, InfluenceMap]:
    """Tokens × tokens for one layer, and one head of it or all; `state` is what was read before (it stays as it is).

    Versions 2 to 4 have no heads: their map is the whole layer's. Raises TokenError or SettingError.
    """
    require_layer(model, layer)
    heads = model.sizes.n_head
    if head is not None and not 0 <= head < (heads or 0):
        hint = f"this model has heads 0 to {heads - 1}" if heads else "this version has none"
        raise SettingError(f"There is no head {head}: {hint}.")
    if len(tokens) > LONGEST_MAP:
        raise SettingError(
            f"A map of {len(tokens):,} tokens is too large; {LONGEST_MAP:,} can be shown.",
            "Look at a part of the text, with the state before it.",
        )
    start = begin(model, state)
    found = yield from read_probed(model, tokens, start.clone(), WANTED, only_layer=layer)
    reads = layer_of(model, layer, found, start)
    ids = tuple(int(token) for token in tokens)
    if reads is None:
        nothing = torch.full((len(ids), len(ids)), torch.nan)
        return InfluenceMap(ids, layer, head, measure, frozen(nothing), frozen(nothing[0]), NO_TIME_MIX.format(layer))
    with torch.no_grad():
        values, earlier = _measured(spread_of(reads), head, measure)
    return InfluenceMap(ids, layer, head, measure, frozen(values), frozen(earlier), _note(model))


def _measured(spread: Spread, head: int | None, measure: InfluenceMeasure) -> tuple[Tensor, Tensor]:
    """(T, T) and (T,)"""
    picked = slice(None) if head is None else slice(head, head + 1)
    if measure == "weight":
        return spread.weights[picked].mean(0), torch.zeros_like(spread.earlier[0])
    return _shares(spread.squares[picked].sum(0).sqrt(), spread.earlier[picked].sum(0).sqrt())


def _shares(lengths: Tensor, earlier: Tensor) -> tuple[Tensor, Tensor]:
    """Lengths (..., T) and of the earlier (...) -> both divided by their sum."""
    total = (lengths.sum(-1) + earlier).clamp(min=1e-30)
    return lengths / total.unsqueeze(-1), earlier / total


def _note(model: RWKVModel) -> str:
    names = {item.field.name for item in model.field_shapes}
    notes = [EXTRA_ATTENTION] if names & {"tiny.memory", "qkv.keys"} else []
    return " ".join([*notes, COPY_HEAD] if "copy.keys" in names else notes)


def token_influence(
    model: RWKVModel, tokens: Sequence[int], *, state: State | None = None
) -> Generator[Progress, None, TokenInfluence]:
    """How much each token counts after the last one; `state` is what was read before (it stays as it is)."""
    start, began = begin(model, state), time.perf_counter()
    found = yield from read_probed(model, tokens, start.clone(), WANTED, last_only=OF_READING_TOKENS)
    layers, heads, earlier = [], [], []
    for layer in range(model.sizes.n_layer):
        reads = layer_of(model, layer, found, start)
        with torch.no_grad():
            by_layer, by_head, before = _last_shares(model, reads, len(tokens))
        layers.append(by_layer)
        heads.append(by_head)
        earlier.append(before)
        yield Progress(layer + 1, model.sizes.n_layer, "layers", time.perf_counter() - began)
    table, reacts = torch.stack(layers), affordable(model, len(tokens)) and len(tokens) > 1
    if reacts:
        overall = yield from sensitivity(model, tokens, start.clone())
    else:
        overall = table.nan_to_num(0.0).mean(0).cpu()
    return TokenInfluence(
        tuple(int(token) for token in tokens),
        frozen(overall / overall.sum().clamp(min=1e-30)),
        frozen(table),
        frozen(torch.stack(heads)),
        frozen(torch.stack(earlier)),
        _note(model),
        BY_SENSITIVITY if reacts else BY_SHARES,
    )


def _last_shares(model: RWKVModel, reads: Layer | None, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """(T,), (H, T) and ()"""
    if reads is None:
        nothing = torch.full((model.sizes.n_head or 1, count), torch.nan, device=model.device)
        return nothing[0], nothing, nothing[0, 0]
    parts, rest = last_parts(reads)
    by_head, _ = _shares(parts.norm(dim=-1).T, rest.norm(dim=-1))
    whole = torch.cat((parts, rest.unsqueeze(0))).flatten(1)
    into_stream = reads.weights.output(whole) - reads.weights.output(torch.zeros_like(whole[:1]))
    lengths = into_stream.norm(dim=-1)
    by_layer, before = _shares(lengths[:-1], lengths[-1])
    return by_layer, by_head, before
