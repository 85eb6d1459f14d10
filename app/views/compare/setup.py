"""What all models of the compare page are given: prompt, seed, length, sampling, and the order in which they write."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.compare_messages import FEWEST
from app.views.compare.model_adder import ModelAdder
from app.views.composer import Composer
from app.views.parts import named, tip
from rwkv_backend.sampling import LARGEST_SEED, SamplingParams

LONGEST = 2_000
USUAL_LENGTH = 120
PROMPT = "Once upon a time there was a king who had"
"""Not translated: the demo models know English only."""


class Setup(QWidget):
    run_requested = Signal()
    stop_requested = Signal()
    unload_requested = Signal()
    sampling_requested = Signal()
    """Show the panel with the shared settings"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._params = SamplingParams()
        self._models = 0
        self._busy = ""
        self._make()
        self._lay_out()
        self._connect()
        self._dress()
        self.show_state(0, "")

    # What it tells

    def prompt(self) -> str:
        return self.composer.text()

    def seed(self) -> int:
        return self._seed.value()

    def max_tokens(self) -> int:
        return self._length.value()

    def together(self) -> bool:
        return bool(self._order.currentData())

    def params(self) -> SamplingParams | None:
        """The shared settings; None: each model's own preset."""
        return self._params if self._sampling.currentData() else None

    # What it is told

    def set_prompt(self, text: str) -> None:
        self.composer.set_text(text)

    def set_seed(self, seed: int) -> None:
        self._seed.setValue(seed)

    def set_max_tokens(self, tokens: int) -> None:
        self._length.setValue(tokens)

    def show_params(self, params: SamplingParams) -> None:
        """The sampling panel's settings, which are those that all models share."""
        self._params = params
        words = self.tr("Shared: temperature {0}, top p {1}").format(f"{params.temperature:g}", f"{params.top_p:g}")
        self._sampling.setItemText(0, words)

    def show_state(self, models: int, busy: str) -> None:
        """How many models there are, and what runs ("": nothing)."""
        self._models, self._busy = models, busy
        self._buttons.setCurrentWidget(self.stop if busy else self.run)
        self.stop.setEnabled(True)
        enough = models >= FEWEST
        self.run.setEnabled(enough)
        why_not = "" if enough else self.tr("Add at least {0} models").format(FEWEST)
        self.run.setToolTip(tip(why_not or self.tr("Let every model go on from the prompt (Ctrl+Enter)")))
        self.adder.setEnabled(not busy)
        self.unload.setEnabled(not busy)

    # How it is made

    def _make(self) -> None:
        self.composer = Composer(1, 3)
        self.composer.send_key = "ctrl_enter"
        named(self.composer, "compare_prompt", self.tr("Prompt for all models"))
        self.composer.setPlaceholderText(self.tr("The text that every model goes on from"))
        self.composer.set_text(PROMPT)
        self.run, self.stop = QPushButton(self.tr("Run")), QPushButton(self.tr("Stop"))
        named(self.run, "compare_run", self.tr("Run all models"))
        named(self.stop, "compare_stop_all", self.tr("Stop all models"))
        self.run.setProperty("kind", "primary")
        self._buttons = QStackedWidget()
        self._buttons.addWidget(self.run)
        self._buttons.addWidget(self.stop)
        self._seed = self._number("compare_seed", self.tr("Seed, the same for every model"), LARGEST_SEED, 1)
        self._length = self._number(
            "compare_length", self.tr("Tokens that each model may write"), LONGEST, USUAL_LENGTH
        )
        self._length.setMinimum(1)
        self._order = self._choice("compare_order", self.tr("Order of writing"))
        self._order.addItem(self.tr("Together"), True)
        self._order.addItem(self.tr("One after the other"), False)
        about = self.tr(
            "Together: each model writes one token in turn, so that none gets ahead; the speeds are those of each alone. "
            "One after the other: the first model writes all of its text, then the second begins."
        )
        self._order.setToolTip(tip(about))
        self._sampling = self._choice("compare_sampling", self.tr("Sampling"))
        self._sampling.addItem(self.tr("Shared"), True)
        self._sampling.addItem(self.tr("Each model's own preset"), False)
        self.change = QPushButton(self.tr("Change …"))
        named(self.change, "compare_change_sampling", self.tr("Change the shared sampling settings"))
        self.adder = ModelAdder()
        self.unload = QPushButton(self.tr("Unload"))
        named(self.unload, "compare_unload", self.tr("Unload the models"))
        self.unload.setToolTip(tip(self.tr("Free the memory that the models take; what they wrote stays")))

    def _number(self, name: str, accessible: str, most: int, value: int) -> QSpinBox:
        field = QSpinBox()
        named(field, name, accessible)
        field.setRange(0, most)
        field.setValue(value)
        field.setToolTip(tip(accessible))
        field.setMaximumWidth(14 * field.fontMetrics().averageCharWidth())
        return field

    def _choice(self, name: str, accessible: str) -> QComboBox:
        field = QComboBox()
        named(field, name, accessible)
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return field

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.S)
        top.addWidget(self.composer, 1)
        top.addWidget(self._buttons, 0, Qt.AlignmentFlag.AlignTop)
        below = QHBoxLayout()
        below.setSpacing(theme.S)
        fields = ((self.tr("Seed"), self._seed), (self.tr("Tokens"), self._length), ("", self._order))
        for words, field in (*fields, (self.tr("Sampling"), self._sampling)):
            if words:
                label = QLabel(words)
                label.setBuddy(field)
                below.addWidget(label)
            below.addWidget(field)
        below.addWidget(self.change)
        below.addStretch(1)
        below.addWidget(self.adder)
        below.addWidget(self.unload)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addLayout(top)
        column.addLayout(below)

    def _connect(self) -> None:
        self.composer.send_requested.connect(self._run_by_key)
        self.run.clicked.connect(self.run_requested)
        self.stop.clicked.connect(self._stop_clicked)
        self.unload.clicked.connect(self.unload_requested)
        self.change.clicked.connect(self.sampling_requested)
        self._sampling.currentIndexChanged.connect(lambda: self.change.setEnabled(self.params() is not None))
        theme.signals().changed.connect(self._dress)

    def _run_by_key(self) -> None:
        if self.run.isEnabled() and not self._busy:
            self.run_requested.emit()

    def _stop_clicked(self) -> None:
        self.stop.setEnabled(False)
        self.stop_requested.emit()

    def _dress(self) -> None:
        self.run.setIcon(theme.icon("play", colour=theme.current().on_accent))
        self.stop.setIcon(theme.icon("square"))
        self.adder.setIcon(theme.icon("folder-open"))
        self.unload.setIcon(theme.icon("trash-2"))
        self.change.setIcon(theme.icon("sliders-horizontal"))
