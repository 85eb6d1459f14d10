"""The timeline: any place in it can be reached again exactly, records are right, and the budget holds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from rwkv_backend.checkpoint_store import SPACING
from rwkv_backend.errors import ContextFullError, StateError, TokenError
from rwkv_backend.frames import activity, memories
from rwkv_backend.pieces import LONGEST_EXACT
from rwkv_backend.probe import Probe
from rwkv_backend.records import Progress
from rwkv_backend.state import State
from rwkv_backend.timeline import Timeline
from rwkv_backend.tokenizers import load_tokenizer
from tests.shared import Opened, every_kind, one_kind_of_each_formula, room_of, text_of
from tests.tiny import SIZES

BYTES = load_tokenizer("bytes")


def timeline_of(kind: str, opened: Opened, prompt: int = 0, written: int = 0, budget: int = 2**30) -> Timeline:
    """With the first tokens of `text_of(kind)` read, and the next ones written."""
    timeline = Timeline(opened(kind), BYTES, budget)
    tokens = long_text(kind, prompt + written)
    if prompt:
        list(timeline.read(tokens[:prompt]))
    for token in tokens[prompt:]:
        timeline.append(token)
    return timeline


def long_text(kind: str, count: int) -> list[int]:
    words = SIZES[kind].vocab
    return [(7 * t * t + 3 * t + 5) % words for t in range(count)]


def same(one: State, other: State) -> bool:
    """To the last bit."""
    parts = zip((*one.layers, one.shared), (*other.layers, other.shared), strict=True)
    return one.tokens_seen == other.tokens_seen and all(
        a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a) for a, b in parts
    )


def close(one: State, other: State) -> bool:
    parts = zip((*one.layers, one.shared), (*other.layers, other.shared), strict=True)
    return all(torch.allclose(a[name], b[name], rtol=1e-3, atol=1e-4) for a, b in parts for name in a)


# Going back


@every_kind
def test_every_place_is_reached_again_to_the_last_bit(kind: str, opened: Opened) -> None:
    """The state and logits that were there when each token was written come again, from a checkpoint or without any."""
    room = room_of(kind) or 60
    read = room // 3
    timeline = timeline_of(kind, opened, prompt=read)
    then = [(read, timeline.state.clone(), timeline.logits)]
    for token in long_text(kind, room)[read:]:
        timeline.append(token)
        then.append((len(timeline), timeline.state.clone(), timeline.logits))
    for n, state, logits in then:
        again, after = timeline.state_at(n)
        assert same(again, state), n
        assert logits is not None
        assert after is not None
        assert torch.equal(after, logits)


@one_kind_of_each_formula
def test_a_place_within_a_chunk_is_right_too(kind: str, opened: Opened) -> None:
    tokens = text_of(kind)
    timeline = Timeline(opened(kind), BYTES)
    list(timeline.read(tokens))
    for n in range(len(tokens) + 1):
        state = opened(kind).new_state()
        if n:
            opened(kind).forward(tokens[:n], state)
        assert close(timeline.state_at(n)[0], state)


@one_kind_of_each_formula
def test_after_rewinding_the_same_tokens_give_the_same_bits(kind: str, opened: Opened) -> None:
    room = room_of(kind) or 60
    timeline = timeline_of(kind, opened, prompt=10, written=room - 10)
    end, tokens = timeline.state.clone(), list(timeline.tokens)
    for n in (room - 1, room // 2, 11):
        timeline.rewind(n)
        assert len(timeline) == n
        assert max(timeline.checkpoints, default=0) <= n
        for token in tokens[n:]:
            timeline.append(token)
        assert same(timeline.state, end)


def test_going_back_reads_no_more_than_lies_between_two_checkpoints(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeline = timeline_of("4", opened, prompt=64, written=300)
    read = counted(timeline, monkeypatch)
    for n in range(65, 365, 7):
        read.clear()
        timeline.look(n)
        assert sum(read) <= SPACING + 1


def counted(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all forward passes from now on."""
    sizes: list[int] = []
    forward = timeline.model.forward

    def counting(tokens: Sequence[int], *rest: object, **named: object) -> torch.Tensor:
        sizes.append(len(tokens))
        return forward(tokens, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(timeline.model, "forward", counting)
    return sizes


def test_what_lies_far_from_any_checkpoint_is_read_in_chunks(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = timeline_of("4", opened, written=LONGEST_EXACT + 40, budget=0)
    assert not timeline.checkpoints
    read = counted(timeline, monkeypatch)
    state, _ = timeline.state_at(len(timeline) - 1)
    assert max(read) == 64
    fresh = opened("4").new_state()
    opened("4").forward(timeline.tokens[:-1], fresh)
    assert close(state, fresh)


def test_looking_leaves_the_live_state_alone(opened: Opened) -> None:
    timeline = timeline_of("6.0", opened, prompt=20, written=20)
    state, before = timeline.state, timeline.state.clone()
    for n in (40, 39, 5, 0, 6, 30):
        moment = timeline.look(n)
        assert moment.state.tokens_seen == moment.position == n
        moment.state.layers[0]["att.wkv"].zero_()
    assert timeline.state is state
    assert same(state, before)
    assert timeline.look(40).token == timeline.tokens[39]


def test_looking_twice_at_a_place_within_a_chunk(opened: Opened) -> None:
    """Fixed: the second look began where the first one was, within the chunk, and wanted to read nothing."""
    timeline = timeline_of("4", opened, prompt=20)
    first = timeline.look(7)
    assert same(timeline.look(7).state, first.state)
    assert close(timeline.look(8).state, timeline.state_at(8)[0])


def test_a_look_brings_what_frames_need(opened: Opened) -> None:
    timeline = timeline_of("6.0", opened, prompt=10, written=10)
    moment = timeline.look(15, Probe("att.decay"))
    assert moment.probe is not None
    assert set(moment.probe.found) == {(layer, "att.decay") for layer in range(3)}
    earlier, _ = timeline.state_at(14)
    change = activity(moment.before, memories(moment.state))
    expected = activity(memories(earlier), memories(timeline.state_at(15)[0]))
    assert np.allclose(change.values, expected.values)


def test_a_place_that_is_not_there_is_an_error(opened: Opened) -> None:
    timeline = timeline_of("4", opened, written=5)
    for n in (-1, 6):
        for go in (timeline.rewind, timeline.fork, timeline.look, timeline.state_at):
            with pytest.raises(TokenError, match="no place"):
                go(n)


# Editing


@one_kind_of_each_formula
def test_an_edit_gives_what_a_fresh_reading_gives(kind: str, opened: Opened) -> None:
    room = room_of(kind) or 80
    tokens = long_text(kind, room)
    timeline = timeline_of(kind, opened, prompt=room // 2, written=room // 4)
    for place in (room // 2 + 3, room // 3, 2):
        edited = [*tokens[:place], (tokens[place] + 1) % 61, *tokens[place + 1 :]]
        list(timeline.edit(edited))
        assert list(timeline.tokens) == edited
        fresh = opened(kind).new_state()
        logits = opened(kind).forward(edited, fresh)
        assert close(timeline.state, fresh)
        assert timeline.logits is not None
        assert torch.allclose(timeline.logits, logits, rtol=1e-3, atol=1e-3)


def test_an_edit_reads_from_the_nearest_checkpoint_before_it(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = timeline_of("4", opened, prompt=64, written=200)
    tokens = list(timeline.tokens)
    read = counted(timeline, monkeypatch)
    list(timeline.edit([*tokens[:150], 0, *tokens[151:]]))
    assert 264 - 150 <= sum(read) < 264 - 150 + SPACING
    read.clear()
    list(timeline.edit([*timeline.tokens, 1, 2]))
    assert read == [2]
    read.clear()
    list(timeline.edit(timeline.tokens[:100]))
    assert sum(read) <= SPACING


def test_records_before_an_edit_stay(opened: Opened) -> None:
    timeline = timeline_of("4", opened, prompt=5, written=60)
    before = timeline.records()
    list(timeline.edit([*timeline.tokens[:50], 0, 1, 2]))
    assert timeline.records()[:50] == before[:50]
    assert [r.written for r in timeline.records(45)] == [True] * 5 + [False] * 3


def test_an_edit_closed_half_way_leaves_a_whole_timeline(opened: Opened) -> None:
    timeline = timeline_of("4", opened, prompt=64, written=40)
    wanted = long_text("4", 300)
    wanted[80] = (wanted[80] + 1) % 101
    steps = timeline.edit(wanted)
    for _ in range(3):
        next(steps)
    steps.close()
    assert list(timeline.tokens) == wanted[: len(timeline)]
    assert 80 < len(timeline) < 300
    fresh = opened("4").new_state()
    opened("4").forward(timeline.tokens, fresh)
    assert close(timeline.state, fresh)
    list(timeline.edit(wanted))
    assert list(timeline.tokens) == wanted


def test_a_text_that_does_not_fit_changes_nothing(opened: Opened) -> None:
    timeline = timeline_of("1", opened, prompt=20)
    before = list(timeline.tokens)
    with pytest.raises(ContextFullError):
        list(timeline.edit([0] * 33))
    with pytest.raises(TokenError):
        list(timeline.edit([]))
    assert list(timeline.tokens) == before
    assert timeline.state.tokens_seen == 20


# Forks


@one_kind_of_each_formula
def test_a_fork_and_its_origin_do_not_disturb_each_other(kind: str, opened: Opened) -> None:
    origin = timeline_of(kind, opened, prompt=8, written=14)
    at_the_end, after = origin.state.clone(), origin.memory_bytes
    fork = origin.fork(12)
    assert origin.memory_bytes <= after + 2 * origin.state.nbytes, "the past is shared, not copied"
    fork.append(3)
    origin.rewind(10)
    origin.append(4)
    assert list(fork.tokens) == [*long_text(kind, 12), 3]
    assert list(origin.tokens) == [*long_text(kind, 10), 4]
    for timeline in (fork, origin):
        fresh = opened(kind).new_state()
        opened(kind).forward(timeline.tokens, fresh)
        assert close(timeline.state, fresh)
    assert at_the_end.tokens_seen == 22


def test_a_fork_with_another_token_knows_what_that_token_was_worth(opened: Opened) -> None:
    origin = timeline_of("4", opened, prompt=5, written=30)
    old = origin.records()[20]
    second = old.alternatives[1]
    fork = origin.fork_with(20, second.token)
    record = fork.records()[20]
    assert (record.token, record.rank, record.written) == (second.token, 2, True)
    assert record.logprob == pytest.approx(second.logprob)
    assert record.entropy == pytest.approx(old.entropy)
    assert fork.records()[:20] == origin.records()[:20]
    fresh = opened("4").new_state()
    opened("4").forward([*origin.tokens[:20], second.token], fresh)
    assert close(fork.state, fresh)


def test_a_token_put_at_the_end_is_read_when_it_is_needed(opened: Opened) -> None:
    origin = timeline_of("4", opened, prompt=5, written=3)
    fork = origin.fork_with(8, 9)
    assert not fork.ready
    assert fork.state.tokens_seen == 9
    assert fork.tokens[-1] == 9
    assert origin.state.tokens_seen == 8


def test_forgetting_everything_gives_the_memory_back(opened: Opened) -> None:
    origin = timeline_of("5.2", opened, prompt=20, written=60)
    fork = origin.fork(40)
    fork.append(1)
    fork.records()
    origin.rewind(0)
    assert origin.memory_bytes > 0
    assert origin.record_bytes > 0
    del fork
    assert (origin.memory_bytes, origin.record_bytes) == (0, 0)


# The budget


@pytest.mark.parametrize("kind", ["1", "3-copy", "4", "4b", "6.0"])
def test_the_budget_holds_while_a_text_grows(kind: str, opened: Opened) -> None:
    """Room for twelve checkpoints, and where the state grows for 400 rows of what grows."""
    long: dict[str, Any] = {"ctx_len": 400} if kind in ("1", "3-copy", "4b") else {}
    model = opened(kind, **long)
    blank = model.new_state()
    growing = [t for part in (*blank.layers, blank.shared) for t in part.values() if not len(t)]
    budget = 12 * (blank.nbytes + 4 * model.sizes.vocab_size) + 400 * sum(4 * max(t.shape[-1], 2) for t in growing)
    timeline = Timeline(model, BYTES, budget)
    for token in long_text(kind, 390):
        timeline.append(token)
        assert timeline.memory_bytes <= budget
    gaps = [b - a for a, b in itertools.pairwise((0, *timeline.checkpoints, len(timeline)))]
    assert max(gaps) <= 8 * SPACING
    fresh = model.new_state()
    model.forward(timeline.tokens[:200], fresh)
    assert close(timeline.state_at(200)[0], fresh)


def test_growing_states_are_not_stored_again_and_again(opened: Opened) -> None:
    """Each checkpoint of version 1 holds all keys; kept whole, they would take the square of the text's length."""
    model = opened("1", ctx_len=400)
    timeline = Timeline(model, BYTES, 2**30)
    for token in long_text("1", 390):
        timeline.append(token)
    timeline.keep()
    assert len(timeline.checkpoints) > 20
    fixed = model.new_state().nbytes + 4 * model.sizes.vocab_size
    assert timeline.memory_bytes < timeline.state.nbytes + len(timeline.checkpoints) * fixed


def test_a_smaller_budget_thins_at_once_and_oldest_first(opened: Opened) -> None:
    timeline = timeline_of("4", opened, written=400)
    many, taken = timeline.checkpoints, timeline.memory_bytes
    timeline.budget = taken // 2
    assert timeline.memory_bytes <= taken // 2
    assert set(timeline.checkpoints) < set(many)
    assert timeline.checkpoints[-1] == many[-1]
    gaps = [b - a for a, b in itertools.pairwise((0, *timeline.checkpoints))]
    assert max(gaps) <= 4 * SPACING
    assert gaps[0] >= gaps[-1]


def test_all_forks_share_one_budget(opened: Opened) -> None:
    budget = 40_000
    origin = timeline_of("4", opened, written=100, budget=budget)
    forks = [origin.fork(50 + i) for i in range(5)]
    for fork in forks:
        for token in long_text("4", 100):
            fork.append(token)
        assert origin.memory_bytes <= budget
    for fork in forks:
        fresh = opened("4").new_state()
        opened("4").forward(fork.tokens[:120], fresh)
        assert close(fork.state_at(120)[0], fresh)


# Edited states


def test_generation_goes_on_from_an_edited_state_and_remembers_it(opened: Opened) -> None:
    timeline = timeline_of("4", opened, prompt=10, written=10, budget=0)
    edited = timeline.state.clone()
    edited.layers[1]["att.numerator"].zero_()
    timeline.replace_state(edited)
    for token in long_text("4", 30):
        timeline.append(token)
    opened("4").forward(long_text("4", 30)[:20], edited)
    assert close(timeline.state_at(40)[0], edited)
    assert list(timeline.checkpoints) == [20], "no budget takes an edit away"
    timeline.rewind(19)
    assert list(timeline.checkpoints) == []


def test_a_state_of_another_model_is_refused(opened: Opened) -> None:
    timeline = timeline_of("4", opened, prompt=10)
    with pytest.raises(StateError):
        timeline.replace_state(opened("5.2").new_state())


# Records


@every_kind
def test_records_say_what_the_model_thought(kind: str, opened: Opened) -> None:
    """Against probabilities in float64 from logits that are read token by token."""
    tokens = text_of(kind, 24)
    timeline = Timeline(opened(kind), BYTES)
    list(timeline.read(tokens[:10]))
    for token in tokens[10:]:
        timeline.append(token)
    list(timeline.measure(0, len(timeline)))
    records = timeline.records()
    assert (records[0].logprob, records[0].rank, records[0].alternatives) == (None, None, ())
    state = opened(kind).new_state()
    logits = [opened(kind).forward([token], state) for token in tokens]
    for record, before in zip(records[1:], logits, strict=False):
        chances = torch.softmax(before.double(), 0).numpy()
        assert record.measured
        assert record.logprob == pytest.approx(math.log(chances[record.token]), rel=1e-3, abs=1e-3)
        assert record.rank is not None
        order = np.argsort(-chances)
        assert abs(chances[order[record.rank - 1]] - chances[record.token]) < 1e-4
        assert record.entropy == pytest.approx(-(chances * np.log(chances)).sum(), rel=1e-3)
        assert [a.logprob for a in record.alternatives] == pytest.approx(
            np.log(chances[order[:10]]), rel=1e-3, abs=1e-3
        )
        assert all(a.data == BYTES.bytes_of(a.token) for a in record.alternatives)
    assert [r.token for r in records] == tokens
    assert [r.written for r in records] == [False] * 10 + [True] * 14


@one_kind_of_each_formula
@pytest.mark.parametrize("live", [True, False])
def test_the_change_of_memory_is_that_of_the_frames(kind: str, live: bool, opened: Opened) -> None:
    tokens = text_of(kind, 24)
    timeline = Timeline(opened(kind), BYTES)
    timeline.keeps_changes = live
    for token in tokens:
        timeline.append(token)
    if not live:
        assert timeline.records()[3].change == ()
        list(timeline.measure(0, 24, changes=True))
    state = opened(kind).new_state()
    for record in timeline.records():
        before = [None if m is None else m.clone() for m in memories(state)]
        opened(kind).forward([record.token], state)
        expected = activity(before, memories(state)).values
        assert np.allclose(record.change, expected, rtol=1e-3, equal_nan=True), record.index


def test_a_prompt_can_be_measured_while_it_is_read(opened: Opened) -> None:
    tokens = long_text("4", 150)
    at_once, later = Timeline(opened("4"), BYTES), Timeline(opened("4"), BYTES)
    list(at_once.read(tokens, measure=True))
    list(later.read(tokens))
    assert [r.measured for r in later.records()].count(True) == 2, "the first token of each later chunk"
    list(later.measure(0, 150))
    for one, other in zip(at_once.records(), later.records(), strict=True):
        assert one.rank == other.rank
        assert (one.logprob or 0.0) == pytest.approx(other.logprob or 0.0, rel=1e-4)
    state = at_once.state.clone()
    assert same(at_once.state_at(150)[0], state)
    at_once.rewind(149)
    at_once.append(tokens[149])
    assert close(at_once.state, state)


def test_measuring_again_reads_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = timeline_of("4", opened, prompt=70, written=5)
    told = list(timeline.measure(0, 75))
    assert isinstance(told[-1], Progress)
    assert told[-1].done == told[-1].total
    read = counted(timeline, monkeypatch)
    assert list(timeline.measure(0, 75)) == []
    assert read == []


def test_texts_of_records_join_to_the_text(opened: Opened) -> None:
    timeline = Timeline(opened("4", vocab=256), BYTES)
    text = "né😀 \u4e2d"
    for byte in text.encode():
        timeline.append(byte)
    timeline.append(0xE4)
    records = timeline.records()
    assert "".join(r.text for r in records) == text
    assert [r.text for r in timeline.records(1, 8)] == ["", "é", "", "", "", "😀", " "]
    for n in range(len(records)):
        assert "".join(r.text for r in timeline.records(n)) == "".join(r.text for r in records[n:])
    assert timeline.text() == text + "\ufffd"
    assert timeline.unfinished == b"\xe4"
    timeline.rewind(5)
    assert timeline.unfinished == "😀".encode()[:2]
    timeline.rewind(3)
    assert timeline.unfinished == b""
