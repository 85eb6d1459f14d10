"""The worker without a window: every job ends once, can be stopped anywhere, and the next one works."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.link import Link
from app.messages import (
    Card,
    ClearSession,
    Engine,
    InspectFile,
    Job,
    JobDone,
    JobFailed,
    OpenedModel,
    OpenModel,
    Partial,
    Progressed,
    Report,
    ShowState,
    StartEngine,
    Write,
    Written,
    Wrote,
)
from app.timeline_messages import TokensTold
from app.worker import Worker
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.generation import CHUNK
from rwkv_backend.loading import open_model
from rwkv_backend.native import reader as native_reader
from rwkv_backend.native.reader import Reader
from rwkv_backend.probe import Probe
from rwkv_backend.records import Frame, FrameSpec
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.trace import trace_arrays
from tests.shared import Saved

PATIENCE = 60.0
V4 = next(m.path for m in demo_models() if m.version == "4")
V6 = next(m.path for m in demo_models() if m.version == "6.0")
PARAMS = SamplingParams(seed=3, banned=(0,))
"""Without the end of text, so that writing goes on until it is stopped."""


class Driver:
    """Stands where the window stands: sends jobs, gathers what comes back."""

    def __init__(self) -> None:
        self.link = Link()
        self.worker = Worker(self.link)
        self.worker.start()
        self.ids = itertools.count(1)
        self.reports: list[Report] = []
        self.frames: list[Frame] = []

    def look(self) -> None:
        batch = self.link.take()
        self.reports.extend(batch.reports)
        if batch.frame is not None:
            self.frames.append(batch.frame)

    def until(self, found: type[Report] | tuple[type[Report], ...], job: int) -> Report:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.look()
            for report in self.reports:
                if report.job == job and isinstance(report, found):
                    return report
            time.sleep(0.002)
        raise AssertionError(f"job {job} reported no {found}; it reported {self.reports[-3:]}")

    def run(self, job: Job) -> JobDone | JobFailed:
        if isinstance(job, InspectFile):
            self.worker.inspect(job)
        else:
            self.link.send(job)
        end = self.until((JobDone, JobFailed), job.id)
        assert isinstance(end, JobDone | JobFailed)
        return end

    def done(self, job: Job) -> JobDone:
        end = self.run(job)
        assert isinstance(end, JobDone), end
        return end

    def open(self, path: Path) -> OpenedModel:
        result = self.done(OpenModel(next(self.ids), path=path)).result
        assert isinstance(result, OpenedModel)
        return result

    def write(self, text: str, max_tokens: int = 12) -> str:
        job = Write(next(self.ids), mode="complete", text=text, params=PARAMS, max_tokens=max_tokens)
        result = self.done(job).result
        assert isinstance(result, Written)
        return self.text_of(job.id) + result.rest

    def text_of(self, job: int) -> str:
        return "".join(r.step.text for r in self.reports if isinstance(r, Wrote) and r.job == job)


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.link.close()
    assert driver.worker.wait(PATIENCE)


def test_the_engine_starts_and_tells_its_devices(driver: Driver) -> None:
    end = driver.done(StartEngine(next(driver.ids), threads=1))
    assert isinstance(end.result, Engine)
    assert "cpu" in end.result.devices


def test_writing_streams_text_and_ends_once(driver: Driver) -> None:
    driver.open(V4)
    job = Write(next(driver.ids), mode="complete", text="Once upon a time", params=PARAMS, max_tokens=20)
    end = driver.done(job)
    assert isinstance(end.result, Written)
    assert end.result.tokens == sum(isinstance(r, Wrote) and r.job == job.id for r in driver.reports)
    time.sleep(0.05)
    driver.look()
    assert sum(r.job == job.id and isinstance(r, JobDone | JobFailed) for r in driver.reports) == 1


def test_writing_without_a_model_says_what_to_do(driver: Driver) -> None:
    end = driver.run(Write(next(driver.ids), mode="complete", text="x"))
    assert isinstance(end, JobFailed)
    assert "No model is open" in end.sentence
    driver.open(V4)
    assert driver.write("Once")


@pytest.mark.parametrize("bad", ["missing", "garbage"])
def test_a_failed_load_leaves_the_old_model_working(driver: Driver, tmp_path: Path, bad: str) -> None:
    driver.open(V4)
    before = driver.write("Once upon a time")
    path = tmp_path / "bad.pth"
    if bad == "garbage":
        path.write_bytes(b"\x00" * 1000)
    end = driver.run(OpenModel(next(driver.ids), path=path))
    assert isinstance(end, JobFailed)
    assert "\n" not in end.sentence
    assert driver.write("Once upon a time") == before


def test_a_cancelled_load_leaves_the_old_model_working(driver: Driver) -> None:
    driver.open(V4)
    before = driver.write("Once upon a time")
    job = OpenModel(next(driver.ids), path=V6)
    job.stop.set()
    assert driver.done(job).stopped
    assert driver.write("Once upon a time") == before
    assert driver.open(V6).card.info.version == "6.0"


def test_a_load_stops_in_the_middle(driver: Driver, saved: Saved) -> None:
    """As many tensors as it takes to be sure that it had begun and was not over."""
    path = saved("5.2", n_layer=60, vocab=256)
    job = OpenModel(next(driver.ids), path=path)
    driver.link.send(job)
    driver.until(Progressed, job.id)
    driver.link.stop(job.id)
    assert isinstance(driver.until(JobDone, job.id), JobDone)
    assert driver.open(V4).card.info.version == "4"


def test_reading_a_long_prompt_stops_between_chunks_and_the_next_job_works(driver: Driver) -> None:
    driver.open(V4)
    job = Write(next(driver.ids), mode="complete", text="word " * 20_000, params=PARAMS, max_tokens=5)
    driver.link.send(job)
    driver.until(Progressed, job.id)
    driver.link.stop(job.id)
    end = driver.until(JobDone, job.id)
    assert isinstance(end, JobDone)
    assert end.stopped
    assert driver.write("Once upon a time")


def test_reading_stops_in_the_middle_of_a_chunk_and_goes_on_from_its_beginning(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a model does that takes seconds for a chunk."""
    driver.open(V4)
    done, run_part = 0, Reader._run

    def stop_in_the_third_chunk(reader: Reader, *arguments: Any) -> None:
        nonlocal done
        run_part(reader, *arguments)
        done += 1
        if done == 2 * (len(reader.ends) + 1) + 3:
            driver.link.stop(first.id)

    def ask() -> Write:
        return Write(next(driver.ids), mode="complete", text="word " * 400, params=PARAMS, max_tokens=5)

    first, second, third = ask(), ask(), ask()
    with monkeypatch.context() as patch:
        patch.setattr(native_reader, "SOON_DONE", 1)
        patch.setattr(Reader, "_run", stop_in_the_third_chunk)
        end = driver.done(first)
    assert end.stopped
    assert isinstance(end.result, Written)
    assert (end.result.reason, end.result.tokens_seen) == ("stopped", 2 * CHUNK)
    after_stop = driver.done(second).result
    driver.done(ClearSession(next(driver.ids)))
    afresh = driver.done(third).result
    assert isinstance(after_stop, Written)
    assert isinstance(afresh, Written)
    assert after_stop.tokens_seen == afresh.tokens_seen
    assert after_stop.prompt_tokens == afresh.text_tokens - 2 * CHUNK
    assert driver.text_of(second.id) + after_stop.rest == driver.text_of(third.id) + afresh.rest


def test_writing_stops_within_a_token_and_goes_on_when_asked(driver: Driver) -> None:
    driver.open(V4)
    job = Write(next(driver.ids), mode="complete", text="Once upon a time", params=PARAMS, max_tokens=100_000)
    driver.link.send(job)
    driver.until(Wrote, job.id)
    driver.link.stop(job.id)
    end = driver.until(JobDone, job.id)
    assert isinstance(end, JobDone)
    assert isinstance(end.result, Written)
    assert end.result.reason == "stopped"
    text = "Once upon a time" + driver.text_of(job.id) + end.result.rest
    more = Write(next(driver.ids), mode="complete", text=text, params=PARAMS, max_tokens=5)
    result = driver.done(more).result
    assert isinstance(result, Written)
    assert result.tokens == 5
    assert result.prompt_tokens <= 1


def test_a_file_is_inspected_while_the_model_writes(driver: Driver) -> None:
    driver.open(V4)
    writing = Write(next(driver.ids), mode="complete", text="Once", params=PARAMS, max_tokens=100_000)
    driver.link.send(writing)
    driver.until(Wrote, writing.id)
    card = driver.done(InspectFile(next(driver.ids), path=V6)).result
    assert isinstance(card, Card)
    assert card.info.version == "6.0"
    assert card.demo
    assert not any(r.job == writing.id and isinstance(r, JobDone) for r in driver.reports)
    driver.link.stop(writing.id)
    driver.until(JobDone, writing.id)


def test_clearing_forgets_the_text(driver: Driver) -> None:
    driver.open(V4)
    first = driver.write("Once upon a time")
    driver.write("Once upon a time" + first)
    driver.done(ClearSession(next(driver.ids)))
    assert driver.write("Once upon a time") == first


def test_texts_that_begin_alike_are_read_once_and_told_whole(driver: Driver) -> None:
    driver.open(V4)
    head, read = "Once upon a time there was a king who had three sons and a daughter, and a", []
    for ending in (" fox", " wolf", " goose", " goose"):
        driver.done(ClearSession(next(driver.ids)))
        job = Write(next(driver.ids), mode="complete", text=head + ending, params=PARAMS, max_tokens=3)
        result = driver.done(job).result
        assert isinstance(result, Written)
        read.append(result.prompt_tokens)
        told = [r.result for r in driver.reports if isinstance(r, Partial) and r.job == job.id]
        places = [record.index for part in told if isinstance(part, TokensTold) for record in part.records]
        assert places == [*range(result.tokens_seen)]
    assert read[0] == read[1] > 5 * read[2] > 5 * read[3] == 0


def test_an_error_of_ours_is_reported_with_details(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("app.jobs.models.make_card", explode)
    end = driver.run(InspectFile(next(driver.ids), path=V4))
    assert isinstance(end, JobFailed)
    assert "ZeroDivisionError" in end.sentence
    assert "Traceback" in end.details


def test_closing_while_busy_ends_the_thread_at_once() -> None:
    driver = Driver()
    driver.open(V4)
    job = Write(next(driver.ids), mode="complete", text="Once", params=PARAMS, max_tokens=100_000)
    driver.link.send(job)
    driver.link.send(OpenModel(next(driver.ids), path=V6))
    driver.until(Wrote, job.id)
    began = time.monotonic()
    driver.link.close()
    assert driver.worker.wait(PATIENCE)
    assert time.monotonic() - began < 5  # a token takes milliseconds; this only tells stopping from finishing


@pytest.mark.parametrize("demo", demo_models(), ids=lambda demo: f"v{demo.version}")
def test_frames_hold_what_trace_gives_for_the_same_tokens(driver: Driver, demo: DemoModel) -> None:
    path = demo.path
    opened = driver.open(path)
    field = next(f.field.name for f in opened.fields if f.field.name == "att.last_input")
    spec = FrameSpec(layer=2, map_field=field, decay=True, memory=True, activity=True, candidates=3)
    driver.link.want(spec)
    job = Write(next(driver.ids), mode="complete", text="Once upon a time", params=PARAMS, max_tokens=30)
    driver.done(job)
    frame = next(f for f in reversed(driver.frames) if f.token_text)
    written = [r.step.token for r in driver.reports if isinstance(r, Wrote) and r.job == job.id]
    tokens = [*_prompt_tokens(path), *written][: frame.tokens_seen]
    model = open_model(path)
    state, probe = model.new_state(), Probe("att.decay")
    with torch.no_grad():
        for token in tokens:
            model.forward([token], state, probe=probe)
    want = trace_arrays(model, state, probe)
    assert frame.state_map is not None
    assert frame.decay is not None
    np.testing.assert_allclose(frame.state_map.values[2], want[f"state/2/{field}"], atol=2e-4)
    np.testing.assert_allclose(np.asarray(frame.decay.values), want["decay/2"], atol=2e-5)
    for entry in frame.memory:
        np.testing.assert_allclose(entry.values, want[f"state/2/{entry.title}"], rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("wanted", [False, True])
def test_tokens_tell_what_they_changed_while_somebody_looks(driver: Driver, wanted: bool) -> None:
    """Each of them, however fast the model writes; looked at again it is the same."""
    driver.open(V6)
    driver.link.want(FrameSpec(activity=wanted, candidates=3))
    job = Write(next(driver.ids), mode="complete", text="Once upon a time", params=PARAMS, max_tokens=30)
    result = driver.done(job).result
    assert isinstance(result, Written)
    told = [r.result for r in driver.reports if isinstance(r, Partial) and r.job == job.id]
    records = [record for part in told if isinstance(part, TokensTold) for record in part.records]
    assert len(records) == result.tokens_seen
    assert [len(record.change) for record in records if record.written] == [6 if wanted else 0] * 30
    driver.link.want(FrameSpec(activity=True))
    driver.link.look_at(len(records) - 7)
    driver.done(ShowState(next(driver.ids)))
    again = driver.frames[-1]
    assert again.tokens_seen == len(records) - 7
    assert again.activity is not None
    if wanted:
        np.testing.assert_allclose(records[-8].change, again.activity.values, rtol=1e-3)


def _prompt_tokens(path: Path) -> list[int]:
    from rwkv_backend.tokenizers import load_tokenizer

    tokenizer = load_tokenizer(vocab_size=2048, model_path=path)
    assert tokenizer.start is not None
    return [tokenizer.start, *tokenizer.encode("Once upon a time")]
