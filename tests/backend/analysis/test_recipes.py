"""Every recipe is run as it is given to the user, and gives the array of the plot that it was copied from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import rwkv_backend
from rwkv_backend.analysis.recipes import PLOTS, recipe
from rwkv_backend.analysis.records import Shown
from rwkv_backend.errors import SettingError
from rwkv_backend.frames import FrameMaker, layer_memory, memories, state_map
from rwkv_backend.frames import activity as change
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.probe import Probe
from rwkv_backend.state import State
from rwkv_backend.tokenizers import load_tokenizer
from tests.backend.analysis.helpers import answer_of
from tests.shared import ROOT, Opened, Saved, text_of

TEXT = text_of("1", 14)
OTHER = [*TEXT[:5], 9, *TEXT[6:]]


def seen(model: RWKVModel, tokens: list[int]) -> tuple[State, Probe]:
    """As a window comes by it: token by token."""
    state, probe = model.new_state(), Probe("att.decay")
    for token in tokens:
        model.forward([token], state, probe=probe)
    return state, probe


def frames(model: RWKVModel) -> FrameMaker:
    return FrameMaker(model, load_tokenizer("bytes"))


def memory_of(model: RWKVModel) -> Any:
    shown = layer_memory(seen(model, TEXT)[0], 1)
    return next(part for part in shown if part.title == MEMORY[model.version]).values


def activity_of(model: RWKVModel) -> Any:
    state, _ = seen(model, TEXT[:-1])
    before = memories(state.clone())
    model.forward(TEXT[-1:], state)
    return change(before, memories(state)).values


def lens_of(model: RWKVModel) -> Any:
    return answer_of(rwkv_backend.logit_lens(model, TEXT, first=2, top=3)).next_probability


def two(model: RWKVModel) -> tuple[State, State]:
    return seen(model, TEXT)[0], seen(model, OTHER)[0]


MEMORY = {"1": "att.key_values", "4": "att.numerator", "5": "att.wkv", "6": "att.wkv", "7": "att.wkv"}
COMPARED = {"1": "att.mean", "4": "att.mean", "5": "att.wkv", "6": "att.wkv", "7": "att.wkv"}

Plotted = Callable[[RWKVModel], Any]
CASES: dict[str, tuple[dict[str, Any], Plotted]] = {
    "state_map": ({"field": "ffn.last_input", "measure": "magnitude"}, lambda m: _values(
        state_map(seen(m, TEXT)[0], "ffn.last_input", "magnitude"))),
    "decay": ({"layer": 1}, lambda m: _values(frames(m).decay(1, seen(m, TEXT)[1]))),
    "half_lives": ({}, lambda m: _values(frames(m).half_lives(seen(m, TEXT)[1]))),
    "memory": ({"layer": 1}, memory_of),
    "activity": ({}, activity_of),
    "next_words": ({}, lambda m: torch.softmax(m.forward(TEXT, m.new_state()), -1).numpy()),
    "statistics": ({"part": "concentration"}, lambda m: rwkv_backend.state_statistics(
        m, seen(m, TEXT)[0]).concentration.values),
    "difference": ({"part": "cosine"}, lambda m: rwkv_backend.compare_states(*two(m)).cosine.values),
    "difference_map": ({}, lambda m: rwkv_backend.difference_map(*two(m), COMPARED[m.version]).values),
    "lens": ({"first": 2, "top": 3, "part": "next_probability"}, lens_of),
    "influence_map": ({"layer": 1}, lambda m: answer_of(rwkv_backend.influence_map(m, TEXT, 1)).values),
    "token_influence": ({"part": "by_layer"}, lambda m: answer_of(rwkv_backend.token_influence(m, TEXT)).by_layer),
    "leave_one_out": ({"target": 3, "part": "change"}, lambda m: answer_of(
        rwkv_backend.leave_one_out(m, TEXT, target=3)).change),
    "ablation": ({"period": 4}, lambda m: answer_of(
        rwkv_backend.ablation_sweep(m, TEXT, OTHER, period=4)).change.values),
    "patching": ({"target": 8, "read": 2, "part": "restored"}, lambda m: answer_of(
        rwkv_backend.patch_sweep(m, TEXT, OTHER, 8, read=2)).restored.values),
}  # fmt: skip


TRIED = [
    (plot, kind) for plot in PLOTS for kind in ("1", "4", "5.2", "6.0", "7.0") if (plot, kind) != ("half_lives", "1")
]
"""Version 1's table has no half-lives."""


def _values(drawn: Any) -> Any:
    return drawn.values


def test_every_recipe_is_tried() -> None:
    assert set(CASES) == set(PLOTS)


@pytest.mark.parametrize(("plot", "kind"), TRIED)
def test_a_recipe_gives_the_plotted_array(
    plot: str, kind: str, opened: Opened, saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    options, plotted = CASES[plot]
    model = opened(kind)
    if plot == "memory":
        options = {**options, "field": MEMORY[model.version]}
    if plot == "difference_map":
        options = {**options, "field": COMPARED[model.version]}
    script = recipe(Shown(plot, str(saved(kind)), tuple(TEXT), other_tokens=tuple(OTHER), **options))
    names: dict[str, Any] = {}
    exec(script, names)  # what the user pastes
    want = np.asarray(plotted(model))
    assert names["values"].shape == want.shape
    np.testing.assert_allclose(names["values"], want, rtol=1e-3, atol=1e-4)
    assert str(want.shape) in capsys.readouterr().out
    assert max(map(len, script.splitlines())) < 200
    assert all(name in rwkv_backend.__all__ for name in _names_used(script))


def _names_used(script: str) -> set[str]:
    return {part.split("(")[0].split(".")[0] for part in script.replace("\n", " ").split("rwkv_backend.")[1:]}


def test_a_recipe_runs_as_a_file(saved: Saved, tmp_path: Path) -> None:
    """In a process of its own, with a path that needs quoting and more tokens than fit a line."""
    odd = tmp_path / 'it\'s a "model".pth'
    odd.write_bytes(saved("4").read_bytes())
    script = tmp_path / "script.py"
    script.write_text(recipe(Shown("next_words", str(odd), tuple(TEXT * 30))), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(101,)\n"


def test_public_names_are_there_and_records_and_recipes_need_no_torch() -> None:
    assert all(hasattr(rwkv_backend, name) for name in rwkv_backend.__all__)
    code = "import sys, rwkv_backend.analysis.records, rwkv_backend.analysis.recipes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_unknown_plot_has_no_recipe() -> None:
    with pytest.raises(SettingError, match="no recipe"):
        recipe(Shown("nothing", "x.pth", (1,)))
