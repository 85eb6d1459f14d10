"""The numbers: against `eval`, against `trace`, and against slower ways of computing them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rwkv_backend import cli
from rwkv_backend.compare import byte_loss, needle, tasks
from rwkv_backend.decay import half_life
from rwkv_backend.errors import SettingError
from rwkv_backend.loading import open_model
from rwkv_backend.probe import Probe
from rwkv_backend.tokenizers import load_tokenizer
from tests.backend.compare.helpers import SMALL, TEXT, result_of
from tests.shared import Opened, Saved, every_kind, expected, room_of

BYTES = load_tokenizer("bytes")


# The text


@pytest.mark.parametrize("kind", ["1", "2", "4", "5.2", "6.0", "7.0"])
def test_bits_per_byte_are_those_of_eval(
    kind: str, saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, text = saved(kind, vocab=256), tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    assert cli.main(["eval", str(file), str(text), "--window", "16", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = result_of(tasks.read_text(open_model(file), BYTES, TEXT, SMALL))
    first = found.readings[0]
    assert (first.bits_per_byte, first.nats_per_token) == (told["bits_per_byte"], told["nats_per_token"])
    assert (first.tokens, first.bytes, first.window) == (told["tokens"], told["bytes"], told["window"])


def test_surprise_is_that_of_the_reference(opened: Opened) -> None:
    """Tokens are bytes here, and the first is foreseen from a line break."""
    model = opened("4", vocab=256)
    found = result_of(tasks.read_text(model, BYTES, TEXT[:20], replace(SMALL, window=None)))
    data = list(TEXT[:20].encode())
    logits = expected("4", [10, *data], vocab=256)[:-1]
    nats = np.log(np.exp(logits).sum(1)) - logits[range(len(data)), data]
    np.testing.assert_allclose(found.surprise.nats, nats, rtol=1e-4)
    np.testing.assert_array_equal(found.surprise.starts, range(len(data)))
    np.testing.assert_array_equal(found.surprise.ends, range(1, len(data) + 1))


def test_each_context_is_a_reading_of_its_own_if_there_is_room(opened: Opened) -> None:
    unlimited = result_of(tasks.read_text(opened("4", vocab=256), BYTES, TEXT, SMALL))
    assert [r.window for r in unlimited.readings] == [16, 8, 24, 4000]
    limited = result_of(tasks.read_text(opened("1", vocab=256), BYTES, TEXT, SMALL))
    assert [r.window for r in limited.readings] == [16, 8, 24]
    alone = result_of(tasks.read_text(opened("4", vocab=256), BYTES, TEXT, replace(SMALL, window=8, contexts=())))
    assert alone.readings[0].nats == unlimited.readings[1].nats


def test_loss_by_byte_agrees_with_counting_byte_by_byte() -> None:
    random = np.random.default_rng(5)
    lengths = random.integers(0, 9, 400)
    ends = np.cumsum(lengths)
    starts, nats, window = ends - lengths, random.exponential(2.0, 400), 70
    found = byte_loss.loss_by_byte(nats, starts, ends, window)
    sums: dict[int, list[float]] = {}
    for token in range(400):
        first = starts[token // window * window]
        for byte in range(starts[token], ends[token]):
            place = byte - first
            bucket = 0 if place < 16 else int(math.log2(place)) - 3
            sums.setdefault(bucket, []).append(nats[token] / lengths[token] / math.log(2))
    np.testing.assert_array_equal(found.counts, [len(sums[b]) for b in sorted(sums)])
    np.testing.assert_allclose(found.bits, [np.mean(sums[b]) for b in sorted(sums)], rtol=1e-6)
    np.testing.assert_array_equal(found.starts[:4], [0, 16, 32, 64])
    np.testing.assert_array_equal(found.ends[:3], [16, 32, 64])
    spread = nats[lengths > 0].sum() / math.log(2) / lengths.sum()
    assert found.so_far[-1] == pytest.approx(spread, rel=1e-6)


def test_spans_follow_the_bytes_of_many_byte_tokens() -> None:
    world = load_tokenizer("world")
    tokens = world.encode(TEXT)
    starts, ends = byte_loss.spans(world, tokens, len(TEXT.encode()))
    data = TEXT.encode()
    assert [data[s:e] for s, e in zip(starts, ends, strict=True)] == [world.bytes_of(token) for token in tokens]


# Writing


def test_written_tokens_lie_where_their_bytes_are(opened: Opened) -> None:
    model = opened("5.2", vocab=256)
    written = result_of(tasks.write(model, BYTES, SMALL))
    assert len(written.logprobs) == len(written.starts) == 12
    assert written.starts[0] == 0
    np.testing.assert_array_equal(written.starts[1:], written.ends[:-1])
    assert (written.logprobs <= 0).all()
    assert written.text == result_of(tasks.write(model, BYTES, SMALL)).text


# Recall


def test_what_a_name_costs_agrees_with_reading_everything_at_once(opened: Opened) -> None:
    model = opened("6.0", vocab=256)
    (trial,) = needle.make_trials(TEXT, 3, 1, 40)
    spelled = needle.Spelled(BYTES, trial)
    _, found = needle.answers(model, spelled, spelled.introduction, [0, 9])
    whole = [*spelled.introduction, *spelled.filler[:9], *spelled.question, *spelled.name]
    with torch.no_grad():
        logits = model.forward(whole, model.new_state(), every=True).double()
    nats = torch.nn.functional.cross_entropy(
        logits[-len(spelled.name) - 1 : -1], torch.tensor(spelled.name), reduction="sum"
    )
    assert found.bits == pytest.approx(float(nats) / math.log(2), rel=1e-5)


def test_trials_come_from_the_seed_and_the_text_alone() -> None:
    assert needle.make_trials(TEXT, 1, 4, 50) == needle.make_trials(TEXT, 1, 4, 50)
    assert needle.make_trials(TEXT, 1, 4, 50) != needle.make_trials(TEXT, 2, 4, 50)
    assert all(len(t.tale) == 50 * needle.BYTES_A_TOKEN for t in needle.make_trials("Short.", 1, 4, 50))
    assert all(t.name != t.other for t in needle.make_trials(TEXT, 1, 50, 1))


def test_a_model_that_forgets_all_saves_nothing(opened: Opened) -> None:
    """With a state that is thrown away after the introduction, both introductions come to the same."""
    model = opened("4", vocab=256)
    (trial,) = needle.make_trials(TEXT, 3, 1, 40)
    spelled = needle.Spelled(BYTES, trial)
    said, unsaid = (needle.ask(model, model.new_state(), spelled) for _ in range(2))
    assert said == unsaid
    curve = result_of(needle.recall(model, BYTES, TEXT, SMALL))
    np.testing.assert_allclose(curve.saved, curve.unsaid - curve.said, rtol=1e-4, atol=1e-4)
    assert np.isfinite(curve.error).all()
    np.testing.assert_array_equal(curve.distances, [0, 5])
    np.testing.assert_array_equal(curve.bytes, [0, 5])


def test_a_copy_head_remembers_a_name_better_than_no_copy_head(opened: Opened) -> None:
    """A tiny model of random weights knows nothing, but what memory it has must show: the name changes the scores."""
    with_head = result_of(needle.recall(opened("3-copy", vocab=256, ctx_len=400), BYTES, TEXT, SMALL))
    assert np.abs(with_head.saved).max() > 1e-3


def test_a_model_without_room_for_any_distance_says_so(opened: Opened) -> None:
    with pytest.raises(SettingError, match="No distance"):
        result_of(needle.recall(opened("1", vocab=256), BYTES, TEXT, SMALL))


# Memory, speed, forgetting


@every_kind
def test_state_size_is_that_of_a_state_that_has_read_so_much(kind: str, opened: Opened) -> None:
    model = opened(kind)
    for count in {1, 7, min(30, room_of(kind) or 30)}:
        state = model.new_state()
        with torch.no_grad():
            model.forward([i % 5 for i in range(count)], state)
        assert tasks.state_bytes_after(model, count) == state.nbytes, count


def test_memory_is_told_up_to_where_room_ends(opened: Opened) -> None:
    found = result_of(tasks.weigh(opened("1"), SMALL))
    assert found.limit == 32
    assert found.tokens.tolist() == [1, 7, 30, 32]


def test_speed_is_measured_so_many_times(opened: Opened) -> None:
    found = result_of(tasks.time_speed(opened("1"), replace(SMALL, speed_prompt_tokens=500)))
    assert found.prompt.low <= found.prompt.median <= found.prompt.high
    assert (found.prompt_tokens, found.new_tokens, found.runs) == (30, 2, 2)


@pytest.mark.parametrize("kind", ["2", "4-ffnpre", "5.0", "5.2"])
def test_half_lives_are_those_of_the_decays_in_a_trace(kind: str, opened: Opened) -> None:
    model = opened(kind, vocab=256)
    found = result_of(tasks.look_at_decay(model, BYTES, TEXT))
    assert found.half_lives is not None
    for layer, row in enumerate(found.half_lives):
        kept = model.decay(layer)
        if kept is None:
            assert np.isnan(row).all()
        else:
            want = np.sort(half_life(kept.double().numpy().ravel()))[::-1]
            np.testing.assert_allclose(row, want, rtol=1e-5)


@pytest.mark.parametrize("kind", ["6.0", "7.0"])
def test_decays_that_each_token_decides_are_averaged_over_tokens(kind: str, opened: Opened) -> None:
    """Against reading token by token, as a trace does, and taking the mean of the logarithms."""
    model = opened(kind, vocab=256)
    found = result_of(tasks.look_at_decay(model, BYTES, TEXT[:30]))
    assert found.half_lives is not None
    assert found.by_token
    state, logs = model.new_state(), []
    for token in tasks.corpus_tokens(BYTES, TEXT[:30]):
        probe = Probe("att.decay")
        with torch.no_grad():
            model.forward([token], state, probe=probe)
        kept = model.decay(1, probe)
        assert kept is not None
        with np.errstate(divide="ignore"):  # a token may wipe a channel out
            logs.append(np.log(kept.double().numpy().ravel()))
    want = np.sort(half_life(np.exp(np.mean(logs, axis=0))))[::-1]
    np.testing.assert_allclose(found.half_lives[1], want, rtol=1e-3)


def test_version_1_shows_its_weights_by_distance(opened: Opened) -> None:
    found = result_of(tasks.look_at_decay(opened("1", vocab=256), BYTES, TEXT))
    assert found.half_lives is None
    assert found.by_distance is not None
    assert found.by_distance.shape == (3, 32)
    assert found.by_distance.max() == 1
