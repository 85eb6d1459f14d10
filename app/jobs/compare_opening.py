"""Opening the models of the compare page, each of which may fail without the others."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing

from app.compare_messages import ColumnAsk, ColumnFailed, ColumnLoading, ColumnOpened
from app.jobs import compare_stage
from app.jobs.compare_stage import Column, stage_of
from app.jobs.desk import Desk
from app.messages import Job
from rwkv_backend.errors import RWKVError
from rwkv_backend.records import Progress

Turns = Generator[None, None, None]
"""A piece of work that can be stopped at each step."""

TELL_LOADING_EVERY = 0.1
"""Seconds between two reports of how far the loading is."""

FAILURES = (RWKVError, MemoryError, OSError, RuntimeError)
"""What may end one column without ending the others; torch says "out of memory" by a RuntimeError."""


def prepare(desk: Desk, asks: Sequence[ColumnAsk]) -> None:
    """Let go of what is not wanted, and see that there is room for the rest."""
    stage = stage_of(desk)
    stage.keep_only(asks)
    compare_stage.require_memory(stage.missing(asks))


def open_column(desk: Desk, job: Job, ask: ColumnAsk) -> Turns:
    """Load its model, unless it is there already."""
    stage = stage_of(desk)
    if ask.column in stage.columns:
        return
    try:
        with closing(compare_stage.load_column(ask)) as steps:
            stage.columns[ask.column] = yield from _loading(desk, job, ask, steps)
    except FAILURES as error:
        desk.tell(job, failure(ask.column, error))
        return
    column = stage.columns[ask.column]
    desk.tell(job, ColumnOpened(ask.column, column.opened, column.features))


def _loading(
    desk: Desk, job: Job, ask: ColumnAsk, steps: Generator[Progress, None, Column]
) -> Generator[None, None, Column]:
    told = 0.0
    while True:
        try:
            progress = next(steps)
        except StopIteration as done:
            return done.value
        if time.monotonic() - told >= TELL_LOADING_EVERY:
            told = time.monotonic()
            desk.tell(job, ColumnLoading(ask.column, progress))
        yield


def failure(column: int, error: BaseException) -> ColumnFailed:
    if isinstance(error, RWKVError):
        return ColumnFailed(column, error.sentence, error.hint)
    if isinstance(error, MemoryError) or "memory" in str(error):
        return ColumnFailed(column, "There was not enough memory for this.", "Hold it in fewer bits.")
    return ColumnFailed(column, f"Something went wrong ({type(error).__name__}: {error}).", "")
