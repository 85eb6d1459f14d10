"""Where a model's file can be dropped, and the button for those who would rather look for it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from app import theme


class DropArea(QFrame):
    """Where files can be dropped (the whole panel takes them), and the button for those who would rather look."""

    file_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop_area")
        self.lit = False
        self.button = self._button()
        words = QLabel(self.tr("or drop it here"))
        words.setToolTip(self.tr("A model file, or a model's folder"))
        words.setProperty("kind", "muted")
        words.setWordWrap(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.S, theme.S, theme.S, theme.S)
        layout.setSpacing(theme.S)
        layout.addWidget(self.button)
        layout.addWidget(words, 1)
        self._recolour()
        theme.signals().changed.connect(self._recolour)

    def light_up(self, lit: bool) -> None:
        """While a file hovers above."""
        self.lit = lit
        self._recolour()

    def _button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("open_file_button")
        button.setText(self.tr("Open file …"))
        button.setAccessibleName(self.tr("Open a model file, or a folder from the menu"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(button)
        menu.setObjectName("open_file_menu")
        for name, text, signal in (
            ("open_file_entry", self.tr("Open file …"), self.file_wanted),
            ("open_folder_entry", self.tr("Open folder …"), self.folder_wanted),
        ):
            action = menu.addAction(text)
            action.setObjectName(name)
            action.triggered.connect(signal)
        button.setMenu(menu)
        button.clicked.connect(self.file_wanted)
        return button

    def _recolour(self) -> None:
        colours = theme.current()
        edge, ground = (colours.accent, colours.raised) if self.lit else (colours.border, "transparent")
        style = f"border: 1px dashed {edge}; border-radius: 8px; background: {ground};"
        self.setStyleSheet(f"QFrame#drop_area {{ {style} }}")
        self.button.setIcon(theme.icon("folder-open"))


def dropped_file(data: QMimeData) -> Path | None:
    """The first of the files that are dropped."""
    local = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return Path(local[0]) if local else None
