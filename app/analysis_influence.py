"""The Influence tab: asks which tokens count, and lets tokens be left out to check it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.analysis_desk import TabDesk
from app.analysis_messages import AskInfluence, InfluenceAnswer, LeaveOut
from app.analysis_questions import Desk
from app.messages import OpenedModel
from app.plots.influence import LONGEST_LEFT_OUT, Influence
from rwkv_backend.analysis.records import LeaveOneOut


class InfluenceDesk(TabDesk):
    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        self.plot = Influence()
        super().__init__(desk, self.plot, parent)
        self._map, self._left_out = self.question(), self.question()
        self._map.answered.connect(self._show)
        self._map.told.connect(self._show)
        self._map.failed.connect(self.plot.show_failure)
        self._left_out.told.connect(self._show_left_out)
        self._left_out.answered.connect(self._show_left_out)
        self._left_out.progressed.connect(self.plot.show_progress)
        self._left_out.running_changed.connect(self.plot.show_leaving_out)
        self._left_out.failed.connect(self.failed)
        self.plot.asked.connect(self.ask_again)
        self.plot.token_picked.connect(self.token_picked)
        self.plot.failed.connect(self.failed)
        self.plot.leave_out_asked.connect(self.leave_out)
        self.plot.stop_asked.connect(self._left_out.stop)

    def show_model(self, opened: OpenedModel | None) -> None:
        super().show_model(opened)
        self.plot.show_model(opened)

    def text_changed(self) -> None:
        self._left_out.forget()
        super().text_changed()

    def ask(self) -> None:
        plot, at = self.plot, self.at
        layer, head, measure, last = plot.layer_chosen, plot.head_chosen, plot.measure, plot.length
        plot.began()
        self._map.ask(lambda number: AskInfluence(number, layer=layer, head=head, measure=measure, last=last, at=at))

    def leave_out(self) -> None:
        at, last = self.at, min(self.plot.length, LONGEST_LEFT_OUT)
        self._left_out.ask(lambda number: LeaveOut(number, last=last, at=at))

    def _show(self, answer: object) -> None:
        if isinstance(answer, InfluenceAnswer):
            self.plot.show_answer(answer)

    def _show_left_out(self, found: object) -> None:
        if isinstance(found, LeaveOneOut):
            self.plot.show_left_out(found)
