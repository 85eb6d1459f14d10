"""Writing, clearing, and the frames that the inspector draws meanwhile."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from app.jobs.desk import AfterStop, Desk, Jobs, Steps
from app.messages import ClearSession, Progressed, Result, ShowState, Write, Written, Wrote
from rwkv_backend.records import Finished, Progress, Step

if TYPE_CHECKING:
    from rwkv_backend.session import Session


def write(desk: Desk, job: Write) -> Steps:
    yield
    from rwkv_backend.frames import memories

    session, _ = desk.opened()
    before: Sequence[Any] = ()
    with closing(events_of(session, job)) as events:
        for event in events:
            if isinstance(event, Finished):
                show_end(desk, event)
                return written(session, event)
            if isinstance(event, Progress):
                desk.link.post(Progressed(job.id, "reading", event))
            else:
                desk.link.post(Wrote(job.id, event))
            show(desk, event, before)
            before = memories(session.state) if desk.link.spec.activity else ()
            prepare_probe(desk)
            yield
    raise AssertionError("writing that is not stopped ends with Finished")


def events_of(session: Session, job: Write) -> Generator[Progress | Step | Finished, None, None]:
    from rwkv_backend.session import WriteSettings
    from rwkv_backend.templates import TEMPLATES

    settings = WriteSettings(job.params, job.max_tokens, job.stops)
    if job.mode == "complete":
        return session.complete(job.text, settings)
    named = {template.name: template for template in TEMPLATES}
    return session.chat(job.text, named[job.template], job.extra, settings)


def after_stop(desk: Desk, job: Write) -> Result:
    """What a stopped piece of writing still has to tell."""
    if desk.session is None or desk.session.ended is None:
        return None
    show_end(desk, desk.session.ended)
    return written(desk.session, desk.session.ended)


def clear(desk: Desk, job: ClearSession) -> Steps:
    yield
    if desk.session is not None:
        desk.session.clear()
    return None


def show_state(desk: Desk, job: ShowState) -> Steps:
    yield
    if desk.session is not None and desk.link.spec.wants_anything:
        make_frame(desk, None, ())
    return None


# Frames


def prepare_probe(desk: Desk) -> None:
    """Ask the next forward pass for what frames need beyond the state; it costs little, so every token keeps it."""
    session, frames = desk.opened()
    session.watched.probe = frames.probe(desk.link.spec)


def show(desk: Desk, event: Progress | Step, before: Sequence[Any]) -> None:
    """Make a frame of the state as it is now, if the window waits for one."""
    if desk.link.spec.wants_anything and desk.link.wants_frame():
        token = event.token if isinstance(event, Step) else None
        make_frame(desk, token, before if token is not None else ())


def show_end(desk: Desk, end: Finished) -> None:
    """The last frame is of the state as it stays, whatever the pace of those before."""
    if desk.link.spec.wants_anything:
        make_frame(desk, end.tokens[-1] if end.tokens else None, ())


def make_frame(desk: Desk, token: int | None, before: Sequence[Any]) -> None:
    session, frames = desk.opened()
    spec, writer, probe = desk.link.spec, session.writer, session.watched.kept
    if probe is None and token is not None and frames.probe(spec) is not None:
        return  # the plots have only just asked for decays, so this token's own were not kept
    frame = frames.make(
        spec,
        session.state,
        token=token,
        before=before,
        probe=probe,
        logits=writer.logits if writer is not None else None,
        sampler=writer.sampler if writer is not None else None,
    )
    desk.link.post_frame(frame)


def written(session: Session, end: Finished) -> Written:
    return Written(
        reason=end.reason,
        detail=end.detail,
        rest=end.rest,
        prompt_tokens=end.prompt_tokens,
        prompt_rate=end.prompt_tokens_per_second,
        tokens=len(end.tokens),
        rate=end.tokens_per_second,
        tokens_seen=session.state.tokens_seen,
        state_bytes=session.state.nbytes,
        seed=end.seed,
    )


JOBS: Jobs = {Write: write, ClearSession: clear, ShowState: show_state}
AFTER_STOP: AfterStop = {Write: after_stop}
