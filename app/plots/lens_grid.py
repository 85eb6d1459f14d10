"""A table layers × tokens in which each cell is a word on a colour; only the cells in view are painted.

Rows are layers, the last one the model's own answer; columns are the tokens read. Mouse and arrow keys move one frame
through the cells; a click or Enter picks the token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from app import theme
from app.plots import colours
from app.plots.colours import Shades

LOWEST, HIGHEST = 20, 38
"""Pixels of a row."""

WORD = "␣anything"
"""A word of usual length: a column is as wide."""


@dataclass(frozen=True)
class Cells:
    """What is painted. shades (rows, columns) of the scale; word(row, column); hits (rows, columns): the word came true."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    following: tuple[str, ...]
    shades: Shades
    hits: Shades
    word: Callable[[int, int], str]


class LensGrid(QAbstractScrollArea):
    pointed = Signal(int, int)
    """Row and column that mouse or keys are at"""
    picked = Signal(int)
    """The column that was clicked on"""

    def __init__(self, object_name: str, accessible_name: str) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(accessible_name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.viewport().setMouseTracking(True)
        self._cells: Cells | None = None
        self.row = self.column = 0
        theme.signals().changed.connect(self.viewport().update)

    def show_cells(self, cells: Cells | None) -> None:
        """Scrolled to the end if it stood there, or nothing was shown before."""
        bar = self.horizontalScrollBar()
        at_end = self._cells is None or bar.value() >= bar.maximum()
        followed = self._cells is None or self.column >= len(self._cells.columns) - 1
        self._cells = cells
        rows = len(cells.rows) if cells is not None else 6
        self.setMaximumHeight(rows * HIGHEST + 2 * self._line() + self._scroll_bar_height())
        self.updateGeometry()
        self._fit()
        if cells is not None:
            if at_end:
                bar.setValue(bar.maximum())
            if followed:
                self.row, self.column = len(cells.rows) - 1, len(cells.columns) - 1
            self.row, self.column = min(self.row, len(cells.rows) - 1), min(self.column, len(cells.columns) - 1)
            self.pointed.emit(self.row, self.column)
        self.viewport().update()

    # Sizes

    def cell_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(WORD) + 2 * theme.XS

    def cell_height(self) -> int:
        rows = len(self._cells.rows) if self._cells is not None else 1
        free = self.viewport().height() - 2 * self._line()
        return max(min(free // max(rows, 1), HIGHEST), max(LOWEST, self.fontMetrics().height() + 2))

    def head_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self.tr("model")) + theme.S

    def _line(self) -> int:
        return self.fontMetrics().height() + theme.XS

    def sizeHint(self) -> QSize:
        rows = len(self._cells.rows) if self._cells is not None else 6
        return QSize(500, min(rows, 24) * HIGHEST + 2 * self._line() + self._scroll_bar_height())

    def _scroll_bar_height(self) -> int:
        return self.horizontalScrollBar().sizeHint().height()

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 4 * LOWEST + 2 * self._line())

    def _fit(self) -> None:
        cells, view = self._cells, self.viewport()
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        wide = len(cells.columns) * self.cell_width() if cells is not None else 0
        high = len(cells.rows) * self.cell_height() if cells is not None else 0
        across.setPageStep(max(view.width() - self.head_width(), 1))
        across.setSingleStep(self.cell_width())
        across.setRange(0, max(wide - across.pageStep(), 0))
        down.setPageStep(max(view.height() - 2 * self._line(), 1))
        down.setSingleStep(self.cell_height())
        down.setRange(0, max(high - down.pageStep(), 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        at_end = self.horizontalScrollBar().value() >= self.horizontalScrollBar().maximum()
        self._fit()
        if at_end:
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().maximum())

    # Painting

    def cell_rect(self, row: int, column: int) -> QRect:
        left = self.head_width() + column * self.cell_width() - self.horizontalScrollBar().value()
        top = self._line() + row * self.cell_height() - self.verticalScrollBar().value()
        return QRect(left, top, self.cell_width(), self.cell_height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self.viewport()), theme.current()
        painter.fillRect(self.viewport().rect(), QColor(look.surface))
        if self._cells is None or not self._cells.columns:
            return
        columns = range(self._column_at(self.head_width()), self._column_at(self.viewport().width()) + 1)
        painter.save()
        painter.setClipRect(self._inside())
        table = colours.table_for(signed=False)
        for row in range(len(self._cells.rows)):
            if -self.cell_height() < self.cell_rect(row, 0).top() < self.viewport().height():
                for column in columns:
                    self._paint_cell(painter, table, row, column)
        painter.restore()
        self._paint_rows(painter)
        self._paint_columns(painter, columns)
        self._paint_frame(painter)

    def _paint_cell(self, painter: QPainter, table: Shades, row: int, column: int) -> None:
        assert self._cells is not None
        place = self.cell_rect(row, column).adjusted(0, 0, -1, -1)
        red, green, blue = (int(part) for part in table[self._cells.shades[row, column]])
        painter.fillRect(place, QColor(red, green, blue))
        bright = 0.299 * red + 0.587 * green + 0.114 * blue > 140
        painter.setPen(QColor("#101010" if bright else "#ffffff"))
        inside = place.adjusted(theme.XS, 0, -theme.XS, 0)
        word = self.fontMetrics().elidedText(self._cells.word(row, column), Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word)
        if self._cells.hits[row, column]:
            painter.fillRect(place.left(), place.bottom() - 2, place.width(), 3, QColor(theme.current().good))

    def _paint_rows(self, painter: QPainter) -> None:
        assert self._cells is not None
        painter.save()
        painter.setClipRect(QRect(0, self._line(), self.head_width(), self._inside().height()))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for row, name in enumerate(self._cells.rows):
            place = self.cell_rect(row, 0)
            painter.setPen(QColor(theme.current().text if row == self.row else theme.current().muted))
            painter.drawText(QRect(0, place.top(), self.head_width() - theme.XS, place.height()), right, name)
        painter.restore()

    def _paint_columns(self, painter: QPainter, columns: Sequence[int]) -> None:
        """Above: what was read; below: what really followed."""
        assert self._cells is not None
        look, inside = theme.current(), self._inside()
        painter.save()
        painter.setClipRect(QRect(inside.left(), 0, inside.width(), self.viewport().height()))
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for column in columns:
            left, width = self.cell_rect(0, column).left() + theme.XS, self.cell_width() - theme.S
            for top, text, colour in (
                (0, self._cells.columns[column], look.text if column == self.column else look.muted),
                (inside.bottom() + 1, self._cells.following[column], look.good),
            ):
                painter.setPen(QColor(colour))
                words = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
                painter.drawText(QRect(left, top, width, self._line()), middle, words)
        painter.restore()

    def _paint_frame(self, painter: QPainter) -> None:
        painter.setClipRect(self._inside())
        painter.setPen(QPen(QColor(theme.current().text), 2))
        painter.drawRect(self.cell_rect(self.row, self.column).adjusted(0, 0, -1, -1))

    def _inside(self) -> QRect:
        assert self._cells is not None
        high = min(len(self._cells.rows) * self.cell_height(), self.viewport().height() - 2 * self._line())
        return QRect(self.head_width(), self._line(), self.viewport().width() - self.head_width(), high)

    # Mouse and keys

    def _column_at(self, x: int) -> int:
        assert self._cells is not None
        column = (x - self.head_width() + self.horizontalScrollBar().value()) // self.cell_width()
        return int(np.clip(column, 0, len(self._cells.columns) - 1))

    def _row_at(self, y: int) -> int:
        assert self._cells is not None
        row = (y - self._line() + self.verticalScrollBar().value()) // self.cell_height()
        return int(np.clip(row, 0, len(self._cells.rows) - 1))

    def point(self, row: int, column: int) -> None:
        """Put the frame around this cell."""
        if self._cells is None or not self._cells.columns:
            return
        row = min(max(row, 0), len(self._cells.rows) - 1)
        column = min(max(column, 0), len(self._cells.columns) - 1)
        if (row, column) != (self.row, self.column):
            self.row, self.column = row, column
            self.viewport().update()
            self.pointed.emit(row, column)

    def go_to(self, column: int) -> None:
        """The frame there, in the row where it is, and into view."""
        self.point(self.row, column)
        if self._cells is not None and self._cells.columns:
            self._scroll_to_frame()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._cells is not None and self._cells.columns:
            spot = event.position().toPoint()
            self.point(self._row_at(spot.y()), self._column_at(spot.x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._cells is not None and self._cells.columns:
            self.mouseMoveEvent(event)
            self.picked.emit(self.column)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }.get(Qt.Key(event.key()))
        if step is not None:
            self.point(self.row + step[0], self.column + step[1])
            self._scroll_to_frame()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cells is not None:
            self.picked.emit(self.column)
        else:
            event.ignore()

    def _scroll_to_frame(self) -> None:
        place, inside = self.cell_rect(self.row, self.column), self._inside()
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() + min(place.left() - inside.left(), 0) + max(place.right() - inside.right(), 0))
        down.setValue(down.value() + min(place.top() - inside.top(), 0) + max(place.bottom() - inside.bottom(), 0))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
