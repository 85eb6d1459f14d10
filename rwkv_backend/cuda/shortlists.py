"""The likeliest tokens of logits on a device, brought over in one piece: all that sampling needs of them in most texts.

Waiting for a device and copying 65,536 logits each token would take longer than the step of a small model.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rwkv_backend.cuda.graphs import GraphRecorder

LISTED = 1024
"""Tokens that are brought over."""


@dataclass(frozen=True)
class Shortlist:
    """In numpy, float64, by ascending id: all tokens that are at least as likely as the least likely one listed.

    raw: their logits before penalties; total: log Σ exp of all raw logits; probs: under the changed logits, of all tokens.
    """

    ids: NDArray[np.float64]
    raw: NDArray[np.float64]
    probs: NDArray[np.float64]
    total: float

    def above(self, floor: float) -> Shortlist:
        """Only those at least as likely as `floor`."""
        kept = self.probs >= floor
        return Shortlist(self.ids[kept], self.raw[kept], self.probs[kept], self.total)


def shortlist(raw: Tensor, changed: Tensor) -> Shortlist:
    """Logits (V,) float64 on any device, before and after penalties, bans and an early temperature."""
    words = raw.shape[0]
    count = min(LISTED, words)
    table = _finder(raw.device, words)(raw, changed) if raw.is_cuda else _table(raw, changed)
    values, ids, listed, totals = np.split(table.cpu().numpy(), [count, 2 * count, 3 * count])
    with np.errstate(invalid="ignore"):  # a NaN among the logits shows in the total
        found = Shortlist(ids, listed, np.exp(values - totals[1]), float(totals[0]))
    if count == words or not np.isfinite(totals).all():
        return found
    kept = values > values.min()  # more tokens may be as likely as the last: leave out all of that likelihood
    return Shortlist(found.ids[kept], found.raw[kept], found.probs[kept], found.total)


def best(raw: Tensor, changed: Tensor) -> tuple[int, float, float]:
    """The token with the highest changed logit, its raw one, and log Σ exp of all raw logits."""
    place = changed.argmax()
    token, logit, total = torch.stack((place.to(torch.float64), raw[place], raw.logsumexp(0))).tolist()
    return int(token), logit, total


def _table(raw: Tensor, changed: Tensor) -> Tensor:
    """By ascending id the changed logits, the ids and the raw logits of the likeliest; then log Σ exp of both."""
    ids = changed.topk(min(LISTED, len(raw)), sorted=False).indices.sort().values
    totals = torch.stack((raw, changed)).logsumexp(1)
    return torch.cat((changed[ids], ids.to(torch.float64), raw[ids], totals))  # ids below 2⁵³ are exact


class _Finder:
    """`_table` as a recorded graph: a dozen small kernels cost more to start than to run."""

    def __init__(self, device: torch.device, words: int) -> None:
        self._given = torch.zeros(2, words, dtype=torch.float64, device=device)
        self._replay, self._result = GraphRecorder(device).record(lambda: _table(self._given[0], self._given[1]))

    def __call__(self, raw: Tensor, changed: Tensor) -> Tensor:
        """The result holds until the next call."""
        self._given[0].copy_(raw)
        self._given[1].copy_(changed)
        self._replay()
        return self._result


@functools.lru_cache(maxsize=4)
def _finder(device: torch.device, words: int) -> _Finder:
    return _Finder(device, words)
