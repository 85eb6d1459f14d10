"""Lines over shared axes, and bars with their spread: from numbers to a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rwkv_backend.compare.drawing.scales import Axis, Scale, scale_for
from rwkv_backend.compare.drawing.shapes import (
    DASHES,
    MARKS,
    Box,
    Label,
    Line,
    Mark,
    Picture,
    Point,
    Shape,
    series_colour,
)

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 132, 34, 50
MOST_MARKS = 12
"""Marks on a line of many points: enough to know it by."""

BAR = 30
LETTER = 6.6
"""Pixels that a letter of the labels takes, about."""


@dataclass(frozen=True)
class Series:
    """One model's line. place: its number among the models, which decides colour, dash and mark. errors: ± for each y."""

    title: str
    place: int
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    errors: tuple[float, ...] = ()


@dataclass(frozen=True)
class LineChart:
    about: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    zero_line: bool = False


@dataclass(frozen=True)
class Bar:
    """value with low and high of several runs, if there were some; `text` stands beside it."""

    title: str
    place: int
    value: float
    text: str
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class BarChart:
    about: str
    axis: str
    bars: tuple[Bar, ...]


def draw_lines(chart: LineChart) -> Picture:
    xs = [x for s in chart.series for x in s.xs]
    ys = [y for s in chart.series for y in _with_errors(s)]
    across = scale_for(chart.x, xs, LEFT, WIDTH - RIGHT)
    up = scale_for(chart.y, ys, HEIGHT - BOTTOM, TOP)
    shapes: list[Shape] = [*_frame(across, up)]
    if chart.zero_line and up.low < 0 < up.high:
        shapes.append(Line(((LEFT, up.place(0)), (WIDTH - RIGHT, up.place(0))), "axis"))
    for row, series in enumerate(chart.series):
        shapes += [*_line(series, across, up), *_key(series, TOP + 8 + 22 * row)]
    return Picture(WIDTH, HEIGHT, tuple(shapes), chart.about)


def _with_errors(series: Series) -> Iterator[float]:
    yield from series.ys
    for y, error in zip(series.ys, series.errors, strict=False):
        yield from (y - error, y + error)


def _frame(across: Scale, up: Scale) -> Iterator[Shape]:
    """Grid, ticks and the axes' titles; y's stands level above its axis."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, text in up.ticks():
        y = up.place(value)
        yield Line(((LEFT, y), (right, y)), "grid")
        yield Label((LEFT - 8, y + 4), text, "end", "muted")
    for value, text in across.ticks():
        x = across.place(value)
        yield Line(((x, bottom), (x, bottom + 5)), "axis")
        yield Label((x, bottom + 19), text, "middle", "muted")
    yield Line(((LEFT, TOP), (LEFT, bottom), (right, bottom)), "axis")
    yield Label(((LEFT + right) / 2, HEIGHT - 10), across.axis.title, "middle")
    yield Label((8, 18), up.axis.title)


def _line(series: Series, across: Scale, up: Scale) -> Iterator[Shape]:
    colour, mark = series_colour(series.place), MARKS[series.place % len(MARKS)]
    for part in _unbroken(series, across, up):
        if len(part) > 1:
            yield Line(tuple(part), colour, 1.8, DASHES[series.place % len(DASHES)])
        every = max(1, math.ceil(len(part) / MOST_MARKS))
        first = series.place * every // len(MARKS) % every
        yield from (Mark(mark, point, colour) for point in part[first::every])
    for x, y, error in zip(series.xs, series.ys, series.errors, strict=False):
        if math.isfinite(y) and math.isfinite(error):
            at = across.place(x)
            yield Line(((at, up.place(y - error)), (at, up.place(y + error))), colour)


def _unbroken(series: Series, across: Scale, up: Scale) -> Iterator[list[Point]]:
    """The line's parts between points that have no place on the axes."""
    part: list[Point] = []
    for x, y in zip(series.xs, series.ys, strict=True):
        has_place = (
            math.isfinite(x) and math.isfinite(y) and (x > 0 or not across.axis.log) and (y > 0 or not up.axis.log)
        )
        if has_place:
            part.append((across.place(x), up.place(y)))
        elif part:
            yield part
            part = []
    if part:
        yield part


def _key(series: Series, y: float) -> Iterator[Shape]:
    left, colour = WIDTH - RIGHT + 14, series_colour(series.place)
    yield Line(((left, y), (left + 26, y)), colour, 1.8, DASHES[series.place % len(DASHES)])
    yield Mark(MARKS[series.place % len(MARKS)], (left + 13, y), colour)
    yield Label((left + 32, y + 4), _shortened(series.title, (RIGHT - 48) / LETTER))


def draw_bars(chart: BarChart) -> Picture:
    """One row a model, so that titles are read without turning the head."""
    left = 24 + LETTER * min(22, max((len(bar.title) for bar in chart.bars), default=0))
    height = TOP + BAR * len(chart.bars) + 14
    highest = [v for bar in chart.bars for v in (bar.value, bar.high) if math.isfinite(v)]
    scale = scale_for(Axis(chart.axis, from_zero=True), [0.0, *highest], left, WIDTH - RIGHT)
    shapes: list[Shape] = [Label((8, 18), chart.axis), Line(((left, TOP - 4), (left, height - 10)), "axis")]
    for row, bar in enumerate(chart.bars):
        shapes += _bar(bar, scale, TOP + BAR * row)
    return Picture(WIDTH, height, tuple(shapes), chart.about)


def _bar(bar: Bar, scale: Scale, top: float) -> Iterator[Shape]:
    middle, left = top + BAR / 2, scale.place(0)
    yield Label((left - 10, middle + 4), _shortened(bar.title, 22), "end")
    if not math.isfinite(bar.value):
        yield Label((left + 8, middle + 4), bar.text, colour="muted")
        return
    end = scale.place(bar.value)
    yield Box(left, top + 6, end - left, BAR - 12, series_colour(bar.place))
    if math.isfinite(bar.low) and math.isfinite(bar.high):
        low, high = scale.place(bar.low), scale.place(bar.high)
        yield Line(((low, middle), (high, middle)), "text", 1.4)
        yield from (Line(((x, middle - 4), (x, middle + 4)), "text", 1.4) for x in (low, high))
        end = max(end, high)
    yield Label((end + 8, middle + 4), bar.text)


def _shortened(text: str, letters: float) -> str:
    most = max(4, int(letters))
    return text if len(text) <= most else f"{text[: most - 1]}…"
