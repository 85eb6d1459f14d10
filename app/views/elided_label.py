"""A label for one row that may be too long for its place, as the status line below a conversation."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.views.parts import tip

BETWEEN = " · "
"""Between facts that stand side by side in one row"""


class ElidedLabel(QLabel):
    """One row, cut off at the right where there is no room; the tooltip has all of it.

    Of several facts the last ones are left out whole: "12…" would be another number than 126.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str) -> None:
        self._full = text
        self.setToolTip(tip(text))
        self.setAccessibleDescription(text)
        self._fit()

    def full_text(self) -> str:
        return self._full

    def sizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().lineSpacing())

    minimumSizeHint = sizeHint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, room, facts = self.fontMetrics(), self.width(), self._full.split(BETWEEN)
        for count in range(len(facts), 0, -1):
            text = BETWEEN.join(facts[:count] if count == len(facts) else [*facts[:count], "…"])
            if metrics.horizontalAdvance(text) <= room:
                self.setText(text)
                return
        self.setText(metrics.elidedText(self._full, Qt.TextElideMode.ElideRight, room))
