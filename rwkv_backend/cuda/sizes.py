"""Block sizes of kernels: powers of two."""

from __future__ import annotations

from collections.abc import Sequence


def divisor(ends: Sequence[int], most: int) -> int:
    """The largest power of two up to `most` (at least 1) that divides all of `ends`."""
    size = 1 << (most.bit_length() - 1)
    while any(end % size for end in ends):
        size //= 2
    return size


def power_of_two_over(count: int) -> int:
    """The smallest power of two that is not below `count`, at least 16."""
    return max(16, 1 << (count - 1).bit_length())
