"""RWKV-2 (2022): the first that runs as a recurrent network. The table of distances becomes one decay a channel.

    k = exp(min(Wk x̃, 60))    y = (aa + u∘k∘v)/(bb + u∘k + ε)    then aa = w∘aa + k∘v, bb = w∘bb + k
    w = exp(−exp(time_decay)), u = exp(time_first), x̃ = x∘m + previous∘(1−m) with one blend m for k, v and r

A quirk of this version alone: the residual stream itself is normalised (x = LN1(x); x = x + att(x)), and there is no ln0.
ε is 1e-16 in the code with a copy head; the Pile model, which has none, was trained with 1e-8.

State per layer: last inputs of both mixes (C), numerator aa and denominator bb (A), at their true scale: in float32 the clamp
at e⁶⁰ leaves room enough. Shared: the copy head's keys, of the last ctx_len tokens.

Source: RWKV-LM, RWKV-v2-RNN/src/model_run.py.
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


class V2(RWKVModel):
    version = "2"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("emb.weight", "att.time_mix") or names.any("att.time_mix_k", "ln0.weight"):
            return None
        variant = "ffnPre" if names.stem("ffnPre.") else ""
        return Recognition("2", variant, ("one att.time_mix for key, value and receptance", "no ln0"))

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("emb.weight", axis) for axis in (0, 1))
        ffn = layout.size("blocks.0.ffn.key.weight", 0)
        layout.embedding("emb", words, width)
        for i in range(count):
            block = f"blocks.{i}"
            layout.norm(f"{block}.ln1", width)
            layout.norm(f"{block}.ln2", width)
            if i == 0 and layout.has("blocks.0.ffnPre.key.weight"):
                cls._declare_channel_mix(layout, f"{block}.ffnPre", width, layout.size("blocks.0.ffnPre.key.weight", 0))
            else:
                for name in ("time_decay", "time_first", "time_mix"):
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
        layout.vector(f"{path}.time_mix", width)
        layout.linear(f"{path}.key", hidden, width)
        layout.linear(f"{path}.receptance", width, width)
        layout.linear(f"{path}.value", width, hidden, sparse=True)

    @classmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        return sum_fields(layout, sizes)

    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        x = self.weights.emb(tokens)  # (T, C)
        for i, block in enumerate(self.weights.blocks):
            memory = state.layers[i]
            x = block.ln1(x)
            if hasattr(block, "ffnPre"):
                x = x + self.channel_mix(block.ffnPre, x, memory, "ffn_pre.last_input")
            else:
                x = x + self.time_mix(i, block.att, x, memory, probe)
            x = block.ln2(x)
            x = x + self.channel_mix(block.ffn, x, memory, "ffn.last_input")
            if probe is not None:
                probe.keep(i, "residual", x)
        return x

    def time_mix(self, layer: int, w: Any, x: Tensor, memory: dict[str, Tensor], probe: Probe | None) -> Tensor:
        """x (T, C) -> (T, C)"""
        blended = mixing.blend(mixing.before(x, memory, "att.last_input"), x, w.time_mix)
        key, value = torch.exp(w.key(blended).clamp(max=60)), w.value(blended)
        receptance = torch.sigmoid(w.receptance(blended))
        y, memory["att.numerator"], memory["att.denominator"] = wkv.wkv_sums(
            key,
            value,
            wkv.fading(w.time_decay),
            torch.exp(w.time_first),
            memory["att.numerator"],
            memory["att.denominator"],
            epsilon=1e-16 if hasattr(self.weights, "head_q") else 1e-8,
        )
        if probe is not None:
            probe.keep_time_mix(layer, key=key, value=value, gate=receptance, read=y)
        return w.output(receptance * y)

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor], field: str) -> Tensor:
        blended = mixing.blend(mixing.before(x, memory, field), x, w.time_mix)
        return mixing.squared_relu_mix(w, blended, blended)

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor | None:
        block = self.weights.blocks[layer]
        return torch.exp(wkv.fading(block.att.time_decay)) if hasattr(block, "att") else None
