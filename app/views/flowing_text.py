"""Text that is as high as it needs to be at the width it has. Unlike a label it also breaks long names of files, which
have no spaces, and it can be selected as a whole. It does not scroll; what surrounds it may.
"""

from __future__ import annotations

import html
import math

from PySide6.QtCore import QSize, QSizeF, Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from app import theme

COLOURS = ("text", "muted", "error", "warning", "good")


class FlowingText(QTextEdit):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, str] | None = None
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setAcceptDrops(False)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)
        theme.signals().changed.connect(self._recolour)

    def set_words(self, text: str, kind: str = "text") -> None:
        """Plain text in one of COLOURS; without text, nothing is shown."""
        if self._words != (text, kind):
            self._words = (text, kind)
            self._recolour()
        self.setVisible(bool(text))

    def _recolour(self) -> None:
        if self._words is not None:
            text, kind = self._words
            lines = html.escape(text).replace("\n", "<br>")
            self.setHtml(f'<span style="color:{getattr(theme.current(), kind)}">{lines}</span>')

    def _grow(self, size: QSizeF) -> None:
        self.setFixedHeight(max(1, math.ceil(size.height())))

    def minimumSizeHint(self) -> QSize:
        return QSize(1, 1)
