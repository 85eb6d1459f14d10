"""How the next token is chosen: one control for each setting of SamplingParams, presets, and when to stop.

The panel is built from `rwkv_backend.sampling.controls()`: a setting that is added there appears here by itself. What a
kind of setting looks like is said once, in `sampling_fields`. The panel knows no model but what `show_model` tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.messages import OpenedModel
from app.views.panel_parts import WheelGuard, beside, under
from app.views.parts import library, named, tip
from app.views.preset_picker import PresetPicker
from app.views.sampling_field import Field
from app.views.sampling_fields import SeedField, field_for
from app.views.stop_texts import parse_stops, spell_stops
from rwkv_backend import sampling
from rwkv_backend.errors import SettingError
from rwkv_backend.presets import presets_for
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.templates import TEMPLATES

LONGEST = 100_000
USUAL_LENGTH = 400
"""Tokens that the model may write."""

NOT_SHOWN = frozenset({"exempt"})
"""Settings without a control: thousands of token ids that nobody types in. `set_params` keeps what it is given."""

ADVANCED = frozenset({"choice", "tokens"})
"""Kinds of settings that are folded away."""

PERSONAL = frozenset({"seed", "tokens"})
"""Kinds of settings of which presets say nothing: choosing one leaves them alone."""


class SamplingPanel(QScrollArea):
    """Presets, settings, length and stop texts. Scrolls where it is too high."""

    changed = Signal()
    """Something that `params`, `max_tokens` or `stops` tells is different now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._base = sampling.SamplingParams()
        self._own = False  # whether the user has changed settings, so that another model's preset must not undo it
        self._fields = {c.name: field_for(c) for c in sampling.controls() if c.name not in NOT_SHOWN}
        self._build()
        self._lay_out()
        self._connect()
        self.show_model(None)
        self.show_template("")

    def _build(self) -> None:
        named(self, "sampling_panel", self.tr("Sampling"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget()
        self._preset = PresetPicker()
        self._reset = QPushButton(self.tr("Reset"))
        self._length = QSpinBox()
        self._stops = QLineEdit()
        self._fold = QToolButton()
        self._advanced = QWidget()
        named(self._preset, "sampling_preset", self.tr("Preset"))
        named(self._reset, "sampling_reset", self.tr("Reset to the preset"))
        named(self._length, "sampling_max_tokens", self.tr("Maximum length"))
        named(self._stops, "sampling_stops", self.tr("Stop texts"))
        named(self._fold, "sampling_advanced", self.tr("Advanced"))
        self._length.setRange(1, LONGEST)
        self._length.setValue(USUAL_LENGTH)
        self._length.setSingleStep(50)
        self._length.setSuffix(f" {library('tokens')}")
        self._length.setToolTip(tip(self.tr("The model stops when it has written this many tokens.")))
        sentence = self.tr(
            "The model stops where one of these begins. Commas stand between them; \\n is a line end. "
            "They take the place of those of the chat's form."
        )
        self._stops.setToolTip(tip(sentence))
        self._reset.setToolTip(tip(self.tr("Go back to the preset. Length and stop texts stay as they are.")))
        self._fold.setText(self.tr("Advanced"))
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._fold.setAutoRaise(True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.M)
        column.addLayout(under(self.tr("Preset"), self._preset, self._reset))
        column.addLayout(beside(self.tr("Maximum length"), self._length))
        advanced = QVBoxLayout(self._advanced)
        advanced.setContentsMargins(0, 0, 0, 0)
        advanced.setSpacing(theme.M)
        for field in self._fields.values():
            (advanced if field.control.kind in ADVANCED else column).addWidget(field)
        column.addLayout(under(self.tr("Stop texts"), self._stops))
        column.addWidget(self._fold)
        column.addWidget(self._advanced)
        column.addStretch(1)
        self.setWidget(self._inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._show_advanced(False)

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
        presets = presets_for(card.info.version, card.tokenizer_kind, card.demo) if card else presets_for("", "")
        for field in self._fields.values():
            field.set_vocabulary(card.info.vocab_size if card else None)
        before = self.params()
        self._preset.offer(presets)
        if not self._own:
            self._take(self._preset.current().params, self._told_by_presets())
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
            "preset": self._preset.wanted,
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
        self._preset.wanted, self._own = str(state.get("preset") or ""), state.get("changed") is True
        self._preset.show_wanted()
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

    def _told_by_presets(self) -> tuple[str, ...]:
        return tuple(name for name, field in self._fields.items() if field.control.kind not in PERSONAL)

    def _take(self, params: SamplingParams, names: tuple[str, ...]) -> None:
        """Show these of the settings."""
        for name in names:
            self._fields[name].set_value(getattr(params, name))

    def _differs(self, names: tuple[str, ...]) -> bool:
        shown, preset = self.params(), self._preset.current().params
        return any(getattr(shown, name) != getattr(preset, name) for name in names)

    def _edited(self) -> None:
        self._own = self._differs(self._told_by_presets())
        self._mark()
        self.changed.emit()

    def _preset_picked(self) -> None:
        self._preset.wanted = self._preset.current().name
        self._take(self._preset.current().params, self._told_by_presets())
        self._edited()

    def _reset_clicked(self) -> None:
        self._base = self._preset.current().params
        self._take(self._preset.current().params, tuple(self._fields))
        self._edited()

    def _mark(self) -> None:
        """Say whether the settings are still those of the preset."""
        self._preset.mark(self._differs(self._told_by_presets()))
        self._reset.setEnabled(self._differs(tuple(self._fields)))

    def _show_advanced(self, shown: bool) -> None:
        self._advanced.setVisible(shown)
        self._dress()

    def _dress(self) -> None:
        self._fold.setIcon(theme.icon("chevron-down" if self._fold.isChecked() else "chevron-right"))


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    return sorted(value) if isinstance(value, (tuple, frozenset)) else value
