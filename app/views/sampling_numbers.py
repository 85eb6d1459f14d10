"""The controls of sampling settings that are numbers: between two others, a decay, and whole ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QSlider, QSpinBox

from app.views.sampling_field import Field, suffix
from rwkv_backend.sampling import Control, SamplingParams


class ShortSpinBox(QDoubleSpinBox):
    """Shows no more decimals than the number has, but at least those of a step."""

    def __init__(self, least_decimals: int, decimals: int = 6) -> None:
        super().__init__()
        self._least = least_decimals
        self.setDecimals(decimals)

    def textFromValue(self, value: float) -> str:
        decimals = self._least
        while decimals < self.decimals() and not math.isclose(round(value, decimals), value, abs_tol=1e-9):
            decimals += 1
        return self.locale().toString(value, "f", decimals).replace(self.locale().groupSeparator(), "")


class NumberField(Field):
    """A number between two others: a slider, and a box for the exact value."""

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        assert control.min is not None
        assert control.max is not None
        step = control.step or (control.max - control.min) / 100
        self._value = float(control.default)
        self.spin = ShortSpinBox(max(0, -math.floor(math.log10(step) + 1e-9)))
        self.spin.setRange(control.min, control.max)
        self.spin.setSingleStep(step)
        self.spin.setSuffix(suffix(control))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, round((control.max - control.min) / step))
        self.slider.setPageStep(max(1, self.slider.maximum() // 10))
        self._low, self._step = control.min, step
        self._name(self.spin)
        self._name(self.slider, "_slider")
        self.label.setBuddy(self.spin)
        self.box.addWidget(self.label)
        self._row(self.slider, self.spin)
        self.set_value(self._value)
        self.spin.valueChanged.connect(self._typed)
        self.slider.valueChanged.connect(self._slid)

    def value(self) -> float:
        return self._value

    def set_value(self, value: Any) -> None:
        self._value = float(value)
        self._show_value()
        self._link()

    def _show_value(self) -> None:
        self._show(self.spin, self._value)
        self._show(self.slider, round((self._value - self._low) / self._step))

    def _link(self) -> None:
        """Show the value also where it is spelled in another way."""

    def _show(self, widget: QDoubleSpinBox | QSlider, value: Any) -> None:
        widget.blockSignals(True)
        widget.setValue(value)
        widget.blockSignals(False)

    def _typed(self, value: float) -> None:
        self._value = value
        self._show(self.slider, round((value - self._low) / self._step))
        self._link()
        self.edited.emit()

    def _slid(self, steps: int) -> None:
        self._value = round(self._low + steps * self._step, 9)
        self._show(self.spin, self._value)
        self._link()
        self.edited.emit()


class DecayField(NumberField):
    """What is left of a penalty after one token, and the same as the number of tokens in which it halves."""

    NEVER = -1.0
    """The lowest number of the second box stands for a penalty that stays."""

    def __init__(self, control: Control) -> None:
        self.half_life = ShortSpinBox(0, 1)
        self.half_life.setRange(self.NEVER, 1_000_000)
        super().__init__(control)
        label = QLabel(self.tr("Halves in"))
        label.setBuddy(self.half_life)
        label.setProperty("kind", "muted")
        self.half_life.setSuffix(suffix(replace(control, unit="tokens")))
        self.half_life.setSpecialValueText(self.tr("never"))
        self._name(self.half_life, "_half_life", self.tr("Half-life of the penalties, in tokens"))
        self._row(label, self.half_life)
        self.half_life.valueChanged.connect(self._half_life_typed)

    def _link(self) -> None:
        tokens = replace(SamplingParams(), penalty_decay=self._value).penalty_half_life
        self._show(self.half_life, min(tokens, self.half_life.maximum()) if math.isfinite(tokens) else self.NEVER)

    def _half_life_typed(self, tokens: float) -> None:
        self._value = SamplingParams().with_half_life(math.inf if tokens < 0 else tokens).penalty_decay
        self._show_value()
        self.edited.emit()


class IntegerField(Field):
    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.spin = QSpinBox()
        self.spin.setRange(int(control.min or 0), int(control.max or 0))
        self.spin.setSingleStep(int(control.step or 1))
        self.spin.setSuffix(suffix(control))
        self._name(self.spin)
        self.label.setBuddy(self.spin)
        self._row(self.label, self.spin)
        self.set_value(control.default)
        self.spin.valueChanged.connect(self.edited)

    def value(self) -> int:
        return self.spin.value()

    def set_value(self, value: Any) -> None:
        self.spin.blockSignals(True)
        self.spin.setValue(int(value))
        self.spin.blockSignals(False)
