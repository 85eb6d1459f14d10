"""Looking into the open model: logit lens, influence of earlier tokens, the numbers behind the pictures."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

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
from app.jobs.sweeps import JOBS as SWEEPS
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
    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require()
    seen = _seen(desk, session, text, text.first_of(job.last))
    whole = yield from seen.whole(desk, job)
    layers = range(session.model.sizes.n_layer) if job.layer is None else [job.layer]
    maps: list[InfluenceMap] = []
    for layer in layers:
        if maps:
            desk.tell(job, _answer(job, text, seen.first, whole, maps))  # the mean of the layers so far
        maps.append((yield from seen.map(desk, job, layer)))
    return _answer(job, text, seen.first, whole, maps)


def _answer(
    job: AskInfluence, text: TextRead, first: int, whole: TokenInfluence, maps: list[InfluenceMap]
) -> InfluenceAnswer:
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


class Seen:
    """What was found out about one text, so that another layer of it, or all of them, is not computed anew."""

    def __init__(self, session: Session, text: TextRead, first: int) -> None:
        self.key = _key(session, text, first)
        self.first = first
        self._session = session
        self._tokens, self._state = text.tokens[first:], text.state(first)
        self._whole: TokenInfluence | None = None
        self._maps: dict[tuple[int, int | None, str], InfluenceMap] = {}

    def whole(self, desk: Desk, job: AskInfluence) -> Generator[None, None, TokenInfluence]:
        from rwkv_backend.analysis.influence import token_influence

        if self._whole is None:
            steps = token_influence(self._session.model, self._tokens, state=self._state)
            self._whole = yield from desk.with_progress(job, "influence", steps)
        assert self._whole is not None
        return self._whole

    def map(self, desk: Desk, job: AskInfluence, layer: int) -> Generator[None, None, InfluenceMap]:
        from rwkv_backend.analysis.influence import influence_map

        place = layer, job.head, job.measure
        if place not in self._maps:
            model, state = self._session.model, self._state
            steps = influence_map(model, self._tokens, layer, job.head, measure=job.measure, state=state)
            self._maps[place] = yield from desk.with_progress(job, "influence", steps)
        return self._maps[place]


def _key(session: Session, text: TextRead, first: int) -> tuple[object, ...]:
    return session.timeline, text.tokens, first


def _seen(desk: Desk, session: Session, text: TextRead, first: int) -> Seen:
    """The newest text's; older ones are let go of."""
    known = desk.kept.get("influence")
    if not isinstance(known, Seen) or known.key != _key(session, text, first):
        known = desk.kept["influence"] = Seen(session, text, first)
    return known


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


JOBS: Jobs = {
    AskLens: lens,
    AskInfluence: influence,
    LeaveOut: leave_out,
    AskStatistics: statistics,
    **LAB,
    **RECIPES,
    **SWEEPS,
}
AFTER_STOP: AfterStop = {}
