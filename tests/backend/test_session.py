"""A session: chat and continuation, what is read again and what is not, and that stopping loses nothing."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import torch

from rwkv_backend.errors import ContextFullError
from rwkv_backend.generation import Event
from rwkv_backend.records import Finished, Step
from rwkv_backend.sampling import Sampler, SamplingParams
from rwkv_backend.session import Session, WriteSettings
from rwkv_backend.templates import TEMPLATES, Template
from rwkv_backend.tokenizers import load_tokenizer
from tests.shared import Opened

CHAT = next(t for t in TEMPLATES if t.name == "World question")
GREEDY = WriteSettings(SamplingParams(temperature=0, presence=0, frequency=0), max_tokens=12)
SEEDED = WriteSettings(SamplingParams(seed=7), max_tokens=12)

KINDS = ("1", "2", "3-copy", "4", "5.0", "5.2", "6.0", "7.0")


@pytest.fixture
def session(opened: Opened) -> Session:
    return make("4", opened)


def make(kind: str, opened: Opened) -> Session:
    limits: dict[str, Any] = {"ctx_len": 200} if kind in ("1", "3-copy") else {}
    return Session(opened(kind, vocab=256, **limits), load_tokenizer("bytes"))


def finish(events: Generator[Event, None, None]) -> Finished:
    last = list(events)[-1]
    assert isinstance(last, Finished)
    return last


def stop_after(events: Generator[Event, None, None], steps: int) -> None:
    for event in events:
        steps -= isinstance(event, Step)
        if steps == 0:
            events.close()
            return


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_message_reads_only_what_is_new(kind: str, opened: Opened) -> None:
    session = make(kind, opened)
    finish(session.chat("hi", CHAT, "", GREEDY))
    before = session.state.tokens_seen
    end = finish(session.chat("more", CHAT, "", GREEDY))
    assert end.prompt_tokens == session.state.tokens_seen - before - len(end.tokens)
    assert end.prompt_tokens < len("User: more\n\nAssistant:") + 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_text_and_seed_give_the_same_answer_after_any_history(kind: str, opened: Opened) -> None:
    session = make(kind, opened)
    first = finish(session.complete("The king", SEEDED))
    finish(session.complete("The king" + first.text + " and", SEEDED))
    stop_after(session.complete("Another text", SEEDED), 3)
    finish(session.chat("hi", CHAT, "", GREEDY))
    assert finish(session.complete("The king", SEEDED)).tokens == first.tokens


def test_going_on_with_a_text_reads_nothing_again(session: Session) -> None:
    first = finish(session.complete("The king", GREEDY))
    assert session.tokenizer.decode(first.tokens) == first.text, "the tiny model must write whole characters here"
    end = finish(session.complete("The king" + first.text, GREEDY))
    assert end.prompt_tokens == 0
    longer = finish(make_fresh(session).complete("The king", WriteSettings(GREEDY.params, max_tokens=24)))
    assert first.tokens + end.tokens == longer.tokens


def make_fresh(session: Session) -> Session:
    return Session(session.model, session.tokenizer)


def test_an_edited_text_is_read_from_the_beginning(session: Session) -> None:
    finish(session.complete("The king", GREEDY))
    end = finish(session.complete("The queen", GREEDY))
    assert end.tokens == finish(make_fresh(session).complete("The queen", GREEDY)).tokens


def test_a_stopped_answer_stays_and_the_talk_goes_on_from_it(session: Session) -> None:
    stop_after(session.chat("hi", CHAT, "", GREEDY), 4)
    assert session.ended is not None
    assert session.ended.reason == "stopped"
    assert len(session.ended.tokens) == 4
    assert [turn.speaker for turn in session.turns] == ["user", "model"]
    seen = session.state.tokens_seen
    end = finish(session.chat("go on", CHAT, "", GREEDY))
    assert session.state.tokens_seen == seen + end.prompt_tokens + len(end.tokens)


def test_of_a_prompt_stopped_half_way_nothing_is_left_and_the_turns_before_it_are_not_read_again(
    session: Session,
) -> None:
    finish(session.chat("hi", CHAT, "", GREEDY))
    turns, seen = session.turns, session.state.tokens_seen
    events = session.chat("a long message " * 30, CHAT, "", GREEDY)
    for _ in range(3):
        next(events)
    events.close()
    assert session.turns == turns
    end = finish(session.chat("short", CHAT, "", GREEDY))
    assert session.state.tokens_seen == seen + end.prompt_tokens + len(end.tokens)
    assert "long message" not in session.timeline.text()
    other = make_fresh(session)
    finish(other.chat("hi", CHAT, "", GREEDY))
    assert finish(other.chat("short", CHAT, "", GREEDY)).tokens == end.tokens


def test_another_template_begins_a_new_conversation(session: Session) -> None:
    other: Template = next(t for t in TEMPLATES if t.name == "Raven question")
    finish(session.chat("hi", CHAT, "", GREEDY))
    finish(session.chat("hi", other, "", GREEDY))
    assert len(session.turns) == 2


def test_a_full_context_is_told_and_the_conversation_stays(opened: Opened) -> None:
    session = make("1", opened)
    finish(session.chat("hi", CHAT, "", GREEDY))
    seen, turns = session.state.tokens_seen, session.turns
    with pytest.raises(ContextFullError):
        finish(session.chat("x" * 500, CHAT, "", GREEDY))
    assert (session.state.tokens_seen, session.turns) == (seen, turns)
    finish(session.chat("y", CHAT, "", GREEDY))
    assert len(session.turns) == 4


def test_clearing_gives_a_fresh_state(session: Session) -> None:
    finish(session.chat("hi", CHAT, "", GREEDY))
    session.clear()
    fresh = session.model.new_state()
    assert session.state.tokens_seen == 0
    for ours, theirs in zip(session.state.layers, fresh.layers, strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("decay", [0.0, 0.9, 1.0])
def test_a_sampler_can_be_put_in_the_midst_of_an_answer(decay: float) -> None:
    """As if it had drawn and accepted all tokens one by one."""
    params = SamplingParams(seed=5, penalty_decay=decay, exempt=frozenset({2}))
    one, other = Sampler(params), Sampler(params)
    logits, tokens = torch.linspace(-1, 1, 9), [3, 1, 2, 3, 3, 8]
    for token in tokens:
        one.next(logits)
        one.accept(token)
    other.replay(tokens)
    assert list(other.counts) == list(one.counts)
    assert list(other.counts.values()) == pytest.approx(list(one.counts.values()))
    assert [other.next(logits) for _ in range(5)] == [one.next(logits) for _ in range(5)]


def test_what_is_read_can_be_measured_as_it_is_read(session: Session) -> None:
    session.measuring = session.keeps_changes = True
    finish(session.complete("The king had three sons. " * 6, GREEDY))
    records = session.records()
    assert all(record.measured for record in records[1:])
    assert all(record.change for record in records[-12:])
    assert [record.logprob for record in records[-12:]] == pytest.approx(list(session.ended.logprobs), abs=1e-4)  # type: ignore[union-attr]
    info = session.info()
    assert (info.tokens, info.added) == (len(records), 1)
    assert info.checkpoints[-1] <= info.tokens
    assert 0 < info.memory_bytes <= info.budget_bytes
    session.budget = 0
    assert session.info().memory_bytes == 0
