"""RWKV-6.0 and 6.0a, reference formulas: matrix states whose decay, like all mixes, depends on the input.

State per layer: last inputs (C) and the matrices, `att.wkv` (H, key, value), which start from `att.time_state` if the
file holds one. 6.0a only differs in its gate: two small matrices instead of a large one and silu.
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

GROUP_EPSILON = 64e-5
MIX_ORDER = "wkvrg"  # the order of the five rows in time_maa_w1 and time_maa_w2


def lerp(x: Array, last: Array, mix: Array) -> Array:
    """`mix` weights the PREVIOUS token, the opposite of v5's time_mix."""
    return x + (last - x) * mix.ravel()


def mixed_inputs(att: Tensors, x: Array, last: Array) -> dict[str, Array]:
    """x_w, x_k, x_v, x_r, x_g: each mix is a constant plus what the input asks for."""
    z = np.tanh(lerp(x, last, att["time_maa_x"]) @ att["time_maa_w1"]).reshape(5, -1)  # (5, D)
    return {
        letter: lerp(x, last, att[f"time_maa_{letter}"].ravel() + z[row] @ att["time_maa_w2"][row])
        for row, letter in enumerate(MIX_ORDER)
    }


def gate(att: Tensors, x_g: Array) -> Array:
    if "gate_w1" in att:
        return np.tanh(x_g @ att["gate_w1"]) @ att["gate_w2"]
    return silu(att["gate.weight"] @ x_g)


def time_mix(att: Tensors, x: Array, state: State) -> Array:
    inputs = mixed_inputs(att, x, state["att.last_input"])
    state["att.last_input"] = x
    wkv = state["att.wkv"]
    heads = len(wkv)
    r = (att["receptance.weight"] @ inputs["r"]).reshape(heads, -1)  # (H, N)
    k = (att["key.weight"] @ inputs["k"]).reshape(heads, -1)
    v = (att["value.weight"] @ inputs["v"]).reshape(heads, -1)
    g = gate(att, inputs["g"])
    decay = att["time_decay"].ravel() + np.tanh(inputs["w"] @ att["time_decay_w1"]) @ att["time_decay_w2"]
    w = np.exp(-np.exp(decay)).reshape(heads, -1)  # fraction kept, anew at every token
    u = att["time_faaaa"]  # (H, N), not exponentiated

    y = np.zeros_like(v)
    for h in range(heads):
        a = np.outer(k[h], v[h])  # (key, value)
        y[h] = r[h] @ (u[h][:, None] * a + wkv[h])
        wkv[h] = w[h][:, None] * wkv[h] + a

    out = group_norm(y.ravel(), heads, att["ln_x.weight"], att["ln_x.bias"], GROUP_EPSILON)
    return att["output.weight"] @ (out * g)


def channel_mix(ffn: Tensors, x: Array, state: State) -> Array:
    last = state["ffn.last_input"]
    state["ffn.last_input"] = x
    hidden = relu_squared(ffn["key.weight"] @ lerp(x, last, ffn["time_maa_k"]))
    receptance = sigmoid(ffn["receptance.weight"] @ lerp(x, last, ffn["time_maa_r"]))
    return receptance * (ffn["value.weight"] @ hidden)


def new_state(block: Tensors) -> State:
    width = len(block["ln1.weight"])
    heads, size = block["att.time_faaaa"].shape
    wkv = np.zeros((heads, size, size))
    if "att.time_state" in block:
        wkv = block["att.time_state"].transpose(0, 2, 1).copy()  # stored (H, value, key)
    return {"att.last_input": np.zeros(width), "att.wkv": wkv, "ffn.last_input": np.zeros(width)}


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
