"""The likeliest tokens of logits on a device, brought over in one piece: all that sampling needs of them in most texts.

Waiting for a device and copying 65,536 logits each token would take longer than the step of a small model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

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
    values, ids = changed.topk(count)
    totals = torch.stack((raw.logsumexp(0), changed.logsumexp(0)))
    table = torch.cat((values, ids.to(torch.float64), raw[ids], totals)).cpu()  # ids below 2⁵³ are exact
    values, numbers, listed, totals = table.split([count, count, count, 2])
    order = numbers.argsort()
    if count < len(raw):  # more tokens may be as likely as the last: leave out all of that likelihood
        order = order[(values > values[-1])[order]]
    probs = torch.exp(values - totals[1])
    return Shortlist(numbers[order].to(torch.int64), listed[order], probs[order], float(totals[0]))


def best(raw: Tensor, changed: Tensor) -> tuple[int, float, float]:
    """The token with the highest changed logit, its raw one, and log Σ exp of all raw logits."""
    place = changed.argmax()
    token, logit, total = torch.stack((place.to(torch.float64), raw[place], raw.logsumexp(0))).tolist()
    return int(token), logit, total
