"""Between the views and the worker: sends jobs, looks for reports about 30 times a second, and tells the views by signal.

Knows which job runs and drops what late reports say of jobs that are over. Lives in the window's thread; never waits.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from app.link import Link
from app.messages import (
    Batch,
    Card,
    ClearSession,
    Engine,
    InspectFile,
    Job,
    JobDone,
    JobFailed,
    OpenedModel,
    OpenModel,
    Partial,
    Progressed,
    ShowState,
    StartEngine,
    Write,
    Written,
    Wrote,
)
from app.worker import Worker
from rwkv_backend.records import FrameSpec, Step

log = logging.getLogger(__name__)

LOOK_EVERY_MS = 33

FAST = 60.0
"""Tokens a second from which on a model counts as fast."""
FAST_SHARE, SLOW_SHARE = 0.12, 0.05
"""How much of the time drawing may take while such a model writes."""
LONGEST_PAUSE = 0.25
"""Seconds between two frames, at the most."""


class Listener(Protocol):
    """Who asked for a job and is told of it, in the window's thread. The last is exactly one of `done` and `failed`."""

    def progressed(self, job: Job, report: Progressed) -> None: ...

    def told(self, job: Job, result: object) -> None:
        """A part of the result."""

    def done(self, job: Job, result: object, stopped: bool) -> None: ...

    def failed(self, job: Job, failure: JobFailed) -> None: ...


class Controller(QObject):
    engine_started = Signal(object)
    """Engine"""
    inspected = Signal(object)
    """Card"""
    inspect_failed = Signal(object, str, str)
    """Path, sentence, hint"""
    load_began = Signal(object)
    """Path"""
    load_progress = Signal(object)
    """Progress"""
    load_ended = Signal(bool, bool, str)
    """ok, stopped, sentence"""
    model_opened = Signal(object)
    """OpenedModel"""
    reading = Signal(object)
    """Progress of a prompt"""
    wrote = Signal(str)
    """The text of one or more tokens"""
    rate_changed = Signal(int, float)
    """Tokens written so far, and how many a second of late"""
    write_ended = Signal(object, bool)
    """Written or None, stopped"""
    write_failed = Signal(str, str)
    """sentence, hint"""
    cleared = Signal()
    told = Signal(object)
    """A part of what a piece of writing comes to, such as TokensTold"""
    frame_made = Signal(object)
    """Frame"""
    busy_changed = Signal(bool)
    """Whether the model writes"""
    failed = Signal(str, str, str)
    """sentence, hint, details of anything that went wrong"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = Link()
        self._worker = Worker(self._link)
        self._ids = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._listeners: dict[int, Listener] = {}
        self._look = QTimer(self)
        self._look.setInterval(LOOK_EVERY_MS)
        self._look.timeout.connect(self.look)
        self._rate = 0.0
        self._spec = FrameSpec()
        self._position: int | None = None
        self._shown_position: int | None = None
        self.engine: Engine | None = None
        self.opened: OpenedModel | None = None

    # What the views ask for

    def start(self, threads: int = 0) -> None:
        """Start the worker and, in it, the engine."""
        self._worker.start()
        self._send(StartEngine(next(self._ids), threads=threads))

    def inspect(self, path: Path) -> None:
        self._stop_all(InspectFile)
        self._send(InspectFile(next(self._ids), path=path))

    def open_model(self, path: Path, device: str, dtype: str, tokenizer: str) -> None:
        """Load a model; what is being written ends first."""
        self._stop_all(Write, OpenModel)
        self.load_began.emit(path)
        self._send(OpenModel(next(self._ids), path=path, device=device, dtype=dtype, tokenizer=tokenizer))

    def write(self, job: Write) -> None:
        """`job` as the views made it; its number is given here."""
        self._stop_all(Write)
        self._send(replace(job, id=next(self._ids), stop=threading.Event()))
        self.busy_changed.emit(True)

    def stop_writing(self) -> None:
        self._stop_all(Write)

    def cancel_loading(self) -> None:
        self._stop_all(OpenModel)

    def clear(self) -> None:
        self._stop_all(Write)
        self._send(ClearSession(next(self._ids)))

    def want(self, spec: FrameSpec) -> None:
        """From now on, frames as the plots need them; the first at once, also while nothing is written."""
        self._spec = spec
        self._link.want(spec)
        if self.idle:
            self.show_state()

    def look_at(self, position: int | None) -> None:
        """From now on, frames of the state after so many tokens, also while the model writes; None: as it is."""
        self._position = position
        self._link.look_at(position)
        self.show_state()

    def show_state(self) -> None:
        """Have a frame made of what is looked at, unless one is on its way or the writing makes them."""
        if self.opened is None or not self._spec.wants_anything:
            return
        if not any(isinstance(job, Write | ShowState) for job in self._jobs.values()):
            self._shown_position = self._position
            self._send(ShowState(next(self._ids)))

    def pace(self, drawing_seconds: float) -> None:
        """Let frames come no faster than drawing them takes a small share of the time.

        While the window draws, the worker waits for Python's lock. A fast model can spare more than a slow one.
        """
        share = FAST_SHARE if self._rate >= FAST else SLOW_SHARE
        self._link.set_pace(min(drawing_seconds / share, LONGEST_PAUSE))

    def submit(self, make: Callable[[int], Job], listener: Listener) -> int:
        """Run a job that only `listener` is told of; `make` is given its number, which is returned."""
        job = make(next(self._ids))
        self._listeners[job.id] = listener
        self._send(job)
        return job.id

    def stop(self, job: int) -> None:
        """End a job early, whether it runs or still waits; nothing happens if it is over."""
        self._link.stop(job)

    @property
    def writing(self) -> bool:
        return any(isinstance(job, Write) for job in self._jobs.values())

    @property
    def loading(self) -> bool:
        return any(isinstance(job, OpenModel) for job in self._jobs.values())

    @property
    def idle(self) -> bool:
        return not self._jobs

    def shut_down(self) -> None:
        """End all jobs; the worker ends soon after (`wait`)."""
        self._look.stop()
        self._jobs.clear()
        self._listeners.clear()
        self._link.close()

    def wait(self, seconds: float) -> bool:
        """Whether the worker has ended within that time."""
        return self._worker.wait(seconds)

    def _send(self, job: Job) -> None:
        self._jobs[job.id] = job
        if isinstance(job, InspectFile):
            self._worker.inspect(job)
        else:
            self._link.send(job)
        self._look.start()

    def _stop_all(self, *kinds: type[Job]) -> None:
        for job in self._jobs.values():
            if isinstance(job, kinds):
                self._link.stop(job.id)

    # What the worker reports

    def look(self) -> None:
        """Take what has come since the last look and tell it."""
        batch = self._link.take()
        self._tell(batch)
        if batch.frame is not None:
            self.frame_made.emit(batch.frame)
        if not self._jobs:
            self._look.stop()

    def _tell(self, batch: Batch) -> None:
        """Tokens that came one after the other are told as one text."""
        pieces: list[str] = []
        last: Step | None = None
        for report in batch.reports:
            if report.job not in self._jobs:
                continue
            if isinstance(report, Wrote):
                pieces.append(report.step.text)
                last = report.step
                continue
            self._tell_text(pieces)
            if report.job in self._listeners:
                self._tell_listener(report)
            elif isinstance(report, Partial):
                self.told.emit(report.result)
            elif isinstance(report, Progressed):
                signal = self.load_progress if report.what == "loading" else self.reading
                signal.emit(report.progress)
            elif isinstance(report, JobDone):
                self._done(self._jobs.pop(report.job), report)
            elif isinstance(report, JobFailed):
                self._failed(self._jobs.pop(report.job), report)
        self._tell_text(pieces)
        if last is not None:
            self._rate = last.tokens_per_second
        if last is not None and self.writing:
            self.rate_changed.emit(last.index + 1, last.tokens_per_second)

    def _tell_listener(self, report: Progressed | Partial | JobDone | JobFailed) -> None:
        listener, job = self._listeners[report.job], self._jobs[report.job]
        if isinstance(report, Progressed):
            listener.progressed(job, report)
        elif isinstance(report, Partial):
            listener.told(job, report.result)
        else:
            del self._listeners[report.job], self._jobs[report.job]
            if isinstance(report, JobDone):
                listener.done(job, report.result, report.stopped)
            else:
                log.info("%s: %s %s\n%s", type(job).__name__, report.sentence, report.hint, report.details)
                listener.failed(job, report)

    def _tell_text(self, pieces: list[str]) -> None:
        if pieces:
            self.wrote.emit("".join(pieces))
            pieces.clear()

    def _done(self, job: Job, report: JobDone) -> None:
        result = report.result
        if isinstance(job, Write):
            self.busy_changed.emit(self.writing)
            self.write_ended.emit(result if isinstance(result, Written) else None, report.stopped)
        elif isinstance(job, OpenModel):
            if isinstance(result, OpenedModel):
                self.opened = result
                self.model_opened.emit(result)
            self.load_ended.emit(not report.stopped, report.stopped, "")
        elif isinstance(result, Engine):
            self.engine = result
            self.engine_started.emit(result)
        elif isinstance(result, Card):
            self.inspected.emit(result)
        elif isinstance(job, ClearSession):
            self.cleared.emit()
        elif isinstance(job, ShowState) and self._shown_position != self._position:
            self.show_state()

    def _failed(self, job: Job, report: JobFailed) -> None:
        log.info("%s: %s %s\n%s", type(job).__name__, report.sentence, report.hint, report.details)
        if isinstance(job, Write):
            self.busy_changed.emit(self.writing)
            self.write_failed.emit(report.sentence, report.hint)
        elif isinstance(job, OpenModel):
            self.load_ended.emit(False, False, f"{report.sentence} {report.hint}".strip())
        elif isinstance(job, InspectFile):
            self.inspect_failed.emit(job.path, report.sentence, report.hint)
        else:
            self.failed.emit(report.sentence, report.hint, report.details)
