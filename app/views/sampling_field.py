"""What all controls of one sampling setting share; the kinds are in `sampling_numbers` and `sampling_fields`."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.views.parts import library, tip
from rwkv_backend.sampling import Control


class Field(QWidget):
    """The control of one setting: a label above, what it is set with below. `edited` tells of the user's changes only."""

    edited = Signal()

    def __init__(self, control: Control) -> None:
        super().__init__()
        self.control = control
        self.name = f"sampling_{control.name}"
        self.label = QLabel(library(control.label))
        self.label.setWordWrap(True)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(theme.XS)
        self.setToolTip(tip(library(control.help)))

    def value(self) -> Any:
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        raise NotImplementedError

    def set_vocabulary(self, size: int | None) -> None:
        """How many tokens the model has, for those settings that this matters to."""

    def _name(self, widget: QWidget, suffix: str = "", about: str = "") -> None:
        widget.setObjectName(self.name + suffix)
        widget.setAccessibleName(about or library(self.control.label))
        widget.setAccessibleDescription(library(self.control.help))
        widget.setToolTip(self.toolTip())

    def _row(self, *widgets: QWidget) -> QHBoxLayout:
        """Side by side; the first takes the room that is left."""
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        for place, widget in enumerate(widgets):
            row.addWidget(widget, 0 if place else 1)
        self.box.addLayout(row)
        return row


def suffix(control: Control) -> str:
    return f" {library(control.unit)}" if control.unit else ""
