"""Launching the kernels of `kernels.py`: grids, block sizes and which buffer goes where, in the terms of a model's block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rwkv_backend.cuda import kernels, matrices, memory_kernels
from rwkv_backend.cuda.matrices import Stacked, Tile
from rwkv_backend.cuda.sizes import divisor, power_of_two_over
from rwkv_backend.mixing import GROUP_NORM_EPS, LAYER_NORM_EPS, Norm


@dataclass(frozen=True)
class Side:
    """A small matrix that rides along with a product: out = tanh(matrix x), x beginning `input` numbers on."""

    matrix: Tensor
    input: int
    out: Tensor


class Launcher:
    """Starts kernels, one after the other, on the present stream."""

    def __init__(self, overlap: bool = False) -> None:
        self.more: dict[str, Any] = {"OVERLAP": overlap}
        if overlap:
            self.more["launch_pdl"] = True

    def embed(self, token: Tensor, table: Tensor, norm: Norm | None, x: Tensor) -> None:
        width = x.shape[0]
        kernels.embed[(1,)](
            token,
            table,
            table if norm is None else norm.weight,
            table if norm is None else norm.bias,
            x,
            C=width,
            EPS=LAYER_NORM_EPS,
            ROW=power_of_two_over(width),
            NORM=norm is not None,
            num_warps=4,
            **self.more,
        )

    def blend(
        self,
        x: Tensor,
        norm: Norm,
        last: Tensor,
        shares: Tensor,
        blends: Tensor,
        normed: Tensor | None = None,
        from_current: bool = False,
    ) -> None:
        self._norm(x, norm, last, shares, blends, normed, shares.shape[0], from_current)

    def norm(self, x: Tensor, norm: Norm, normed: Tensor) -> None:
        self._norm(x, norm, x, x, x, normed, 0, False)

    def _norm(
        self,
        x: Tensor,
        norm: Norm,
        last: Tensor,
        shares: Tensor,
        blends: Tensor,
        normed: Tensor | None,
        count: int,
        from_current: bool,
    ) -> None:
        width, block = x.shape[0], 128
        kernels.norm_and_blend[(-(-width // block),)](
            x,
            norm.weight,
            norm.bias,
            last,
            shares,
            blends,
            x if normed is None else normed,
            C=width,
            EPS=LAYER_NORM_EPS,
            ROW=power_of_two_over(width),
            BLOCK=block,
            COUNT=count,
            FROM_CURRENT=from_current,
            KEEP_NORMED=normed is not None,
            num_warps=4,
            **self.more,
        )

    def product(
        self,
        x: Tensor,
        stacked: Stacked,
        out: Tensor,
        functions: tuple[int, ...] = (),
        input_step: int = 0,
        gate: Tensor | None = None,
        add: bool = False,
        side: Side | None = None,
    ) -> None:
        """out = f(matrix x); with `add` out += it, with `gate` out += gate·it."""
        tile = matrices.tile_for(stacked.ends, stacked.columns, stacked.weight.itemsize)
        programs = stacked.ends[-1] // tile.rows
        small = Tile(divisor((side.matrix.shape[0],), 4), tile.columns) if side is not None else Tile(1, 16)
        beside = 0 if side is None else side.matrix.shape[0] // small.rows
        ends, codes = (*stacked.ends, *[2**30] * 3), (*functions, *[kernels.LINEAR] * 4)
        kernels.matvec[(programs + beside,)](
            x,
            stacked.weight,
            out if stacked.scale is None else stacked.scale,
            out,
            out if gate is None else gate,
            out if side is None else side.matrix,
            out if side is None else side.out,
            K=stacked.columns,
            INPUT_STEP=input_step,
            **{f"END{i}": ends[i] for i in range(3)},
            **{f"F{i}": codes[i] for i in range(4)},
            FORM=kernels.ADD_GATED if gate is not None else kernels.ADD if add else kernels.STORE,
            SCALED=stacked.scale is not None,
            PROGRAMS=programs,
            SIDE=side is not None,
            SIDE_INPUT=0 if side is None else side.input,
            BR=tile.rows,
            BK=tile.columns,
            SIDE_BR=small.rows,
            SIDE_BK=small.columns,
            STAGES=tile.stages,
            num_warps=tile.warps,
            **self.more,
        )

    def chosen_shares(self, x: Tensor, norm: Norm, last: Tensor, share: Tensor, w1: Tensor, z: Tensor) -> None:
        width, rows = x.shape[0], divisor((w1.shape[0],), 2)
        kernels.chosen_shares[(w1.shape[0] // rows,)](
            x,
            norm.weight,
            norm.bias,
            last,
            share,
            w1,
            z,
            C=width,
            EPS=LAYER_NORM_EPS,
            ROW=power_of_two_over(width),
            BR=rows,
            num_warps=4,
            **self.more,
        )

    def five_blends(
        self, x: Tensor, norm: Norm, last: Tensor, shares: Tensor, w2: Tensor, z: Tensor, blends: Tensor
    ) -> None:
        width, block = x.shape[0], 16
        kernels.five_blends[(-(-width // block),)](
            x,
            norm.weight,
            norm.bias,
            last,
            shares,
            w2,
            z,
            blends,
            C=width,
            D=w2.shape[1],
            EPS=LAYER_NORM_EPS,
            ROW=power_of_two_over(width),
            BLOCK=block,
            BD=power_of_two_over(w2.shape[1]),
            num_warps=4,
            **self.more,
        )

    def memory_matrix(
        self,
        projected: Tensor,
        decay: Tensor,
        bonus: Tensor,
        memory: Tensor,
        norm: Norm,
        out: Tensor,
        gated: bool,
        low: Tensor | None = None,
        table: Tensor | None = None,
    ) -> None:
        """memory (H, N, N); decay and bonus (A,); with low (E,) and table (E, A) the token decides on its decay."""
        heads, size, _ = memory.shape
        memory_kernels.memory_matrix[(heads,)](
            projected,
            projected if low is None else low,
            decay,
            projected if table is None else table,
            bonus,
            memory,
            norm.weight,
            norm.bias,
            out,
            A=heads * size,
            N=size,
            E=0 if low is None else low.shape[0],
            EPS=GROUP_NORM_EPS,
            GATED=gated,
            BN=power_of_two_over(size),
            num_warps=4,
            **self.more,
        )

    def memory_log_sums(
        self, projected: Tensor, decay: Tensor, bonus: Tensor, memory: dict[str, Tensor], out: Tensor
    ) -> None:
        width = out.shape[0]
        memory_kernels.memory_log_sums[(-(-width // 128),)](
            projected,
            decay,
            bonus,
            memory["att.numerator"],
            memory["att.denominator"],
            memory["att.max_exponent"],
            out,
            A=width,
            BLOCK=128,
            num_warps=4,
            **self.more,
        )

    def memory_sums(
        self, projected: Tensor, decay: Tensor, bonus: Tensor, memory: dict[str, Tensor], out: Tensor, epsilon: float
    ) -> None:
        width = out.shape[0]
        memory_kernels.memory_sums[(-(-width // 128),)](
            projected,
            decay,
            bonus,
            memory["att.numerator"],
            memory["att.denominator"],
            out,
            A=width,
            EPSILON=epsilon,
            BLOCK=128,
            num_warps=4,
            **self.more,
        )


def shares_of(*vectors: Tensor) -> Tensor:
    """Blend weights (C,) each, as one (count, C)."""
    return torch.stack([vector.reshape(-1) for vector in vectors]).contiguous()
