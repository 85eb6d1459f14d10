"""A frame around the widget that the tour speaks of. The mouse goes through it, and it follows the widget."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme

FOLLOW_MS = 200
WIDTH = 3
"""Pixels of the frame, and of the room between it and the widget."""


class TourFrame(QWidget):
    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("tour_frame")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._target: QWidget | None = None
        self._follow = QTimer(self)
        self._follow.setInterval(FOLLOW_MS)
        self._follow.timeout.connect(self.follow)
        self.hide()

    def surround(self, target: QWidget | None) -> None:
        """None: nothing."""
        self._target = target
        if target is None:
            self._follow.stop()
            self.hide()
            return
        self._follow.start()
        self.follow()

    def place(self) -> QRect | None:
        """Where the target is in the window; None while it cannot be seen."""
        window, target = self.parentWidget(), self._target
        if window is None or target is None or not target.isVisible():
            return None
        seen = target.visibleRegion().boundingRect()
        return QRect(target.mapTo(window, QPoint(0, 0)) + seen.topLeft(), seen.size()) if not seen.isEmpty() else None

    def follow(self) -> None:
        place, window = self.place(), self.parentWidget()
        if place is None or window is None:
            self.hide()
            return
        room = place.adjusted(-2 * WIDTH, -2 * WIDTH, 2 * WIDTH, 2 * WIDTH).intersected(window.rect())
        if room != self.geometry() or not self.isVisible():
            self.setGeometry(room)
            self.show()
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().accent), WIDTH))
        inside = QRectF(self.rect()).adjusted(WIDTH / 2, WIDTH / 2, -WIDTH / 2, -WIDTH / 2)
        painter.drawRoundedRect(inside, 6, 6)
