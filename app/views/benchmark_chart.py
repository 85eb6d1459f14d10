"""Bars for the speeds of a benchmark: one for each dtype and number of threads, its spread, and the memory's limit."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.benchmark_messages import BenchmarkRow
from rwkv_backend.records import Spread

ROW, BAR = 26, 14
"""Pixels: a row's height, and a bar's."""

AXIS = 40
"""Pixels below the bars, for the scale."""


class BenchmarkChart(QWidget):
    """`work` "writing" or "reading". Shows rows in the order in which they come."""

    def __init__(self, work: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"benchmark_{work}_chart")
        self.setAccessibleName(title)
        self._writing = work == "writing"
        self._title = title
        self._rows: list[BenchmarkRow] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals().changed.connect(self.update)

    def show_rows(self, rows: list[BenchmarkRow]) -> None:
        self._rows = [row for row in rows if not row.sentence]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(440, self.fontMetrics().height() + theme.S + ROW * max(1, len(self._rows)) + AXIS)

    def spread(self, row: BenchmarkRow) -> Spread:
        return row.writing if self._writing else row.reading

    def top(self) -> float:
        """Where the scale ends: a round number beyond the longest bar, and beyond the limits that are near it."""
        highest = max((self.spread(row).high for row in self._rows), default=1.0)
        limits = [row.limit for row in self._rows if self._writing and row.limit < 3 * highest]
        return _round_up(max([highest, *limits]))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look, metrics = theme.current(), self.fontMetrics()
        painter.setPen(QColor(look.text))
        painter.drawText(QPointF(0, metrics.ascent()), self._title)
        room = self._room(metrics)
        self._paint_scale(painter, room, metrics)
        for number, row in enumerate(self._rows):
            self._paint_row(painter, room, number, row)

    def _room(self, metrics: QFontMetrics) -> QRectF:
        """Where the bars lie; left of it the names, right of it room for the last number."""
        left = max((metrics.horizontalAdvance(name_of(row)) for row in self._rows), default=60) + theme.S
        right = metrics.horizontalAdvance("10,000.0 (10,000–10,000)") + theme.S
        top = metrics.height() + theme.S
        return QRectF(left, top, max(40.0, self.width() - left - right), ROW * max(1, len(self._rows)))

    def _paint_scale(self, painter: QPainter, room: QRectF, metrics: QFontMetrics) -> None:
        look, top = theme.current(), self.top()
        for part in (0.0, 0.5, 1.0):
            x = room.left() + part * room.width()
            painter.setPen(QColor(look.grid))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom() + 3))
            painter.setPen(QColor(look.muted))
            box = QRectF(x - 40, room.bottom() + 3, 80, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{part * top:,g}")
        box = QRectF(room.left(), room.bottom() + 3 + metrics.height(), room.width(), metrics.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.tr("tokens a second"))

    def _paint_row(self, painter: QPainter, room: QRectF, number: int, row: BenchmarkRow) -> None:
        look, spread, scale = theme.current(), self.spread(row), room.width() / self.top()
        middle = room.top() + (number + 0.5) * ROW
        painter.setPen(QColor(look.text))
        names = QRectF(0, middle - ROW / 2, room.left() - theme.S, ROW)
        painter.drawText(names, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, name_of(row))
        painter.fillRect(
            QRectF(room.left(), middle - BAR / 2, spread.median * scale, BAR), QColor(look.series[row.threads % 2])
        )
        painter.setPen(QPen(QColor(look.text), 1.5))
        painter.drawLine(
            QPointF(room.left() + spread.low * scale, middle), QPointF(room.left() + spread.high * scale, middle)
        )
        if self._writing and 0 < row.limit <= self.top():
            x = room.left() + row.limit * scale
            painter.setPen(QPen(QColor(look.warning), 2, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, middle - ROW / 2 + 2), QPointF(x, middle + ROW / 2 - 2))
        painter.setPen(QColor(look.muted))
        said = QRectF(room.right() + theme.S, middle - ROW / 2, self.width() - room.right() - theme.S, ROW)
        painter.drawText(said, Qt.AlignmentFlag.AlignVCenter, spread_text(spread))


def name_of(row: BenchmarkRow) -> str:
    return f"{row.dtype} × {row.threads}"


def spread_text(spread: Spread) -> str:
    """ "12.3 (12.1–12.6)", with as many digits as make sense."""
    digits = 0 if spread.median >= 100 else 1
    return f"{spread.median:,.{digits}f} ({spread.low:,.{digits}f}–{spread.high:,.{digits}f})"


def _round_up(value: float) -> float:
    power = 1.0
    while value > 10 * power:
        power *= 10
    while value < power:
        power /= 10
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)
