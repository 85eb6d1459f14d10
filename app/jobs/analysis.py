"""Looking into the open model: logit lens, influence, comparing and editing states, ablation."""

from __future__ import annotations

from app.analysis_messages import (
    AskLens,
    AskStatistics,
    LensAnswer,
)
from app.jobs.desk import AfterStop, Desk, Jobs, Steps
from app.jobs.text_read import TextRead


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
    return LensAnswer(table, first, text.words(first))


def statistics(desk: Desk, job: AskStatistics) -> Steps:
    yield
    from rwkv_backend.analysis.statistics import state_statistics

    session, _ = desk.opened()
    text = TextRead(session, job.at)
    text.require()
    yield
    return state_statistics(session.model, text.state(len(text)))


JOBS: Jobs = {AskLens: lens, AskStatistics: statistics}
AFTER_STOP: AfterStop = {}
