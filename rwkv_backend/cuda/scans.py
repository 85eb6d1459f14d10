"""The recurrences of `wkv.py` over a chunk of tokens, one kernel each, for CUDA devices where Triton works.

Token by token inside the kernel: no decay is ever divided by, so nothing is lost, and the sum is in the same order however
a text is split. Not differentiable: where gradients are asked for the plain formulas go on.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from rwkv_backend.cuda.sizes import power_of_two_over


@functools.cache
def kernels() -> Any:
    """The module of kernels; None without Triton, or on a device that it has no code for."""
    try:
        from rwkv_backend.cuda import scan_kernels
    except ImportError:
        return None
    return scan_kernels


@functools.cache
def _known(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device) >= (7, 0) and kernels() is not None


def can_scan(*inputs: Tensor) -> bool:
    """Whether there are kernels for these inputs."""
    return inputs[0].is_cuda and _known(inputs[0].device) and not (torch.is_grad_enabled() and _need_gradients(inputs))


def _need_gradients(inputs: tuple[Tensor, ...]) -> bool:
    return any(x.requires_grad for x in inputs)


def matrix(r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """As `wkv.wkv_matrix`."""
    r, k, v, bonus, memory = _contiguous(r, k, v, bonus, memory)
    steady = decay.dim() == 2
    (decay,) = _contiguous(decay)
    count, heads, size = r.shape
    out, after = torch.empty_like(v), torch.empty_like(memory)
    wide = min(4, power_of_two_over(size))
    grid, step = (heads, -(-size // wide)), 0 if steady else heads * size
    block = power_of_two_over(size)
    with torch.cuda.device_of(out):
        kernels().scan_matrix[grid](
            r, k, v, decay, bonus, memory, out, after, count, step, N=size, BN=block, BV=wide, num_warps=1
        )
    return out, after


def delta(
    r: Tensor, k: Tensor, v: Tensor, decay: Tensor, a: Tensor, b: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """As `wkv.wkv_delta`."""
    r, k, v, decay, a, b, memory = _contiguous(r, k, v, decay, a, b, memory)
    count, heads, size = r.shape
    out, after = torch.empty_like(v), torch.empty_like(memory)
    wide = min(8, power_of_two_over(size))
    grid, block = (heads, -(-size // wide)), power_of_two_over(size)
    with torch.cuda.device_of(out):
        kernels().scan_delta[grid](
            r, k, v, decay, a, b, memory, out, after, count, N=size, BN=block, BV=wide, num_warps=2
        )
    return out, after


def log_sums(
    key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor, memory: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """As `wkv.wkv_log_sums`."""
    key, value, decay, bonus, *old = _contiguous(key, value, decay, bonus, *memory)
    out, new = torch.empty_like(value), tuple(torch.empty_like(part) for part in old)
    width = key.shape[1]
    with torch.cuda.device_of(out):
        kernels().scan_log_sums[(-(-width // 32),)](
            key, value, decay, bonus, *old, out, *new, key.shape[0], A=width, BLOCK=32, num_warps=1
        )
    return out, (new[0], new[1], new[2])


def sums(
    key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor, numerator: Tensor, denominator: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """As `wkv.wkv_sums`."""
    key, value, decay, bonus, *old = _contiguous(key, value, decay, bonus, numerator, denominator)
    out, new = torch.empty_like(value), tuple(torch.empty_like(part) for part in old)
    width = key.shape[1]
    with torch.cuda.device_of(out):
        kernels().scan_sums[(-(-width // 32),)](
            key, value, decay, bonus, *old, out, *new, key.shape[0], EPSILON=epsilon, A=width, BLOCK=32, num_warps=1
        )
    return out, new[0], new[1]


def _contiguous(*inputs: Tensor) -> tuple[Tensor, ...]:
    return tuple(x.contiguous() for x in inputs)
