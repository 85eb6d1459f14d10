"""RWKV-3, reference formulas: RWKV-2 with ln0, an ordinary pre-norm residual and separate mixes for k, v and r.

State per layer: last inputs (C), numerator and denominator of the decayed sum (A), both on the raw exponential scale.
Block 0 may hold a second channel mix (`ffnPre`) instead of its time mix; a copy head may be present.
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
    copy_scores,
    norm,
    part,
    relu_squared,
    sigmoid,
)

KEY_MAX = 60
WKV_EPSILON = 1e-8


def mixed(x: Array, last: Array, mix: Array) -> Array:
    """`mix` weights the current token."""
    mix = mix.ravel()
    return x * mix + last * (1 - mix)


def time_mix(att: Tensors, x: Array, state: State) -> Array:
    last = state["att.last_input"]
    state["att.last_input"] = x
    r = sigmoid(att["receptance.weight"] @ mixed(x, last, att["time_mix_r"]))
    k = np.exp(np.minimum(att["key.weight"] @ mixed(x, last, att["time_mix_k"]), KEY_MAX))
    v = att["value.weight"] @ mixed(x, last, att["time_mix_v"])
    w = np.exp(-np.exp(att["time_decay"].ravel()))  # fraction kept per token
    u = np.exp(att["time_first"].ravel())

    aa, bb = state["att.numerator"], state["att.denominator"]
    y: Array = (aa + u * k * v) / (bb + u * k + WKV_EPSILON)
    state["att.numerator"] = w * aa + k * v
    state["att.denominator"] = w * bb + k
    return att["output.weight"] @ (r * y)


def channel_mix(ffn: Tensors, x: Array, state: State, memory: str) -> Array:
    last = state[memory]
    state[memory] = x
    hidden = relu_squared(ffn["key.weight"] @ mixed(x, last, ffn["time_mix_k"]))
    gate = sigmoid(ffn["receptance.weight"] @ mixed(x, last, ffn["time_mix_r"]))
    return gate * (ffn["value.weight"] @ hidden)


def new_state(block: Tensors) -> State:
    width = len(block["ln1.weight"])
    if "ffnPre.key.weight" in block:
        return {"ffn_pre.last_input": np.zeros(width), "ffn.last_input": np.zeros(width)}
    attention_width = len(block["att.key.weight"])
    return {
        "att.last_input": np.zeros(width),
        "att.numerator": np.zeros(attention_width),
        "att.denominator": np.zeros(attention_width),
        "ffn.last_input": np.zeros(width),
    }


def block_step(block: Tensors, x: Array, state: State) -> Array:
    if "ffn_pre.last_input" in state:
        x = x + channel_mix(part(block, "ffnPre."), norm(x, block, "ln1"), state, "ffn_pre.last_input")
    else:
        x = x + time_mix(part(block, "att."), norm(x, block, "ln1"), state)
    return x + channel_mix(part(block, "ffn."), norm(x, block, "ln2"), state, "ffn.last_input")


def run(weights: Weights, tokens: list[int]) -> tuple[Array, list[State]]:
    w = as_float64(weights)
    blocks = blocks_of(w)
    states = [new_state(block) for block in blocks]
    outputs = []
    for token in tokens:
        x = norm(w["emb.weight"][token], blocks[0], "ln0")
        for block, state in zip(blocks, states, strict=True):
            x = block_step(block, x, state)
        outputs.append(norm(x, w, "ln_out"))
    y = np.stack(outputs)  # (T, C)
    return y @ w["head.weight"].T + copy_scores(w, y, tokens), states


def logits(weights: Weights, tokens: list[int]) -> Array:
    return run(weights, tokens)[0]
