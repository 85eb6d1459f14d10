"""The desk of the compare page, with a controller that only notes what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.compare_desk import CompareDesk
from app.compare_messages import (
    MOST,
    ColumnCard,
    ColumnEnded,
    ColumnFailed,
    ColumnOpened,
    ColumnWrote,
    Look,
    LookAtColumns,
    LookAtFiles,
    MeasureColumns,
    WriteColumns,
)
from app.controller import Listener
from app.messages import Job, JobFailed
from rwkv_backend.compare.records import CompareSettings, ModelChoice, Written
from rwkv_backend.presets import presets_for
from rwkv_backend.sampling import SamplingParams
from tests.app.views import cards
from tests.app.views.compare.made import step


class Notes:
    """Stands in for the controller."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.stopped: list[int] = []

    def submit(self, make: Callable[[int], Job], listener: Listener) -> int:
        self.jobs.append(make(len(self.jobs) + 1))
        return self.jobs[-1].id

    def stop(self, job: int) -> None:
        self.stopped.append(job)

    def last(self, kind: type[Job]) -> Job:
        return next(job for job in reversed(self.jobs) if isinstance(job, kind))

    def count(self, kind: type[Job]) -> int:
        return sum(isinstance(job, kind) for job in self.jobs)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def desk(qtbot: QtBot, notes: Notes) -> CompareDesk:
    desk = CompareDesk(notes)
    desk.add(ModelChoice(Path("/models/a.pth")), ModelChoice(Path("/models/b.pth")))
    for status in desk.statuses:
        desk.told(notes.jobs[0], ColumnCard(status.column, cards.CARD))
    return desk


def write(desk: CompareDesk, notes: Notes, **changed: Any) -> WriteColumns:
    given: dict[str, Any] = {
        "prompt": "A",
        "params": SamplingParams(temperature=0.5),
        "seed": 9,
        "max_tokens": 4,
        "together": True,
    }
    desk.write(**{**given, **changed})
    job = notes.last(WriteColumns)
    assert isinstance(job, WriteColumns)
    return job


def ended(column: int) -> ColumnEnded:
    empty = np.zeros(0, dtype=np.int64)
    written = Written("", empty, empty, np.zeros(0, dtype=np.float32), "length", 9, 1, 0.5, 1.0)
    return ColumnEnded(column, written, "", "", 100)


def open_and_write(desk: CompareDesk, notes: Notes) -> None:
    job = write(desk, notes)
    for status in desk.statuses:
        desk.told(job, ColumnOpened(status.column, cards.opened(), None))
        desk.told(job, ended(status.column))
    desk.done(job, None, False)


def test_all_models_get_the_same_seed_and_the_shared_settings(desk: CompareDesk, notes: Notes) -> None:
    job = write(desk, notes)
    assert [ask.params for ask in job.asks] == [SamplingParams(temperature=0.5, seed=9)] * 2


def test_without_shared_settings_each_model_has_its_own_preset(desk: CompareDesk, notes: Notes) -> None:
    job = write(desk, notes, params=None)
    card = cards.CARD
    preset = presets_for(card.info.version, card.tokenizer_kind, card.demo)[0]
    assert [ask.params for ask in job.asks] == [replace(preset.params, seed=9)] * 2


def test_only_one_job_of_the_page_runs_at_a_time(desk: CompareDesk, notes: Notes) -> None:
    write(desk, notes)
    write(desk, notes)
    desk.measure("text", "", CompareSettings())
    assert notes.count(WriteColumns) == 1
    assert notes.count(MeasureColumns) == 0


def test_of_many_looks_only_the_newest_is_made(desk: CompareDesk, notes: Notes) -> None:
    open_and_write(desk, notes)
    for position in range(5):
        desk.look_at(Look("half_life", position=position))
    assert notes.count(LookAtColumns) == 1
    first = notes.last(LookAtColumns)
    assert first.id in notes.stopped
    desk.done(first, None, True)
    second = notes.last(LookAtColumns)
    assert isinstance(second, LookAtColumns)
    assert second.look.position == 4
    desk.done(second, None, False)
    assert notes.count(LookAtColumns) == 2


def test_while_models_write_they_answer_a_look_themselves(desk: CompareDesk, notes: Notes) -> None:
    open_and_write(desk, notes)
    job = write(desk, notes)
    desk.look_at(Look("state_map", position=1))
    assert notes.count(LookAtColumns) == 0
    assert job.wish.look == Look("state_map", position=1)
    desk.done(job, None, False)
    assert notes.count(LookAtColumns) == 0  # nothing was written this time


def test_a_failed_model_says_so_and_the_others_go_on(desk: CompareDesk, notes: Notes) -> None:
    job = write(desk, notes)
    first, second = (status.column for status in desk.statuses)
    desk.told(job, ColumnFailed(first, "The file is cut off.", "Download it again."))
    desk.told(job, ColumnWrote(second, step(0, " x")))
    assert desk.statuses[0].phase == "failed"
    assert desk.statuses[0].sentence == "The file is cut off. Download it again."
    assert desk.statuses[1].phase == "writing"
    desk.done(job, None, False)
    assert desk.statuses[0].phase == "failed"


def test_what_is_told_of_a_model_that_was_taken_away_is_dropped(desk: CompareDesk, notes: Notes) -> None:
    job = write(desk, notes)
    first = desk.statuses[0].column
    desk.remove(first)
    assert job.asks[0].stop.is_set()
    desk.told(job, ColumnWrote(first, step(0, " x")))
    desk.told(job, ended(first))
    assert [status.column for status in desk.statuses] == [job.asks[1].column]


def test_a_failed_job_frees_the_page(qtbot: QtBot, desk: CompareDesk, notes: Notes) -> None:
    job = write(desk, notes)
    with qtbot.waitSignal(desk.said) as said:
        desk.failed(job, JobFailed(job.id, "The models need 9.0 GB together.", "Leave out b.pth.", ""))
    assert said.args == ["The models need 9.0 GB together. Leave out b.pth."]
    assert not desk.busy
    write(desk, notes)
    assert notes.count(WriteColumns) == 2


def test_no_more_models_than_there_is_room_for(desk: CompareDesk, notes: Notes) -> None:
    desk.add(*(ModelChoice(Path(f"/models/{n}.pth")) for n in range(20)))
    assert len(desk.statuses) == MOST
    job = notes.last(LookAtFiles)
    assert isinstance(job, LookAtFiles)
    assert len(job.asks) == MOST - 2
