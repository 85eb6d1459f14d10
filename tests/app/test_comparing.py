"""Several models in one worker: they write as each would alone, in fair turns; one that fails leaves the others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.compare_messages import (
    ColumnAsk,
    ColumnEnded,
    ColumnFailed,
    ColumnFrame,
    ColumnMeasured,
    ColumnOpened,
    ColumnWrote,
    Look,
    LookAtColumns,
    MeasureColumns,
    UnloadColumns,
    Wish,
    WriteColumns,
    WriteReport,
)
from app.jobs import compare_stage, comparing
from app.jobs.compare_stage import Trail, Watched, stage_of
from app.jobs.desk import Desk
from app.link import Link
from app.messages import Job, Partial
from rwkv_backend.analysis.loss import text_loss
from rwkv_backend.compare import tasks
from rwkv_backend.compare.records import CompareSettings, Comparison, ModelChoice, TaskDone
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.errors import RWKVError
from rwkv_backend.frames import FrameMaker
from rwkv_backend.interrupting import Interrupted, interruptible
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.native import reader as native_reader
from rwkv_backend.native.reader import Reader
from rwkv_backend.probe import Probe
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.tokenizers import Tokenizer, load_tokenizer
from rwkv_backend.trace import trace_arrays

DEMOS = demo_models()
PROMPT = "Once upon a time there was a king"
TEXT = "The king had a daughter, and she was so fair that the sun itself wondered. One day she went into the wood. " * 4


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk(Link())
    yield desk
    desk.clear()


def ask(column: int, path: Path, seed: int = 3) -> ColumnAsk:
    """No end of text is drawn, so that a model writes until its length."""
    return ColumnAsk(column, ModelChoice(path), SamplingParams(seed=seed, banned=(0,)))


def asks(*versions: str) -> tuple[ColumnAsk, ...]:
    chosen = [next(d for d in DEMOS if d.version == version) for version in versions]
    return tuple(ask(place, demo.path) for place, demo in enumerate(chosen))


def run(desk: Desk, job: Job, steps: int | None = None) -> tuple[list[object], object]:
    """What was told, and the result; with `steps`, stopped after so many."""
    running = comparing.JOBS[type(job)](desk, job)
    result: object = None
    try:
        while steps is None or steps > 0:
            next(running)
            steps = None if steps is None else steps - 1
    except StopIteration as done:
        result = done.value
    finally:
        running.close()
    return [report.result for report in desk.link.take().reports if isinstance(report, Partial)], result


def opened(path: Path) -> tuple[RWKVModel, Tokenizer]:
    model = open_model(path)
    return model, load_tokenizer(vocab_size=model.info.vocab_size, model_path=path)


def written(told: list[object], column: int) -> list[int]:
    return [t.step.token for t in told if isinstance(t, ColumnWrote) and t.column == column]


@pytest.mark.parametrize("together", [True, False])
def test_each_model_writes_what_it_would_write_alone(desk: Desk, together: bool) -> None:
    chosen = asks("1", "4", "6.0")
    told, _ = run(desk, WriteColumns(1, asks=chosen, prompt=PROMPT, max_tokens=12, together=together))
    ends = {t.column: t.written for t in told if isinstance(t, ColumnEnded)}
    for one in chosen:
        model, tokenizer = opened(one.choice.path)
        settings = CompareSettings(prompt=PROMPT, seed=3, max_tokens=12, sampling=one.params)
        alone = tasks.write(model, tokenizer, settings)
        try:
            while True:
                next(alone)
        except StopIteration as done:
            want = done.value
        assert ends[one.column].text == want.text
        np.testing.assert_array_equal(ends[one.column].logprobs, want.logprobs)
        np.testing.assert_array_equal(ends[one.column].ends, want.ends)
        assert ends[one.column].seed == 3


def test_together_no_model_gets_ahead_of_another(desk: Desk) -> None:
    told, _ = run(desk, WriteColumns(1, asks=asks("1", "2", "5.2", "6.0"), prompt=PROMPT, max_tokens=20))
    counts = [0] * 4
    for entry in told:
        if isinstance(entry, ColumnWrote):
            counts[entry.column] += 1
            assert max(counts) - min(counts) <= 1
    assert counts == [20] * 4


def test_one_after_the_other_the_first_ends_before_the_second_begins(desk: Desk) -> None:
    told, _ = run(desk, WriteColumns(1, asks=asks("2", "3"), prompt=PROMPT, max_tokens=5, together=False))
    assert [t.column for t in told if isinstance(t, ColumnWrote)] == [0] * 5 + [1] * 5


def test_a_model_that_cannot_be_opened_leaves_the_others(desk: Desk, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"<!DOCTYPE html>404")
    told, _ = run(desk, WriteColumns(1, asks=(*asks("4"), ask(7, bad)), prompt=PROMPT, max_tokens=5))
    failed = [t for t in told if isinstance(t, ColumnFailed)]
    assert [t.column for t in failed] == [7]
    assert failed[0].sentence
    assert len(written(told, 0)) == 5


def test_a_model_that_fails_while_it_writes_leaves_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = asks("4", "6.0")
    run(desk, WriteColumns(1, asks=chosen, prompt=PROMPT, max_tokens=2))
    column = stage_of(desk).columns[1]

    def broken(tokens: list[int], state: object, probe: object = None) -> torch.Tensor:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(column.model, "forward", broken)
    told, _ = run(desk, WriteColumns(2, asks=chosen, prompt=PROMPT, max_tokens=6))
    assert [t.column for t in told if isinstance(t, ColumnFailed)] == [1]
    assert len(written(told, 0)) == 6
    assert not any(isinstance(t, ColumnEnded) and t.column == 1 for t in told)


def test_a_model_that_is_stopped_leaves_the_others(desk: Desk) -> None:
    chosen = asks("3", "4")
    job = WriteColumns(1, asks=chosen, prompt=PROMPT, max_tokens=10)
    running = comparing.JOBS[WriteColumns](desk, job)
    told: list[object] = []
    for _ in running:
        told += [r.result for r in desk.link.take().reports if isinstance(r, Partial)]
        if len(written(told, 0)) == 4:
            chosen[0].stop.set()
    told += [r.result for r in desk.link.take().reports if isinstance(r, Partial)]
    ends = {t.column: t.written for t in told if isinstance(t, ColumnEnded)}
    assert ends[0].reason == "stopped"
    assert len(ends[0].logprobs) == 4
    assert len(ends[1].logprobs) == 10


def test_a_model_stops_in_the_middle_of_a_chunk_and_the_others_go_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, run_part = asks("3", "4"), Reader._run
    reads: list[Reader] = []

    def stop_the_first(reader: Reader, *arguments: Any) -> None:
        run_part(reader, *arguments)
        reads.append(reader)
        if reads.count(reads[0]) == 3:
            chosen[0].stop.set()

    monkeypatch.setattr(native_reader, "SOON_DONE", 1)
    monkeypatch.setattr(Reader, "_run", stop_the_first)
    told, _ = run(desk, WriteColumns(1, asks=chosen, prompt=PROMPT, max_tokens=4))
    ends = {t.column: t.written for t in told if isinstance(t, ColumnEnded)}
    assert (ends[0].reason, len(ends[0].logprobs)) == ("stopped", 0)
    assert reads.count(reads[0]) == 3
    assert len(ends[1].logprobs) == 4


def test_stopping_all_in_the_middle_of_a_chunk_ends_each(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, run_part = threading.Event(), Reader._run
    reads: list[Reader] = []

    def stop_all(reader: Reader, *arguments: Any) -> None:
        run_part(reader, *arguments)
        reads.append(reader)
        if len(reads) == 3:
            stop.set()

    monkeypatch.setattr(native_reader, "SOON_DONE", 1)
    monkeypatch.setattr(Reader, "_run", stop_all)
    job = WriteColumns(1, asks=asks("3", "4"), prompt=PROMPT, max_tokens=4)
    running = comparing.JOBS[WriteColumns](desk, job)
    with interruptible(stop.is_set), pytest.raises(Interrupted):
        deque(running, maxlen=0)
    told = [r.result for r in desk.link.take().reports if isinstance(r, Partial)]
    assert [t.written.reason for t in told if isinstance(t, ColumnEnded)] == ["stopped", "stopped"]
    assert len(reads) == 3


def test_stopping_all_tells_how_far_each_was(desk: Desk) -> None:
    run(desk, WriteColumns(1, asks=asks("3", "4"), prompt=PROMPT, max_tokens=1))
    told, _ = run(desk, WriteColumns(2, asks=asks("3", "4"), prompt=PROMPT, max_tokens=50), steps=21)
    ends = [t for t in told if isinstance(t, ColumnEnded)]
    assert [end.written.reason for end in ends] == ["stopped", "stopped"]
    assert [len(end.written.logprobs) for end in ends] == [len(written(told, 0)), len(written(told, 1))]
    again, _ = run(desk, WriteColumns(3, asks=asks("3", "4"), prompt=PROMPT, max_tokens=3))
    assert len(written(again, 0)) == len(written(again, 1)) == 3


def test_models_stay_open_until_others_are_wanted(desk: Desk) -> None:
    first, _ = run(desk, WriteColumns(1, asks=asks("3", "4"), prompt=PROMPT, max_tokens=1))
    assert sum(isinstance(t, ColumnOpened) for t in first) == 2
    model = stage_of(desk).columns[0].model
    again, _ = run(desk, WriteColumns(2, asks=asks("3", "4"), prompt=PROMPT, max_tokens=1))
    assert not any(isinstance(t, ColumnOpened) for t in again)
    assert stage_of(desk).columns[0].model is model
    other, _ = run(desk, WriteColumns(3, asks=asks("3", "2"), prompt=PROMPT, max_tokens=1))
    assert [t.column for t in other if isinstance(t, ColumnOpened)] == [1]
    run(desk, UnloadColumns(4))
    assert not stage_of(desk).columns


def test_too_little_memory_is_said_before_anything_is_loaded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"rwkv-v3-tales.pth": 3 * 10**9, "rwkv-v4-tales.pth": 10**9}
    monkeypatch.setattr(compare_stage, "_bytes_of", lambda choice: sizes[choice.path.name])
    monkeypatch.setattr("rwkv_backend.memory.memory_free", lambda device="cpu": 2 * 10**9)
    with pytest.raises(RWKVError) as failed:
        run(desk, WriteColumns(1, asks=asks("3", "4"), prompt=PROMPT, max_tokens=1))
    assert "2.0 GB are free" in failed.value.sentence
    assert "rwkv-v3-tales.pth (3.0 GB)" in failed.value.hint
    assert "v4" not in failed.value.hint
    assert not stage_of(desk).columns


# Looking back


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: f"v{demo.version}")
def test_every_place_can_be_looked_at_and_shows_what_trace_gives(desk: Desk, demo: DemoModel) -> None:
    path = demo.path
    told, _ = run(desk, WriteColumns(1, asks=(ask(0, path),), prompt=PROMPT, max_tokens=20))
    tokens = written(told, 0)
    model, tokenizer = opened(path)
    assert tokenizer.start is not None
    prompt = [tokenizer.start, *tokenizer.encode(PROMPT)]
    for position in (0, 3, 16, 20):
        state, probe = model.new_state(), Probe("att.decay")
        with torch.no_grad():
            for token in (prompt + tokens)[: len(prompt) + position]:
                model.forward([token], state, probe=probe)
        want = trace_arrays(model, state, probe)
        curves = look(desk, Look("decay_curves", layer=2, position=position))
        assert curves.position == position
        assert curves.frame.decay is not None
        np.testing.assert_allclose(curves.frame.decay.values, want["decay/2"], atol=2e-5)
        field = "att.last_input"
        shown = look(desk, Look("state_map", field=field, position=position)).frame.state_map
        assert shown is not None
        np.testing.assert_allclose(shown.values[2], np.abs(want[f"state/2/{field}"]), rtol=1e-3, atol=2e-3)


def look(desk: Desk, wanted: Look) -> ColumnFrame:
    told, _ = run(desk, LookAtColumns(9, columns=(0,), look=wanted))
    assert len(told) == 1
    assert isinstance(told[0], ColumnFrame)
    return told[0]


def test_while_the_models_write_they_show_what_the_page_looks_at(desk: Desk) -> None:
    wish = Wish()
    wish.look = Look("state_map", position=2)
    told, _ = run(desk, WriteColumns(1, asks=asks("4", "6.0"), prompt=PROMPT, max_tokens=8, wish=wish))
    for column in (0, 1):
        frames = [t for t in told if isinstance(t, ColumnFrame) and t.column == column]
        assert frames[-1].position == 2


def test_the_memory_as_it_is_read_has_a_row_a_layer(desk: Desk) -> None:
    run(desk, WriteColumns(1, asks=asks("4", "6.0"), prompt=PROMPT, max_tokens=3))
    told, _ = run(desk, LookAtColumns(2, columns=(0, 1), look=Look("state_map")))
    stage = stage_of(desk)
    for entry, axis in zip(told, ("channel", "head and key"), strict=True):
        assert isinstance(entry, ColumnFrame)
        found = entry.frame.state_map
        assert found is not None
        assert found.axes == ("layer", axis)
        state = stage.columns[entry.column].state
        assert state is not None
        layer = state.layers[1]
        if axis == "channel":
            want = (layer["att.numerator"] / layer["att.denominator"]).abs().numpy()
        else:
            want = layer["att.wkv"].norm(dim=2).flatten().numpy()
        np.testing.assert_allclose(found.values[1], want, rtol=1e-5)


def test_a_trail_stays_within_its_budget_and_still_finds_every_place() -> None:
    model, tokenizer = opened(next(d for d in DEMOS if d.version == "5.2").path)
    watched = Watched(model, FrameMaker(model, tokenizer))
    state, tokens = model.new_state(), tokenizer.encode(TEXT)[:60]
    trail = Trail(budget=4 * 304_128)
    with torch.no_grad():
        model.forward(tokens[:4], state)
        trail.begin(state)
        places = {}
        for place, token in enumerate(tokens[4:], 1):
            model.forward([token], state)
            trail.add(token, state)
            places[place] = state.clone()
            assert trail.nbytes <= 4 * 304_128
    for place in (1, 7, 23, 40, 56):
        found = trail.at(watched, place)
        assert found.tokens_seen == 4 + place
        torch.testing.assert_close(found.layers[3]["att.wkv"], places[place].layers[3]["att.wkv"], rtol=1e-4, atol=1e-4)


# Measuring


def test_what_is_measured_is_what_eval_tells(desk: Desk, tmp_path: Path) -> None:
    settings = CompareSettings(tasks=("text", "memory"), window=64, contexts=())
    chosen = asks("1", "4")
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"nothing")
    told, result = run(desk, MeasureColumns(1, asks=(*chosen, ask(5, bad)), text=TEXT, settings=settings))
    assert isinstance(result, Comparison)
    assert result.complete
    for one, model_result in zip(chosen, result.models, strict=False):
        model, tokenizer = opened(one.choice.path)
        assert model_result.text is not None
        assert model_result.text.bits_per_byte == pytest.approx(bits_per_byte(model, tokenizer, 64), rel=1e-9)
    assert result.models[2].failures
    done = [t for t in told if isinstance(t, ColumnMeasured) and isinstance(t.event, TaskDone)]
    assert {t.column for t in done} == {0, 1, 5}


def bits_per_byte(model: RWKVModel, tokenizer: Tokenizer, window: int) -> float:
    tokens = tasks.corpus_tokens(tokenizer, TEXT)
    steps = text_loss(model, tokens, len(TEXT.encode()), window)
    try:
        while True:
            next(steps)
    except StopIteration as done:
        return float(done.value.bits_per_byte)


def test_stopped_measuring_keeps_what_was_there(desk: Desk) -> None:
    job = MeasureColumns(1, asks=asks("4", "6.0"), text=TEXT, settings=CompareSettings(tasks=("memory", "text")))
    running = comparing.JOBS[MeasureColumns](desk, job)
    for _ in running:
        told = [r.result for r in desk.link.take().reports if isinstance(r, Partial)]
        if any(isinstance(t, ColumnMeasured) and isinstance(t.event, TaskDone) for t in told):
            break
    running.close()
    result = comparing.AFTER_STOP[MeasureColumns](desk, job)
    assert isinstance(result, Comparison)
    assert not result.complete
    assert result.models[0].text is not None


def test_a_report_of_what_was_written_alone(desk: Desk, tmp_path: Path) -> None:
    chosen = asks("4", "6.0")
    told, _ = run(desk, WriteColumns(1, asks=chosen, prompt=PROMPT, max_tokens=6))
    ends = {t.column: t.written for t in told if isinstance(t, ColumnEnded)}
    settings = CompareSettings(tasks=("writing",), prompt=PROMPT, seed=3, max_tokens=6)
    job = WriteReport(2, folder=tmp_path / "out", asks=chosen, settings=settings, writings=(ends[0], ends[1]))
    _, files = run(desk, job)
    assert isinstance(files, tuple)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert tmp_path / "out" / "report.html" in files
    assert "RWKV-4" in page
    first = ends[0].text.split()[0]
    assert first in page
