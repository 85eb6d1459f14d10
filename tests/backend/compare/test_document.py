"""docs/comparison.md: that it can be made again, and that its words follow from the numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rwkv_backend.compare.document import Difference, difference, remembered, write_document
from rwkv_backend.compare.records import Comparison, ModelResult, Surprise
from tests.backend.compare.conftest import Compared
from tests.shared import ROOT


def test_the_page_is_made_with_every_picture_that_it_shows(compared: Compared, tmp_path: Path) -> None:
    result, _ = compared("2", "4", "7.0")
    write_document(result, tmp_path / "comparison.md")
    page = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]*\]\(([^)]*)\)", page)
    assert len(shown) >= 7
    assert all((tmp_path / name).is_file() for name in shown)
    for model in result.models:
        assert model.text is not None
        assert f"{model.text.bits_per_byte:.4f}" in page
    assert "{{" not in page
    assert "nan" not in page


def test_the_page_in_the_project_shows_pictures_that_are_there() -> None:
    page = ROOT / "docs" / "comparison.md"
    shown = re.findall(r"!\[[^]]*\]\(([^)]*)\)", page.read_text(encoding="utf-8"))
    assert shown
    assert all((page.parent / name).is_file() for name in shown)


@pytest.mark.parametrize(
    ("bits", "error", "words"),
    [(0.02, 0.005, "fewer than"), (-0.02, 0.005, "more than"), (0.02, 0.015, "cannot be told apart")],
)
def test_a_difference_is_claimed_only_where_it_exceeds_its_error(bits: float, error: float, words: str) -> None:
    assert words in Difference("A", "B", bits, error).sentence


def test_a_difference_is_the_mean_over_pieces(compared: Compared) -> None:
    """A model that spends 0.5 bits per byte more everywhere: just that, without error."""
    model = compared("4")[0].models[0]
    worse = dearer(model, 0.5)
    found = difference(model, worse)
    assert found.bits == pytest.approx(0.5, abs=1e-5)
    assert found.error == pytest.approx(0, abs=1e-5)


def dearer(model: ModelResult, bits: float) -> ModelResult:
    assert model.text is not None
    found = model.text.surprise
    more = found.nats + (found.ends - found.starts) * np.float32(bits * np.log(2))
    return replace(
        model, text=replace(model.text, surprise=Surprise(found.starts, found.ends, more.astype(np.float32)))
    )


def test_half_of_memory_is_lost_where_the_curve_says(compared: Compared) -> None:
    result: Comparison = compared("4")[0]
    curve = result.models[0].needle
    assert curve is not None
    falling = replace(curve, saved=np.array([8, 3], dtype=np.float32))
    assert remembered(replace(result.models[0], needle=falling)).half_at == 5
    lasting = replace(curve, saved=np.array([8, 7], dtype=np.float32))
    assert remembered(replace(result.models[0], needle=lasting)).half_at is None
