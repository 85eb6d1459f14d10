"""RWKV-4 (2022; Pile, Raven, World): RWKV-3's formula in a form that no key can overflow, and the variants of its trainer.

    w = −exp(time_decay), u = time_first     (both used as exponents)
    y = (Σ_past e^{k + fading}·v + e^{u+k}·v) / (Σ_past e^{k + fading} + e^{u+k});  out = Wo (σ(r) ∘ y)

The two sums are kept relative to e^pp, pp being the largest exponent met, so k is never exponentiated by itself.

Variants, each shown by its tensors and free to combine:
    ffnPre            block 0 has a second channel mix in place of its time mix
    head_q, head_k    copy head, as in versions 1 to 3
    pos_emb_x, _y     P·P learned positions added after ln0; the text may have at most P²−1 tokens
    tiny_*   (4a)     after one block, linear attention (no softmax) from the stream to the raw embeddings
    qq kk vv oo (4b)  beside every time mix, ordinary softmax attention with one small head
    aa, bb            MishGLU in place of the squared-ReLU channel mix
    key [A, C], A≠C   a time mix wider or narrower than the stream

State per layer: last inputs (C), numerator aa, denominator bb, exponent pp (A); 4a: one matrix (D, C); 4b: keys and values of
every position.

Source: ChatRWKV, RWKV_in_150_lines.py; RWKV-LM, RWKV-v4/src/model_run.py and RWKV-v4neo/src/model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rwkv_backend.later import mixing, torch, wkv
from rwkv_backend.models.base import (
    FieldShape,
    RWKVModel,
    add_copy_head,
    copy_window,
    layers_with,
    sum_fields,
    vector_field,
)
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes
from rwkv_backend.records import StateField

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State

EMPTY_EXPONENT = -1e30

VARIANTS = {
    "ffnPre.": "ffnPre in block 0",
    "head_q.": "copy head",
    "pos_emb_x": "learned positions",
    "tiny_q.": "4a: tiny attention",
    "att.qq.": "4b: softmax attention beside the time mix",
    "ffn.aa.": "MishGLU",
}


class V4(RWKVModel):
    version = "4"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("emb.weight", "att.time_mix_k", "att.time_decay") or names.any(
            "att.ln_x.weight", "att.time_mix"
        ):
            return None
        shape = names["att.time_decay"]
        if not shape or any(n != 1 for n in shape[:-1]):  # (C), or (1, 1, C)
            return None
        variants = [text for start, text in VARIANTS.items() if names.stem(start)]
        shown = tuple(f"{start.rstrip('.')}: {text}" for start, text in VARIANTS.items() if names.stem(start))
        evidence = ("att.time_mix_k, _v, _r and no ln_x", "att.time_decay has shape [C]: one value a channel", *shown)
        return Recognition("4", ", ".join(variants), evidence)

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("emb.weight", axis) for axis in (0, 1))
        first = 1 if layout.has("blocks.0.ffnPre.key.weight") else 0
        att = layout.size(f"blocks.{first}.att.key.weight", 0) if first < count else width
        glu = layout.has("blocks.0.ffn.aa.weight")
        ffn = layout.size(f"blocks.0.ffn.{'aa' if glu else 'key'}.weight", 0)
        layout.embedding("emb", words, width)
        layout.norm("blocks.0.ln0", width)
        limits = [cls._declare_positions(layout, width)]
        for i in range(count):
            block = f"blocks.{i}"
            layout.norm(f"{block}.ln1", width)
            layout.norm(f"{block}.ln2", width)
            if i < first:
                hidden = layout.size(f"{block}.ffnPre.key.weight", 0)
                cls._declare_channel_mix(layout, f"{block}.ffnPre", width, hidden, glu=False)
            else:
                limits.append(cls._declare_time_mix(layout, f"{block}.att", width, att))
            cls._declare_channel_mix(layout, f"{block}.ffn", width, ffn, glu)
            cls._declare_tiny_attention(layout, block, width)
        layout.norm("ln_out", width)
        layout.linear("head", words, width)
        add_copy_head(layout, width)
        most = min((n for n in limits if n is not None), default=None)
        return Sizes(count, width, words, att, ffn, ctx_len=copy_window(layout) or most, max_tokens=most)

    @classmethod
    def _declare_positions(cls, layout: Layout, width: int) -> int | None:
        """Learned positions; returns how many tokens they are enough for."""
        if not layout.has("blocks.0.pos_emb_x"):
            return None
        side = layout.size("blocks.0.pos_emb_x", 1)
        layout.table("blocks.0.pos_emb_x", 1, side, width)
        layout.table("blocks.0.pos_emb_y", side, 1, width)
        return side * side - 1

    @classmethod
    def _declare_time_mix(cls, layout: Layout, path: str, width: int, att: int) -> int | None:
        """Returns 4b's limit: its attention was trained on at most as many tokens as its mask has rows."""
        layout.vector(f"{path}.time_decay", att)
        layout.vector(f"{path}.time_first", att)
        for name in ("time_mix_k", "time_mix_v", "time_mix_r"):
            layout.vector(f"{path}.{name}", width)
        for name in ("key", "value", "receptance"):
            layout.linear(f"{path}.{name}", att, width)
        layout.linear(f"{path}.output", width, att)
        if not layout.has(f"{path}.qq.weight"):
            return None
        small = layout.first_size("att.qq.weight", 0)
        for name in ("qq", "kk", "vv"):
            layout.vector(f"{path}.time_mix_{name}", width)
            layout.linear(f"{path}.{name}", small, width)
        layout.linear(f"{path}.oo", width, small)
        return layout.size(f"{path}.att_mask", 0) if layout.has(f"{path}.att_mask") else None

    @classmethod
    def _declare_channel_mix(cls, layout: Layout, path: str, width: int, hidden: int, glu: bool) -> None:
        layout.vector(f"{path}.time_mix_k", width)
        layout.vector(f"{path}.time_mix_r", width)
        for name in ("aa", "bb") if glu else ("key",):
            layout.linear(f"{path}.{name}", hidden, width)
        if not glu:
            layout.linear(f"{path}.receptance", width, width)
        layout.linear(f"{path}.value", width, hidden, sparse=not glu)

    @classmethod
    def _declare_tiny_attention(cls, layout: Layout, block: str, width: int) -> None:
        if layout.has(f"{block}.tiny_q.weight"):
            small = layout.first_size("tiny_q.weight", 0)
            layout.norm(f"{block}.tiny_ln", width)
            layout.linear(f"{block}.tiny_q", small, width)
            layout.linear(f"{block}.tiny_k", small, width)
            layout.linear(f"{block}.tiny_v", width, width)

    @classmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        about = "logarithm of the scale of numerator and denominator: the largest exponent met, fading"
        with_att = layers_with(layout, sizes, "att.time_decay")
        exponent = vector_field("att.max_exponent", sizes.n_att, with_att, about, start=EMPTY_EXPONENT)
        return (*sum_fields(layout, sizes, exponent), *cls._attention_fields(layout, sizes))

    @classmethod
    def _attention_fields(cls, layout: Layout, sizes: Sizes) -> list[FieldShape]:
        """What the attention of 4a and 4b remembers."""
        fields = []
        with_tiny, with_qkv = (layers_with(layout, sizes, name) for name in ("tiny_q.weight", "att.qq.weight"))
        if with_tiny:
            width = layout.first_size("tiny_q.weight", 0)
            memory = StateField("tiny.memory", ("feature", "channel"), "Σ key ⊗ value of the tiny attention")
            fields.append(FieldShape(memory, (width, sizes.n_embd), with_tiny))
        for name in ("keys", "values") if with_qkv else ():
            width = layout.first_size("att.qq.weight", 0)
            kept = StateField(f"qkv.{name}", ("position", "feature"), f"{name} of the softmax attention, one a token")
            fields.append(FieldShape(kept, (0, width), with_qkv))
        return fields

    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        w = self.weights
        raw = w.emb(tokens)
        x = w.blocks[0].ln0(raw)  # (T, C)
        if hasattr(w.blocks[0], "pos_emb_x"):
            x = x + self.positions(state.tokens_seen, len(tokens))
        for i, block in enumerate(w.blocks):
            memory = state.layers[i]
            if hasattr(block, "ffnPre"):
                x = x + self.channel_mix(block.ffnPre, block.ln1(x), memory, "ffn_pre.last_input")
            else:
                x = x + self.time_mix(i, block.att, block.ln1(x), memory, probe)
            x = x + self.channel_mix(block.ffn, block.ln2(x), memory, "ffn.last_input")
            if hasattr(block, "tiny_q"):
                x = x + self.tiny_attention(block, x, raw, memory)
            if probe is not None:
                probe.keep(i, "residual", x)
        return x

    def positions(self, start: int, count: int) -> Tensor:
        """pos_emb_y[t // P] + pos_emb_x[t % P] for t = start … ; (T, C)"""
        block = self.weights.blocks[0]
        t = torch.arange(start, start + count, device=self.device)
        side = block.pos_emb_x.shape[1]
        return block.pos_emb_y[t // side, 0] + block.pos_emb_x[0, t % side]

    def time_mix(self, layer: int, w: Any, x: Tensor, memory: dict[str, Tensor], probe: Probe | None) -> Tensor:
        """x (T, C) -> (T, C)"""
        previous = mixing.before(x, memory, "att.last_input")
        key = w.key(mixing.blend(previous, x, w.time_mix_k))  # (T, A)
        value = w.value(mixing.blend(previous, x, w.time_mix_v))
        receptance = torch.sigmoid(w.receptance(mixing.blend(previous, x, w.time_mix_r)))
        sums = memory["att.numerator"], memory["att.denominator"], memory["att.max_exponent"]
        y, sums = wkv.wkv_log_sums(key, value, wkv.fading(w.time_decay), w.time_first, sums)
        memory["att.numerator"], memory["att.denominator"], memory["att.max_exponent"] = sums
        if probe is not None:
            probe.keep_time_mix(layer, key=key, value=value, gate=receptance, read=y)
        out = w.output(receptance * y)
        if hasattr(w, "qq"):
            out = out + self.softmax_attention(w, x, previous, memory)
        return out

    def softmax_attention(self, w: Any, x: Tensor, previous: Tensor, memory: dict[str, Tensor]) -> Tensor:
        """4b: Wo softmax(q·kᵀ/√D) v over all positions so far. x, previous (T, C) -> (T, C)"""
        query = w.qq(mixing.blend(previous, x, w.time_mix_qq))
        for name, matrix, share in (("qkv.keys", w.kk, w.time_mix_kk), ("qkv.values", w.vv, w.time_mix_vv)):
            memory[name] = torch.cat((memory[name], matrix(mixing.blend(previous, x, share))))
        seen = memory["qkv.keys"].shape[0] - x.shape[0]
        scores = query @ memory["qkv.keys"].T / query.shape[1] ** 0.5  # (T, U)
        future = torch.ones_like(scores, dtype=torch.bool).triu(seen + 1)
        return w.oo(scores.masked_fill(future, float("-inf")).softmax(-1) @ memory["qkv.values"])

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor], field: str) -> Tensor:
        previous = mixing.before(x, memory, field)
        for_key, for_receptance = mixing.blend(previous, x, w.time_mix_k), mixing.blend(previous, x, w.time_mix_r)
        if hasattr(w, "aa"):
            return w.value(w.aa(for_key) * mixing.mish(w.bb(for_receptance)))
        return mixing.squared_relu_mix(w, for_key, for_receptance)

    def tiny_attention(self, block: Any, x: Tensor, raw: Tensor, memory: dict[str, Tensor]) -> Tensor:
        """4a: Σ_{u≤t} (q_t·k_u/√D)·v_u with v from the raw embeddings. Without softmax the past is one matrix Σ k ⊗ v."""
        z = block.tiny_ln(x)
        query, key, value = block.tiny_q(z), block.tiny_k(z), block.tiny_v(raw)
        past = memory["tiny.memory"]
        memory["tiny.memory"] = past + key.T @ value
        return (query @ past + (query @ key.T).tril() @ value) / query.shape[1] ** 0.5

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor | None:
        block = self.weights.blocks[layer]
        return torch.exp(wkv.fading(block.att.time_decay)) if hasattr(block, "att") else None
