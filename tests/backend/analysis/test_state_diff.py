"""Differences between states are those of what would be read; the change of the next token is that of two real readings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rwkv_backend.analysis.records import Zero
from rwkv_backend.analysis.state_diff import change_after, comparable, compare_states, difference_map, next_word_change
from rwkv_backend.analysis.state_edit import apply
from rwkv_backend.errors import SettingError, StateError
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.state import State
from rwkv_backend.tokenizers import load_tokenizer
from tests.shared import Opened, every_kind, expected_run, text_of


def two_states(model: RWKVModel, kind: str) -> tuple[State, State]:
    tokens = text_of(kind, 20)
    state, other = model.new_state(), model.new_state()
    model.forward(tokens[:10], state)
    model.forward(tokens[10:20], other)
    return state, other


@every_kind
def test_a_state_does_not_differ_from_itself(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state, other = two_states(model, kind)
    same, differ = compare_states(state, state.clone()), compare_states(state, other)
    assert all(item.distance == 0 and item.relative == 0 for item in same.fields)
    assert all(item.cosine == pytest.approx(1, abs=1e-6) for item in same.fields if item.norm_before)
    assert not same.skipped
    assert all(item.distance > 0 for item in differ.fields)
    assert differ.relative.values.shape == (model.sizes.n_layer, len(differ.names))
    with_values = {(layer, name) for layer, part in enumerate(comparable(state).layers) for name in part}
    for layer in range(model.sizes.n_layer):
        for column, name in enumerate(differ.names):
            assert np.isnan(differ.relative.values[layer, column]) == ((layer, name) not in with_values)


@pytest.mark.parametrize("kind", ["2", "3", "4", "5.2", "6.0", "7.0"])
def test_the_numbers_are_those_of_the_reference_states(kind: str, opened: Opened) -> None:
    model, tokens = opened(kind), text_of(kind, 20)
    state, other = two_states(model, kind)
    states = [expected_run(kind, tuple(part))[1] for part in (tokens[:10], tokens[10:20])]
    for item in compare_states(state, other).fields:
        if item.layer is None:
            continue
        a, b = ({**s[item.layer]} for s in states)
        for part in (a, b):
            if "att.denominator" in part:
                part["att.mean"] = part["att.numerator"] / part["att.denominator"]
                part["att.log_weight"] = np.log(part["att.denominator"]) + part.get("att.max_exponent", 0)
        one, two = a[item.field].ravel(), b[item.field].ravel()
        assert item.distance == pytest.approx(float(np.linalg.norm(two - one)), rel=1e-3, abs=1e-4)
        cosine = float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
        assert item.cosine == pytest.approx(cosine, abs=1e-3)
        norms = float(np.sqrt(np.linalg.norm(one) * np.linalg.norm(two)))
        assert item.relative == pytest.approx(item.distance / norms, rel=1e-3)


def test_version_4s_running_exponent_makes_no_difference(opened: Opened) -> None:
    """The same sums kept at another scale are the same memory."""
    state, _ = two_states(opened("4"), "4")
    other = state.clone()
    for layer in other.layers:
        layer["att.numerator"], layer["att.denominator"] = layer["att.numerator"] / 4, layer["att.denominator"] / 4
        layer["att.max_exponent"] = layer["att.max_exponent"] + float(np.log(4))
    assert max(item.relative for item in compare_states(state, other).fields) < 1e-5


@every_kind
def test_an_empty_memory_can_be_compared(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state, _ = two_states(model, kind)
    found = compare_states(state, apply(model, state, Zero()))
    assert found.fields
    for item in found.fields:
        assert np.isfinite(item.distance)
    assert compare_states(model.new_state(), model.new_state()).relative.values.shape[0] == model.sizes.n_layer


def test_texts_of_other_lengths_skip_what_grew(opened: Opened) -> None:
    model = opened("4b")
    state, other = two_states(model, "4b")
    model.forward([1], other)
    found = compare_states(state, other)
    assert any("qkv.keys holds 10 entries before and 11 after." in sentence for sentence in found.skipped)
    assert "att.mean" in found.names


def test_the_map_is_the_difference_channel_by_channel(opened: Opened) -> None:
    model = opened("5.2")
    state, other = two_states(model, "5.2")
    drawn = difference_map(state, other, "att.wkv", "norm")
    want = (other.layers[2]["att.wkv"] - state.layers[2]["att.wkv"]).square().sum((1, 2)).sqrt()
    np.testing.assert_allclose(drawn.values[2], want, rtol=1e-4)
    assert drawn.axes == ("layer", "head")
    model = opened("4")
    state, other = two_states(model, "4")
    means = [part.layers[0]["att.numerator"] / part.layers[0]["att.denominator"] for part in (state, other)]
    np.testing.assert_allclose(difference_map(state, other, "att.mean").values[0], means[1] - means[0], atol=1e-6)
    with pytest.raises(SettingError):
        difference_map(state, other, "att.wkv")


@every_kind
def test_the_change_of_the_next_token_is_that_of_two_readings(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state, other = two_states(model, kind)
    copies = state.clone(), other.clone()
    with torch.no_grad():
        p, q = (torch.log_softmax(model.forward([2, 7], s).double(), -1) for s in copies)
    found = change_after(model, state, other, [2, 7], load_tokenizer("bytes"), count=5)
    assert found.forward == pytest.approx(float((p.exp() * (p - q)).sum()), abs=1e-6)
    assert found.backward == pytest.approx(float((q.exp() * (q - p)).sum()), abs=1e-6)
    changes = [abs(word.after - word.before) for word in found.words]
    assert changes == sorted(changes, reverse=True)
    assert changes[0] == pytest.approx(float((p.exp() - q.exp()).abs().max()), abs=1e-6)
    assert (found.likeliest[0].token, found.likeliest[1].token) == (int(p.argmax()), int(q.argmax()))
    assert found.read == (2, 7)
    assert state.tokens_seen == 10


def test_the_same_logits_do_not_change() -> None:
    logits = torch.randn(50)
    found = next_word_change(logits, logits + 3)
    assert found.forward == pytest.approx(0, abs=1e-9)
    assert found.words[0].text.startswith("<")


def test_states_of_different_models_are_refused(opened: Opened) -> None:
    with pytest.raises(StateError):
        compare_states(opened("4").new_state(), opened("6.0").new_state())
