"""What plots draw on: a pyqtgraph plot with fixed ranges and axes of fixed size, and what it reports of mouse and keys.

Nothing here ranges by itself: a plot says once which part of the plane is its `home`; dragging zooms into a rectangle, a
double click goes home. The wheel scrolls the panel that the plot lies in, so that one does not get caught by a plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsItem

from app import theme

Marks = Sequence[tuple[float, str]]

_OVERHANG = 14
"""Pixels by which the label of a tick at the end may stand out over its axis."""

_STEPS = {
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
}


class Axis(pg.AxisItem):  # type: ignore[misc]
    """An axis of whole numbers (layers, channels, tokens) or of any; in both cases never in powers of ten."""

    def __init__(self, orientation: str, whole: bool) -> None:
        super().__init__(orientation)
        self.whole = whole
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=3, tickTextOffset=2, maxTickLevel=0, hideOverlappingLabels=_OVERHANG)
        self.setStyle(autoExpandTextSpace=False, autoReduceTextSpace=False)

    def resizeEvent(self, event: object = None) -> None:
        """pyqtgraph lets the name of a bottom axis stand out by some pixels, which a plot that ends there cuts off."""
        super().resizeEvent(event)
        if self.orientation == "bottom" and self.label is not None:
            self.label.setY(self.size().height() - self.label.boundingRect().height() + 2)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """One level of ticks, as many as there is room to write."""
        room = 22 if self.orientation in ("left", "right") else 56
        wanted = (high - low) / max(size / room, 1)
        if wanted <= 0:
            return [(1.0, 0.0)]
        power = 10.0 ** math.floor(math.log10(wanted))
        step = next(s * power for s in (1, 2, 5, 10) if s * power >= wanted * 0.999)
        return [(max(step, 1.0) if self.whole else step, 0.0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.whole:
            return [f"{round(value):,}" for value in values]
        places = max(0, -math.floor(math.log10(spacing) + 1e-9))
        return [f"{value:.{places}f}".replace("-", "−") for value in values]


class Canvas(pg.PlotWidget):  # type: ignore[misc]
    """Reports in the plot's own coordinates; `stepped` tells of the arrow keys: (right, up)."""

    hovered = Signal(float, float)
    left = Signal()
    clicked = Signal(float, float)
    stepped = Signal(int, int)
    zoomed = Signal()
    """What is to be seen of the plane, or how many pixels it has, has changed."""

    def __init__(self, whole_x: bool = True, whole_y: bool = True, axes: bool = True) -> None:
        sides = {"left": Axis("left", whole_y), "bottom": Axis("bottom", whole_x)}
        super().__init__(axisItems=sides, enableMenu=False)
        self.setMinimumSize(40, 40)
        self.plotItem.hideButtons()
        self.view: Any = self.plotItem.getViewBox()
        self.view.disableAutoRange()
        self.view.setMouseMode(pg.ViewBox.RectMode)
        self.view.setDefaultPadding(0)
        self._home = (0.0, 1.0, 0.0, 1.0)
        self._at_home = True
        self._marks: dict[str, tuple[tuple[float, str], ...] | None] = {}
        self._axes = axes
        if axes:
            self._fit_axes()
        else:
            self.plotItem.hideAxis("left")
            self.plotItem.hideAxis("bottom")
        self.plotItem.layout.setContentsMargins(0, theme.S, _OVERHANG, 0)
        self.scene().sigMouseMoved.connect(self._moved)
        self.scene().sigMouseClicked.connect(self._clicked)
        self.view.sigRangeChangedManually.connect(self._left_home)
        self.view.sigRangeChanged.connect(self._ranged)
        theme.signals().changed.connect(self.recolour)
        self.recolour()

    # Axes

    def axis(self, side: str) -> Any:
        return self.plotItem.getAxis(side)

    def name_axes(self, bottom: str, left: str) -> None:
        for side, words in (("bottom", bottom), ("left", left)):
            axis = self.axis(side)
            if axis.labelText != words:
                axis.setLabel(words)
                axis.resizeEvent()  # else the new words begin where the old ones did

    def mark(self, side: str, marks: Marks | None) -> None:
        """Ticks at given places only; None: at round numbers."""
        shown = None if marks is None else tuple(marks)
        if self._marks.get(side) != shown:
            self._marks[side] = shown
            self.axis(side).setTicks(None if shown is None else [list(shown)])

    def widen_left(self, longest: str) -> None:
        """Keep room for ticks as long as this one, so that the plot never moves."""
        metrics = QFontMetrics(self.font())
        self.axis("left").setWidth(metrics.horizontalAdvance(longest) + metrics.height() + 10)

    def _fit_axes(self) -> None:
        self.axis("bottom").setHeight(2 * QFontMetrics(self.font()).height() + 11)
        self.widen_left("000")

    # The part of the plane to be seen

    def set_home(self, left: float, right: float, bottom: float, top: float) -> None:
        """What is seen unless the user looks closer. Cheap when nothing changes."""
        home = (left, right, bottom, top)
        if home != self._home:
            self._home = home
            self.view.setLimits(xMin=left, xMax=right, yMin=bottom, yMax=top)
            if self._at_home:
                self.go_home()

    def go_home(self) -> None:
        left, right, bottom, top = self._home
        self._at_home = True
        self.view.setRange(xRange=(left, right), yRange=(bottom, top), padding=0)

    def pixels(self) -> tuple[float, float]:
        """Pixels of the plot's inside, across and up."""
        return max(self.view.width(), 1.0), max(self.view.height(), 1.0)

    def seen(self) -> QRectF:
        """The part of the plane now in view."""
        return QRectF(self.view.viewRect())

    def add(self, item: QGraphicsItem) -> None:
        """An item that is never asked for its bounds."""
        self.view.addItem(item, ignoreBounds=True)

    # What happens to it

    def recolour(self) -> None:
        look = theme.current()
        self.setBackground(look.surface)
        for side in ("left", "bottom"):
            axis = self.axis(side)
            axis.setPen(look.border)
            axis.setTextPen(look.muted)
            axis.setTickPen(look.border)
            axis.labelStyle = {"color": look.muted}
            axis.setLabel(axis.labelText)
            axis.resizeEvent()
            axis.setTickFont(self.font())
        box = QColor(look.accent)
        self.view.rbScaleBox.setPen(pg.mkPen(box))
        box.setAlpha(60)
        self.view.rbScaleBox.setBrush(pg.mkBrush(box))
        self.setStyleSheet(
            f"QGraphicsView {{ border: 1px solid transparent; }} QGraphicsView:focus {{ border-color: {look.accent}; }}"
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._axes:
            self._fit_axes()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None:
            self.zoomed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None:
            self.stepped.emit(*step)
        elif event.key() == Qt.Key.Key_Home:
            self.go_home()
        else:
            event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.left.emit()

    def _moved(self, place: QPointF) -> None:
        if self.view.sceneBoundingRect().contains(place):
            point = self.view.mapSceneToView(place)
            self.hovered.emit(point.x(), point.y())
        else:
            self.left.emit()

    def _clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.view.sceneBoundingRect().contains(event.scenePos()):
            return
        if event.double():
            self.go_home()
        else:
            point = self.view.mapSceneToView(event.scenePos())
            self.clicked.emit(point.x(), point.y())

    def _left_home(self, *_: object) -> None:
        self._at_home = False

    def _ranged(self, *_: object) -> None:
        self.zoomed.emit()
