"""A whole step in few kernels, for versions 2 to 7 in their usual forms. What is odd goes on with the plain formulas.

Each version's time mix stands in a class of its own; embedding, channel mix and head are the same for all. The order of
the stacked projections is receptance, key, value, gate everywhere.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rwkv_backend import wkv
from rwkv_backend.cuda import kernels
from rwkv_backend.cuda.launching import Launcher, Side, shares_of
from rwkv_backend.cuda.matrices import can_stack, compact, stack
from rwkv_backend.cuda.pages import Page
from rwkv_backend.cuda.unlearning import DeltaMix
from rwkv_backend.models.v5 import bonus

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel

log = logging.getLogger(__name__)

Memory = dict[str, Tensor]

ODD = ("tiny_q", "pos_emb_x")
"""Parts of a block, and below of a time mix, for which there are no kernels."""

ODD_TIME_MIX = ("qq", "gate_w1")


def can_fuse(model: RWKVModel) -> bool:
    """Whether the kernels know every part of this model."""
    w = model.weights
    if model.version not in ("2", "3", "4", "5", "6", "7") or hasattr(w, "head_q") or not can_stack(w.head):
        return False
    for block in w.blocks:
        att = getattr(block, "att", None)
        if any(hasattr(block, name) for name in ODD) or any(hasattr(att, name) for name in ODD_TIME_MIX):
            return False
        if hasattr(block.ffn, "aa") or not can_stack(block.ffn.key, *_receptance(block.ffn)):
            return False
        if att is not None and not can_stack(att.receptance, att.key, att.value, *_gate(att)):
            return False
    return True


class FusedModel:
    """The FusedStep of a model that `can_fuse` knows. Making one stacks the model's matrices."""

    def __init__(self, model: RWKVModel, overlap: bool = False) -> None:
        self.model = model
        self.width = model.sizes.n_embd
        self.launcher = Launcher(overlap)
        mix = {"5": MatrixMix, "6": ChosenMatrixMix, "7": DeltaMix}.get(model.version, SumMix)
        self.blocks = [_Block(model, i, mix) for i in range(model.sizes.n_layer)]
        self.head = stack(model.weights.head)
        place = model.device
        first_values = torch.zeros(self.width, device=place)
        for block in self.blocks:
            if isinstance(block.first, DeltaMix):
                block.first.first_values = first_values
        self.x = torch.zeros(2, self.width, device=place)
        self.normed = torch.zeros(self.width, device=place)
        self.logits = torch.zeros(model.sizes.vocab_size, device=place)
        self._ready = False
        self._builder: threading.Thread | None = None

    def ready(self) -> bool:
        return self._ready

    def build(self) -> None:
        """Compile every kernel in a thread, by running one step aside."""
        self._builder = threading.Thread(target=self._build, name="gpu-kernels")
        self._builder.start()

    def wait(self) -> None:
        if self._builder is not None:
            self._builder.join()

    def _build(self) -> None:
        try:
            with torch.no_grad(), torch.cuda.device(self.model.device), torch.cuda.stream(torch.cuda.Stream()):
                page = Page(self.model.new_state())
                self.run(page, torch.zeros(1, dtype=torch.int64, device=self.model.device))
                torch.cuda.current_stream().synchronize()
            self._ready = True
        except Exception:  # whatever a compiler may raise: the recorded plain step goes on
            log.warning("The GPU kernels could not be built; writing goes on without them.", exc_info=True)

    def run(self, page: Page, token: Tensor) -> Tensor:
        start, w = self.launcher, self.model.weights
        x, spare = self.x[0], self.x[1]
        first = getattr(w.blocks[0], "ln0", None)
        start.embed(token, w.emb.table, first, x)
        layers = page.view().layers
        for block, memory in zip(self.blocks, layers, strict=True):
            x, spare = block.run(start, x, spare, memory)
        start.norm(x, w.ln_out, self.normed)
        start.product(self.normed, self.head, self.logits)
        return self.logits


class _Block:
    def __init__(self, model: RWKVModel, layer: int, mix: Any) -> None:
        block = model.weights.blocks[layer]
        self.normed_stream = model.version == "2"
        """Version 2 goes on from the normed stream, the others from the stream itself."""
        self.norms = block.ln1, block.ln2
        att = getattr(block, "att", None)
        self.first: Any = (
            mix(model, layer) if att is not None else ChannelMix(model, block.ffnPre, "ffn_pre.last_input")
        )
        self.second = ChannelMix(model, block.ffn, "ffn.last_input")

    def run(self, start: Launcher, x: Tensor, spare: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Returns where the stream is now, and the other buffer."""
        for norm, part in zip(self.norms, (self.first, self.second), strict=True):
            if self.normed_stream:
                part.run(start, x, norm, memory, spare)
                x, spare = spare, x
            else:
                part.run(start, x, norm, memory, None)
        return x, spare


class ChannelMix:
    """Wv·relu²(Wk x_k), gated by σ(Wr x_r) but in version 7."""

    def __init__(self, model: RWKVModel, w: Any, field: str) -> None:
        place, self.field = model.device, field
        names = ("time_mix_k", "time_mix_r", "time_maa_k", "time_maa_r", "x_k", "time_mix")
        self.shares = shares_of(*[getattr(w, name) for name in names if hasattr(w, name)])
        self.from_current = model.version in ("6", "7")
        self.into, self.value = stack(w.key, *_receptance(w)), stack(w.value)
        hidden, gated = self.into.ends[0], len(self.into.ends) > 1
        self.blends = torch.zeros(self.shares.shape, device=place)
        self.found = torch.zeros(self.into.ends[-1], device=place)
        self.gate = self.found[hidden:] if gated else None
        self.step = self.shares.shape[1] if len(self.shares) > 1 else 0

    def run(self, start: Launcher, x: Tensor, norm: Any, memory: Memory, normed: Tensor | None) -> None:
        start.blend(x, norm, memory[self.field], self.shares, self.blends, normed, self.from_current)
        start.product(self.blends, self.into, self.found, (kernels.SQUARED_RELU, kernels.SIGMOID), self.step)
        start.product(self.found, self.value, x if normed is None else normed, gate=self.gate, add=True)


class SumMix:
    """The time mix of versions 2 to 4."""

    def __init__(self, model: RWKVModel, layer: int) -> None:
        w, place = model.weights.blocks[layer].att, model.device
        names = ("time_mix_r", "time_mix_k", "time_mix_v", "time_mix")
        self.shares = shares_of(*[getattr(w, name) for name in names if hasattr(w, name)])
        self.step = self.shares.shape[1] if len(self.shares) > 1 else 0
        self.in_logarithms = model.version == "4"
        self.decay = wkv.fading(w.time_decay).contiguous()
        self.bonus = w.time_first if self.in_logarithms else torch.exp(w.time_first)
        self.epsilon = 1e-16 if model.version == "2" and hasattr(model.weights, "head_q") else 1e-8
        self.into, self.out = stack(w.receptance, w.key, w.value), stack(w.output)
        self.blends = torch.zeros(self.shares.shape, device=place)
        self.projected = torch.zeros(self.into.ends[-1], device=place)
        self.read = torch.zeros(self.out.columns, device=place)

    def run(self, start: Launcher, x: Tensor, norm: Any, memory: Memory, normed: Tensor | None) -> None:
        start.blend(x, norm, memory["att.last_input"], self.shares, self.blends, normed)
        key = kernels.LINEAR if self.in_logarithms else kernels.EXP
        start.product(self.blends, self.into, self.projected, (kernels.SIGMOID, key), self.step)
        if self.in_logarithms:
            start.memory_log_sums(self.projected, self.decay, self.bonus, memory, self.read)
        else:
            start.memory_sums(self.projected, self.decay, self.bonus, memory, self.read, self.epsilon)
        start.product(self.read, self.out, x if normed is None else normed, add=True)


class MatrixMix:
    """The time mix of version 5."""

    def __init__(self, model: RWKVModel, layer: int) -> None:
        w, place = model.weights.blocks[layer].att, model.device
        names = ("time_mix_r", "time_mix_k", "time_mix_v", "time_mix_g")
        self.shares = shares_of(*[getattr(w, name) for name in names if hasattr(w, name)])
        each: Any = model
        self.decay = each.each_channel(w.time_decay).reshape(-1).contiguous()
        self.bonus = each.each_channel(bonus(w)).reshape(-1).contiguous()
        self.into, self.out, self.norm = stack(w.receptance, w.key, w.value, *_gate(w)), stack(w.output), w.ln_x
        self.blends = torch.zeros(self.shares.shape, device=place)
        self.projected = torch.zeros(self.into.ends[-1], device=place)
        self.read = torch.zeros(self.out.columns, device=place)

    def run(self, start: Launcher, x: Tensor, norm: Any, memory: Memory, normed: Tensor | None) -> None:
        start.blend(x, norm, memory["att.last_input"], self.shares, self.blends)
        start.product(self.blends, self.into, self.projected, input_step=self.shares.shape[1])
        state, gated = memory["att.wkv"], len(self.into.ends) > 3
        start.memory_matrix(self.projected, self.decay, self.bonus, state, self.norm, self.read, gated)
        start.product(self.read, self.out, x, add=True)


class ChosenMatrixMix:
    """The time mix of version 6. The fifth blend, for the decay, comes last."""

    def __init__(self, model: RWKVModel, layer: int) -> None:
        w, place = model.weights.blocks[layer].att, model.device
        self.width = model.sizes.n_embd
        order = [3, 1, 2, 4, 0]  # the file has w, k, v, r, g
        self.share = w.time_maa_x
        self.shares = shares_of(w.time_maa_r, w.time_maa_k, w.time_maa_v, w.time_maa_g, w.time_maa_w)
        self.w1 = compact(w.time_maa_w1.unflatten(1, (5, -1))[:, order].flatten(1).T)
        self.w2 = compact(w.time_maa_w2[order])
        self.decay, self.bonus = w.time_decay, w.time_faaaa.reshape(-1).contiguous()
        self.decay_w1, self.decay_w2 = compact(w.time_decay_w1.T), compact(w.time_decay_w2)
        self.into, self.out, self.norm = stack(w.receptance, w.key, w.value, w.gate), stack(w.output), w.ln_x
        self.z = torch.zeros(self.w1.shape[0], device=place)
        self.blends = torch.zeros(5, self.width, device=place)
        self.projected = torch.zeros(self.into.ends[-1], device=place)
        self.low = torch.zeros(self.decay_w1.shape[0], device=place)
        self.read = torch.zeros(self.out.columns, device=place)

    def run(self, start: Launcher, x: Tensor, norm: Any, memory: Memory, normed: Tensor | None) -> None:
        last, width = memory["att.last_input"], self.width
        start.chosen_shares(x, norm, last, self.share, self.w1, self.z)
        start.five_blends(x, norm, last, self.shares, self.w2, self.z, self.blends)
        side = Side(self.decay_w1, 4 * width, self.low)
        start.product(self.blends, self.into, self.projected, input_step=width, side=side)
        state = memory["att.wkv"]
        start.memory_matrix(
            self.projected, self.decay, self.bonus, state, self.norm, self.read, True, self.low, self.decay_w2
        )
        start.product(self.read, self.out, x, add=True)


def _receptance(w: Any) -> list[Any]:
    return [w.receptance] if hasattr(w, "receptance") else []


def _gate(w: Any) -> list[Any]:
    return [w.gate] if hasattr(w, "gate") else []
