"""Recorded files of the official code, and broken ones, where they lie beside the project."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from rwkv_backend.checkpoints import open_checkpoint
from tests.backend.checkpoints.building import refused

FIXTURES = Path(__file__).parents[3].parent / "shared" / "fixtures"
pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="../shared/fixtures is not there")

SOUND_CONTAINERS = {"wrong_shape.pth", "missing_tensor.pth", "nan_weights.pth", "gpt2.pth"}
"""Their fault lies in the weights, which is not for this room to see."""


def _bad() -> list[str]:
    listed = json.loads((FIXTURES / "bad" / "bad.json").read_text()) if FIXTURES.is_dir() else {}
    return [name for name in sorted(listed) if name.endswith((".pth", ".safetensors"))]


def _cases() -> list[Path]:
    return sorted(FIXTURES.glob("*/*/model.pth"))


@pytest.mark.parametrize("name", _bad())
def test_a_bad_container_is_refused_at_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    if name in SOUND_CONTAINERS:
        assert open_checkpoint(FIXTURES / "bad" / name).tensors
    else:
        refused(FIXTURES / "bad" / name)
    assert time.monotonic() - start < 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", _cases(), ids=lambda path: path.parent.name)
def test_the_official_codes_files_open(path: Path) -> None:
    checkpoint = open_checkpoint(path)
    assert any(name in checkpoint.tensors for name in ("emb.weight", "tok_emb.weight"))


def test_a_whole_model_holds_what_its_state_dict_holds() -> None:
    cases = FIXTURES / "cases"
    whole = open_checkpoint(cases / "v1-pickled-model" / "model.pth")
    state = open_checkpoint(cases / "v1-statedict" / "model.pth")
    assert whole.shapes == state.shapes
    assert whole.config["ctx_len"] == 32
