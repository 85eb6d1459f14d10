"""The state lab's jobs: snapshots, comparing and editing states. What is kept from one to the next is in lab_kept.

An edit changes the memory as it was before the last word; the word is then read again, so that what comes next follows from
the changed memory.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.analysis_messages import (
    PRESENT,
    CompareStates,
    Comparison,
    DropSnapshot,
    Edited,
    EditState,
    LoadSnapshot,
    RedoEdit,
    RenameSnapshot,
    SaveSnapshot,
    ShowLab,
    TakeSnapshot,
    UndoEdit,
)
from app.jobs.desk import Desk, Jobs, Steps
from app.jobs.lab_kept import Lab, Snapshot, lab_of
from app.jobs.text_read import TextRead

if TYPE_CHECKING:
    from rwkv_backend.analysis.records import NextWordChange, StateDifference
    from rwkv_backend.session import Session
    from rwkv_backend.state import State

WORDS = 12
"""How many words a change of the next word lists."""


# Snapshots


def show(desk: Desk, job: ShowLab) -> Steps:
    yield
    return lab_of(desk).contents()


def take(desk: Desk, job: TakeSnapshot) -> Steps:
    yield
    lab = lab_of(desk)
    text = TextRead(lab.session, job.at)
    text.require()
    state, logits = text.moment(len(text))
    lab.add(job.name, text, state, logits)
    return lab.contents()


def load(desk: Desk, job: LoadSnapshot) -> Steps:
    yield
    from rwkv_backend.analysis import state_edit
    from rwkv_backend.analysis.records import Scale
    from rwkv_backend.state import State

    lab = lab_of(desk)
    model = lab.session.model
    state = State.load(job.path, model.device)
    state_edit.apply(model, state, Scale(1.0))  # refuses a state that does not fit this model
    lab.add(Path(job.path).stem, None, state, None)
    return lab.contents()


def save(desk: Desk, job: SaveSnapshot) -> Steps:
    yield
    lab = lab_of(desk)
    lab.get(job.snapshot).state.save(job.path)
    return lab.contents()


def rename(desk: Desk, job: RenameSnapshot) -> Steps:
    yield
    lab = lab_of(desk)
    snapshot = lab.get(job.snapshot)
    snapshot.info = replace(snapshot.info, name=job.name.strip() or snapshot.info.name)
    return lab.contents()


def drop(desk: Desk, job: DropSnapshot) -> Steps:
    yield
    lab = lab_of(desk)
    lab.snapshots.pop(job.snapshot, None)
    return lab.contents()


# Comparing


def compare(desk: Desk, job: CompareStates) -> Steps:
    yield
    from rwkv_backend.analysis.state_diff import compare_states, difference_map

    lab = lab_of(desk)
    before, after = lab.get(job.before), lab.get(job.after)
    yield
    states = compare_states(before.state, after.state)
    yield
    field = job.field if job.field in states.names else most_different(states)
    drawn = difference_map(before.state, after.state, field) if field else None
    yield
    words = next_words(lab, before, after)
    return Comparison((job.before, job.after), (before.info.name, after.info.name), states, field, drawn, words)


def most_different(states: StateDifference) -> str:
    """Of the fields that layers have; "" if there are none."""
    sums: dict[str, float] = {name: 0.0 for name in states.names}
    for item in states.fields:
        if item.layer is not None and item.relative != float("inf"):
            sums[item.field] += item.relative
    having = {item.field for item in states.fields if item.layer is not None}
    matrices = [name for name in states.names if name in having and not name.endswith("last_input")]
    return max(matrices or having, key=lambda name: sums[name], default="")


def next_words(lab: Lab, before: Snapshot, after: Snapshot) -> NextWordChange:
    """From the stored logits; where a state came from a file, after both have read the present text's last word."""
    from rwkv_backend.analysis.state_diff import change_after, next_word_change

    session = lab.session
    if before.logits is not None and after.logits is not None:
        return next_word_change(before.logits, after.logits, session.tokenizer, WORDS)
    text = TextRead(session)
    text.require()
    last = text.tokens[-1:]
    return change_after(session.model, before.state, after.state, last, session.tokenizer, WORDS)


# Editing


def edit(desk: Desk, job: EditState) -> Steps:
    yield
    from rwkv_backend.analysis import state_edit

    lab = lab_of(desk)
    session = lab.session
    text = TextRead(session)
    text.require(2)
    other = lab.get(job.other).state if job.other != PRESENT else None
    past, _ = text.moment(len(text) - 1)
    yield
    changed = state_edit.apply(session.model, past, job.edit, job.target, other)
    yield
    words = effect(session, changed, text)
    if job.keep:
        lab.edit(changed)
    return Edited(lab.contents(), words, job.keep)


def effect(session: Session, changed: State, text: TextRead) -> NextWordChange:
    """What the last word is followed by, read with the present memory and with the changed one."""
    import torch

    from rwkv_backend.analysis.state_diff import next_word_change

    with torch.no_grad():
        after = session.model.forward([text.tokens[-1]], changed.clone()).clone()
    before = text.moment(len(text))[1]
    assert before is not None
    return next_word_change(before, after, session.tokenizer, WORDS)


def undo(desk: Desk, job: UndoEdit) -> Steps:
    return (yield from _exchange(lab_of(desk), back=True))


def redo(desk: Desk, job: RedoEdit) -> Steps:
    return (yield from _exchange(lab_of(desk), back=False))


def _exchange(lab: Lab, back: bool) -> Generator[None, None, Edited]:
    from rwkv_backend.analysis.state_diff import next_word_change

    before = TextRead(lab.session).moment(len(lab.session.timeline))[1]
    yield from lab.go(back)
    after = TextRead(lab.session).moment(len(lab.session.timeline))[1]
    assert before is not None
    assert after is not None
    return Edited(lab.contents(), next_word_change(before, after, lab.session.tokenizer, WORDS), True, undone=back)


JOBS: Jobs = {
    ShowLab: show,
    TakeSnapshot: take,
    LoadSnapshot: load,
    SaveSnapshot: save,
    RenameSnapshot: rename,
    DropSnapshot: drop,
    CompareStates: compare,
    EditState: edit,
    UndoEdit: undo,
    RedoEdit: redo,
}
