"""RWKV-1, reference formulas: the GPT form with absolute positions; every position sees all earlier ones at once.

Lc is ctx_len, the longest text there can be: time_w, alpha, beta, gamma and time_out have one value per position.
Checkpoints with alpha, beta and time_w already multiplied into one `time_ww` [H, Lc, Lc] are read as well.
"""

from __future__ import annotations

import numpy as np

from tests.reference.common import Array, Tensors, Weights, as_float64, blocks_of, mish, norm, part, sigmoid

COPY_WIDTH = 256  # the divisor is written out in the official code


def linear(tensors: Tensors, name: str, x: Array) -> Array:
    """W x + b for every row of x (T, in)."""
    return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def half_shift(x: Array) -> Array:
    """The first C // 2 channels come from the token before (zeros at the start), the rest from the token itself."""
    half = x.shape[1] // 2
    shifted = x.copy()
    shifted[0, :half] = 0
    shifted[1:, :half] = x[:-1, :half]
    return shifted


def position_weight(attn: Tensors, h: int, t: int, u: int) -> float:
    """How much head h at position t takes from position u <= t."""
    if "time_ww" in attn:
        return float(attn["time_ww"][h, t, u])
    ctx_len = attn["time_w"].shape[1]
    by_distance = attn["time_w"][h, ctx_len - 1 - (t - u)]
    return float(by_distance * attn["time_alpha"][h, 0, u] * attn["time_beta"][h, t, 0])


def time_mix(attn: Tensors, x: Array) -> Array:
    x = half_shift(x)
    e = np.exp(np.clip(linear(attn, "key", x), -60, 30))  # (T, A)
    v = linear(attn, "value", x)
    r = sigmoid(linear(attn, "receptance", x))

    heads = len(attn["time_ww"] if "time_ww" in attn else attn["time_w"])
    size = e.shape[1] // heads
    numerator = np.zeros_like(e)
    denominator = np.zeros_like(e)  # neither decays nor is weighted by position
    for t in range(len(x)):
        for u in range(t + 1):
            denominator[t] += e[u]
            for h in range(heads):
                own = slice(h * size, (h + 1) * size)
                numerator[t, own] += position_weight(attn, h, t, u) * e[u, own] * v[u, own]

    gamma = attn["time_gamma"][: len(x)]  # (T, 1)
    return linear(attn, "output", r * numerator / denominator) * gamma


def channel_mix(mlp: Tensors, x: Array) -> Array:
    x = half_shift(x)
    hidden = mish(linear(mlp, "key", x)) * linear(mlp, "value", x)  # (T, F)
    return sigmoid(linear(mlp, "receptance", x)) * linear(mlp, "weight", hidden)


def copy_scores(w: Tensors, y: Array, tokens: list[int]) -> Array:
    """(T, V): every token seen so far gains q[t] . k[u] / 256; repeated tokens add up. Zeros without a copy head."""
    scores = np.zeros((len(tokens), len(w["head.weight"])))
    if "head_q.weight" not in w:
        return scores
    q, k = linear(w, "head_q", y), linear(w, "head_k", y)
    for t in range(len(tokens)):
        for u in range(t + 1):
            scores[t, tokens[u]] += q[t] @ k[u] / COPY_WIDTH
    return scores


def logits(weights: Weights, tokens: list[int]) -> Array:
    w = as_float64(weights)
    time_out: Array = w["time_out"][0]  # (Lc, 1)
    if len(tokens) > len(time_out):
        raise ValueError(f"{len(tokens)} tokens, but this model has only {len(time_out)} positions")
    x = w["tok_emb.weight"][tokens]  # (T, C)
    for block in blocks_of(w):
        x = x + time_mix(part(block, "attn."), norm(x, block, "ln1"))
        x = x + channel_mix(part(block, "mlp."), norm(x, block, "ln2"))
    y = norm(x, w, "ln_f")
    scores: Array = (y * time_out[: len(tokens)]) @ w["head.weight"].T
    return scores + copy_scores(w, y, tokens)
