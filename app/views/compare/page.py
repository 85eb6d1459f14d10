"""The compare page: writing side by side, measuring on a text, and what changed between the versions."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QTabWidget, QVBoxLayout, QWidget

from app import theme
from app.views.compare.differences_tab import DifferencesTab
from app.views.compare.measure_tab import MeasureTab
from app.views.compare.writing_tab import WritingTab
from app.views.parts import named, tip


class ComparePage(QWidget):
    report_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "compare_page", self.tr("Compare"))
        self.writing = WritingTab()
        self.measure = MeasureTab()
        self.differences = DifferencesTab()
        self.tabs = QTabWidget()
        named(self.tabs, "compare_tabs", self.tr("Ways to compare"))
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.writing, self.tr("Write"))
        self.tabs.addTab(self.measure, self.tr("Measure"))
        self.tabs.addTab(self.differences, self.tr("What changed"))
        self.report = QPushButton(self.tr("Report …"))
        named(self.report, "compare_report", self.tr("Write a report"))
        words = self.tr("Write what is on this page into a folder, as HTML, Markdown, CSV and pictures")
        self.report.setToolTip(tip(words))
        self.report.setFlat(True)
        self.report.setEnabled(False)
        self.report.clicked.connect(self.report_requested)
        self.tabs.setCornerWidget(self.report)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs)
        theme.signals().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        self.report.setIcon(theme.icon("file-down"))
