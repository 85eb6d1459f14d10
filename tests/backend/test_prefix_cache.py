"""States of shared beginnings: found again, equal to reading, within the budget."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from rwkv_backend.errors import TokenError
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.prefix_cache import SHORTEST, PrefixCache, read_shared
from rwkv_backend.state import State
from tests import tiny
from tests.shared import Opened

HEAD = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4]


def read(model: RWKVModel, cache: PrefixCache, tokens: list[int]) -> tuple[State, Tensor, int]:
    """The state, the logits, and how many tokens had been done before the first was read."""
    steps, first = read_shared(model, cache, tokens), None
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            state, logits = end.value
            return state, logits, len(tokens) if first is None else first
        assert progress.total == len(tokens)
        first = progress.done if first is None else first


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_what_comes_from_the_cache_equals_reading(opened: Opened, kind: str) -> None:
    model, cache = opened(kind), PrefixCache()
    texts = [[*HEAD, 7, 6], [*HEAD, 2, 2, 1], [*HEAD, 5], [*HEAD, 2, 2, 1, 0]]
    for tokens in texts:
        state, logits, _ = read(model, cache, tokens)
        fresh = model.new_state()
        with torch.no_grad():
            expected = model.forward(tokens, fresh)
        assert state.tokens_seen == len(tokens)
        torch.testing.assert_close(logits, expected, rtol=0, atol=2e-4 * float(expected.std()) + 2e-5)


def test_a_head_that_two_texts_share_is_read_once_more_and_then_never_again(opened: Opened) -> None:
    model, cache = opened("4"), PrefixCache()
    assert read(model, cache, [*HEAD, 7, 6])[2] == 0
    assert read(model, cache, [*HEAD, 2, 2])[2] == 0, "nothing told before that the head would come again"
    assert read(model, cache, [*HEAD, 5])[2] == len(HEAD)
    assert read(model, cache, [*HEAD, 2, 2])[2] == len(HEAD) + 2, "a whole text is known too"


def test_short_beginnings_are_not_kept(opened: Opened) -> None:
    model, cache = opened("4"), PrefixCache()
    for last in range(3):
        assert read(model, cache, [*HEAD[: SHORTEST - 1], last])[2] == 0


def test_changing_what_was_handed_out_changes_nothing_in_the_cache(opened: Opened) -> None:
    model, cache = opened("6.0"), PrefixCache()
    read(model, cache, HEAD)
    state, logits, _ = read(model, cache, HEAD)
    expected = logits.clone()
    logits.zero_()
    for layer in state.layers:
        for tensor in layer.values():
            tensor.zero_()
    assert torch.equal(read(model, cache, HEAD)[1], expected)


def test_an_empty_text_is_refused(opened: Opened) -> None:
    with pytest.raises(TokenError):
        read(opened("4"), PrefixCache(), [])


class Some:
    """Stands for a state of ten bytes."""

    nbytes = 10

    def __init__(self, tokens: tuple[int, ...]) -> None:
        self.tokens = tokens

    def clone(self) -> Some:
        return Some(self.tokens)


class Nothing:
    nbytes = 0

    def clone(self) -> Nothing:
        return self


TEXT = st.lists(st.integers(0, 2), min_size=1, max_size=8).map(tuple)


@given(st.lists(st.tuples(st.booleans(), TEXT), max_size=40), st.integers(10, 80))
@settings(max_examples=200, deadline=None)
def test_the_tree_answers_as_a_plain_list_of_texts_does(work: list[tuple[bool, tuple[int, ...]]], budget: int) -> None:
    cache, kept = PrefixCache(budget), list[tuple[int, ...]]()
    for keeps, text in work:
        if keeps:
            cache.keep(text, Some(text), Nothing())  # type: ignore[arg-type]
            kept = kept if text in kept else [*kept, text][-(budget // 10) :]
        beginnings = [other for other in kept if text[: len(other)] == other]
        found = cache.longest(text)
        assert cache.memory_bytes == 10 * len(kept) <= budget
        assert (found.length if found else 0) == max(map(len, beginnings), default=0)
        if found is not None:
            used = text[: found.length]
            assert found.state.tokens == used  # type: ignore[attr-defined]
            kept = [*(other for other in kept if other != used), used]


@given(st.lists(TEXT, max_size=12), TEXT)
@settings(max_examples=100, deadline=None)
def test_the_tree_knows_how_much_a_text_shares_with_those_before(
    before: list[tuple[int, ...]], text: tuple[int, ...]
) -> None:
    cache = PrefixCache()
    for other in before:
        cache.remember(other)

    def common(other: tuple[int, ...]) -> int:
        pairs = zip(other, text, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(other), len(text)))

    assert cache.shared(text) == max(map(common, before), default=0)


def test_a_tree_of_too_many_texts_begins_afresh_but_keeps_its_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rwkv_backend.prefix_cache.MOST_TOKENS", 30)
    cache = PrefixCache()
    cache.keep((1, 2, 3), Some((1, 2, 3)), Nothing())  # type: ignore[arg-type]
    for i in range(50):
        cache.remember((i, 5, 6))
    assert cache.longest((1, 2, 3, 4)) is not None
    assert cache.shared((0, 5, 6)) == 0, "forgotten"
    assert cache.shared((49, 5, 6)) == 3
