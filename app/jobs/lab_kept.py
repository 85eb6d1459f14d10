"""What the state lab keeps from one job to the next: snapshots, and the timelines before and after each edit.

Taking an edit back exchanges the timelines, which is exact.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.analysis_messages import PRESENT, LabContents, SnapshotInfo
from app.jobs.desk import Desk
from app.jobs.text_read import TextRead
from rwkv_backend.errors import RWKVError

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.session import Session
    from rwkv_backend.state import State
    from rwkv_backend.timeline import Timeline


@dataclass
class Snapshot:
    info: SnapshotInfo
    state: State
    logits: Tensor | None
    tokens: tuple[int, ...] = ()
    """All that it has read, if that is known and the memory was never edited"""


class Lab:
    """What is kept from one job of the lab to the next, for one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.snapshots: dict[int, Snapshot] = {}
        self.undo: list[Timeline] = []
        self.redo: list[Timeline] = []
        self._present: Timeline | None = None
        self._next = PRESENT + 1

    def contents(self) -> LabContents:
        self._follow()
        return LabContents(
            tuple(snapshot.info for snapshot in self.snapshots.values()),
            len(self.undo),
            len(self.redo),
            bool(self.session.edited_at),
            len(self.session.timeline),
        )

    def add(self, name: str, text: TextRead | None, state: State, logits: Tensor | None) -> None:
        """text: what the state has read; None: from a file, which does not say."""
        number = self._next
        self._next += 1
        word = text.word(text.tokens[-1]) if text is not None else ""
        edited = text is not None and text.edited
        info = SnapshotInfo(number, name or f"#{number}", word, state.tokens_seen, state.nbytes, edited)
        tokens = text.tokens if text is not None and not edited else ()
        self.snapshots[number] = Snapshot(info, state, logits, tokens)

    def get(self, number: int) -> Snapshot:
        """A snapshot, or for PRESENT a copy of the state as it is."""
        if number != PRESENT:
            if number not in self.snapshots:
                raise RWKVError("This snapshot is gone.", "Choose another one.")
            return self.snapshots[number]
        text = TextRead(self.session)
        text.require()
        state, logits = text.moment(len(text))
        info = SnapshotInfo(PRESENT, "", text.word(text.tokens[-1]), state.tokens_seen, state.nbytes)
        return Snapshot(info, state, logits, () if text.edited else text.tokens)

    # Editing

    def edit(self, state: State) -> None:
        self._follow()
        self.undo.append(self.session.replace_past(state))
        self.redo.clear()
        self._present = self.session.timeline

    def go(self, back: bool) -> Generator[None, None, None]:
        """Take the last edit back, or do it again; what was written since is read after the other memory."""
        self._follow()
        source, target = (self.undo, self.redo) if back else (self.redo, self.undo)
        if not source:
            raise RWKVError("There is no edit to take back." if back else "There is no edit to do again.")
        now, goal = self.session.timeline, source[-1]
        after = yield from brought_to(goal, now)
        source.pop()
        target.append(self.session.exchange(after))
        self._present = after

    def _follow(self) -> None:
        """Another branch or a new text: its edits are not those that are kept here."""
        if self.session.timeline is not self._present:
            self._present = self.session.timeline
            self.undo.clear()
            self.redo.clear()


def brought_to(goal: Timeline, now: Timeline) -> Generator[None, None, Timeline]:
    """`goal` with the same tokens as `now`: cut where that is shorter or differs, and reading on where it is longer."""
    from rwkv_backend.timeline import common_length

    same = common_length(goal.tokens, now.tokens)
    if (len(goal), len(now)) != (same, same):
        goal = goal.fork(same)
    for place in range(same, len(now)):
        goal.forward([now.tokens[place]], goal.state)
        if now.written[place]:
            goal.mark_written()
        yield
    return goal


def lab_of(desk: Desk) -> Lab:
    session, _ = desk.opened()
    lab = desk.kept.get("lab")
    if not isinstance(lab, Lab) or lab.session is not session:
        lab = Lab(session)
        desk.kept["lab"] = lab
    return lab
