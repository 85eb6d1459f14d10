"""Writing, clearing, and the frames that the inspector draws meanwhile: of the present moment or one it looks back at."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

from app.jobs.desk import AfterStop, Desk, Jobs, Steps
from app.messages import ClearSession, Progressed, Result, ShowState, Write, Written, Wrote
from app.timeline_messages import TokensTold
from rwkv_backend.records import Finished, Progress, Step

if TYPE_CHECKING:
    from rwkv_backend.sampling import Sampler
    from rwkv_backend.session import Session

TELL_EVERY = 0.025
"""Seconds: tokens are told in handfuls, a little more often than the window looks."""


def write(desk: Desk, job: Write) -> Steps:
    yield
    session, _ = desk.opened()
    session.measuring = job.measure
    session.keeps_changes = desk.link.spec.activity
    teller = Teller(desk, job)
    with closing(events_of(session, job)) as events:
        for event in events:
            if isinstance(event, Progress):
                desk.link.post(Progressed(job.id, "reading", event))
            elif isinstance(event, Step):
                desk.link.post(Wrote(job.id, event))
            teller.tell(event)
            if isinstance(event, Finished):
                show_end(desk, event)
                return written(session, event)
            show(desk, event)
            session.keeps_changes = desk.link.spec.activity
            prepare_probe(desk)
            yield
    raise AssertionError("writing that is not stopped ends with Finished")


def events_of(session: Session, job: Write) -> Generator[Progress | Step | Finished, None, None]:
    from rwkv_backend.session import WriteSettings
    from rwkv_backend.templates import TEMPLATES

    settings = WriteSettings(job.params, job.max_tokens, job.stops)
    if job.mode == "onward":
        return session.go_on(settings)
    if job.mode == "complete":
        return session.complete(job.text, settings)
    named = {template.name: template for template in TEMPLATES}
    return session.chat(job.text, named[job.template], job.extra, settings)


class Teller:
    """Tells the window of the tokens that a piece of writing reads and writes."""

    def __init__(self, desk: Desk, job: Write) -> None:
        self._desk = desk
        self._job = job
        self._told: int | None = None
        self._when = 0.0

    def tell(self, event: Progress | Step | Finished) -> None:
        """At the first event, what is kept of the old text is still there, and at most one new token is."""
        session, _ = self._desk.opened()
        if self._told is None:
            self._told = len(session.timeline) - isinstance(event, Step)
            self._desk.tell(self._job, TokensTold(self._told, ()))
        if isinstance(event, Finished) or time.monotonic() - self._when >= TELL_EVERY:
            records = session.records(self._told)
            if records:
                self._desk.tell(self._job, TokensTold(self._told, records))
            self._told, self._when = self._told + len(records), time.monotonic()


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
        total, position = len(desk.session.timeline), desk.link.position
        show_moment(desk, total if position is None else min(position, total))
    return None


# Frames


def prepare_probe(desk: Desk) -> None:
    """Ask the next forward pass for what frames need beyond the state; it costs little, so every token keeps it."""
    session, frames = desk.opened()
    session.watched.probe = frames.probe(desk.link.spec)


def show(desk: Desk, event: Progress | Step) -> None:
    """Make a frame of what is looked at, if the window waits for one."""
    position = looked_at(desk)
    if not (desk.link.spec.wants_anything and desk.link.wants_frame(at_once=position is not None)):
        return
    if position is not None:
        if desk.kept.get("shown") != moment_key(desk, position):
            show_moment(desk, position)
        return
    make_frame(desk, event.token if isinstance(event, Step) else None)


def show_end(desk: Desk, end: Finished) -> None:
    """The last frame is of the state as it stays, whatever the pace of those before."""
    if not desk.link.spec.wants_anything:
        return
    position = looked_at(desk)
    if position is not None:
        show_moment(desk, position)
    else:
        make_frame(desk, end.tokens[-1] if end.tokens else None)


def looked_at(desk: Desk) -> int | None:
    """The past moment that the window looks at; None: the present one."""
    session, _ = desk.opened()
    position = desk.link.position
    return position if position is not None and position < len(session.timeline) else None


def show_moment(desk: Desk, position: int) -> None:
    """A frame of the state after so many tokens; the writing goes on from where it is."""
    session, frames = desk.opened()
    spec, probe = desk.link.spec, frames.probe(desk.link.spec)
    moment = session.look(position, probe)
    frame = frames.make(
        spec,
        moment.state,
        token=moment.token,
        before=moment.before,
        probe=moment.probe,
        logits=moment.logits,
        sampler=sampler_at(session, position),
    )
    desk.kept["shown"] = moment_key(desk, position)
    desk.link.post_frame(frame)


def moment_key(desk: Desk, position: int) -> object:
    """While this stays the same, so does the frame of a past moment."""
    session, _ = desk.opened()
    return position, session.timeline.tokens[position - 1] if position else None, desk.link.spec


def sampler_at(session: Session, position: int) -> Sampler:
    """With the counts that it had there, for the probabilities after penalties and cuts."""
    from rwkv_backend.sampling import Sampler, SamplingParams

    timeline = session.timeline
    sampler = Sampler(session.settings.params if session.settings is not None else SamplingParams())
    begun = session.talk.run_start(position, timeline.written)
    sampler.replay(timeline.tokens[begun:position])
    return sampler


def make_frame(desk: Desk, token: int | None) -> None:
    """Of the present moment. What each token changes comes with the tokens, so that none is left out."""
    session, frames = desk.opened()
    spec, writer, probe = desk.link.spec, session.writer, session.watched.kept
    if probe is None and token is not None and frames.probe(spec) is not None:
        return  # the plots have only just asked for decays, so this token's own were not kept
    frame = frames.make(
        spec,
        session.state,
        token=token,
        probe=probe,
        logits=writer.logits if writer is not None else session.logits,
        sampler=writer.sampler if writer is not None else sampler_at(session, len(session.timeline)),
    )
    desk.kept.pop("shown", None)
    desk.link.post_frame(frame)


def written(session: Session, end: Finished) -> Written:
    total = len(session.timeline)
    return Written(
        reason=end.reason,
        detail=end.detail,
        rest=end.rest,
        prompt_tokens=end.prompt_tokens,
        prompt_rate=end.prompt_tokens_per_second,
        tokens=len(end.tokens),
        rate=end.tokens_per_second,
        tokens_seen=total,
        state_bytes=session.state.nbytes,
        seed=end.seed,
        text_tokens=total - len(end.tokens),
    )


JOBS: Jobs = {Write: write, ClearSession: clear, ShowState: show_state}
AFTER_STOP: AfterStop = {Write: after_stop}
