"""RWKV-7 (2025, "Goose"): the memory learns to unlearn. Writing under a key first takes away what that key recalls.

    δ = previous − x;  x_j = x + δ∘x_j-vector                                         for j = r, w, k, v, a, g
    log w = −e^{−1/2}·σ(w0 + tanh(x_w w1) w2);   a = σ(a0 + x_a a1 a2);   g = σ(x_g g1) g2
    v = v + (v_first − v)∘σ(v0 + x_v v1 v2)      in blocks after the first; v_first is block 0's v
    κ̂ = k∘k_k, of length 1 in each head;         k = k∘(1 + (a − 1)∘k_a)
    S = S·diag(w) − (S κ̂)(κ̂∘a)ᵀ + v kᵀ;          y = S r
    out = Wo ((GroupNorm_H(y) + (Σ_j r∘k∘r_k)·v) ∘ g)

The channel mix has no receptance: Wv·relu²(Wk (x + δ∘x_k)). Block 0 may hold v0, v1, v2, which nothing reads.

State per layer: last inputs of both mixes (C), and S (head, VALUE, KEY): the other way round than in versions 5 and 6.

Source: RWKV-LM, RWKV-v7; ChatRWKV, rwkv 0.8.32 (RWKV_x070).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rwkv_backend.later import mixing, torch, wkv
from rwkv_backend.models.base import FieldShape, RWKVModel, matrix_field, shift_field
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes, divide

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State

SLOWEST = -math.exp(-0.5)
"""log w lies between this and 0: even the fastest channel keeps 54 % a token."""


class V7(RWKVModel):
    version = "7"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("emb.weight", "att.r_k"):
            return None
        return Recognition(
            "7.0", "", ("att.r_k, k_k, k_a: keys that replace what they find", "ffn.x_k and no ffn.receptance")
        )

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("emb.weight", axis) for axis in (0, 1))
        heads = layout.size("blocks.0.att.r_k", 0)
        size, ffn = divide("7", width, heads, least=2), layout.size("blocks.0.ffn.key.weight", 0)
        layout.embedding("emb", words, width)
        layout.norm("blocks.0.ln0", width)
        for i in range(count):
            layout.norm(f"blocks.{i}.ln1", width)
            layout.norm(f"blocks.{i}.ln2", width)
            cls._declare_time_mix(layout, i, width, heads, size)
            layout.vector(f"blocks.{i}.ffn.x_k", width)
            layout.linear(f"blocks.{i}.ffn.key", ffn, width)
            layout.linear(f"blocks.{i}.ffn.value", width, ffn, sparse=True)
        layout.norm("ln_out", width)
        layout.linear("head", words, width)
        return Sizes(count, width, words, width, ffn, heads, size)

    @classmethod
    def _declare_time_mix(cls, layout: Layout, i: int, width: int, heads: int, size: int) -> None:
        path = f"blocks.{i}.att"
        for name in ("x_r", "x_w", "x_k", "x_v", "x_a", "x_g", "k_k", "k_a"):
            layout.vector(f"{path}.{name}", width)
        layout.table(f"{path}.r_k", heads, size)
        for name in "wav" if i else "wa":
            rank = layout.size(f"{path}.{name}1", 1)
            layout.vector(f"{path}.{name}0", width)
            layout.table(f"{path}.{name}1", width, rank)
            layout.table(f"{path}.{name}2", rank, width)
        if i == 0:
            for name in ("v0", "v1", "v2"):
                layout.unused(f"{path}.{name}")
        rank = layout.size(f"{path}.g1", 1)
        layout.table(f"{path}.g1", width, rank)
        layout.table(f"{path}.g2", rank, width)
        for name in ("receptance", "key", "value", "output"):
            layout.linear(f"{path}.{name}", width, width)
        layout.norm(f"{path}.ln_x", width)

    @classmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        every = range(sizes.n_layer)
        return (
            shift_field("att.last_input", sizes.n_embd, every, "time mix"),
            matrix_field(sizes, ("head", "value", "key"), "what each key recalls; new writing replaces old"),
            shift_field("ffn.last_input", sizes.n_embd, every, "channel mix"),
        )

    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        w = self.weights
        x = w.blocks[0].ln0(w.emb(tokens))  # (T, C)
        v_first: Tensor | None = None
        for i, block in enumerate(w.blocks):
            memory = state.layers[i]
            out, v_first = self.time_mix(i, block.att, block.ln1(x), v_first, memory, probe)
            x = x + out
            x = x + self.channel_mix(block.ffn, block.ln2(x), memory)
            if probe is not None:
                probe.keep(i, "residual", x)
        return x

    def time_mix(
        self, layer: int, w: Any, x: Tensor, v_first: Tensor | None, memory: dict[str, Tensor], probe: Probe | None
    ) -> tuple[Tensor, Tensor]:
        """x (T, C) -> (T, C), and block 0's values (T, C) for the blocks above."""
        previous = mixing.before(x, memory, "att.last_input")
        r = w.receptance(mixing.blend(x, previous, w.x_r))  # all (T, C)
        k = w.key(mixing.blend(x, previous, w.x_k))
        for_v = mixing.blend(x, previous, w.x_v)
        v = w.value(for_v)
        if v_first is None:
            v_first = v
        else:
            v = v + (v_first - v) * torch.sigmoid(w.v0 + for_v @ w.v1 @ w.v2)
        decay = SLOWEST * torch.sigmoid(w.w0 + torch.tanh(mixing.blend(x, previous, w.x_w) @ w.w1) @ w.w2)
        rate = torch.sigmoid(w.a0 + mixing.blend(x, previous, w.x_a) @ w.a1 @ w.a2)
        gate = torch.sigmoid(mixing.blend(x, previous, w.x_g) @ w.g1) @ w.g2
        direction = torch.nn.functional.normalize(self.by_head(k * w.k_k), dim=-1, eps=1e-12)  # κ̂ (T, H, N)
        r, k, v_heads, decay, rate = map(self.by_head, (r, k * (1 + (rate - 1) * w.k_a), v, decay, rate))
        if probe is not None and probe.wants("att.decay"):
            probe.keep(layer, "att.decay", torch.exp(decay))
        a, b = -direction, direction * rate
        y, memory["att.wkv"] = wkv.wkv_delta(r, k, v_heads, decay, a, b, memory["att.wkv"])
        bonus = (r * k * w.r_k).sum(-1, keepdim=True)  # (T, H, 1)
        if probe is not None:
            probe.keep_time_mix(layer, receptance=r, key=k, value=v_heads, log_decay=decay, gate=gate)
            probe.keep_time_mix(layer, erase=a, rate=b, bonus=bonus, read=y)
        return w.output((w.ln_x.by_head(y) + (bonus * v_heads).flatten(1)) * gate), v_first

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor]) -> Tensor:
        previous = mixing.before(x, memory, "ffn.last_input")
        return w.value(torch.relu(w.key(mixing.blend(x, previous, w.x_k))).square())

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor:
        if probe is not None and (layer, "att.decay") in probe.found:
            return probe.found[layer, "att.decay"]
        base = torch.exp(SLOWEST * torch.sigmoid(self.weights.blocks[layer].att.w0))
        return self.by_head(base.unsqueeze(0))[0]
