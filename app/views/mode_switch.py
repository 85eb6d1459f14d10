"""The switch between Chat and Complete. It says what was asked for, and shows what it is told."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

Mode = Literal["chat", "complete"]


class ModeSwitch(QFrame):
    """Two buttons, one of which is down."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mode_switch")
        self.chat = self._button("chat_mode_button", self.tr("Chat"))
        self.complete = self._button("complete_mode_button", self.tr("Complete"))
        self.complete.setToolTip(self.tr("Write a text together: the model goes on from its end, nothing is added"))
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        for button in (self.chat, self.complete):
            self._group.addButton(button)
            layout.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)
        self.setStyleSheet(_SWITCH)

    def show_mode(self, mode: Mode) -> None:
        (self.chat if mode == "chat" else self.complete).setChecked(True)

    def set_chat_possible(self, possible: bool) -> None:
        self.chat.setEnabled(possible)
        self.chat.setToolTip(
            self.tr("Talk with the model in the form that it was trained on")
            if possible
            else self.tr("No form of chat is known for this model. Use Complete instead.")
        )

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setAccessibleName(text)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _clicked(self, button: QAbstractButton) -> None:
        self.chosen.emit("chat" if button is self.chat else "complete")


_SWITCH = """
    QFrame#mode_switch { border: 1px solid palette(mid); border-radius: 7px; }
    QToolButton { border: 2px solid transparent; border-radius: 5px; padding: 2px 10px; }
    QToolButton:hover { background: palette(button); }
    QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }
    QToolButton:focus { border-color: palette(text); }
"""
