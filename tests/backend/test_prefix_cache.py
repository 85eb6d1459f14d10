"""States of shared beginnings: found again, equal to reading, within the budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from rwkv_backend.prefix_cache import SHORTEST, PrefixCache
from rwkv_backend.records import Finished, Progress
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.session import Session, WriteSettings
from rwkv_backend.templates import TEMPLATES
from rwkv_backend.tokenizers import load_tokenizer
from tests import tiny
from tests.shared import Opened, assert_same_state

HEAD = "Once upon a time"
"""With the token before a text, 17 tokens of one byte each."""

SILENT = WriteSettings(SamplingParams(), max_tokens=0)


def session_of(opened: Opened, kind: str, budget: int = 2**28) -> Session:
    return Session(opened(kind, vocab=256), load_tokenizer("bytes"), budget)


def read(session: Session, text: str) -> int:
    """Begin anew with `text`; how many of its tokens were known."""
    session.clear()
    events = list(session.complete(text, SILENT))
    end, steps = events[-1], [event for event in events if isinstance(event, Progress)]
    assert isinstance(end, Finished)
    assert end.prompt_tokens + end.prompt_known == len(session.timeline) == 1 + len(text)
    assert {step.total for step in steps} == {1 + len(text)}
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == 1 + len(text)
    return end.prompt_known


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_what_comes_from_the_cache_equals_reading(opened: Opened, kind: str) -> None:
    session, known = session_of(opened, kind), []
    for ending in (" a", " bc", " d", " bc", " bce"):
        known.append(read(session, HEAD + ending))
        fresh = session.model.new_state()
        with torch.no_grad():
            expected = session.model.forward(session.timeline.tokens, fresh)
        assert session.state.tokens_seen == len(session.timeline)
        assert session.logits is not None
        torch.testing.assert_close(session.logits, expected, rtol=0, atol=2e-4 * float(expected.std()) + 2e-5)
        for n in range(len(session.timeline)):
            assert session.look(n).state.tokens_seen == n
    head = len(HEAD) + 2
    assert known == [0, 0, head, head + 2, head + 2]


@pytest.mark.parametrize("kind", ["1", "3-copy", "4", "6.0", "7.0"])
def test_going_back_behind_what_was_taken_gives_the_bits_that_were_there(opened: Opened, kind: str) -> None:
    """Also without any checkpoint: the pieces in which a beginning was read come with it."""
    session = session_of(opened, kind)
    for ending in (" a", " bc", " d"):
        read(session, HEAD + ending)
    state = session.state.clone()
    session.budget = 0
    session.timeline.sleep()
    assert not session.timeline.checkpoints
    assert_same_state(session.state, state)


def test_looking_around_in_a_long_text_that_was_taken_reads_it_once(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(opened, "4")
    text = "Once upon a time there was a king. " * 40
    read(session, text)
    assert read(session, text) == 1 + len(text)
    assert len(session.info().checkpoints) == 1
    session.look(len(text) - 5)
    sizes, forward = list[int](), session.model.forward

    def counting(tokens: Sequence[int], *rest: Any, **named: Any) -> torch.Tensor:
        sizes.append(len(tokens))
        return forward(tokens, *rest, **named)

    monkeypatch.setattr(session.model, "forward", counting)
    for n in (700, 300, 1200, 50, len(text)):
        sizes.clear()
        session.look(n)
        assert sum(sizes) <= 65


def test_short_beginnings_are_not_kept(opened: Opened) -> None:
    session = session_of(opened, "4")
    for last in "abc":
        assert read(session, HEAD[: SHORTEST - 2] + last) == 0


def test_changing_what_was_handed_out_changes_nothing_in_the_cache(opened: Opened) -> None:
    session = session_of(opened, "6.0")
    read(session, HEAD)
    for _ in range(2):
        assert read(session, HEAD) == 1 + len(HEAD)
        assert session.logits is not None
        expected = session.logits.clone()
        session.logits.zero_()
        for layer in session.state.layers:
            for tensor in layer.values():
                tensor.zero_()
    read(session, HEAD)
    assert session.logits is not None
    assert torch.equal(session.logits, expected)


def test_with_room_for_one_state_it_is_the_head_that_stays(opened: Opened) -> None:
    """Fixed: the end of each text pushed out the head that the next one begins with."""
    session = session_of(opened, "4")
    one = session.model.new_state().nbytes + 4 * 256
    session.beginnings.budget = one + one // 2
    assert [read(session, HEAD + ending) for ending in (" ab", " cd", " ef", " gh")] == [0, 0, *[len(HEAD) + 2] * 2]
    assert session.info().beginnings == 1


def test_a_long_conversation_pushes_nothing_out(opened: Opened) -> None:
    session = session_of(opened, "4")
    chat = next(template for template in TEMPLATES if template.name == "World question")
    for message in ("one", "two", "three"):
        list(session.chat(message, chat, "", SILENT))
    assert len(session.beginnings) == 1
    session.clear()
    assert len(session.beginnings) == 1


def test_where_the_memory_was_edited_nothing_is_taken_and_nothing_kept(opened: Opened) -> None:
    session = session_of(opened, "4")
    read(session, HEAD)
    session.clear()
    state = session.state.clone()
    for layer in state.layers:
        layer["att.numerator"].fill_(1.0)
    session.replace_state(state)
    end = list(session.complete(HEAD, SILENT))[-1]
    assert isinstance(end, Finished)
    assert end.prompt_tokens == 1 + len(HEAD)
    list(session.complete(HEAD + " there was more", SILENT))
    assert len(session.beginnings) == 1
    assert read(session, HEAD + " there was more") == 1 + len(HEAD)


def test_what_is_measured_as_it_is_read_is_read(opened: Opened) -> None:
    session = session_of(opened, "4")
    read(session, HEAD)
    session.measuring = True
    assert read(session, HEAD) == 0
    assert all(record.measured for record in session.records()[1:])


def test_records_of_what_was_taken_can_be_measured_later(opened: Opened) -> None:
    session = session_of(opened, "4")
    for ending in (" ab", " cd", " ef"):
        read(session, HEAD + ending)
    assert not session.records()[5].measured
    assert session.records()[len(HEAD) + 2].measured, "what comes after it came from logits that were kept"
    list(session.measure())
    other = Session(session.model, session.tokenizer)
    list(other.complete(HEAD + " ef", SILENT))
    list(other.measure())
    ours, theirs = ([record.logprob for record in one.records()[1:]] for one in (session, other))
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_a_stop_after_the_first_event_changes_nothing(opened: Opened) -> None:
    session = session_of(opened, "4")
    read(session, HEAD)
    list(session.complete("Once upon another text", SILENT))
    events = session.complete(HEAD, SILENT)
    assert next(events) == Progress(0, 1 + len(HEAD) - len(session.timeline), "tokens")
    events.close()
    assert session.timeline.text(1) == "Once upon a"
    assert read(session, HEAD) == 1 + len(HEAD)


def test_a_smaller_budget_holds_at_once(opened: Opened) -> None:
    session = session_of(opened, "4")
    read(session, HEAD)
    assert 0 < session.info().beginning_bytes <= session.info().beginning_budget
    session.budget = 0
    assert session.info().beginning_bytes == session.info().beginning_budget == 0
    assert read(session, HEAD) == 0


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
            kept = kept if text in kept else with_newest(kept, text, budget // 10)
        beginnings = [other for other in kept if text[: len(other)] == other]
        found = cache.longest(text)
        assert cache.memory_bytes == 10 * len(kept) <= budget
        assert (found.length if found else 0) == max(map(len, beginnings), default=0)
        if found is not None:
            used = text[: found.length]
            assert found.state.tokens == used  # type: ignore[attr-defined]
            kept = [*(other for other in kept if other != used), used]


def with_newest(kept: list[tuple[int, ...]], text: tuple[int, ...], room: int) -> list[tuple[int, ...]]:
    """The oldest that is no beginning of the text goes; if there is none, the text itself is not kept."""
    others = [other for other in kept if text[: len(other)] != other]
    if len(kept) < room:
        return [*kept, text]
    return [*(other for other in kept if other != others[0]), text] if others else kept


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
