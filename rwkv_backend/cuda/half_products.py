"""x @ Wᵀ in 16 bits on the tensor cores, with float32 on both sides and in the sums: what `linear.FloatLinear` does there.

float16 ends at 65,504, which the squared ReLU of large models passes: each row is brought to at most 1 before.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from torch.nn import functional

from rwkv_backend.cuda import scans
from rwkv_backend.cuda.sizes import power_of_two_over


def product(x: Tensor, weight: Tensor) -> Tensor:
    """x (T, K) float32, weight (R, K) float16 or bfloat16 -> (T, R) float32."""
    if weight.dtype == torch.bfloat16:
        return _multiplied(x.bfloat16(), weight)
    halves, size = _halves(x)
    return _multiplied(halves, weight).mul_(size)


def int8_product(x: Tensor, whole: Tensor, scale: Tensor) -> Tensor:
    """x (T, K) float32, whole (R, K) int8 with a scale a row (R,) -> (T, R) float32. ±127 are exact halves."""
    halves, size = _halves(x)
    return _multiplied(halves, whole.half()).mul_(size).mul_(scale)


def _halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """x (T, K) by rows of at most 1, and what each was divided by (T, 1)."""
    if not scans.can_scan(x):
        size = x.abs().amax(-1, keepdim=True).clamp(min=1.0)
        return (x / size).half(), size
    x = x.contiguous()
    halves = torch.empty(x.shape, dtype=torch.float16, device=x.device)
    size = torch.empty(x.shape[0], 1, device=x.device)
    block = min(power_of_two_over(x.shape[1]), 2048)
    with torch.cuda.device_of(x):
        scans.kernels().half_rows[(x.shape[0],)](x, halves, size, K=x.shape[1], BLOCK=block, num_warps=4)
    return halves, size


def _multiplied(x: Tensor, weight: Tensor) -> Tensor:
    if x.shape[0] > 1 and _wide_results(x.device):
        return torch.mm(x, weight.T, out_dtype=torch.float32)
    return functional.linear(x, weight).float()


@functools.cache
def _wide_results(device: torch.device) -> bool:
    """Whether this torch can leave the sums of a 16-bit product in float32."""
    try:
        one = torch.ones(16, 16, dtype=torch.float16, device=device)
        return torch.mm(one, one, out_dtype=torch.float32).dtype == torch.float32
    except (RuntimeError, TypeError):
        return False
