"""The time mix of version 7 in kernels: projections, first halves of the low-rank maps, delta rule, output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rwkv_backend.cuda import kernels, memory_kernels
from rwkv_backend.cuda.launching import Launcher, shares_of
from rwkv_backend.cuda.matrices import Stacked, compact, stack
from rwkv_backend.cuda.sizes import power_of_two_over
from rwkv_backend.mixing import GROUP_NORM_EPS
from rwkv_backend.models.v7 import SLOWEST

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel


class DeltaMix:
    """Blends are kept in the order r, k, v, g, w, a, so that the low-rank maps read on from v's or, in block 0, from g's."""

    def __init__(self, model: RWKVModel, layer: int) -> None:
        w, place = model.weights.blocks[layer].att, model.device
        self.width, self.first = model.sizes.n_embd, layer == 0
        self.shares = shares_of(w.x_r, w.x_k, w.x_v, w.x_g, w.x_w, w.x_a)
        self.into, self.out, self.norm = stack(w.receptance, w.key, w.value), stack(w.output), w.ln_x
        letters = "gwa" if self.first else "vgwa"
        self.ranks = {letter: getattr(w, f"{letter}1").shape[1] for letter in letters}
        self.low_matrix = self._first_halves(w, letters)
        self.functions = tuple(
            {"g": kernels.SIGMOID, "w": kernels.TANH}.get(letter, kernels.LINEAR) for letter in letters
        )
        nothing = torch.zeros(1, device=place)
        self.first_values = nothing
        """Where block 0 leaves its values for the blocks above (C,): set by who makes all blocks."""
        self.vectors = [
            w.w0,
            compact(w.w2),
            w.a0,
            compact(w.a2),
            nothing if self.first else w.v0,
            nothing if self.first else compact(w.v2),
            compact(w.g2),
            w.k_k,
            w.k_a,
            w.r_k.reshape(-1).contiguous(),
        ]
        self.blends = torch.zeros(6, self.width, device=place)
        self.projected = torch.zeros(3 * self.width, device=place)
        self.low = torch.zeros(self.low_matrix.ends[-1], device=place)
        self.read = torch.zeros(self.width, device=place)

    @staticmethod
    def _first_halves(w: Any, letters: str) -> Stacked:
        halves = [getattr(w, f"{letter}1").T for letter in letters]
        ends, total = [], 0
        for half in halves:
            ends.append(total := total + half.shape[0])
        return Stacked(compact(torch.cat(halves)), None, tuple(ends))

    def run(self, start: Launcher, x: Tensor, norm: Any, memory: dict[str, Tensor], normed: Tensor | None) -> None:
        start.blend(x, norm, memory["att.last_input"], self.shares, self.blends, from_current=True)
        start.product(self.blends, self.into, self.projected, input_step=self.width)
        beginning = self.blends[3 if self.first else 2 :]
        start.product(beginning, self.low_matrix, self.low, self.functions, self.width)
        self._remember(start, memory["att.wkv"])
        start.product(self.read, self.out, x, add=True)

    def _remember(self, start: Launcher, memory: Tensor) -> None:
        heads, size, _ = memory.shape
        memory_kernels.memory_delta[(heads,)](
            self.projected,
            self.low,
            self.first_values,
            *self.vectors,
            memory,
            self.norm.weight,
            self.norm.bias,
            self.read,
            C=self.width,
            N=size,
            **{f"R{letter.upper()}": self.ranks.get(letter, 0) for letter in "vgwa"},
            EPS=GROUP_NORM_EPS,
            SLOWEST=SLOWEST,
            FIRST=self.first,
            BN=power_of_two_over(size),
            num_warps=4,
            **start.more,
        )
