"""What leaves the plots: lines about text and settings in each export, and lines of Python on the clipboard."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from app.analysis_messages import AskRecipe
from app.analysis_questions import Question
from app.plots.panel import PlotPanel

if TYPE_CHECKING:
    from app.main_window import MainWindow

CHARACTERS = 200
"""Of the text, in an export."""


class Exports(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._question = Question(window.controller, self)
        self._question.answered.connect(self._copy)
        self._question.failed.connect(window.say)

    def serve(self, panel: PlotPanel) -> None:
        """Give this plot's exports what they need to say where they come from."""
        panel.origin = self.origin
        panel.script_wanted.connect(lambda shown: self.ask(panel, shown))

    def origin(self) -> tuple[str, ...]:
        """The beginning of the text, its length, and how it is written."""
        records = self._window.timeline.desk.records
        text = "".join(record.text for record in records[: 4 * CHARACTERS])
        shown = text[:CHARACTERS] + ("…" if len(text) > CHARACTERS else "")
        params = self._window.sampling_panel.params()
        settings = ", ".join(f"{field.name} {getattr(params, field.name)}" for field in fields(params))
        return (
            self.tr("text, {0} tokens: {1}").format(f"{len(records):,}", shown),
            self.tr("sampling: {0}").format(settings),
        )

    def ask(self, panel: PlotPanel, shown: dict[str, object]) -> None:
        """The lines that compute what this plot shows."""
        if panel.opened is None:
            return
        info = panel.opened.card.info
        whole = {**shown, "model": info.path, "dtype": panel.opened.dtype}
        at = panel.tokens_seen or None
        self._question.ask(lambda number: AskRecipe(number, shown=whole, at=at))

    def _copy(self, script: object) -> None:
        QGuiApplication.clipboard().setText(str(script))
        count = len(str(script).splitlines())
        self._window.say(self.tr("{0} lines of Python were copied.").format(count))
