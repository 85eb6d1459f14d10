"""Edits do what they say to the model's answers, touch nothing else, and can be refused in a sentence."""

from __future__ import annotations

import pytest
import torch

from rwkv_backend.analysis.records import Interpolate, Noise, Replace, Scale, StateEdit, Target, Zero
from rwkv_backend.analysis.state_edit import apply, editable_fields, head_count, memory_fields
from rwkv_backend.errors import RWKVError, SettingError, StateError
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.state import State
from tests import tiny
from tests.shared import (
    Opened,
    assert_near,
    assert_one_sentence,
    assert_same_state,
    every_kind,
    fields_of,
    one_kind_of_each_formula,
    text_of,
)

FIRST, OTHER, AFTER = 11, 11, [3, 1, 4]


def states_of(model: RWKVModel, kind: str) -> tuple[State, State]:
    """Two states that have read equally many different tokens."""
    tokens = text_of(kind, FIRST + OTHER)
    made = []
    for part in (tokens[:FIRST], tokens[FIRST : FIRST + OTHER]):
        state = model.new_state()
        model.forward((part * 2)[:OTHER], state)
        made.append(state)
    return made[0], made[1]


def answer(model: RWKVModel, state: State) -> torch.Tensor:
    with torch.no_grad():
        return model.forward(AFTER, state.clone())


@every_kind
@pytest.mark.parametrize("edit", [Zero(), Scale(0.5), Scale(0.0), Noise(0.3, 1), Replace(), Interpolate(0.25)])
def test_an_edit_leaves_the_state_it_was_made_from_and_all_that_was_not_picked(
    kind: str, edit: StateEdit, opened: Opened
) -> None:
    model = opened(kind)
    state, other = states_of(model, kind)
    before, before_other = state.clone(), other.clone()
    edited = apply(model, state, edit, Target(layers=(1,)), other)
    assert_same_state(state, before)
    assert_same_state(other, before_other)
    assert edited.tokens_seen == state.tokens_seen
    ours, theirs = dict(fields_of(state)), dict(fields_of(edited))
    changed = {name for name, tensor in ours.items() if not torch.equal(tensor, theirs[name])}
    assert changed
    assert {name.split("/")[0] for name in changed} == {"1"}
    assert torch.isfinite(answer(model, edited)).all()
    assert not any(theirs[name].data_ptr() == tensor.data_ptr() for name, tensor in ours.items() if tensor.numel())


@every_kind
def test_zero_everywhere_is_a_fresh_start(kind: str, opened: Opened) -> None:
    """But for position, where a version counts it: version 1's and learned positions are still those after the text."""
    model = opened(kind)
    state, _ = states_of(model, kind)
    edited = apply(model, state, Zero())
    fresh = model.new_state()
    for layer, start in zip(edited.layers, fresh.layers, strict=True):
        for name, tensor in start.items():
            if tensor.shape == layer[name].shape:
                assert torch.equal(layer[name], tensor), name
            else:
                assert not layer[name].any()
                assert len(layer[name]) == state.tokens_seen
    if kind not in ("1", "1-folded", "4-posemb", "4b", "2", "2-ffnpre", "3-copy", "4-copy"):
        assert_near(answer(model, edited), answer(model, fresh), 1e-5)


@every_kind
def test_replacing_everything_is_going_on_from_the_other(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state, other = states_of(model, kind)
    names = tuple(item.field.name for item in model.field_shapes)
    edited = apply(model, state, Replace(), Target(fields=names), other)
    assert torch.equal(answer(model, edited), answer(model, other))
    assert_same_state(apply(model, state, Interpolate(0.0), other=other), state)


@pytest.mark.parametrize("kind", ["1", "2", "3", "4", "4-wide"])
def test_scaling_sums_makes_the_past_count_less(kind: str, opened: Opened) -> None:
    """By the quotient written out: the mean stays, its weight beside the next token's is scaled."""
    model = opened(kind)
    state, _ = states_of(model, kind)
    edited = apply(model, state, Scale(0.125), Target(fields=memory_fields(model)))
    for old, new in zip(state.layers, edited.layers, strict=True):
        top = "att.key_values" if model.version == "1" else "att.numerator"
        scale = torch.exp(new.get("att.max_exponent", torch.zeros(1)) - old.get("att.max_exponent", torch.zeros(1)))
        for name in (top, "att.denominator"):
            torch.testing.assert_close(new[name].double() * scale, old[name].double() * 0.125, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize(("kind", "extreme"), [("2", True), ("4", False), ("4", True)])
def test_between_two_states_lie_the_true_sums(kind: str, extreme: bool, opened: Opened) -> None:
    model = opened(kind, extreme=extreme)
    state, other = states_of(model, kind)
    edited = apply(model, state, Interpolate(0.3), other=other)
    for ours, theirs, mixed in zip(state.layers, other.layers, edited.layers, strict=True):
        exponents = [m.get("att.max_exponent", torch.zeros(1)).double() for m in (ours, theirs, mixed)]
        for name in ("att.numerator", "att.denominator"):
            a, b, c = (m[name].double() for m in (ours, theirs, mixed))
            want = 0.7 * a * torch.exp(exponents[0] - exponents[2]) + 0.3 * b * torch.exp(exponents[1] - exponents[2])
            torch.testing.assert_close(c, want, rtol=1e-4, atol=1e-5)


def test_heads_are_edited_alone(opened: Opened) -> None:
    for kind in ("1", "5.0", "6.0-state", "7.0"):
        model = opened(kind)
        state, other = states_of(model, kind)
        edited = apply(model, state, Replace(), Target(layers=(0,), heads=(1,)), other)
        for name, tensor in edited.layers[0].items():
            field = state.field(name)
            count = head_count(model, field)
            if count is None:
                assert torch.equal(tensor, state.layers[0][name])
                continue
            axis = field.axes.index("head") if "head" in field.axes else len(field.axes) - 1
            parts = [t.layers[0][name].chunk(count, axis) for t in (state, other)]
            for head, part in enumerate(tensor.chunk(count, axis)):
                assert torch.equal(part, parts[1 if head == 1 else 0][head])


def test_a_part_of_a_memory_written_in_several_fields_means_all_of_it(opened: Opened) -> None:
    model = opened("4")
    state, other = states_of(model, "4")
    edited = apply(model, state, Replace(), Target(fields=("att.denominator",)), other)
    for name in ("att.numerator", "att.denominator", "att.max_exponent"):
        assert torch.equal(edited.layers[0][name], other.layers[0][name])
    assert torch.equal(edited.layers[0]["att.last_input"], state.layers[0]["att.last_input"])
    assert [field.name for field in editable_fields(model)] == ["att.last_input", "att.numerator", "ffn.last_input"]
    assert [f.name for f in editable_fields(opened("1"))][:3] == ["att.last_input", "att.keys", "ffn.last_input"]


@one_kind_of_each_formula
def test_noise_is_the_same_for_the_same_seed_and_of_the_size_asked_for(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state, _ = states_of(model, kind)
    once, again, more = (apply(model, state, edit) for edit in (Noise(0.1, 7), Noise(0.1, 7), Noise(0.1, 8)))
    assert_same_state(once, again)
    alone = apply(model, state, Noise(0.1, 7), Target(layers=(1,)))
    for name, tensor in once.layers[1].items():
        assert torch.equal(alone.layers[1][name], tensor)
        assert name in ("att.denominator", "att.max_exponent", "att.keys") or not torch.equal(
            tensor, more.layers[1][name]
        )
    shift = state.layers[1]["ffn.last_input"]
    added = (once.layers[1]["ffn.last_input"] - shift).square().mean().sqrt() / shift.square().mean().sqrt()
    assert 0.05 < float(added) < 0.2


REFUSED: list[tuple[str, StateEdit, Target]] = [
    ("4", Zero(), Target(heads=(0,))),
    ("6.0", Zero(), Target(heads=(4,))),
    ("6.0", Zero(), Target(heads=(0,), fields=("ffn.last_input",))),
    ("6.0", Zero(), Target(layers=(3,))),
    ("6.0", Zero(), Target(fields=("att.numerator",))),
    ("6.0", Scale(-1.0), Target()),
    ("6.0", Scale(float("nan")), Target()),
    ("6.0", Interpolate(1.5), Target()),
    ("6.0", Replace(), Target()),
]


@pytest.mark.parametrize(("kind", "edit", "target"), REFUSED)
def test_what_cannot_be_done_is_refused(kind: str, edit: StateEdit, target: Target, opened: Opened) -> None:
    model = opened(kind)
    with pytest.raises(SettingError) as raised:
        apply(model, model.new_state(), edit, target)
    assert_one_sentence(raised.value)


def test_states_that_do_not_fit_are_refused(opened: Opened) -> None:
    model = opened("1")
    state, longer = model.new_state(), model.new_state()
    model.forward([1, 2], state)
    model.forward([1, 2, 3], longer)
    wrong: list[tuple[RWKVModel, State, State]] = [
        (model, state, longer),
        (model, state, opened("4").new_state()),
        (opened("4"), state, opened("4").new_state()),
    ]
    for owner, one, other in wrong:
        with pytest.raises(StateError) as raised:
            apply(owner, one, Interpolate(0.5), Target(), other)
        assert isinstance(raised.value, RWKVError)
    assert len(tiny.KINDS) > 20
