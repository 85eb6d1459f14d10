"""The button of a conversation: Send or Write while the model is idle, Stop while it writes."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QSizePolicy, QStackedWidget, QWidget

from app import theme


class SendOrStop(QStackedWidget):
    """One button in the place of the other, so that nothing moves when the model begins or ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.send = QPushButton()
        self.send.setObjectName("send_button")
        self.send.setProperty("kind", "primary")
        self.stop = QPushButton()
        self.stop.setObjectName("stop_button")
        for button in (self.send, self.stop):
            self.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_stop(False)
        self._dress()
        theme.signals().changed.connect(self._dress)

    def show_send(self, label: str, why_not: str, keys: str) -> None:
        self.send.setText(label)
        self.send.setAccessibleName(label)
        self.send.setEnabled(not why_not)
        self.send.setToolTip(why_not or self.tr("{0} ({1})").format(label, keys))
        self.setCurrentWidget(self.send)

    def show_stop(self, stopping: bool) -> None:
        self.stop.setText(self.tr("Stopping…") if stopping else self.tr("Stop"))
        self.stop.setAccessibleName(self.stop.text())
        self.stop.setToolTip(self.tr("Let the model stop after the present word (Esc)"))
        self.stop.setEnabled(not stopping)
        self.setCurrentWidget(self.stop)

    @property
    def has_focus(self) -> bool:
        return self.send.hasFocus() or self.stop.hasFocus()

    def _dress(self) -> None:
        self.send.setIcon(theme.icon("send", colour=theme.current().on_accent))
        self.stop.setIcon(theme.icon("square"))
