"""Which earlier token is in a layer's read-out, and how much: every version's memory, taken apart token by token.

What a time mix reads out of its memory is a sum over all tokens read, Σ_u weight[t, u]·value[u], exactly:

    v1       weight = table[h, t, u]·e^k[u] / Σ e^k                                       per channel
    v2 – v4  weight = e^(k[u] + (t−1−u)·log w) / Σ …, the present token with its bonus    per channel: a softmax over tokens
    v5, v6   weight = Σ_i r[t, i]·k[u, i]·∏_{u<s<t} w[s, i]; the present: Σ_i r·bonus·k   per head
    v7       weight = k[u]ᵀ G[u+1] … G[t] r[t] with G = diag(w) + a bᵀ                    per head

Decays are multiplied from the reading token backwards, never taken from differences of running sums, which lose the
digits of mild decays after a strong one. What the state held before the first token is the rest: read-out minus sum.

From there to the stream: versions 5 to 7 normalise each head (given its mean and spread the norm is linear), all versions
multiply by a gate, version 7 adds a bonus of the present value, and the output matrix follows. A `part` is what a token
gives just before that matrix; all parts of a row add up to what the matrix gets, but for the norm's bias.

Letters: T tokens, R of them reading (the last ones), H heads, N channels a head; versions 2 to 4 have one head of all A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from rwkv_backend import wkv
from rwkv_backend.analysis.reading import Found, blocks
from rwkv_backend.mixing import GROUP_NORM_EPS
from rwkv_backend.models import v5

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State

OF_EACH_TOKEN = ("att.key", "att.value", "att.log_decay", "att.erase", "att.rate")
OF_READING_TOKENS = ("att.receptance", "att.gate", "att.bonus", "att.read")
WANTED = (*OF_EACH_TOKEN, *OF_READING_TOKENS)
"""What a probe must keep: the first group of every token, the second of those that read."""


@dataclass(frozen=True)
class Layer:
    """What one layer's time mix computed with, all by head: `tokens` of T, `reading` of the last R tokens.

    before: the layer's memory before the first token, which stood at `position`.
    """

    model: RWKVModel
    weights: Any
    before: dict[str, Tensor]
    position: int
    tokens: dict[str, Tensor]
    reading: dict[str, Tensor]

    @property
    def value(self) -> Tensor:
        """(T, H, N)"""
        return self.tokens["value"]

    @property
    def first(self) -> int:
        """The first reading token."""
        return len(self.value) - len(self.reading["read"])

    @property
    def starts_empty(self) -> bool:
        """Whether the state held nothing before the first token."""
        return not any(bool(t.any()) for n, t in self.before.items() if n in ("att.wkv", "att.denominator"))


@dataclass(frozen=True)
class Spread:
    """weights (H, R, T): a head's weight of each token, in versions 1 to 4 the mean over its channels
    squares (H, R, T): the squared length of each token's part; earlier (H, R): of what came before the first token
    """

    weights: Tensor
    squares: Tensor
    earlier: Tensor


def layer_of(model: RWKVModel, layer: int, found: Found, start: State) -> Layer | None:
    """None: the layer has no time mix. `start` is the state before the first token."""
    if (layer, "att.read") not in found:
        return None
    block = model.weights.blocks[layer]
    heads = (model.sizes.n_head or 1) if model.version in "1567" else 1

    def by_head(names: tuple[str, ...]) -> dict[str, Tensor]:
        kept = {name.removeprefix("att."): found[layer, name] for name in names if (layer, name) in found}
        return {name: value if value.dim() == 3 else value.unflatten(1, (heads, -1)) for name, value in kept.items()}

    weights = block.attn if model.version == "1" else block.att
    tokens, reading = by_head(OF_EACH_TOKEN), by_head(OF_READING_TOKENS)
    return Layer(model, weights, start.layers[layer], start.tokens_seen, tokens, reading)


def spread_of(layer: Layer) -> Spread:
    """All rows, block by block."""
    if layer.model.version in "567":
        return _spread_by_head(layer)
    if layer.model.version == "1":
        return _spread_by_table(layer)
    done = [_spread_by_channel(layer, rows) for rows in blocks(len(layer.reading["read"]), layer.value.numel())]
    return Spread(*(torch.cat(pieces, 1) for pieces in zip(*done, strict=True)))


def last_parts(layer: Layer) -> tuple[Tensor, Tensor]:
    """The last token's row: every token's part (T, H, N), and that of what came before them (H, N)."""
    last = slice(len(layer.reading["read"]) - 1, None)
    scale, read = scales(layer)[-1], layer.reading["read"][-1]  # (H, N)
    if layer.model.version in "567":
        taken = layer.value * head_weights(layer, last)[:, 0].T.unsqueeze(-1)  # (T, H, N)
        parts, rest = _centred(taken) * scale, _centred(read - taken.sum(0)) * scale
        if "bonus" in layer.reading:
            parts[-1] += _present_extra(layer)[-1]
    else:
        taken = channel_weights(layer, last)[0] * layer.value
        parts, rest = taken * scale, (read - taken.sum(0)) * scale
    return parts, torch.zeros_like(rest) if layer.starts_empty else rest


# Versions 5 to 7: one weight a head --------------------------------------------------------------------------------


def head_weights(layer: Layer, rows: slice = slice(None)) -> Tensor:
    """(H, R, T): by what the values of all tokens are read at the tokens asked about; 0 where a token comes later.

    From the last token backwards: each reading token's receptance, carried back through every token between.
    """
    r, k = (x.transpose(0, 1) for x in (layer.reading["receptance"][rows], layer.tokens["key"]))  # (H, R, N), (H, T, N)
    first, delta = layer.first + range(*rows.indices(len(layer.reading["read"])))[0], layer.model.version == "7"
    keep = torch.exp(_log_decay(layer)).transpose(0, 1)  # (H, T, N), or (H, 1, N) where it never changes
    weights = r.new_zeros(r.shape[0], r.shape[1], k.shape[1])
    carried = r.clone()
    for u in range(k.shape[1] - 1, -1, -1):
        row = u - first  # of token u itself
        later = slice(max(row if delta else row + 1, 0), None)
        weights[:, later, u] = (carried[:, later] @ k[:, u].unsqueeze(-1)).squeeze(-1)
        faded = carried[:, later] * keep[:, min(u, keep.shape[1] - 1)].unsqueeze(1)
        if delta:
            erase, rate = layer.tokens["erase"][u].unsqueeze(1), layer.tokens["rate"][u].unsqueeze(-1)
            faded = faded + (carried[:, later] @ rate) * erase
        carried[:, later] = faded
    if not delta:
        index = torch.arange(r.shape[1], device=r.device)
        now = layer.reading["receptance"][rows] * _present_bonus(layer) * layer.tokens["key"][first:][index]
        weights[:, index, first + index] = now.sum(-1).T
    return weights


def _log_decay(layer: Layer) -> Tensor:
    """(T, H, N), or (1, H, N) where it never changes."""
    if "log_decay" in layer.tokens:
        return layer.tokens["log_decay"]
    return _each_channel(layer, wkv.fading(layer.weights.time_decay)).unsqueeze(0)


def _present_bonus(layer: Layer) -> Tensor:
    """u of versions 5 and 6, (H, N)"""
    return _each_channel(layer, v5.bonus(layer.weights))


def _each_channel(layer: Layer, x: Tensor) -> Tensor:
    return x if x.dim() == 2 else x.unsqueeze(1).expand(-1, layer.value.shape[-1])


def _spread_by_head(layer: Layer) -> Spread:
    """A part is weight·(value − its mean over the head)·scale, so its length needs no array of (R, T, N)."""
    weights, scale = head_weights(layer), scales(layer)  # (H, R, T), (R, H, N)
    lengths = torch.einsum("rhn,thn->hrt", scale.square(), _centred(layer.value).square())
    squares = weights.square() * lengths
    if "bonus" in layer.reading:
        index = torch.arange(len(scale), device=scale.device)
        own = weights[:, index, layer.first + index].T.unsqueeze(-1)  # (R, H, 1)
        present = own * _centred(layer.value[layer.first :]) * scale + _present_extra(layer)
        squares[:, index, layer.first + index] = present.square().sum(-1).T
    if layer.starts_empty:
        return Spread(weights, squares, squares.new_zeros(squares.shape[:2]))
    rest = layer.reading["read"] - torch.einsum("hrt,thn->rhn", weights, layer.value)
    return Spread(weights, squares, (_centred(rest) * scale).square().sum(-1).T)


def _present_extra(layer: Layer) -> Tensor:
    """What version 7 adds of the present value after the norm, times the gate; (R, H, N)."""
    return layer.reading["bonus"] * layer.value[layer.first :] * layer.reading["gate"]


def _centred(x: Tensor) -> Tensor:
    return x - x.mean(-1, keepdim=True)


def scales(layer: Layer) -> Tensor:
    """What each channel of a read-out is multiplied by on its way to the output matrix, (R, H, N)."""
    gate = layer.reading.get("gate", torch.ones_like(layer.reading["read"]))
    if layer.model.version not in "567":
        return gate
    spread = torch.rsqrt(layer.reading["read"].var(-1, correction=0, keepdim=True) + GROUP_NORM_EPS)
    return gate * spread * layer.weights.ln_x.weight.view(gate.shape[1:])


# Versions 1 to 4: one weight a channel -----------------------------------------------------------------------------


def channel_weights(layer: Layer, rows: slice) -> Tensor:
    """(R, T, H, N): by what each channel of each token's value is read; 0 where a token comes later."""
    start, end, _ = rows.indices(len(layer.reading["read"]))
    t = torch.arange(layer.first + start, layer.first + end, device=layer.value.device)
    if layer.model.version == "1":
        return _window_weights(layer, t)
    seen = _fading_weights(layer, t)
    return torch.nn.functional.pad(seen, (0, 0, 0, 0, 0, len(layer.value) - seen.shape[1]))


def _fading_weights(layer: Layer, t: Tensor) -> Tensor:
    """Versions 2 to 4, (R, U, 1, A) for the tokens up to the last of `t`: e to it would be each token's part of both sums, so
    a softmax over tokens, the earlier memory and (versions 2 and 3) the denominator's ε makes the quotient. Nothing
    overflows, however large the keys.
    """
    model, w, key = layer.model, layer.weights, layer.tokens["key"].squeeze(1)[: int(t[-1]) + 1]  # (U, A)
    key = key if model.version == "4" else torch.log(key)
    decay, bonus = wkv.fading(w.time_decay), w.time_first
    u = torch.arange(len(key), device=key.device)
    between = (t.unsqueeze(1) - 1 - u).unsqueeze(-1)  # tokens between, −1 for the present one
    exponents = torch.addcmul(key, between.clamp(min=0).float(), decay).masked_fill_(between < 0, -torch.inf)
    exponents[torch.arange(len(t), device=t.device), t] = key[t] + bonus
    memory = torch.log(layer.before["att.denominator"]) + layer.before.get("att.max_exponent", torch.zeros_like(decay))
    others = memory + t.unsqueeze(1) * decay  # (R, A)
    if model.version != "4":
        epsilon = 1e-16 if model.version == "2" and hasattr(model.weights, "head_q") else 1e-8
        others = torch.logaddexp(others, torch.full_like(others, epsilon).log())
    largest = torch.maximum(exponents.amax(1), others)  # (R, A)
    parts = exponents.sub_(largest.unsqueeze(1)).exp_()
    total = parts.sum(1) + torch.exp(others - largest)
    return parts.div_(total.unsqueeze(1)).unsqueeze(2)


def _window_weights(layer: Layer, t: Tensor) -> Tensor:
    """Version 1: the table, times what each key adds to the sum of keys so far."""
    key = layer.tokens["key"]  # e^k (T, H, N)
    return _window_table(layer, t).permute(1, 2, 0).unsqueeze(-1) * key / _key_sums(layer)[t].unsqueeze(1)


def _window_table(layer: Layer, t: Tensor) -> Tensor:
    """(H, R, T): the learned weight of each token by place, 0 where it comes later."""
    w, u = layer.weights, torch.arange(len(layer.value), device=t.device)
    at, of = layer.position + t.unsqueeze(1), layer.position + u
    if hasattr(w, "time_ww"):
        table = w.time_ww[:, at, of]
    else:
        table = w.time_w[:, w.time_w.shape[1] - 1 - (at - of).clamp(min=0)]
        table = table * w.time_alpha[:, 0, of].unsqueeze(1) * w.time_beta[:, at, 0]
    return table.masked_fill(of > at, 0.0)


def _key_sums(layer: Layer) -> Tensor:
    """(T, H, N)"""
    key = layer.tokens["key"]
    return layer.before["att.denominator"].view(key.shape[1:]) + key.cumsum(0)


def _spread_by_table(layer: Layer) -> Spread:
    """Version 1 without an array of (R, T, A): table and keys are factors. Keys reach e^±60, so squares need float64,
    which not every device has: computed on the CPU.
    """
    home = layer.value.device
    t = torch.arange(layer.first, len(layer.value), device=home)
    table, key, value, sums, scale = (
        x.cpu().double()
        for x in (_window_table(layer, t), layer.tokens["key"], layer.value, _key_sums(layer)[t], scales(layer))
    )
    spoken = torch.einsum("rhn,thn->hrt", (scale / sums).square(), (key * value).square())
    means = table * torch.einsum("rhn,thn->hrt", 1 / sums, key) / key.shape[-1]
    squares = table.square() * spoken
    if layer.starts_empty:
        nothing = squares.new_zeros(squares.shape[:2])
        return Spread(means.float().to(home), squares.float().to(home), nothing.float().to(home))
    rest = layer.reading["read"].cpu() - torch.einsum("hrt,thn->rhn", table, key * value) / sums
    left = (rest * scale).square().sum(-1).T
    return Spread(means.float().to(home), squares.float().to(home), left.float().to(home))


def _spread_by_channel(layer: Layer, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
    weights, scale = channel_weights(layer, rows).squeeze(2), scales(layer)[rows].squeeze(1)  # (R, T, A), (R, A)
    value, read = layer.value.squeeze(1), layer.reading["read"][rows].squeeze(1)
    means = weights.mean(-1).unsqueeze(0)
    parts = weights.mul_(value)
    rest = torch.zeros_like(scale) if layer.starts_empty else (read - parts.sum(1)) * scale
    squares = parts.mul_(scale.unsqueeze(1)).square_().sum(-1)
    return means, squares.unsqueeze(0), rest.square().sum(-1).unsqueeze(0)
