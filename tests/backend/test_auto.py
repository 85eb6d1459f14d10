"""The automatic precision: exact while that is fast, else the fastest, and always one that fits."""

from __future__ import annotations

import pytest

from rwkv_backend import auto, open_model
from rwkv_backend.auto import choose_dtype
from rwkv_backend.checkpoints import open_checkpoint
from rwkv_backend.memory import memory_needed
from rwkv_backend.models import identify
from rwkv_backend.models.layout import Layout
from tests.shared import Saved

EQUAL = {"float32": 1.0, "bfloat16": 1.8, "float16": 1.5, "int8": 3.0}


@pytest.fixture(autouse=True)
def _no_model_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "SMALL", 0)


def layout_of(saved: Saved) -> Layout:
    return identify(open_checkpoint(saved("6.0")).shapes).layout


def weights(layout: Layout) -> int:
    from math import prod

    return sum(prod(part.shape) for part in layout.parts if part.use == "linear")


@pytest.mark.parametrize(
    ("stored", "tokens_per_second", "chosen"),
    [
        ("float32", 100.0, "float32"),
        ("float32", 5.0, "int8"),
        ("bfloat16", 10.0, "bfloat16"),
        ("float16", 10.0, "float16"),
        ("float16", 5.0, "int8"),
        ("bfloat16", 100.0, "bfloat16"),
        ("float64", 100.0, "float32"),
    ],
)
def test_exact_while_fast_enough_else_the_fastest(
    saved: Saved, stored: str, tokens_per_second: float, chosen: str
) -> None:
    """tokens_per_second: with float32."""
    layout = layout_of(saved)
    unit = tokens_per_second * weights(layout)
    choice = choose_dtype(layout, stored, 0, speed=lambda dtype: EQUAL[dtype] * unit)
    assert choice.dtype == chosen
    assert choice.tokens_per_second == pytest.approx(EQUAL[chosen] * tokens_per_second)


def test_what_does_not_fit_is_not_chosen(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rwkv_backend.memory.PACKING", 0)  # more than all weights of a tiny model
    layout = layout_of(saved)
    free = memory_needed(layout, "int8")
    assert memory_needed(layout, "bfloat16") > free
    assert choose_dtype(layout, "bfloat16", free, speed=lambda dtype: 1e12).dtype == "int8"
    assert choose_dtype(layout, "bfloat16", free - 1, speed=lambda dtype: 1e12).dtype == "int4"
    assert choose_dtype(layout, "bfloat16", 1, speed=lambda dtype: 1e12).dtype == "int4"


@pytest.mark.parametrize(
    ("stored", "chosen"), [("float16", "float16"), ("bfloat16", "bfloat16"), ("float32", "bfloat16")]
)
def test_a_gpu_takes_16_bits_of_the_files_own_kind(saved: Saved, stored: str, chosen: str) -> None:
    assert choose_dtype(layout_of(saved), stored, 0, "cuda:0").dtype == chosen


def test_the_speed_is_that_of_this_machine_and_measured_once_with_native_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "ROWS", 64)
    monkeypatch.setattr(auto, "_speeds", {})
    speed = auto.matrix_speed("float32")
    assert 1e6 < speed < 1e13
    assert auto.matrix_speed("float32") == speed
    monkeypatch.setattr(auto, "_native_seconds", lambda matrices: None)
    assert 1e6 < auto.matrix_speed("int8") < 1e13
    assert "int8" not in auto._speeds, "native code may be there later"


def test_a_model_opened_with_auto_tells_what_it_became(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "matrix_speed", lambda dtype: 1e12)
    model = open_model(saved("4"), dtype="auto")
    assert model.dtype == "float32"
    assert open_model(saved("4"), dtype="int8").dtype == "int8"


def test_a_small_model_stays_exact_and_nothing_is_measured(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "SMALL", 25_000_000)
    assert choose_dtype(layout_of(saved), "float16", 0, speed=dict[str, float]().__getitem__).dtype == "float32"
