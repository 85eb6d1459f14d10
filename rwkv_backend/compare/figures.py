"""The pictures of a comparison. All models share a picture's axes; each keeps its colour, dash and mark in all pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rwkv_backend.compare.drawing.charts import Bar, BarChart, LineChart, Series, draw_bars, draw_lines
from rwkv_backend.compare.drawing.scales import Axis
from rwkv_backend.compare.drawing.shapes import Picture
from rwkv_backend.compare.records import Comparison, ModelResult, Surprise
from rwkv_backend.records import Spread

SURPRISE_PARTS = 60
"""Pieces of the text of which the mean surprise is shown."""

HALF_LIFE_RANGE = (0.1, 1e6)
"""Tokens; what lasts longer is drawn at the end."""

SHARES_DRAWN = 150
"""Points of a line of half-lives."""

DISTANCES_DRAWN = 40
"""Most steps into which version 1's distances are cut."""


@dataclass(frozen=True)
class Figure:
    """key: its file's name. caption: what is shown, and how to read it."""

    key: str
    title: str
    caption: str
    picture: Picture


def figures(comparison: Comparison) -> list[Figure]:
    """Those for which at least one model has numbers."""
    makers: tuple[Callable[[Comparison], Figure | None], ...] = (
        bits_per_byte,
        by_context,
        by_position,
        surprise,
        lead,
        needle,
        half_lives,
        by_distance,
        state_size,
        prompt_speed,
        writing_speed,
    )
    return [figure for make in makers if (figure := make(comparison)) is not None]


def bits_per_byte(comparison: Comparison) -> Figure | None:
    bars = [
        Bar(m.title, place, m.text.bits_per_byte, f"{m.text.bits_per_byte:.4f}")
        for place, m in enumerate(comparison.models)
        if m.text
    ]
    caption = (
        "Lower is better. Bits per byte can be compared between models whose tokenizers cut the text differently; "
        "loss per token cannot."
    )
    return _bars("bits_per_byte", "Bits per byte on the text", caption, "bits per byte", bars)


def by_context(comparison: Comparison) -> Figure | None:
    """Readings whose window is a number of tokens."""

    def line(model: ModelResult) -> tuple[list[float], list[float]] | None:
        readings = [] if model.text is None else [r for r in model.text.readings if r.window is not None]
        readings.sort(key=lambda r: r.window or 0)
        return ([float(r.window or 0) for r in readings], [r.bits_per_byte for r in readings]) if readings else None

    caption = (
        "The whole text, read in windows of so many tokens that each begin with a fresh state. A line that falls says "
        "that more context helps; it ends where a model has no more room."
    )
    axes = Axis("context (tokens read from a fresh state)", log=2), Axis("bits per byte")
    return _lines("context", "Does more context help?", caption, axes, comparison, line)


def by_position(comparison: Comparison) -> Figure | None:
    def line(model: ModelResult) -> tuple[list[float], list[float]] | None:
        if model.text is None:
            return None
        found = model.text.readings[0].by_byte
        middles = np.sqrt(np.maximum(found.starts, 1) * found.ends)
        return middles.tolist(), found.bits.tolist()

    caption = (
        "Mean loss by how many bytes the model had read since its state was fresh, in buckets that double, over all windows "
        "of the first reading. All models meet the same text at the same place if their windows are alike."
    )
    axes = Axis("position (bytes since the state was fresh)", log=2), Axis("bits per byte")
    return _lines("position", "Loss by position in bytes", caption, axes, comparison, line)


def surprise(comparison: Comparison) -> Figure | None:
    size = max(1, comparison.text_bytes)
    parts = min(SURPRISE_PARTS, size)
    edges = np.linspace(0, size, parts + 1)

    def line(model: ModelResult) -> tuple[list[float], list[float]] | None:
        if model.text is None:
            return None
        sums = np.diff(np.interp(edges, *_running(model.text.surprise)))
        return ((edges[1:] + edges[:-1]) / 2).tolist(), (sums / np.diff(edges)).tolist()

    caption = f"Mean surprise in each of {parts} equal pieces of the text. Peaks are where the text is hard to foresee."
    axes = Axis("place in the text (bytes)"), Axis("nats per byte")
    return _lines("surprise", "Surprise along the text", caption, axes, comparison, line)


def lead(comparison: Comparison) -> Figure | None:
    """Only for two models or more."""
    size, read = max(1, comparison.text_bytes), [m for m in comparison.models if m.text]
    if len(read) < 2:
        return None
    places = np.linspace(0, size, 2 * SURPRISE_PARTS + 1)
    spent = {id(m): np.interp(places, *_running(m.text.surprise)) / math.log(2) for m in read if m.text}
    mean = np.mean(list(spent.values()), axis=0)

    def line(model: ModelResult) -> tuple[list[float], list[float]] | None:
        return None if id(model) not in spent else (places.tolist(), (mean - spent[id(model)]).tolist())

    caption = (
        "Bits saved from the beginning of the text on, against the mean of all models here. A line that rises steadily is "
        "better everywhere; one that leaps is better at that place."
    )
    axes = Axis("place in the text (bytes)"), Axis("bits saved against the mean")
    return _lines("lead", "Where the difference comes from", caption, axes, comparison, line, zero_line=True)


def _running(found: Surprise) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Byte offsets, and the nats spent up to each."""
    nats = np.cumsum(found.nats, dtype=np.float64)
    return np.concatenate(([0.0], found.ends)), np.concatenate(([0.0], nats))


def needle(comparison: Comparison) -> Figure | None:
    curves = [(p, m.title, m.needle) for p, m in enumerate(comparison.models) if m.needle]
    every = sorted({int(n) for _, _, curve in curves for n in curve.distances})
    series = [
        Series(
            title,
            place,
            tuple(float(every.index(int(n))) for n in curve.distances),
            tuple(curve.saved.tolist()),
            tuple(curve.error.tolist()),
        )
        for place, title, curve in curves
    ]
    if not series:
        return None
    trials = max(curve.trials for _, _, curve in curves)
    caption = (
        "A made-up name is introduced, some tokens of tale follow, then the name is due. Shown are the bits it costs less "
        f"than after another name's introduction: mean of {trials} trials, bars of one standard error. 0: nothing is kept."
    )
    axes = Axis("tokens between", names=tuple(f"{n:,}" for n in every)), Axis("bits saved by memory", from_zero=True)
    chart = LineChart(caption, *axes, tuple(series), zero_line=True)
    return Figure("recall", "How long a name is remembered", caption, draw_lines(chart))


def half_lives(comparison: Comparison) -> Figure | None:
    def line(model: ModelResult) -> tuple[list[float], list[float]] | None:
        if model.forgetting is None or model.forgetting.half_lives is None:
            return None
        values = model.forgetting.half_lives
        kept = np.sort(np.clip(values[np.isfinite(values) | np.isinf(values)], *HALF_LIFE_RANGE))
        shares = 1 - np.arange(len(kept)) / max(1, len(kept))
        places = np.unique(np.linspace(0, len(kept) - 1, min(len(kept), SHARES_DRAWN)).astype(int))
        return kept[places].tolist(), shares[places].tolist()

    caption = (
        "Share of all layers' channels (or heads) that keep more than half for longer than so many tokens, by their decay "
        "alone. Where each token decides the decay (versions 6 and 7), the mean over the text's first tokens. "
        "What version 7 overwrites does not show here."
    )
    axes = Axis("half-life (tokens)", log=10), Axis("share of channels that last longer", from_zero=True)
    return _lines("half_life", "How fast memory fades", caption, axes, comparison, line)


def by_distance(comparison: Comparison) -> Figure | None:
    found = [
        Series(f"head {head + 1}", head, *_thinned(row))
        for m in comparison.models
        if m.forgetting and m.forgetting.by_distance is not None
        for head, row in enumerate(m.forgetting.by_distance)
    ]
    if not found:
        return None
    caption = (
        "Version 1 has no decay but a table: the magnitude of the weight that each head of layer 0 learned for each "
        "distance, the largest taken as 1; far distances are averaged in steps."
    )
    chart = LineChart(caption, Axis("distance (tokens, 1 is the token itself)", log=2), Axis("weight"), tuple(found))
    return Figure("by_distance", "Version 1's weights by distance", caption, draw_lines(chart))


def _thinned(weights: NDArray[np.float32]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Distances from 1 on, and mean weights over steps that are equal on a logarithmic axis."""
    edges = np.unique(np.round(np.geomspace(1, len(weights) + 1, DISTANCES_DRAWN)).astype(int))
    steps = list(pairwise(edges.tolist()))
    return tuple((low + high - 1) / 2 for low, high in steps), tuple(
        float(weights[a - 1 : b - 1].mean()) for a, b in steps
    )


def state_size(comparison: Comparison) -> Figure | None:
    def line(model: ModelResult) -> tuple[list[float], list[float]] | None:
        memory = model.memory
        return None if memory is None else (memory.tokens.tolist(), (memory.state / 1000).tolist())

    caption = (
        "What a model must keep to go on, after so many tokens. Version 1 keeps something of every token and ends where its "
        "room does; a copy head (versions 1 to 4) keeps a key for each token of its window."
    )
    axes = Axis("tokens read", log=2), Axis("state (kB)", log=10)
    return _lines("state_size", "Size of the state", caption, axes, comparison, line)


def prompt_speed(comparison: Comparison) -> Figure | None:
    title = "Speed of reading a prompt"
    return _speeds("speed_prompt", title, comparison, lambda m: m.speed.prompt if m.speed else None)


def writing_speed(comparison: Comparison) -> Figure | None:
    title = "Speed of writing, one token after the other"
    return _speeds("speed_writing", title, comparison, lambda m: m.speed.writing if m.speed else None)


def _speeds(
    key: str, title: str, comparison: Comparison, speed_of: Callable[[ModelResult], Spread | None]
) -> Figure | None:
    found = [(place, m, speed) for place, m in enumerate(comparison.models) if (speed := speed_of(m)) is not None]
    bars = [Bar(m.title, p, s.median, f"{s.median:,.0f}", s.low, s.high) for p, m, s in found]
    caption = (
        f"Median of {comparison.settings.speed_runs} runs, with the slowest and the fastest. On this machine, with this "
        "program: how fast a version can be elsewhere is another question."
    )
    return _bars(key, title, caption, "tokens per second", bars)


def _bars(key: str, title: str, caption: str, axis: str, bars: list[Bar]) -> Figure | None:
    return Figure(key, title, caption, draw_bars(BarChart(caption, axis, tuple(bars)))) if bars else None


def _lines(
    key: str,
    title: str,
    caption: str,
    axes: tuple[Axis, Axis],
    comparison: Comparison,
    line: Callable[[ModelResult], tuple[list[float], list[float]] | None],
    zero_line: bool = False,
) -> Figure | None:
    series = tuple(_series(comparison, line))
    if not series:
        return None
    return Figure(key, title, caption, draw_lines(LineChart(caption, *axes, series, zero_line)))


def _series(
    comparison: Comparison, line: Callable[[ModelResult], tuple[list[float], list[float]] | None]
) -> Iterator[Series]:
    for place, model in enumerate(comparison.models):
        found = line(model)
        if found is not None:
            yield Series(model.title, place, tuple(found[0]), tuple(found[1]))
