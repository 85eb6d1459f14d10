"""The stepper of CUDA devices without one: a recorder that runs the work again stands in for the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor

from rwkv_backend.cuda.pages import Page
from rwkv_backend.cuda.stepper import GraphReader, GraphStepper, can_record, parts_of
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.probe import Probe
from tests import tiny
from tests.shared import Opened, Saved, assert_near, assert_same_state, every_kind, fields_of, text_of

T = TypeVar("T")

STEADY = [
    kind for kind in tiny.KINDS if kind not in ("1", "1-folded", "2", "2-ffnpre", "3-copy", "4-copy", "4-posemb", "4b")
]
"""Kinds whose step is the same at every position."""

steady_kinds = pytest.mark.parametrize("kind", STEADY)


class Again:
    """Records nothing but the work itself: running it again writes into the tensors of the first result, as a graph does."""

    def record(self, work: Callable[[], T]) -> tuple[Callable[[], object], T]:
        first = work()

        def replay() -> None:
            for kept, new in zip(_tensors(first), _tensors(work()), strict=True):
                kept.copy_(new)

        return replay, first


def _tensors(result: Any) -> list[Tensor]:
    logits, found = result
    return [logits, *found.values()]


class Doubling:
    """A fused step that is ready when told: the plain formulas with doubled logits, so that one sees who was at work."""

    def __init__(self, model: RWKVModel) -> None:
        self.model = model
        self.built = False

    def ready(self) -> bool:
        return self.built

    def wait(self) -> None:
        self.built = True

    def run(self, page: Page, token: Tensor) -> Tensor:
        draft = page.view()
        logits = self.model.head(self.model.residual(token, draft, None), token, draft, every=False)[0]
        page.keep(draft)
        return 2 * logits


@pytest.fixture
def stepped(saved: Saved) -> Callable[[str], RWKVModel]:
    def open_stepped(kind: str) -> RWKVModel:
        model = open_model(saved(kind))
        model.stepper = stepper = GraphStepper(model, Again())
        model.chunk_reader = GraphReader(stepper)
        return model

    return open_stepped


Stepped = Callable[[str], RWKVModel]


@every_kind
def test_models_whose_steps_depend_on_the_position_are_not_recorded(kind: str, opened: Opened) -> None:
    assert can_record(opened(kind)) == (kind in STEADY)


@steady_kinds
def test_steps_chunks_and_clones_in_turn_equal_the_plain_formulas(kind: str, opened: Opened, stepped: Stepped) -> None:
    """Two states take turns; one is cloned while it lives on the page, and chunks are read between the steps."""
    plain, fast, tokens = opened(kind), stepped(kind), text_of(kind, 14)
    ours, theirs = fast.new_state(), plain.new_state()
    other, others = fast.new_state(), plain.new_state()
    for token in tokens[:4]:
        assert_near(fast.forward([token], ours), plain.forward([token], theirs), 1e-5)
    kept, kepts = ours.clone(), theirs.clone()
    fast.forward(tokens[4:9], ours)
    plain.forward(tokens[4:9], theirs)
    for token in tokens[9:]:
        assert_near(fast.forward([token], other), plain.forward([token], others), 1e-5)
        assert_near(fast.forward([token], ours), plain.forward([token], theirs), 1e-5)
    assert_near(fast.forward([tokens[0]], kept), plain.forward([tokens[0]], kepts), 1e-5)
    for mine, wanted in ((ours, theirs), (other, others), (kept, kepts)):
        assert mine.tokens_seen == wanted.tokens_seen
        wants = dict(fields_of(wanted))
        for name, tensor in fields_of(mine):
            assert_near(tensor, wants[name], 1e-5, name)


@steady_kinds
@pytest.mark.parametrize("every", [False, True])
def test_chunks_of_any_length_equal_the_plain_formulas(
    kind: str, every: bool, opened: Opened, stepped: Stepped
) -> None:
    plain, fast, tokens = opened(kind), stepped(kind), text_of(kind, 45)
    ours, theirs = fast.new_state(), plain.new_state()
    for start, end in ((0, 19), (19, 27), (27, 28), (28, 45)):
        got, want = (model.forward(tokens[start:end], state, every) for model, state in ((fast, ours), (plain, theirs)))
        assert got.shape == want.shape
        assert_near(got, want, 1e-5)
    assert ours.tokens_seen == 45


def test_parts_add_up() -> None:
    for count in (1, 2, 7, 8, 63, 64, 511, 512, 1500):
        assert sum(parts_of(count)) == count


def test_logits_are_not_overwritten_by_later_steps(stepped: Stepped) -> None:
    model = stepped("5.2")
    state = model.new_state()
    first = model.forward([3], state)
    before = first.clone()
    model.forward([4], state)
    assert torch.equal(first, before)


def test_a_draft_of_the_state_on_the_page_leaves_it_alone(stepped: Stepped) -> None:
    """A draft shares tensors with its state; when it is stepped, the state must have moved out."""
    model = stepped("6.0")
    state = model.new_state()
    model.forward([3], state)
    kept, draft = state.clone(), state.draft()
    model.forward([5], draft)
    assert_same_state(state, kept)


def test_a_state_that_was_adopted_survives_its_maker(stepped: Stepped) -> None:
    model = stepped("5.2")
    made, heir = model.new_state(), model.new_state()
    model.forward([3], made)
    heir.adopt(made)
    kept = heir.clone()
    del made
    model.forward([9], model.new_state())
    assert_same_state(heir, kept)


def test_a_field_that_was_replaced_by_hand_is_what_the_next_step_reads(opened: Opened, stepped: Stepped) -> None:
    plain, fast = opened("5.2"), stepped("5.2")
    ours, theirs = fast.new_state(), plain.new_state()
    for model, state in ((fast, ours), (plain, theirs)):
        model.forward([3], state)
        state.layers[1]["att.wkv"] = torch.zeros_like(state.layers[1]["att.wkv"])
    assert_near(fast.forward([8], ours), plain.forward([8], theirs), 1e-5)


@pytest.mark.parametrize("every", [False, True])
def test_a_probe_finds_what_it_finds_in_the_plain_formulas(every: bool, opened: Opened, stepped: Stepped) -> None:
    plain, fast = opened("6.0"), stepped("6.0")
    ours, theirs = fast.new_state(), plain.new_state()
    for token in (3, 5, 7):
        mine, wanted = (Probe("att.decay", "residual", every=every) for _ in range(2))
        fast.forward([token], ours, probe=mine)
        plain.forward([token], theirs, probe=wanted)
        assert mine.found.keys() == wanted.found.keys()
        for place, value in wanted.found.items():
            assert_near(mine.found[place], value, 1e-5)


def test_the_fused_step_takes_over_when_it_is_ready(opened: Opened, stepped: Stepped) -> None:
    plain, fast = opened("4"), stepped("4")
    fused = Doubling(fast)
    fast.stepper = stepper = GraphStepper(fast, Again(), fused)
    ours, theirs = fast.new_state(), plain.new_state()
    assert_near(fast.forward([3], ours), plain.forward([3], theirs), 1e-5)
    stepper.settle()
    assert_near(fast.forward([5], ours), 2 * plain.forward([5], theirs), 1e-5)
    probe = Probe("residual")
    assert_near(fast.forward([6], ours, probe=probe), plain.forward([6], theirs), 1e-5)
    assert_near(fast.forward([7], ours), 2 * plain.forward([7], theirs), 1e-5)
