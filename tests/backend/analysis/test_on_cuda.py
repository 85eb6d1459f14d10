"""On a CUDA device every analysis gives the numbers that it gives on the CPU. Needs such a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rwkv_backend
from rwkv_backend.analysis.records import Interpolate, Noise, Scale, Target, Zero
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from tests.backend.analysis.helpers import answer_of
from tests.shared import Saved, one_kind_of_each_formula, text_of


def answers(model: RWKVModel, tokens: list[int]) -> dict[str, Any]:
    """One array of every analysis."""
    state, other = model.new_state(), model.new_state()
    model.forward(tokens[:9], state)
    model.forward(tokens[9:18], other)
    table = answer_of(rwkv_backend.logit_lens(model, tokens, top=3))
    counted = answer_of(rwkv_backend.token_influence(model, tokens))
    swapped = [*tokens[:4], tokens[5], *tokens[5:]]
    patch = answer_of(rwkv_backend.patch_sweep(model, tokens, swapped, 7, read=2))
    found = {
        "lens": table.next_probability,
        "shares": answer_of(rwkv_backend.influence_map(model, tokens, 1)).values,
        "weights": answer_of(rwkv_backend.influence_map(model, tokens, 1, measure="weight", state=None)).values,
        "overall": counted.overall,
        "by layer": counted.by_layer,
        "left out": answer_of(rwkv_backend.leave_one_out(model, tokens[:6])).divergence,
        "ablation": answer_of(rwkv_backend.ablation_sweep(model, tokens[:9], tokens[9:], period=5)).change.values,
        "patching": np.stack((patch.effect.values, patch.restored.values)),
        "difference": rwkv_backend.compare_states(state, other).relative.values,
        "norms": rwkv_backend.state_statistics(model, state).norms.values,
        "concentration": rwkv_backend.state_statistics(model, state).concentration.values,
    }
    for edit in (Zero(), Scale(0.5), Noise(0.2, 3), Interpolate(0.4)):
        edited = rwkv_backend.edit_state(model, state, edit, Target(layers=(1,)), other)
        change = rwkv_backend.change_after(model, state, edited, tokens[18:20])
        found[type(edit).__name__] = np.asarray([change.forward, change.backward])
    return found


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@one_kind_of_each_formula
def test_analyses_give_the_same_numbers_there(kind: str, saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rwkv_backend.analysis.reading.CHUNK", 16)  # the last chunk is a single token, or a few
    tokens = text_of(kind, 49)
    here, there = (answers(open_model(saved(kind), device), tokens) for device in ("cpu", "cuda"))
    for name, values in here.items():
        np.testing.assert_allclose(there[name], values, rtol=5e-3, atol=2e-3, err_msg=name)


def test_every_analysis_has_an_answer_to_compare(saved: Saved) -> None:
    found = answers(open_model(saved("6.0")), text_of("6.0", 20))
    assert all(np.isfinite(np.delete(values, -1, -1)).all() for values in found.values())
