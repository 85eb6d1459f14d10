"""Slow, plain float64 formulas of RWKV 1 to 7: the second, independent way of computing every answer.

One module per version; the caller says which version a checkpoint is, nothing here guesses. `logits` gives the scores
of the token that follows each position, `run` also the state after the last token (not for v1, which has no recurrent
form).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.reference import v1, v2, v3, v4, v5, v6, v7
from tests.reference.common import Array, State, Weights

Logits: TypeAlias = Callable[[Weights, list[int]], Array]
Run: TypeAlias = Callable[[Weights, list[int]], tuple[Array, list[State]]]

RUN: dict[str, Run] = {
    "2": v2.run,
    "3": v3.run,
    "4": v4.run,
    "5.0": v5.run,
    "5.1": v5.run,
    "5.2": v5.run,
    "6.0": v6.run,
    "7.0": v7.run,
}
LOGITS: dict[str, Logits] = {
    "1": v1.logits,
    "2": v2.logits,
    "3": v3.logits,
    "4": v4.logits,
    "5.0": v5.logits,
    "5.1": v5.logits,
    "5.2": v5.logits,
    "6.0": v6.logits,
    "7.0": v7.logits,
}


def logits(version: str, weights: Weights, tokens: list[int]) -> Array:
    """(T, V)."""
    return LOGITS[version](weights, tokens)


def run(version: str, weights: Weights, tokens: list[int]) -> tuple[Array, list[State]]:
    """Logits (T, V) and, per layer, the state after the last token."""
    return RUN[version](weights, tokens)
