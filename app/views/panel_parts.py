"""How a panel of settings is put together: a label and what it belongs to, and a wheel that scrolls."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme


def under(text: str, first: QWidget, *others: QWidget) -> QVBoxLayout:
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


def beside(text: str, widget: QWidget) -> QHBoxLayout:
    label = QLabel(text)
    label.setBuddy(widget)
    label.setWordWrap(True)
    row = QHBoxLayout()
    row.setSpacing(theme.S)
    row.addWidget(label, 1)
    row.addWidget(widget)
    return row


class WheelGuard(QObject):
    """Lets the wheel change only what has the focus: elsewhere it is meant to scroll the panel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False
