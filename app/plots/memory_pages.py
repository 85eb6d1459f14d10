"""The two faces of the memory plot: an image of numbers beside a mosaic of all heads, and curves by channel.

Each is told what to draw and reports where the user points; neither knows of frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QGraphicsRectItem, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.plots import colours
from app.plots.canvas import Canvas
from app.plots.colours import ColourBar, Scale, Shades
from app.plots.heatmap import Heatmap
from app.plots.ink import Ink, Stroke
from app.plots.parts import Legend
from app.plots.words import axis_name, number
from rwkv_backend.records import FloatArray, Labelled

LANE = 0.42
"""Half of a lane's height, in which a curve stays."""


class ImagePage(QWidget):
    """The matrix of one head with a mosaic of all, or a map with two axes alone."""

    head_picked = Signal(int)
    pointed = Signal(int, int)
    """Row and column under the mouse."""
    left = Signal()

    def __init__(self, key: str, name: str) -> None:
        super().__init__()
        self.canvas = Canvas()
        self.canvas.setObjectName(f"{key}_canvas")
        self.canvas.setAccessibleName(name)
        self._heat = Heatmap(self.canvas)
        self._bar = ColourBar()
        self.mosaic = Mosaic(key, self.tr("All heads"))
        self._shown: FloatArray | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.XS)
        row.addWidget(self.canvas, 3)
        row.addWidget(self._bar)
        row.addWidget(self.mosaic, 2)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.left.connect(self.left)
        self.mosaic.head_picked.connect(self.head_picked)

    def show_matrix(self, entry: Labelled, head: int, scale: Scale) -> None:
        """entry (head, row, column): this head's rows downwards, and all heads in the mosaic."""
        self._name_axes(entry.axes[2], entry.axes[1], downwards=True)
        head = min(head, len(entry.values) - 1)
        self._show(entry.values[head], scale, entry.unit)
        self.mosaic.show_heads(entry.values, head, scale)
        self.mosaic.show()

    def show_map(self, entry: Labelled, scale: Scale, longest: int | None) -> None:
        """entry (row, column). Rows that are positions grow in number up to `longest`; the axis doubles now and then."""
        self._name_axes(entry.axes[1], entry.axes[0], downwards=False)
        self.mosaic.hide()
        room = _room(len(entry.values), longest) if entry.axes[0] == "position" else None
        self._show(entry.values, scale, entry.unit, room)

    def clear(self) -> None:
        self._heat.clear()
        self.mosaic.clear()
        self._shown = None

    def _name_axes(self, bottom: str, left: str, downwards: bool) -> None:
        self.canvas.name_axes(axis_name(bottom), axis_name(left))
        self.canvas.view.invertY(downwards)

    def _show(self, values: FloatArray, scale: Scale, unit: str, room: int | None = None) -> None:
        def shade(part: FloatArray) -> Shades:
            scale.follow(part)
            return scale.shades(part)

        rows, columns = values.shape
        self.canvas.set_home(-0.5, max(columns, 1) - 0.5, -0.5, max(room or rows, 1) - 0.5)
        self._heat.set_table(colours.table_for(scale.signed), scale.signed)
        self._heat.show(values, shade)
        self._bar.show_scale(scale, unit)

    def _hovered(self, x: float, y: float) -> None:
        place = self._heat.at(x, y)
        if place is None:
            self.left.emit()
        else:
            self.pointed.emit(*place)


class Mosaic(Canvas):
    """A small image of every head; a click picks one."""

    head_picked = Signal(int)

    def __init__(self, key: str, name: str) -> None:
        super().__init__(axes=False)
        self.setObjectName(f"{key}_mosaic")
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.view.invertY(True)
        self.view.setMouseMode(pg.ViewBox.PanMode)
        self.view.setMouseEnabled(False, False)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._frame = QGraphicsRectItem()
        self.add(self._image)
        self.add(self._frame)
        self._heads = 0
        self._columns = 1
        self.clicked.connect(self._pick)

    def show_heads(self, values: FloatArray, head: int, scale: Scale) -> None:
        """values (heads, rows, columns)"""
        self._heads = len(values)
        across, up = self.pixels()
        self._columns = min(self._heads, max(1, round(math.sqrt(self._heads * across / up))))
        rows = math.ceil(self._heads / self._columns)
        picture = tiles(values, rows, self._columns, int(min(across / self._columns, up / rows)), scale)
        self._image.setLookupTable(colours.table_for(scale.signed))
        self._image.setImage(picture, autoLevels=False)
        self._image.setRect(QRectF(0, 0, self._columns, rows))
        self.set_home(0, self._columns, 0, rows)
        self._frame.setPen(pg.mkPen(theme.current().text))
        self._frame.setRect(QRectF(head % self._columns, head // self._columns, 1, 1))
        self._frame.show()

    def clear(self) -> None:
        self._image.clear()
        self._frame.hide()
        self._heads = 0

    def _pick(self, x: float, y: float) -> None:
        head = int(y) * self._columns + int(x)
        if 0 <= head < self._heads:
            self.head_picked.emit(head)


def tiles(values: FloatArray, rows: int, columns: int, pixels: int, scale: Scale) -> Shades:
    """Matrices (heads, S, T) side by side in rows × columns, each of about so many pixels, with a line of nothing between."""
    heads, high, wide = values.shape
    block = _divisor(math.gcd(high, wide), max(1, high // max(pixels, 1)))
    small = colours.pooled(values.reshape(heads * high, wide), block, block, scale.signed)
    shade = scale.shades(small).reshape(heads, high // block, wide // block)
    framed = np.full((rows * columns, high // block + 1, wide // block + 1), colours.NOTHING, dtype=np.uint8)
    framed[:heads, :-1, :-1] = shade
    laid = framed.reshape(rows, columns, *framed.shape[1:]).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(laid.reshape(rows * framed.shape[1], columns * framed.shape[2]))


def _divisor(count: int, wanted: int) -> int:
    """The largest divisor of `count` that is not above `wanted`, so that no block reaches into the next head."""
    return next(n for n in range(min(wanted, count), 0, -1) if count % n == 0)


def _room(count: int, longest: int | None) -> int:
    """Rows to leave room for: the next power of two from 32 on, at most `longest`."""
    room = max(32, 1 << max(count - 1, 0).bit_length())
    return max(min(room, longest), count) if longest else room


class CurvePage(QWidget):
    """Fields with one number a channel as curves, each on an axis of its own or all over one another."""

    pointed = Signal(int)
    """The channel under the mouse."""
    left = Signal()

    def __init__(self, key: str, name: str) -> None:
        super().__init__()
        self.canvas = Canvas(whole_y=False)
        self.canvas.setObjectName(f"{key}_curves")
        self.canvas.setAccessibleName(name)
        self.canvas.widen_left("±80,000")
        self._ink = Ink()
        self.canvas.add(self._ink)
        self._legend = Legend(f"{key}_legend")
        self._entries: Sequence[Labelled] = ()
        self._scales: Sequence[Scale] = ()
        self._lanes = True
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self.canvas, 1)
        column.addWidget(self._legend)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.left.connect(self.left)
        self.canvas.zoomed.connect(self._redraw)

    def show_curves(self, entries: Sequence[Labelled], scales: Sequence[Scale], lanes: bool) -> None:
        """entries: (channel,) each. lanes: one above the other, else over one another, each drawn to its own largest."""
        self._entries, self._scales, self._lanes = entries, scales, lanes
        self._redraw()

    def _redraw(self) -> None:
        entries, lanes = self._entries, self._lanes
        if not entries:
            return
        for entry, scale in zip(entries, self._scales, strict=True):
            scale.follow(entry.values)
        count = max(len(entry.values) for entry in entries)
        rows = len(entries) if lanes else 1
        self.canvas.name_axes(axis_name(entries[0].axes[0]), "" if lanes else self.tr("part of the largest"))
        self.canvas.mark("left", self._marks())
        self.canvas.set_home(-0.5, count - 0.5, -0.5, rows - 0.5)
        self._ink.show_strokes(QRectF(-0.5, -0.5, count, rows), self._strokes(count))
        self._show_legend()

    def clear(self) -> None:
        self._ink.clear()
        self._entries = ()
        self._legend.show_entries([])

    def _strokes(self, count: int) -> list[Stroke]:
        look = theme.current()
        block = max(1, int(count / self.canvas.pixels()[0]))
        strokes = []
        for place, (entry, scale) in enumerate(zip(self._entries, self._scales, strict=True)):
            values = colours.pooled(entry.values[None], 1, block, signed=True)[0].astype(np.float64)
            lane = self._middle(place)
            y = lane + LANE * np.clip(values / scale.top, -1.0, 1.0)
            x = np.arange(len(values), dtype=np.float64) * block + (block - 1) / 2
            strokes.append(Stroke(x, y, look.series[place % len(look.series)]))
        return strokes

    def _middle(self, place: int) -> float:
        """Where the zero of a curve lies; the first one is at the top."""
        return float(len(self._entries) - 1 - place) if self._lanes else 0.0

    def _marks(self) -> list[tuple[float, str]]:
        """Both ends and zero of each lane; in low lanes only how far they reach."""
        if not self._lanes:
            return [(-LANE, "−1"), (0.0, "0"), (LANE, "1")]
        if self.canvas.pixels()[1] / len(self._scales) < 3 * self.fontMetrics().height():
            return [(self._middle(place), f"±{number(scale.top)}") for place, scale in enumerate(self._scales)]
        marks = []
        for place, scale in enumerate(self._scales):
            middle = self._middle(place)
            marks += [(middle - LANE, number(-scale.top)), (middle, "0"), (middle + LANE, number(scale.top))]
        return marks

    def _show_legend(self) -> None:
        look = theme.current()
        names = [entry.title for entry in self._entries]
        if not self._lanes:
            largest = self.tr("{0} (largest {1})")
            names = [largest.format(name, number(scale.top)) for name, scale in zip(names, self._scales, strict=True)]
        self._legend.show_entries([("▬", look.series[i % len(look.series)], name) for i, name in enumerate(names)])

    def _hovered(self, x: float, y: float) -> None:
        self.pointed.emit(round(x))
