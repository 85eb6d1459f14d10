"""RWKV-5.0, 5.1 and 5.2, reference formulas: per head a matrix state that decays at a fixed rate.

The three differ in what is stored: a gate from 5.1 on, one decay per key channel instead of one per head from 5.2 on.
State per layer: last inputs (C) and the matrices, `att.wkv` (H, key, value).
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
    silu,
)

GROUP_EPSILON = 64e-5  # training divides y by 8 and uses 1e-5, which is the same


def mixed(x: Array, last: Array, mix: Array) -> Array:
    """`mix` weights the current token."""
    mix = mix.ravel()
    return x * mix + last * (1 - mix)


def first_bonus(att: Tensors, heads: int) -> Array:
    """u (H, 1) or (H, N): what the current token counts. time_first is stored as a logarithm, time_faaaa is not."""
    u = np.exp(att["time_first"]) if "time_first" in att else att["time_faaaa"]
    return u.reshape(heads, -1)


def time_mix(att: Tensors, x: Array, state: State) -> Array:
    last = state["att.last_input"]
    state["att.last_input"] = x
    wkv = state["att.wkv"]
    heads = len(wkv)
    r = (att["receptance.weight"] @ mixed(x, last, att["time_mix_r"])).reshape(heads, -1)  # (H, N)
    k = (att["key.weight"] @ mixed(x, last, att["time_mix_k"])).reshape(heads, -1)
    v = (att["value.weight"] @ mixed(x, last, att["time_mix_v"])).reshape(heads, -1)
    w = np.exp(-np.exp(att["time_decay"].reshape(heads, -1)))  # (H, 1) or (H, N), fraction kept per token
    u = first_bonus(att, heads)

    y = np.zeros_like(v)
    for h in range(heads):
        a = np.outer(k[h], v[h])  # (key, value)
        y[h] = r[h] @ (u[h][:, None] * a + wkv[h])
        wkv[h] = w[h][:, None] * wkv[h] + a

    out = group_norm(y.ravel(), heads, att["ln_x.weight"], att["ln_x.bias"], GROUP_EPSILON)
    if "gate.weight" in att:
        out = out * silu(att["gate.weight"] @ mixed(x, last, att["time_mix_g"]))
    return att["output.weight"] @ out


def channel_mix(ffn: Tensors, x: Array, state: State) -> Array:
    last = state["ffn.last_input"]
    state["ffn.last_input"] = x
    hidden = relu_squared(ffn["key.weight"] @ mixed(x, last, ffn["time_mix_k"]))
    gate = sigmoid(ffn["receptance.weight"] @ mixed(x, last, ffn["time_mix_r"]))
    return gate * (ffn["value.weight"] @ hidden)


def new_state(block: Tensors) -> State:
    width = len(block["ln1.weight"])
    heads = len(block["att.time_decay"])
    size = len(block["att.key.weight"]) // heads
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
        for block, state in zip(blocks, states, strict=True):
            x = x + time_mix(part(block, "att."), norm(x, block, "ln1"), state)
            x = x + channel_mix(part(block, "ffn."), norm(x, block, "ln2"), state)
        rows.append(w["head.weight"] @ norm(x, w, "ln_out"))
    return np.stack(rows), states


def logits(weights: Weights, tokens: list[int]) -> Array:
    return run(weights, tokens)[0]
