"""A slider over tokens, above whose rail each token's surprise stands as a small bar: a picture to find places in.

Left and Right move by one token, with Shift or Ctrl by ten, Home and End to the ends; a click goes to that place at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from app import theme
from app.views.token_tint import MOST, shade, stripes
from app.views.token_words import surprise
from rwkv_backend.records import TokenRecord

KNOB = 6.0
RAIL = 3.0
BAR = 3
"""The least width of a bar, in pixels."""
LEAP = 10
"""Tokens that Shift or Ctrl with an arrow moves by."""

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}


class TokenStrip(QSlider):
    """Its value is a number of tokens, from 1 on."""

    picked = Signal(int)
    """The user has moved to this value"""
    entered = Signal()
    """Enter was pressed: what could have stood here?"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._surprises: list[float] = []
        self._columns: list[float] = []
        self._live = True
        self.setRange(0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.actionTriggered.connect(self._moved)
        theme.signals().changed.connect(self.update)

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, these."""
        del self._surprises[first:]
        self._surprises += [surprise(record) or 0.0 for record in records]
        self._columns = []
        self.setRange(min(1, len(self._surprises)), len(self._surprises))
        self.update()

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These are better known now."""
        self._surprises[first : first + len(records)] = [surprise(record) or 0.0 for record in records]
        self._columns = []
        self.update()

    def show_position(self, position: int, live: bool) -> None:
        self._live = live
        self.setValue(position)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 30)

    minimumSizeHint = sizeHint

    # What the user does

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()), 0)
        far = event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif step:
            self._go(self.value() + step * (LEAP if far else 1))
        elif event.key() == Qt.Key.Key_Home:
            self._go(self.minimum())
        elif event.key() == Qt.Key.Key_End:
            self._go(self.maximum())
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(self._value_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go(self._value_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def _moved(self, action: int) -> None:
        """The wheel, or the page keys."""
        self._go(self.sliderPosition())

    def _go(self, value: int) -> None:
        value = min(max(value, self.minimum()), self.maximum())
        self.setValue(value)
        self.picked.emit(value)

    # Looks

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rail = self._rail()
        self._draw_bars(painter, rail)
        self._draw_rail(painter, rail)
        self._draw_knob(painter, rail)

    def _rail(self) -> QRectF:
        return QRectF(KNOB, self.height() - KNOB - RAIL / 2 - 1, self.width() - 2 * KNOB, RAIL)

    def _draw_bars(self, painter: QPainter, rail: QRectF) -> None:
        """Each bar is the greatest surprise of the tokens that share it."""
        colours, room = stripes(), rail.top() - KNOB + 1
        painter.setPen(Qt.PenStyle.NoPen)
        columns = self._bars(int(rail.width() / BAR))
        width = rail.width() / max(1, len(columns))
        for place, value in enumerate(columns):
            if value > 0:
                height = max(1.0, min(1.0, value / MOST) * room)
                bar = QRectF(rail.left() + place * width, room - height, width - 1, height)
                painter.fillRect(bar, colours[shade(value)])

    def _bars(self, most: int) -> list[float]:
        count = len(self._surprises)
        if not self._columns and count:
            wide = min(most, count)
            edges = [place * count // wide for place in range(wide + 1)]
            self._columns = [max(self._surprises[a:b]) for a, b in pairwise(edges)]
        return self._columns

    def _draw_rail(self, painter: QPainter, rail: QRectF) -> None:
        look = theme.current()
        painter.setBrush(QColor(look.border))
        painter.drawRoundedRect(rail, RAIL / 2, RAIL / 2)
        painter.setBrush(QColor(look.accent))
        done = QRectF(rail.left(), rail.top(), self._x(rail) - rail.left(), rail.height())
        painter.drawRoundedRect(done, RAIL / 2, RAIL / 2)

    def _draw_knob(self, painter: QPainter, rail: QRectF) -> None:
        look = theme.current()
        if self.maximum() == 0:
            return
        x = self._x(rail)
        if not self._live:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, rail.top()))
        painter.setPen(QPen(QColor(look.text if self.hasFocus() else look.accent), 2))
        painter.setBrush(QColor(look.accent if not self._live else look.surface))
        painter.drawEllipse(QPointF(x, rail.center().y()), KNOB - 1, KNOB - 1)

    def resizeEvent(self, event: object) -> None:
        self._columns = []

    def _x(self, rail: QRectF) -> float:
        """A token's place is the end of its bar: the state has read it."""
        return rail.left() + rail.width() * self.value() / max(1, self.maximum())

    def _value_at(self, x: float) -> int:
        rail = self._rail()
        return round((x - rail.left()) / max(1.0, rail.width()) * self.maximum() + 0.5)
