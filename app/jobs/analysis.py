"""Looking into the open model: logit lens, influence of earlier tokens, the numbers behind the pictures."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from app.analysis_messages import (
    AskInfluence,
    AskLens,
    AskStatistics,
    InfluenceAnswer,
    LeaveOut,
    LensAnswer,
)
from app.jobs.desk import AfterStop, Desk, Jobs, Steps
from app.jobs.lab import JOBS as LAB
from app.jobs.parts import with_parts
from app.jobs.recipes import JOBS as RECIPES
from app.jobs.text_read import TextRead

if TYPE_CHECKING:
    from rwkv_backend.analysis.records import InfluenceMap, TokenInfluence
    from rwkv_backend.records import FloatArray
    from rwkv_backend.session import Session


def lens(desk: Desk, job: AskLens) -> Steps:
    yield
    from rwkv_backend.analysis.lens import logit_lens

    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require()
    first = text.first_of(job.last)
    table = yield from desk.with_progress(
        job,
        "lens",
        logit_lens(session.model, text.tokens[first:], session.tokenizer, state=text.state(first), top=job.top),
    )
    return LensAnswer(table, first, text.words(first), text.begins_with_edit(first))


def influence(desk: Desk, job: AskInfluence) -> Steps:
    yield
    from rwkv_backend.analysis.influence import token_influence

    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require()
    first = text.first_of(job.last)
    tokens, state = text.tokens[first:], text.state(first)
    whole = yield from desk.with_progress(job, "influence", token_influence(session.model, tokens, state=state))
    maps = yield from _maps(desk, job, session, tokens, state)
    return InfluenceAnswer(
        first=first,
        texts=text.words(first),
        layer=job.layer,
        head=job.head,
        measure=job.measure,
        values=_mean([one.values for one in maps]),
        bars=_bars(job, whole),
        whole=whole,
        note=maps[0].note if len(maps) == 1 else whole.note,
        edited=text.begins_with_edit(first),
    )


def _maps(
    desk: Desk, job: AskInfluence, session: Session, tokens: tuple[int, ...], state: Any
) -> Generator[None, None, list[InfluenceMap]]:
    """The picked layer's, or every layer's."""
    from rwkv_backend.analysis.influence import influence_map

    layers = range(session.model.sizes.n_layer) if job.layer is None else [job.layer]
    found: list[InfluenceMap] = []
    for layer in layers:
        steps = influence_map(session.model, tokens, layer, job.head, measure=job.measure, state=state)
        found.append((yield from desk.with_progress(job, "influence", steps)))
    return found


def _mean(tables: list[FloatArray]) -> FloatArray:
    """Of those that have numbers."""
    import numpy as np

    known = [table for table in tables if not np.isnan(table).all()]
    mean = np.asarray(np.mean(known, axis=0, dtype=np.float64) if known else tables[0], dtype=np.float32)
    mean.flags.writeable = False
    return mean


def _bars(job: AskInfluence, whole: TokenInfluence) -> FloatArray:
    if job.layer is None:
        return whole.overall
    return whole.by_layer[job.layer] if job.head is None else whole.by_head[job.layer, job.head]


def leave_out(desk: Desk, job: LeaveOut) -> Steps:
    yield
    from rwkv_backend.analysis.leave_one_out import leave_one_out

    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require(2)
    first = text.first_of(job.last)
    steps = leave_one_out(session.model, text.tokens[first:], state=text.state(first))
    return (yield from with_parts(desk, job, "leaving out", steps))


def statistics(desk: Desk, job: AskStatistics) -> Steps:
    yield
    from rwkv_backend.analysis.statistics import state_statistics

    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require()
    yield
    return state_statistics(session.model, text.state(len(text)))


JOBS: Jobs = {AskLens: lens, AskInfluence: influence, LeaveOut: leave_out, AskStatistics: statistics, **LAB, **RECIPES}
AFTER_STOP: AfterStop = {}
