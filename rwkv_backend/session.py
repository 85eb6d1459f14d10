"""A model, its tokenizer and one text that it reads and writes: what a window or a script holds.

Two ways to use it. `chat` sends a message in a template's form and the conversation goes on. `complete` takes a whole text
and goes on from its end; if the text begins with what the model has read already, only the rest is read.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rwkv_backend.generation import Event, Writer
from rwkv_backend.records import Finished
from rwkv_backend.sampling import Sampler, SamplingParams
from rwkv_backend.templates import Template, Turn

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer


@dataclass(frozen=True)
class WriteSettings:
    """How to write: sampling, when to stop, and how many alternatives each step lists."""

    params: SamplingParams
    max_tokens: int = 256
    stops: tuple[str, ...] = ()
    alternatives: int = 0


class Session:
    """Holds the state between one piece of writing and the next.

    `writer` is the present or last piece of writing, `ended` how the last one ended, also if it was stopped.
    """

    def __init__(self, model: RWKVModel, tokenizer: Tokenizer) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.watched = WatchedModel(model)
        self.clear()

    def clear(self) -> None:
        """Forget everything read and written."""
        self.state: State = self.model.new_state()
        self.watched.kept = None
        self.turns: list[Turn] = []
        self.writer: Writer[State] | None = None
        self.ended: Finished | None = None
        self._template: Template | None = None
        self._extra = ""
        self._text: str | None = ""
        self._tail = ""

    def chat(
        self, message: str, template: Template, extra: str, settings: WriteSettings
    ) -> Generator[Event, None, None]:
        """Send a message; the answer comes as events. Another template or second text begins a new conversation."""
        if (template, extra) != (self._template, self._extra) or not template.takes_turns:
            self.clear()
        turn = Turn("user", message)
        following = template.next_turn(message)
        if self.state.tokens_seen and following.startswith(self._tail):
            prompt = following.removeprefix(self._tail)
        else:  # a new conversation, a prompt that was stopped half-way, or the model wrote on into something else
            self._forget_all_but_turns()
            prompt = template.prompt([*self.turns, turn], extra)
        self._template, self._extra, self._text = template, extra, None
        stops = settings.stops or template.stops
        return self._write(prompt, settings, stops, lambda end: self._answered(turn, end))

    def complete(self, text: str, settings: WriteSettings) -> Generator[Event, None, None]:
        """Go on from the end of `text`."""
        known = self._text
        if known is None or self._tail or not text.startswith(known):
            self.clear()
            known = ""
        return self._write(text[len(known) :], settings, settings.stops, lambda end: self._completed(text, end))

    def _write(
        self, prompt: str, settings: WriteSettings, stops: tuple[str, ...], then: Callable[[Finished], None]
    ) -> Generator[Event, None, None]:
        writer = Writer(
            self.watched,
            self.tokenizer,
            state=self.state,
            logits=self.writer.logits if self.writer is not None else None,
            sampler=Sampler(settings.params),
            max_tokens=settings.max_tokens,
            stop=stops,
            alternatives=settings.alternatives,
        )
        self.writer = writer
        tokens = writer.spell(prompt)
        finished = False
        try:
            for event in writer.run(tokens):
                if isinstance(event, Finished):
                    finished, self.ended = True, event
                    then(event)
                yield event
        finally:
            if not finished:
                self._interrupted(writer, bool(tokens), then)

    def _interrupted(self, writer: Writer[State], had_prompt: bool, then: Callable[[Finished], None]) -> None:
        """Closed or failed: what was written so far stays; a prompt of which only a part was read does not."""
        end = writer.finished("stopped")
        if writer.logits is None:
            self._forget_all_but_turns()
            self._text = ""
        self.ended = end
        if writer.logits is not None and (end.prompt_tokens or end.tokens or not had_prompt):
            then(end)

    def _forget_all_but_turns(self) -> None:
        turns, template, extra = self.turns, self._template, self._extra
        self.clear()
        self.turns, self._template, self._extra = turns, template, extra

    def _answered(self, turn: Turn, end: Finished) -> None:
        self.turns = [*self.turns, turn, Turn("model", end.text)]
        self._tail = end.tail

    def _completed(self, text: str, end: Finished) -> None:
        self._text = text + end.text
        self._tail = end.tail


class WatchedModel:
    """A model whose next forward passes carry `probe`, if one is set: for those who look on while a text is written."""

    def __init__(self, model: RWKVModel) -> None:
        self.model = model
        self.probe: Probe | None = None
        self.kept: Probe | None = None
        """The probe that went through the last forward pass, with what it found."""

    @property
    def max_tokens(self) -> int | None:
        return self.model.max_tokens

    def new_state(self) -> State:
        return self.model.new_state()

    def forward(self, tokens: list[int], state: State) -> Tensor:
        logits = self.model.forward(tokens, state, probe=self.probe)
        self.kept = self.probe
        return logits
