"""A question that a view asks again and again: of those that wait, only the newest is put to the worker.

While the model writes nothing is asked; what was asked meanwhile is asked when it has ended. An answer that belongs to an
older question, or to a model that is gone, is not told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.controller import Listener
from app.messages import Job, JobFailed, Progressed

Make = Callable[[int], Job]
"""Makes the job, given its number."""


class Desk(Protocol):
    """The controller, as far as a question needs it."""

    def submit(self, make: Make, listener: Listener) -> int: ...
    def stop(self, job: int) -> None: ...


class Question(QObject):
    answered = Signal(object)
    """The result of the newest question; a part of one if it was stopped and its job tells that"""
    told = Signal(object)
    """A part of it"""
    progressed = Signal(object)
    """Progress"""
    failed = Signal(str)
    """Why there is no answer, with what can be done"""
    running_changed = Signal(bool)
    """Whether an answer is to be expected"""

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._ear = _Ear(self)
        self._job: int | None = None
        self._next: Make | None = None
        self._stale = self._held = self._was_running = False

    @property
    def running(self) -> bool:
        return self._job is not None or self._next is not None

    def ask(self, make: Make) -> None:
        """Ask this now, or as soon as the one before has ended; it is stopped."""
        self._next = make
        if self._job is not None:
            self._stale = True
            self._desk.stop(self._job)
        self._go_on()

    def stop(self) -> None:
        """End the present question early; what was told of it stays."""
        self._next = None
        if self._job is not None:
            self._desk.stop(self._job)
        self._tell_running()

    def forget(self) -> None:
        """Another model, or another text: whatever comes now is not told."""
        self._stale = self._job is not None
        self.stop()

    def hold(self, held: bool) -> None:
        """While held nothing is asked, and what runs is ended: the model is to write."""
        self._held = held
        if held and self._job is not None:
            self._desk.stop(self._job)
        self._go_on()

    def heard(self, job: Job, what: object) -> None:
        """Something of the running job."""
        if job.id != self._job or self._stale:
            return
        if isinstance(what, Progressed):
            self.progressed.emit(what.progress)
        else:
            self.told.emit(what)

    def ended(self, job: Job, result: object, sentence: str) -> None:
        """It is over, one way or the other."""
        fresh = job.id == self._job and not self._stale
        self._job = None
        if fresh and sentence:
            self.failed.emit(sentence)
        elif fresh and result is not None:
            self.answered.emit(result)
        self._go_on()

    def _go_on(self) -> None:
        if self._job is None and self._next is not None and not self._held:
            make, self._next = self._next, None
            self._stale = False
            self._job = self._desk.submit(make, self._ear)
        self._tell_running()

    def _tell_running(self) -> None:
        if self.running != self._was_running:
            self._was_running = self.running
            self.running_changed.emit(self.running)


class _Ear:
    """Listens for a question, whose signals have the names that a listener's methods would need."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def progressed(self, job: Job, report: Progressed) -> None:
        self._question.heard(job, report)

    def told(self, job: Job, result: object) -> None:
        self._question.heard(job, result)

    def done(self, job: Job, result: object, stopped: bool) -> None:
        self._question.ended(job, result, "")

    def failed(self, job: Job, failure: JobFailed) -> None:
        self._question.ended(job, None, f"{failure.sentence} {failure.hint}".strip())
