"""Frames: every kind of state is drawn by its axes, holds what the model holds, and costs nothing that is not asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rwkv_backend.decay import half_life
from rwkv_backend.frames import FrameMaker, activity, kept_memories, memories, state_map
from rwkv_backend.probe import Probe
from rwkv_backend.records import Frame, FrameSpec, measures_of
from rwkv_backend.sampling import Sampler, SamplingParams
from rwkv_backend.tokenizers import load_tokenizer
from tests import tiny
from tests.shared import Opened

TOKENS = [3, 1, 4, 1, 5, 9, 2, 6]


def frame_of(kind: str, opened: Opened, spec: FrameSpec) -> Frame:
    model = opened(kind)
    maker = FrameMaker(model, load_tokenizer("bytes"))
    state = model.new_state()
    model.forward(TOKENS[:-1], state)
    before = kept_memories(state)
    probe = maker.probe(spec)
    logits = model.forward(TOKENS[-1:], state, probe=probe)
    sampler = Sampler(SamplingParams(top_p=0.5, seed=1))
    return maker.make(spec, state, token=6, before=before, probe=probe, logits=logits, sampler=sampler)


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_every_field_of_every_version_is_drawn_by_its_axes(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state = model.new_state()
    model.forward(TOKENS, state)
    layers = model.sizes.n_layer
    for item in model.field_shapes:
        if item.layers is None:
            assert state_map(state, item.field.name) is None
            continue
        for measure in measures_of(item.field):
            drawn = state_map(state, item.field.name, measure.key)
            assert drawn is not None
            assert drawn.values.shape[0] == layers
            have = [i for i in range(layers) if not np.isnan(drawn.values[i]).all()]
            assert have == list(item.layers)
            assert not drawn.values.flags.writeable


def test_the_map_holds_the_states_numbers(opened: Opened) -> None:
    model = opened("5.2")
    state = model.new_state()
    model.forward(TOKENS, state)
    rows = state_map(state, "att.wkv", "rows")
    heads = state_map(state, "att.wkv", "norm")
    values = state_map(state, "att.last_input", "value")
    assert rows is not None
    assert heads is not None
    assert values is not None
    wkv = state.layers[1]["att.wkv"]
    torch.testing.assert_close(torch.tensor(rows.values[1]), wkv.square().sum(2).sqrt().flatten())
    torch.testing.assert_close(torch.tensor(heads.values[1]), wkv.square().sum((1, 2)).sqrt())
    torch.testing.assert_close(torch.tensor(values.values[1]), state.layers[1]["att.last_input"])


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_a_frame_tells_decay_memory_activity_and_candidates(kind: str, opened: Opened) -> None:
    layer = 1
    frame = frame_of(kind, opened, FrameSpec(layer=layer, decay=True, memory=True, activity=True, candidates=5))
    assert frame.decay is not None
    if tiny.KINDS[kind] == "1":
        assert frame.decay.axes == ("head", "distance")
        assert frame.half_lives is None
    else:
        assert np.all((frame.decay.values >= 0) & (frame.decay.values <= 1))
        assert frame.half_lives is not None
        longest_first = frame.half_lives.values[layer]
        np.testing.assert_allclose(longest_first, np.sort(half_life(frame.decay.values.ravel()))[::-1], rtol=1e-3)
    assert frame.memory
    assert not any(field.title.endswith("last_input") for field in frame.memory)
    assert frame.activity is not None
    assert frame.activity.values[layer] > 0
    assert len(frame.candidates) == 5
    before = [c.before for c in frame.candidates]
    assert before == sorted(before, reverse=True)
    assert sum(c.after for c in frame.candidates) <= 1 + 1e-9


def test_what_is_not_asked_for_is_not_computed(opened: Opened) -> None:
    frame = frame_of("6.0", opened, FrameSpec())
    assert frame.state_map is frame.decay is frame.half_lives is frame.activity is None
    assert frame.memory == ()
    assert frame.candidates == ()
    assert not FrameSpec().wants_anything


def test_a_layer_without_memory_says_so(opened: Opened) -> None:
    frame = frame_of("4-ffnpre", opened, FrameSpec(layer=0, decay=True, memory=True, activity=True))
    assert frame.decay is None
    assert frame.memory == ()
    assert frame.activity is not None
    assert np.isnan(frame.activity.values[0])
    assert frame.half_lives is not None
    assert np.isnan(frame.half_lives.values[0]).all()


@pytest.mark.parametrize("kind", ["6.0", "7.0"])
def test_decays_that_the_token_decides_are_those_of_the_last_token(kind: str, opened: Opened) -> None:
    frame = frame_of(kind, opened, FrameSpec(layer=1, decay=True))
    model = opened(kind)
    probe = Probe("att.decay")
    model.forward(TOKENS, model.new_state(), probe=probe)
    assert frame.decay is not None
    np.testing.assert_allclose(frame.decay.values, probe.found[1, "att.decay"].numpy(), rtol=1e-4, atol=1e-6)
    base = model.decay(1)
    assert base is not None
    assert not np.allclose(frame.decay.values, base.numpy())


def test_activity_is_the_relative_change_of_what_would_be_read(opened: Opened) -> None:
    """For version 4 the running exponent moves at every token; the quotient does not when nothing is learned."""
    model = opened("4")
    state = model.new_state()
    model.forward(TOKENS, state)
    before = kept_memories(state)
    shifted = state.clone()
    for layer in shifted.layers:
        layer["att.numerator"] = layer["att.numerator"] * 0.5
        layer["att.denominator"] = layer["att.denominator"] * 0.5
        layer["att.max_exponent"] = layer["att.max_exponent"] + float(np.log(2))
    np.testing.assert_allclose(activity(before, memories(shifted)).values, 0, atol=1e-6)
