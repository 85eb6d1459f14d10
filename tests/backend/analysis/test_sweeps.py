"""Ablation and patching against readings done by hand, token by token, with the state changed in between."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from rwkv_backend.analysis.ablation import ablation_sweep
from rwkv_backend.analysis.patching import patch_sweep, where_remembered
from rwkv_backend.analysis.records import AblationSweep, PatchSweep
from rwkv_backend.analysis.state_edit import memory_fields
from rwkv_backend.errors import ContextFullError, SettingError, StateError, TokenError
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import Progress
from rwkv_backend.state import State
from tests.backend.analysis.helpers import answer_of, demo
from tests.shared import Opened, every_kind, one_kind_of_each_formula, text_of

CONTEXT, TEXT = 10, 12


def parts(kind: str) -> tuple[list[int], list[int]]:
    tokens = text_of(kind, CONTEXT + TEXT)
    return tokens[:CONTEXT], tokens[CONTEXT:]


COPY = -1
"""Stands for the copy head among layers."""


def emptied(model: RWKVModel, state: State, layer: int) -> None:
    if layer == COPY:
        state.shared["copy.keys"] = torch.zeros_like(state.shared["copy.keys"])
        return
    fresh = model.new_state().layers[layer]
    for name in memory_fields(model):
        if name in fresh:
            same = fresh[name].shape == state.layers[layer][name].shape
            state.layers[layer][name] = fresh[name] if same else torch.zeros_like(state.layers[layer][name])


def loss_by_hand(model: RWKVModel, kind: str, layers: list[int], period: int | None = None) -> float:
    context, text = parts(kind)
    state, losses = model.new_state(), []
    with torch.no_grad():
        for token in context:
            model.forward([token], state)
        for place, (token, following) in enumerate(pairwise(text)):
            if place % (period or len(text)) == 0:
                for layer in layers:
                    emptied(model, state, layer)
            logits = model.forward([token], state)
            losses.append(-float(torch.log_softmax(logits.double(), -1)[following]))
    return float(np.mean(losses))


@one_kind_of_each_formula
@pytest.mark.parametrize("period", [None, 3])
def test_ablation_is_the_loss_with_one_memory_emptied(kind: str, period: int | None, opened: Opened) -> None:
    model = opened(kind)
    steps = list(ablation_sweep(model, *parts(kind), period=period))
    found = answer_of(ablation_sweep(model, *parts(kind), period=period))
    baseline = loss_by_hand(model, kind, [])
    assert found.baseline == pytest.approx(baseline, abs=1e-4)
    for layer in range(model.sizes.n_layer):
        if kind == "4-ffnpre" and layer == 0:
            assert np.isnan(found.change.values[layer])
        else:
            want = loss_by_hand(model, kind, [layer], period) - baseline
            assert found.change.values[layer] == pytest.approx(want, abs=2e-4)
    every = list(range(model.sizes.n_layer))
    assert found.without_any == pytest.approx(loss_by_hand(model, kind, every, period), abs=2e-4)
    assert (found.tokens, found.period) == (TEXT - 1, period)
    if model.new_state().shared:
        assert found.without_copy == pytest.approx(loss_by_hand(model, kind, [COPY], period), abs=2e-4)
    else:
        assert np.isnan(found.without_copy)
    partial = [step for step in steps if isinstance(step, AblationSweep)]
    assert np.isnan(partial[0].change.values).all()
    assert np.isfinite(partial[1].change.values).sum() == 1
    progress = [step for step in steps if isinstance(step, Progress)]
    assert (progress[-1].done, progress[-1].unit) == (progress[-1].total, "runs")


@pytest.mark.parametrize("kind", ["1", "5.2", "6.0", "7.0"])
def test_heads_can_be_taken_away_one_by_one(kind: str, opened: Opened) -> None:
    model = opened(kind)
    found = answer_of(ablation_sweep(model, *parts(kind), by_head=True))
    assert found.change.values.shape == (model.sizes.n_layer, model.sizes.n_head)
    assert np.isfinite(found.change.values).all()
    assert len(np.unique(found.change.values)) > model.sizes.n_layer


def patched_by_hand(model: RWKVModel, ours: list[int], theirs: list[int], layers: list[int], read: int) -> torch.Tensor:
    states = []
    with torch.no_grad():
        for tokens in (ours, theirs):
            state = model.new_state()
            for token in tokens[:-read]:
                model.forward([token], state)
            states.append(state)
        for layer in layers:
            if layer == COPY:
                states[0].shared = states[1].shared
            else:
                states[0].layers[layer] = states[1].layers[layer]
        for token in ours[-read:]:
            logits = model.forward([token], states[0])
    return torch.log_softmax(logits.double(), -1)


@every_kind
@pytest.mark.parametrize("read", [1, 4])
def test_patching_is_reading_on_with_another_runs_memory(kind: str, read: int, opened: Opened) -> None:
    model, target = opened(kind), 7
    ours = text_of(kind, 16)
    theirs = [*ours[:3], 1, 2, *ours[5:]]
    steps = [step for step in patch_sweep(model, ours, theirs, target, read=read) if isinstance(step, PatchSweep)]
    found = answer_of(patch_sweep(model, ours, theirs, target, read=read))
    clean = float(patched_by_hand(model, ours, theirs, [], read)[target])
    assert found.clean == pytest.approx(clean, abs=1e-4)
    assert found.other == pytest.approx(float(patched_by_hand(model, theirs, ours, [], read)[target]), abs=1e-4)
    for layer in range(model.sizes.n_layer):
        want = float(patched_by_hand(model, ours, theirs, [layer], read)[target]) - clean
        assert found.effect.values[layer] == pytest.approx(want, abs=2e-4)
        back = float(patched_by_hand(model, theirs, ours, [layer], read)[target]) - found.other
        assert found.restored.values[layer] == pytest.approx(back, abs=2e-4)
    every = list(range(model.sizes.n_layer))
    assert found.all_layers == pytest.approx(float(patched_by_hand(model, ours, theirs, every, read)[target]), abs=2e-4)
    if model.new_state().shared:
        taken = float(patched_by_hand(model, ours, theirs, [COPY], read)[target])
        assert found.copy_effect == pytest.approx(taken - found.clean, abs=2e-4)
        given = float(patched_by_hand(model, theirs, ours, [COPY], read)[target])
        assert found.copy_restored == pytest.approx(given - found.other, abs=2e-4)
    else:
        assert found.all_layers == pytest.approx(found.other, abs=2e-4)
    assert np.isnan(steps[0].effect.values).all()


def test_heads_can_be_patched_and_add_to_less_than_nothing_where_there_are_none(opened: Opened) -> None:
    model, tokens = opened("6.0"), text_of("6.0", 16)
    other = [*tokens[:3], 1, *tokens[4:]]
    by_head = answer_of(patch_sweep(model, tokens, other, 5, by_head=True))
    assert by_head.effect.values.shape == (3, 4)
    assert np.isfinite(by_head.effect.values).all()
    with pytest.raises(SettingError, match="no heads"):
        next(patch_sweep(opened("4"), tokens, other, 5, by_head=True))


TALE_WITH_A_NAME = (
    "Once upon a time there was a poor woodcutter who had a daughter named Gretel. {0} One day the mother called "
    "the girl and said, come here, Gret"
)
FILLER = "The winter was long and the snow lay deep upon the fields, and there was little bread in the house."


@pytest.mark.parametrize("version", ["4", "6.0", "7.0"])
def test_a_name_is_found_in_a_demo_model(version: str) -> None:
    """Exchanging every layer's memory takes the name's advantage away; the layer found costs most of all single ones."""
    model, tokenizer = demo(version)
    tokens = tokenizer.encode(TALE_WITH_A_NAME.format(FILLER))
    name = tokenizer.encode(" Gretel")
    positions = next(
        list(range(place, place + len(name)))
        for place in range(len(tokens))
        if tokens[place : place + len(name)] == name
    )
    found = answer_of(where_remembered(model, tokens, positions, target=name[-1]))
    assert found.replaced != tuple(name)
    assert found.patch.clean > found.patch.other
    assert found.patch.all_layers == pytest.approx(found.patch.other, abs=1e-3)
    assert found.patch.effect.values.min() == found.patch.effect.values[found.layer] < 0
    assert found.patch.restored.values.max() == found.patch.restored.values[found.layer] > 0
    assert not found.copy_head
    assert found.influence.shape == (model.sizes.n_layer,)
    assert (found.influence > 0).all()


def test_a_copy_head_is_found_to_remember_by_itself() -> None:
    model, tokenizer = demo("3")
    tokens = tokenizer.encode(TALE_WITH_A_NAME.format(FILLER))
    name = tokenizer.encode(" Gretel")
    place = next(i for i in range(len(tokens)) if tokens[i : i + len(name)] == name)
    found = answer_of(where_remembered(model, tokens, range(place, place + len(name)), target=name[-1]))
    assert found.copy_head
    assert found.patch.copy_effect < -1 < 1 < found.patch.copy_restored


def test_what_cannot_be_swept_is_refused(opened: Opened) -> None:
    model = opened("6.0")
    with pytest.raises(TokenError):
        next(ablation_sweep(model, [1], [2]))
    with pytest.raises(SettingError, match="period"):
        next(ablation_sweep(model, [1], [2, 3], period=0))
    with pytest.raises(SettingError, match="no heads"):
        next(ablation_sweep(opened("4"), [1], [2, 3], by_head=True))
    with pytest.raises(ContextFullError):
        next(ablation_sweep(opened("1"), [1] * 30, [2, 3, 4, 5]))
    with pytest.raises(SettingError, match="must end in the same"):
        next(patch_sweep(model, [1, 2, 3], [1, 2, 4], 5))
    with pytest.raises(SettingError):
        next(patch_sweep(model, [1, 2, 3], [1, 2, 3], 5, read=3))
    with pytest.raises(TokenError):
        next(patch_sweep(model, [1, 2, 3], [1, 2, 3], 9999))
    with pytest.raises(StateError):
        answer_of(patch_sweep(opened("1"), [1, 2, 3], [1, 2, 2, 3], 5))
    with pytest.raises(SettingError, match="must lie in the text"):
        next(where_remembered(model, [1, 2, 3], [2]))
    with pytest.raises(SettingError, match="to put in their place"):
        next(where_remembered(model, [1, 2, 3], [0], replacement=[4, 5]))


def test_stopping_early_leaves_the_state_as_it_was(opened: Opened) -> None:
    model = opened("6.0")
    state = model.new_state()
    model.forward([1, 2, 3], state)
    before = state.layers[0]["att.wkv"].clone()
    job = ablation_sweep(model, [4], [5, 6, 7], state=state)
    for _ in range(4):
        next(job)
    job.close()
    assert torch.equal(state.layers[0]["att.wkv"], before)
    assert state.tokens_seen == 3
