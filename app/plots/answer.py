"""A panel that shows an answer to a question rather than each frame: it is asked anew when its choice changes."""

from __future__ import annotations

from PySide6.QtCore import Signal

from app.messages import OpenedModel
from app.plots.panel import PlotPanel
from rwkv_backend.records import Frame, FrameSpec


class AnswerPanel(PlotPanel):
    asked = Signal()
    """The choice has changed: another answer is wanted"""

    def _build(self) -> None:
        super()._build()
        self._pause.hide()

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return spec

    def draw(self, frame: Frame) -> str | None:
        return None

    def say_waiting(self) -> None:
        self.say("")

    def began(self) -> None:
        """It has been asked; what is drawn stays until the answer comes."""
        self.say(self.tr("Computing …"))

    def show_failure(self, sentence: str) -> None:
        """In place of the plot."""
        self.forget()
        self._export.setEnabled(False)
        self.say_nothing_here(sentence)

    def say_about(self, edited: bool, first: int, otherwise: str) -> None:
        """In the line below: where looking begins if the memory was edited there, or else something of use."""
        words = self.tr("The memory was edited after token {0}: nothing before that is shown.")
        self.say(words.format(first) if edited else otherwise)

    def show_drawn(self, tokens_seen: int, sentence: str = "") -> None:
        """An answer has been drawn, or `sentence` says why there is nothing to see."""
        self.tokens_seen = tokens_seen
        self._export.setEnabled(not sentence)
        self.say("")
        self.say_nothing_here(sentence)

    def show_model(self, opened: OpenedModel | None) -> None:
        super().show_model(opened)
        if opened is not None and not self.missing(opened):
            self.say_nothing_here(self.invitation())

    def invitation(self) -> str:
        """While there is no text."""
        return self.tr("Let the model read or write a text, and this is drawn of it.")
