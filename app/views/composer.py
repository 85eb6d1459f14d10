"""The field in which a message is written. It knows no model."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app import theme
from app.views.text_tools import blocks, is_return, raw_text, replace_text

SendKey = Literal["enter", "ctrl_enter"]


class Composer(QPlainTextEdit):
    """Where a message is written: as high as its text, from `least` to `most` lines."""

    send_requested = Signal()

    def __init__(self, least: int = 1, most: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most = least, most
        self.send_key: SendKey | None = None
        """What sends; Ctrl+Enter does in both cases. None: nothing does."""
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(theme.S)
        self.setStyleSheet(_COMPOSER)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def text(self) -> str:
        return raw_text(self)

    def set_text(self, text: str) -> None:
        replace_text(self, text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not is_return(event) or self.send_key is None:
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.send_requested.emit()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or self.send_key == "ctrl_enter":
            self.insertPlainText("\n")
            self.ensureCursorVisible()
        else:
            self.send_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        line, margins = self.fontMetrics().lineSpacing(), 2 * math.ceil(self.document().documentMargin())
        most = self._most * line + margins
        text = self._text_height(most)
        height = max(text, self._least * line + margins) + 2 * self.frameWidth()
        self.setFixedHeight(height + 1)  # where there is just enough room, Qt scrolls all the same
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if text >= most else policy.ScrollBarAlwaysOff)

    def _text_height(self, enough: int) -> int:
        """Of the text with its margins, or `enough` if it is higher. Lines with Chinese are higher than those without."""
        height = self.document().documentMargin()  # above the first; the last block's rectangle holds the one below
        for block in blocks(self.document().firstBlock(), self.document().characterCount()):
            height += self.blockBoundingRect(block).height()
            if height >= enough:
                return enough
        return math.ceil(height)


_COMPOSER = """
    Composer { border: 1px solid palette(mid); border-radius: 6px; background: palette(base); }
    Composer:focus { border-color: palette(highlight); }
"""
