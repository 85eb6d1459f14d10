"""How fast a model reads and writes on this machine: what to measure, and what was found. Holds no model."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.benchmark_messages import BenchmarkRow
from app.views.benchmark_chart import BenchmarkChart, spread_text
from app.views.load_choices import DTYPES
from app.views.parts import named
from app.views.text_tools import copy_text
from app.views.version_card import size_text
from rwkv_backend.records import Progress

USUAL = ("float32", "int8")
"""Dtypes that are ticked at first: the exact one and the one for speed."""


class BenchmarkDialog(QDialog):
    run_requested = Signal(object, object)
    """Names of the dtypes, numbers of threads"""
    stop_requested = Signal()

    def __init__(self, model: str, cores: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("benchmark_dialog")
        self.setWindowTitle(self.tr("Benchmark"))
        self.resize(760, 640)
        self._rows: list[BenchmarkRow] = []
        self._model = QLabel(model)
        self._model.setTextFormat(Qt.TextFormat.PlainText)
        self._model.setWordWrap(True)
        self.dtype_boxes = {
            dtype: _tick(f"benchmark_{dtype}", dtype, dtype in USUAL) for dtype in DTYPES if dtype != "auto"
        }
        counts = sorted({1, max(1, cores // 2), cores})
        self.thread_boxes = {n: _tick(f"benchmark_threads_{n}", f"{n}", n == 1) for n in counts}
        self.run_button = QPushButton(self.tr("Measure"))
        self.stop_button = QPushButton(self.tr("Stop"))
        self.copy_button = QPushButton(self.tr("Copy as text"))
        self.progress = QProgressBar()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.writing = BenchmarkChart("writing", self.tr("Writing: median and spread; dotted: the memory's limit"))
        self.reading = BenchmarkChart("reading", self.tr("Reading a prompt: median and spread"))
        self.table = QTableWidget(0, 6)
        self._name_parts()
        self._lay_out()
        self.run_button.clicked.connect(self._run)
        self.stop_button.clicked.connect(self.stop_requested)
        self.copy_button.clicked.connect(self.copy)
        for box in (*self.dtype_boxes.values(), *self.thread_boxes.values()):
            box.toggled.connect(self._refresh)
        self.show_running(False)

    def _name_parts(self) -> None:
        named(self.run_button, "benchmark_run_button", self.tr("Measure"))
        named(self.stop_button, "benchmark_stop_button", self.tr("Stop measuring"))
        named(self.copy_button, "benchmark_copy_button", self.tr("Copy the table as text"))
        named(self.progress, "benchmark_progress", self.tr("How far the measuring is"))
        named(self.table, "benchmark_table", self.tr("What was measured"))
        self.run_button.setProperty("kind", "primary")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.S)
        layout.addWidget(self._model)
        layout.addLayout(_row(self.tr("Precision"), list(self.dtype_boxes.values())))
        layout.addLayout(_row(self.tr("Threads"), list(self.thread_boxes.values())))
        buttons = QHBoxLayout()
        for widget in (self.run_button, self.stop_button):
            buttons.addWidget(widget)
        buttons.addWidget(self.progress, 1)
        buttons.addWidget(self.copy_button)
        layout.addLayout(buttons)
        layout.addWidget(self.message)
        charts = QWidget()
        inside = QVBoxLayout(charts)
        inside.addWidget(self.writing)
        inside.addWidget(self.reading)
        inside.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(charts)
        layout.addWidget(scroll, 3)
        self.table.setHorizontalHeaderLabels(self.headings())
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        layout.addWidget(self.table, 2)

    def headings(self) -> list[str]:
        return [
            self.tr("precision × threads"),
            self.tr("writing (tokens/s)"),
            self.tr("of the limit"),
            self.tr("reading (tokens/s)"),
            self.tr("load (s)"),
            self.tr("weights"),
        ]

    # What it is told

    def show_running(self, running: bool) -> None:
        self._running = running
        self.stop_button.setEnabled(running)
        self.progress.setVisible(running)
        if running:
            self.progress.setRange(0, 0)
            self.message.setText(self.tr("Measuring. Other programs that work meanwhile make the figures smaller."))
        self._refresh()

    def show_progress(self, progress: Progress) -> None:
        """In thousandths: the bytes of a large model are too many for Qt's whole numbers."""
        self.progress.setRange(0, 1000)
        self.progress.setValue(1000 * progress.done // max(progress.total, 1))

    def add_row(self, row: BenchmarkRow) -> None:
        self._rows.append(row)
        self._fill()

    def ended(self, sentence: str) -> None:
        self.show_running(False)
        self.message.setText(sentence)

    def _fill(self) -> None:
        self.writing.show_rows(self._rows)
        self.reading.show_rows(self._rows)
        self.table.setRowCount(len(self._rows))
        for place, row in enumerate(self._rows):
            for column, text in enumerate(self.cells(row)):
                self.table.setItem(place, column, QTableWidgetItem(text))

    def cells(self, row: BenchmarkRow) -> list[str]:
        name = f"{row.dtype} × {row.threads}"
        if row.sentence:
            return [name, row.sentence, "", "", "", ""]
        share = f"{row.writing.median / row.limit:.0%}" if row.limit else ""
        sizes = [f"{row.load_seconds:.2f}", size_text(int(row.weight_bytes))]
        return [name, spread_text(row.writing), share, spread_text(row.reading), *sizes]

    # What the user does

    def chosen(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        dtypes = tuple(dtype for dtype, box in self.dtype_boxes.items() if box.isChecked())
        return dtypes, tuple(count for count, box in self.thread_boxes.items() if box.isChecked())

    def copy(self) -> None:
        lines = [self._model.text(), "\t".join(self.headings()), *("\t".join(self.cells(row)) for row in self._rows)]
        copy_text("\n".join(lines))

    def _run(self) -> None:
        self._rows.clear()
        self._fill()
        self.run_requested.emit(*self.chosen())

    def _refresh(self) -> None:
        dtypes, threads = self.chosen()
        self.run_button.setEnabled(bool(dtypes and threads) and not self._running)
        self.copy_button.setEnabled(bool(self._rows) and not self._running)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop_requested.emit()
        super().closeEvent(event)

    def reject(self) -> None:
        self.stop_requested.emit()
        super().reject()


def _tick(name: str, text: str, checked: bool) -> QCheckBox:
    box = QCheckBox(text)
    named(box, name, text)
    box.setChecked(checked)
    return box


def _row(title: str, widgets: list[QCheckBox]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.M)
    row.addWidget(QLabel(title))
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
