"""The Lens tab: asks for the logit lens of the last tokens, or of those around the scrubber, and hands it to the table."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.analysis_desk import TabDesk
from app.analysis_messages import AskLens, LensAnswer
from app.analysis_questions import Desk
from app.messages import OpenedModel
from app.plots.lens import LISTED, Lens


class LensDesk(TabDesk):
    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        self.lens = Lens()
        super().__init__(desk, self.lens, parent)
        self._until: int | None = None
        """Where the table ends; None: with the text"""
        self._question = self.question()
        self._question.answered.connect(self._show)
        self._question.failed.connect(self.lens.show_failure)
        self.lens.asked.connect(self.ask_again)
        self.lens.token_picked.connect(self.token_picked)
        self.lens.failed.connect(self.failed)

    def show_model(self, opened: OpenedModel | None) -> None:
        super().show_model(opened)
        self._until = None
        self.lens.show_model(opened)

    def text_changed(self) -> None:
        self._until = None
        super().text_changed()

    def go_to(self, at: int | None) -> None:
        """Where that token is in the table already, only the frame moves."""
        self.at = at
        if self.lens.shows(at) and (at is not None or self._until is None):
            self.lens.go_to(at)
            return
        self._until = None if at is None else at + self.lens.length // 2
        self.ask_again()

    def ask(self) -> None:
        last, until = self.lens.length, self._until
        self.lens.began()
        self._question.ask(lambda number: AskLens(number, last=last, top=LISTED, at=until))

    def _show(self, answer: object) -> None:
        if isinstance(answer, LensAnswer):
            self.lens.show_answer(answer)
            if self.at is not None:
                self.lens.go_to(self.at)
