"""The tab on which all models are measured on one text: what to measure at the left, table and charts at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.views.compare.charts_of import charts_of
from app.views.compare.measure_setup import MeasureSetup
from app.views.compare.result_table import ResultTable
from app.views.parts import library, named
from rwkv_backend.compare.records import (
    TASK_TITLES,
    TASKS,
    CompareEvent,
    CompareSettings,
    ModelOpened,
    ModelResult,
    TaskDone,
    TaskProgress,
)

if TYPE_CHECKING:
    from app.views.compare.chart import ChartView, ModelLegend

LEFT, CHART_WIDTH = 290, 320


class MeasureTab(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "compare_measure_tab", self.tr("Measure"))
        self.setup = MeasureSetup()
        self.setup.setFixedWidth(LEFT)
        self._results: list[ModelResult] = []
        self._numbers: tuple[int, ...] = ()
        self._text_bytes = 0
        self._tasks: tuple[str, ...] = ()
        self._charts: dict[str, ChartView] = {}
        self._legend: ModelLegend | None = None
        self.table = ResultTable()
        self._view = self._table_view()
        self._sentence = QLabel()
        self._sentence.setObjectName("compare_measure_sentence")
        self._sentence.setProperty("kind", "error")
        self._sentence.setWordWrap(True)
        self._sentence.hide()
        self._empty = QLabel(self.tr("What is measured appears here: a table and charts, model by model."))
        self._empty.setProperty("kind", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(theme.S, theme.S, theme.M, theme.S)
        self._column.setSpacing(theme.S)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.L)
        self._grid.setVerticalSpacing(theme.M)
        for widget in (self._sentence, self._empty, self._view):
            self._column.addWidget(widget)
        self._column.addLayout(self._grid)
        self._column.addStretch(1)
        self._view.hide()
        self._scroll = QScrollArea()
        self._scroll.setObjectName("compare_results")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self._inside)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.setup)
        row.addWidget(self._scroll, 1)

    # What it is told

    def begin(self, numbers: Sequence[int], titles: Sequence[str], settings: CompareSettings) -> None:
        """These columns are about to be measured."""
        self.say("")
        self._numbers = tuple(numbers)
        self._tasks = tuple(task for task in TASKS if task in settings.tasks)
        self._results = [ModelResult(title) for title in titles]
        self._text_bytes = len(self.setup.text.text().encode("utf-8"))
        self._show_all()

    def take(self, number: int, event: CompareEvent) -> None:
        """A step of one column's measuring."""
        if number not in self._numbers:
            return
        place = self._numbers.index(number)
        if isinstance(event, TaskProgress):
            part = event.progress.done / max(event.progress.total, 1)
            self._show_progress(place, event.task, part)
        elif isinstance(event, (TaskDone, ModelOpened)):
            self._results[place] = event.result
            if isinstance(event, TaskDone):
                self._show_all()

    def show_results(self, results: Sequence[ModelResult]) -> None:
        """How it ended."""
        self._results = list(results)
        self._show_all()

    def say(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))

    @property
    def results(self) -> tuple[ModelResult, ...]:
        return tuple(self._results)

    def show_chart(self, key: str) -> bool:
        """Scroll to a chart; False if it has not been measured."""
        chart = self._charts.get(key)
        if chart is not None:
            self._scroll.ensureWidgetVisible(chart)
        return chart is not None

    # Inside

    def _show_progress(self, place: int, task: str | None, part: float) -> None:
        each = max(len(self._tasks), 1)
        done = place * each + (self._tasks.index(task) + part if task in self._tasks else 0.0)
        name = library(TASK_TITLES[task]) if task in TASK_TITLES else self.tr("loading")
        words = self.tr("{0} ({1} of {2}): {3}, {4} %")
        title = self._results[place].title
        sentence = words.format(title, place + 1, len(self._results), name, f"{100 * part:.0f}")
        self.setup.show_progress(sentence, done / (each * len(self._results)))

    def _show_all(self) -> None:
        self._empty.setVisible(not self._results)
        self._view.setVisible(bool(self._results))
        self.table.show_results(self._results)
        self._view.resizeColumnsToContents()
        height = self._view.horizontalHeader().height() + sum(
            self._view.rowHeight(row) for row in range(self.table.rowCount())
        )
        self._view.setFixedHeight(height + self._view.horizontalScrollBar().sizeHint().height() + 4)
        self._show_charts()

    def _show_charts(self) -> None:
        from app.views.compare.chart import ChartView, ModelLegend

        charts = charts_of(self._results, self._text_bytes)
        if charts and self._legend is None:
            self._legend = ModelLegend()
            self._column.insertWidget(self._column.indexOf(self._view) + 1, self._legend)
        if self._legend is not None:
            self._legend.show_titles(tuple(result.title for result in self._results))
        wanted = [chart.key for chart in charts]
        for key in [key for key in self._charts if key not in wanted]:
            view = self._charts.pop(key)
            self._grid.removeWidget(view)
            view.hide()
            view.deleteLater()
        for chart in charts:
            if chart.key in self._charts:
                self._charts[chart.key].show_chart(chart)
            else:
                self._charts[chart.key] = ChartView(chart)
        self._arrange(wanted)

    def _arrange(self, keys: Sequence[str]) -> None:
        columns = max(1, (self.width() - LEFT) // CHART_WIDTH)
        for place, key in enumerate(keys):
            self._grid.addWidget(self._charts[key], place // columns, place % columns)
        for column in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def _table_view(self) -> QTableView:
        view = QTableView()
        named(view, "compare_table", self.tr("What was measured of every model"))
        view.setModel(self.table)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + theme.S)
        view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        view.horizontalHeader().setStretchLastSection(True)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setAlternatingRowColors(False)
        view.setFrameShape(QFrame.Shape.NoFrame)
        return view

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._charts:
            self._arrange(list(self._charts))
