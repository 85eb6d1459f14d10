"""A text as running words, each with a bar under it; only the lines in view are painted.

Under the bar of a word perhaps a second one, for another measure of the same. Mouse and arrow keys move through the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from app import theme

BAR = 16
"""Pixels under each word for its bar, and as many again for a second. It fills from below: heights can be compared."""


@dataclass(frozen=True)
class Strip:
    """bars: 0 and more, on a scale of `top`; second: the same for the other measure, or ()."""

    words: tuple[str, ...]
    bars: tuple[float, ...]
    top: float
    second: tuple[float, ...] = ()
    second_top: float = 1.0


class WordStrip(QAbstractScrollArea):
    pointed = Signal(int)
    """The word that mouse or keys are at; −1: none"""
    picked = Signal(int)

    def __init__(self, object_name: str, accessible_name: str) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(accessible_name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.viewport().setMouseTracking(True)
        self._strip: Strip | None = None
        self._places: list[QRect] = []
        self.at = -1
        theme.signals().changed.connect(self.viewport().update)

    def show_strip(self, strip: Strip | None) -> None:
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self._strip = strip
        self._lay_out()
        if at_end:
            bar.setValue(bar.maximum())
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(500, 3 * self._line())

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 2 * self._line())

    def place(self, word: int) -> QRect:
        """Where a word and its bars are, in the viewport."""
        return self._places[word].translated(0, -self.verticalScrollBar().value())

    def _line(self) -> int:
        second = BAR if self._strip is not None and self._strip.second else 0
        return self.fontMetrics().height() + BAR + second + theme.XS

    def _lay_out(self) -> None:
        """Words flow from left to right, as text does."""
        self._places = []
        left, top, width, line = theme.XS, 0, self.viewport().width(), self._line()
        for word in self._strip.words if self._strip is not None else ():
            wide = max(self.fontMetrics().horizontalAdvance(word), theme.S) + theme.XS
            if left + wide > width and left > theme.XS:
                left, top = theme.XS, top + line
            self._places.append(QRect(left, top, min(wide, max(width - theme.S, 1)), line))
            left += wide + 2
        bar = self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(line)
        bar.setRange(0, max(top + line - self.viewport().height(), 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self._lay_out()
        if at_end:
            bar.setValue(bar.maximum())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(theme.current().surface))
        if self._strip is None:
            return
        view = self.viewport().rect()
        for word in range(len(self._places)):
            place = self.place(word)
            if place.intersects(view):
                self._paint_word(painter, word, place)

    def _paint_word(self, painter: QPainter, word: int, place: QRect) -> None:
        assert self._strip is not None
        look, height = theme.current(), self.fontMetrics().height()
        painter.setPen(QColor(look.text))
        painter.drawText(QRect(place.left() + 2, place.top(), place.width(), height), 0, self._strip.words[word])
        rows = [(self._strip.bars, self._strip.top, look.accent)]
        if self._strip.second:
            rows.append((self._strip.second, self._strip.second_top, look.series[1]))
        for row, (values, top, colour) in enumerate(rows):
            room = QRectF(place.left(), place.top() + height + row * BAR + 1, place.width() - 1, BAR - 2)
            self._paint_bar(painter, room, values[word] / top if top > 0 else 0.0, colour)
        if word == self.at:
            painter.setPen(QPen(QColor(look.text), 1))
            painter.drawRect(place.adjusted(0, 0, -1, -theme.XS))

    def _paint_bar(self, painter: QPainter, room: QRectF, part: float, colour: str) -> None:
        """A number that is not known has no bar, not even an empty one."""
        if part != part:
            return
        painter.fillRect(room, QColor(theme.current().raised))
        room.setTop(room.bottom() - room.height() * min(max(part, 0.0), 1.0))
        painter.fillRect(room, QColor(colour))

    # Mouse and keys

    def word_at(self, x: int, y: int) -> int:
        """−1 where there is none."""
        spot_y = y + self.verticalScrollBar().value()
        return next((i for i, place in enumerate(self._places) if place.contains(x, spot_y)), -1)

    def point(self, word: int) -> None:
        if word != self.at:
            self.at = word
            self.viewport().update()
            self.pointed.emit(word)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        spot = event.position().toPoint()
        self.point(self.word_at(spot.x(), spot.y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.at >= 0:
            self.picked.emit(self.at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and self._places:
            self.point(min(max(self.at + step, 0), len(self._places) - 1))
            place, bar = self.place(self.at), self.verticalScrollBar()
            bar.setValue(bar.value() + min(place.top(), 0) + max(place.bottom() - self.viewport().height(), 0))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.at >= 0:
            self.picked.emit(self.at)
        else:
            event.ignore()


def largest(values: Sequence[float]) -> float:
    """Where the bars of these values end; NaN does not count."""
    return max((value for value in values if value == value), default=0.0)
