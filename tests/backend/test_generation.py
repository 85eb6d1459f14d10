"""Writing, with a model and a tokenizer made of a few lines each: what is told, what the state has read, how it ends."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rwkv_backend import generation
from rwkv_backend.errors import ContextFullError, RWKVError, SettingError, TokenError
from rwkv_backend.generation import StopMatcher, Writer, generate, read_prompt
from rwkv_backend.records import Finished, Progress, Step, StopReason
from rwkv_backend.sampling import Sampler, SamplingParams

END = 256
START = 257
BLANK_LINE = 258
VOCABULARY = 260
"""Ids 0 to 255 are bytes; 259 stands for no text."""

GREEDY = SamplingParams(temperature=0.0, presence=0.0, frequency=0.0, seed=0)
FREE = SamplingParams(temperature=1.0, top_p=1.0, seed=7)


@dataclass
class FakeState:
    tokens: list[int] = field(default_factory=list)

    @property
    def tokens_seen(self) -> int:
        return len(self.tokens)


@dataclass
class FakeModel:
    """Its state is the list of tokens read; `logits_after` makes the logits from it. Remembers the chunks it was given."""

    logits_after: Callable[[list[int]], Tensor]
    max_tokens: int | None = None
    chunks: list[list[int]] = field(default_factory=list)
    with_gradients: bool = False

    def new_state(self) -> FakeState:
        return FakeState()

    def forward(self, tokens: list[int], state: FakeState) -> Tensor:
        if self.max_tokens is not None and state.tokens_seen + len(tokens) > self.max_tokens:
            raise ContextFullError("All positions are used.")
        self.chunks.append(tokens)
        self.with_gradients |= torch.is_grad_enabled()
        state.tokens.extend(tokens)
        return self.logits_after(state.tokens)


class FakeTokenizer:
    size = VOCABULARY
    end_of_text: int | None = END
    start: int | None = None

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def bytes_of(self, token: int) -> bytes:
        return b"\n\n" if token == BLANK_LINE else bytes([token]) if token < 256 else b""


TOKENIZER = FakeTokenizer()


def ids(text: str) -> list[int]:
    return TOKENIZER.encode(text)


def says(*answer: int, prompt: str = "Q") -> FakeModel:
    """A model that after `prompt` surely writes these tokens."""
    read = len(ids(prompt))

    def logits(tokens: list[int]) -> Tensor:
        place = len(tokens) - read
        wanted = answer[place] if 0 <= place < len(answer) else END
        return torch.full((VOCABULARY,), -20.0).index_fill(0, torch.tensor([wanted]), 0.0)

    return FakeModel(logits)


def babbles(max_tokens: int | None = None) -> FakeModel:
    """A model whose logits are made up from all that it has read: any other history, other logits."""

    def logits(tokens: list[int]) -> Tensor:
        digest = hashlib.sha256(repr(tokens).encode()).digest()
        numbers = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        made = torch.randn(VOCABULARY, generator=numbers)
        return made.index_fill(0, torch.tensor([END]), -math.inf)

    return FakeModel(logits, max_tokens)


@dataclass
class Told:
    """All that a generation told, sorted."""

    progress: list[Progress]
    steps: list[Step]
    finished: Finished

    @property
    def texts(self) -> list[str]:
        return [step.text for step in self.steps]


def listen(events: Iterator[generation.Event]) -> Told:
    told = list(events)
    ends = [event for event in told if isinstance(event, Finished)]
    assert len(ends) == 1
    assert told[-1] is ends[0]
    steps = [event for event in told if isinstance(event, Step)]
    progress = [event for event in told if isinstance(event, Progress)]
    assert told == [*progress, *steps, *ends]
    assert [step.index for step in steps] == list(range(len(steps)))
    assert "".join(step.text for step in steps) + ends[0].rest == ends[0].text
    assert tuple(step.token for step in steps) == ends[0].tokens
    assert tuple(step.logprob for step in steps) == ends[0].logprobs
    return Told(progress, steps, ends[0])


def write(model: FakeModel, prompt: str | Sequence[int] = "Q", **settings: Any) -> Told:
    settings = {"params": GREEDY, **settings}
    if "sampler" in settings:
        del settings["params"]
    return listen(generate(model, TOKENIZER, prompt, **settings))


# What is told


def test_each_token_is_a_step_and_the_end_comes_last() -> None:
    told = write(says(*ids("Hi!")))
    assert told.texts == ["H", "i", "!"]
    assert [step.data for step in told.steps] == [b"H", b"i", b"!"]
    assert told.finished.text == "Hi!"
    assert told.finished.reason == "end of text"
    assert told.finished.prompt_tokens == 1


def test_a_character_spread_over_tokens_appears_whole() -> None:
    told = write(says(*ids("né😀")))
    assert told.texts == ["n", "", "é", "", "", "", "😀"]


def test_a_character_cut_off_at_the_end_is_shown_as_unknown() -> None:
    told = write(says(*ids("a😀")), max_tokens=3)
    assert told.texts == ["a", "", ""]
    assert told.finished.rest == "\ufffd"


def test_a_token_without_text_shows_nothing() -> None:
    assert write(says(259, *ids("x"))).texts == ["", "x"]


def test_logprobs_and_alternatives_are_the_models_own() -> None:
    logits = torch.full((VOCABULARY,), -math.inf)
    logits[ord("a")], logits[ord("b")], logits[ord("c")] = math.log(0.5), math.log(0.3), math.log(0.2)
    told = write(FakeModel(lambda _: logits), max_tokens=2, alternatives=2, params=replace(GREEDY, presence=1.0))
    first, second = told.steps
    assert (first.token, second.token) == (ord("a"), ord("b"))
    assert second.logprob == pytest.approx(math.log(0.3))
    for step in told.steps:
        assert [alternative.data for alternative in step.alternatives] == [b"a", b"b"]
        assert [alternative.logprob for alternative in step.alternatives] == pytest.approx(
            [math.log(0.5), math.log(0.3)]
        )


def test_a_step_tells_the_probability_after_the_cuts() -> None:
    told = write(babbles(), max_tokens=3, params=replace(FREE, top_k=1))
    assert [step.probability for step in told.steps] == [1.0, 1.0, 1.0]
    assert all(step.logprob < math.log(0.5) for step in told.steps)


def test_speeds_count_the_work_and_not_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("rwkv_backend.generation.time.perf_counter", lambda: next(clock) * 0.25)
    told = write(says(*ids("abcd"), prompt="x" * 130), "x" * 130)
    assert [p.done for p in told.progress] == [0, 64, 128, 130]
    assert [p.seconds for p in told.progress] == [0.0, 0.25, 0.5, 0.75]
    assert [step.tokens_per_second for step in told.steps] == [4.0] * 4
    assert told.finished.tokens_per_second == 4.0
    assert told.finished.prompt_tokens_per_second == pytest.approx(130 / 0.75)


def test_the_model_reads_without_gradients_and_the_listener_keeps_them() -> None:
    model = says(*ids("ab"))
    for _ in generate(model, TOKENIZER, "Q", params=GREEDY):
        assert torch.is_grad_enabled()
    assert not model.with_gradients


# Where the state is


def test_the_state_has_read_the_prompt_and_the_written_tokens_at_every_event() -> None:
    model, state = babbles(), FakeState()
    prompt = ids("x" * 100)
    written: list[int] = []
    for event in generate(model, TOKENIZER, prompt, state=state, params=FREE, max_tokens=5):
        if isinstance(event, Progress):
            assert state.tokens == prompt[: event.done]
        if isinstance(event, Step):
            written.append(event.token)
            assert state.tokens == prompt + written
    assert len(written) == 5
    assert state.tokens == prompt + written


ENDINGS: list[tuple[FakeModel, dict[str, Any], StopReason]] = [
    (says(*ids("abc")), {}, "end of text"),
    (says(*ids("abc")), {"max_tokens": 2}, "length"),
    (says(*ids("abc")), {"max_tokens": 0}, "length"),
    (says(*ids("abc")), {"stop": ["b"]}, "stop string"),
    (replace(says(*ids("abc")), max_tokens=3), {}, "context full"),
    (replace(says(*ids("abc")), max_tokens=1), {}, "context full"),
]


@pytest.mark.parametrize(("model", "settings", "reason"), ENDINGS)
def test_however_it_ends_the_state_has_read_prompt_and_tokens(
    model: FakeModel, settings: dict[str, Any], reason: StopReason
) -> None:
    state = FakeState()
    told = write(model, state=state, **settings)
    assert told.finished.reason == reason
    assert state.tokens == ids("Q") + list(told.finished.tokens)


def test_the_end_of_text_is_neither_read_nor_among_the_tokens() -> None:
    state = FakeState()
    told = write(says(*ids("a"), END, *ids("b")), state=state)
    assert told.finished.tokens == (ord("a"),)
    assert state.tokens == ids("Qa")


def test_a_full_model_keeps_the_text_so_far() -> None:
    told = write(replace(says(*ids("abcdef")), max_tokens=4))
    assert told.finished.text == "abc"
    assert told.finished.reason == "context full"
    assert told.finished.detail == "All positions are used."


def test_a_prompt_that_does_not_fit_is_refused_before_anything_is_read() -> None:
    model, state = babbles(max_tokens=100), FakeState(ids("x" * 30))
    with pytest.raises(
        ContextFullError, match="The text has 71 tokens, but this model has 100 positions and 30 of them"
    ):
        write(model, "y" * 71, state=state)
    assert state.tokens == ids("x" * 30)
    assert model.chunks == []
    assert write(model, "y" * 70, state=state).finished.reason == "context full"


def test_closing_while_the_prompt_is_read_leaves_a_state_that_can_go_on() -> None:
    prompt = ids("x" * 200)
    whole = write(babbles(), prompt, params=FREE, max_tokens=10)
    model, state = babbles(), FakeState()
    events = generate(model, TOKENIZER, prompt, state=state, params=FREE, max_tokens=10)
    assert [getattr(next(events), "done", None) for _ in range(2)] == [0, 64]
    events.close()
    assert state.tokens == prompt[:64]
    rest = write(model, prompt[64:], state=state, params=FREE, max_tokens=10)
    assert rest.finished.tokens == whole.finished.tokens


def test_closing_while_writing_stops_at_once_and_one_can_go_on_as_if_nothing_had_been() -> None:
    whole = write(babbles(), params=FREE, max_tokens=12)
    model, sampler = babbles(), Sampler(FREE)
    writer = Writer(model, TOKENIZER, sampler=sampler, max_tokens=12)
    events = writer.run(writer.spell("Q"))
    steps = [event for event in (next(events) for _ in range(7)) if isinstance(event, Step)]
    events.close()
    assert len(model.chunks) == 1 + len(steps)
    assert writer.state.tokens == ids("Q") + [step.token for step in steps]
    stopped = writer.finished("stopped")
    assert stopped.reason == "stopped"
    assert stopped.tokens == tuple(step.token for step in steps)
    rest = write(model, [], state=writer.state, logits=writer.logits, sampler=sampler, max_tokens=12 - len(steps))
    assert stopped.tokens + rest.finished.tokens == whole.finished.tokens


def test_going_on_without_a_prompt_needs_the_logits() -> None:
    with pytest.raises(TokenError, match="prompt is empty"):
        write(babbles(), "", state=FakeState(ids("Q")))


def test_a_refused_prompt_leaves_the_logits_for_another_try() -> None:
    model = babbles(max_tokens=10)
    writer = Writer(model, TOKENIZER, sampler=Sampler(FREE), max_tokens=3)
    list(writer.run(ids("Q")))
    logits = writer.logits
    with pytest.raises(ContextFullError):
        list(writer.run(ids("x" * 10)))
    assert writer.logits is logits


def test_same_prompt_and_seed_give_the_same_text_after_any_history() -> None:
    model = babbles()
    first = write(model, params=FREE, max_tokens=20).finished
    write(model, "something else", params=replace(FREE, seed=3), max_tokens=20)
    generate(model, TOKENIZER, "never begun", params=FREE).close()
    again = write(model, params=FREE, max_tokens=20).finished
    assert again.tokens == first.tokens
    assert write(model, params=replace(FREE, seed=8), max_tokens=20).finished.tokens != first.tokens


def test_the_end_tells_a_seed_with_which_the_text_comes_again() -> None:
    model = babbles()
    first = write(model, params=replace(FREE, seed=None), max_tokens=20).finished
    assert write(model, params=replace(FREE, seed=first.seed), max_tokens=20).finished.tokens == first.tokens


def test_a_sampler_that_goes_on_keeps_its_counts() -> None:
    sampler = Sampler(GREEDY)
    model = says(*ids("aab"))
    write(model, sampler=sampler)
    write(model, sampler=sampler)
    assert set(sampler.counts) == set(ids("ab"))
    assert sampler.counts[ord("a")] > 3.9


# The prompt


def test_read_prompt_tells_each_chunk_and_returns_the_logits() -> None:
    model, state = babbles(), FakeState()
    reading = read_prompt(model, state, ids("x" * 100), chunk=40)
    done = []
    while True:
        try:
            done.append(next(reading).done)
        except StopIteration as end:
            logits = end.value
            break
    assert done == [0, 40, 80, 100]
    assert [len(chunk) for chunk in model.chunks] == [40, 40, 20]
    assert torch.equal(logits, model.logits_after(ids("x" * 100)))


class StartingTokenizer(FakeTokenizer):
    start = START


@pytest.mark.parametrize(
    ("prompt", "before", "add_start", "read"),
    [
        ("Q", [], True, [START, *ids("Q")]),
        ("", [], True, [START]),
        ("Q", ids("x"), True, ids("Q")),
        ("Q", [], False, ids("Q")),
        (ids("Q"), [], True, ids("Q")),
    ],
)
def test_the_start_token_stands_before_a_text_that_begins_everything(
    prompt: str | list[int], before: list[int], add_start: bool, read: list[int]
) -> None:
    state = FakeState(list(before))
    listen(generate(babbles(), StartingTokenizer(), prompt, state=state, max_tokens=0, add_start=add_start))
    assert state.tokens == before + read


def test_a_text_that_begins_with_the_start_token_gets_no_second_one() -> None:
    class Lines(FakeTokenizer):
        start = ord("\n")

    state = FakeState()
    listen(generate(babbles(), Lines(), "\nOnce", state=state, max_tokens=0))
    assert state.tokens == ids("\nOnce")


# Errors


def test_no_numbers_from_the_model_is_an_error_and_the_text_before_was_told() -> None:
    model = says(*ids("ab"))
    good = model.logits_after
    model.logits_after = lambda tokens: good(tokens) if len(tokens) < 3 else torch.full((VOCABULARY,), math.nan)
    events = generate(model, TOKENIZER, "Q", params=GREEDY)
    told = [event.text for event in (next(events) for _ in range(4)) if isinstance(event, Step)]
    assert told == ["a", "b"]
    with pytest.raises(RWKVError, match="no numbers"):
        next(events)


def test_bad_settings_are_refused_before_the_first_event() -> None:
    with pytest.raises(SettingError, match="number of tokens to write"):
        generate(babbles(), TOKENIZER, "Q", max_tokens=-1)
    with pytest.raises(SettingError, match="must not be empty"):
        generate(babbles(), TOKENIZER, "Q", stop=["\n", ""])


# Stop strings


def test_a_stop_string_is_never_shown_not_even_in_part() -> None:
    told = write(says(*ids("Hi\n\nUser: you")), stop=["\n\nUser:"])
    assert told.texts == ["H", "i", *[""] * 7]
    assert told.finished.text == "Hi"
    assert told.finished.tail == "\n\nUser:"
    assert (told.finished.reason, told.finished.detail) == ("stop string", "\n\nUser:")


def test_what_only_looked_like_a_stop_string_is_shown_once_that_is_certain() -> None:
    told = write(says(*ids("a\nb\n")), stop=["\n\n"])
    assert told.texts == ["a", "", "\nb", ""]
    assert told.finished.rest == "\n"
    assert told.finished.text == "a\nb\n"


def test_text_held_back_is_shown_when_the_length_is_reached() -> None:
    told = write(says(*ids("a\nb")), stop=["\n\n"], max_tokens=2)
    assert told.finished.text == "a\n"


def test_the_text_before_a_stop_string_in_the_same_token_is_shown() -> None:
    class Words(FakeTokenizer):
        def bytes_of(self, token: int) -> bytes:
            return b"end.\n\nBob" if token == 65 else super().bytes_of(token)

    told = listen(generate(says(*ids("x"), 65), Words(), "Q", params=GREEDY, stop=["\n\n"]))
    assert told.texts == ["x", "end."]
    assert told.finished.tail == "\n\nBob"


def test_a_stop_string_may_be_one_token() -> None:
    told = write(says(*ids("a"), BLANK_LINE, *ids("b")), stop=["\n\n"])
    assert told.finished.text == "a"
    assert told.finished.tokens == (ord("a"), BLANK_LINE)


PIECES = st.lists(st.text("ab\n", max_size=5), max_size=12)
STOPS = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=4)


def first_stop(text: str, stops: list[str]) -> int | None:
    """Where the first complete stop string begins, found the slow way: by looking at every beginning of the text."""
    for end in range(1, len(text) + 1):
        found = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if found:
            return min(found)
    return None


@settings(deadline=None)
@given(PIECES, STOPS)
def test_all_that_is_shown_is_the_text_up_to_the_first_stop_string(pieces: list[str], stops: list[str]) -> None:
    matcher, text = StopMatcher(stops), "".join(pieces)
    shown = "".join(matcher.feed(piece) for piece in pieces) + matcher.finish()
    place = first_stop(text, stops)
    assert shown == text[:place]
    assert not any(stop in shown for stop in stops)
    assert matcher.tail == ("" if place is None else text[place:])
    assert (matcher.found is None) == (place is None)
    assert matcher.found is None or matcher.tail.startswith(matcher.found)


@settings(deadline=None)
@given(PIECES, STOPS, st.text("ab\n", max_size=6))
def test_nothing_shown_can_turn_out_to_belong_to_a_stop_string(pieces: list[str], stops: list[str], more: str) -> None:
    matcher = StopMatcher(stops)
    shown = "".join(matcher.feed(piece) for piece in pieces)
    if matcher.found is None:
        place = first_stop("".join(pieces) + more, stops)
        assert place is None or len(shown) <= place


@settings(deadline=None)
@given(PIECES, STOPS)
def test_as_much_is_shown_as_is_certain(pieces: list[str], stops: list[str]) -> None:
    """What is held back is the beginning of a stop string, so nothing waits without a reason."""
    matcher = StopMatcher(stops)
    shown = "".join(matcher.feed(piece) for piece in pieces)
    if matcher.found is None:
        held = "".join(pieces)[len(shown) :]
        assert not held or any(stop.startswith(held) for stop in stops)


@settings(deadline=None)
@given(st.text("ab\n", max_size=20), STOPS, st.lists(st.integers(0, 20), max_size=6))
def test_it_makes_no_difference_how_the_text_was_cut(text: str, stops: list[str], cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(edges)]
    whole, parts = StopMatcher(stops), StopMatcher(stops)
    assert "".join(map(parts.feed, pieces)) + parts.finish() == whole.feed(text) + whole.finish()
    assert (parts.found, parts.tail) == (whole.found, whole.tail)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*ids("ab\n"), BLANK_LINE, 0xC3, 0xA9, 259]), max_size=15), STOPS)
def test_a_generation_shows_what_the_matcher_would(answer: list[int], stops: list[str]) -> None:
    """With tokens that hold half a character, none or two: the text is that of all bytes, up to the first stop string."""
    told = write(says(*answer), stop=stops)
    text = b"".join(map(TOKENIZER.bytes_of, answer)).decode(errors="replace")
    assert told.finished.text == text[: first_stop(text, stops)]


def test_a_model_reads_in_chunks_of_its_own_size() -> None:
    model = babbles()
    model.chunk = 25  # type: ignore[attr-defined]
    reading = read_prompt(model, FakeState(), ids("x" * 60))
    assert [progress.done for progress in reading] == [0, 25, 50, 60]
