"""What changed between the versions, read off the models themselves; a cell leads to the plot that shows what it says."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.compare_messages import ColumnStatus
from app.views.parts import library, named, tip
from rwkv_backend.compare.records import FEATURE_ROWS, Cell, Features

PLOT = Qt.ItemDataRole.UserRole
NARROWEST = 150


class DifferencesTab(QWidget):
    plot_requested = Signal(str)
    """The key of the plot that shows what a cell says"""
    open_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "compare_differences", self.tr("What changed"))
        self._columns: tuple[Features, ...] = ()
        self.table = QTableWidget()
        named(self.table, "compare_differences_table", self.tr("What changed between the versions"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setWordWrap(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.cellActivated.connect(self._activated)
        self.table.cellClicked.connect(self._activated)
        self._note = QLabel(
            self.tr("Read off the models' own tensors. Underlined cells lead to the plot that shows it.")
        )
        self._note.setProperty("kind", "muted")
        self.open = QPushButton(self.tr("Open the models"))
        named(self.open, "compare_open_models", self.tr("Open the models"))
        self.open.setProperty("kind", "primary")
        self.open.clicked.connect(self.open_requested)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._invitation())
        self._stack.addWidget(self._table_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        column.addWidget(self._stack)
        theme.signals().changed.connect(self._fill)

    def show_columns(self, statuses: Sequence[ColumnStatus], busy: str) -> None:
        """A column for each model that has been open."""
        self.open.setEnabled(not busy and bool(statuses))
        columns = tuple(s.features for s in statuses if s.features is not None)
        missing = any(s.features is None and s.phase != "failed" for s in statuses)
        self._stack.setCurrentIndex(1 if columns and not missing else 0)
        if columns != self._columns:
            self._columns = columns
            self._fill()

    def _invitation(self) -> QWidget:
        page = QWidget()
        words = QLabel(self.tr("This table is made from the models themselves, so they have to be open."))
        words.setProperty("kind", "muted")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(page)
        column.addStretch(1)
        column.addWidget(words)
        column.addWidget(self.open, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(2)
        return page

    def _table_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._note)
        column.addWidget(self.table, 1)
        return page

    def _fill(self) -> None:
        table = self.table
        table.clear()
        table.setRowCount(len(FEATURE_ROWS))
        table.setColumnCount(len(self._columns))
        table.setHorizontalHeaderLabels([column.title for column in self._columns])
        table.setVerticalHeaderLabels([library(title) for _, title in FEATURE_ROWS])
        for place, column in enumerate(self._columns):
            for row, cell in enumerate(column.cells):
                table.setItem(row, place, self._item(cell))
        self._fit()

    def _item(self, cell: Cell) -> QTableWidgetItem:
        item = QTableWidgetItem(library(cell.text).format(*cell.values))
        item.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        item.setData(PLOT, cell.plot)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        if cell.plot:
            font = QFont(self.table.font())
            font.setUnderline(True)
            item.setFont(font)
            item.setForeground(QColor(theme.current().accent))
            item.setToolTip(tip(self.tr("Show the plot")))
        return item

    def _activated(self, row: int, column: int) -> None:
        item = self.table.item(row, column)
        if item is not None and item.data(PLOT):
            self.plot_requested.emit(item.data(PLOT))

    def _fit(self) -> None:
        """All columns of one width, as wide as there is room."""
        count = self.table.columnCount()
        if count:
            width = max(NARROWEST, self.table.viewport().width() // count)
            for column in range(count):
                self.table.setColumnWidth(column, width)
            self.table.resizeRowsToContents()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self._fit)  # when the table inside has its new size, too

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self._fit)
