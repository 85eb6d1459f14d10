"""Presets: each has a source, each family has its default, and the numbers are those of their sources."""

from __future__ import annotations

import pytest

from rwkv_backend.presets import PRESETS, Preset, presets_for
from rwkv_backend.sampling import SamplingParams

BY_NAME = {preset.name: preset for preset in PRESETS}


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(PRESETS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_names_its_source(preset: Preset) -> None:
    assert preset.source == "this program" or " / " in preset.source
    assert not preset.note or preset.note.endswith(".")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_leave_seed_order_and_tokens_to_the_user(preset: Preset) -> None:
    params = preset.params
    assert (params.seed, params.order, params.banned, params.exempt) == (None, "rwkv", (), frozenset())


@pytest.mark.parametrize(
    ("version", "tokenizer_kind", "demo", "default"),
    [
        ("1", "hf", True, "Demo chat"),
        ("6", "hf", True, "Demo chat"),
        ("1", "characters", False, "AI-Writer"),
        ("2", "characters", False, "AI-Writer"),
        ("2", "hf", False, "RWKV-LM Pile"),
        ("4", "hf", False, "RWKV-LM Pile"),
        ("4", "world", False, "World chat"),
        ("5.2", "world", False, "World chat"),
        ("6", "world", False, "World chat"),
        ("7", "world", False, "G1"),
        ("5", "ascii", False, "rwkv package"),
        ("4", "bytes", False, "rwkv package"),
    ],
)
def test_each_kind_of_model_has_its_default_first(version: str, tokenizer_kind: str, demo: bool, default: str) -> None:
    assert presets_for(version, tokenizer_kind, demo)[0].name == default


def test_what_fits_any_model_is_offered_for_all_and_the_rest_is_not() -> None:
    names = {preset.name for preset in presets_for("4", "world")}
    assert {"rwkv package", "RWKV-Runner", "rwkv.cn creative", "RWKV_APP fixed", "Ai00 nucleus"} <= names
    assert not {"AI-Writer", "Raven chat", "G1", "MIDI", "Demo chat"} & names
    assert "Raven chat" in {preset.name for preset in presets_for("4", "hf")}
    assert "Raven chat" not in {preset.name for preset in presets_for("3", "hf")}


def test_the_programs_defaults_are_the_rwkv_packages() -> None:
    assert BY_NAME["rwkv package"].params == SamplingParams()


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("AI-Writer", (1.0, 0.75, 0, 0.0, 0.0)),
        ("RWKV-LM Pile", (1.0, 0.7, 0, 0.0, 0.0)),
        ("Raven chat", (1.2, 0.5, 0, 0.4, 0.4)),
        ("World chat", (1.0, 0.3, 0, 0.5, 0.5)),
        ("World chat, tuned state", (1.0, 0.2, 0, 0.3, 0.3)),
        ("World questions", (1.0, 0.2, 0, 0.4, 0.4)),
        ("World free text", (1.5, 0.3, 0, 0.2, 0.2)),
        ("RWKV-Runner", (1.0, 0.3, 0, 0.0, 1.0)),
        ("Ai00 nucleus", (1.0, 0.5, 128, 0.3, 0.3)),
        ("rwkv.cn creative", (0.6, 0.8, 0, 2.0, 0.2)),
        ("RWKV_APP creative", (1.0, 0.6, 0, 2.0, 0.2)),
        ("RWKV_APP fixed", (0.2, 0.0, 0, 0.0, 0.0)),
        ("G1", (1.0, 0.5, 100, 0.0, 0.0)),
        ("MIDI", (1.0, 0.8, 8, 0.0, 0.5)),
    ],
)
def test_numbers_are_those_of_the_source(name: str, numbers: tuple[float, ...]) -> None:
    params = BY_NAME[name].params
    assert (params.temperature, params.top_p, params.top_k, params.presence, params.frequency) == numbers


def test_penalty_decays() -> None:
    assert BY_NAME["Ai00 nucleus"].params.penalty_decay == pytest.approx(0.99654026, abs=1e-8)
    assert BY_NAME["MIDI"].params.penalty_decay == 0.997
    assert BY_NAME["rwkv.cpp chat"].params.penalty_decay == 1.0
    assert BY_NAME["RWKV_APP default"].params.penalty_decay == 0.99
