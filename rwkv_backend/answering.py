"""One piece of writing in a session: the prompt is read as far as it is not known, then an answer is written after it.

Whatever was read and written when it ends, or is stopped, is told to the session.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rwkv_backend.beginnings import Beginning
from rwkv_backend.conversation import Talk
from rwkv_backend.generation import Event, Writer
from rwkv_backend.records import Finished, Progress, Step

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.sampling import Sampler, SamplingParams
    from rwkv_backend.session import Session
    from rwkv_backend.state import State


@dataclass(frozen=True)
class WriteSettings:
    """How to write: sampling, when to stop, and how many alternatives each step lists."""

    params: SamplingParams
    max_tokens: int = 256
    stops: tuple[str, ...] = ()
    alternatives: int = 0


Ended = Callable[[int, Finished], Talk]
"""The conversation after writing that began at a position and ended so."""


class Answer:
    """Written once, in the session's present branch."""

    def __init__(
        self,
        session: Session,
        settings: WriteSettings,
        stops: tuple[str, ...],
        sampler: Sampler,
        ended: Ended,
        run: int | None = None,
    ) -> None:
        """run: where the writing began that goes on here; None: it begins behind the prompt."""
        self._session, self._timeline = session, session.timeline
        self._settings, self._stops, self._sampler = settings, stops, sampler
        self._ended, self._run = ended, run

    def write(self, tokens: Sequence[int]) -> Generator[Event, None, None]:
        """Read `tokens` after the present ones, and write after them."""
        session, timeline = self._session, self._timeline
        begun = len(timeline) + len(tokens)
        session.ended = Finished("stopped", "", (), 0, 0.0, 0.0, seed=self._sampler.seed)
        beginning = Beginning(session.beginnings, timeline, tokens, take=not session.measuring)
        yield from self._prepare(beginning, len(tokens))
        writer = self._writer(beginning, b"" if tokens else timeline.unfinished)
        end: Finished | None = None
        try:
            for event in writer.run(tokens[beginning.known :]):
                if isinstance(event, Step):
                    timeline.mark_written()
                elif isinstance(event, Finished):
                    end = event
                    self._finish(begun, end)
                else:
                    beginning.reached()
                    if event.done == event.total:
                        timeline.keep()
                yield event
        finally:
            if end is None:
                self._finish(begun, writer.finished("stopped"))

    def _prepare(self, beginning: Beginning, total: int) -> Generator[Progress, None, None]:
        """Bring the timeline to where reading begins. What it knows of its own is there still at the first event."""
        if beginning.found is not None:
            yield Progress(0, total, "tokens")
            beginning.take()
            if beginning.known == total:
                yield Progress(total, total, "tokens", known=total)
        yield from self._timeline.prepare()
        self._timeline.keep()

    def _writer(self, beginning: Beginning, unfinished: bytes) -> Writer[State]:
        writer = Writer(
            self._session.watched,
            self._session.tokenizer,
            state=self._timeline.state,
            logits=self._timeline.logits,
            sampler=self._sampler,
            max_tokens=self._settings.max_tokens,
            stop=self._stops,
            alternatives=self._settings.alternatives,
            unfinished=unfinished,
            known=beginning.known,
            pauses=beginning.pauses,
        )
        self._session.writer = writer
        return writer

    def _finish(self, begun: int, end: Finished) -> None:
        """What was written stays; a prompt of which only a part was read waits there to be changed."""
        session = self._session
        session.ended = end
        if len(self._timeline) >= begun:
            session.talk = session.talk.run_at(begun if self._run is None else self._run)
            session.talk = self._ended(begun, end)


class WatchedModel:
    """The present timeline as the model that a Writer writes with; its next forward passes carry `probe`, if one is set."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.probe: Probe | None = None
        self.kept: Probe | None = None
        """The probe that went through the last forward pass, with what it found."""

    @property
    def max_tokens(self) -> int | None:
        return self._session.model.max_tokens

    @property
    def chunk(self) -> int:
        return self._session.model.chunk

    def new_state(self) -> State:
        return self._session.model.new_state()

    def forward(self, tokens: list[int], state: State) -> Tensor:
        session = self._session
        measure = session.measuring and len(tokens) > 1
        logits = session.timeline.forward(tokens, state, self.probe, measure)
        self.kept = self.probe
        return logits
