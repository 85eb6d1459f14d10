"""Comparisons as a whole: what fails leaves the rest, what is stopped stops, and the same twice is the same."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rwkv_backend.compare import comparing
from rwkv_backend.compare.comparing import assemble, compare
from rwkv_backend.compare.records import (
    FEATURE_ROWS,
    TASKS,
    Comparison,
    ModelChoice,
    ModelResult,
    ModelStarted,
    TaskDone,
    TaskFailure,
    TaskProgress,
    TokenWritten,
)
from rwkv_backend.errors import SettingError
from rwkv_backend.native import build
from tests.backend.compare.conftest import Compared
from tests.backend.compare.helpers import SMALL, TEXT, result_of
from tests.shared import Saved, assert_one_sentence, one_kind_of_each_formula

WITHOUT_ROOM = dataclasses.replace(SMALL, needle_distances=(0,))


@one_kind_of_each_formula
def test_every_version_answers_every_question(kind: str, compared: Compared) -> None:
    """Those with little room say so where they have none, and only there."""
    result, events = compared(kind, settings=WITHOUT_ROOM)
    model = result.models[0]
    assert {failure.task for failure in model.failures} <= {"needle"}, model.failures
    told = [event.task for event in events if isinstance(event, TaskDone)]
    assert told == list(TASKS)
    assert [getattr(model, task) is None for task in TASKS if task != "needle"] == [False] * 5
    assert len(model.features.cells) == len(FEATURE_ROWS) if model.features else False


def test_a_failing_model_leaves_the_others(compared: Compared, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"no model at all")
    result, events = compared("4", broken, "6.0")
    assert [m.card is None for m in result.models] == [False, True, False]
    assert result.models[1].failures[0].task is None
    assert str(tmp_path) not in result.models[1].failures[0].sentence
    assert result.models[2].text is not None
    assert [c.title for c in result.differences.columns] == ["RWKV-4", "RWKV-6.0"]
    assert [event.model for event in events if isinstance(event, ModelStarted)] == [0, 1, 2]


def test_a_failing_task_leaves_the_others(compared: Compared) -> None:
    """Version 1 has room for 32 tokens: the introduction, a tale and the question do not fit."""
    result, _ = compared("1")
    model = result.models[0]
    assert model.needle is None
    assert [failure.task for failure in model.failures] == ["needle"]
    assert_one_sentence(SettingError(model.failures[0].sentence))
    assert model.text is not None
    assert model.speed is not None


def test_what_does_not_fit_into_memory_is_not_loaded(compared: Compared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "memory_free", lambda device: 1000)
    result, _ = compared("4")
    (failure,) = result.models[0].failures
    assert failure.task is None
    assert "GB are free" in failure.sentence


@pytest.mark.parametrize("task", TASKS)
def test_it_stops_in_the_middle_of_any_task_and_keeps_what_was_told(task: str, saved: Saved) -> None:
    """And can be begun again."""
    choices = [ModelChoice(saved("4", vocab=256)), ModelChoice(saved("5.2", vocab=256))]
    steps = compare(choices, TEXT, SMALL)
    kept: dict[int, ModelResult] = {}
    for event in steps:
        if isinstance(event, TaskDone):
            kept[event.model] = event.result
        if getattr(event, "task", None) == task or (isinstance(event, TokenWritten) and task == "writing"):
            break
    steps.close()
    partial = assemble(list(kept.values()), TEXT, SMALL, complete=False)
    assert not partial.complete
    done = TASKS[: TASKS.index(task)]
    assert all(getattr(m, t) is not None for m in partial.models for t in done)
    assert next(compare(choices, TEXT, SMALL)) == ModelStarted(0)


def test_twice_the_same_seed_gives_the_same_numbers(compared: Compared) -> None:
    first, second = (compared("4", "7.0")[0] for _ in range(2))
    for one, other in zip(first.models, second.models, strict=True):
        for name in ("writing", "text", "needle", "memory", "forgetting", "features", "card"):
            assert_same(getattr(one, name), getattr(other, name), name)


def test_another_seed_writes_another_text(compared: Compared) -> None:
    texts = {compared("4", settings=dataclasses.replace(SMALL, seed=seed))[0].models[0].writing for seed in (1, 2)}
    assert len({written.text for written in texts if written is not None}) == 2


def test_two_models_of_one_version_can_be_told(compared: Compared) -> None:
    result, _ = compared("4", "4-wide")
    assert len({m.title for m in result.models}) == 2
    assert [c.title for c in result.differences.columns] == [m.title for m in result.models]


def test_results_cannot_be_changed(compared: Compared) -> None:
    text = compared("4")[0].models[0].text
    assert text is not None
    with pytest.raises(ValueError, match="read-only"):
        text.surprise.nats[0] = 0


def test_what_is_doubtful_about_a_tokenizer_is_noted(saved: Saved) -> None:
    """Bytes for a model of 200 rows, which does not know the last of them."""
    choice = ModelChoice(saved("4", vocab=200), tokenizer="bytes")
    settings = dataclasses.replace(SMALL, tasks=("memory",))
    (model,) = result_of(compare([choice], TEXT, settings)).models
    assert model.card is not None
    assert model.card.notes
    certain = ModelChoice(saved("4", vocab=256))
    (model,) = result_of(compare([certain], TEXT, settings)).models
    assert model.card is not None
    assert model.card.notes == ()


def test_a_report_names_no_folder(compared: Compared, tmp_path: Path) -> None:
    assert str(tmp_path) not in repr(compared("4")[0])


WRONG: tuple[dict[str, Any], ...] = (
    {"tasks": ("dancing",)},
    {"seed": -1},
    {"seed": 2**40},
    {"window": 0},
    {"contexts": (8, 0)},
    {"needle_trials": 0},
    {"needle_distances": (-1,)},
    {"speed_runs": 0},
    {"speed_new_tokens": 0},
    {"state_tokens": (0,)},
    {"max_tokens": -1},
)


@pytest.mark.parametrize("wrong", WRONG)
def test_settings_that_no_model_could_follow_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as told:
        next(compare([ModelChoice(Path("x.pth"))], TEXT, dataclasses.replace(SMALL, **wrong)))
    assert_one_sentence(told.value)


def test_no_model_and_no_text_are_refused() -> None:
    with pytest.raises(SettingError):
        next(compare([], TEXT, SMALL))
    with pytest.raises(SettingError):
        next(compare([ModelChoice(Path("x.pth"))], " \n", SMALL))


def test_failures_are_sentences() -> None:
    empty = assemble([ModelResult("x", failures=(TaskFailure(None, "It broke."),))], TEXT, SMALL)
    assert isinstance(empty, Comparison)
    assert empty.differences.columns == ()


def assert_same(one: object, other: object, where: str) -> None:
    """Fields that tell a time may differ."""
    if dataclasses.is_dataclass(one):
        assert type(one) is type(other)
        for field in dataclasses.fields(one):
            if "seconds" not in field.name:
                assert_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, tuple) and isinstance(other, tuple):
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}[{place}]")
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=where)
    else:
        assert one == other, where


def test_it_waits_for_native_code_that_is_being_compiled_and_can_be_stopped(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def wait(seconds: float) -> bool:
        looks.append(seconds)
        time.sleep(seconds)
        return len(looks) == 3

    monkeypatch.setattr(build, "wait", wait)
    monkeypatch.setattr(comparing, "LOOK", 0.01)
    choice = ModelChoice(saved("4", vocab=256))
    settings = dataclasses.replace(SMALL, tasks=("memory",))
    events = list(compare([choice], TEXT, settings))
    assert len(looks) == 3
    waiting = [e for e in events if isinstance(e, TaskProgress) and e.task is None and e.progress.unit == "runs"]
    assert len(waiting) == 2
    monkeypatch.setattr(build, "wait", lambda seconds: False)  # what cannot be compiled is not waited for
    assert list(compare([choice], TEXT, settings))
