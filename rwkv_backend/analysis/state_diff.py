"""Two states of one model: where they differ, and what the difference does to the next token.

What is compared is what would be read: for versions 1 to 4 not the sums but their quotient, "att.mean", and the logarithm
of its weight, "att.log_weight" (NaN where nothing has been met yet); otherwise a running scale would drown all else.
Version 5 to 7's matrices, the token shifts and the attention of 4a and 4b are compared as they are.

The next-token distribution depends on the last token read as well as on the state. So there are two ways to ask: the stored
logits of both moments (`next_word_change`), or the logits after both states have read the same tokens (`change_after`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from rwkv_backend import wkv
from rwkv_backend.analysis.reading import divergence, frozen, log_probabilities, read_on, require_tokens, text_of
from rwkv_backend.analysis.records import FieldDifference, NextWordChange, StateDifference, WordChange
from rwkv_backend.errors import SettingError, StateError
from rwkv_backend.frames import state_map
from rwkv_backend.records import Labelled, StateField
from rwkv_backend.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.tokenizers import Tokenizer

MEAN = StateField("att.mean", ("channel",), "what the fading sums would be read as: numerator over denominator")
LOG_WEIGHT = StateField("att.log_weight", ("channel",), "logarithm of the weight of all that was read")

REPLACED = ("att.numerator", "att.denominator", "att.max_exponent", "att.keys", "att.key_values")
"""Fields that `comparable` puts mean and log weight in place of."""


def comparable(state: State) -> State:
    """A state of the same moment whose fields can be subtracted from another's; not one that a model can read on from."""
    fields = tuple(field for field in state.fields if field.name not in REPLACED)
    if len(fields) < len(state.fields):
        fields = (*fields, MEAN, LOG_WEIGHT)
    layers = [_comparable(layer) for layer in state.layers]
    shared = {name: tensor for name, tensor in state.shared.items() if tensor.is_floating_point()}
    return State(layers, shared, fields, state.model, state.tokens_seen)


def _comparable(layer: dict[str, Tensor]) -> dict[str, Tensor]:
    kept = {name: tensor for name, tensor in layer.items() if name not in REPLACED}
    if "att.denominator" in layer:
        top = layer["att.numerator"] if "att.numerator" in layer else layer["att.key_values"].sum(0)
        bottom = layer["att.denominator"]
        weight = torch.log(bottom) + layer.get("att.max_exponent", torch.zeros_like(bottom))
        kept[MEAN.name] = torch.where(bottom > 0, top / bottom, 0.0)
        kept[LOG_WEIGHT.name] = torch.where((bottom > 0) & (weight > wkv.NEVER / 10), weight, torch.nan)
    return kept


def compare_states(before: State, after: State) -> StateDifference:
    """Every field of every layer; raises StateError for states of different models."""
    _require_same_model(before, after)
    one, two = comparable(before), comparable(after)
    found: list[FieldDifference] = []
    skipped: list[str] = []
    for layer, (a, b) in enumerate(zip(one.layers, two.layers, strict=True)):
        _compare_part(layer, a, b, found, skipped)
    _compare_part(None, one.shared, two.shared, found, skipped)
    names = tuple(field.name for field in one.fields if any(d.field == field.name for d in found))
    return StateDifference(
        tuple(found),
        names,
        _table("relative difference", found, names, len(one.layers), "relative"),
        _table("cosine", found, names, len(one.layers), "cosine"),
        tuple(dict.fromkeys(skipped)),
    )


def _compare_part(
    layer: int | None, a: dict[str, Tensor], b: dict[str, Tensor], found: list[FieldDifference], skipped: list[str]
) -> None:
    for name in a:
        if a[name].shape != b[name].shape:
            skipped.append(f"{name} holds {len(a[name]):,} entries before and {len(b[name]):,} after.")
        elif a[name].numel():
            found.append(_difference(layer, name, a[name].cpu().double().flatten(), b[name].cpu().double().flatten()))


def _difference(layer: int | None, name: str, a: Tensor, b: Tensor) -> FieldDifference:
    """Numbers that are NaN in one of both (an empty memory's log weight) are left out of all sums."""
    known = ~(a.isnan() | b.isnan())
    a, b = a[known], b[known]
    norms, distance = (float(a.norm()), float(b.norm())), float((b - a).norm())
    both = norms[0] * norms[1]
    relative = 0.0 if distance == 0 else distance / both**0.5 if both else float("inf")
    return FieldDifference(layer, name, *norms, distance, relative, float(a @ b) / both if both else float("nan"))


def _table(title: str, found: list[FieldDifference], names: tuple[str, ...], layers: int, what: str) -> Labelled:
    values = np.full((layers, len(names)), np.nan)
    for item in found:
        if item.layer is not None:
            values[item.layer, names.index(item.field)] = getattr(item, what)
    return Labelled(title, ("layer", "field"), frozen(values))


def difference_map(before: State, after: State, field: str, measure: str = "") -> Labelled:
    """after − before as an inspector's map of layers × channels, rows or heads; `field` one of StateDifference.names."""
    _require_same_model(before, after)
    one, two = comparable(before), comparable(after)
    if not any(field in layer for layer in one.layers):
        raise SettingError(f"There is no field {field} to compare in this model's layers.")
    layers = []
    for a, b in zip(one.layers, two.layers, strict=True):
        if field in a and a[field].shape != b[field].shape:
            raise StateError(f"{field} holds {len(a[field]):,} entries before and {len(b[field]):,} after.")
        layers.append({field: b[field] - a[field]} if field in a else {})
    drawn = state_map(State(layers, {}, one.fields, one.model), field, measure)
    assert drawn is not None
    return Labelled(f"difference of {drawn.title}", drawn.axes, drawn.values, drawn.unit)


def next_word_change(
    before: Tensor, after: Tensor, tokenizer: Tokenizer | None = None, count: int = 10, read: Sequence[int] = ()
) -> NextWordChange:
    """From two rows of logits (V,)."""
    log_p, log_q = log_probabilities(before), log_probabilities(after)
    p, q = log_p.exp(), log_q.exp()

    def word(token: int) -> WordChange:
        return WordChange(token, text_of(tokenizer, token), float(p[token]), float(q[token]))

    largest = (q - p).abs().topk(min(count, len(p))).indices.tolist()
    likeliest = word(int(p.argmax())), word(int(q.argmax()))
    words = tuple(word(token) for token in largest)
    return NextWordChange(divergence(log_p, log_q), divergence(log_q, log_p), words, likeliest, tuple(read))


def change_after(
    model: RWKVModel,
    before: State,
    after: State,
    tokens: Sequence[int],
    tokenizer: Tokenizer | None = None,
    count: int = 10,
) -> NextWordChange:
    """The next-token distributions once copies of both states have read `tokens`."""
    require_tokens(tokens)
    logits = [read_on(model, tokens, state.clone()) for state in (before, after)]
    return next_word_change(logits[0], logits[1], tokenizer, count, tokens)


def _require_same_model(before: State, after: State) -> None:
    if before.model != after.model:
        raise StateError("These states were made by different models.", "Compare states of the same model.")
