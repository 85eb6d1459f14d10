"""Tiny random checkpoints of every version, with the tensor names, shapes and key order of the official trainers.

Not trained: the numbers are chosen so that every tensor visibly changes the logits, that the decays reach from "keeps
nearly all" to "keeps nothing", and that a wrong epsilon in a group norm shows. float32, contiguous, repeatable by seed.

Letters in shapes: V vocabulary, C n_embd, A attention width, F hidden width, H heads, N = A / H, L ctx_len.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

Checkpoint: TypeAlias = dict[str, torch.Tensor]

# With `extreme`, keys pass the clamps of v1 to v3 (60; in v1 also -60 and 30) and reach several hundreds in v4.
EXTREME_KEYS = {"1": 60.0, "2": 60.0, "3": 60.0, "4": 150.0}


@dataclass(frozen=True)
class Sizes:
    """What a checkpoint looks like; each field can be overridden in `checkpoint`."""

    version: str
    n_layer: int = 2
    vocab: int = 71
    n_embd: int = 32
    n_att: int = 0  # 0: n_embd
    n_ffn: int = 0  # 0: 4 * n_embd
    n_head: int = 4
    ctx_len: int = 32  # shows only in the buffers, and in v1
    head_qk: int = 0  # width of the copy head, 0: none
    folded: bool = False  # v1: time_ww in place of time_w, time_alpha, time_beta
    ffn_pre: bool = False  # v2 to v4: block 0 has a second channel mix instead of a time mix
    pos_emb: int = 0  # v4: side of the square of positions
    tiny_after: tuple[int, ...] = ()  # v4: blocks followed by tiny attention
    extra_attention: bool = False  # v4: qq, kk, vv, oo
    mish_glu: bool = False  # v4: the other channel mix
    faaaa: bool = True  # v5: time_faaaa rather than time_first
    time_state: bool = False  # v6: a tuned initial state
    small_gate: bool = False  # v6: gate_w1, gate_w2 rather than gate.weight
    g1_order: bool = False  # v7: key order of the g1 files, no v0, v1, v2 in block 0
    extreme: bool = False  # v1 to v4: see EXTREME_KEYS

    @property
    def att(self) -> int:
        return self.n_att or self.n_embd

    @property
    def ffn(self) -> int:
        return self.n_ffn or 4 * self.n_embd


SIZES: dict[str, Sizes] = {
    "1": Sizes("1", vocab=61, n_att=36, n_ffn=80, n_head=3, head_qk=256),
    "1-folded": Sizes("1", vocab=67, n_embd=33, n_att=40, n_ffn=70, ctx_len=24, head_qk=256, folded=True),
    "2": Sizes("2", ctx_len=24, head_qk=256),
    "2-ffnpre": Sizes("2", n_layer=3, n_embd=28, head_qk=256, ffn_pre=True),
    "2-pile": Sizes("2", vocab=83, n_embd=40),
    "3": Sizes("3", n_layer=3, n_embd=40),
    "3-copy": Sizes("3", ctx_len=24, head_qk=256),
    "3-ffnpre": Sizes("3", vocab=79, n_embd=36, ffn_pre=True),
    "4": Sizes("4", n_layer=3, vocab=101, n_embd=36),
    "4-wide": Sizes("4", vocab=89, n_att=44, n_ffn=51),
    "4-ffnpre": Sizes("4", n_layer=3, ffn_pre=True),
    "4-copy": Sizes("4", vocab=61, ctx_len=24, head_qk=40),
    "4-posemb": Sizes("4", n_embd=36, ctx_len=24, pos_emb=5),
    "4a": Sizes("4", n_layer=3, ctx_len=40, tiny_after=(0, 1)),
    "4b": Sizes("4", n_embd=48, ctx_len=36, extra_attention=True),
    "4-mishglu": Sizes("4", vocab=97, n_ffn=72, mish_glu=True),
    "5.0": Sizes("5.0", vocab=97, n_embd=40, n_ffn=128, n_head=5, faaaa=False),
    "5.0-r2": Sizes("5.0", n_embd=36, n_head=3),
    "5.1": Sizes("5.1", n_layer=3, vocab=66, faaaa=False),
    "5.1-r2r3": Sizes("5.1", n_embd=48, n_ffn=160, n_head=3),
    "5.2": Sizes("5.2", n_layer=3, vocab=103, n_ffn=96),
    "6.0": Sizes("6.0", n_layer=3, vocab=101, n_ffn=96),
    "6.0-state": Sizes("6.0", n_embd=40, n_head=5, time_state=True),
    "6.0a": Sizes("6.0", n_embd=36, n_head=3, small_gate=True),
    "7.0": Sizes("7.0", n_layer=3, vocab=90),
    "7.0-g1": Sizes("7.0", n_layer=3, n_embd=48, n_head=3, g1_order=True),
}
KINDS: dict[str, str] = {kind: sizes.version for kind, sizes in SIZES.items()}


def checkpoint(kind: str, seed: int = 0, **overrides: Any) -> Checkpoint:
    """A state dict of `kind`; `overrides` are fields of `Sizes`, as in checkpoint("5.2", n_layer=1)."""
    sizes = replace(SIZES[kind], **overrides)
    if sizes.ffn_pre and sizes.n_layer < 2:
        raise ValueError("with ffnPre in block 0, one layer leaves no time mix to tell the version by")
    tensors = BUILDERS[sizes.version](sizes, Draw(np.random.default_rng([crc32(kind.encode()), seed])))
    if sizes.extreme:
        for name in tensors:
            if name.endswith((".att.key.weight", ".attn.key.weight")):
                tensors[name] = tensors[name] * EXTREME_KEYS[sizes.version]
    return tensors


@dataclass(frozen=True)
class Draw:
    """Random float32 tensors."""

    rng: np.random.Generator

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> torch.Tensor:
        return tensor(self.rng.normal(mean, scale, shape))

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        return tensor(self.rng.uniform(low, high, shape))

    def mix(self, width: int) -> torch.Tensor:
        return self.uniform(0.1, 0.9, 1, 1, width)

    def matrix(self, rows: int, columns: int, gain: float = 1.0) -> torch.Tensor:
        """[out, in]; an input of unit variance gives an output of variance gain squared."""
        return self.normal(rows, columns, scale=gain / columns**0.5)

    def right_matrix(self, rows: int, columns: int, gain: float = 1.0) -> torch.Tensor:
        """[in, out], for the matrices used as x @ w."""
        return self.normal(rows, columns, scale=gain / rows**0.5)

    def decay(self, *shape: int) -> torch.Tensor:
        """Fraction kept is exp(-exp(value)): from exp(-exp(-8)) = 0.9997 to exp(-exp(3)) = 2e-9, both included."""
        count = int(np.prod(shape))
        values = np.linspace(-5.0, 1.5, count) + self.rng.normal(0, 0.1, count)
        few = max(1, count // 12)
        values[:few], values[-few:] = -8.0, 3.0
        return tensor(self.rng.permutation(values).reshape(shape))

    def per_head(self, rows: int, columns: int, heads: int) -> torch.Tensor:
        """Like `matrix`, but faint in some heads, so that the epsilon of the group norm after it shows."""
        loudness = torch.linspace(0.02, 1.0, heads).repeat_interleave(rows // heads)
        return self.matrix(rows, columns) * loudness[:, None]


def tensor(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def lower_ones(size: int) -> torch.Tensor:
    return torch.ones(size, size).tril()


def below(prefix: str, tensors: Checkpoint) -> Checkpoint:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def norm(draw: Draw, name: str, width: int) -> Checkpoint:
    return {f"{name}.weight": draw.uniform(0.5, 1.5, width), f"{name}.bias": draw.normal(width, scale=0.3)}


def linear(draw: Draw, name: str, rows: int, columns: int, gain: float = 1.0) -> Checkpoint:
    return {f"{name}.weight": draw.matrix(rows, columns, gain), f"{name}.bias": draw.normal(rows, scale=0.3)}


def embedding(sizes: Sizes, draw: Draw) -> torch.Tensor:
    return draw.normal(sizes.vocab, sizes.n_embd, scale=0.05)  # faint, so that the epsilon of the first norm shows


def head(sizes: Sizes, draw: Draw) -> torch.Tensor:
    return draw.matrix(sizes.vocab, sizes.n_embd, gain=1.7)


COPY_GAIN = 3.0  # q . k / D of two unrelated positions is then about 9 / sqrt(D)


# RWKV-1


def version_1(sizes: Sizes, draw: Draw) -> Checkpoint:
    length, width = sizes.ctx_len, sizes.n_embd
    tensors: Checkpoint = {
        "time_out": draw.uniform(0.6, 1.4, 1, length, 1),
        "copy_mask": lower_ones(length),
        "tok_emb.weight": draw.normal(sizes.vocab, width, scale=0.5),
    }
    for i in range(sizes.n_layer):
        block = norm(draw, "ln1", width) | norm(draw, "ln2", width)
        block |= below("attn", attention_1(sizes, draw)) | below("mlp", channel_mix_1(sizes, draw))
        tensors |= below(f"blocks.{i}", block)
    tensors |= norm(draw, "ln_f", width)
    tensors["head.weight"] = head(sizes, draw)
    for name in ("head_q", "head_k"):
        tensors |= linear(draw, name, sizes.head_qk, width, COPY_GAIN)
    return tensors


def attention_1(sizes: Sizes, draw: Draw) -> Checkpoint:
    tensors = position_weights(sizes, draw)
    tensors["time_gamma"] = draw.uniform(0.6, 1.4, sizes.ctx_len, 1)
    for name in ("key", "value", "receptance"):
        tensors |= linear(draw, name, sizes.att, sizes.n_embd)
    # A key's bias cancels between numerator and denominator, unless the key meets one of its clamps.
    tensors["key.bias"][::6] += 30
    tensors["key.bias"][1::12] -= 60
    return tensors | linear(draw, "output", sizes.n_embd, sizes.att)


def position_weights(sizes: Sizes, draw: Draw) -> Checkpoint:
    """time_w, whose last entry is for distance 0, alpha and beta; or all three as time_ww [H, t, u]."""
    length, heads = sizes.ctx_len, sizes.n_head
    distance = torch.arange(length - 1, -1, -1)
    rate = torch.linspace(0.002, 1.0, heads)[:, None]
    time_w = torch.exp(-rate * distance) + draw.normal(heads, length, scale=0.1)
    alpha, beta = draw.uniform(0.6, 1.4, heads, 1, length), draw.uniform(0.6, 1.4, heads, length, 1)
    if not sizes.folded:
        return {"time_w": time_w, "time_alpha": alpha, "time_beta": beta}
    t, u = torch.meshgrid(torch.arange(length), torch.arange(length), indexing="ij")
    by_distance = time_w[:, (length - 1 - (t - u)).clamp(max=length - 1)]
    return {"time_ww": (by_distance * alpha * beta).tril().contiguous()}


def channel_mix_1(sizes: Sizes, draw: Draw) -> Checkpoint:
    width, hidden = sizes.n_embd, 5 * sizes.ffn // 2
    tensors = linear(draw, "key", hidden, width) | linear(draw, "value", hidden, width)
    return tensors | linear(draw, "weight", width, hidden) | linear(draw, "receptance", width, width)


# RWKV-2, 3 and 4


def version_2_to_4(sizes: Sizes, draw: Draw) -> Checkpoint:
    width = sizes.n_embd
    tensors: Checkpoint = {"copy_mask": lower_ones(sizes.ctx_len)} if sizes.head_qk else {}
    tensors["emb.weight"] = embedding(sizes, draw)
    for i in range(sizes.n_layer):
        tensors |= below(f"blocks.{i}", block_2_to_4(sizes, draw, i))
    tensors |= norm(draw, "ln_out", width)
    tensors["head.weight"] = head(sizes, draw)
    if sizes.head_qk:
        tensors["head_q.weight"] = draw.matrix(sizes.head_qk, width, COPY_GAIN)
        tensors["head_k.weight"] = draw.matrix(sizes.head_qk, width, COPY_GAIN)
    return tensors


def block_2_to_4(sizes: Sizes, draw: Draw, i: int) -> Checkpoint:
    width = sizes.n_embd
    tensors: Checkpoint = {}
    if i == 0 and sizes.pos_emb:
        tensors["pos_emb_x"] = draw.normal(1, sizes.pos_emb, width)
        tensors["pos_emb_y"] = draw.normal(sizes.pos_emb, 1, width)
    if i in sizes.tiny_after:
        tensors["tiny_mask"] = lower_ones(sizes.ctx_len)
    tensors |= norm(draw, "ln1", width) | norm(draw, "ln2", width)
    if i == 0 and sizes.version != "2":
        tensors |= norm(draw, "ln0", width)
    if i == 0 and sizes.ffn_pre:
        tensors |= below("ffnPre", squared_channel_mix(sizes, draw))
    else:
        tensors |= below("att", time_mix_2_to_4(sizes, draw))
    tensors |= below("ffn", mish_glu(sizes, draw) if sizes.mish_glu else squared_channel_mix(sizes, draw))
    if i in sizes.tiny_after:
        tensors |= tiny_attention(sizes, draw)
    return tensors


def mixes(sizes: Sizes, draw: Draw, *suffixes: str) -> Checkpoint:
    """v2 has one mix for everything, the later versions one for each suffix."""
    if sizes.version == "2":
        return {"time_mix": draw.mix(sizes.n_embd)}
    return {f"time_mix_{suffix}": draw.mix(sizes.n_embd) for suffix in suffixes}


def time_mix_2_to_4(sizes: Sizes, draw: Draw) -> Checkpoint:
    width, att = sizes.n_embd, sizes.att
    per_channel = (att,) if sizes.version == "4" else (att, 1)  # this shape tells v3 from v4
    tensors = {"time_decay": draw.decay(*per_channel), "time_first": draw.normal(*per_channel)}
    tensors |= mixes(sizes, draw, "k", "v", "r")
    if sizes.extra_attention:
        tensors |= mixes(sizes, draw, "qq", "kk", "vv")
        tensors["att_mask"] = lower_ones(sizes.ctx_len)
    for name in ("key", "value", "receptance"):
        tensors[f"{name}.weight"] = draw.matrix(att, width)
    tensors["output.weight"] = draw.matrix(width, att, gain=1.5)
    if sizes.extra_attention:
        for name in ("qq", "kk", "vv"):
            tensors[f"{name}.weight"] = draw.matrix(width // 16, width, gain=1.5)
        tensors["oo.weight"] = draw.matrix(width, width // 16)
    return tensors


def squared_channel_mix(sizes: Sizes, draw: Draw) -> Checkpoint:
    return mixes(sizes, draw, "k", "r") | squared_matrices(sizes, draw)


def squared_matrices(sizes: Sizes, draw: Draw) -> Checkpoint:
    """Of the channel mix of v2 to v6."""
    width, hidden = sizes.n_embd, sizes.ffn
    return {
        "key.weight": draw.matrix(hidden, width),
        "receptance.weight": draw.matrix(width, width),
        "value.weight": draw.matrix(width, hidden),
    }


def mish_glu(sizes: Sizes, draw: Draw) -> Checkpoint:
    width, hidden = sizes.n_embd, sizes.ffn
    return mixes(sizes, draw, "k", "r") | {
        "aa.weight": draw.matrix(hidden, width),
        "bb.weight": draw.matrix(hidden, width),
        "value.weight": draw.matrix(width, hidden),
    }


def tiny_attention(sizes: Sizes, draw: Draw) -> Checkpoint:
    width, small = sizes.n_embd, sizes.n_embd // 4
    return norm(draw, "tiny_ln", width) | {
        "tiny_q.weight": draw.matrix(small, width),
        "tiny_k.weight": draw.matrix(small, width),
        "tiny_v.weight": draw.matrix(width, width, gain=5.0),  # reads the raw embedding, which is faint
    }


# RWKV-5, 6 and 7

Part: TypeAlias = Callable[[Sizes, Draw, int], Checkpoint]  # the int is the block's number


def matrix_state_model(sizes: Sizes, draw: Draw, time_mix: Part, channel_mix: Part) -> Checkpoint:
    tensors = {"emb.weight": embedding(sizes, draw)}
    for i in range(sizes.n_layer):
        block = norm(draw, "ln1", sizes.n_embd) | norm(draw, "ln2", sizes.n_embd)
        if i == 0:
            block |= norm(draw, "ln0", sizes.n_embd)
        block |= below("att", time_mix(sizes, draw, i)) | below("ffn", channel_mix(sizes, draw, i))
        tensors |= below(f"blocks.{i}", block)
    return tensors | norm(draw, "ln_out", sizes.n_embd) | {"head.weight": head(sizes, draw)}


def projections(sizes: Sizes, draw: Draw) -> Checkpoint:
    width, att = sizes.n_embd, sizes.att
    return {
        "receptance.weight": draw.per_head(att, width, sizes.n_head),
        "key.weight": draw.matrix(att, width),
        "value.weight": draw.matrix(att, width),
        "output.weight": draw.matrix(width, att, gain=1.5),
    }


def version_5(sizes: Sizes, draw: Draw) -> Checkpoint:
    return matrix_state_model(sizes, draw, time_mix_5, channel_mix_5)


def time_mix_5(sizes: Sizes, draw: Draw, _: int) -> Checkpoint:
    gated = sizes.version != "5.0"
    heads = sizes.n_head
    per_head = (heads, sizes.att // heads) if sizes.version == "5.2" else (heads,)
    tensors = mixes(sizes, draw, "k", "v", "r", *("g" if gated else ""))
    tensors["time_decay"] = draw.decay(*per_head)
    # time_faaaa is used as it stands and may be negative; time_first is a logarithm.
    tensors["time_faaaa" if sizes.faaaa else "time_first"] = draw.normal(*per_head)
    tensors |= projections(sizes, draw)
    if gated:
        tensors["gate.weight"] = draw.matrix(sizes.att, sizes.n_embd)
    return tensors | norm(draw, "ln_x", sizes.att)


def channel_mix_5(sizes: Sizes, draw: Draw, _: int) -> Checkpoint:
    return squared_channel_mix(sizes, draw)


def version_6(sizes: Sizes, draw: Draw) -> Checkpoint:
    return matrix_state_model(sizes, draw, time_mix_6, channel_mix_6)


MIX_RANK, DECAY_RANK, GATE_RANK = 6, 10, 9


def time_mix_6(sizes: Sizes, draw: Draw, _: int) -> Checkpoint:
    width, att, heads = sizes.n_embd, sizes.att, sizes.n_head
    size = att // heads
    tensors = {f"time_maa_{letter}": draw.mix(width) for letter in "xwkvrg"}
    tensors["time_maa_w1"] = draw.right_matrix(width, 5 * MIX_RANK)
    tensors["time_maa_w2"] = draw.normal(5, MIX_RANK, width, scale=0.3)
    tensors["time_decay"] = draw.decay(1, 1, att)
    tensors["time_decay_w1"] = draw.right_matrix(width, DECAY_RANK)
    tensors["time_decay_w2"] = draw.right_matrix(DECAY_RANK, att)
    tensors["time_faaaa"] = draw.normal(heads, size)
    if sizes.time_state:
        tensors["time_state"] = draw.normal(heads, size, size)
    tensors |= projections(sizes, draw)
    if sizes.small_gate:
        tensors["gate_w1"] = draw.right_matrix(width, GATE_RANK)
        tensors["gate_w2"] = draw.right_matrix(GATE_RANK, att, gain=1.5)
    else:
        tensors["gate.weight"] = draw.matrix(att, width)
    return tensors | norm(draw, "ln_x", att)


def channel_mix_6(sizes: Sizes, draw: Draw, _: int) -> Checkpoint:
    tensors = {"time_maa_k": draw.mix(sizes.n_embd), "time_maa_r": draw.mix(sizes.n_embd)}
    return tensors | squared_matrices(sizes, draw)


def version_7(sizes: Sizes, draw: Draw) -> Checkpoint:
    return matrix_state_model(sizes, draw, time_mix_7, channel_mix_7)


RANKS_7 = {"w": 7, "a": 6, "v": 5, "g": 9}
TRAINER_ORDER_7 = ["w1", "w2", "w0", "a1", "a2", "a0", "v1", "v2", "v0", "g1", "g2", "k_k", "k_a", "r_k"]
G1_ORDER_7 = ["w0", "r_k", "w1", "w2", "a1", "a2", "a0", "g1", "g2", "v2", "v1", "v0", "k_k", "k_a"]


def time_mix_7(sizes: Sizes, draw: Draw, i: int) -> Checkpoint:
    width, heads = sizes.n_embd, sizes.n_head
    small: Checkpoint = {
        "w0": draw.decay(1, 1, width),  # through a sigmoid: -8 keeps nearly all, 3 keeps 0.56
        "a0": draw.normal(1, 1, width),
        "v0": draw.normal(1, 1, width),
        "k_k": draw.uniform(0.5, 1.2, 1, 1, width),
        "k_a": draw.uniform(0.5, 1.5, 1, 1, width),
        "r_k": draw.normal(heads, width // heads, scale=0.3),
    }
    for letter, rank in RANKS_7.items():
        small[f"{letter}1"] = draw.right_matrix(width, rank)
        small[f"{letter}2"] = draw.right_matrix(rank, width, gain=1.5)
    if sizes.g1_order and i == 0:
        for name in ("v0", "v1", "v2"):
            del small[name]
    order = G1_ORDER_7 if sizes.g1_order else TRAINER_ORDER_7
    tensors = {f"x_{letter}": draw.mix(width) for letter in "rwkvag"}
    tensors |= {name: small[name] for name in order if name in small}
    return tensors | projections(sizes, draw) | norm(draw, "ln_x", width)


def channel_mix_7(sizes: Sizes, draw: Draw, _: int) -> Checkpoint:
    width, hidden = sizes.n_embd, sizes.ffn
    return {
        "x_k": draw.mix(width),
        "key.weight": draw.matrix(hidden, width),
        "value.weight": draw.matrix(width, hidden, gain=0.6),  # no gate halves it
    }


BUILDERS: dict[str, Callable[[Sizes, Draw], Checkpoint]] = {
    "1": version_1,
    "2": version_2_to_4,
    "3": version_2_to_4,
    "4": version_2_to_4,
    "5.0": version_5,
    "5.1": version_5,
    "5.2": version_5,
    "6.0": version_6,
    "7.0": version_7,
}
