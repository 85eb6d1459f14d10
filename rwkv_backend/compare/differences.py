"""What changed between the versions: one column a model, read off its own tensors, sizes and state.

Texts are English with {0}-style places; a window translates them in the context "rwkv_backend". The formulas are in
docs/versions.md.
"""

from __future__ import annotations

from math import prod
from typing import Any

from rwkv_backend.compare.records import FEATURE_ROWS, Cell, Features
from rwkv_backend.models.base import FieldShape, RWKVModel
from rwkv_backend.state import GROWING_AXIS

NONE = Cell("none")

TIME_MIXING = {
    "1": "all earlier tokens, each weighted by e^k and by a learned table of distances",
    "2": "weighted mean a channel, as a fading numerator and denominator ({0} channels)",
    "3": "weighted mean a channel, as a fading numerator and denominator ({0} channels)",
    "4": "weighted mean a channel, as a fading numerator and denominator scaled by a running maximum ({0} channels)",
    "5": "sum of outer products k·v: a matrix of {1} × {1} in each of {0} heads",
    "6": "sum of outer products k·v: a matrix of {1} × {1} in each of {0} heads",
    "7": "a matrix of {1} × {1} in each of {0} heads; writing under a key first takes away what that key recalls",
}
DECAY = {
    "1": "none by itself: a table of learned weights by distance, {0} for each of {1} heads",
    "channel": "a constant for each channel ({0} a layer)",
    "head": "a constant for each head ({0} a layer)",
    "6": "decided by each token, for each channel: a learned base and a function of rank {0}",
    "7": "decided by each token, for each channel: a learned base and a function of rank {0}; never below 0.545 a token",
}
CURRENT_TOKEN = {
    "1": "weighted as any other, at distance 0",
    "2": "a weight of its own for each channel, e^u",
    "3": "a weight of its own for each channel, e^u",
    "4": "a weight of its own for each channel, e^u",
    "5": "a bonus u for each channel or head",
    "6": "a bonus u for each channel",
    "7": "read after it is written, and a bonus r_k for each channel",
}
TOKEN_SHIFT = {
    "1": "half of the channels are the token before's",
    "2": "a learned blend with the token before for each channel, one for all of k, v and r",
    "3": "learned blends with the token before for each channel, one each for k, v and r",
    "4": "learned blends with the token before for each channel, one each for k, v and r",
    "5": "learned blends with the token before for each channel, one each for {0}",
    "6": "blends with the token before that each token decides, by functions of rank {0}, one each for w, k, v, r and g",
    "7": "learned blends with the token before for each channel, one each for r, w, k, v, a and g",
}
NORMALISATION = {
    "1": "layer norm before each mix; the sum is divided by Σ e^k",
    "2": "layer norm of the residual stream itself; the sum is divided by its denominator",
    "3": "layer norm after the embedding and before each mix; the sum is divided by its denominator",
    "4": "layer norm after the embedding and before each mix; the sum is divided by its denominator",
    "5": "layer norm after the embedding and before each mix; group norm of what each head reads",
    "6": "layer norm after the embedding and before each mix; group norm of what each head reads",
    "7": "layer norm after the embedding and before each mix; group norm of what each head reads",
}
RECEPTANCE_GATE = "σ(r) of the receptance"
NO_GATE = "none: the receptance reads the matrix"
SILU_GATE = "silu(g); the receptance reads the matrix"
LOW_RANK_GATE = "a gate of rank {0}; the receptance reads the matrix"
CHANNEL_MIXING = {
    "1": "σ(r) ∘ W (mish(k) ∘ v), {0} hidden channels",
    "gated": "σ(r) ∘ W relu²(k), {0} hidden channels",
    "mish": "W (a ∘ mish(b)), {0} hidden channels",
    "7": "W relu²(k) without receptance, {0} hidden channels",
}
COPY_HEAD = "scores for the words of the last {1} tokens, found by keys of width {0}"
COPY_HEAD_ALL = "scores for the words of all tokens read, found by keys of width {0}"
STATE_FIXED = "{0} numbers, however long the text"
STATE_GROWING = "{0} numbers, and {1} more with each token, up to {2} tokens"
STATE_GROWING_ALWAYS = "{0} numbers, and {1} more with each token"
VOCABULARY = "{0} tokens"
PARAMETERS = "{0} in {1} layers of width {2}"

_BY_VERSION = (TIME_MIXING, DECAY, CURRENT_TOKEN, TOKEN_SHIFT, NORMALISATION, CHANNEL_MIXING)

TEXTS = (
    *dict.fromkeys(text for table in _BY_VERSION for text in table.values()),
    RECEPTANCE_GATE, NO_GATE, SILU_GATE, LOW_RANK_GATE, COPY_HEAD, COPY_HEAD_ALL, STATE_FIXED, STATE_GROWING,
    STATE_GROWING_ALWAYS, VOCABULARY, PARAMETERS, NONE.text, *(title for _, title in FEATURE_ROWS),
)  # fmt: skip
"""Every text of the table, for whoever translates it."""


def features(model: RWKVModel) -> Features:
    """The model's column: a cell for each of FEATURE_ROWS."""
    version = model.version
    cells = {
        "time_mixing": _time_mixing(model),
        "decay": _decay(model),
        "current_token": Cell(CURRENT_TOKEN[version]),
        "token_shift": _token_shift(model),
        "normalisation": Cell(NORMALISATION[version], plot="memory"),
        "gating": _gating(model),
        "channel_mixing": _channel_mixing(model),
        "copy_head": _copy_head(model),
        "state": _state(model),
        "vocabulary": Cell(VOCABULARY, (_count(model.sizes.vocab_size),), "candidates"),
        "parameters": Cell(
            PARAMETERS, tuple(map(_count, (model.info.n_params, model.sizes.n_layer, model.sizes.n_embd)))
        ),
    }
    return Features(f"RWKV-{model.info.version}", tuple(cells[key] for key, _ in FEATURE_ROWS))


def _time_mix(model: RWKVModel) -> Any:
    """The weights of a time mix that is one: block 0 may have a second channel mix instead."""
    blocks = model.weights.blocks
    return next(
        getattr(b, "attn" if model.version == "1" else "att") for b in blocks if hasattr(b, "att") or hasattr(b, "attn")
    )


def _time_mixing(model: RWKVModel) -> Cell:
    sizes, text = model.sizes, TIME_MIXING[model.version]
    if model.version == "1":
        return Cell(text, plot="decay_curves")
    if model.version in "234":
        return Cell(text, (_count(sizes.n_att),), "memory")
    return Cell(text, (str(sizes.n_head), str(sizes.head_size)), "memory")


def _decay(model: RWKVModel) -> Cell:
    if model.version == "1":
        return Cell(DECAY["1"], (_count(model.sizes.ctx_len or 0), str(model.sizes.n_head)), "decay_curves")
    att = _time_mix(model)
    if model.version in "67":
        rank = att.time_decay_w1.shape[1] if model.version == "6" else att.w1.shape[1]
        return Cell(DECAY[model.version], (str(rank),), "half_life")
    count = att.time_decay.numel()
    return Cell(DECAY["head" if count == model.sizes.n_head else "channel"], (_count(count),), "half_life")


def _token_shift(model: RWKVModel) -> Cell:
    att, text = _time_mix(model), TOKEN_SHIFT[model.version]
    if model.version == "5":
        return Cell(text, ("k, v, r and g" if hasattr(att, "gate") else "k, v and r",), "state_map")
    if model.version == "6":
        return Cell(text, (str(att.time_maa_w2.shape[1]),), "state_map")
    return Cell(text, plot="state_map")


def _gating(model: RWKVModel) -> Cell:
    if model.version in "1234":
        return Cell(RECEPTANCE_GATE)
    att = _time_mix(model)
    if model.version == "7":
        return Cell(LOW_RANK_GATE, (str(att.g1.shape[1]),))
    if hasattr(att, "gate_w1"):
        return Cell(LOW_RANK_GATE, (str(att.gate_w1.shape[1]),))
    return Cell(SILU_GATE if hasattr(att, "gate") else NO_GATE)


def _channel_mixing(model: RWKVModel) -> Cell:
    ffn = getattr(model.weights.blocks[-1], "ffn", None)
    kind = model.version if model.version in "17" else "mish" if hasattr(ffn, "aa") else "gated"
    return Cell(CHANNEL_MIXING[kind], (_count(model.sizes.n_ffn),))


def _copy_head(model: RWKVModel) -> Cell:
    if not hasattr(model.weights, "head_q"):
        return NONE
    width = next(item.shape[1] for item in model.field_shapes if item.field.name == "copy.keys")
    window = model.copy_window or model.max_tokens
    if window is None:
        return Cell(COPY_HEAD_ALL, (_count(width),), "candidates")
    return Cell(COPY_HEAD, (_count(width), _count(window)), "candidates")


def _state(model: RWKVModel) -> Cell:
    """Of the last layer; what belongs to no layer is the copy head's."""
    last = model.sizes.n_layer - 1
    mine = [item for item in model.field_shapes if item.layers is not None and last in item.layers]
    fixed = sum(prod(item.shape) for item in mine if not _grows(item))
    growing = sum(prod(item.shape[1:]) for item in mine if _grows(item))
    if not growing:
        return Cell(STATE_FIXED, (_count(fixed),), "state_size")
    if model.max_tokens is None:
        return Cell(STATE_GROWING_ALWAYS, (_count(fixed), _count(growing)), "state_size")
    return Cell(STATE_GROWING, (_count(fixed), _count(growing), _count(model.max_tokens)), "state_size")


def _grows(item: FieldShape) -> bool:
    return item.field.axes[0] == GROWING_AXIS


def _count(number: int) -> str:
    return f"{number:,}"
