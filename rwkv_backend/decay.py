"""Every version's decay in one unit: the fraction kept a token, and what follows from it.

half-life   after how many tokens half is left: ln ½ / ln w
left        what is left of a token after n more: wⁿ
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Real = NDArray[np.float32] | NDArray[np.float64]


def half_life(fraction: Real) -> Array:
    """Tokens until half is left, from the fraction kept a token (any shape); 0 for 0, infinite for 1."""
    kept = np.clip(np.asarray(fraction, dtype=np.float64), 0.0, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(2.0) / np.abs(np.log(kept)))  # the logarithm of 1 is a zero that may bear a sign


def left_after(fraction: Real, tokens: Real) -> Array:
    """fraction (...,), tokens (n,) -> what is left (..., n), between 0 and 1."""
    return np.asarray(np.asarray(fraction, dtype=np.float64)[..., None] ** np.asarray(tokens, dtype=np.float64))


def outliving(fraction: Real, tokens: float) -> int:
    """How many channels or heads keep more than half for longer than `tokens` tokens."""
    return int((half_life(fraction) > tokens).sum())
