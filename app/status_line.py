"""The line at the window's foot: the open model, the engine, and the memory that the program holds.

Its strings are translated with those of the window.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, QTimer
from PySide6.QtWidgets import QLabel, QStatusBar

from app import theme
from app.messages import Engine
from app.vitals import resident_bytes

MEMORY_MS = 2_000
"""Between two looks at the memory."""
SENTENCE_MS = 12_000
"""As long as a sentence stands."""


class StatusLine(QObject):
    def __init__(self, bar: QStatusBar) -> None:
        super().__init__(bar)
        translate = QCoreApplication.translate
        self._bar = bar
        bar.setSizeGripEnabled(False)
        self.model_label = QLabel(translate("MainWindow", "No model is open"))
        self.engine_label = QLabel(translate("MainWindow", "Engine: starting …"))
        self.memory_label = QLabel("")
        for label, name in (
            (self.model_label, "model_label"),
            (self.engine_label, "engine_label"),
            (self.memory_label, "memory_label"),
        ):
            label.setObjectName(name)
            label.setProperty("kind", "muted")
        bar.addWidget(self.model_label, 1)
        bar.addPermanentWidget(self.engine_label)
        bar.addPermanentWidget(self.memory_label)
        bar.setContentsMargins(theme.S, 0, theme.S, 0)
        self._timer = QTimer(self)
        self._timer.setInterval(MEMORY_MS)
        self._timer.timeout.connect(self.show_memory)
        self._timer.start()

    def say(self, sentence: str) -> None:
        """For some seconds."""
        self._bar.showMessage(sentence, SENTENCE_MS)

    def show_engine(self, engine: Engine) -> None:
        words = QCoreApplication.translate("MainWindow", "Engine: torch {0}, threads: {1}")
        self.engine_label.setText(words.format(engine.torch_version, engine.threads))

    def show_memory(self) -> None:
        held = resident_bytes()
        if held:
            words = QCoreApplication.translate("MainWindow", "Memory: {0} MB")
            self.memory_label.setText(words.format(f"{held / 1e6:,.0f}"))

    def stop(self) -> None:
        """The window closes: look at the memory no more."""
        self._timer.stop()
