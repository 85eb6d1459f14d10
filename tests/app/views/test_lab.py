"""The lab's views with made-up contents: snapshots, what is edited where, and how "0-3, 5" is read."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.analysis_messages import PRESENT, Edited, LabContents, SnapshotInfo
from app.views.lab import Lab
from app.views.lab_parts import numbers
from rwkv_backend.analysis.records import Interpolate, NextWordChange, Scale, Target, WordChange, Zero
from tests.app.plots.made import opened

ONE = SnapshotInfo(3, "before the cow", " cow", 12, 1000)
TWO = SnapshotInfo(4, "<b>after</b>", " king", 20, 1000)


@pytest.fixture
def lab(qtbot: QtBot, light: None) -> Lab:
    lab = Lab()
    qtbot.addWidget(lab)
    lab.resize(620, 700)
    lab.show_model(opened())
    return lab


@pytest.mark.parametrize(
    ("text", "want"),
    [("", None), ("all", None), ("2", (2,)), ("0-3, 5", (0, 1, 2, 3, 5)), ("5,0 - 1", (0, 1, 5)), ("2–3", (2, 3))],
)
def test_numbers_and_ranges_are_read(text: str, want: tuple[int, ...] | None) -> None:
    assert numbers(text, 6) == want


@pytest.mark.parametrize("text", ["6", "-1", "3-1", "a", "1,,2", "0-9"])
def test_what_is_no_number_of_a_layer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        numbers(text, 6)


def test_snapshots_are_listed_after_the_present_state(lab: Lab) -> None:
    shots = lab.snapshots
    assert not shots._take.isEnabled()
    lab.show_contents(LabContents((ONE, TWO), tokens_seen=20, edited=True))
    rows = [shots._list.topLevelItem(row) for row in range(3)]
    assert [row.text(0) for row in rows if row is not None] == [
        "present state, edited",
        "before the cow",
        "<b>after</b>",
    ]
    assert shots._take.isEnabled()
    assert not shots._drop.isEnabled(), "the present state cannot be deleted"
    shots._select(4)
    asked: list[int] = []
    shots.drop_requested.connect(asked.append)
    shots._drop.click()
    assert asked == [4]
    lab.show_contents(LabContents((ONE,), tokens_seen=20))
    assert shots.selected() == PRESENT, "what was selected is gone"


def test_an_edit_asks_for_what_is_chosen(qtbot: QtBot, lab: Lab) -> None:
    lab.show_contents(LabContents((ONE,), tokens_seen=20))
    asked: list[tuple[object, ...]] = []
    lab.edit.apply_requested.connect(lambda *request: asked.append(request))
    lab.edit.choose("zero", "0-1", "2")
    lab.edit.apply_button.click()
    lab.edit.choose("scale", amount=0.25)
    lab.edit._fields.setCurrentIndex(1)
    lab.edit.apply_button.click()
    lab.edit.choose("interpolate", amount=0.75)
    lab.edit.apply_button.click()
    assert asked == [
        (Zero(), Target((0, 1), (2,), ("att.wkv",)), PRESENT),
        (Scale(0.25), Target(), PRESENT),
        (Interpolate(0.75), Target(), 3),
    ]


def test_an_edit_that_cannot_be_says_why(lab: Lab) -> None:
    lab.show_contents(LabContents(tokens_seen=20))
    asked: list[object] = []
    lab.edit.apply_requested.connect(lambda *request: asked.append(request))
    lab.edit.choose("zero", "7")
    lab.edit.apply_button.click()
    assert "0 to 3" in lab.edit._problem.text()
    lab.edit.choose("replace")
    assert not lab.edit.apply_button.isEnabled()
    lab.edit.preview()
    assert "Take a snapshot first" in lab.edit._problem.text()
    assert asked == []


def test_a_preview_is_asked_for_soon_after_the_last_change(qtbot: QtBot, lab: Lab) -> None:
    lab.show_contents(LabContents(tokens_seen=20))
    asked: list[object] = []
    lab.edit.preview_requested.connect(lambda *request: asked.append(request[0]))
    for layer in "0123":
        lab.edit.choose("zero", layer)
    qtbot.waitUntil(lambda: bool(asked), timeout=5000)
    assert asked == [Zero()], "once for all changes"


def test_undo_is_offered_where_there_is_something_to_undo(lab: Lab) -> None:
    assert not lab.edit.undo_button.isEnabled()
    word = WordChange(1, " king", 0.5, 0.1)
    contents = LabContents((), undo=1, redo=0, edited=True, tokens_seen=9)
    lab.show_contents(contents)
    lab.edit.show_effect(Edited(contents, NextWordChange(0.3, 0.2, (word,), (word, word)), True))
    assert lab.edit.undo_button.isEnabled()
    assert not lab.edit.redo_button.isEnabled()
    assert lab.edit.words.bars.bars[0].before == 0.5


def test_an_edit_that_changes_nothing_lists_no_words(lab: Lab) -> None:
    contents = LabContents((), undo=1, redo=0, edited=True, tokens_seen=9)
    word = WordChange(1, "(", 0.00001, 0.00001)
    lab.edit.show_effect(Edited(contents, NextWordChange(9e-5, 9e-5, (word,), (word, word)), True))
    assert "changed nothing" in lab.edit.words._heading.text()
    assert lab.edit.words.bars.bars == ()
    lab.edit.show_effect(Edited(contents, NextWordChange(2e-4, 2e-4, (word,), (word, word)), False))
    assert "would change the next word" in lab.edit.words._heading.text()
    assert lab.edit.words.bars.bars


def test_taking_an_edit_back_is_not_told_as_an_edit(lab: Lab) -> None:
    contents = LabContents((), undo=0, redo=1, tokens_seen=9)
    word = WordChange(1, " king", 0.1, 0.5)
    change = NextWordChange(0.3, 0.2, (word,), (word, word))
    lab.edit.show_effect(Edited(contents, change, True))
    assert lab.edit.done is change
    lab.edit.show_effect(Edited(contents, change, True, undone=True))
    assert lab.edit.words._heading.text().startswith("Undone")
    assert lab.edit.words.bars.bars == ()
    assert lab.edit.done is None


def test_sweeps_say_how_to_begin_once_there_is_a_text(lab: Lab) -> None:
    for page, words in ((lab.ablate, "Take each away"), (lab.patch, "Find the layer")):
        lab.show_contents(LabContents())
        assert "Let the model read or write" in page.plot._note.text()
        lab.show_contents(LabContents(tokens_seen=9))
        assert words in page.plot._note.text()
        page.plot.show_failure("No such word.")
        lab.show_contents(LabContents(tokens_seen=10))
        assert page.plot._note.text() == "No such word.", "why it failed stays"


def test_comparing_needs_two_different_states(lab: Lab) -> None:
    assert lab.compare.numbers is None
    lab.show_contents(LabContents((ONE, TWO), tokens_seen=20))
    assert lab.compare.numbers == (4, PRESENT), "the newest snapshot and the present"
    lab.compare.after.choose(4)
    assert lab.compare.numbers is None


def test_the_search_for_a_word_needs_two_words(lab: Lab) -> None:
    button = lab.patch.findChild(QPushButton, "patching_start_button")
    assert button is not None
    assert not button.isEnabled()
    lab.patch.choose("Jack", "Hans")
    assert button.isEnabled()
