"""What pyqtgraph has no cheap item for: all lines and areas of a plot in one, slanted lines where numbers are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app import theme

Numbers = NDArray[np.floating[Any]]


class Hatch(QGraphicsItem):
    """Slanted lines over places that hold no number."""

    def __init__(self) -> None:
        super().__init__()
        self._places: tuple[QRectF, ...] = ()
        self.setZValue(5)

    def cover(self, places: tuple[QRectF, ...]) -> None:
        if places != self._places:
            self.prepareGeometryChange()
            self._places = places
            self.setVisible(bool(places))

    def boundingRect(self) -> QRectF:
        bounds = QRectF()
        for place in self._places:
            bounds = bounds.united(place)
        return bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """A brush's pattern is stretched with the painter, so it is drawn in pixels."""
        to_pixels = painter.transform()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pg.mkBrush(theme.current().border))
        brush = painter.brush()
        brush.setStyle(Qt.BrushStyle.BDiagPattern)
        painter.setBrush(brush)
        for place in self._places:
            painter.drawRect(to_pixels.mapRect(place))


@dataclass(frozen=True)
class Stroke:
    """A line in a colour of its own, or with `fill` the area that it closes."""

    x: Numbers
    y: Numbers
    colour: str
    fill: bool = False
    dashed: bool = False


class Ink(QGraphicsItem):
    """All lines and areas of a plot in one item, drawn in their order; NaN in a line lifts the pen.

    Cheaper than an item each, since nothing is asked for bounds: what is drawn lies within those of `show`, or is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bounds = QRectF()
        self._strokes: list[tuple[QPainterPath, QPen, QBrush]] = []

    def show_strokes(self, bounds: QRectF, strokes: Sequence[Stroke]) -> None:
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds
        self._strokes = [(pg.arrayToQPath(s.x, s.y, connect="finite"), _pen(s), _brush(s)) for s in strokes]
        self.update()

    def clear(self) -> None:
        self._strokes = []
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        for path, pen, brush in self._strokes:
            painter.setPen(pen)
            painter.setBrush(brush)
            painter.drawPath(path)


def _pen(stroke: Stroke) -> QPen:
    if stroke.fill:
        return QPen(Qt.PenStyle.NoPen)
    pen = QPen(QColor(stroke.colour), 1, Qt.PenStyle.DashLine if stroke.dashed else Qt.PenStyle.SolidLine)
    pen.setCosmetic(True)
    return pen


def _brush(stroke: Stroke) -> QBrush:
    return QBrush(QColor(stroke.colour)) if stroke.fill else QBrush()


def band(x: Numbers, low: Numbers, high: Numbers, colour: str) -> Stroke:
    """The area between two curves over the same x."""
    return Stroke(np.concatenate((x, x[::-1])), np.concatenate((low, high[::-1])), colour, fill=True)


def in_one(x: Numbers, curves: Numbers) -> tuple[Numbers, Numbers]:
    """Several curves (curves, points) over the same x as one line, with NaN between them."""
    gap = np.full((len(curves), 1), np.nan)
    return np.tile(np.append(x, np.nan), len(curves)), np.concatenate((curves, gap), axis=1).ravel()
