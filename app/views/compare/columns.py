"""All columns beside each other, above them their texts, below them one small plot for each; scrolls sideways when narrow.

Text that comes from the models waits and is put in for one column a turn of the event loop, so that the window answers
between them.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.compare_messages import ColumnStatus
from app.views.compare.column import Column
from app.views.compare.tinted_text import Piece
from app.views.parts import named

NARROWEST = 200
"""Pixels of a column; six of them just fit into a window of 1280."""

TURN_MS = 12
"""Between two columns that get their new text."""


class Columns(QScrollArea):
    remove_requested = Signal(int)
    stop_requested = Signal(int)
    dtype_chosen = Signal(int, str)
    device_chosen = Signal(int, str)
    position_picked = Signal(int)
    shown = Signal(int)
    """This column has got new text"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "compare_columns", self.tr("Models side by side"))
        self._columns: dict[int, Column] = {}
        self._waiting: dict[int, list[Piece]] = {}
        self._devices: tuple[str, ...] = ("cpu",)
        self._texts, self._texts_row = _row_of_cells()
        self.plots, self.plots_row = _row_of_cells()
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setObjectName("compare_splitter")
        self._splitter.addWidget(self._texts)
        self._splitter.addWidget(self.plots)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setSizes([600, 400])
        self._inside = QWidget()
        inside = QVBoxLayout(self._inside)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._splitter)
        self.setWidget(self._inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._turn = QTimer(self)
        self._turn.setInterval(TURN_MS)
        self._turn.timeout.connect(self._put_in_next)

    # The models

    def set_devices(self, devices: Sequence[str]) -> None:
        """Devices to choose from, for columns that are made from now on."""
        self._devices = tuple(devices)

    def show_columns(self, statuses: Sequence[ColumnStatus]) -> None:
        """Exactly these, in this order; those that stay keep their text."""
        wanted = {status.column for status in statuses}
        for number in [n for n in self._columns if n not in wanted]:
            self._waiting.pop(number, None)
            column = self._columns.pop(number)
            self._texts_row.removeWidget(column)
            column.hide()
            column.deleteLater()
        for place, status in enumerate(statuses):
            if status.column not in self._columns:
                self._columns[status.column] = self._made(status)
            self._texts_row.insertWidget(place, self._columns[status.column], 1)
            self._columns[status.column].show_status(status)
        self._inside.setMinimumWidth(len(statuses) * (NARROWEST + theme.S))

    def show_status(self, status: ColumnStatus) -> None:
        if status.column in self._columns:
            self._columns[status.column].show_status(status)

    @property
    def columns(self) -> tuple[Column, ...]:
        """From left to right."""
        return tuple(sorted(self._columns.values(), key=self._texts_row.indexOf))

    def column(self, number: int) -> Column | None:
        return self._columns.get(number)

    # The texts

    def begin(self, numbers: Sequence[int], prompt: str) -> None:
        self._waiting.clear()
        for number in numbers:
            if number in self._columns:
                self._columns[number].begin(prompt)

    def add(self, number: int, piece: Piece) -> None:
        """A token of this column; it is shown in one of the next turns."""
        if number in self._columns:
            self._waiting.setdefault(number, []).append(piece)
            self._turn.start()

    def end(self, number: int, rest: str) -> None:
        """No more will come; `rest` belongs to no token."""
        self._put_in(number)
        if number in self._columns:
            self._columns[number].text.add_rest(rest)

    def show_position(self, position: int | None) -> None:
        for column in self._columns.values():
            column.show_position(position)

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return max((column.text.tokens for column in self._columns.values()), default=0)

    def _put_in_next(self) -> None:
        if self._waiting:
            self._put_in(next(iter(self._waiting)))
        if not self._waiting:
            self._turn.stop()

    def _put_in(self, number: int) -> None:
        pieces = self._waiting.pop(number, None)
        if pieces and number in self._columns:
            self._columns[number].add(pieces)
            self.shown.emit(number)

    def _made(self, status: ColumnStatus) -> Column:
        column = Column(status, self._devices)
        column.remove_requested.connect(self.remove_requested)
        column.stop_requested.connect(self.stop_requested)
        column.dtype_chosen.connect(self.dtype_chosen)
        column.device_chosen.connect(self.device_chosen)
        column.token_picked.connect(self.position_picked)
        return column


def _row_of_cells() -> tuple[QWidget, QHBoxLayout]:
    """One cell a column; both rows share their margins, so that text and plot of a model stand below each other."""
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.S)
    return widget, row
