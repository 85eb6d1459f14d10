"""The Lab tab: asks for snapshots, comparisons, edits and sweeps, and hands the answers to the lab's pages."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.analysis_desk import TabDesk
from app.analysis_messages import (
    PRESENT,
    Ablate,
    AskStatistics,
    CompareStates,
    Comparison,
    DropSnapshot,
    Edited,
    EditState,
    LabContents,
    LoadSnapshot,
    Patch,
    RedoEdit,
    RenameSnapshot,
    SaveSnapshot,
    ShowLab,
    TakeSnapshot,
    UndoEdit,
)
from app.analysis_questions import Desk, Make
from app.messages import OpenedModel
from app.plots.words import number as figure
from app.plots.words import percent
from app.views.lab import Lab
from rwkv_backend.analysis.records import AblationSweep, PatchSweep, StateEdit, StateStatistics, Target


class LabDesk(TabDesk):
    memory_changed = Signal()
    """The present state is another now: plots should draw it anew"""
    edited_changed = Signal(bool)
    """Whether the present state is an edited one"""

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        self.lab = Lab()
        super().__init__(desk, self.lab, parent)
        self.contents = LabContents()
        self._contents, self._act, self._preview = self.question(), self.question(), self.question()
        self._compare, self._ablate, self._patch = self.question(), self.question(), self.question()
        self._numbers = self.question()
        self._asked_patch = Patch(0)
        self._asked_ablation: dict[str, object] = {}
        self._connect_answers()
        self._connect_views()

    def _connect_answers(self) -> None:
        lab = self.lab
        for question in (self._contents, self._act, self._preview):
            question.answered.connect(self._show_answer)
        self._act.failed.connect(self.failed)
        self._preview.failed.connect(lab.edit.show_failure)
        self._compare.answered.connect(self._show_comparison)
        self._compare.failed.connect(lab.compare.say)
        self._numbers.answered.connect(self._show_statistics)
        self._numbers.failed.connect(lab.numbers.show_failure)
        for question, plot in ((self._ablate, lab.ablate.plot), (self._patch, lab.patch.plot)):
            question.told.connect(self._show_sweep)
            question.answered.connect(self._show_sweep)
            question.progressed.connect(plot.show_progress)
            question.running_changed.connect(plot.show_running)
            question.failed.connect(plot.show_failure)
            plot.stop_asked.connect(question.stop)

    def _connect_views(self) -> None:
        lab = self.lab
        shots = lab.snapshots
        shots.take_requested.connect(self.take)
        shots.load_requested.connect(self._load)
        shots.save_requested.connect(self._save)
        shots.rename_requested.connect(self._rename)
        shots.drop_requested.connect(self._drop)
        lab.edit.preview_requested.connect(self.preview)
        lab.edit.apply_requested.connect(self.apply)
        lab.edit.undo_requested.connect(self.undo)
        lab.edit.redo_requested.connect(self.redo)
        lab.compare.chosen.connect(self.compare)
        lab.ablate.plot.start_asked.connect(self.ablate)
        lab.patch.plot.start_asked.connect(self.patch)
        lab.page_changed.connect(self.ask_again)
        for plot in (lab.compare.bars, lab.compare.map, lab.ablate.plot, lab.patch.plot, lab.numbers):
            plot.failed.connect(self.failed)

    # What the window tells

    def show_model(self, opened: OpenedModel | None) -> None:
        super().show_model(opened)
        self.contents = LabContents()
        self.lab.show_model(opened)
        self.edited_changed.emit(False)

    def text_changed(self) -> None:
        """Which edits can be taken back, and whether there are any, is to be known even while the lab is not seen."""
        super().text_changed()
        if self.opened is not None and self.contents.edited and not self._shown:
            self._contents.ask(ShowLab)

    def ask(self) -> None:
        """What the page in front shows."""
        self._contents.ask(ShowLab)
        front, at = self.lab.pages.currentWidget(), self.at
        if front is self.lab.edit:
            self.lab.edit.preview()
        elif front is self.lab.compare:
            self.compare()
        elif front is self.lab.numbers:
            self.lab.numbers.began()
            self._numbers.ask(lambda number: AskStatistics(number, at=at))

    # What the user wants

    def take(self) -> None:
        at, name = self.at, self._new_name()
        self._do(lambda number: TakeSnapshot(number, name=name, at=at))

    def preview(self, edit: StateEdit, target: Target, other: int) -> None:
        if self._shown:
            self._preview.ask(lambda number: EditState(number, edit=edit, target=target, other=other, keep=False))

    def apply(self, edit: StateEdit, target: Target, other: int) -> None:
        self._preview.forget()
        self._do(lambda number: EditState(number, edit=edit, target=target, other=other))

    def undo(self) -> None:
        self._preview.forget()
        self._do(UndoEdit)

    def redo(self) -> None:
        self._preview.forget()
        self._do(RedoEdit)

    def compare(self) -> None:
        """The two chosen states."""
        chosen, field = self.lab.compare.numbers, self.lab.compare.map.field
        if chosen is not None:
            before, after = chosen
            self._compare.ask(lambda number: CompareStates(number, before=before, after=after, field=field))

    def ablate(self) -> None:
        page = self.lab.ablate
        by_head, cut, period = page.by_head, page.cut, page.period
        self._asked_ablation = {"plot": "ablation", "by_head": by_head, "cut": cut, "period": period}
        page.plot.began()
        self._ablate.ask(lambda number: Ablate(number, by_head=by_head, cut=cut, period=period))

    def patch(self) -> None:
        page, at = self.lab.patch, self.at
        asked = Patch(
            0, word=page.word.text(), other=page.other.text(), target=page.target.text(), by_head=page.by_head, at=at
        )
        self._asked_patch = asked
        page.plot.began()
        self._patch.ask(
            lambda number: Patch(
                number, word=asked.word, other=asked.other, target=asked.target, by_head=asked.by_head, at=at
            )
        )

    def _do(self, make: Make) -> None:
        self._act.ask(make)

    def _new_name(self) -> str:
        taken = {info.name for info in self.contents.snapshots}
        count = len(taken) + 1
        while (name := self.tr("snapshot {0}").format(count)) in taken:
            count += 1
        return name

    def _load(self, path: Path) -> None:
        self._do(lambda number: LoadSnapshot(number, path=path))

    def _save(self, snapshot: int, path: Path) -> None:
        self._do(lambda number: SaveSnapshot(number, snapshot=snapshot, path=path))

    def _rename(self, snapshot: int, name: str) -> None:
        self._do(lambda number: RenameSnapshot(number, snapshot=snapshot, name=name))

    def _drop(self, snapshot: int) -> None:
        self._do(lambda number: DropSnapshot(number, snapshot=snapshot))

    # What comes back

    def _show_answer(self, answer: object) -> None:
        if isinstance(answer, LabContents):
            self._show_contents(answer)
        elif isinstance(answer, Edited):
            self._show_contents(answer.contents)
            self.lab.edit.show_effect(answer)
            if answer.kept:
                self.memory_changed.emit()

    def _show_contents(self, contents: LabContents) -> None:
        grown = len(contents.snapshots) != len(self.contents.snapshots)
        self.contents = contents
        self.lab.show_contents(contents)
        self.edited_changed.emit(contents.edited)
        if grown and self.lab.pages.currentWidget() is self.lab.compare:
            self.compare()

    def _show_comparison(self, answer: object) -> None:
        if isinstance(answer, Comparison):
            names = [name or self.lab.name_of(PRESENT, self.contents) for name in answer.names]
            self.lab.compare.show_comparison(replace(answer, names=(names[0], names[1])), self.contents.tokens_seen)

    def _show_statistics(self, answer: object) -> None:
        if isinstance(answer, StateStatistics):
            self.lab.numbers.show_statistics(answer, self.contents.tokens_seen)

    def _show_sweep(self, answer: object) -> None:
        if isinstance(answer, AblationSweep):
            self._show_ablation(answer)
        elif isinstance(answer, PatchSweep):
            self._show_patch(answer)

    def _show_ablation(self, found: AblationSweep) -> None:
        words = self.tr("Loss as it is: {0} nats a token, over {1} tokens. Without any layer's memory: {2}.")
        result = words.format(figure(found.baseline), f"{found.tokens:,}", figure(found.without_any))
        self.lab.ablate.plot.show_tables((found.change,), result, self._asked_ablation, self.contents.tokens_seen)

    def _show_patch(self, found: PatchSweep) -> None:
        asked = self._asked_patch
        watched = asked.target.strip() or asked.word.strip()
        words = self.tr("“{0}” comes with {1}; with “{2}” in the text, {3}; with all layers exchanged, {4}.")
        chances = [_chance(value) for value in (found.clean, found.other, found.all_layers)]
        result = words.format(watched, chances[0], asked.other.strip(), chances[1], chances[2])
        if not math.isnan(found.copy_effect):
            result += " " + self.tr("The copy head's memory alone: {0} nats.").format(figure(found.copy_effect))
        tables, shown = (found.effect, found.restored), {"plot": "patching", **_choices(asked)}
        self.lab.patch.plot.show_tables(tables, result, shown, self.contents.tokens_seen)


def _choices(asked: Patch) -> dict[str, object]:
    return {"word": asked.word, "other": asked.other, "target": asked.target, "by_head": asked.by_head}


def _chance(logarithm: float) -> str:
    return "–" if math.isnan(logarithm) else percent(math.exp(logarithm))
