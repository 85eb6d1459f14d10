"""How well a model foresees a text: nats a token, bits a byte, and loss by position.

Bits per byte is the figure to compare models by: their tokenizers cut the text differently, so a loss per token of one says
nothing about another's. A text of B bytes and T tokens with a mean loss of n nats has n·T / (B·ln 2) bits per byte.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import torch

from rwkv_backend.errors import TokenError
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import Progress
from rwkv_backend.state import State

LOGITS_AT_ONCE = 2**23
"""Numbers in the logits of one chunk: 32 MB, whatever the vocabulary."""


@dataclass(frozen=True)
class PositionLoss:
    """Mean loss over the positions `start` to `end` (inclusive; 0 is the first token after the start token)."""

    start: int
    end: int
    tokens: int
    nats: float


@dataclass(frozen=True)
class TextLoss:
    tokens: int
    bytes: int
    nats: float
    """Sum over all tokens."""
    by_position: tuple[PositionLoss, ...]
    window: int | None
    seconds: float
    losses: torch.Tensor = field(repr=False, compare=False)
    """−ln p of each token, in their order; float64 (tokens,) on the CPU."""

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.tokens

    @property
    def bits_per_byte(self) -> float:
        return self.nats / math.log(2) / self.bytes


def text_loss(
    model: RWKVModel, tokens: Sequence[int], text_bytes: int, window: int | None = None
) -> Generator[Progress, None, TextLoss]:
    """Loss of tokens[1:], each foreseen from those before it.

    With `window`, every `window` tokens start from a fresh state whose first input is the token before them; without, the
    state is carried through the whole text. A model with a limited context always reads in windows, of at most its limit.
    """
    if len(tokens) < 2:
        raise TokenError("The text is empty: there is nothing to foresee.")
    if model.max_tokens is not None:
        window = min(window or model.max_tokens, model.max_tokens)
    began, losses = time.perf_counter(), _Losses()
    found: list[torch.Tensor] = []
    chunk = max(16, min(512, LOGITS_AT_ONCE // model.sizes.vocab_size))
    total = len(tokens) - 1
    state: State = model.new_state()
    for first in range(0, total, window or total):
        state = model.new_state()
        last = min(first + (window or total), total)
        for start in range(first, last, chunk):
            end = min(start + chunk, last)
            with torch.no_grad():
                found.append(token_losses(model, state, tokens[start : end + 1]))
            losses.add(start - first, found[-1])
            yield Progress(end, total, "tokens", time.perf_counter() - began)
    seconds = time.perf_counter() - began
    return TextLoss(total, text_bytes, losses.total, losses.by_position(), window, seconds, torch.cat(found))


def token_losses(model: RWKVModel, state: State, tokens: Sequence[int]) -> torch.Tensor:
    """−ln p of tokens[1:], each given those before it; float64 (T − 1,) on the CPU. `state` reads tokens[:-1]."""
    logits = model.forward(tokens[:-1], state, every=True)
    targets = torch.as_tensor(tokens[1:], dtype=torch.int64, device=logits.device)
    return torch.nn.functional.cross_entropy(logits, targets, reduction="none").cpu().double()


class _Losses:
    """Sums of losses by position, in buckets that double: 0, 1, 2–3, 4–7, 8–15 …"""

    def __init__(self) -> None:
        self.sums: dict[int, float] = {}
        self.counts: dict[int, int] = {}

    def add(self, position: int, losses: torch.Tensor) -> None:
        places = torch.arange(position, position + len(losses))
        buckets = torch.where(places == 0, 0, torch.floor(torch.log2(places.clamp(min=1).double())).long() + 1)
        for bucket in buckets.unique().tolist():
            inside = losses[buckets == bucket]
            self.sums[bucket] = self.sums.get(bucket, 0.0) + float(inside.sum())
            self.counts[bucket] = self.counts.get(bucket, 0) + len(inside)

    @property
    def total(self) -> float:
        return math.fsum(self.sums.values())

    def by_position(self) -> tuple[PositionLoss, ...]:
        return tuple(
            PositionLoss(2 ** (b - 1) if b else 0, 2**b - 1 if b else 0, self.counts[b], self.sums[b] / self.counts[b])
            for b in sorted(self.sums)
        )
