"""Which control a sampling setting gets, and the controls that are more than a number: a choice, the seed, token ids.

What a kind of setting looks like is said once, in FIELDS.
"""

from __future__ import annotations

import math
import re
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox

from app.views.parts import library
from app.views.sampling_field import Field
from app.views.sampling_numbers import DecayField, IntegerField, NumberField
from rwkv_backend.sampling import Control


class ChoiceField(Field):
    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.combo = QComboBox()
        for choice in control.choices:
            self.combo.addItem(library(choice), choice)
        self._name(self.combo)
        self.label.setBuddy(self.combo)
        self._row(self.label, self.combo)
        self.set_value(control.default)
        self.combo.activated.connect(self._picked)

    def value(self) -> str:
        return str(self.combo.currentData())

    def set_value(self, value: Any) -> None:
        self.combo.setCurrentIndex(self.combo.findData(value))

    def _picked(self) -> None:
        self.edited.emit()


class SeedField(Field):
    """A seed, or a new one each time; and a way to do again what came with the last one."""

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self._last: int | None = None
        self.random = QCheckBox(self.tr("New each time"))
        self.spin = QSpinBox()
        self.spin.setRange(int(control.min or 0), int(control.max or 0))
        self.again = QPushButton()
        self._name(self.spin)
        self._name(self.random, "_random", self.tr("A new seed each time"))
        self._name(self.again, "_again", self.tr("Use the last seed"))
        self.label.setBuddy(self.spin)
        self._row(self.label, self.spin)
        self.box.addWidget(self.random)
        self.box.addWidget(self.again)
        self.set_value(control.default)
        self.show_seed(None)
        self.random.clicked.connect(self._random_clicked)
        self.spin.valueChanged.connect(self.edited)
        self.again.clicked.connect(self._use_last)

    def value(self) -> int | None:
        return None if self.random.isChecked() else self.spin.value()

    def set_value(self, value: Any) -> None:
        self.random.setChecked(value is None)
        self.spin.setEnabled(value is not None)
        if value is not None:
            self.spin.blockSignals(True)
            self.spin.setValue(value)
            self.spin.blockSignals(False)

    def show_seed(self, seed: int | None) -> None:
        """The seed that the last text came with."""
        self._last = seed
        self.again.setEnabled(seed is not None)
        self.again.setText(
            self.tr("Use the last seed") if seed is None else self.tr("Use the last seed: {0}").format(seed)
        )

    def _random_clicked(self, random: bool) -> None:
        self.spin.setEnabled(not random)
        self.edited.emit()

    def _use_last(self) -> None:
        self.set_value(self._last)
        self.edited.emit()


class TokensField(Field):
    """Token ids with commas between them. What is not a list of ids is said below, and the last good one holds."""

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self._value: tuple[int, ...] = tuple(control.default)
        self._vocabulary: int | None = None
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("none"))
        self.complaint = QLabel()
        self.complaint.setProperty("kind", "error")
        self.complaint.setWordWrap(True)
        self.complaint.hide()
        self._name(self.line)
        self._name(self.complaint, "_complaint", self.tr("What is wrong with the token ids"))
        self.label.setBuddy(self.line)
        for widget in (self.label, self.line, self.complaint):
            self.box.addWidget(widget)
        self.set_value(control.default)
        self.line.textEdited.connect(self._typed)

    def value(self) -> Any:
        size = math.inf if self._vocabulary is None else self._vocabulary
        return type(self.control.default)(token for token in self._value if token < size)

    def set_value(self, value: Any) -> None:
        self._value = tuple(value)
        self.line.setText(", ".join(str(token) for token in self._value))
        self._complain()

    def set_vocabulary(self, size: int | None) -> None:
        self._vocabulary = size
        self._complain()

    def _typed(self) -> None:
        before, tokens = self._value, self._parsed()
        if tokens is not None and not self._beyond(tokens):
            self._value = tokens
        self._complain()
        if self._value != before:
            self.edited.emit()

    def _parsed(self) -> tuple[int, ...] | None:
        words = self.line.text().replace(",", " ").split()
        return tuple(int(word) for word in words) if all(re.fullmatch("[0-9]{1,9}", word) for word in words) else None

    def _beyond(self, tokens: tuple[int, ...]) -> bool:
        return self._vocabulary is not None and any(token >= self._vocabulary for token in tokens)

    def _complain(self) -> None:
        tokens, sentence = self._parsed(), ""
        if tokens is None:
            sentence = self.tr("Write token ids, numbers of 0 or more, with commas between them.")
        elif self._beyond(tokens):
            sentence = self.tr("The model's token ids end at {0}.").format(f"{(self._vocabulary or 1) - 1:,}")
        self.complaint.setText(sentence)
        self.complaint.setVisible(bool(sentence))


FIELDS: dict[str, type[Field]] = {
    "number": NumberField,
    "integer": IntegerField,
    "choice": ChoiceField,
    "seed": SeedField,
    "tokens": TokensField,
}
"""What each kind of setting looks like."""

NAMED_FIELDS: dict[str, type[Field]] = {"penalty_decay": DecayField}
"""Settings that look different from others of their kind."""


def field_for(control: Control) -> Field:
    return NAMED_FIELDS.get(control.name, FIELDS[control.kind])(control)
