"""Questions to the worker: only the newest is asked, late answers are not told, and while the model writes all wait."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.analysis_messages import AskLens
from app.analysis_questions import Make, Question
from app.controller import Listener
from app.messages import Job, JobFailed, Progressed
from rwkv_backend.records import Progress


class MadeUpDesk:
    """Stands where the controller stands: keeps what was asked, and answers when told to."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.stopped: list[int] = []
        self.listener: Listener | None = None

    def submit(self, make: Make, listener: Listener) -> int:
        self.listener = listener
        self.jobs.append(make(len(self.jobs) + 1))
        return self.jobs[-1].id

    def stop(self, job: int) -> None:
        self.stopped.append(job)

    def answer(self, result: object, stopped: bool = False) -> None:
        assert self.listener is not None
        self.listener.done(self.jobs[-1], result, stopped)


@pytest.fixture
def desk() -> MadeUpDesk:
    return MadeUpDesk()


@pytest.fixture
def question(qtbot: QtBot, desk: MadeUpDesk) -> Question:
    return Question(desk)


def ask(question: Question, last: int) -> None:
    question.ask(lambda number: AskLens(number, last=last))


def answers(question: Question) -> list[object]:
    told: list[object] = []
    question.answered.connect(told.append)
    return told


def test_only_the_newest_of_what_waits_is_asked(desk: MadeUpDesk, question: Question) -> None:
    told = answers(question)
    for last in (1, 2, 3):
        ask(question, last)
    assert [job.last for job in desk.jobs if isinstance(job, AskLens)] == [1]
    assert desk.stopped == [1, 1]
    desk.answer("late")
    assert told == []
    assert [job.last for job in desk.jobs if isinstance(job, AskLens)] == [1, 3]
    desk.answer("new")
    assert told == ["new"]
    assert not question.running


def test_nothing_is_asked_while_the_model_writes(desk: MadeUpDesk, question: Question) -> None:
    question.hold(True)
    ask(question, 1)
    assert desk.jobs == []
    assert question.running
    question.hold(False)
    assert len(desk.jobs) == 1


def test_a_stopped_question_tells_what_is_known_and_can_be_asked_again(desk: MadeUpDesk, question: Question) -> None:
    told = answers(question)
    parts: list[object] = []
    question.told.connect(parts.append)
    ask(question, 1)
    assert desk.listener is not None
    desk.listener.told(desk.jobs[0], "half")
    question.stop()
    desk.answer(None, stopped=True)
    assert (told, parts, question.running) == ([], ["half"], False)
    ask(question, 2)
    desk.answer("whole")
    assert told == ["whole"]


def test_what_belongs_to_a_model_that_is_gone_is_not_told(desk: MadeUpDesk, question: Question) -> None:
    told = answers(question)
    parts: list[object] = []
    failures: list[str] = []
    question.told.connect(parts.append)
    question.failed.connect(failures.append)
    ask(question, 1)
    question.forget()
    assert desk.listener is not None
    desk.listener.told(desk.jobs[0], "half")
    desk.listener.failed(desk.jobs[0], JobFailed(1, "No.", "", ""))
    assert (told, parts, failures) == ([], [], [])


def test_progress_and_failures_are_told(desk: MadeUpDesk, question: Question) -> None:
    seen: list[Progress] = []
    failures: list[str] = []
    question.progressed.connect(seen.append)
    question.failed.connect(failures.append)
    ask(question, 1)
    assert desk.listener is not None
    desk.listener.progressed(desk.jobs[0], Progressed(1, "lens", Progress(1, 2, "tokens")))
    desk.listener.failed(desk.jobs[0], JobFailed(1, "It cannot be.", "Try another.", ""))
    assert seen == [Progress(1, 2, "tokens")]
    assert failures == ["It cannot be. Try another."]
