"""RWKV-6 (2024, "Finch"): how far each token looks back, and how fast the memory fades, are decided by the token itself.

    δ = previous − x;  z = tanh((x + δ∘maa_x) w1) in five parts;  x_j = x + δ∘(maa_j + z_j w2[j])   for j = w, k, v, r, g
    log w = −exp(time_decay + tanh(x_w td_w1) td_w2)      a decay for every channel, anew with every token
    y, S as in version 5.2 with this w;   out = Wo (GroupNorm_H(y) ∘ silu(Wg x_g))

Unlike time_mix before, a maa vector weighs the PREVIOUS token.  6.0a replaces the gate by tanh(x_g gate_w1) gate_w2.
A file may hold a tuned initial memory, att.time_state (head, value, key).

State per layer: last inputs of both mixes (C), and S (head, key, value).

Source: ChatRWKV, RWKV_v6_demo.py; RWKV-LM, RWKV-v5/src/model.py (x060, x060a). Letters: D, E widths of the small matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rwkv_backend.later import mixing, torch, wkv
from rwkv_backend.models.base import FieldShape, RWKVModel, matrix_field, shift_field
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes, divide

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State


class V6(RWKVModel):
    version = "6"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("emb.weight", "att.time_maa_x") or "att.time_maa_rkvw_w1" in names:
            return None
        low_rank = "att.gate_w1" in names and "att.gate.weight" not in names
        evidence = ["att.time_maa_x, _w1, _w2: the token decides its own blend", "att.time_decay_w1: and its own decay"]
        if low_rank:
            evidence.append("att.gate_w1: low-rank gate without silu")
        if "att.time_state" in names:
            evidence.append("att.time_state: a tuned initial memory")
        variant = "tuned initial state" if "att.time_state" in names else ""
        return Recognition("6.0a" if low_rank else "6.0", variant, tuple(evidence))

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("emb.weight", axis) for axis in (0, 1))
        heads, size = (layout.size("blocks.0.att.time_faaaa", axis) for axis in (0, 1))
        att, ffn = layout.size("blocks.0.att.key.weight", 0), layout.size("blocks.0.ffn.key.weight", 0)
        size = divide("6", att, heads, least=2) if heads * size != att or size < 2 else size
        layout.embedding("emb", words, width)
        layout.norm("blocks.0.ln0", width)
        for i in range(count):
            layout.norm(f"blocks.{i}.ln1", width)
            layout.norm(f"blocks.{i}.ln2", width)
            cls._declare_time_mix(layout, f"blocks.{i}.att", width, att, heads, size)
            path = f"blocks.{i}.ffn"
            layout.vector(f"{path}.time_maa_k", width)
            layout.vector(f"{path}.time_maa_r", width)
            layout.linear(f"{path}.key", ffn, width)
            layout.linear(f"{path}.receptance", width, width)
            layout.linear(f"{path}.value", width, ffn, sparse=True)
        layout.norm("ln_out", width)
        layout.linear("head", words, width)
        return Sizes(count, width, words, att, ffn, heads, size)

    @classmethod
    def _declare_time_mix(cls, layout: Layout, path: str, width: int, att: int, heads: int, size: int) -> None:
        for name in "xwkvrg":
            layout.vector(f"{path}.time_maa_{name}", width)
        mix, fade = layout.size(f"{path}.time_maa_w2", 1), layout.size(f"{path}.time_decay_w2", 0)
        layout.table(f"{path}.time_maa_w1", width, 5 * mix)
        layout.table(f"{path}.time_maa_w2", 5, mix, width)
        layout.vector(f"{path}.time_decay", att)
        layout.table(f"{path}.time_decay_w1", width, fade)
        layout.table(f"{path}.time_decay_w2", fade, att)
        layout.table(f"{path}.time_faaaa", heads, size)
        if layout.any_block_has("att.time_state"):
            layout.table(f"{path}.time_state", heads, size, size)
        for name in ("receptance", "key", "value"):
            layout.linear(f"{path}.{name}", att, width)
        if layout.has("blocks.0.att.gate.weight"):
            layout.linear(f"{path}.gate", att, width)
        else:
            rank = layout.size(f"{path}.gate_w1", 1)
            layout.table(f"{path}.gate_w1", width, rank)
            layout.table(f"{path}.gate_w2", rank, att)
        layout.linear(f"{path}.output", width, att)
        layout.norm(f"{path}.ln_x", att)

    @classmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        every = range(sizes.n_layer)
        return (
            shift_field("att.last_input", sizes.n_embd, every, "time mix"),
            matrix_field(sizes, ("head", "key", "value"), "fading sum of key ⊗ value: what each key recalls"),
            shift_field("ffn.last_input", sizes.n_embd, every, "channel mix"),
        )

    def start(self, state: State) -> None:
        for block, memory in zip(self.weights.blocks, state.layers, strict=True):
            if hasattr(block.att, "time_state"):
                memory["att.wkv"] = block.att.time_state.mT.clone()  # stored (head, value, key)

    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        w = self.weights
        x = w.blocks[0].ln0(w.emb(tokens))  # (T, C)
        for i, block in enumerate(w.blocks):
            memory = state.layers[i]
            x = x + self.time_mix(i, block.att, block.ln1(x), memory, probe)
            x = x + self.channel_mix(block.ffn, block.ln2(x), memory)
            if probe is not None:
                probe.keep(i, "residual", x)
        return x

    def time_mix(self, layer: int, w: Any, x: Tensor, memory: dict[str, Tensor], probe: Probe | None) -> Tensor:
        """x (T, C) -> (T, C)"""
        for_w, for_k, for_v, for_r, for_g = self.five_blends(w, x, mixing.before(x, memory, "att.last_input"))
        r, k, v = (self.by_head(matrix(y)) for matrix, y in ((w.receptance, for_r), (w.key, for_k), (w.value, for_v)))
        asked = w.time_decay + torch.tanh(for_w @ w.time_decay_w1) @ w.time_decay_w2  # (T, A)
        decay = self.by_head(wkv.fading(asked))
        if probe is not None and probe.wants("att.decay"):
            probe.keep(layer, "att.decay", torch.exp(decay))
        y, memory["att.wkv"] = wkv.wkv_matrix(r, k, v, decay, w.time_faaaa, memory["att.wkv"])
        gate = self.gate(w, for_g)
        if probe is not None:
            probe.keep_time_mix(layer, receptance=r, key=k, value=v, log_decay=decay, gate=gate, read=y)
        return w.output(w.ln_x.by_head(y) * gate)

    def five_blends(self, w: Any, x: Tensor, previous: Tensor) -> tuple[Tensor, ...]:
        """Five inputs (T, C), for decay, key, value, receptance and gate: each token chooses how much of its predecessor."""
        delta = previous - x
        z = torch.tanh((x + delta * w.time_maa_x) @ w.time_maa_w1)  # (T, 5·D)
        shift = torch.bmm(z.unflatten(1, (5, -1)).transpose(0, 1), w.time_maa_w2)
        base = (w.time_maa_w, w.time_maa_k, w.time_maa_v, w.time_maa_r, w.time_maa_g)
        return tuple(x + delta * (maa + more) for maa, more in zip(base, shift, strict=True))

    def gate(self, w: Any, x: Tensor) -> Tensor:
        if hasattr(w, "gate"):
            return mixing.silu(w.gate(x))
        return torch.tanh(x @ w.gate_w1) @ w.gate_w2

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor]) -> Tensor:
        previous = mixing.before(x, memory, "ffn.last_input")
        for_key, for_receptance = mixing.blend(x, previous, w.time_maa_k), mixing.blend(x, previous, w.time_maa_r)
        return mixing.squared_relu_mix(w, for_key, for_receptance)

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor:
        if probe is not None and (layer, "att.decay") in probe.found:
            return probe.found[layer, "att.decay"]
        base = torch.exp(wkv.fading(self.weights.blocks[layer].att.time_decay))
        return self.by_head(base.unsqueeze(0))[0]
