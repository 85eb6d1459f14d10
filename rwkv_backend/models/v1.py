"""RWKV-1 (2021): a Transformer's shape without attention. Each head weighs earlier tokens by a learned table of distances.

    num[t] = Σ_{u≤t} time_w[h, t−u]·alpha[h, u]·beta[h, t]·e^k[u]·v[u]        den[t] = Σ_{u≤t} e^k[u]
    out[t] = (Wo (σ(r[t]) ∘ num[t]/den[t]) + bo)·gamma[t]

alpha, beta, gamma and time_out belong to absolute positions, so a text may have at most ctx_len tokens, and going past it
means reading the last part again from position 0. A file may also hold time_w·alpha·beta folded into one table, time_ww
[H, t, u], as AI-Writer's code makes it when it loads a model.

State per layer: e^k and e^k·v of every position so far (position, A), the running Σ e^k (A), and the first half of the
last inputs (C/2): only those channels look back. Shared: the copy head's keys.

Source: RWKV-LM, RWKV-v1/src/model.py. Letters: T tokens, U positions so far, C channels, A attention width, H heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rwkv_backend.later import mixing, torch, wkv
from rwkv_backend.models.base import FieldShape, RWKVModel, copy_fields, shift_field, vector_field
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes, divide
from rwkv_backend.records import StateField

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State


class V1(RWKVModel):
    version = "1"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("tok_emb.weight", "attn.receptance.weight") or not names.any("attn.time_w", "attn.time_ww"):
            return None
        folded = "attn.time_ww" in names
        table = "attn.time_ww: position weights folded into one table" if folded else "attn.time_w: weights by distance"
        return Recognition("1", "folded position weights" if folded else "", ("tok_emb and attn.receptance", table))

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("tok_emb.weight", axis) for axis in (0, 1))
        folded = layout.has("blocks.0.attn.time_ww")
        table = "blocks.0.attn.time_ww" if folded else "blocks.0.attn.time_w"
        heads, longest = layout.size(table, 0), layout.size(table, 1)
        att, ffn = layout.size("blocks.0.attn.key.weight", 0), layout.size("blocks.0.mlp.key.weight", 0)
        layout.embedding("tok_emb", words, width)
        for i in range(count):
            cls._declare_block(layout, f"blocks.{i}", width, att, ffn, heads, longest, folded)
        layout.norm("ln_f", width)
        layout.vector("time_out", longest)
        layout.linear("head", words, width)
        feature = layout.size("head_q.weight", 0)
        layout.linear("head_q", feature, width, bias=True)
        layout.linear("head_k", feature, width, bias=True)
        size = divide("1", att, heads)
        return Sizes(count, width, words, att, ffn, heads, size, longest, max_tokens=longest)

    @classmethod
    def _declare_block(
        cls, layout: Layout, block: str, width: int, att: int, ffn: int, heads: int, longest: int, folded: bool
    ) -> None:
        layout.norm(f"{block}.ln1", width)
        layout.norm(f"{block}.ln2", width)
        if folded:
            layout.table(f"{block}.attn.time_ww", heads, longest, longest)
        else:
            layout.table(f"{block}.attn.time_w", heads, longest)
            layout.table(f"{block}.attn.time_alpha", heads, 1, longest)
            layout.table(f"{block}.attn.time_beta", heads, longest, 1)
        layout.vector(f"{block}.attn.time_gamma", longest)
        for name in ("key", "value", "receptance"):
            layout.linear(f"{block}.attn.{name}", att, width, bias=True)
        layout.linear(f"{block}.attn.output", width, att, bias=True)
        for name in ("key", "value"):
            layout.linear(f"{block}.mlp.{name}", ffn, width, bias=True)
        layout.linear(f"{block}.mlp.weight", width, ffn, bias=True)
        layout.linear(f"{block}.mlp.receptance", width, width, bias=True)

    @classmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        every, half = tuple(range(sizes.n_layer)), sizes.n_embd // 2
        by_position = ("position", "channel")
        keys = StateField("att.keys", by_position, "e^k of each token read: how loudly it speaks")
        key_values = StateField(
            "att.key_values", by_position, "e^k·v of each token read: what it says, times how loudly"
        )
        return (
            shift_field("att.last_input", half, every, "time mix"),
            FieldShape(keys, (0, sizes.n_att), every),
            FieldShape(key_values, (0, sizes.n_att), every),
            vector_field("att.denominator", sizes.n_att, every, "sum of e^k over all tokens read; nothing fades"),
            shift_field("ffn.last_input", half, every, "channel mix"),
            *copy_fields(layout),
        )

    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        x = self.weights.tok_emb(tokens)  # (T, C)
        for i, block in enumerate(self.weights.blocks):
            memory = state.layers[i]
            x = x + self.time_mix(i, block.attn, block.ln1(x), memory, state.tokens_seen, probe)
            x = x + self.channel_mix(block.mlp, block.ln2(x), memory)
            if probe is not None:
                probe.keep(i, "residual", x)
        return x

    def time_mix(
        self, layer: int, w: Any, x: Tensor, memory: dict[str, Tensor], start: int, probe: Probe | None
    ) -> Tensor:
        """x (T, C), the first of it at position `start` -> (T, C)"""
        shifted = half_shifted(x, memory, "att.last_input")
        key = torch.exp(w.key(shifted).clamp(min=-60, max=30))  # (T, A)
        value, receptance = w.value(shifted), torch.sigmoid(w.receptance(shifted))
        sums = memory["att.denominator"] + key.cumsum(0)
        memory["att.denominator"] = sums[-1].clone()
        memory["att.keys"] = torch.cat((memory["att.keys"], key))
        memory["att.key_values"] = torch.cat((memory["att.key_values"], key * value))
        end = start + x.shape[0]
        if hasattr(w, "time_ww"):
            mixed = wkv.wkv_folded_window(w.time_ww, memory["att.key_values"], sums)
        else:
            alpha, beta = w.time_alpha[:, 0, :end], w.time_beta[:, start:end, 0]
            mixed = wkv.wkv_window(w.time_w, alpha, beta, memory["att.key_values"], sums)
        if probe is not None:
            probe.keep_time_mix(layer, key=key, value=value, gate=receptance, read=mixed)
        return w.output(receptance * mixed) * w.time_gamma[start:end].unsqueeze(1)

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor]) -> Tensor:
        """σ(Wr x) ∘ (W (mish(Wk x) ∘ Wv x)), every matrix with a bias."""
        shifted = half_shifted(x, memory, "ffn.last_input")
        hidden = mixing.mish(w.key(shifted)) * w.value(shifted)
        return torch.sigmoid(w.receptance(shifted)) * w.weight(hidden)

    @property
    def copy_window(self) -> None:
        """All positions: there are never more than ctx_len."""

    def head(self, x: Tensor, tokens: Tensor, state: State, every: bool) -> Tensor:
        """The copy head sees ln_f(x) before time_out scales it by position."""
        w, start = self.weights, state.tokens_seen
        y = w.ln_f(x)
        scale = w.time_out[start : start + y.shape[0]].unsqueeze(1)
        asked = slice(None) if every else slice(-1, None)
        logits = w.head((y * scale)[asked])
        return mixing.add_copy_scores(logits, w.head_q(y[asked]), w.head_k(y), tokens, state.shared, None)

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor:
        """Weight of a token by its distance, nearest first (H, ctx_len): learned, not a fraction, and it may be negative."""
        w = self.weights.blocks[layer].attn
        return (w.time_ww[:, -1] if hasattr(w, "time_ww") else w.time_w).flip(-1)


def half_shifted(x: Tensor, memory: dict[str, Tensor], field: str) -> Tensor:
    """The first C//2 channels from the token before, the rest from this one. x (T, C) -> (T, C)"""
    half = x.shape[1] // 2
    return torch.cat((mixing.before(x[:, :half], memory, field), x[:, half:]), dim=1)
