"""Bars over the layers on a canvas, one or several series side by side, upwards and downwards from zero."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF

from app.plots.canvas import Canvas
from app.plots.colours import round_up
from app.plots.ink import Ink, Stroke
from rwkv_backend.records import FloatArray

ROOM = 0.8
"""Of the unit that a layer has, what its bars take."""


class LayerBars:
    """Draws (series, layers) values; NaN leaves its place empty."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._ink = Ink()
        canvas.add(self._ink)

    def show(self, values: FloatArray, colours: Sequence[str], axis: str, bottom: str, fixed_top: float = 0.0) -> None:
        """axis: the unit on the left, bottom: what is counted below. fixed_top: how far up at least."""
        series, layers = values.shape
        low, high = limits(values, fixed_top)
        self._canvas.name_axes(bottom, axis)
        self._canvas.widen_left("−0.000")
        self._canvas.set_home(-0.5, layers - 0.5, low, high)
        width = ROOM / series
        strokes = []
        for row, colour in zip(range(series), colours, strict=False):
            left = np.arange(layers) - ROOM / 2 + row * width
            strokes += [
                _bar(float(x), width, float(value), colour)
                for x, value in zip(left, values[row], strict=True)
                if math.isfinite(value)
            ]
        self._ink.show_strokes(QRectF(-0.5, low, layers, high - low), strokes)

    def clear(self) -> None:
        self._ink.clear()


def limits(values: FloatArray, fixed_top: float = 0.0) -> tuple[float, float]:
    """Round ends of the axis, zero among them."""
    known = values[np.isfinite(values)]
    high = max(float(known.max(initial=0.0)), fixed_top, 0.0)
    low = min(float(known.min(initial=0.0)), 0.0)
    if high == low:
        return 0.0, 1.0
    return -round_up(-low) if low < 0 else 0.0, round_up(high) if high > 0 else 0.0


def _bar(left: float, width: float, value: float, colour: str) -> Stroke:
    x = np.array([left, left, left + width, left + width])
    return Stroke(x, np.array([0.0, value, value, 0.0]), colour, fill=True)
