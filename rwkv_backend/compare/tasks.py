"""One question to one open model: generators that yield Progress, can be stopped by closing them, and return their record.

The needle has a file of its own. Nothing here depends on what ran before: every task begins with a fresh state.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rwkv_backend.analysis.loss import TextLoss, text_loss
from rwkv_backend.bench import time_model
from rwkv_backend.compare.arrays import frozen, frozen_ints
from rwkv_backend.compare.byte_loss import loss_by_byte, spans
from rwkv_backend.compare.records import (
    CompareSettings,
    Forgetting,
    MemoryResult,
    Reading,
    SpeedResult,
    Surprise,
    TextResult,
    Written,
)
from rwkv_backend.decay import half_life
from rwkv_backend.errors import TokenError
from rwkv_backend.generation import generate
from rwkv_backend.probe import Probe
from rwkv_backend.records import Finished, Progress, Step
from rwkv_backend.sampling import Sampler
from rwkv_backend.state import GROWING_AXIS

if TYPE_CHECKING:
    from rwkv_backend.models.base import FieldShape, RWKVModel
    from rwkv_backend.tokenizers import Tokenizer

DECAYS_READ = 512
"""Tokens of the text over which decays that change with each token are averaged."""


# Writing


def write(
    model: RWKVModel, tokenizer: Tokenizer, settings: CompareSettings
) -> Generator[Progress | Step, None, Written]:
    """Go on from the prompt, with the settings' seed."""
    params = replace(settings.sampling, seed=settings.seed)
    pieces: list[bytes] = []
    for event in generate(model, tokenizer, settings.prompt, sampler=Sampler(params), max_tokens=settings.max_tokens):
        if isinstance(event, Finished):
            return written_of(event, pieces)
        if isinstance(event, Step):
            pieces.append(event.data)
        yield event
    raise AssertionError("a generation that is not stopped ends with Finished")


def written_of(end: Finished, pieces: Sequence[bytes]) -> Written:
    """The record of a piece of writing; `pieces`: the bytes of its tokens."""
    edges = np.concatenate(([0], np.cumsum([len(piece) for piece in pieces], dtype=np.int64)))
    return Written(
        text=end.text,
        starts=frozen_ints(edges[:-1]),
        ends=frozen_ints(edges[1:]),
        logprobs=frozen(end.logprobs),
        reason=end.reason,
        seed=end.seed or 0,
        prompt_tokens=end.prompt_tokens,
        prompt_seconds=end.prompt_seconds,
        seconds=end.seconds,
    )


# The text


def read_text(
    model: RWKVModel, tokenizer: Tokenizer, text: str, settings: CompareSettings
) -> Generator[Progress, None, TextResult]:
    """Loss on the text, once for each window; the first reading is the one that `eval` makes."""
    tokens = corpus_tokens(tokenizer, text)
    size = len(text.encode("utf-8"))
    starts, ends = spans(tokenizer, tokens[1:], size)
    windows = windows_for(model, settings)
    readings, done = [], 0
    for window in windows:
        steps = text_loss(model, tokens, size, window)
        loss = yield from _offset(steps, done, len(windows) * (len(tokens) - 1))
        readings.append(_reading(loss, starts, ends))
        if len(readings) == 1:
            surprise = Surprise(frozen_ints(starts), frozen_ints(ends), frozen(loss.losses.numpy()))
        done += loss.tokens
    return TextResult(tuple(readings), surprise)


def windows_for(model: RWKVModel, settings: CompareSettings) -> list[int | None]:
    """The main window first, then the contexts for which the model has room and which are not the same."""
    longest = model.max_tokens
    main = settings.window if longest is None else min(settings.window or longest, longest)
    others = sorted({n for n in settings.contexts if n != main and (longest is None or n <= longest)})
    return [main, *others]


def corpus_tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    """The text's tokens after the one that goes before a text, as `eval` reads them."""
    start = tokenizer.start if tokenizer.end_of_text is None else tokenizer.end_of_text
    if start is None:
        raise TokenError("This tokenizer has no token to put before a text.", "Choose another tokenizer.")
    return [start, *tokenizer.encode_corpus(text)]


def _reading(loss: TextLoss, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Reading:
    by_byte = loss_by_byte(loss.losses.numpy(), starts, ends, loss.window)
    return Reading(loss.window, loss.tokens, loss.bytes, loss.nats, loss.bits_per_byte, by_byte, loss.seconds)


def _offset(steps: Generator[Progress, None, TextLoss], before: int, total: int) -> Generator[Progress, None, TextLoss]:
    """The same steps as a part of a longer way."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(before + step.done, total, step.unit)


# Speed and memory


def time_speed(model: RWKVModel, settings: CompareSettings) -> Generator[Progress, None, SpeedResult]:
    """As `bench` measures it, of a model that is open already."""
    steps = time_model(model, settings.speed_prompt_tokens, settings.speed_new_tokens, settings.speed_runs)
    found = yield from steps
    threads = torch.get_num_threads()
    return SpeedResult(found.prefill, found.decode, found.prompt_tokens, found.new_tokens, settings.speed_runs, threads)


def weigh(model: RWKVModel, settings: CompareSettings) -> Generator[Progress, None, MemoryResult]:
    """The weights as held, and the state after each number of tokens for which there is room."""
    limit = model.max_tokens
    tokens = sorted({n for n in settings.state_tokens if limit is None or n <= limit} | ({limit} if limit else set()))
    sizes = [state_bytes_after(model, n) for n in tokens]
    yield Progress(1, 1, "runs")
    return MemoryResult(model.weight_bytes, frozen_ints(tokens), frozen_ints(sizes), limit)


def state_bytes_after(model: RWKVModel, tokens: int) -> int:
    """Bytes of the state after `tokens` tokens, from the fields' shapes."""
    return sum(_field_bytes(item, tokens, model.copy_window) for item in model.field_shapes)


def _field_bytes(item: FieldShape, tokens: int, copy_window: int | None) -> int:
    shape = item.shape
    if item.field.axes[0] == GROWING_AXIS:
        shared_limit = copy_window if item.layers is None and copy_window is not None else tokens
        shape = (min(tokens, shared_limit), *shape[1:])
    places = 1 if item.layers is None else len(item.layers)
    return prod(shape) * places * (8 if item.whole_numbers else 4)


# Forgetting


def look_at_decay(model: RWKVModel, tokenizer: Tokenizer, text: str) -> Generator[Progress, None, Forgetting]:
    """Half-lives by the decay alone; version 1: its learned weights by distance."""
    yield Progress(0, 1, "runs")
    if model.version == "1":
        weights = model.decay(0)
        assert weights is not None
        table = weights.abs().float().cpu().numpy()
        found = Forgetting(None, False, frozen(table / max(float(table.max()), 1e-30)), "head")
    else:
        by_token = model.version in ("6", "7")
        kept = _mean_decays(model, tokenizer, text) if by_token else _decays(model)
        width = max((len(k) for k in kept if k is not None), default=1)
        unit = "head" if width == model.sizes.n_head else "channel"
        found = Forgetting(_half_lives(kept, width), by_token, None, unit)
    yield Progress(1, 1, "runs")
    return found


def _decays(model: RWKVModel) -> list[NDArray[Any] | None]:
    every = [model.decay(layer) for layer in range(model.sizes.n_layer)]
    return [None if kept is None else kept.cpu().double().flatten().numpy() for kept in every]


def _mean_decays(model: RWKVModel, tokenizer: Tokenizer, text: str) -> list[NDArray[Any] | None]:
    """Over the first tokens of the text, the geometric mean: what a channel keeps after n tokens is its n-th power."""
    tokens = corpus_tokens(tokenizer, text)[:DECAYS_READ]
    probe = Probe("att.decay", every=True)
    with torch.no_grad():
        model.forward(tokens, model.new_state(), probe=probe)
    layers = range(model.sizes.n_layer)
    means = (probe.found[layer, "att.decay"].cpu().double().log().mean(0).exp() for layer in layers)
    return [mean.flatten().cpu().numpy() for mean in means]


def _half_lives(kept: Sequence[NDArray[Any] | None], width: int) -> NDArray[np.float32]:
    rows = np.full((len(kept), width), np.nan)
    for row, values in zip(rows, kept, strict=True):
        if values is not None:
            row[: len(values)] = np.sort(half_life(values))[::-1]
    return frozen(rows)
