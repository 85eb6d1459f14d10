"""The Lens tab: asks for the logit lens of the last tokens and hands it to the table."""

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
        self._question = self.question()
        self._question.answered.connect(self._show)
        self._question.failed.connect(self.lens.show_failure)
        self.lens.asked.connect(self.ask_again)
        self.lens.token_picked.connect(self.token_picked)
        self.lens.failed.connect(self.failed)

    def show_model(self, opened: OpenedModel | None) -> None:
        super().show_model(opened)
        self.lens.show_model(opened)

    def ask(self) -> None:
        last, at = self.lens.length, self.at
        self.lens.began()
        self._question.ask(lambda number: AskLens(number, last=last, top=LISTED, at=at))

    def _show(self, answer: object) -> None:
        if isinstance(answer, LensAnswer):
            self.lens.show_answer(answer)
