"""The likeliest tokens of logits on a device, brought over in one piece: all that sampling needs of them in most texts.

Waiting for a device and copying 65,536 logits each token would take longer than the step of a small model.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from rwkv_backend.cuda.graphs import GraphRecorder

LISTED = 1024
"""Tokens that are brought over."""


@dataclass(frozen=True)
class Shortlist:
    """On the CPU, in float64, by ascending id: all tokens that are at least as likely as the least likely one listed.

    raw: their logits before penalties; total: log Σ exp of all raw logits; probs: under the changed logits, of all tokens.
    """

    ids: Tensor
    raw: Tensor
    probs: Tensor
    total: float


def shortlist(raw: Tensor, changed: Tensor) -> Shortlist:
    """Logits (V,) float64 on any device, before and after penalties, bans and an early temperature."""
    count = min(LISTED, len(raw))
    table = (_finder(raw.device, len(raw))(raw, changed) if raw.is_cuda else _table(raw, changed)).cpu()
    values, numbers, listed, totals = table.split([count, count, count, 2])
    if count < len(raw):  # more tokens may be as likely as the last: leave out all of that likelihood
        likelier = values > values.min()
        values, numbers, listed = values[likelier], numbers[likelier], listed[likelier]
    return Shortlist(numbers.to(torch.int64), listed, torch.exp(values - totals[1]), float(totals[0]))


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
