"""RWKV-3 (2022): as RWKV-2, with the residual stream left alone, ln0 after the embedding, and a blend for each projection.

    x = LN0(emb); x = x + att(LN1 x); x = x + ffn(LN2 x)
    x_k = x∘m_k + previous∘(1−m_k), likewise x_v and x_r;  k = exp(min(Wk x_k, 60))
    y = (aa + u∘k∘v)/(bb + u∘k + 1e-8)    then aa = w∘aa + k∘v, bb = w∘bb + k

A file differs from RWKV-4's only in time_decay's shape: [C, 1] here, [C] there. For moderate keys both compute the same.

State per layer: last inputs of both mixes (C), numerator aa and denominator bb (A). Shared: the copy head's keys, if any.

Source: RWKV-LM, RWKV-v3/src/model_run.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rwkv_backend.later import mixing, torch, wkv
from rwkv_backend.models.base import FieldShape, RWKVModel, add_copy_head, copy_window, sum_fields
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State


class V3(RWKVModel):
    version = "3"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("emb.weight", "att.time_mix_k", "att.time_decay") or names.any(
            "att.ln_x.weight", "att.time_mix"
        ):
            return None
        shape = names["att.time_decay"]
        if len(shape) != 2 or shape[1] != 1 or shape[0] == 1:
            return None
        variant = "ffnPre" if names.stem("ffnPre.") else ""
        return Recognition("3", variant, ("att.time_mix_k, _v, _r and no ln_x", "att.time_decay has shape [C, 1]"))

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("emb.weight", axis) for axis in (0, 1))
        ffn = layout.size("blocks.0.ffn.key.weight", 0)
        layout.embedding("emb", words, width)
        layout.norm("blocks.0.ln0", width)
        for i in range(count):
            block = f"blocks.{i}"
            layout.norm(f"{block}.ln1", width)
            layout.norm(f"{block}.ln2", width)
            if i == 0 and layout.has("blocks.0.ffnPre.key.weight"):
                cls._declare_channel_mix(layout, f"{block}.ffnPre", width, layout.size("blocks.0.ffnPre.key.weight", 0))
            else:
                for name in ("time_decay", "time_first", "time_mix_k", "time_mix_v", "time_mix_r"):
                    layout.vector(f"{block}.att.{name}", width)
                for name in ("key", "value", "receptance", "output"):
                    layout.linear(f"{block}.att.{name}", width, width)
            cls._declare_channel_mix(layout, f"{block}.ffn", width, ffn)
        layout.norm("ln_out", width)
        layout.linear("head", words, width)
        add_copy_head(layout, width)
        return Sizes(count, width, words, width, ffn, ctx_len=copy_window(layout))

    @classmethod
    def _declare_channel_mix(cls, layout: Layout, path: str, width: int, hidden: int) -> None:
        layout.vector(f"{path}.time_mix_k", width)
        layout.vector(f"{path}.time_mix_r", width)
        layout.linear(f"{path}.key", hidden, width)
        layout.linear(f"{path}.receptance", width, width)
        layout.linear(f"{path}.value", width, hidden, sparse=True)

    @classmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        return sum_fields(layout, sizes)

    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        w = self.weights
        x = w.blocks[0].ln0(w.emb(tokens))  # (T, C)
        for i, block in enumerate(w.blocks):
            memory = state.layers[i]
            if hasattr(block, "ffnPre"):
                x = x + self.channel_mix(block.ffnPre, block.ln1(x), memory, "ffn_pre.last_input")
            else:
                x = x + self.time_mix(i, block.att, block.ln1(x), memory, probe)
            x = x + self.channel_mix(block.ffn, block.ln2(x), memory, "ffn.last_input")
            if probe is not None:
                probe.keep(i, "residual", x)
        return x

    def time_mix(self, layer: int, w: Any, x: Tensor, memory: dict[str, Tensor], probe: Probe | None) -> Tensor:
        """x (T, C) -> (T, C)"""
        previous = mixing.before(x, memory, "att.last_input")
        key = torch.exp(w.key(mixing.blend(previous, x, w.time_mix_k)).clamp(max=60))
        value = w.value(mixing.blend(previous, x, w.time_mix_v))
        receptance = torch.sigmoid(w.receptance(mixing.blend(previous, x, w.time_mix_r)))
        y, memory["att.numerator"], memory["att.denominator"] = wkv.wkv_sums(
            key,
            value,
            wkv.fading(w.time_decay),
            torch.exp(w.time_first),
            memory["att.numerator"],
            memory["att.denominator"],
            epsilon=1e-8,
        )
        if probe is not None:
            probe.keep_time_mix(layer, key=key, value=value, gate=receptance, read=y)
        return w.output(receptance * y)

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor], field: str) -> Tensor:
        previous = mixing.before(x, memory, field)
        for_key, for_receptance = mixing.blend(previous, x, w.time_mix_k), mixing.blend(previous, x, w.time_mix_r)
        return mixing.squared_relu_mix(w, for_key, for_receptance)

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor | None:
        block = self.weights.blocks[layer]
        return torch.exp(wkv.fading(block.att.time_decay)) if hasattr(block, "att") else None
