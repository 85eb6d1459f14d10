"""What the compare page has of its models: asks the worker for them, hears of every column, and tells the views by signal.

One job of the page runs at a time. A look at another place that is asked for while one is being made waits, and only the
newest waits; while the models write, they answer it themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from app.compare_messages import (
    MOST,
    ColumnAsk,
    ColumnEnded,
    ColumnFrame,
    ColumnMeasured,
    ColumnStatus,
    ColumnWrote,
    Look,
    LookAtColumns,
    LookAtFiles,
    MeasureColumns,
    OpenColumns,
    UnloadColumns,
    Wish,
    WriteColumns,
    WriteReport,
)
from app.compare_status import (
    about_to_write,
    after,
    after_result,
    after_step,
    at_rest,
    preset_of,
    told_settings,
    unloaded,
)
from app.messages import Job, JobFailed, Progressed
from rwkv_backend.compare.records import CompareSettings, Comparison, ModelChoice, TaskDone
from rwkv_backend.records import Step
from rwkv_backend.sampling import SamplingParams

if TYPE_CHECKING:
    from app.controller import Listener


TELL_EVERY = 8
"""Tokens between two changes of a column's head while it writes."""


class Asks(Protocol):
    """What the desk needs of the controller."""

    def submit(self, make: Callable[[int], Job], listener: Listener) -> int: ...
    def stop(self, job: int) -> None: ...


class CompareDesk(QObject):
    columns_changed = Signal(object)
    """tuple of ColumnStatus: the page has other models now"""
    column_changed = Signal(object)
    """ColumnStatus"""
    began = Signal(object)
    """tuple of the columns' numbers that are about to write, afresh"""
    wrote = Signal(int, object)
    """A column's Step"""
    ended = Signal(int, str)
    """A column's rest of text, which had been held back until it ended"""
    framed = Signal(object)
    """ColumnFrame"""
    busy_changed = Signal(str)
    """ "write", "open", "measure", "report"; "": nothing runs"""
    measured = Signal(int, object)
    """A column's CompareEvent"""
    compared = Signal(object)
    """Comparison, finished or stopped; or None"""
    reported = Signal(object)
    """tuple of the files written"""
    said = Signal(str)
    """A sentence about the whole page"""

    def __init__(self, controller: Asks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._numbers = itertools.count(1)
        self._statuses: dict[int, ColumnStatus] = {}
        self._asks: dict[int, ColumnAsk] = {}
        self._job: int | None = None
        self._doing = ""
        self._looking: int | None = None
        self._look_again = False
        self._wish = Wish()
        self.comparison: Comparison | None = None

    # The models

    @property
    def statuses(self) -> tuple[ColumnStatus, ...]:
        return tuple(self._statuses.values())

    @property
    def busy(self) -> str:
        """What runs; "": nothing."""
        return self._doing

    def add(self, *choices: ModelChoice) -> None:
        """Put models on the page, as long as there is room."""
        for choice in choices[: MOST - len(self._statuses)]:
            number = next(self._numbers)
            self._statuses[number] = ColumnStatus(number, choice)
        self._models_changed()
        self.look_at_files()

    def remove(self, column: int) -> None:
        """Take a model off the page; if it writes, it stops first."""
        self.stop_column(column)
        if self._statuses.pop(column, None) is not None:
            self._models_changed()

    def choose(self, column: int, choice: ModelChoice) -> None:
        """The same model in another precision or on another device."""
        old = self._statuses[column]
        self._statuses[column] = ColumnStatus(column, choice, old.card)
        self._models_changed()

    def look_at_files(self) -> None:
        """Ask for the version cards that are missing."""
        new = [s for s in self.statuses if s.card is None and s.phase == "new"]
        if new:
            asks = tuple(ColumnAsk(s.column, s.choice) for s in new)
            self._controller.submit(lambda number: LookAtFiles(number, asks=asks), self)

    def _models_changed(self) -> None:
        self.comparison = None
        self.columns_changed.emit(self.statuses)

    # Jobs

    def write(self, prompt: str, params: SamplingParams | None, seed: int, max_tokens: int, together: bool) -> None:
        """Let all models go on from the prompt. params None: each as its own preset says."""
        if self._job is not None:
            return
        asks = tuple(self._ask(s, replace(params or preset_of(s), seed=seed)) for s in self.statuses)
        self._asks = {ask.column: ask for ask in asks}
        for status in self.statuses:
            self._change(about_to_write(status))
        self.began.emit(tuple(self._asks))
        wish = self._wish
        self._submit(
            "write",
            lambda number: WriteColumns(
                number, asks=asks, prompt=prompt, max_tokens=max_tokens, together=together, wish=wish
            ),
        )

    def open(self) -> None:
        """Load the models and do nothing with them yet."""
        asks = self._plain_asks()
        self._submit("open", lambda number: OpenColumns(number, asks=asks))

    def measure(self, text: str, text_name: str, settings: CompareSettings) -> None:
        asks = self._plain_asks()
        self._asks = {ask.column: ask for ask in asks}
        writings = tuple(s.written for s in self.statuses)
        self.comparison = None
        self._submit(
            "measure",
            lambda number: MeasureColumns(
                number, asks=asks, text=text, text_name=text_name, settings=settings, writings=writings
            ),
        )

    def report(self, folder: Path, settings: CompareSettings) -> None:
        """Write what there is: what was measured, or only what the models wrote."""
        asks, comparison = self._plain_asks(), self._with_present_writings(settings)
        writings = tuple(s.written for s in self.statuses)
        self._submit(
            "report",
            lambda number: WriteReport(
                number, folder=folder, comparison=comparison, asks=asks, settings=settings, writings=writings
            ),
        )

    def unload(self) -> None:
        """Let go of the models; what they wrote stays on the page."""
        self._controller.submit(UnloadColumns, self)
        for status in self.statuses:
            self._change(unloaded(status))

    def stop(self) -> None:
        if self._job is not None:
            self._controller.stop(self._job)

    def stop_column(self, column: int) -> None:
        """End one model; the others go on."""
        if column in self._asks:
            self._asks[column].stop.set()

    def _ask(self, status: ColumnStatus, params: SamplingParams) -> ColumnAsk:
        return ColumnAsk(status.column, status.choice, params)

    def _plain_asks(self) -> tuple[ColumnAsk, ...]:
        return tuple(ColumnAsk(s.column, s.choice) for s in self.statuses)

    def _submit(self, doing: str, make: Callable[[int], Job]) -> None:
        if self._job is not None:
            return
        self._doing = doing
        self._job = self._controller.submit(make, self)
        self.busy_changed.emit(doing)

    def _with_present_writings(self, settings: CompareSettings) -> Comparison | None:
        """What was measured, with what the models have written since."""
        found = self.comparison
        if found is None or len(found.models) != len(self._statuses):
            return None
        pairs = zip(found.models, self.statuses, strict=True)
        models = tuple(replace(m, writing=s.written) if s.written is not None else m for m, s in pairs)
        wrote = any(s.written is not None for s in self.statuses)
        return replace(
            found, models=models, settings=told_settings(found.settings, settings) if wrote else found.settings
        )

    # Looking

    @property
    def look(self) -> Look:
        return self._wish.look

    def look_at(self, look: Look) -> None:
        """From now on this is what the small plots show. Models that write answer by themselves."""
        self._wish.look = look
        if look.view == "surprise" or self._doing == "write":
            return
        if self._looking is not None:
            self._look_again = True
            self._controller.stop(self._looking)
            return
        columns = tuple(s.column for s in self.statuses if s.opened is not None and s.written is not None)
        if columns:
            self._looking = self._controller.submit(
                lambda number: LookAtColumns(number, columns=columns, look=look), self
            )

    def _looked(self) -> None:
        self._looking = None
        if self._look_again:
            self._look_again = False
            self.look_at(self.look)

    # What the worker tells

    def progressed(self, job: Job, report: Progressed) -> None:
        """The columns tell of theirs one by one."""

    def told(self, job: Job, result: object) -> None:
        if isinstance(result, ColumnFrame):
            self.framed.emit(result)
        elif isinstance(result, ColumnMeasured):
            self._take_measured(result)
        elif isinstance(result, ColumnWrote):
            self._take_step(result.column, result.step)
        else:
            self._take(result)

    def done(self, job: Job, result: object, stopped: bool) -> None:
        if job.id == self._looking:
            self._looked()
        if job.id != self._job:
            return
        doing = self._finish()
        if doing == "measure":
            self.comparison = result if isinstance(result, Comparison) else None
            self.compared.emit(self.comparison)
        elif doing == "report" and isinstance(result, tuple):
            self.reported.emit(result)

    def failed(self, job: Job, failure: JobFailed) -> None:
        if job.id == self._looking:
            self._looked()
        if job.id == self._job:
            doing = self._finish()
            if doing == "measure":
                self.compared.emit(None)
        self.said.emit(f"{failure.sentence} {failure.hint}".strip())

    def _finish(self) -> str:
        """The page's job is over; what it was."""
        doing, self._doing, self._job = self._doing, "", None
        for status in self.statuses:
            if status.busy:
                self._change(at_rest(status))
        self.busy_changed.emit("")
        if doing == "write" and self.look.view != "surprise":
            self.look_at(self.look)
        return doing

    def _take(self, told: object) -> None:
        column = getattr(told, "column", None)
        status = self._statuses.get(column) if isinstance(column, int) else None
        if status is None:
            return
        changed = after(status, told)
        if changed is not None:
            self._change(changed)
        if isinstance(told, ColumnEnded):
            self.ended.emit(told.column, told.rest)

    def _take_step(self, column: int, step: Step) -> None:
        status = self._statuses.get(column)
        if status is None:
            return
        self._statuses[column] = after_step(status, step)
        if status.phase != "writing" or step.index % TELL_EVERY == 0:
            self.column_changed.emit(self._statuses[column])
        self.wrote.emit(column, step)

    def _take_measured(self, told: ColumnMeasured) -> None:
        status = self._statuses.get(told.column)
        if status is not None and isinstance(told.event, TaskDone):
            self._statuses[told.column] = after_result(status, told.event.result)
        self.measured.emit(told.column, told.event)

    def _change(self, status: ColumnStatus) -> None:
        self._statuses[status.column] = status
        self.column_changed.emit(status)


def usual_choices(paths: Sequence[Path]) -> tuple[ModelChoice, ...]:
    """As the page begins: float32 on the CPU."""
    return tuple(ModelChoice(path) for path in paths[:MOST])
