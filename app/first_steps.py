"""What the welcome offers to try on a demo model, and which demo model the first start opens.

The guided tour, which the welcome offers too, listens by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject

from rwkv_backend.demo_models import DemoModel, demo_models

if TYPE_CHECKING:
    from app.main_window import MainWindow

DEFAULT_DEMO = "6.0"
FORGETFUL_DEMO = "5.2"
TALE = "Once upon a time there was a king who had"
"""Not translated: the demo models know English only."""


class FirstSteps(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._send_after_load = ""

    def try_out(self, key: str) -> None:
        """One of the things that the first start offers."""
        if key == "tour":
            return
        if key == "open":
            self._window.choose_model()
            return
        demo = demo_of(FORGETFUL_DEMO if key == "forget" else DEFAULT_DEMO)
        if demo is None:
            self._window.say(
                QCoreApplication.translate("MainWindow", "The demo models are missing from this installation.")
            )
            return
        self._window.inspector_dock.show()
        self._window.conversation.set_mode("complete")
        self._tell_tale(demo)

    def _tell_tale(self, demo: DemoModel) -> None:
        """With this model, which may have to be opened first."""
        opened = self._window.controller.opened
        if opened is not None and Path(opened.card.info.path) == demo.path:
            self._send(TALE)
            return
        self._send_after_load = TALE
        self._window.open_file(demo.path)

    def model_opened(self) -> None:
        """Send what has waited for it."""
        if self._send_after_load:
            text, self._send_after_load = self._send_after_load, ""
            self._send(text)

    def load_failed(self) -> None:
        self._send_after_load = ""

    def _send(self, text: str) -> None:
        self._window.conversation.set_prompt(text)
        self._window.conversation.send()


def demo_of(version: str) -> DemoModel | None:
    return next((demo for demo in demo_models() if demo.version == version), None)
