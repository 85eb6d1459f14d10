"""RWKV-2, reference formulas: raw exponentials, one time_mix for everything, and a residual that is itself normalised.

State per layer: last inputs (C), numerator and denominator of the decayed sum (A). Block 0 may hold a second channel
mix (`ffnPre`) instead of its time mix.
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


def mixed(x: Array, last: Array, mix: Array) -> Array:
    """`mix` weights the current token."""
    mix = mix.ravel()
    return x * mix + last * (1 - mix)


def time_mix(att: Tensors, x: Array, state: State, epsilon: float) -> Array:
    mixed_x = mixed(x, state["att.last_input"], att["time_mix"])
    state["att.last_input"] = x
    r = sigmoid(att["receptance.weight"] @ mixed_x)
    k = np.exp(np.minimum(att["key.weight"] @ mixed_x, KEY_MAX))
    v = att["value.weight"] @ mixed_x
    w = np.exp(-np.exp(att["time_decay"].ravel()))  # fraction kept per token
    u = np.exp(att["time_first"].ravel())

    aa, bb = state["att.numerator"], state["att.denominator"]
    y: Array = (aa + u * k * v) / (bb + u * k + epsilon)
    state["att.numerator"] = w * aa + k * v
    state["att.denominator"] = w * bb + k
    return att["output.weight"] @ (r * y)


def channel_mix(ffn: Tensors, x: Array, state: State, memory: str) -> Array:
    mixed_x = mixed(x, state[memory], ffn["time_mix"])
    state[memory] = x
    hidden = relu_squared(ffn["key.weight"] @ mixed_x)
    return sigmoid(ffn["receptance.weight"] @ mixed_x) * (ffn["value.weight"] @ hidden)


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


def block_step(block: Tensors, x: Array, state: State, epsilon: float) -> Array:
    x = norm(x, block, "ln1")  # not a branch: the residual stream itself is normalised
    if "ffn_pre.last_input" in state:
        x = x + channel_mix(part(block, "ffnPre."), x, state, "ffn_pre.last_input")
    else:
        x = x + time_mix(part(block, "att."), x, state, epsilon)
    x = norm(x, block, "ln2")
    return x + channel_mix(part(block, "ffn."), x, state, "ffn.last_input")


def run(weights: Weights, tokens: list[int]) -> tuple[Array, list[State]]:
    w = as_float64(weights)
    # The files with a copy head were trained with 1e-16; the one without, trained on the Pile, with 1e-8.
    epsilon = 1e-16 if "head_q.weight" in w else 1e-8
    blocks = blocks_of(w)
    states = [new_state(block) for block in blocks]
    outputs = []
    for token in tokens:
        x = w["emb.weight"][token]
        for block, state in zip(blocks, states, strict=True):
            x = block_step(block, x, state, epsilon)
        outputs.append(norm(x, w, "ln_out"))
    y = np.stack(outputs)  # (T, C)
    return y @ w["head.weight"].T + copy_scores(w, y, tokens), states


def logits(weights: Weights, tokens: list[int]) -> Array:
    return run(weights, tokens)[0]
