"""Branches, and the promise of a session: the same text and seed give the same answer, whatever came before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rwkv_backend.errors import RWKVError, TokenError
from rwkv_backend.generation import Event
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import BranchInfo, Finished, Step
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.session import Session, WriteSettings
from rwkv_backend.templates import TEMPLATES
from rwkv_backend.tokenizers import load_tokenizer
from tests.shared import Opened

CHAT = next(t for t in TEMPLATES if t.name == "World question")
LETTERS = tuple(token for token in range(256) if not 32 <= token < 127)
"""Not to be written, so that every text is spelled in one way only."""

KINDS = ("1", "2", "3-copy", "4", "4b", "5.0", "5.2", "6.0", "7.0")


def writing(seed: int = 7, max_tokens: int = 10, **params: Any) -> WriteSettings:
    return WriteSettings(SamplingParams(seed=seed, banned=LETTERS, **params), max_tokens)


def model_of(kind: str, opened: Opened) -> RWKVModel:
    limits: dict[str, Any] = {"ctx_len": 300} if kind in ("1", "3-copy", "4b") else {}
    return opened(kind, vocab=256, **limits)


def make(kind: str, opened: Opened, budget: int = 2**24) -> Session:
    return Session(model_of(kind, opened), load_tokenizer("bytes"), budget)


@pytest.fixture
def session(opened: Opened) -> Session:
    return make("4", opened)


def finish(events: Generator[Event, None, None]) -> Finished:
    last = list(events)[-1]
    assert isinstance(last, Finished)
    return last


def stop_after(events: Generator[Event, None, None], count: int) -> None:
    for _ in itertools.islice(events, count):
        pass
    events.close()


def consistent(session: Session) -> None:
    """The live state is that of the tokens, read afresh; turns and branches tell of tokens that are there."""
    timeline = session.timeline
    fresh = session.model.new_state()
    assert session.state.tokens_seen == len(timeline)
    if len(timeline):
        logits = session.model.forward(timeline.tokens, fresh)
        assert session.logits is not None
        assert torch.allclose(session.logits, logits, rtol=1e-3, atol=1e-3)
    ends = [0, *(edge for turn in session.conversation for edge in (turn.start, turn.end))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(timeline)
    for info in session.branches.infos():
        assert 0 <= info.fork_at <= info.tokens
    assert session.info().memory_bytes <= max(session.budget, 0)


# Branches


def test_a_fork_is_the_present_branch_and_its_origin_stays(session: Session) -> None:
    first = finish(session.complete("The king", writing()))
    text, tokens = session.timeline.text(), list(session.timeline.tokens)
    info = session.fork(12, name="other")
    assert info == BranchInfo(2, 1, 12, "other", 12, current=True)
    finish(session.go_on(writing(seed=8)))
    assert list(session.timeline.tokens[:12]) == tokens[:12]
    assert list(session.timeline.tokens) != tokens
    session.switch(1)
    assert session.timeline.text() == text
    assert finish(session.complete("The king", writing())).tokens == first.tokens
    consistent(session)


def test_a_clicked_alternative_is_gone_on_from(session: Session) -> None:
    finish(session.complete("The king", writing(max_tokens=20)))
    record = session.records()[15]
    other = record.alternatives[2].token
    info = session.fork(15, other)
    assert (info.fork_at, info.tokens) == (15, 16)
    assert session.records(15)[0].token == other
    end = finish(session.go_on(writing()))
    assert session.timeline.tokens[15] == other
    again = finish(session.regenerate())
    assert again.tokens == end.tokens
    assert session.timeline.tokens[15] == other, "what was put there by hand stays"
    consistent(session)


def test_walking_naming_and_deleting(session: Session) -> None:
    finish(session.complete("The king", writing()))
    two, three = session.fork(10), session.fork(8)
    session.rename(two.id, "the middle one")
    assert [(b.id, b.parent, b.fork_at) for b in session.branches.infos()] == [(1, None, 0), (2, 1, 10), (3, 2, 8)]
    session.delete(two.id)
    assert [(b.id, b.parent, b.fork_at, b.current) for b in session.branches.infos()] == [
        (1, None, 0, False),
        (3, 1, 8, True),
    ]
    session.delete(three.id)
    assert [(b.id, b.current) for b in session.branches.infos()] == [(1, True)]
    with pytest.raises(RWKVError, match="only branch"):
        session.delete(1)
    with pytest.raises(RWKVError, match="no branch 9"):
        session.switch(9)
    consistent(session)


def test_branches_of_a_deleted_root_stay_whole(session: Session) -> None:
    finish(session.complete("The king", writing()))
    tokens = list(session.timeline.tokens)
    session.fork(10)
    session.delete(1)
    assert [(b.parent, b.fork_at) for b in session.branches.infos()] == [(None, 0)]
    assert list(session.timeline.tokens) == tokens[:10]
    consistent(session)


def test_a_change_before_the_fork_shortens_what_is_shared(session: Session) -> None:
    finish(session.complete("The king", writing()))
    session.fork(12)
    session.rewind(5)
    assert session.branches.infos()[1].fork_at == 5
    session.switch(1)
    finish(session.complete("Th", writing()))
    assert session.branches.infos()[1].fork_at == 3  # the start token, T, h
    consistent(session)


def test_clearing_leaves_one_empty_branch(session: Session) -> None:
    finish(session.complete("The king", writing()))
    session.fork(5)
    session.clear()
    assert [(b.id, b.tokens) for b in session.branches.infos()] == [(1, 0)]
    assert session.info().memory_bytes == 0


def test_a_branch_that_sleeps_holds_no_state(session: Session) -> None:
    finish(session.complete("The king", writing()))
    origin = session.timeline
    session.fork(5)
    assert not origin.ready
    session.switch(1)
    assert list(session.settle()) == [], "a checkpoint at its end"
    assert origin.ready


# Going on and writing anew


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_after_a_rewind_writes_the_same_again(kind: str, opened: Opened) -> None:
    """The sampler's counts and draws follow the position."""
    session = make(kind, opened)
    strong = writing(max_tokens=30, presence=1.0, frequency=1.0, penalty_decay=0.9)
    first = finish(session.complete("The king", strong))
    for back in (1, 7, 29, 30):
        session.rewind(len(session.timeline) - back)
        again = finish(session.go_on(writing(max_tokens=back, presence=1.0, frequency=1.0, penalty_decay=0.9)))
        assert again.tokens == first.tokens[-back:]


def test_an_answer_written_anew_is_the_same_with_the_same_seed_only(session: Session) -> None:
    first = finish(session.chat("hi", CHAT, "", writing()))
    assert finish(session.regenerate()).tokens == first.tokens
    other = finish(session.regenerate(writing(seed=8)))
    assert other.tokens != first.tokens
    assert [t.speaker for t in session.turns] == ["user", "model"]
    assert session.turns[-1].text == other.text
    assert session.timeline.text(session.conversation[-1].start) == other.text + other.tail
    finish(session.chat("more", CHAT, "", writing()))
    assert [t.speaker for t in session.turns] == ["user", "model", "user", "model"]
    consistent(session)


def test_an_answer_that_is_gone_on_with_is_one_turn(session: Session) -> None:
    first = finish(session.chat("hi", CHAT, "", writing(max_tokens=6)))
    second = finish(session.go_on(writing(max_tokens=6)))
    assert session.turns[-1].text == first.text + second.text
    assert len(session.turns) == 2
    whole = make_fresh(session)
    assert finish(whole.chat("hi", CHAT, "", writing(max_tokens=12))).text == first.text + second.text


def make_fresh(session: Session) -> Session:
    return Session(session.model, session.tokenizer)


def test_a_character_cut_in_two_is_gone_on_with(session: Session) -> None:
    """Fixed: the rest of a character whose first half ended an answer came as U+FFFD."""
    *rest, third, fourth = "né😀".encode()
    list(session.timeline.read(rest))
    assert session.timeline.unfinished == "😀".encode()[:2]
    for byte, text in ((third, ""), (fourth, "😀")):
        only = SamplingParams(temperature=0, banned=tuple(token for token in range(256) if token != byte))
        assert finish(session.go_on(WriteSettings(only, max_tokens=1))).text.removesuffix("\ufffd") == text
    assert session.timeline.text() == "né😀"


def test_nothing_can_be_gone_on_from_nothing(session: Session) -> None:
    with pytest.raises(TokenError):
        finish(session.go_on(writing()))
    with pytest.raises(RWKVError):
        finish(session.regenerate())
    with pytest.raises(TokenError):
        session.rewind(1)


# Editing


def test_a_message_can_be_taken_back_and_another_sent(session: Session) -> None:
    finish(session.chat("hi", CHAT, "", writing()))
    finish(session.chat("two", CHAT, "", writing()))
    finish(session.chat("three", CHAT, "", writing()))
    session.rewind(session.conversation[2].start)
    assert [t.text for t in session.turns[::2]] == ["hi"]
    end = finish(session.chat("another", CHAT, "", writing()))
    fresh = make_fresh(session)
    finish(fresh.chat("hi", CHAT, "", writing()))
    assert finish(fresh.chat("another", CHAT, "", writing())).tokens == end.tokens
    assert session.conversation == fresh.conversation


def test_a_rewind_into_a_message_takes_it_back(session: Session) -> None:
    finish(session.chat("hi", CHAT, "", writing()))
    finish(session.chat("two", CHAT, "", writing()))
    session.rewind(session.conversation[2].start + 3)
    end = finish(session.chat("another", CHAT, "", writing()))
    assert [t.text for t in session.turns[::2]] == ["hi", "another"]
    assert "two" not in session.timeline.text()
    assert end.tokens == tuple(session.timeline.tokens[session.conversation[-1].start :])
    consistent(session)


def test_a_rewind_into_an_answer_keeps_its_beginning(session: Session) -> None:
    first = finish(session.chat("hi", CHAT, "", writing()))
    session.rewind(session.conversation[-1].start + 4)
    assert session.turns[-1].text == first.text[:4]
    finish(session.chat("more", CHAT, "", writing()))
    assert session.turns[1].text == first.text[:4]
    consistent(session)


def test_an_edit_in_the_text_reads_from_there(session: Session) -> None:
    long = "The king had three sons, and the youngest of them was called Simpleton. " * 4
    finish(session.complete(long, writing()))
    edited = long[:250] + "X" + long[251:]
    end = finish(session.complete(edited, writing()))
    assert end.prompt_tokens <= len(long) - 250 + 64
    assert end.tokens == finish(make_fresh(session).complete(edited, writing())).tokens


def test_a_conversation_survives_a_stop_while_it_is_read_again(opened: Opened) -> None:
    """Fixed: without any checkpoint the next message reads all turns again, and stopping that left only some of them."""
    session, other = make("4", opened, budget=0), make("4", opened)
    for each in (session, other):
        finish(each.chat("A long story about a king and his sons. " * 4, CHAT, "", writing()))
        finish(each.chat("two", CHAT, "", writing()))
    turns, tokens = session.conversation, list(session.timeline.tokens)
    events = session.chat("a long message " * 30, CHAT, "", writing())
    stop_after(events, 6)
    assert len(session.timeline) > len(tokens)
    stop_after(session.chat("short", CHAT, "", writing()), 2)
    assert list(session.timeline.tokens[: len(tokens)]) == tokens
    assert session.conversation == turns
    one, both = (finish(each.chat("short", CHAT, "", writing())) for each in (session, other))
    assert one.text == both.text
    consistent(session)


def test_going_on_from_an_edited_state(session: Session) -> None:
    finish(session.complete("The king", writing()))
    edited = session.state.clone()
    for layer in edited.layers:
        layer["att.numerator"].neg_()
    session.replace_state(edited)
    changed = finish(session.go_on(writing(max_tokens=20)))
    session.rewind(len(session.timeline) - 12)
    assert finish(session.go_on(writing(max_tokens=12))).tokens == changed.tokens[-12:]


def test_looking_back_while_a_text_is_written_changes_nothing(session: Session) -> None:
    plain = finish(make_fresh(session).complete("The king", writing(max_tokens=25)))
    events = session.complete("The king", writing(max_tokens=25))
    for event in events:
        if isinstance(event, Step):
            n = event.index * 7 % (len(session.timeline) + 1)
            assert session.look(n).state.tokens_seen == n
            session.records(since=n)
    assert session.ended is not None
    assert session.ended.tokens == plain.tokens


# Any history


History = list[tuple[str, int, int]]

ACTIONS = (
    "complete",
    "stopped",
    "chat",
    "rewind",
    "fork",
    "fork with",
    "switch",
    "delete",
    "go on",
    "anew",
    "look",
    "edit",
    "clear",
    "clear and again",
    "measuring",
)


def act(session: Session, action: str, a: int, b: int) -> None:
    """One thing that a user may do; a and b choose where and what."""
    n = a % (len(session.timeline) + 1)
    ids = [info.id for info in session.branches.infos()]
    text = "The king had three sons."[: 3 + a % 20] + "abcdefgh"[b % 8] * (b % 3)
    actions: dict[str, Callable[[], object]] = {
        "complete": lambda: list(session.complete(text, writing(seed=b, max_tokens=b % 9))),
        "stopped": lambda: stop_after(session.complete(text * (1 + 4 * (b % 2)), writing(seed=b)), 1 + a % 8),
        "chat": lambda: stop_after(session.chat(text[:5], CHAT, "", writing(seed=b)), 3 + a % 12),
        "rewind": lambda: session.rewind(n),
        "fork": lambda: session.fork(n),
        "fork with": lambda: session.fork(n, 97 + b % 26),
        "switch": lambda: session.switch(ids[b % len(ids)]),
        "delete": lambda: session.delete(ids[b % len(ids)]) if len(ids) > 1 else None,
        "go on": lambda: stop_after(session.go_on(writing(seed=b)), 1 + a % 6) if len(session.timeline) else None,
        "anew": lambda: (
            stop_after(session.regenerate(), 1 + a % 8) if len(session.timeline) and session.settings else None
        ),
        "look": lambda: session.look(n),
        "edit": lambda: list(session.complete(session.timeline.text(1)[:n] + "AB", writing(max_tokens=0))),
        "clear": session.clear,
        "clear and again": lambda: begin_alike(session, a, b),
        "measuring": lambda: setattr(session, "measuring", not session.measuring),
    }
    actions[action]()


def begin_alike(session: Session, a: int, b: int) -> None:
    """Texts with one head, each begun anew; some stopped while they are read."""
    for ending in ("", "daughters.", "sons."[: a % 6], "abcdefgh" * (b % 9)):
        session.clear()
        events = session.complete("The king had three " + ending, writing(seed=b, max_tokens=b % 4))
        if a % 3:
            list(events)
        else:
            stop_after(events, 1 + b % 4)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 99), st.integers(0, 99)), max_size=8),
    budget=st.sampled_from([0, 30_000, 2**24]),
)
def test_the_same_text_and_seed_give_the_same_answer_after_any_history(
    kind: str, opened: Opened, history: History, budget: int
) -> None:
    """Against a session that has never seen anything else; the state against one that reads all tokens afresh."""
    session = make(kind, opened, budget)
    for action, a, b in history:
        if len(session.timeline) > 150:
            session.rewind(20)
        act(session, action, a, b)
        consistent(session)
    text = "The king had three daughters."
    there, fresh = session.complete(text, writing(seed=3)), make(kind, opened).complete(text, writing(seed=3))
    one, other = finish(there), finish(fresh)
    assert one.text == other.text
    assert one.logprobs == pytest.approx(other.logprobs, abs=2e-3)
    consistent(session)
