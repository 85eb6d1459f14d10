"""The tab on which the models write side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.compare_messages import ColumnStatus
from app.views.compare.columns import Columns
from app.views.compare.position_bar import PositionBar
from app.views.compare.setup import Setup
from app.views.compare.tinted_text import SurpriseLegend
from app.views.parts import named
from rwkv_backend.records import Step


class WritingTab(QWidget):
    surprised = Signal(int, object)
    """A column's surprises, all of them, in nats: they have become more"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "compare_writing", self.tr("Write"))
        self.setup = Setup()
        self.position = PositionBar()
        self.columns = Columns()
        self.looking = QHBoxLayout()
        self.looking.setSpacing(theme.L)
        self.looking.addWidget(self.position, 1)
        self.looking.addWidget(SurpriseLegend())
        self._sentence = QLabel()
        self._sentence.setObjectName("compare_sentence")
        self._sentence.setProperty("kind", "error")
        self._sentence.setWordWrap(True)
        self._sentence.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        column.setSpacing(theme.S)
        column.addWidget(self.setup)
        column.addWidget(self._sentence)
        column.addWidget(self.columns, 1)
        column.addLayout(self.looking)
        self.columns.shown.connect(self._column_shown)
        self.columns.position_picked.connect(self.position.go_to)
        self.position.moved.connect(self.columns.show_position)

    def show_columns(self, statuses: Sequence[ColumnStatus]) -> None:
        self.columns.show_columns(statuses)
        self.setup.adder.show_present(tuple(status.choice.path for status in statuses))
        self.position.show_length(self.columns.longest)

    def begin(self, numbers: Sequence[int]) -> None:
        self.say("")
        self.columns.begin(numbers, self.setup.prompt())
        self.position.go_to(None)
        self.position.show_length(0)

    def add(self, number: int, step: Step) -> None:
        self.columns.add(number, (step.text, -step.logprob))

    def say(self, sentence: str) -> None:
        """What is wrong with the whole; "": nothing."""
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))

    def _column_shown(self, number: int) -> None:
        column = self.columns.column(number)
        if column is not None:
            self.position.show_length(self.columns.longest)
            self.surprised.emit(number, column.text.surprises())
