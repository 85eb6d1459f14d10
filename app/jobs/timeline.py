"""Going back, forking, and measuring what the model has read and written. Each job ends with how the timeline stands then."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING

from app.jobs.desk import AfterStop, Desk, Jobs, Steps
from app.messages import Job, Result
from app.timeline_messages import (
    BranchWords,
    CutText,
    DeleteBranch,
    ForkText,
    MeasureTokens,
    RenameBranch,
    SetBudget,
    Standing,
    SwitchBranch,
    TellStanding,
    TokensMeasured,
    TokensTold,
)

if TYPE_CHECKING:
    from rwkv_backend.session import Session
    from rwkv_backend.timeline import Timeline

BLOCK = 512
"""Tokens that are measured until they are told."""

OPENING = 12
"""Tokens of a branch that are told of it."""


def tell(desk: Desk, job: TellStanding) -> Steps:
    yield
    session, _ = desk.opened()
    return standing(session, job.since)


def measure(desk: Desk, job: MeasureTokens) -> Steps:
    yield
    session, _ = desk.opened()
    for start in range(job.start, job.end, BLOCK):
        end = min(start + BLOCK, job.end)
        yield from desk.with_progress(job, "measuring", session.measure(start, end, job.changes))
        desk.tell(job, TokensMeasured(start, session.records(start, end)))
    return None


def set_budget(desk: Desk, job: SetBudget) -> Steps:
    yield
    session, _ = desk.opened()
    session.budget = job.budget
    return standing(session, len(session.timeline))


def cut(desk: Desk, job: CutText) -> Steps:
    return moved(desk, job, lambda session: session.rewind(job.length))


def fork(desk: Desk, job: ForkText) -> Steps:
    def move(session: Session) -> None:
        timeline = session.timeline
        begun = session.talk.answer_start(len(timeline), timeline.written) if job.length is None else job.length
        session.fork(begun, job.token, job.name)

    return moved(desk, job, move)


def switch(desk: Desk, job: SwitchBranch) -> Steps:
    return moved(desk, job, lambda session: session.switch(job.branch))


def rename(desk: Desk, job: RenameBranch) -> Steps:
    return moved(desk, job, lambda session: session.rename(job.branch, job.name))


def delete(desk: Desk, job: DeleteBranch) -> Steps:
    return moved(desk, job, lambda session: session.delete(job.branch))


def moved(desk: Desk, job: Job, move: Callable[[Session], object]) -> Steps:
    """Go elsewhere in the tree and read again what that makes necessary."""
    yield
    session, _ = desk.opened()
    before, branch = tuple(session.timeline.tokens), session.branches.current
    move(session)
    after = session.timeline.tokens
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    other = branch is not session.branches.current or len(before) != len(after) or same < len(after)
    desk.tell(job, standing(session, same, again=other))
    yield from desk.with_progress(job, "reading", session.settle())
    return standing(session, len(after))


def after_stop(desk: Desk, job: Job) -> Result:
    """Going elsewhere is done at once; only the reading after it can be stopped, and is made up for later."""
    return standing(desk.session, len(desk.session.timeline)) if desk.session is not None else None


def standing(session: Session, since: int, again: bool = False) -> Standing:
    infos = session.branches.infos()
    return Standing(
        tokens=TokensTold(since, session.records(since)),
        turns=session.conversation,
        branches=infos,
        info=session.info(),
        words=tuple(words(session.branches.get(info.id).timeline, info.fork_at) for info in infos),
        again=again,
    )


def words(timeline: Timeline, fork_at: int) -> BranchWords:
    last = timeline.text(fork_at - 1, fork_at) if 0 < fork_at <= len(timeline) else ""
    return BranchWords(last, timeline.text(fork_at, min(len(timeline), fork_at + OPENING)))


JOBS: Jobs = {
    TellStanding: tell,
    MeasureTokens: measure,
    SetBudget: set_budget,
    CutText: cut,
    ForkText: fork,
    SwitchBranch: switch,
    RenameBranch: rename,
    DeleteBranch: delete,
}
AFTER_STOP: AfterStop = dict.fromkeys((CutText, ForkText, SwitchBranch, RenameBranch, DeleteBranch), after_stop)
