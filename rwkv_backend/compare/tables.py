"""The tables of a comparison: plain values, from which pages and CSV files are made alike."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from rwkv_backend.compare.records import FEATURE_ROWS, TASK_TITLES, Comparison, ModelResult, NeedleCurve

Value = str | int | float | None

FIGURE_OF: dict[str, str] = {"decay_curves": "by_distance", "half_life": "half_life", "state_size": "state_size"}
"""The report's figure for what the inspector's plots show live; the others need a running model."""


@dataclass(frozen=True)
class Table:
    """key: its file's name. digits: places after the point, by column. shown: whether pages have it; filed: whether a CSV.

    links: for each cell the key of a figure, or ""; empty for no links at all.
    """

    key: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    digits: tuple[int, ...] = ()
    shown: bool = True
    filed: bool = True
    links: tuple[tuple[str, ...], ...] = ()

    def link(self, row: int, column: int) -> str:
        """The key of the figure that shows what a cell says; "" where there is none."""
        return self.links[row][column] if self.links else ""

    def cell(self, value: Value, column: int) -> str:
        """As a page shows it."""
        if value is None:
            return "–"
        if isinstance(value, float):
            return f"{value:,.{self.digits[column] if column < len(self.digits) else 3}f}"
        return f"{value:,}" if isinstance(value, int) else value


def tables(comparison: Comparison) -> list[Table]:
    found = (
        models(comparison),
        failures(comparison),
        notes(comparison),
        summary(comparison),
        contexts(comparison),
        positions(comparison),
        recall_by_distance(comparison),
        recall(comparison),
        speed(comparison),
        state_sizes(comparison),
        half_lives(comparison),
        surprise(comparison),
        differences(comparison),
        settings(comparison),
        machine(comparison),
    )
    return [table for table in found if table.rows]


def models(comparison: Comparison) -> Table:
    header = (
        "model",
        "file",
        "fingerprint",
        "parameters",
        "layers",
        "width",
        "tokenizer",
        "held as",
        "device",
        "file bytes",
    )
    cards = [m.card for m in comparison.models if m.card]
    rows = (
        (
            *(c.title, c.info.path, c.fingerprint, c.info.n_params, c.info.n_layer, c.info.n_embd),
            *(c.tokenizer, c.dtype, c.device, c.info.file_bytes),
        )
        for c in cards
    )
    return Table(
        "models", "Models", header, tuple(rows), "The fingerprint is of the weights, whatever the file is called."
    )


def failures(comparison: Comparison) -> Table:
    rows = (
        (m.title, "Opening" if failure.task is None else TASK_TITLES[failure.task], failure.sentence)
        for m in comparison.models
        for failure in m.failures
    )
    return Table("failures", "What failed", ("model", "task", "why"), tuple(rows), "All else was measured.")


def notes(comparison: Comparison) -> Table:
    rows = ((m.title, note) for m in comparison.models if m.card for note in m.card.notes)
    return Table("notes", "To be known", ("model", "note"), tuple(rows))


def summary(comparison: Comparison) -> Table:
    header = (
        "model",
        "bits per byte",
        "prompt (tokens/s)",
        "writing (tokens/s)",
        "weights (MB)",
        "state (kB)",
        "bits saved by memory",
        "at tokens between",
    )
    rows = tuple(_summary(m) for m in comparison.models if m.card)
    note = (
        "State: after the most tokens that were asked for and have room. Memory: at the longest distance that has room."
    )
    return Table("summary", "Summary", header, rows, note, (0, 4, 0, 0, 1, 1, 1))


def _summary(model: ModelResult) -> tuple[Value, ...]:
    needle, memory, speed = model.needle, model.memory, model.speed
    return (
        model.title,
        model.text.bits_per_byte if model.text else None,
        speed.prompt.median if speed else None,
        speed.writing.median if speed else None,
        memory.weights / 1e6 if memory else None,
        int(memory.state[-1]) / 1e3 if memory and len(memory.state) else None,
        float(needle.saved[-1]) if needle else None,
        int(needle.distances[-1]) if needle else None,
    )


def contexts(comparison: Comparison) -> Table:
    rows = (
        (m.title, "all" if r.window is None else r.window, r.bits_per_byte, r.nats_per_token, r.tokens, r.bytes)
        for m in comparison.models
        if m.text
        for r in m.text.readings
    )
    header = ("model", "window (tokens)", "bits per byte", "nats per token", "tokens", "bytes")
    note = "Each model's first row is what the command eval tells with this window."
    return Table("contexts", "Loss by context", header, tuple(rows), note, (0, 0, 4, 4))


def positions(comparison: Comparison) -> Table:
    header = ("model", "window (tokens)", "first byte", "last byte", "bytes", "bits per byte", "bits per byte so far")
    rows = (
        (m.title, "all" if r.window is None else r.window, int(s), int(e) - 1, int(n), float(bits), float(so_far))
        for m in comparison.models
        if m.text
        for r in m.text.readings
        for s, e, n, bits, so_far in zip(
            r.by_byte.starts, r.by_byte.ends, r.by_byte.counts, r.by_byte.bits, r.by_byte.so_far, strict=True
        )
    )
    return Table("positions", "Loss by position in bytes", header, tuple(rows), digits=(0,) * 5 + (4, 4), shown=False)


def recall_by_distance(comparison: Comparison) -> Table:
    curves = [(m.title, m.needle) for m in comparison.models if m.needle]
    every = sorted({int(n) for _, curve in curves for n in curve.distances})
    rows = ((title, *_saved(curve, every), float(curve.recalled.max(initial=0))) for title, curve in curves)
    note = (
        "Bits saved by memory ± standard error, by the tokens between. Last column: the largest share of trials, over all "
        "distances, in which the likeliest tokens were the whole name."
    )
    header = ("model", *(f"{n:,}" for n in every), "spelled in full")
    digits = (0,) * (1 + len(every)) + (2,)
    return Table("recall_by_distance", "Recall of a name", header, tuple(rows), note, digits, filed=False)


def _saved(curve: NeedleCurve, every: list[int]) -> Iterator[Value]:
    found = {int(n): place for place, n in enumerate(curve.distances)}
    for n in every:
        yield f"{curve.saved[found[n]]:.1f} ± {curve.error[found[n]]:.1f}" if n in found else None


def recall(comparison: Comparison) -> Table:
    header = (
        *("model", "tokens between", "bytes between", "cost after its introduction (bits)", "after another's (bits)"),
        *("saved (bits)", "standard error", "spelled in full", "spelled by chance", "trials"),
    )
    rows = (
        (
            m.title,
            int(n),
            float(size),
            float(said),
            float(unsaid),
            float(saved),
            float(error),
            float(hit),
            float(luck),
            c.trials,
        )
        for m in comparison.models
        if (c := m.needle)
        for n, size, said, unsaid, saved, error, hit, luck in zip(
            c.distances, c.bytes, c.said, c.unsaid, c.saved, c.error, c.recalled, c.by_chance, strict=True
        )
    )
    return Table("recall", "Recall of a name, in full", header, tuple(rows), shown=False)


def speed(comparison: Comparison) -> Table:
    header = (
        *("model", "prompt tokens", "prompt, median (tokens/s)", "slowest", "fastest"),
        *("new tokens", "writing, median (tokens/s)", "slowest writing", "fastest writing", "threads"),
    )
    rows = (
        (
            *(m.title, s.prompt_tokens, s.prompt.median, s.prompt.low, s.prompt.high),
            *(s.new_tokens, s.writing.median, s.writing.low, s.writing.high, s.threads),
        )
        for m in comparison.models
        if (s := m.speed)
    )
    return Table("speed", "Speed", header, tuple(rows), digits=(0, 0, 0, 0, 0, 0, 1, 1, 1))


def state_sizes(comparison: Comparison) -> Table:
    rows = (
        (m.title, int(n), int(size))
        for m in comparison.models
        if m.memory
        for n, size in zip(m.memory.tokens, m.memory.state, strict=True)
    )
    return Table("state_size", "Size of the state", ("model", "tokens read", "bytes"), tuple(rows), shown=False)


def half_lives(comparison: Comparison) -> Table:
    rows = (
        (m.title, layer, rank, float(value))
        for m in comparison.models
        if m.forgetting and m.forgetting.half_lives is not None
        for layer, row in enumerate(m.forgetting.half_lives)
        for rank, value in enumerate(row)
    )
    header = ("model", "layer", "rank", "half-life (tokens)")
    return Table("half_life", "Half-lives", header, tuple(rows), shown=False)


def surprise(comparison: Comparison) -> Table:
    rows = (
        (m.title, int(start), int(end), float(nats))
        for m in comparison.models
        if m.text
        for start, end, nats in zip(m.text.surprise.starts, m.text.surprise.ends, m.text.surprise.nats, strict=True)
    )
    header = ("model", "first byte", "byte after", "nats")
    return Table("surprise", "Surprise along the text", header, tuple(rows), shown=False)


def differences(comparison: Comparison) -> Table:
    columns = comparison.differences.columns
    rows = (
        (title, *(column.cells[row].shown for column in columns))
        for row, (_, title) in enumerate(FEATURE_ROWS)
        if columns
    )
    links = tuple(("", *(FIGURE_OF.get(c.cells[row].plot, "") for c in columns)) for row in range(len(FEATURE_ROWS)))
    note = "Read off the models themselves."
    header = ("", *(c.title for c in columns))
    return Table("differences", "What changed between the versions", header, tuple(rows), note, links=links)


def settings(comparison: Comparison) -> Table:
    asked = comparison.settings
    text: tuple[tuple[Value, ...], ...] = (
        ("text", comparison.text_name),
        ("text bytes", comparison.text_bytes),
        ("text SHA-256", comparison.text_digest),
    )
    sampling = {
        f"sampling: {f.name}": getattr(asked.sampling, f.name) for f in fields(asked.sampling) if f.name != "seed"
    }
    own = {f.name: getattr(asked, f.name) for f in fields(asked) if f.name != "sampling"}
    told = ((name.replace("_", " "), _setting(value)) for name, value in {**own, **sampling}.items())
    return Table("settings", "Settings", ("setting", "value"), (*text, *told))


def _setting(value: object) -> Value:
    if value is None:
        return "none"
    if isinstance(value, tuple | list | set | frozenset):
        return ", ".join(str(item) for item in value) or "none"
    return value if isinstance(value, str | int) else str(value)


def machine(comparison: Comparison) -> Table:
    rows = ((f.name, _setting(getattr(comparison.machine, f.name))) for f in fields(comparison.machine))
    return Table("machine", "Machine", ("", "value"), (*rows, ("date", comparison.date)))


def as_numbers(comparison: Comparison) -> dict[str, Any]:
    """The tables that pages show, each as a list of objects, and what was written; no infinities or NaN."""
    shown = {
        t.key: [dict(zip(t.header, map(_finite, row), strict=True)) for row in t.rows]
        for t in tables(comparison)
        if t.shown
    }
    written = [{"model": m.title, "text": m.writing.text} for m in comparison.models if m.writing]
    return {**shown, "written": written, "complete": comparison.complete}


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(table: Table) -> str:
    """Full precision: what was float32 can be read back to the bit. Texts that a spreadsheet would run get an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows(_harmless(row) for row in table.rows)
    return file.getvalue()


def _harmless(row: tuple[Value, ...]) -> Iterator[Value]:
    for value in row:
        if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            yield f"'{value}"
        elif isinstance(value, float) and np.float32(value) == value:
            yield str(np.float32(value))
        else:
            yield value
