"""Sweeps over the layers: each one's memory taken away, or exchanged for that of a text with another word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.analysis_messages import Ablate, Patch
from app.jobs.desk import Desk, Jobs, Steps
from app.jobs.parts import with_parts
from app.jobs.text_read import TextRead
from rwkv_backend.errors import RWKVError

if TYPE_CHECKING:
    from rwkv_backend.session import Session


def ablate(desk: Desk, job: Ablate) -> Steps:
    yield
    from rwkv_backend.analysis.ablation import ablation_sweep

    session, _ = desk.opened()
    text = TextRead(session)
    text.require(8)
    context, following = parted(text, job.cut, job.last)
    first = max(0, len(text) - job.last)
    steps = ablation_sweep(
        session.model,
        context[first:],
        following,
        by_head=job.by_head,
        period=job.period,
        state=text.state(first),
    )
    return (yield from with_parts(desk, job, "sweep", steps))


def parted(text: TextRead, cut: float, last: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The text before the cut and what follows it; of the `last` tokens this share lies before it."""
    first = max(0, len(text) - last)
    count = len(text) - first
    place = first + min(max(round(count * cut), 1), count - 3)
    return text.tokens[:place], text.tokens[place:]


def patch(desk: Desk, job: Patch) -> Steps:
    yield
    from rwkv_backend.analysis.patching import patch_sweep

    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require(3)
    ours, theirs, target = patched_texts(session, text, job)
    steps = patch_sweep(session.model, ours, theirs, target, by_head=job.by_head)
    return (yield from with_parts(desk, job, "sweep", steps))


def patched_texts(session: Session, text: TextRead, job: Patch) -> tuple[list[int], list[int], int]:
    """The tokens of both texts, and the one whose probability is watched."""
    ours = session.timeline.text(0, len(text))
    word, other = job.word.strip(), job.other.strip()
    if not word or not other or word == other:
        raise RWKVError("Two different words are needed: one of the text, and one to put in its place.")
    if word not in ours:
        raise RWKVError(f"“{word}” is not in the text.", "Upper and lower case count.")
    theirs = ours.replace(word, other)
    watched = job.target.strip() or word
    spelled = session.tokenizer.encode(watched if ours[-1:].isspace() else f" {watched}")
    start = [] if session.tokenizer.start is None else [session.tokenizer.start]
    encode = session.tokenizer.encode
    return [*start, *encode(ours)], [*start, *encode(theirs)], spelled[0]


JOBS: Jobs = {Ablate: ablate, Patch: patch}
