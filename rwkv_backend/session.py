"""A model, its tokenizer and what it reads and writes: what a window or a script holds.

Ways to write, each a generator of events. `chat` sends a message in a template's form and the conversation goes on.
`complete` takes a whole text and goes on from its end; whatever the text has in common with what was read before is not
read again. `go_on` writes on from where the text ends, `regenerate` writes the last answer once more.

All that was read and written is in `timeline`, the present branch of `branches`. `rewind`, `fork` and `switch` return at
once; what they make necessary to read again is read by the next writing, or by `settle`.

Same text, same settings and same seed give the same answer, whatever came before: a text that is given is spelled afresh,
and the sampler counts and draws as if it had written the present answer from its beginning.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rwkv_backend.answering import Answer, Ended, WatchedModel
from rwkv_backend.answering import WriteSettings as WriteSettings
from rwkv_backend.beginnings import budget_beside
from rwkv_backend.branches import Branches
from rwkv_backend.conversation import Talk
from rwkv_backend.errors import RWKVError
from rwkv_backend.generation import Event, Writer, nothing_to_read
from rwkv_backend.past import Moment
from rwkv_backend.prefix_cache import PrefixCache
from rwkv_backend.records import BranchInfo, Finished, Progress, TimelineInfo, TokenRecord, TurnRecord
from rwkv_backend.sampling import Sampler, SamplingParams
from rwkv_backend.spelling import spelled, with_message, with_pick
from rwkv_backend.templates import Template, Turn
from rwkv_backend.timeline import BUDGET, Timeline, common_length

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer


class Session:
    """Holds what was read and written between one piece of writing and the next.

    `writer` is the present or last piece of writing (None after going elsewhere), `ended` how the last one ended, also if
    it was stopped. `beginnings` holds states of texts' beginnings: what a new text has in common with an earlier one, even a
    cleared one, is not read again.

    With `measuring`, the records of a prompt are complete as soon as it is read; with `keeps_changes`, records of what is
    written hold each layer's change. Both cost some speed, so they are off; `measure` adds what is
    missing when somebody asks.
    """

    def __init__(self, model: RWKVModel, tokenizer: Tokenizer, budget_bytes: int = BUDGET) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.watched = WatchedModel(self)
        self.measuring = False
        self.settings: WriteSettings | None = None
        self.writer: Writer[State] | None = None
        self._budget = budget_bytes
        self.beginnings = PrefixCache(budget_beside(budget_bytes))
        self.clear()

    def clear(self) -> None:
        """Forget everything read and written, in all branches. Beginnings stay, for texts that begin alike."""
        self.branches = Branches(Timeline(self.model, self.tokenizer, self._budget))
        self._left()
        self.ended: Finished | None = None

    # What there is

    @property
    def timeline(self) -> Timeline:
        """The present branch's."""
        return self.branches.current.timeline

    @property
    def talk(self) -> Talk:
        """What the present branch's tokens are to a reader."""
        return self.branches.current.talk

    @talk.setter
    def talk(self, talk: Talk) -> None:
        self.branches.current.talk = talk

    @property
    def state(self) -> State:
        return self.timeline.state

    @property
    def logits(self) -> Tensor | None:
        """For the token that comes next (V,); None if nothing was read."""
        return self.timeline.logits

    @property
    def turns(self) -> list[Turn]:
        return self.talk.spoken

    @property
    def conversation(self) -> tuple[TurnRecord, ...]:
        """The turns with the tokens they take; () where a text is only gone on with."""
        return self.talk.turns

    def records(self, since: int = 0, until: int | None = None) -> tuple[TokenRecord, ...]:
        """Of the present branch, from the token at `since` on."""
        return self.timeline.records(since, until)

    def info(self) -> TimelineInfo:
        timeline = self.timeline
        return TimelineInfo(
            tokens=len(timeline),
            memory_bytes=timeline.memory_bytes,
            budget_bytes=timeline.budget,
            checkpoints=timeline.checkpoints,
            added=self.talk.added,
            record_bytes=timeline.record_bytes,
            beginnings=len(self.beginnings),
            beginning_bytes=self.beginnings.memory_bytes,
            beginning_budget=self.beginnings.budget,
        )

    @property
    def budget(self) -> int:
        """Bytes for going back, of all branches together; beginnings may take a quarter of it besides, 64 MB at most."""
        return self._budget

    @budget.setter
    def budget(self, size: int) -> None:
        self._budget = self.timeline.budget = size
        self.beginnings.budget = budget_beside(size)

    @property
    def keeps_changes(self) -> bool:
        return self.timeline.keeps_changes

    @keeps_changes.setter
    def keeps_changes(self, wanted: bool) -> None:
        self.timeline.keeps_changes = wanted

    def look(self, n: int, probe: Probe | None = None) -> Moment:
        """The moment after `n` tokens of the present branch, for frames. Nothing changes."""
        return self.timeline.look(n, probe)

    def measure(self, start: int = 0, end: int | None = None, changes: bool = False) -> Generator[Progress, None, None]:
        """Complete the records of tokens that were read in chunks; `changes`: the memory's change too, token by token."""
        return self.timeline.measure(start, len(self.timeline) if end is None else end, changes)

    def sampler(self, params: SamplingParams) -> Sampler:
        """As it is at the end of the present branch: it has written the answer so far."""
        written, n = self.timeline.written, len(self.timeline)
        sampler = Sampler(params)
        sampler.replay(self.timeline.tokens[self.talk.run_start(n, written) : n])
        return sampler

    # Going elsewhere

    def rewind(self, n: int) -> None:
        """Forget all after the first `n` tokens of the present branch."""
        self.timeline.rewind(n)
        self.talk = self.talk.cut(n, self.timeline.text)
        self.branches.shorten(n)
        self._left()

    def fork(self, n: int, token: int | None = None, name: str = "") -> BranchInfo:
        """A new branch with the first `n` tokens of the present one, and `token` after them as if the model had written it.

        It is the present one from now on.
        """
        known = self.timeline
        timeline = known.fork(n) if token is None else known.fork_with(n, token)
        talk = self.talk.cut(n, timeline.text)
        if token is not None:
            talk = with_pick(talk, timeline)
        branch = self.branches.create(n, name, timeline, talk)
        self._left()
        return next(info for info in self.branches.infos() if info.id == branch.id)

    def switch(self, id: int) -> None:
        """Make another branch the present one."""
        self.branches.switch(id)
        self._left()

    def rename(self, id: int, name: str) -> None:
        self.branches.rename(id, name)

    def delete(self, id: int) -> None:
        """See `Branches.delete`."""
        self.branches.delete(id)
        self._left()

    def replace_state(self, state: State) -> None:
        """Go on from `state`, an edited copy of `state`. It stays at this place of the text, in this branch and its forks."""
        self.timeline.replace_state(state)

    def replace_past(self, state: State) -> Timeline:
        """Go on as if `state`, an edited copy of that before the last token, had been the memory; that token is read again.

        So what comes next follows from the edit. Returns the timeline as it was, for `exchange` to bring back.
        """
        before = self.timeline
        after = before.fork(len(before) - 1)
        after.replace_state(state)
        after.forward(before.tokens[-1:], after.state)
        if before.written[-1]:
            after.mark_written()
        return self.exchange(after)

    def exchange(self, timeline: Timeline) -> Timeline:
        """Put a timeline of the same tokens in place of the present branch's, which is returned."""
        before, self.branches.current.timeline = self.timeline, timeline
        before.sleep()
        self._left()
        return before

    @property
    def edited_at(self) -> tuple[int, ...]:
        """The positions at which the present branch's memory was edited."""
        return self.timeline.edited_at

    def settle(self) -> Generator[Progress, None, None]:
        """Read again what going elsewhere has made necessary."""
        return self.timeline.prepare()

    # Writing

    def chat(
        self, message: str, template: Template, extra: str, settings: WriteSettings
    ) -> Generator[Event, None, None]:
        """Send a message; the answer comes as events. Another template or second text begins a new conversation."""
        talk = self.talk.answered()
        if (template, extra) != (talk.template, talk.extra) or not template.takes_turns:
            talk = Talk(template, extra)
        tokens, talk = with_message(self.timeline, talk, message)
        start = talk.end

        def ended(begun: int, end: Finished) -> Talk:
            now = self.talk.asked(message, start, begun)
            return now.told(end.text, begun, len(self.timeline), end.tail)

        yield from self._read_and_write(tokens, talk, settings, settings.stops or template.stops, ended)

    def complete(self, text: str, settings: WriteSettings) -> Generator[Event, None, None]:
        """Go on from the end of `text`. What the model itself has written is gone on with as it was spelled by it."""
        if text and text == self.timeline.text(self.talk.added):
            tokens, added = list(self.timeline.tokens), self.talk.added
        else:
            tokens, added = spelled(self.tokenizer, text)
        yield from self._read_and_write(tokens, Talk(added=added), settings, settings.stops, lambda *_: self.talk)

    def go_on(self, settings: WriteSettings) -> Generator[Event, None, None]:
        """Write on from where the present branch ends, with the sampler as it is there (see `sampler`)."""
        if not len(self.timeline):
            raise nothing_to_read()
        talk = self.talk
        stops = settings.stops or (talk.template.stops if talk.template is not None else ())
        start = talk.turns[-1].start if talk.turns and talk.turns[-1].speaker == "model" else len(self.timeline)

        def ended(begun: int, end: Finished) -> Talk:
            if not talk.turns:
                return self.talk
            text = self.timeline.text(start).removesuffix(end.tail)
            return self.talk.told(text, start, len(self.timeline), end.tail)

        run = talk.run_start(len(self.timeline), self.timeline.written)
        yield from self._write([], settings, stops, self.sampler(settings.params), ended, run)

    def regenerate(self, settings: WriteSettings | None = None) -> Generator[Event, None, None]:
        """Write the last answer once more, with the settings of the last writing unless others are given.

        The same seed gives the same answer, another seed or none another. A token that was put there by hand stays.
        """
        settings = settings or self.settings
        if settings is None:
            raise RWKVError("There is no answer to write once more.", "Send a text first.")
        self.rewind(self.talk.answer_start(len(self.timeline), self.timeline.written))
        yield from self.go_on(settings)

    # Within

    def _read_and_write(
        self, tokens: Sequence[int], talk: Talk, settings: WriteSettings, stops: tuple[str, ...], ended: Ended
    ) -> Generator[Event, None, None]:
        """Make `tokens` the present branch, reading only what is new, and write after them."""
        if not tokens:
            raise nothing_to_read()
        timeline, before = self.timeline, self.talk
        timeline.require_room(len(tokens))
        same = common_length(timeline.tokens, tokens)
        left = before.cut(same, timeline.text)
        kept = timeline.keep_common(tokens)
        self.branches.shorten(same)
        self.talk = replace(talk, runs=left.runs, picks=left.picks)
        try:
            yield from self._write(tokens[kept:], settings, stops, Sampler(settings.params), ended)
        finally:
            timeline.recall()

    def _write(
        self,
        tokens: Sequence[int],
        settings: WriteSettings,
        stops: tuple[str, ...],
        sampler: Sampler,
        ended: Ended,
        run: int | None = None,
    ) -> Generator[Event, None, None]:
        """See `Answer`."""
        self.settings = settings
        self._left()
        yield from Answer(self, settings, stops, sampler, ended, run).write(tokens)

    def _left(self) -> None:
        self.writer = None
        self.watched.kept = None
