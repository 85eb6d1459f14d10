"""Words with their probabilities as bars, painted plainly: one row a word, the likeliest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.plots.words import hundredths, percent


@dataclass(frozen=True)
class WordBar:
    """A word as it is written, its probability, and perhaps the one it had before; marked: the word that really came."""

    text: str
    probability: float
    before: float | None = None
    marked: bool = False


class WordBars(QWidget):
    """As many as there is room for. With `before` two bars a row: wide and pale before, narrow and strong after."""

    def __init__(self, object_name: str, accessible_name: str, rows: int = 10) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(accessible_name)
        self._rows = rows
        self.bars: tuple[WordBar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.signals().changed.connect(self.update)

    def show_bars(self, bars: Sequence[WordBar]) -> None:
        self.bars = tuple(bars)
        words = ", ".join(f"{bar.text} {percent(bar.probability)}" for bar in self.bars)
        self.setAccessibleDescription(words)
        self.update()

    def row_height(self) -> int:
        return self.fontMetrics().height() + 3

    def sizeHint(self) -> QSize:
        return QSize(300, self._rows * self.row_height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 3 * self.row_height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        count = min(len(self.bars), self.height() // self.row_height())
        shown = self.bars[:count]
        end = max((max(bar.probability, bar.before or 0.0) for bar in shown), default=1.0)
        for place, bar in enumerate(shown):
            self._paint_row(painter, bar, place * self.row_height(), _round_end(end))

    def _paint_row(self, painter: QPainter, bar: WordBar, top: int, end: float) -> None:
        look, height, metrics = theme.current(), self.row_height(), self.fontMetrics()
        words = min(max(self.width() // 4, 90), 160)
        numbers = metrics.horizontalAdvance("88.8 → 88.8 %" if bar.before is not None else "<0.01 %") + theme.S
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(look.good if bar.marked else look.text))
        text = metrics.elidedText(bar.text, Qt.TextElideMode.ElideRight, words - theme.S)
        painter.drawText(QRect(0, top, words - theme.XS, height), Qt.AlignmentFlag.AlignRight | middle, text)
        room = max(self.width() - words - numbers, 10)
        strong = QColor(look.good if bar.marked else look.accent)
        if bar.before is not None:
            pale = QColor(look.accent)
            pale.setAlpha(80)
            painter.fillRect(QRectF(words, top + 2, bar.before / end * room, height - 4), pale)
        inset = 3.0 if bar.before is None else height / 2 - 2.0
        painter.fillRect(QRectF(words, top + inset, bar.probability / end * room, height - 2 * inset), strong)
        painter.setPen(QColor(look.muted))
        place = QRect(words + room, top, numbers - theme.XS, height)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, _figures(bar))


def _figures(bar: WordBar) -> str:
    if bar.before is None:
        return percent(bar.probability)
    return f"{hundredths(bar.before)} → {percent(bar.probability)}"


def _round_end(probability: float) -> float:
    """Where the bars end: the same for many sets of words, so that they can be compared."""
    return next((end for end in (0.1, 0.25, 0.5) if probability <= end), 1.0)
