"""Running several models on the same prompt and measuring them on the same text.

The worker has one thread, so the models take turns: together, each that has not ended reads a piece or writes one token,
then it is the next one's turn. So none starves, whatever its speed, and no two are ever more than a token apart. A model
that fails leaves its sentence in its column; the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from app.compare_messages import (
    ColumnAsk,
    ColumnCard,
    ColumnEnded,
    ColumnFrame,
    ColumnReading,
    ColumnWrote,
    Look,
    LookAtColumns,
    LookAtFiles,
    MeasureColumns,
    OpenColumns,
    UnloadColumns,
    WriteColumns,
    WriteReport,
)
from app.jobs import compare_stage
from app.jobs.compare_measuring import after_measuring, measure_columns, report
from app.jobs.compare_opening import FAILURES, Turns, failure, open_column, prepare
from app.jobs.compare_stage import Column, Trail, stage_of
from app.jobs.desk import AfterStop, Desk, Jobs, Steps
from app.messages import Job
from rwkv_backend.interrupting import Interrupted, interruptible
from rwkv_backend.records import Finished, FrameSpec, Progress, Step

if TYPE_CHECKING:
    from rwkv_backend.generation import Writer
    from rwkv_backend.state import State

FRAME_EVERY = 0.4
"""Seconds between two frames of one column while the models write."""


def look_at_files(desk: Desk, job: LookAtFiles) -> Steps:
    from app.jobs.models import make_card

    for ask in job.asks:
        yield
        try:
            desk.tell(job, ColumnCard(ask.column, make_card(ask.choice.path)))
        except FAILURES as error:
            desk.tell(job, failure(ask.column, error))
    return None


def open_columns(desk: Desk, job: OpenColumns) -> Steps:
    yield
    prepare(desk, job.asks)
    for ask in job.asks:
        yield from open_column(desk, job, ask)
    return None


def write_columns(desk: Desk, job: WriteColumns) -> Steps:
    yield
    prepare(desk, job.asks)
    if job.together:
        for ask in job.asks:
            yield from open_column(desk, job, ask)
        yield from take_turns([write_column(desk, job, ask) for ask in job.asks])
    else:
        for ask in job.asks:
            yield from open_column(desk, job, ask)
            yield from take_turns([write_column(desk, job, ask)])
    return None


def take_turns(all_steps: Sequence[Turns]) -> Turns:
    """One step of each in turn, until all have ended. Closed early, it closes them all."""
    with ExitStack() as stack:
        running = [stack.enter_context(closing(steps)) for steps in all_steps]
        while running:
            for steps in tuple(running):
                try:
                    next(steps)
                except StopIteration:
                    running.remove(steps)
                    continue
                yield


# Writing


def write_column(desk: Desk, job: WriteColumns, ask: ColumnAsk) -> Turns:
    """Read the prompt, write, and tell of it; a step is a piece of the prompt or one token."""
    column = stage_of(desk).columns.get(ask.column)
    if column is None:
        return
    writing = _Writing(desk, job, ask, column)
    try:
        yield from writing.run()
    except FAILURES as error:
        desk.tell(job, failure(ask.column, error))


class _Writing:
    """One column on its way through the prompt and the text."""

    def __init__(self, desk: Desk, job: WriteColumns, ask: ColumnAsk, column: Column) -> None:
        self._desk, self._job, self._ask, self._column = desk, job, ask, column
        self._pieces: list[bytes] = []
        self._shown: Look | None = None
        self._shown_at = 0.0

    def run(self) -> Turns:
        from rwkv_backend.generation import Writer
        from rwkv_backend.sampling import Sampler

        column, job = self._column, self._job
        column.state, column.trail, column.watched.kept = None, None, None
        column.watched.wants = FrameSpec(decay=True)  # of the prompt's last token, which is not read again
        writer: Writer[State] = Writer(
            column.watched, column.tokenizer, sampler=Sampler(self._ask.params), max_tokens=job.max_tokens
        )
        with closing(writer.run(writer.spell(job.prompt))) as events:
            try:
                while not self._ask.stop.is_set():  # looked at before a token is written, so that none is lost
                    with interruptible(self._ask.stop.is_set):
                        event = next(events)
                    if isinstance(event, Finished):
                        return self._end(event, writer)
                    self._take(event, writer)
                    self._show()
                    yield
            except GeneratorExit as end:
                self._end(writer.finished("stopped"), writer)
                if isinstance(end, Interrupted) and self._ask.stop.is_set():
                    return None  # this model alone
                raise
            self._end(writer.finished("stopped"), writer)
        return None

    def _take(self, event: Progress | Step, writer: Writer[State]) -> None:
        column, number = self._column, self._ask.column
        if isinstance(event, Progress):
            self._desk.tell(self._job, ColumnReading(number, event))
            if event.total and event.done == event.total:
                column.state, column.trail, column.before_prompt = writer.state, Trail(), column.watched.kept
                column.trail.begin(writer.state)
            return
        assert column.trail is not None
        column.trail.add(event.token, writer.state)
        self._pieces.append(event.data)
        self._desk.tell(self._job, ColumnWrote(number, event))

    def _show(self) -> None:
        """A frame now and then; at once when the page looks at something else."""
        look, column = self._job.wish.look, self._column
        if column.trail is None:
            return
        column.watched.wants = compare_stage.spec_for(look)
        if look.view == "surprise":
            return
        follows = look.position is None
        if look == self._shown and not (follows and time.monotonic() - self._shown_at >= FRAME_EVERY):
            return
        frame = send_frame(self._desk, self._job, self._ask.column, column, look)
        if frame or not follows:
            self._shown, self._shown_at = look, time.monotonic()

    def _end(self, end: Finished, writer: Writer[State]) -> None:
        from rwkv_backend.compare.tasks import written_of

        column = self._column
        written = written_of(end, self._pieces)
        self._desk.tell(self._job, ColumnEnded(self._ask.column, written, end.detail, end.rest, writer.state.nbytes))
        if column.trail is not None and self._job.wish.look.view != "surprise":
            send_frame(self._desk, self._job, self._ask.column, column, self._job.wish.look)


# Looking


def look_at_columns(desk: Desk, job: LookAtColumns) -> Steps:
    stage = stage_of(desk)
    for number in job.columns:
        yield
        if number in stage.columns:
            send_frame(desk, job, number, stage.columns[number], job.look)
    return None


def send_frame(desk: Desk, job: Job, number: int, column: Column, look: Look) -> bool:
    """Whether there was one to send."""
    if column.trail is None:
        return False
    last = len(column.trail.tokens)
    position = last if look.position is None else min(look.position, last)
    frame = compare_stage.present_frame(column, look) if position == last else None
    follows = look.position is None and isinstance(job, WriteColumns)  # the next token will bring one
    if frame is None and not follows:
        frame = compare_stage.frame_at(column, look, position)
    if frame is not None:
        desk.tell(job, ColumnFrame(number, position, look, frame))
    return frame is not None


def unload_columns(desk: Desk, job: UnloadColumns) -> Steps:
    yield
    desk.kept.pop("comparing", None)
    return None


JOBS: Jobs = {
    LookAtFiles: look_at_files,
    OpenColumns: open_columns,
    WriteColumns: write_columns,
    LookAtColumns: look_at_columns,
    UnloadColumns: unload_columns,
    MeasureColumns: measure_columns,
    WriteReport: report,
}
AFTER_STOP: AfterStop = {MeasureColumns: after_measuring}
