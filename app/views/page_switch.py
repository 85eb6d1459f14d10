"""The switch between the window's pages: Chat, Inspect, Compare. It says what was asked for, and shows what it is told."""

from __future__ import annotations

from typing import Literal, get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from app import theme
from app.views.parts import named, tip

PageName = Literal["chat", "inspect", "compare"]

PAGES: tuple[PageName, ...] = get_args(PageName)
ICONS = {"chat": "message-square", "inspect": "microscope", "compare": "columns-3"}


class PageSwitch(QFrame):
    """Three buttons in a row, one of which is down."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "page_switch", self.tr("Page"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for page, title, about in self._pages():
            button = self._button(page, title, about)
            self._group.addButton(button)
            row.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)
        self.setStyleSheet(_SWITCH)
        theme.signals().changed.connect(self._dress)
        self.show_page("inspect")

    def show_page(self, page: str) -> None:
        self._buttons[page].setChecked(True)
        self._dress()

    def _pages(self) -> tuple[tuple[str, str, str], ...]:
        return (
            ("chat", self.tr("Chat"), self.tr("The conversation alone (Ctrl+1)")),
            ("inspect", self.tr("Inspect"), self.tr("The conversation, and what the model remembers (Ctrl+2)")),
            ("compare", self.tr("Compare"), self.tr("Several models side by side (Ctrl+3)")),
        )

    def _button(self, page: str, title: str, about: str) -> QToolButton:
        button = QToolButton()
        named(button, f"{page}_page_button", title)
        button.setText(title)
        button.setToolTip(tip(about))
        button.setCheckable(True)
        button.setProperty("page", page)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._buttons[page] = button
        return button

    def _clicked(self, button: QAbstractButton) -> None:
        self._dress()
        self.chosen.emit(button.property("page"))

    def _dress(self) -> None:
        for page, button in self._buttons.items():
            colour = theme.current().on_accent if button.isChecked() else ""
            button.setIcon(theme.icon(ICONS[page], colour=colour))


_SWITCH = """
    QFrame#page_switch { border: 1px solid palette(mid); border-radius: 7px; }
    QToolButton { border: 2px solid transparent; border-radius: 5px; padding: 2px 14px; }
    QToolButton:hover { background: palette(button); }
    QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }
    QToolButton:focus { border-color: palette(text); }
"""
