"""What is to be measured: the text, the tasks, how far a state is carried; Run, Stop, and how far it is."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.compare_messages import FEWEST
from app.views.compare.text_choice import TextChoice
from app.views.parts import library, named, tip
from rwkv_backend.compare.records import TASK_TITLES, CompareSettings, Task

OFFERED: tuple[Task, ...] = ("text", "needle", "speed", "memory", "forgetting")
"""Writing is done on its own tab."""


class MeasureSetup(QWidget):
    run_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models, self._busy = 0, ""
        self.text = TextChoice()
        self._tasks = {task: self._box(task) for task in OFFERED}
        self._window = QComboBox()
        named(self._window, "compare_window", self.tr("How far the state is carried"))
        for words, tokens in (
            (self.tr("Fresh state every 512 tokens"), 512),
            (self.tr("Fresh state every 128 tokens"), 128),
            (self.tr("State carried through the text"), None),
        ):
            self._window.addItem(words, tokens)
        self.run, self.stop = QPushButton(self.tr("Measure")), QPushButton(self.tr("Stop"))
        named(self.run, "compare_measure", self.tr("Measure all models"))
        named(self.stop, "compare_stop_measuring", self.tr("Stop measuring"))
        self.run.setProperty("kind", "primary")
        self._buttons = QStackedWidget()
        self._buttons.addWidget(self.run)
        self._buttons.addWidget(self.stop)
        self._buttons.setFixedHeight(self.run.sizeHint().height() + theme.XS)
        self._bar = QProgressBar()
        named(self._bar, "compare_progress", self.tr("How far the measuring is"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(theme.S)
        self._doing = QLabel()
        self._doing.setObjectName("compare_doing")
        self._doing.setProperty("kind", "muted")
        self._doing.setWordWrap(True)
        self._lay_out()
        self.run.clicked.connect(self.run_requested)
        self.stop.clicked.connect(self._stop_clicked)
        self.text.changed.connect(self._fit)
        theme.signals().changed.connect(self._dress)
        self._dress()
        self.show_state(0, "")

    def settings(self, base: CompareSettings) -> CompareSettings:
        """`base` with the tasks and the window of this page."""
        tasks = tuple(task for task in OFFERED if self._tasks[task].isChecked())
        return replace(base, tasks=tasks, window=self._window.currentData())

    def choose_tasks(self, *tasks: Task) -> None:
        for task, box in self._tasks.items():
            box.setChecked(task in tasks)

    def show_state(self, models: int, busy: str) -> None:
        self._models, self._busy = models, busy
        self._buttons.setCurrentWidget(self.stop if busy == "measure" else self.run)
        self.stop.setEnabled(True)
        if busy != "measure":
            self._bar.hide()
            self._doing.clear()
        self._fit()

    def show_progress(self, sentence: str, part: float) -> None:
        """part: from 0 to 1, of all models and tasks."""
        self._bar.show()
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * part))
        self._doing.setText(sentence)

    def _box(self, task: Task) -> QCheckBox:
        box = QCheckBox(library(TASK_TITLES[task]))
        named(box, f"compare_task_{task}", library(TASK_TITLES[task]))
        box.setChecked(True)
        box.toggled.connect(self._fit)
        return box

    def _lay_out(self) -> None:
        note = QLabel(
            self.tr(
                "Loss per token cannot be compared between models whose tokenizers cut the text differently: whoever cuts it "
                "into fewer tokens has more to foresee in each. Bits per byte can: the bytes are the same for all."
            )
        )
        note.setObjectName("compare_note")
        note.setWordWrap(True)
        note.setProperty("kind", "muted")
        buttons = QHBoxLayout()
        buttons.addWidget(self._buttons, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.S, theme.S, theme.S)
        column.setSpacing(theme.S)
        column.addWidget(self.text, 1)
        column.addWidget(self._window)
        for box in self._tasks.values():
            column.addWidget(box)
        column.addLayout(buttons)
        column.addWidget(self._bar)
        column.addWidget(self._doing)
        column.addWidget(note)

    def _fit(self) -> None:
        why_not = self._why_not()
        self.run.setEnabled(not why_not)
        self.run.setToolTip(tip(why_not or self.tr("Run the chosen measures on every model of the page")))

    def _why_not(self) -> str:
        if self._busy:
            return self.tr("Something else is running on this page")
        if self._models < FEWEST:
            return self.tr("Add at least {0} models").format(FEWEST)
        chosen = [task for task, box in self._tasks.items() if box.isChecked()]
        if not chosen:
            return self.tr("Choose at least one measure")
        needs_text = {"text", "needle", "forgetting"} & set(chosen)
        return self.tr("There is no text yet") if needs_text and not self.text.text().strip() else ""

    def _stop_clicked(self) -> None:
        self.stop.setEnabled(False)
        self.stop_requested.emit()

    def _dress(self) -> None:
        self.run.setIcon(theme.icon("chart-line", colour=theme.current().on_accent))
        self.stop.setIcon(theme.icon("square"))
