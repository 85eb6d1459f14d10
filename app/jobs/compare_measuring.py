"""Measuring the models of the compare page on one text, and the report of it. One model after the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from app.compare_messages import ColumnAsk, ColumnMeasured, MeasureColumns, WriteReport
from app.jobs.compare_opening import FAILURES, Turns, failure, open_column, prepare
from app.jobs.compare_stage import Stage, stage_of
from app.jobs.desk import Desk, Steps
from app.messages import Result
from rwkv_backend.compare.records import CompareEvent, Comparison, ModelResult, TaskDone, TaskFailure, Written


def measure_columns(desk: Desk, job: MeasureColumns) -> Steps:
    """Every task on one model after the other; what is there stays in `desk.kept` in case of a stop."""
    yield
    from rwkv_backend.compare.comparing import assemble, check

    check([ask.choice for ask in job.asks], job.text, job.settings)
    prepare(desk, job.asks)
    found: list[ModelResult] = []
    desk.kept["measured"] = found
    for place, ask in enumerate(job.asks):
        yield from open_column(desk, job, ask)
        found.append(ModelResult(ask.choice.path.stem))
        yield from _measure_one(desk, job, ask, place, found)
    return assemble(with_writings(found, job.writings), job.text, job.settings, job.text_name)


def _measure_one(desk: Desk, job: MeasureColumns, ask: ColumnAsk, place: int, found: list[ModelResult]) -> Turns:
    from rwkv_backend.compare.comparing import measure

    stage: Stage = stage_of(desk)
    column = stage.columns.get(ask.column)
    if column is None:
        found[place] = replace(found[place], failures=(TaskFailure(None, "It could not be opened."),))
        desk.tell(job, ColumnMeasured(ask.column, TaskDone(place, None, found[place])))
        return
    warning = column.opened.card.tokenizer_warning
    steps = measure(column.model, column.tokenizer, job.text, job.settings, place, ask.choice.dtype, warning)
    with closing(steps):
        while not ask.stop.is_set():
            try:
                event: CompareEvent = next(steps)
            except StopIteration:
                return
            except FAILURES as error:
                failed = failure(ask.column, error)
                found[place] = replace(found[place], failures=(TaskFailure(None, failed.sentence),))
                event = TaskDone(place, None, found[place])
            if isinstance(event, TaskDone):
                found[place] = event.result
            desk.tell(job, ColumnMeasured(ask.column, event))
            yield


def with_writings(found: Sequence[ModelResult], writings: Sequence[Written | None]) -> list[ModelResult]:
    """The page's own writing beside what was measured."""
    pairs = zip(found, (*writings, *[None] * len(found)), strict=False)
    return [replace(result, writing=written) if written is not None else result for result, written in pairs]


def after_measuring(desk: Desk, job: MeasureColumns) -> Result:
    """What was there when it was stopped; None if nothing was."""
    from rwkv_backend.compare.comparing import assemble

    found = desk.kept.pop("measured", [])
    if not any(result.card is not None for result in found):
        return None
    return assemble(with_writings(found, job.writings), job.text, job.settings, job.text_name, complete=False)


def report(desk: Desk, job: WriteReport) -> Steps:
    yield
    from rwkv_backend.compare.report import write_report as write

    comparison = job.comparison or comparison_of_writings(desk, job)
    yield
    return tuple(write(comparison, job.folder))


def comparison_of_writings(desk: Desk, job: WriteReport) -> Comparison:
    from rwkv_backend.compare.comparing import assemble, card_of

    columns = stage_of(desk).columns
    found = []
    for ask in job.asks:
        column = columns.get(ask.column)
        if column is not None:
            card = card_of(column.model, column.tokenizer, ask.choice.dtype)
            found.append(ModelResult(card.title, card, features=column.features))
        else:
            found.append(ModelResult(ask.choice.path.stem))
    return assemble(with_writings(found, job.writings), "", job.settings)
