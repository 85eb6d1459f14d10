"""The pieces that several versions share because their formula is the same: normalisation, token shift, blends,
the squared-ReLU channel mix and the copy head.

Letters: T tokens of the chunk, C channels, A attention width, H heads, V words. All activations are float32.
A layer's memory is the dict of its state fields; a function that reads a field also writes its new value into it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

LayerMemory = dict[str, Tensor]

LAYER_NORM_EPS = 1e-5
GROUP_NORM_EPS = 64e-5
"""The trainers divide by head_size_divisor = 8 and use 1e-5, which is the same; it does not depend on the head size."""


class Norm:
    """LayerNorm over the channels, biased variance."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight = weight
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """x (..., C) -> (..., C)"""
        return functional.layer_norm(x, (x.shape[-1],), self.weight, self.bias, LAYER_NORM_EPS)

    def by_head(self, x: Tensor) -> Tensor:
        """GroupNorm with one group a head: x (T, H, N) -> (T, H·N). Weight and bias are per channel."""
        tokens, heads, _ = x.shape
        return functional.group_norm(x.reshape(tokens, -1), heads, self.weight, self.bias, GROUP_NORM_EPS)


class Embedding:
    """A row of numbers for each token, (V, C), held in the file's precision and used in float32."""

    def __init__(self, table: Tensor) -> None:
        self.table = table

    def __call__(self, tokens: Tensor) -> Tensor:
        """tokens (T,) -> (T, C)"""
        return functional.embedding(tokens, self.table).float()


def before(x: Tensor, memory: LayerMemory, field: str) -> Tensor:
    """Token shift: for each row of x (T, C) the row before it, the first from the layer's memory; (T, C)."""
    last = memory[field]
    memory[field] = x[-1].clone()
    return last.unsqueeze(0) if x.shape[0] == 1 else torch.cat((last.unsqueeze(0), x[:-1]))


def blend(previous: Tensor, current: Tensor, share: Tensor) -> Tensor:
    """previous·(1 − share) + current·share, channel by channel."""
    return torch.lerp(previous, current, share)


def squared_relu_mix(w: Any, for_key: Tensor, for_receptance: Tensor) -> Tensor:
    """σ(Wr x_r) ∘ Wv·relu²(Wk x_k): the channel mix of versions 2 to 6. Both inputs (T, C)."""
    hidden = torch.relu(w.key(for_key)).square()
    return torch.sigmoid(w.receptance(for_receptance)) * w.value(hidden)


def mish(x: Tensor) -> Tensor:
    return functional.mish(x)


def silu(x: Tensor) -> Tensor:
    return functional.silu(x)


def add_copy_scores(
    logits: Tensor, query: Tensor, key: Tensor, tokens: Tensor, memory: LayerMemory, window: int | None
) -> Tensor:
    """The copy head of versions 1 to 4: adds (q_t · κ_u)/D to the logit of token u, for every earlier or same position u.

    logits (T, V); query and key (T, D) of the chunk; tokens (T,). No softmax: a token met twice is added twice.
    `memory` is the shared part of the state and holds keys and tokens of at most `window` positions (None: of all).
    """
    keys = torch.cat((memory["copy.keys"], key))
    words = torch.cat((memory["copy.tokens"], tokens))
    seen, count = keys.shape[0] - key.shape[0], key.shape[0]
    position = torch.arange(seen + count, device=key.device)
    distance = position[seen:].unsqueeze(1) - position
    visible = distance >= 0 if window is None else (distance >= 0) & (distance < window)
    scores = (query @ keys.T / query.shape[1]).masked_fill(~visible[-query.shape[0] :], 0.0)
    keep = slice(None) if window is None else slice(-window, None)
    memory["copy.keys"], memory["copy.tokens"] = keys[keep].clone(), words[keep].clone()
    return logits.index_add(1, words, scores)
