"""Editing the present memory: what to do to which part of it, and at once what that does to the next word."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.analysis_messages import PRESENT, Edited, LabContents
from app.messages import OpenedModel
from app.views.lab_parts import SnapshotChoice, numbers
from app.views.lab_words import NextWordPanel, is_change
from app.views.parts import library, named, tip
from rwkv_backend.analysis.records import Interpolate, NextWordChange, Noise, Replace, Scale, StateEdit, Target, Zero

WAIT_MS = 250
"""After the last change of a choice, until its effect is asked for."""

OPERATIONS = ("zero", "scale", "noise", "replace", "interpolate")


class EditForm(QWidget):
    preview_requested = Signal(object, object, int)
    """StateEdit, Target, number of the other state"""
    apply_requested = Signal(object, object, int)
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "lab_edit", self.tr("Edit the memory"))
        self._opened: OpenedModel | None = None
        self._contents = LabContents()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(WAIT_MS)
        self._soon.timeout.connect(self.preview)
        self._make_operation()
        self._make_target()
        self._make_buttons()
        self.words = NextWordPanel("lab_edit_words")
        self.done: NextWordChange | None = None
        """What the last edit that changed the next word did to it; None after taking one back"""
        self._lay_out()
        self.show_model(None)

    # Building

    def _make_operation(self) -> None:
        self._operation = QComboBox()
        named(self._operation, "edit_operation", self.tr("What to do"))
        for words in (
            self.tr("Zero: as before any word"),
            self.tr("Scale: the past counts … times"),
            self.tr("Noise of … times its size"),
            self.tr("Replace by a snapshot"),
            self.tr("Interpolate to a snapshot"),
        ):
            self._operation.addItem(words)
        self._operation.currentIndexChanged.connect(self._operation_chosen)
        self._amount = QDoubleSpinBox()
        named(self._amount, "edit_amount", self.tr("How much"))
        self._amount.setDecimals(2)
        self._amount.setSingleStep(0.1)
        self._amount.valueChanged.connect(self._changed)
        self._other = SnapshotChoice("edit_other", self.tr("The snapshot to take from"), with_present=False)
        self._other.currentIndexChanged.connect(self._changed)

    def _make_target(self) -> None:
        self._layers, self._heads = QLineEdit(), QLineEdit()
        named(self._layers, "edit_layers", self.tr("Layers"))
        named(self._heads, "edit_heads", self.tr("Heads"))
        self._layers.setPlaceholderText(self.tr("all"))
        self._heads.setPlaceholderText(self.tr("all"))
        self._fields = QComboBox()
        named(self._fields, "edit_fields", self.tr("Fields"))
        self._fields.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._fields.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for line in (self._layers, self._heads):
            line.setToolTip(self.tr("Numbers and ranges, such as 0-3, 5; empty for all"))
            line.textChanged.connect(self._changed)
        self._fields.currentIndexChanged.connect(self._changed)

    def _make_buttons(self) -> None:
        self.apply_button = QPushButton(self.tr("Apply"))
        self.undo_button = QPushButton(self.tr("Undo"))
        self.redo_button = QPushButton(self.tr("Redo"))
        for button, name in ((self.apply_button, "apply"), (self.undo_button, "undo"), (self.redo_button, "redo")):
            button.setObjectName(f"edit_{name}_button")
            button.setAccessibleName(self.tr("Edit: {0}").format(button.text()))
        self.apply_button.setProperty("kind", "primary")
        self.apply_button.clicked.connect(self._apply)
        self.undo_button.clicked.connect(self.undo_requested)
        self.redo_button.clicked.connect(self.redo_requested)
        self._problem = QLabel()
        self._problem.setObjectName("edit_problem")
        self._problem.setProperty("kind", "error")
        self._problem.setWordWrap(True)
        self._problem.hide()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.S)
        grid.setVerticalSpacing(theme.XS)
        first = QHBoxLayout()
        first.setSpacing(theme.S)
        first.addWidget(self._operation, 3)
        first.addWidget(self._amount, 1)
        first.addWidget(self._other, 2)
        grid.addWidget(self._label(self.tr("Do"), self._operation), 0, 0)
        grid.addLayout(first, 0, 1, 1, 5)
        for column, (words, widget) in enumerate(
            ((self.tr("Layers"), self._layers), (self.tr("Heads"), self._heads), (self.tr("Fields"), self._fields))
        ):
            grid.addWidget(self._label(words, widget), 1, 2 * column)
            grid.addWidget(widget, 1, 2 * column + 1)
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(3, 2)
        grid.setColumnStretch(5, 4)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addWidget(self._problem, 1)
        buttons.addStretch(1)
        for button in (self.undo_button, self.redo_button, self.apply_button):
            buttons.addWidget(button)
        column_box = QVBoxLayout(self)
        column_box.setContentsMargins(0, theme.S, 0, 0)
        column_box.setSpacing(theme.S)
        column_box.addLayout(grid)
        column_box.addLayout(buttons)
        column_box.addWidget(self.words, 1)

    def _label(self, words: str, buddy: QWidget) -> QLabel:
        label = QLabel(words)
        label.setBuddy(buddy)
        return label

    # What it is told

    def show_model(self, opened: OpenedModel | None) -> None:
        self._opened = opened
        heads = (opened.card.info.n_head or 0) if opened is not None else 0
        self._heads.setEnabled(heads > 1)
        with QSignalBlocker(self._fields), QSignalBlocker(self._layers), QSignalBlocker(self._heads):
            self._layers.clear()
            self._heads.clear()
            self._fields.clear()
            self._fields.addItem(self.tr("memory, without the last input"), self._memory_fields())
            self._fields.addItem(self.tr("all fields"), None)
            for entry in opened.fields if opened is not None else ():
                self._fields.addItem(entry.field.name, (entry.field.name,))
                self._fields.setItemData(
                    self._fields.count() - 1, tip(library(entry.field.about)), Qt.ItemDataRole.ToolTipRole
                )
        self._operation_chosen()
        self.words.forget()
        self.done = None

    def show_contents(self, contents: LabContents) -> None:
        self._contents = contents
        self._other.show_contents(contents)
        self.undo_button.setEnabled(contents.undo > 0)
        self.redo_button.setEnabled(contents.redo > 0)
        self._enable()

    def show_effect(self, edited: Edited) -> None:
        """What the edit does, did, or would do."""
        if edited.undone:
            self.words.show_same(edited.words, self.tr("Undone: the next word is as it was before the edit."))
        elif not is_change(edited.words):
            self.words.show_same(
                edited.words,
                self.tr("The edit changed nothing: the next word is as before.")
                if edited.kept
                else self.tr("This would change nothing: the next word stays as it is."),
            )
        else:
            self.words.show_change(
                edited.words,
                self.tr("The edit changed the next word by {0} nats (KL)")
                if edited.kept
                else self.tr("This would change the next word by {0} nats (KL)"),
            )
        if edited.undone:
            self.done = None
        elif edited.kept and is_change(edited.words):
            self.done = edited.words
        self._say("")

    def show_failure(self, sentence: str) -> None:
        self._say(sentence)
        self.words.forget()

    # What is chosen

    @property
    def operation(self) -> str:
        return OPERATIONS[max(self._operation.currentIndex(), 0)]

    def choose(self, operation: str, layers: str = "", heads: str = "", amount: float | None = None) -> None:
        """As if the user had chosen it."""
        self._operation.setCurrentIndex(OPERATIONS.index(operation))
        self._layers.setText(layers)
        self._heads.setText(heads)
        if amount is not None:
            self._amount.setValue(amount)

    def edit(self) -> StateEdit:
        amount = self._amount.value()
        if self.operation == "scale":
            return Scale(amount)
        if self.operation == "noise":
            return Noise(amount)
        if self.operation == "replace":
            return Replace()
        return Interpolate(amount) if self.operation == "interpolate" else Zero()

    def target(self) -> Target:
        """Raises ValueError for layers or heads that are not there."""
        if self._opened is None:
            return Target()
        info = self._opened.card.info
        return Target(
            numbers(self._layers.text(), info.n_layer),
            numbers(self._heads.text(), info.n_head or 1) if self._heads.isEnabled() else None,
            self._fields.currentData(),
        )

    @property
    def other(self) -> int:
        return self._other.number or PRESENT

    def preview(self) -> None:
        """Ask what the present choice would do."""
        request = self._request()
        if request is not None and self._contents.tokens_seen > 1:
            self.preview_requested.emit(*request)

    def _apply(self) -> None:
        self._soon.stop()
        request = self._request()
        if request is not None:
            self.apply_requested.emit(*request)

    def _request(self) -> tuple[StateEdit, Target, int] | None:
        if self._opened is None:
            return None
        try:
            target = self.target()
        except ValueError:
            info = self._opened.card.info
            self._say(
                self.tr("Layers are 0 to {0}, heads 0 to {1}; write 0-3, 5 or nothing.").format(
                    info.n_layer - 1, max((info.n_head or 1) - 1, 0)
                )
            )
            return None
        if self._takes_from_other() and self._other.number is None:
            self._say(self.tr("Take a snapshot first."))
            return None
        self._say("")
        return self.edit(), target, self.other if self._takes_from_other() else PRESENT

    # Within

    def _memory_fields(self) -> tuple[str, ...] | None:
        if self._opened is None:
            return None
        names = (entry.field.name for entry in self._opened.fields if entry.layers)
        return tuple(name for name in names if not name.endswith("last_input")) or None

    def _takes_from_other(self) -> bool:
        return self.operation in ("replace", "interpolate")

    def _operation_chosen(self) -> None:
        amounts = {"scale": (0.5, 100.0), "noise": (0.5, 100.0), "interpolate": (0.5, 1.0)}
        usual, most = amounts.get(self.operation, (0.0, 1.0))
        with QSignalBlocker(self._amount):
            self._amount.setRange(0.0, most)
            self._amount.setValue(usual)
        self._amount.setVisible(self.operation in amounts)
        self._other.setVisible(self._takes_from_other())
        self._changed()

    def _changed(self) -> None:
        self._soon.start()
        self._enable()

    def _enable(self) -> None:
        ready = self._contents.tokens_seen > 1 and (not self._takes_from_other() or self._other.number is not None)
        self.apply_button.setEnabled(ready)

    def _say(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))
