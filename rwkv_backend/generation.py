"""Reading a prompt and writing after it, as generators: each yields what has happened, and closing it stops the work.

    for event in generate(model, tokenizer, "Once upon a time"):
        ...    # Progress while the prompt is read, a Step for each token, one Finished at the end

There are no threads here. Between any two events the state is whole: it has read the part of the prompt that the last
Progress counts and the tokens of all steps so far, not more and not less. To keep it so, a token is read before its
step is told. Hence one can go on at once from the state that a closed or finished generation leaves behind.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rwkv_backend.errors import ContextFullError, SettingError, TokenError
from rwkv_backend.later import torch
from rwkv_backend.records import Alternative, Finished, Progress, Step, StopReason
from rwkv_backend.sampling import Draw, Sampler, SamplingParams, top_alternatives
from rwkv_backend.tokenizers.base import TextStream

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 64
"""Prompt tokens read at once, unless the model has a `chunk` of its own: the longest wait for a stop while reading.

Fixed, as another split rounds differently.
"""

RECENT = 32
"""Tokens over which the speed of writing is averaged."""

Event = Progress | Step | Finished


class ReadState(Protocol):
    """What a model remembers; here only how much it has read matters."""

    @property
    def tokens_seen(self) -> int: ...


S = TypeVar("S", bound=ReadState)


class LanguageModel(Protocol[S]):
    """What writing needs of a model. `forward` advances the state, all at once or not at all; logits (V,)."""

    @property
    def max_tokens(self) -> int | None: ...

    def new_state(self) -> S: ...

    def forward(self, tokens: list[int], state: S, /) -> Tensor: ...


class Speller(Protocol):
    """What writing needs of a tokenizer."""

    @property
    def end_of_text(self) -> int | None: ...

    @property
    def start(self) -> int | None: ...

    def encode(self, text: str, /) -> list[int]: ...

    def bytes_of(self, token: int, /) -> bytes: ...


def read_prompt(
    model: LanguageModel[S],
    state: S,
    tokens: Sequence[int],
    chunk: int | None = None,
    known: int = 0,
    pauses: Sequence[int] = (),
) -> Generator[Progress, None, Tensor]:
    """Read `tokens` in chunks and tell how far it is after each; returns the logits (V,) after the last token.

    chunk   tokens in each; None: what suits the model
    known   tokens before these that were known already; Progress counts them as done
    pauses  numbers of `tokens` after which a chunk ends too, for those who want the state there

    Closed between two chunks, it leaves a state that has read what the last Progress counts. Raises ContextFullError
    before it reads anything if there is not room for all, and TokenError if there is nothing to read.
    """
    if not tokens:
        raise nothing_to_read()
    require_room(model, state, len(tokens))
    total = known + len(tokens)
    yield Progress(known, total, "tokens", known=known)
    seconds = 0.0
    size = chunk or int(getattr(model, "chunk", CHUNK))
    for start, end in _stretches(len(tokens), size, pauses):
        began = time.perf_counter()
        logits = _forward(model, tokens[start:end], state)
        seconds += time.perf_counter() - began
        yield Progress(known + end, total, "tokens", seconds, known)
    return logits


def _stretches(total: int, chunk: int, pauses: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for pause in (*sorted(pause for pause in pauses if pause < total), total):
        while start < pause:
            end = min(start + chunk, pause)
            yield start, end
            start = end


def generate(
    model: LanguageModel[S],
    tokenizer: Speller,
    prompt: str | Sequence[int],
    *,
    state: S | None = None,
    logits: Tensor | None = None,
    params: SamplingParams | None = None,
    sampler: Sampler | None = None,
    max_tokens: int = 256,
    stop: Sequence[str] = (),
    alternatives: int = 0,
    add_start: bool = True,
) -> Generator[Event, None, None]:
    """Read `prompt` and write up to `max_tokens` tokens after it.

    Yields Progress while the prompt is read, a Step for each written token, and exactly one Finished last. It ends at
    the tokenizer's end of text (which the state does not read, so that a chat can go on), at the first of the `stop`
    strings to be complete (never shown, not even in part; the state has read it), at `max_tokens`, or when the model
    has no room left. A closed generator yields no Finished.

    state         goes on from there and is advanced in place; None: from the beginning
    logits        those after what `state` has read, to go on without a prompt (`Writer.logits` keeps them)
    sampler       one that goes on drawing and counting; then its own settings apply and `params` must be left out
    alternatives  how many of the likeliest tokens each Step lists
    add_start     put the tokenizer's `start` token before a text that a fresh state reads, unless it begins with it; a
                  prompt given as tokens is read as it is

    Raises ContextFullError for a prompt that does not fit, TokenError for an empty one, SettingError for bad settings.
    """
    writer = Writer(
        model,
        tokenizer,
        state=state,
        logits=logits,
        sampler=_one_sampler(params, sampler),
        max_tokens=max_tokens,
        stop=stop,
        alternatives=alternatives,
    )
    return writer.run(writer.spell(prompt, add_start))


def _one_sampler(params: SamplingParams | None, sampler: Sampler | None) -> Sampler:
    assert params is None or sampler is None, "a sampler brings its own settings"
    return sampler if sampler is not None else Sampler(params)


class Writer(Generic[S]):
    """One text being written: what `generate` runs, for those who want to look at it in between or after a stop.

    Between two events `state` has read the prompt (or its part so far) and `tokens`, and `logits` are those after them;
    None before the prompt is read. When stopped, `finished("stopped")` is the end that `run` could not yield any more.
    """

    def __init__(
        self,
        model: LanguageModel[S],
        tokenizer: Speller,
        *,
        sampler: Sampler,
        max_tokens: int,
        state: S | None = None,
        logits: Tensor | None = None,
        stop: Sequence[str] = (),
        alternatives: int = 0,
        unfinished: bytes = b"",
        known: int = 0,
        pauses: Sequence[int] = (),
    ) -> None:
        """unfinished: the bytes of a character that the text before has begun, where its end is gone on from.

        known, pauses: for reading the prompt, see `read_prompt`
        """
        if max_tokens < 0:
            raise SettingError(f"The number of tokens to write must be 0 or more; {max_tokens} was given.")
        self.model = model
        self.tokenizer = tokenizer
        self.sampler = sampler
        self.max_tokens = max_tokens
        self.alternatives = alternatives
        self.state = model.new_state() if state is None else state
        self.logits = logits
        self.tokens: list[int] = []
        self._logprobs: list[float] = []
        self._shown: list[str] = []
        self._characters = TextStream()
        self._characters.feed(unfinished)
        self._stops = StopMatcher(stop)
        self._ended: tuple[StopReason, str] | None = None
        self._known, self._pauses = known, pauses
        self._prompt = Progress(known, known, "tokens", known=known)
        self._seconds = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT)

    def spell(self, prompt: str | Sequence[int], add_start: bool = True) -> list[int]:
        """The tokens to read for `prompt`."""
        if not isinstance(prompt, str):
            return list(prompt)
        tokens, start = self.tokenizer.encode(prompt), self.tokenizer.start
        if add_start and start is not None and self.state.tokens_seen == 0 and tokens[:1] != [start]:
            return [start, *tokens]
        return tokens

    def run(self, prompt: Sequence[int]) -> Generator[Event, None, None]:
        """Read the prompt, write, and tell of it."""
        if prompt or self.logits is None:
            yield from self._read(prompt)
        while (end := self._end()) is None:
            step = self._write()
            if step is not None:
                yield step
        yield self.finished(*end)

    def finished(self, reason: StopReason, detail: str = "") -> Finished:
        """The end of the text as it stands; whatever had been held back is shown now."""
        rest = self._stops.feed(self._characters.finish()) + self._stops.finish()
        self._shown.append(rest)
        return Finished(
            reason,
            "".join(self._shown),
            tuple(self.tokens),
            prompt_tokens=self._prompt.done - self._known,
            prompt_seconds=self._prompt.seconds,
            seconds=self._seconds,
            detail=detail,
            logprobs=tuple(self._logprobs),
            rest=rest,
            tail=self._stops.tail,
            seed=self.sampler.seed,
            prompt_known=self._known,
        )

    def _read(self, prompt: Sequence[int]) -> Generator[Progress, None, None]:
        reading = read_prompt(self.model, self.state, prompt, known=self._known, pauses=self._pauses)
        while True:
            try:
                self._prompt = next(reading)
            except StopIteration as done:
                self.logits = done.value
                return
            if self._prompt.done > self._known:
                self.logits = None  # those of the old place; the new ones come with the last token
            yield self._prompt

    def _end(self) -> tuple[StopReason, str] | None:
        """Why to stop here, and the detail; None to go on."""
        if self._ended is None and self._stops.found is not None:
            self._ended = "stop string", self._stops.found
        if self._ended is None and len(self.tokens) >= self.max_tokens:
            self._ended = "length", ""
        return self._ended

    def _write(self) -> Step | None:
        """Draw a token and read it; None if that was the end."""
        assert self.logits is not None
        began = time.perf_counter()
        draw = self.sampler.next(self.logits)
        if draw.token == self.tokenizer.end_of_text:
            self._ended = "end of text", ""
            return None
        best = self._likeliest(self.logits)
        try:
            self.logits = _forward(self.model, [draw.token], self.state)
        except ContextFullError as error:
            self._ended = "context full", error.sentence
            return None
        self.sampler.accept(draw.token)
        self._take_time(time.perf_counter() - began)
        return self._step(draw, best)

    def _step(self, draw: Draw, best: tuple[Alternative, ...]) -> Step:
        data = self.tokenizer.bytes_of(draw.token)
        text = self._stops.feed(self._characters.feed(data))
        self.tokens.append(draw.token)
        self._logprobs.append(draw.logprob)
        self._shown.append(text)
        rate = len(self._recent) / sum(self._recent)
        return Step(len(self.tokens) - 1, draw.token, data, text, draw.logprob, best, rate, draw.probability)

    def _likeliest(self, logits: Tensor) -> tuple[Alternative, ...]:
        likeliest = top_alternatives(logits, self.alternatives)
        return tuple(Alternative(token, self.tokenizer.bytes_of(token), logprob) for token, logprob in likeliest)

    def _take_time(self, seconds: float) -> None:
        self._seconds += seconds
        self._recent.append(max(seconds, 1e-9))  # a clock may be too coarse for a tiny model


class StopMatcher:
    """Finds the first stop string in a text that comes in pieces, and lets nothing through that may belong to it.

    First is the one whose last character comes first; of two that end together, the longer. So it makes no difference
    how the text is cut into pieces. `found` is that string, `tail` the text from its beginning on.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        if not all(stops):
            raise SettingError("A stop string must not be empty.")
        self.stops = tuple(stops)
        self.found: str | None = None
        self.tail = ""
        self._held = ""

    def feed(self, piece: str) -> str:
        """What may be shown now that `piece` has come."""
        if self.found is not None:
            self.tail += piece
            return ""
        text, self._held = self._held + piece, ""
        place, self.found = self._first_stop(text)
        if self.found is not None:
            self.tail = text[place:]
        else:
            place = self._beginning(text)
            self._held = text[place:]
        return text[:place]

    def finish(self) -> str:
        """What was held back and is now known to belong to no stop string."""
        held, self._held = self._held, ""
        return held

    def _first_stop(self, text: str) -> tuple[int, str | None]:
        places = ((text.find(stop), stop) for stop in self.stops if stop in text)
        return min(places, key=lambda found: (found[0] + len(found[1]), found[0]), default=(0, None))

    def _beginning(self, text: str) -> int:
        """Where the longest end of `text` starts with which a stop string may be beginning; len(text) if none does."""
        longest = max(map(len, self.stops), default=0)
        places = range(max(0, len(text) - longest + 1), len(text))
        return next((at for at in places if any(stop.startswith(text[at:]) for stop in self.stops)), len(text))


def _forward(model: LanguageModel[S], tokens: Sequence[int], state: S) -> Tensor:
    with torch.no_grad():  # entered for each call: around a yield it would switch off gradients for whoever watches
        return model.forward(list(tokens), state)


def nothing_to_read() -> TokenError:
    return TokenError("There is nothing to go on from: the prompt is empty.", "Write at least one character.")


def require_room(model: LanguageModel[S], state: S, more: int) -> None:
    """Raise ContextFullError unless the model has room for `more` tokens after `state`."""
    if model.max_tokens is not None and state.tokens_seen + more > model.max_tokens:
        raise ContextFullError(
            f"The text has {more:,} tokens, but this model has {model.max_tokens:,} positions"
            f" and {state.tokens_seen:,} of them are used.",
            "Shorten the text or start afresh.",
        )
