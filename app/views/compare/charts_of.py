"""From what was measured to what is drawn of it: the numbers of each chart, with titles, axes and units. Nothing is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QCoreApplication

from rwkv_backend.compare.records import ModelResult
from rwkv_backend.records import Spread

PARTS = 60
"""Pieces of the text of which the mean surprise is shown."""

Points = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Line:
    """One model's numbers. place: its number among the models, which decides colour, dash and mark."""

    title: str
    place: int
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Chart:
    """x_log, y_log: the base of a logarithmic axis, 0 for a linear one. names: of the places 0, 1, 2 … on the x axis.

    A chart of bars has a line of one point for each model that was measured; `names` are those of all models.
    """

    key: str
    title: str
    about: str
    x_name: str
    y_name: str
    lines: tuple[Line, ...]
    kind: Literal["lines", "bars"] = "lines"
    x_log: int = 0
    y_log: int = 0
    from_zero: bool = False
    names: tuple[str, ...] = ()


def charts_of(results: Sequence[ModelResult], text_bytes: int) -> list[Chart]:
    """Those for which at least one model has numbers."""
    makers: tuple[Callable[[Sequence[ModelResult], int], Chart], ...] = (
        _bits, _position, _context, _surprise, _needle, _state_size, _prompt_speed, _writing_speed, _half_life,
    )  # fmt: skip
    return [chart for make in makers if (chart := make(results, text_bytes)).lines]


def short(title: str) -> str:
    """For a tick: "5.2" of "RWKV-5.2"."""
    return title.removeprefix("RWKV-")


def _lines(results: Sequence[ModelResult], points: Callable[[ModelResult], Points | None]) -> tuple[Line, ...]:
    found = ((place, result, points(result)) for place, result in enumerate(results))
    return tuple(Line(r.title, place, tuple(p[0]), tuple(p[1])) for place, r, p in found if p is not None and p[0])


def _bars(results: Sequence[ModelResult], value: Callable[[ModelResult], float | None]) -> tuple[Line, ...]:
    def point(result: ModelResult) -> Points | None:
        found = value(result)
        return None if found is None else ([0.0], [found])

    return _lines(results, point)


def _bits(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    translate = QCoreApplication.translate
    about = translate("CompareCharts", "Lower is better. It can be compared between models, whatever their tokenizers.")
    lines = _bars(results, lambda r: r.text.bits_per_byte if r.text is not None else None)
    title, y_name = translate("CompareCharts", "Bits per byte on the text"), translate("CompareCharts", "bits per byte")
    names = tuple(short(result.title) for result in results)
    return Chart("bits_per_byte", title, about, "RWKV", y_name, lines, kind="bars", from_zero=True, names=names)


def _position(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    def points(result: ModelResult) -> Points | None:
        if result.text is None:
            return None
        found = result.text.readings[0].by_byte
        return np.sqrt(np.maximum(found.starts, 1) * found.ends).tolist(), found.bits.tolist()

    translate = QCoreApplication.translate
    about = translate(
        "CompareCharts",
        "Mean loss by how many bytes were read since the state was fresh, in buckets that double. "
        "A line that falls says that more context helps.",
    )
    return Chart(
        "position",
        translate("CompareCharts", "Loss by position"),
        about,
        translate("CompareCharts", "bytes read"),
        translate("CompareCharts", "bits per byte"),
        _lines(results, points),
        x_log=2,
    )


def _context(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    def points(result: ModelResult) -> Points | None:
        readings = [r for r in result.text.readings if r.window is not None] if result.text is not None else []
        readings.sort(key=lambda r: r.window or 0)
        return [float(r.window or 0) for r in readings], [r.bits_per_byte for r in readings]

    translate = QCoreApplication.translate
    about = translate(
        "CompareCharts", "The whole text, read in windows of so many tokens that begin with a fresh state."
    )
    return Chart(
        "context",
        translate("CompareCharts", "Does more context help?"),
        about,
        translate("CompareCharts", "context (tokens)"),
        translate("CompareCharts", "bits per byte"),
        _lines(results, points),
        x_log=2,
    )


def _surprise(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    size = max(1, text_bytes)
    edges = np.linspace(0, size, min(PARTS, size) + 1)

    def points(result: ModelResult) -> Points | None:
        if result.text is None:
            return None
        found = result.text.surprise
        spent = np.concatenate(([0.0], np.cumsum(found.nats, dtype=np.float64)))
        sums = np.diff(np.interp(edges, np.concatenate(([0.0], found.ends)), spent))
        return ((edges[1:] + edges[:-1]) / 2).tolist(), (sums / np.diff(edges)).tolist()

    translate = QCoreApplication.translate
    about = translate("CompareCharts", "Mean surprise in equal pieces of the text: peaks are hard to foresee.")
    return Chart(
        "surprise",
        translate("CompareCharts", "Surprise along the text"),
        about,
        translate("CompareCharts", "place in the text (bytes)"),
        translate("CompareCharts", "nats per byte"),
        _lines(results, points),
    )


def _needle(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    every = sorted({int(n) for r in results if r.needle is not None for n in r.needle.distances})

    def points(result: ModelResult) -> Points | None:
        if result.needle is None:
            return None
        return [float(every.index(int(n))) for n in result.needle.distances], result.needle.saved.tolist()

    translate = QCoreApplication.translate
    about = translate(
        "CompareCharts",
        "A name is said once and due again after so many tokens: the bits that it costs less than if another name had been "
        "said. At 0 nothing is remembered.",
    )
    return Chart(
        "needle",
        translate("CompareCharts", "How long a name is remembered"),
        about,
        translate("CompareCharts", "tokens between"),
        translate("CompareCharts", "bits saved"),
        _lines(results, points),
        names=tuple(f"{n:,}" for n in every),
    )


def _state_size(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    def points(result: ModelResult) -> Points | None:
        memory = result.memory
        return None if memory is None else (memory.tokens.tolist(), (memory.state / 1000).tolist())

    translate = QCoreApplication.translate
    about = translate(
        "CompareCharts",
        "What a model must keep to go on: version 1 keeps something of every token, and ends where its room does.",
    )
    return Chart(
        "state_size",
        translate("CompareCharts", "Size of the state"),
        about,
        translate("CompareCharts", "tokens read"),
        translate("CompareCharts", "kB"),
        _lines(results, points),
        x_log=2,
        y_log=10,
    )


def _prompt_speed(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    title = QCoreApplication.translate("CompareCharts", "Speed of reading a prompt")
    return _speed("prompt_speed", title, results, lambda r: r.speed.prompt if r.speed is not None else None)


def _writing_speed(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    title = QCoreApplication.translate("CompareCharts", "Speed of writing")
    return _speed("writing_speed", title, results, lambda r: r.speed.writing if r.speed is not None else None)


def _speed(
    key: str, title: str, results: Sequence[ModelResult], spread: Callable[[ModelResult], Spread | None]
) -> Chart:
    def value(result: ModelResult) -> float | None:
        found = spread(result)
        return None if found is None else found.median

    about = QCoreApplication.translate(
        "CompareCharts", "Median of several runs, on this machine and with this program."
    )
    y_name = QCoreApplication.translate("CompareCharts", "tokens per second")
    names = tuple(short(result.title) for result in results)
    return Chart(key, title, about, "RWKV", y_name, _bars(results, value), kind="bars", from_zero=True, names=names)


def _half_life(results: Sequence[ModelResult], text_bytes: int) -> Chart:
    def points(result: ModelResult) -> Points | None:
        if result.forgetting is None or result.forgetting.half_lives is None:
            return None
        values = result.forgetting.half_lives
        kept = np.sort(np.clip(values[~np.isnan(values)], 0.1, 1e5).astype(np.float64))
        shares = 100 * (1 - np.arange(len(kept)) / max(1, len(kept)))
        if not len(kept):
            return None
        places = np.unique(np.linspace(0, len(kept) - 1, min(len(kept), 120)).astype(int))
        return kept[places].tolist(), shares[places].tolist()

    translate = QCoreApplication.translate
    about = translate(
        "CompareCharts",
        "Share of all channels or heads that keep more than half for longer than so many tokens, by their decay alone. "
        "Version 1 has no decay.",
    )
    return Chart(
        "half_life",
        translate("CompareCharts", "How fast memory fades"),
        about,
        translate("CompareCharts", "half-life (tokens)"),
        translate("CompareCharts", "% that last longer"),
        _lines(results, points),
        x_log=10,
        from_zero=True,
    )


def ends(values: Sequence[float], log: int, from_zero: bool) -> tuple[float, float]:
    """Where an axis begins and ends, so that all values lie in it; in powers if it is logarithmic."""
    finite = [v for v in values if math.isfinite(v)] or [0.0, 1.0]
    if log:
        logs = [math.log(max(v, 1e-12), log) for v in finite]
        low, high = min(logs), max(logs)
    else:
        low, high = min(finite), max(finite)
        low = min(low, 0.0) if from_zero or low < 0 else low
    room = max((high - low) * 0.06, 1e-3 * max(abs(high), 1e-3))
    return (low if from_zero and low == 0 else low - room), high + room
