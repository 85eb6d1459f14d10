"""RWKV-4, reference formulas, with everything the v4neo trainer could add.

State per layer: last inputs (C), and numerator, denominator and running maximum exponent of the decayed sum (A). Tiny
attention (4a) and the extra attention of 4b look back at all earlier tokens, so they keep lists of keys and values;
those are not part of the state returned.

Optional, each told by its tensors: ffnPre in block 0, copy head, A != C, any F, position embedding, 4a, 4b, MishGLU.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.reference.common import (
    Array,
    State,
    Tensors,
    Weights,
    as_float64,
    blocks_of,
    copy_scores,
    mish,
    norm,
    part,
    relu_squared,
    sigmoid,
)

NO_EXPONENT = -1e30  # the running maximum before any token


@dataclass
class Lookback:
    """Keys and values of all tokens so far, for one attention."""

    keys: list[Array] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)


@dataclass
class Memory:
    """All that one layer remembers."""

    state: State
    tiny: Lookback = field(default_factory=Lookback)
    extra: Lookback = field(default_factory=Lookback)


def mixed(x: Array, last: Array, mix: Array) -> Array:
    """`mix` weights the current token."""
    mix = mix.ravel()
    return x * mix + last * (1 - mix)


def weighted_average(att: Tensors, k: Array, v: Array, state: State) -> Array:
    """wkv (A). All exponents are taken relative to the largest so far, so k may be in the hundreds."""
    w = -np.exp(att["time_decay"].ravel())
    u = att["time_first"].ravel()
    aa, bb, pp = state["att.numerator"], state["att.denominator"], state["att.max_exponent"]

    q = np.maximum(pp, u + k)
    y: Array = (np.exp(pp - q) * aa + np.exp(u + k - q) * v) / (np.exp(pp - q) * bb + np.exp(u + k - q))

    q = np.maximum(pp + w, k)
    state["att.numerator"] = np.exp(pp + w - q) * aa + np.exp(k - q) * v
    state["att.denominator"] = np.exp(pp + w - q) * bb + np.exp(k - q)
    state["att.max_exponent"] = q
    return y


def extra_attention(att: Tensors, x: Array, last: Array, seen: Lookback) -> Array:
    """4b: one small head of ordinary softmax attention over all tokens so far."""
    query = att["qq.weight"] @ mixed(x, last, att["time_mix_qq"])
    seen.keys.append(att["kk.weight"] @ mixed(x, last, att["time_mix_kk"]))
    seen.values.append(att["vv.weight"] @ mixed(x, last, att["time_mix_vv"]))
    scores = np.array([query @ key for key in seen.keys]) / np.sqrt(len(query))
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    taken: Array = sum((s * value for s, value in zip(shares, seen.values, strict=True)), np.zeros(len(query)))
    return att["oo.weight"] @ taken


def time_mix(att: Tensors, x: Array, memory: Memory) -> Array:
    state = memory.state
    last = state["att.last_input"]
    state["att.last_input"] = x
    r = sigmoid(att["receptance.weight"] @ mixed(x, last, att["time_mix_r"]))
    k = att["key.weight"] @ mixed(x, last, att["time_mix_k"])
    v = att["value.weight"] @ mixed(x, last, att["time_mix_v"])
    out = att["output.weight"] @ (r * weighted_average(att, k, v, state))
    if "qq.weight" in att:
        out = out + extra_attention(att, x, last, memory.extra)
    return out


def channel_mix(ffn: Tensors, x: Array, state: State, name: str) -> Array:
    last = state[name]
    state[name] = x
    x_k = mixed(x, last, ffn["time_mix_k"])
    x_r = mixed(x, last, ffn["time_mix_r"])
    if "aa.weight" in ffn:  # MishGLU: no sigmoid gate
        return ffn["value.weight"] @ ((ffn["aa.weight"] @ x_k) * mish(ffn["bb.weight"] @ x_r))
    hidden = relu_squared(ffn["key.weight"] @ x_k)
    return sigmoid(ffn["receptance.weight"] @ x_r) * (ffn["value.weight"] @ hidden)


def tiny_attention(block: Tensors, x: Array, embedding: Array, seen: Lookback) -> Array:
    """4a: linear attention (no softmax) whose values are the raw embeddings, before ln0, of the tokens so far."""
    z = norm(x, block, "tiny_ln")
    query = block["tiny_q.weight"] @ z  # (D)
    seen.keys.append(block["tiny_k.weight"] @ z)
    seen.values.append(block["tiny_v.weight"] @ embedding)
    taken = np.zeros_like(x)
    for key, value in zip(seen.keys, seen.values, strict=True):
        taken += (query @ key) / np.sqrt(len(query)) * value
    return taken


def new_memory(block: Tensors) -> Memory:
    width = len(block["ln1.weight"])
    if "ffnPre.key.weight" in block:
        return Memory({"ffn_pre.last_input": np.zeros(width), "ffn.last_input": np.zeros(width)})
    attention_width = len(block["att.key.weight"])
    return Memory(
        {
            "att.last_input": np.zeros(width),
            "att.numerator": np.zeros(attention_width),
            "att.denominator": np.zeros(attention_width),
            "att.max_exponent": np.full(attention_width, NO_EXPONENT),
            "ffn.last_input": np.zeros(width),
        }
    )


def position_embedding(block: Tensors, t: int) -> Array:
    across, down = block["pos_emb_x"], block["pos_emb_y"]  # (1, P, C) and (P, 1, C)
    size = across.shape[1]
    if t > size**2 - 2:
        raise ValueError(f"position {t}: this model has embeddings for positions 0 to {size**2 - 2} only")
    embedding: Array = down[t // size, 0] + across[0, t % size]
    return embedding


def block_step(block: Tensors, x: Array, embedding: Array, memory: Memory) -> Array:
    state = memory.state
    if "ffn_pre.last_input" in state:
        x = x + channel_mix(part(block, "ffnPre."), norm(x, block, "ln1"), state, "ffn_pre.last_input")
    else:
        x = x + time_mix(part(block, "att."), norm(x, block, "ln1"), memory)
    x = x + channel_mix(part(block, "ffn."), norm(x, block, "ln2"), state, "ffn.last_input")
    if "tiny_q.weight" in block:
        x = x + tiny_attention(block, x, embedding, memory.tiny)
    return x


def run(weights: Weights, tokens: list[int]) -> tuple[Array, list[State]]:
    w = as_float64(weights)
    blocks = blocks_of(w)
    memories = [new_memory(block) for block in blocks]
    outputs = []
    for t, token in enumerate(tokens):
        embedding = w["emb.weight"][token]
        x = norm(embedding, blocks[0], "ln0")
        if "pos_emb_x" in blocks[0]:
            x = x + position_embedding(blocks[0], t)
        for block, memory in zip(blocks, memories, strict=True):
            x = block_step(block, x, embedding, memory)
        outputs.append(norm(x, w, "ln_out"))
    y = np.stack(outputs)  # (T, C)
    return y @ w["head.weight"].T + copy_scores(w, y, tokens), [memory.state for memory in memories]


def logits(weights: Weights, tokens: list[int]) -> Array:
    return run(weights, tokens)[0]
