"""How the next token is chosen: one control for each setting of SamplingParams, presets, and when to stop.

The panel is built from `rwkv_backend.sampling.controls()`: a setting that is added there appears here by itself. What a
kind of setting looks like is said once, in FIELDS. The panel knows no model but what `show_model` tells it.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.messages import OpenedModel
from rwkv_backend import sampling
from rwkv_backend.errors import SettingError
from rwkv_backend.presets import Preset, presets_for
from rwkv_backend.sampling import Control, SamplingParams
from rwkv_backend.templates import TEMPLATES

LIBRARY = "rwkv_backend"
"""The translation context of the names and sentences that the library gives."""

LONGEST = 100_000
USUAL_LENGTH = 400
"""Tokens that the model may write."""

NOT_SHOWN = frozenset({"exempt"})
"""Settings without a control: thousands of token ids that nobody types in. `set_params` keeps what it is given."""

ADVANCED = frozenset({"choice", "tokens"})
"""Kinds of settings that are folded away."""

PERSONAL = frozenset({"seed", "tokens"})
"""Kinds of settings of which presets say nothing: choosing one leaves them alone."""


# Words


def _library(text: str) -> str:
    return QCoreApplication.translate(LIBRARY, text)


_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", ",": ","}


def parse_stops(text: str) -> tuple[str, ...]:
    r"""Stop texts as a user types them: commas between them; \n, \t, \\ and \, stand for what cannot be typed."""
    parts = re.findall(r"(?:\\.|[^,\\]|\\$)+", text)
    return tuple(stop for part in parts if (stop := _unescaped(part.strip(" "))))


def _unescaped(part: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), part)


def spell_stops(stops: tuple[str, ...]) -> str:
    """The same stop texts as one would type them."""
    return ", ".join(_escaped(stop) for stop in stops)


def _escaped(stop: str) -> str:
    spelled = {sign: f"\\{letter}" for letter, sign in _ESCAPES.items()}
    return "".join(spelled.get(sign, sign) for sign in stop)


def _tip(text: str) -> str:
    """A tooltip that is broken into lines, as Qt does with rich text only."""
    return f"<qt>{html.escape(text, quote=False)}</qt>".replace("\n", "<br>")


# One class for each kind of setting


class Field(QWidget):
    """The control of one setting: a label above, what it is set with below. `edited` tells of the user's changes only."""

    edited = Signal()

    def __init__(self, control: Control) -> None:
        super().__init__()
        self.control = control
        self.name = f"sampling_{control.name}"
        self.label = QLabel(_library(control.label))
        self.label.setWordWrap(True)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(theme.XS)
        self.setToolTip(_tip(_library(control.help)))

    def value(self) -> Any:
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        raise NotImplementedError

    def set_vocabulary(self, size: int | None) -> None:
        """How many tokens the model has, for those settings that this matters to."""

    def _name(self, widget: QWidget, suffix: str = "", about: str = "") -> None:
        widget.setObjectName(self.name + suffix)
        widget.setAccessibleName(about or _library(self.control.label))
        widget.setAccessibleDescription(_library(self.control.help))
        widget.setToolTip(self.toolTip())

    def _row(self, *widgets: QWidget) -> QHBoxLayout:
        """Side by side; the first takes the room that is left."""
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        for place, widget in enumerate(widgets):
            row.addWidget(widget, 0 if place else 1)
        self.box.addLayout(row)
        return row


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
        self.spin.setSuffix(_suffix(control))
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
        self.half_life.setSuffix(_suffix(replace(control, unit="tokens")))
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


def _suffix(control: Control) -> str:
    return f" {_library(control.unit)}" if control.unit else ""


class IntegerField(Field):
    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.spin = QSpinBox()
        self.spin.setRange(int(control.min or 0), int(control.max or 0))
        self.spin.setSingleStep(int(control.step or 1))
        self.spin.setSuffix(_suffix(control))
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


class ChoiceField(Field):
    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.combo = QComboBox()
        for choice in control.choices:
            self.combo.addItem(_library(choice), choice)
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


class WheelGuard(QObject):
    """Lets the wheel change only what has the focus: elsewhere it is meant to scroll the panel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


# The panel


class SamplingPanel(QScrollArea):
    """Presets, settings, length and stop texts. Scrolls where it is too high."""

    changed = Signal()
    """Something that `params`, `max_tokens` or `stops` tells is different now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._base = sampling.SamplingParams()
        self._presets: tuple[Preset, ...] = ()
        self._wanted = ""  # the preset that the user has picked; a model without it gets its own default
        self._own = False  # whether the user has changed settings, so that another model's preset must not undo it
        self._fields = {c.name: field_for(c) for c in sampling.controls() if c.name not in NOT_SHOWN}
        self._build()
        self._lay_out()
        self._connect()
        self.show_model(None)
        self.show_template("")

    def _build(self) -> None:
        _named(self, "sampling_panel", self.tr("Sampling"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget()
        self._preset = QComboBox()
        self._reset = QPushButton(self.tr("Reset"))
        self._length = QSpinBox()
        self._stops = QLineEdit()
        self._fold = QToolButton()
        self._advanced = QWidget()
        _named(self._preset, "sampling_preset", self.tr("Preset"))
        _named(self._reset, "sampling_reset", self.tr("Reset to the preset"))
        _named(self._length, "sampling_max_tokens", self.tr("Maximum length"))
        _named(self._stops, "sampling_stops", self.tr("Stop texts"))
        _named(self._fold, "sampling_advanced", self.tr("Advanced"))
        self._length.setRange(1, LONGEST)
        self._length.setValue(USUAL_LENGTH)
        self._length.setSingleStep(50)
        self._length.setSuffix(f" {_library('tokens')}")
        self._length.setToolTip(_tip(self.tr("The model stops when it has written this many tokens.")))
        sentence = self.tr(
            "The model stops where one of these begins. Commas stand between them; \\n is a line end. "
            "They take the place of those of the chat's form."
        )
        self._stops.setToolTip(_tip(sentence))
        self._reset.setToolTip(_tip(self.tr("Go back to the preset. Length and stop texts stay as they are.")))
        self._fold.setText(self.tr("Advanced"))
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._fold.setAutoRaise(True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.M)
        self._shrink(self._preset)
        column.addLayout(_under(self.tr("Preset"), self._preset, self._reset))
        column.addLayout(_beside(self.tr("Maximum length"), self._length))
        advanced = QVBoxLayout(self._advanced)
        advanced.setContentsMargins(0, 0, 0, 0)
        advanced.setSpacing(theme.M)
        for field in self._fields.values():
            (advanced if field.control.kind in ADVANCED else column).addWidget(field)
        column.addLayout(_under(self.tr("Stop texts"), self._stops))
        column.addWidget(self._fold)
        column.addWidget(self._advanced)
        column.addStretch(1)
        self.setWidget(self._inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._show_advanced(False)

    def _shrink(self, combo: QComboBox) -> None:
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(6)
        combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _connect(self) -> None:
        for field in self._fields.values():
            field.edited.connect(self._edited)
        self._preset.activated.connect(self._preset_picked)
        self._reset.clicked.connect(self._reset_clicked)
        self._length.valueChanged.connect(self.changed)
        self._stops.textChanged.connect(self.changed)
        self._fold.toggled.connect(self._show_advanced)
        theme.signals().changed.connect(self._dress)
        guard = WheelGuard(self)
        for kind in (QSpinBox, QDoubleSpinBox, QComboBox, QSlider):
            for widget in self.findChildren(kind):
                widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                widget.installEventFilter(guard)

    def minimumSizeHint(self) -> QSize:
        """As wide as what is inside, so that nothing is cut off; it scrolls only up and down."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._inside.minimumSizeHint().width() + bar, super().minimumSizeHint().height())

    # What the window asks and tells

    def params(self) -> SamplingParams:
        return replace(self._base, **{name: field.value() for name, field in self._fields.items()})

    def set_params(self, params: SamplingParams) -> None:
        """Show these settings; they count as the user's."""
        if params != self.params():
            self._base = params
            self._take(params, tuple(self._fields))
            self._edited()

    def max_tokens(self) -> int:
        return self._length.value()

    def stops(self) -> tuple[str, ...]:
        """What the user has typed; empty where the template's own count."""
        return parse_stops(self._stops.text())

    def show_model(self, opened: OpenedModel | None) -> None:
        """Offer the presets of this model's family, and set the first, or what the user has picked, unless changed."""
        card = opened.card if opened is not None else None
        self._presets = presets_for(card.info.version, card.tokenizer_kind, card.demo) if card else presets_for("", "")
        for field in self._fields.values():
            field.set_vocabulary(card.info.vocab_size if card else None)
        before = self.params()
        self._fill_presets()
        if not self._own:
            self._take(self._current().params, self._told_by_presets())
        self._mark()
        if self.params() != before:
            self.changed.emit()

    def show_template(self, name: str) -> None:
        """Say which stop texts hold where the user has typed none: those of this template ("": none)."""
        own = next((template.stops for template in TEMPLATES if template.name == name), ())
        self._stops.setPlaceholderText(spell_stops(own) or self.tr("none"))

    def show_seed(self, seed: int) -> None:
        """The seed that the last text came with."""
        for field in self._fields.values():
            if isinstance(field, SeedField):
                field.show_seed(seed)

    def state(self) -> dict[str, object]:
        """All that the user has set, for the settings file."""
        return {
            "params": {name: _plain(field.value()) for name, field in self._fields.items()},
            "changed": self._own,
            "preset": self._wanted,
            "max_tokens": self.max_tokens(),
            "stops": self._stops.text(),
            "advanced": self._fold.isChecked(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """As `state` told it; whatever is missing there, or not allowed any more, stays as it is."""
        params, length, stops = state.get("params"), state.get("max_tokens"), state.get("stops")
        if isinstance(params, Mapping):
            for name, field in self._fields.items():
                self._restore_one(field, params.get(name, field.value()))
        if isinstance(length, int) and 1 <= length <= LONGEST:
            self._length.setValue(length)
        if isinstance(stops, str):
            self._stops.setText(stops)
        self._fold.setChecked(state.get("advanced") is True)
        self._wanted, self._own = str(state.get("preset") or ""), state.get("changed") is True
        self._fill_presets()
        self._mark()
        self.changed.emit()

    # Inside

    def _restore_one(self, field: Field, value: Any) -> None:
        try:
            if field.control.kind == "tokens":
                value = type(field.control.default)(value)
            replace(self._base, **{field.control.name: value})
        except (SettingError, TypeError):
            return
        field.set_value(value)

    def _current(self) -> Preset:
        return self._presets[max(0, self._preset.currentIndex())]

    def _told_by_presets(self) -> tuple[str, ...]:
        return tuple(name for name, field in self._fields.items() if field.control.kind not in PERSONAL)

    def _take(self, params: SamplingParams, names: tuple[str, ...]) -> None:
        """Show these of the settings."""
        for name in names:
            self._fields[name].set_value(getattr(params, name))

    def _differs(self, names: tuple[str, ...]) -> bool:
        shown, preset = self.params(), self._current().params
        return any(getattr(shown, name) != getattr(preset, name) for name in names)

    def _edited(self) -> None:
        self._own = self._differs(self._told_by_presets())
        self._mark()
        self.changed.emit()

    def _preset_picked(self) -> None:
        self._wanted = self._current().name
        self._take(self._current().params, self._told_by_presets())
        self._edited()

    def _reset_clicked(self) -> None:
        self._base = self._current().params
        self._take(self._current().params, tuple(self._fields))
        self._edited()

    def _fill_presets(self) -> None:
        self._preset.blockSignals(True)
        self._preset.clear()
        for place, preset in enumerate(self._presets):
            self._preset.addItem(_library(preset.name), preset.name)
            source = self.tr("Source: {0}").format(preset.source)
            about = "\n".join(part for part in (_library(preset.note) if preset.note else "", source) if part)
            self._preset.setItemData(place, _tip(about), Qt.ItemDataRole.ToolTipRole)
        self._preset.setCurrentIndex(max(0, self._preset.findData(self._wanted)))
        self._preset.blockSignals(False)

    def _mark(self) -> None:
        """Say whether the settings are still those of the preset."""
        current, changed = self._preset.currentIndex(), self._differs(self._told_by_presets())
        for place, preset in enumerate(self._presets):
            name = _library(preset.name)
            marked = self.tr("{0} (changed)").format(name) if changed and place == current else name
            self._preset.setItemText(place, marked)
        self._preset.setToolTip(str(self._preset.currentData(Qt.ItemDataRole.ToolTipRole)))
        self._reset.setEnabled(self._differs(tuple(self._fields)))

    def _show_advanced(self, shown: bool) -> None:
        self._advanced.setVisible(shown)
        self._dress()

    def _dress(self) -> None:
        self._fold.setIcon(theme.icon("chevron-down" if self._fold.isChecked() else "chevron-right"))


def _named(widget: QWidget, name: str, accessible: str) -> None:
    widget.setObjectName(name)
    widget.setAccessibleName(accessible)


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    return sorted(value) if isinstance(value, (tuple, frozenset)) else value


def _under(text: str, first: QWidget, *others: QWidget) -> QVBoxLayout:
    """A label, and below it what it belongs to."""
    label = QLabel(text)
    label.setBuddy(first)
    row = QHBoxLayout()
    row.setSpacing(theme.S)
    row.addWidget(first, 1)
    for other in others:
        row.addWidget(other)
    column = QVBoxLayout()
    column.setSpacing(theme.XS)
    column.addWidget(label)
    column.addLayout(row)
    return column


def _beside(text: str, widget: QWidget) -> QHBoxLayout:
    label = QLabel(text)
    label.setBuddy(widget)
    label.setWordWrap(True)
    row = QHBoxLayout()
    row.setSpacing(theme.S)
    row.addWidget(label, 1)
    row.addWidget(widget)
    return row
