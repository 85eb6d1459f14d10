"""RWKV-7.0, reference formulas: matrix states that first forget what they held under the current key (the delta rule).

State per layer: last inputs (C) and the matrices, `att.wkv` (H, VALUE, KEY), transposed relative to v5 and v6. Block 0
hands its values of the current token, `v_first`, to all blocks above.
"""

from __future__ import annotations

import numpy as np

from tests.reference.common import (
    Array,
    State,
    Tensors,
    Weights,
    as_float64,
    blocks_of,
    group_norm,
    norm,
    part,
    relu_squared,
    sigmoid,
)

GROUP_EPSILON = 64e-5


def lerp(x: Array, last: Array, mix: Array) -> Array:
    """`mix` weights the PREVIOUS token."""
    return x + (last - x) * mix.ravel()


def decay(att: Tensors, x_w: Array) -> Array:
    """Fraction kept of every key channel (C), never below exp(-exp(-1/2)) = 0.545."""
    strength = sigmoid(att["w0"].ravel() + np.tanh(x_w @ att["w1"]) @ att["w2"])
    kept: Array = np.exp(-np.exp(-0.5) * strength)
    return kept


def value_with_first(att: Tensors, x_v: Array, v: Array, v_first: Array | None) -> Array:
    """Above block 0 (v_first given), part of the value comes from block 0."""
    if v_first is None:
        return v
    return v + (v_first - v) * sigmoid(att["v0"].ravel() + (x_v @ att["v1"]) @ att["v2"])


def unit_per_head(x: Array, heads: int) -> Array:
    """(H, N), each head of length one."""
    split = x.reshape(heads, -1)
    length = np.sqrt((split**2).sum(axis=1, keepdims=True))
    unit: Array = split / np.maximum(length, 1e-12)
    return unit


def time_mix(att: Tensors, x: Array, state: State, v_first: Array | None) -> tuple[Array, Array]:
    """What is added to x, and this block's values (C)."""
    last = state["att.last_input"]
    state["att.last_input"] = x
    wkv = state["att.wkv"]
    heads = len(wkv)
    x_r, x_w, x_k, x_v, x_a, x_g = (lerp(x, last, att[f"x_{letter}"]) for letter in "rwkvag")

    k = att["key.weight"] @ x_k
    a = sigmoid(att["a0"].ravel() + (x_a @ att["a1"]) @ att["a2"])
    g = sigmoid(x_g @ att["g1"]) @ att["g2"]
    kk = unit_per_head(k * att["k_k"].ravel(), heads)  # (H, N), from k as it is before the next line
    k = k * (1 + (a - 1) * att["k_a"].ravel())
    values = value_with_first(att, x_v, att["value.weight"] @ x_v, v_first)

    r = (att["receptance.weight"] @ x_r).reshape(heads, -1)
    w = decay(att, x_w).reshape(heads, -1)
    k, a, v = k.reshape(heads, -1), a.reshape(heads, -1), values.reshape(heads, -1)
    y = np.zeros_like(v)
    bonus = np.zeros_like(v)
    for h in range(heads):
        S = wkv[h]  # (value, key)
        S = S * w[h] - np.outer(S @ kk[h], kk[h] * a[h]) + np.outer(v[h], k[h])
        wkv[h] = S
        y[h] = S @ r[h]
        bonus[h] = (r[h] * k[h] * att["r_k"][h]).sum() * v[h]

    out = group_norm(y.ravel(), heads, att["ln_x.weight"], att["ln_x.bias"], GROUP_EPSILON) + bonus.ravel()
    return att["output.weight"] @ (out * g), values


def channel_mix(ffn: Tensors, x: Array, state: State) -> Array:
    last = state["ffn.last_input"]
    state["ffn.last_input"] = x
    return ffn["value.weight"] @ relu_squared(ffn["key.weight"] @ lerp(x, last, ffn["x_k"]))


def new_state(block: Tensors) -> State:
    width = len(block["ln1.weight"])
    heads, size = block["att.r_k"].shape
    return {
        "att.last_input": np.zeros(width),
        "att.wkv": np.zeros((heads, size, size)),
        "ffn.last_input": np.zeros(width),
    }


def run(weights: Weights, tokens: list[int]) -> tuple[Array, list[State]]:
    w = as_float64(weights)
    blocks = blocks_of(w)
    states = [new_state(block) for block in blocks]
    rows = []
    for token in tokens:
        x = norm(w["emb.weight"][token], blocks[0], "ln0")
        v_first = None
        for block, state in zip(blocks, states, strict=True):
            out, values = time_mix(part(block, "att."), norm(x, block, "ln1"), state, v_first)
            v_first = values if v_first is None else v_first
            x = x + out
            x = x + channel_mix(part(block, "ffn."), norm(x, block, "ln2"), state)
        rows.append(w["head.weight"] @ norm(x, w, "ln_out"))
    return np.stack(rows), states


def logits(weights: Weights, tokens: list[int]) -> Array:
    return run(weights, tokens)[0]
