"""RWKV-5 (2023, "Eagle"): the sums become a matrix a head. What a key stores is a whole vector, read back by a receptance.

    y[j] = Σ_i r[i]·(u[i]·k[i]·v[j] + S[i, j]);   S[i, j] = w[i]·S[i, j] + k[i]·v[j];   w = exp(−exp(time_decay))
    out = Wo (GroupNorm_H(y) ∘ silu(g))          (5.0 has no gate g)

          decay          bonus u                                     gate
    5.0   one a head     exp(time_first), or time_faaaa as it is     no
    5.1   one a head     exp(time_first), or time_faaaa as it is     yes
    5.2   one a channel  time_faaaa as it is                         yes

There is no denominator any more: the group norm (eps 64e-5, whatever the head size) takes its place, so r has no sigmoid.

State per layer: last inputs of both mixes (C), and S (head, key, value).

Source: RWKV-LM, RWKV-v4neo/src/model.py and RWKV-v5/src/model.py; ChatRWKV, rwkv 0.8.32. Letters: H heads, N channels a head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rwkv_backend.errors import LayoutError
from rwkv_backend.later import mixing, torch, wkv
from rwkv_backend.models.base import FieldShape, RWKVModel, matrix_field, shift_field
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes, divide

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State


class V5(RWKVModel):
    version = "5"

    @classmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        if not names.has("emb.weight", "att.ln_x.weight", "att.time_decay", "att.time_mix_k"):
            return None
        gated, by_channel = "att.gate.weight" in names, _by_channel(names["att.time_decay"])
        if by_channel and not gated:
            return None
        version = "5.2" if by_channel else "5.1" if gated else "5.0"
        raw = "att.time_faaaa" in names
        return Recognition(
            version,
            "" if by_channel else "u = time_faaaa" if raw else "u = exp(time_first)",
            (
                "att.ln_x and att.time_mix_k: a matrix a head with constant decay",
                "att.gate is there" if gated else "no att.gate",
                f"att.time_decay {'[H, N]: one value a channel' if by_channel else '[H]: one value a head'}",
                "att.time_faaaa: used as it is" if raw else "att.time_first: exponentiated",
            ),
        )

    @classmethod
    def declare(cls, layout: Layout) -> Sizes:
        count = layout.block_count()
        words, width = (layout.size("emb.weight", axis) for axis in (0, 1))
        att, ffn = layout.size("blocks.0.att.key.weight", 0), layout.size("blocks.0.ffn.key.weight", 0)
        heads = layout.size("blocks.0.att.time_decay", 0)
        size = divide("5", att, heads, least=2)
        layout.embedding("emb", words, width)
        layout.norm("blocks.0.ln0", width)
        for i in range(count):
            layout.norm(f"blocks.{i}.ln1", width)
            layout.norm(f"blocks.{i}.ln2", width)
            cls._declare_time_mix(layout, f"blocks.{i}.att", width, att, heads, size)
            ffn_path = f"blocks.{i}.ffn"
            layout.vector(f"{ffn_path}.time_mix_k", width)
            layout.vector(f"{ffn_path}.time_mix_r", width)
            layout.linear(f"{ffn_path}.key", ffn, width)
            layout.linear(f"{ffn_path}.receptance", width, width)
            layout.linear(f"{ffn_path}.value", width, ffn, sparse=True)
        layout.norm("ln_out", width)
        layout.linear("head", words, width)
        return Sizes(count, width, words, att, ffn, heads, size)

    @classmethod
    def _declare_time_mix(cls, layout: Layout, path: str, width: int, att: int, heads: int, size: int) -> None:
        gated = layout.has("blocks.0.att.gate.weight")
        bonus = "time_faaaa" if layout.has("blocks.0.att.time_faaaa") else "time_first"
        if _by_channel(layout.shapes["blocks.0.att.time_decay"]):
            layout.table(f"{path}.time_decay", heads, size)
            layout.table(f"{path}.{bonus}", heads, size)
        else:
            layout.vector(f"{path}.time_decay", heads)
            layout.vector(f"{path}.{bonus}", heads)
        for name in ("time_mix_k", "time_mix_v", "time_mix_r", *(["time_mix_g"] if gated else [])):
            layout.vector(f"{path}.{name}", width)
        for name in ("receptance", "key", "value", *(["gate"] if gated else [])):
            layout.linear(f"{path}.{name}", att, width)
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
        previous = mixing.before(x, memory, "att.last_input")
        r = self.by_head(w.receptance(mixing.blend(previous, x, w.time_mix_r)))  # (T, H, N)
        k = self.by_head(w.key(mixing.blend(previous, x, w.time_mix_k)))
        v = self.by_head(w.value(mixing.blend(previous, x, w.time_mix_v)))
        decay = self.each_channel(wkv.fading(w.time_decay))
        y, memory["att.wkv"] = wkv.wkv_matrix(r, k, v, decay, self.each_channel(bonus(w)), memory["att.wkv"])
        if probe is not None:
            probe.keep_time_mix(layer, receptance=r, key=k, value=v, read=y)
        y = w.ln_x.by_head(y)  # (T, A)
        if hasattr(w, "gate"):
            gate = mixing.silu(w.gate(mixing.blend(previous, x, w.time_mix_g)))
            if probe is not None:
                probe.keep_time_mix(layer, gate=gate)
            y = y * gate
        return w.output(y)

    def each_channel(self, x: Tensor) -> Tensor:
        """One value a head (H,), or already one a channel (H, N) -> (H, N)"""
        assert self.sizes.head_size is not None
        return x if x.dim() == 2 else x.unsqueeze(1).expand(-1, self.sizes.head_size)

    def channel_mix(self, w: Any, x: Tensor, memory: dict[str, Tensor]) -> Tensor:
        previous = mixing.before(x, memory, "ffn.last_input")
        for_key, for_receptance = mixing.blend(previous, x, w.time_mix_k), mixing.blend(previous, x, w.time_mix_r)
        return mixing.squared_relu_mix(w, for_key, for_receptance)

    def decay(self, layer: int, probe: Probe | None = None) -> Tensor:
        return torch.exp(wkv.fading(self.weights.blocks[layer].att.time_decay))


def _by_channel(shape: tuple[int, ...]) -> bool:
    """Whether time_decay is [H, N] with N > 1 rather than one value a head."""
    if not 1 <= len(shape) <= 3:
        raise LayoutError(f"att.time_decay has shape {shape}, which no RWKV-5 model has.")
    return len(shape) == 2 and shape[1] > 1


def bonus(w: Any) -> Tensor:
    """u, the weight of the current token: time_faaaa as it is, or time_first exponentiated.

    web-rwkv's converter renames time_faaaa to time_first and stores it one a channel: two axes mean it is used as it is.
    """
    if hasattr(w, "time_faaaa"):
        return w.time_faaaa
    return w.time_first if w.time_first.dim() == 2 else torch.exp(w.time_first)
