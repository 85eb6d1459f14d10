"""What a column of the compare page is after each thing that is told of it.

Plain functions: a status goes in, another comes out. The desk keeps them.
"""

from __future__ import annotations

from dataclasses import replace

from app.compare_messages import (
    ColumnCard,
    ColumnEnded,
    ColumnFailed,
    ColumnLoading,
    ColumnOpened,
    ColumnReading,
    ColumnStatus,
)
from rwkv_backend.compare.records import CompareSettings, ModelResult
from rwkv_backend.presets import presets_for
from rwkv_backend.records import Step
from rwkv_backend.sampling import SamplingParams


def about_to_write(status: ColumnStatus) -> ColumnStatus:
    """Without what it wrote before."""
    return at_rest(ColumnStatus(status.column, status.choice, status.card, status.opened, features=status.features))


def unloaded(status: ColumnStatus) -> ColumnStatus:
    """The model is let go of; what it wrote stays."""
    return replace(status, opened=None, phase="new" if status.phase == "ready" else status.phase)


def at_rest(status: ColumnStatus) -> ColumnStatus:
    """Whatever it was doing is over."""
    return replace(status, phase="ready" if status.opened else "new", progress=None)


def after_step(status: ColumnStatus, step: Step) -> ColumnStatus:
    return replace(status, phase="writing", tokens=step.index + 1, rate=step.tokens_per_second)


def after_result(status: ColumnStatus, result: ModelResult) -> ColumnStatus:
    """Only what its head tells of a measurement."""
    return replace(status, features=result.features) if result.features is not None else status


def after(status: ColumnStatus, told: object) -> ColumnStatus | None:
    """None: it is no such thing as changes a column."""
    match told:
        case ColumnCard():
            return replace(status, card=told.card)
        case ColumnLoading():
            return replace(status, phase="loading", progress=told.progress)
        case ColumnOpened():
            opened, features = told.opened, told.features
            return replace(status, card=opened.card, opened=opened, features=features, phase="ready", progress=None)
        case ColumnReading():
            return replace(status, phase="reading", progress=told.progress, prompt_rate=told.progress.rate)
        case ColumnEnded():
            return _after_end(status, told)
        case ColumnFailed():
            sentence = f"{told.sentence} {told.hint}".strip()
            return replace(status, phase="failed", sentence=sentence, progress=None)
    return None


def _after_end(status: ColumnStatus, end: ColumnEnded) -> ColumnStatus:
    written = end.written
    return replace(
        status,
        phase="ended",
        sentence=end.detail,
        progress=None,
        tokens=len(written.logprobs),
        prompt_rate=written.prompt_tokens_per_second,
        rate=written.tokens_per_second,
        state_bytes=end.state_bytes,
        written=written,
    )


def preset_of(status: ColumnStatus) -> SamplingParams:
    """The first of the presets that fit the model."""
    card = status.card
    presets = presets_for(card.info.version, card.tokenizer_kind, card.demo) if card else presets_for("", "")
    return presets[0].params


def told_settings(measured: CompareSettings, page: CompareSettings) -> CompareSettings:
    """Those of the measuring, with those that the page's writing had."""
    return replace(
        measured,
        tasks=tuple(dict.fromkeys(("writing", *measured.tasks))),
        prompt=page.prompt,
        max_tokens=page.max_tokens,
        sampling=page.sampling,
    )
