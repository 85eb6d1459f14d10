"""Where the window is in the text, and what it knows of it: the tokens as they were told, the tree of branches, playing.

Between the controller and the views of a timeline. What the views want comes in as calls, what they are to show goes out as
signals. Only the newest wish counts: while the worker makes one picture, the slider may move on as it likes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.controller import Controller
from app.messages import Job, JobFailed, Progressed, Written
from app.timeline_messages import (
    CutText,
    DeleteBranch,
    ForkText,
    MeasureTokens,
    RenameBranch,
    SetBudget,
    Standing,
    SwitchBranch,
    TellStanding,
    TokensMeasured,
    TokensTold,
)
from rwkv_backend.records import TokenRecord

PLAY_MS = 15
AROUND = 64
"""Tokens that are measured at once where only one is asked for."""

FILLED_IN, FILLED_SECONDS = 200, 1.0
"""What a token changed is found out unasked for so many of the newest ones, if it takes no longer than that."""


class TimelineDesk(QObject):
    tokens_changed = Signal(int)
    """From this token on, `records` are others"""
    tokens_measured = Signal(int, int)
    """From the first to before the second token, more is known"""
    position_changed = Signal()
    playing_changed = Signal(bool)
    standing_changed = Signal()
    text_changed = Signal()
    """Another text is the present one; it must be shown anew"""
    write_on = Signal()
    """The model is to write on from where the text now ends"""
    arrived = Signal()
    """A wish to go elsewhere has been fulfilled, and the state is at hand"""
    reading_again = Signal(object)
    """Progress of what going elsewhere makes necessary to read"""
    refused = Signal(str)
    """Why a wish could not be fulfilled"""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.records: list[TokenRecord] = []
        self.standing: Standing | None = None
        self.position: int | None = None
        """So many tokens have been read at the place that is looked at; None: at the end, wherever that moves."""
        self.playing = False
        self._speed = 5
        self._played_from = (0, 0.0)
        self._clock = QTimer(self)
        self._clock.setInterval(PLAY_MS)
        self._clock.timeout.connect(self._play_on)
        self._measuring_all = False
        self._measuring: int | None = None
        self._filling_in = False
        self._filled_in = 0
        """Of so many tokens it was tried to find out what they changed."""
        self._rate = 0.0
        self._wanted: int | None = None
        self._write_after: int | None = None
        controller.told.connect(self._told)
        controller.busy_changed.connect(self._busy_changed)
        controller.write_ended.connect(self._write_ended)
        controller.cleared.connect(self.forget)
        controller.model_opened.connect(self.forget)

    # Looking back

    @property
    def place(self) -> int:
        """So many tokens have been read at the place that is looked at."""
        return len(self.records) if self.position is None else self.position

    @property
    def record(self) -> TokenRecord | None:
        """The token that was read last there."""
        return self.records[self.place - 1] if self.place else None

    def move_to(self, position: int) -> None:
        """Look at the moment after so many tokens. Playing goes on from there."""
        self._go(position)
        self._played_from = (self.place, time.monotonic())

    def go_live(self) -> None:
        self.move_to(len(self.records))

    def play(self, playing: bool) -> None:
        """Go through the text; from its end, begin anew."""
        if playing == self.playing or (playing and not self.records):
            return
        if playing and self.position is None:
            self._go(1)
        self.playing = playing
        self._played_from = (self.place, time.monotonic())
        (self._clock.start if playing else self._clock.stop)()
        self.playing_changed.emit(playing)

    def set_speed(self, tokens_a_second: int) -> None:
        self._speed = tokens_a_second
        self._played_from = (self.place, time.monotonic())

    def _play_on(self) -> None:
        place, since = self._played_from
        position = place + int((time.monotonic() - since) * self._speed)
        if position != self.place:
            self._go(position)
        if self.position is None:
            self.play(False)

    def _go(self, position: int) -> None:
        position = max(1, position)
        new = position if position < len(self.records) else None
        if new != self.position:
            self.position = new
            self._controller.look_at(new)
        self.position_changed.emit()

    # Going elsewhere

    def cut_at(self, length: int) -> None:
        """Forget all after so many tokens."""
        self._go_elsewhere(lambda number: CutText(number, length=length))

    def fork_at(self, length: int, token: int | None = None, name: str = "", write: bool = False) -> None:
        """A new branch after so many tokens, with `token` put there; `write`: the model then writes on."""
        self._go_elsewhere(lambda number: ForkText(number, length=length, token=token, name=name), write)

    def write_again(self) -> None:
        """The last answer once more, in a branch of its own."""
        self._go_elsewhere(lambda number: ForkText(number, length=None), write=True)

    def switch(self, branch: int) -> None:
        self._go_elsewhere(lambda number: SwitchBranch(number, branch=branch))

    def rename(self, branch: int, name: str) -> None:
        self._controller.submit(lambda number: RenameBranch(number, branch=branch, name=name), self)

    def delete(self, branch: int) -> None:
        self._go_elsewhere(lambda number: DeleteBranch(number, branch=branch))

    def set_budget(self, size: int) -> None:
        if self._controller.opened is not None:
            self._controller.submit(lambda number: SetBudget(number, budget=size), self)

    def ask(self) -> None:
        """How does the timeline stand?"""
        self._controller.submit(lambda number: TellStanding(number, since=len(self.records)), self)

    def _go_elsewhere(self, make: Callable[[int], Job], write: bool = False) -> None:
        self._controller.stop_writing()
        self._stop_measuring()
        self.play(False)
        number = self._controller.submit(make, self)
        self._write_after = number if write else None

    # Measuring

    def measure_all(self, wanted: bool) -> None:
        """Whether each token's surprise is to be known, or only that of tokens that are asked for."""
        self._measuring_all = wanted
        self._measure_next()

    def fill_in(self, wanted: bool) -> None:
        """Whether somebody looks at what each token changed: prompts are read many tokens at once, which does not tell."""
        self._filling_in = wanted
        self._measure_next()

    def measure(self, token: int) -> None:
        """Find out what is not known of this token yet."""
        if not self.records[token].measured and token > 0:
            self._wanted = token
            self._measure_next()

    def _measure_next(self) -> None:
        if self._measuring is not None or self._controller.writing or not self.records:
            return
        start, end = self._unmeasured()
        changes = start == end
        if changes:
            start, end = self._unknown_changes()
        if start < end:
            self._measuring = self._controller.submit(
                lambda n: MeasureTokens(n, start=start, end=end, changes=changes), self
            )

    def _unmeasured(self) -> tuple[int, int]:
        """What to measure next: around the token that is asked for, or all there is."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted < len(self.records) and not self.records[wanted].measured:
            return max(1, wanted - AROUND), min(wanted + AROUND, len(self.records))
        if not self._measuring_all:
            return 0, 0
        unknown = [record.index for record in self.records[1:] if not record.measured]
        return (unknown[0], unknown[-1] + 1) if unknown else (0, 0)

    def _unknown_changes(self) -> tuple[int, int]:
        """Tokens of which it is soon found out what they changed, and wanted to be known. Each is tried once."""
        if not self._filling_in:
            return 0, 0
        first = max(self._filled_in, len(self.records) - FILLED_IN)
        self._filled_in = len(self.records)
        unknown = [record.index for record in self.records[first:] if not record.change]
        if not unknown or unknown[-1] + 1 - unknown[0] > FILLED_SECONDS * self._rate:
            return 0, 0
        return unknown[0], unknown[-1] + 1

    def _stop_measuring(self) -> None:
        if self._measuring is not None:
            self._controller.stop(self._measuring)
            self._filled_in = 0

    # What is told

    def forget(self, _: object = None) -> None:
        """There is no text any more."""
        self.play(False)
        self._filled_in = 0
        self.records.clear()
        self.standing, self._write_after = None, None
        self.position = None
        self._controller.look_at(None)
        self.tokens_changed.emit(0)
        self.standing_changed.emit()
        self.position_changed.emit()

    def _busy_changed(self, busy: bool) -> None:
        """The model begins to write: that is where one wants to look. When it ends, the tree may have grown."""
        if busy:
            self._stop_measuring()
            self.play(False)
            self.go_live()
        else:
            self.ask()

    def _write_ended(self, written: Written | None, stopped: bool) -> None:
        if written is not None and written.rate > 0:
            self._rate = written.rate

    def _told(self, found: object) -> None:
        if isinstance(found, TokensTold):
            self._take(found)
        elif isinstance(found, TokensMeasured):
            self._refine(found)
        elif isinstance(found, Standing):
            self._stand(found)

    def _take(self, found: TokensTold) -> None:
        changed = found.records or found.first < len(self.records)
        if not changed:
            return
        first = min(found.first, len(self.records))
        self._filled_in = min(self._filled_in, first)
        del self.records[first:]
        self.records += found.records
        self.tokens_changed.emit(first)
        if self.position is not None and self.position >= len(self.records):
            self.position = None
            self._controller.look_at(None)
        self.position_changed.emit()

    def _refine(self, found: TokensMeasured) -> None:
        end = found.first + len(found.records)
        if end <= len(self.records):
            self.records[found.first : end] = found.records
            self.tokens_measured.emit(found.first, end)

    def _stand(self, found: Standing) -> None:
        if found.again:
            self.position = None
            self._controller.look_at(None)
        self.standing = found
        self._take(found.tokens)
        if found.again:
            self.text_changed.emit()
        self.standing_changed.emit()

    # As a Listener of the controller

    def progressed(self, job: Job, report: Progressed) -> None:
        if not isinstance(job, MeasureTokens):
            self.reading_again.emit(report.progress)

    def told(self, job: Job, result: object) -> None:
        self._told(result)

    def done(self, job: Job, result: object, stopped: bool) -> None:
        self._told(result)
        if isinstance(job, MeasureTokens):
            self._measuring = None
        elif isinstance(job, CutText | ForkText | SwitchBranch | DeleteBranch):
            self.arrived.emit()
            self._controller.show_state()
        if job.id == self._write_after and not stopped:
            self._write_after = None
            self.write_on.emit()
        if not (stopped and isinstance(job, MeasureTokens)):
            self._measure_next()

    def failed(self, job: Job, failure: JobFailed) -> None:
        if isinstance(job, MeasureTokens):
            self._measuring = None
        if job.id == self._write_after:
            self._write_after = None
        self.refused.emit(f"{failure.sentence} {failure.hint}".strip())
