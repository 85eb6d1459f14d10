"""Logit lens: what the model would say next if it stopped after each layer.

The stream after layer l goes through the final norm and the head, as if no layer came after it. The last layer's row is
the model's own answer and equals `forward`'s logits. Two versions need care:

    1          time_out scales every position before the head; it is applied in every row
    copy head  (in some files of 1 to 4) its scores belong to the finished stream alone: only the last layer's row has
               them, the rows before it are the plain head's, and the table's note says so
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from rwkv_backend.analysis.reading import (
    NUMBERS_AT_ONCE,
    begin,
    frozen,
    frozen_ids,
    require_layer,
    require_tokens,
    text_of,
)
from rwkv_backend.analysis.records import LensTable
from rwkv_backend.errors import SettingError
from rwkv_backend.models.base import LONGEST_CHUNK
from rwkv_backend.probe import Probe
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

COPY_NOTE = "Only the last layer's row has the copy head's scores: they are made from the finished stream."


class _Row(NamedTuple):
    """One layer's answers for the tokens of a chunk."""

    top_tokens: Tensor  # (T, K)
    top_probabilities: Tensor  # (T, K)
    next_probability: Tensor  # (T,)
    next_rank: Tensor  # (T,)
    entropy: Tensor  # (T,)


def logit_lens(
    model: RWKVModel,
    tokens: Sequence[int],
    tokenizer: Tokenizer | None = None,
    *,
    state: State | None = None,
    layers: Sequence[int] | None = None,
    first: int = 0,
    top: int = 10,
) -> Generator[Progress, None, LensTable]:
    """The table of layers × tokens[first:]; `state` is what was read before `tokens` (it is left as it is).

    Raises TokenError for no tokens, SettingError for a layer or a first token that is not there.
    """
    require_tokens(tokens)
    chosen = tuple(sorted(set(range(model.sizes.n_layer) if layers is None else layers)))
    for layer in chosen:
        require_layer(model, layer)
    if not chosen or not 0 <= first < len(tokens) or top < 1:
        raise SettingError("The lens needs a layer, a token of the text to begin with, and at least one word to list.")
    state, began, parts = begin(model, state), time.perf_counter(), []
    if first:
        with torch.no_grad():
            model.forward(tokens[:first], state)
        yield Progress(first, len(tokens), "tokens", time.perf_counter() - began)
    chunk = max(16, min(LONGEST_CHUNK, NUMBERS_AT_ONCE // model.sizes.vocab_size))
    for start in range(first, len(tokens), chunk):
        following = torch.tensor([*tokens[start + 1 : start + chunk + 1], -1][: min(chunk, len(tokens) - start)])
        rows = []
        for row in _rows(model, tokens[start : start + chunk], following, state, chosen, top):
            rows.append(row)
            done = start + len(following) * len(rows) // len(chosen)
            yield Progress(done, len(tokens), "tokens", time.perf_counter() - began)
        parts.append(rows)
    return _table(model, tokens[first:], tokenizer, chosen, parts)


def _rows(
    model: RWKVModel, tokens: Sequence[int], following: Tensor, state: State, layers: tuple[int, ...], top: int
) -> Iterator[_Row]:
    probe, position = Probe("residual", every=True), state.tokens_seen
    with torch.no_grad():
        final = model.forward(tokens, state, every=True, probe=probe)
    for layer in layers:
        is_last = layer == model.sizes.n_layer - 1
        with torch.no_grad():
            logits = final if is_last else early_logits(model, probe.found[layer, "residual"], position)
            yield _summary(logits, following.to(logits.device), min(top, model.sizes.vocab_size))


def early_logits(model: RWKVModel, x: Tensor, position: int) -> Tensor:
    """The final norm and the plain head over a stream x (T, C) whose first token stands at `position`; (T, V)."""
    w = model.weights
    if model.version == "1":
        return w.head(w.ln_f(x) * w.time_out[position : position + len(x)].unsqueeze(1))
    return w.head(w.ln_out(x))


def _summary(logits: Tensor, following: Tensor, top: int) -> _Row:
    log_p = torch.log_softmax(logits.float(), -1)
    known = following >= 0
    of_next = log_p.gather(1, following.clamp(min=0).unsqueeze(1))  # (T, 1)
    rank = (log_p > of_next).sum(1)
    best = log_p.topk(top)
    return _Row(
        best.indices,
        best.values.exp(),
        torch.where(known, of_next.squeeze(1).exp(), torch.nan),
        torch.where(known, rank, -1),
        -(log_p.exp() * log_p).nan_to_num(0.0).sum(1),
    )


def _table(
    model: RWKVModel,
    tokens: Sequence[int],
    tokenizer: Tokenizer | None,
    layers: tuple[int, ...],
    parts: list[list[_Row]],
) -> LensTable:
    """Chunks of rows, put together."""
    by_layer = [_Row(*(torch.cat(pieces) for pieces in zip(*rows, strict=True))) for rows in zip(*parts, strict=True)]
    whole = _Row(*(torch.stack(pieces) for pieces in zip(*by_layer, strict=True)))
    listed = {*tokens, *whole.top_tokens.unique().tolist()}
    return LensTable(
        layers=layers,
        tokens=tuple(int(token) for token in tokens),
        texts={token: text_of(tokenizer, token) for token in sorted(listed)},
        top_tokens=frozen_ids(whole.top_tokens),
        top_probabilities=frozen(whole.top_probabilities),
        next_probability=frozen(whole.next_probability),
        next_rank=frozen_ids(whole.next_rank),
        entropy=frozen(whole.entropy),
        note=COPY_NOTE if hasattr(model.weights, "head_q") else "",
    )
