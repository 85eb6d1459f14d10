"""Time travel in the whole window, with demo models: looking back, alternatives and branches, edits, playing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QTreeWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.main_window import MainWindow
from app.plots.activity import Activity
from app.settings import Settings
from app.views.elided_label import ElidedLabel
from app.views.page import Page
from app.views.token_card import AlternativeRow
from app.views.transcript import Transcript
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import Frame

PATIENCE = 60_000
PROMPT = "Once upon a time there was a king who had a daughter"
V4 = next(m for m in demo_models() if m.version == "4")
V5 = next(m for m in demo_models() if m.version == "5.2")
V6 = next(m for m in demo_models() if m.version == "6.0")


@pytest.fixture(scope="module")
def _one_window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainWindow]:
    """Making one takes longer than most of these tests."""
    theme.apply("light")
    window = MainWindow(Settings(tmp_path_factory.mktemp("settings") / "settings.ini"))
    window.resize(1280, 800)
    window.show()
    window.start_late_parts()
    deadline = time.monotonic() + PATIENCE / 1000
    while window.controller.engine is None and time.monotonic() < deadline:
        QTest.qWait(20)
    yield window
    window.close()
    assert window.controller.wait(PATIENCE / 1000)
    window.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, _one_window: MainWindow) -> Iterator[MainWindow]:
    """As after a start; nothing is written, no words are tinted."""
    yield _one_window
    rest(qtbot, _one_window)
    _one_window.conversation.scrubber.show_tint(False)
    _one_window.conversation.branches.hide()
    _one_window.controller.clear()
    rest(qtbot, _one_window)


@pytest.fixture
def frames(window: MainWindow) -> list[Frame]:
    found: list[Frame] = []
    window.controller.frame_made.connect(found.append)
    return found


def load(qtbot: QtBot, window: MainWindow, demo: DemoModel) -> None:
    with qtbot.waitSignal(window.controller.model_opened, timeout=PATIENCE):
        window.open_file(demo.path)
    rest(qtbot, window)


def rest(qtbot: QtBot, window: MainWindow) -> None:
    """Until nothing is being done."""
    qtbot.waitUntil(lambda: window.controller.idle, timeout=PATIENCE)


def begin(window: MainWindow, text: str, tokens: int, mode: str = "complete", seed: int | None = 5) -> None:
    panel = window.sampling_panel
    panel.restore({**panel.state(), "max_tokens": tokens})
    panel.set_params(replace(panel.params(), seed=seed, banned=(0,)))
    window.conversation.set_mode(mode)
    window.conversation.set_prompt(text)
    window.conversation.send()


def write(qtbot: QtBot, window: MainWindow, text: str = PROMPT, tokens: int = 40, mode: str = "complete") -> None:
    with qtbot.waitSignal(window.controller.write_ended, timeout=PATIENCE):
        begin(window, text, tokens, mode)
    rest(qtbot, window)


def tokens_of(window: MainWindow) -> list[int]:
    return [record.token for record in window.timeline.desk.records]


def place_label(window: MainWindow) -> str:
    label = window.findChild(ElidedLabel, "position_label")
    assert label is not None
    return label.full_text()


def page(window: MainWindow) -> Page:
    found = window.findChild(Page, "page_editor")
    assert found is not None
    return found


def transcript(window: MainWindow) -> Transcript:
    found = window.findChild(Transcript, "transcript")
    assert found is not None
    return found


@cache
def model_of(demo: DemoModel) -> RWKVModel:
    return open_model(demo.path)


def assert_shows(frame: Frame, demo: DemoModel, tokens: list[int]) -> None:
    """The frame is of the state after these tokens, read one by one."""
    model = model_of(demo)
    state = model.new_state()
    with torch.no_grad():
        for token in tokens:
            model.forward([token], state)
    assert frame.tokens_seen == len(tokens)
    assert frame.memory
    for entry in frame.memory:
        np.testing.assert_allclose(entry.values, state.layers[0][entry.title].numpy(), rtol=1e-3, atol=2e-3)


# Looking back


@pytest.mark.parametrize("demo", [V4, V6], ids=["v4", "v6"])
def test_the_slider_shows_the_state_at_any_token(
    qtbot: QtBot, window: MainWindow, frames: list[Frame], demo: DemoModel
) -> None:
    load(qtbot, window, demo)
    write(qtbot, window)
    strip, tokens = window.conversation.scrubber.strip, tokens_of(window)
    assert (strip.minimum(), strip.value(), strip.maximum()) == (1, len(tokens), len(tokens))
    for key, modifier, place in (
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 1),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 11),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 12),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 11),
    ):
        frames.clear()
        QTest.keyClick(strip, key, modifier)
        rest(qtbot, window)
        assert_shows(frames[-1], demo, tokens[:place])
        assert place_label(window).startswith(f"token {place} of {len(tokens)} · “")
    assert not window.conversation.scrubber.live.isChecked()
    QTest.keyClick(strip, Qt.Key.Key_End)
    rest(qtbot, window)
    assert window.conversation.scrubber.live.isChecked()
    assert_shows(frames[-1], demo, tokens)


def test_only_the_newest_place_is_looked_at(qtbot: QtBot, window: MainWindow, frames: list[Frame]) -> None:
    """Dragging asks for places faster than the worker draws them."""
    load(qtbot, window, V6)
    write(qtbot, window)
    frames.clear()
    for place in range(1, 41):
        window.conversation.scrubber.strip.picked.emit(place)
    rest(qtbot, window)
    assert frames[-1].tokens_seen == 40
    assert len(frames) <= 3


def test_while_the_model_writes_one_can_look_back_and_come_back(
    qtbot: QtBot, window: MainWindow, frames: list[Frame]
) -> None:
    load(qtbot, window, V6)
    begin(window, PROMPT, 100_000)
    desk = window.timeline.desk
    qtbot.waitUntil(lambda: len(desk.records) > 30, timeout=PATIENCE)
    desk.move_to(12)
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].tokens_seen == 12, timeout=PATIENCE)
    before = len(desk.records)
    frames.clear()
    qtbot.waitUntil(lambda: len(desk.records) > before + 20, timeout=PATIENCE)
    assert not [frame for frame in frames if frame.tokens_seen != 12], "it stays there while the model writes on"
    assert window.controller.writing
    window.conversation.scrubber.live.click()
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].tokens_seen > before, timeout=PATIENCE)
    with qtbot.waitSignal(window.controller.write_ended, timeout=PATIENCE):
        window.conversation.stop()
    rest(qtbot, window)
    assert "".join(record.text for record in desk.records) == page(window).text()
    frames.clear()
    desk.move_to(12)
    rest(qtbot, window)
    assert_shows(frames[-1], V6, tokens_of(window)[:12])


def test_looking_back_changes_nothing_of_what_is_written(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window, tokens=60)
    plain = page(window).text()
    window.conversation.clear_requested.emit()
    rest(qtbot, window)
    begin(window, PROMPT, 60)
    while window.controller.writing:
        qtbot.wait(5)
        window.timeline.desk.move_to(3 + int(time.monotonic() * 50) % 20)
    rest(qtbot, window)
    assert page(window).text() == plain


def test_playing_goes_through_the_text_and_ends_live(qtbot: QtBot, window: MainWindow, frames: list[Frame]) -> None:
    load(qtbot, window, V6)
    write(qtbot, window, "Once upon", tokens=12)
    scrubber, desk = window.conversation.scrubber, window.timeline.desk
    scrubber.speed.setCurrentIndex(scrubber.speed.count() - 1)
    frames.clear()
    scrubber.play.click()
    assert desk.playing
    assert desk.position == 1
    qtbot.waitUntil(lambda: not desk.playing, timeout=PATIENCE)
    rest(qtbot, window)
    assert desk.position is None
    places = [frame.tokens_seen for frame in frames]
    assert places == sorted(places)
    assert len(set(places)) > 3
    scrubber.play.click()
    scrubber.play.click()
    assert not desk.playing
    assert desk.position is not None


def test_a_click_on_a_word_goes_there(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    edit = page(window)
    place = edit.tokens.place_of(5)
    assert place is not None
    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert window.timeline.desk.position is None, "without the tint a click only sets the cursor"
    window.conversation.scrubber.tint.click()
    QTest.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert window.timeline.desk.position == 6
    QTest.mousePress(edit.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    QTest.mouseMove(edit.viewport(), place.center() + QPoint(90, 0))
    QTest.mouseRelease(edit.viewport(), Qt.MouseButton.LeftButton, pos=place.center() + QPoint(90, 0))
    assert window.timeline.desk.position == 6, "who selects does not look elsewhere"
    rest(qtbot, window)


# Words and their alternatives


def test_with_the_tint_every_word_is_measured(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.timeline_desk.FILLED_SECONDS", 0.0)
    load(qtbot, window, V6)
    write(qtbot, window)
    desk = window.timeline.desk
    assert not desk.records[3].measured
    window.conversation.scrubber.tint.click()
    qtbot.waitUntil(lambda: all(record.measured for record in desk.records[1:]), timeout=PATIENCE)
    logits = model_of(V6).forward(tokens_of(window)[:20], model_of(V6).new_state())
    surprise = -torch.log_softmax(logits.double(), 0)[desk.records[20].token]
    assert desk.records[20].logprob == pytest.approx(-float(surprise), abs=1e-3)
    write(qtbot, window, "Another text", tokens=5)
    assert all(record.measured for record in desk.records[1:]), "what is read from now on is measured as it is read"


def test_what_a_short_prompt_changed_is_found_out_after_the_writing(qtbot: QtBot, window: MainWindow) -> None:
    """It is read many tokens at once, which does not tell."""
    load(qtbot, window, V6)
    write(qtbot, window)
    desk, strip = window.timeline.desk, next(plot for plot in window.plot_grid.plots if plot.key == "activity")
    qtbot.waitUntil(lambda: all(record.change for record in desk.records), timeout=PATIENCE)
    assert isinstance(strip, Activity)
    assert [row[0] for row in strip.rows()[1:]] == [*range(1, len(desk.records) + 1)]


def test_what_would_take_long_to_find_out_stays_unknown(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.timeline_desk.FILLED_SECONDS", 0.0)
    load(qtbot, window, V6)
    write(qtbot, window)
    rest(qtbot, window)
    changes = [bool(record.change) for record in window.timeline.desk.records]
    assert changes[-40:] == [True] * 40
    assert not changes[1]


def test_an_alternative_becomes_a_branch_and_switching_back_restores_everything(
    qtbot: QtBot, window: MainWindow, frames: list[Frame]
) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    first_text, first_tokens, desk = page(window).text(), tokens_of(window), window.timeline.desk
    frames.clear()
    desk.move_to(30)
    rest(qtbot, window)
    before = frames[-1]
    QTest.keyClick(window.conversation.scrubber.strip, Qt.Key.Key_Return)
    card = window.timeline.card
    assert card.isVisible()
    rows = [row for row in card.findChildren(AlternativeRow) if row.isVisible() and row.isEnabled()]
    other = rows[1]
    assert other.alternative is not None
    token = other.alternative.token
    with qtbot.waitSignal(window.controller.write_ended, timeout=PATIENCE):
        other.click()
    rest(qtbot, window)
    assert tokens_of(window)[:30] == [*first_tokens[:29], token]
    assert len(tokens_of(window)) > 40
    assert page(window).text() == "".join(record.text for record in desk.records) != first_text
    assert window.conversation.scrubber.branches.text() == "Branches (2)"
    window.conversation.scrubber.branches.click()
    tree = window.findChild(QTreeWidget, "branch_tree")
    assert tree is not None
    root = tree.topLevelItem(0)
    assert root is not None
    assert root.childCount() == 1
    branch = root.child(0)
    assert branch is not None
    assert branch.text(1).startswith("29 “")
    frames.clear()
    tree.itemActivated.emit(root, 0)
    rest(qtbot, window)
    assert (page(window).text(), tokens_of(window)) == (first_text, first_tokens)
    assert_shows(frames[-1], V6, first_tokens)
    desk.move_to(30)
    rest(qtbot, window)
    for now, then in zip(frames[-1].memory, before.memory, strict=True):
        np.testing.assert_array_equal(now.values, then.values)


def test_a_branch_can_be_cut_renamed_and_deleted(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    desk, panel = window.timeline.desk, window.conversation.branches
    desk.move_to(20)
    panel.fork.click()
    rest(qtbot, window)
    assert len(tokens_of(window)) == 20
    assert desk.standing is not None
    assert [info.tokens for info in desk.standing.branches] == [desk.standing.branches[0].tokens, 20]
    desk.rename(2, "the short one")
    desk.move_to(10)
    panel.cut.click()
    rest(qtbot, window)
    assert page(window).text() == "".join(record.text for record in desk.records)
    assert (len(tokens_of(window)), desk.standing.branches[1].name) == (10, "the short one")
    window.timeline._delete(2)
    rest(qtbot, window)
    assert len(desk.standing.branches) == 1
    assert len(tokens_of(window)) > 40


def _asked(window: MainWindow) -> QMessageBox:
    box = window.findChild(QMessageBox, "giving_up_box")
    assert box is not None
    return box


def test_clear_asks_before_it_gives_up_branches(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    desk = window.timeline.desk
    desk.fork_at(20)
    rest(qtbot, window)
    window.conversation.clear_requested.emit()
    assert "2 branches" in _asked(window).text()
    _asked(window).button(QMessageBox.StandardButton.Cancel).click()
    QTest.qWait(50)
    assert desk.standing is not None
    assert (len(desk.standing.branches), len(tokens_of(window))) == (2, 20)
    window.conversation.clear_requested.emit()
    with qtbot.waitSignal(window.controller.cleared, timeout=PATIENCE):
        _asked(window).button(QMessageBox.StandardButton.Ok).click()
    rest(qtbot, window)
    assert not tokens_of(window)
    write(qtbot, window, tokens=3)
    with qtbot.waitSignal(window.controller.cleared, timeout=PATIENCE):
        window.conversation.clear_requested.emit()  # a single branch: no question


def test_opening_another_model_asks_before_it_gives_up_snapshots(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window, tokens=3)
    lab = window.analysis.lab
    lab.take()
    qtbot.waitUntil(lambda: len(lab.contents.snapshots) == 1, timeout=PATIENCE)
    panel = window.model_panel
    window.open_file(V4.path)
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "giving_up_box") is not None, timeout=PATIENCE)
    assert "snapshots: 1" in _asked(window).text()
    assert not panel.cancel_button.isVisible()  # nothing is being loaded yet
    _asked(window).button(QMessageBox.StandardButton.Cancel).click()
    QTest.qWait(50)
    assert (panel.cancel_button.isVisible(), len(lab.contents.snapshots)) == (False, 1)
    assert window.controller.opened is not None
    assert window.controller.opened.card.info.version == "6.0"
    panel.load()
    with qtbot.waitSignal(window.controller.model_opened, timeout=PATIENCE):
        _asked(window).button(QMessageBox.StandardButton.Ok).click()
    rest(qtbot, window)
    assert not lab.contents.snapshots


def test_writing_again_gives_another_text_and_keeps_the_first(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    first = page(window).text()
    with qtbot.waitSignal(window.controller.write_ended, timeout=PATIENCE):
        window.conversation.branches.again.click()
    rest(qtbot, window)
    assert page(window).text().startswith(PROMPT)
    assert page(window).text() != first
    window.timeline.desk.switch(1)
    rest(qtbot, window)
    assert page(window).text() == first


def test_branching_off_while_the_model_writes_stops_it_first(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    begin(window, PROMPT, 100_000)
    desk = window.timeline.desk
    qtbot.waitUntil(lambda: len(desk.records) > 30, timeout=PATIENCE)
    desk.fork_at(25)
    rest(qtbot, window)
    assert len(desk.records) == 25
    assert page(window).text() == "".join(record.text for record in desk.records)
    assert not window.controller.writing


# Editing


def test_after_an_edit_only_what_is_needed_is_read_again(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V4)
    write(qtbot, window, "It was a dark night. " * 40 + PROMPT, tokens=30)
    long = page(window).text()
    edited = long.replace("had a daughter", "had a son")
    write(qtbot, window, edited, tokens=10)
    status = window.findChild(ElidedLabel, "status_line")
    assert status is not None
    read, total = status.full_text().split("read ")[1].split(" tokens")[0].split(" of ")
    assert int(read.replace(",", "")) < int(total.replace(",", "")) / 2
    assert page(window).text().startswith(edited)
    assert page(window).text() == "".join(record.text for record in window.timeline.desk.records)


# Chat


def test_a_chat_is_tinted_on_both_sides_and_its_words_lead_to_tokens(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V5)
    window.conversation.scrubber.tint.click()
    write(qtbot, window, "Tell me about  the king\n\nand his fox", tokens=30, mode="chat")
    write(qtbot, window, "And the fox?", tokens=30, mode="chat")
    view, desk = transcript(window), window.timeline.desk
    shown = {desk.records[s.token].text for s in view.tokens.map.stretches(0, 10_000)}
    assert {" king", " fox", "?"} <= shown
    assert "Assistant" not in shown
    answer = next(record for record in desk.records if record.written and record.text.strip())
    place = view.tokens.place_of(answer.index)
    assert place is not None
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert desk.position == answer.index + 1
    desk.move_to(next(record.index for record in desk.records if record.text == "Assistant") + 1)
    assert "“Assistant”" in place_label(window), "the words of the template are passed, and named"
    rest(qtbot, window)


def test_an_earlier_message_can_be_edited_and_an_answer_written_again(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V5)
    write(qtbot, window, "Who is the king?", tokens=20, mode="chat")
    write(qtbot, window, "And the fox?", tokens=20, mode="chat")
    both = window.conversation.text()
    view = transcript(window)
    view.edit_requested.emit(2)
    rest(qtbot, window)
    assert "And the fox?" not in window.conversation.text()
    assert window.conversation.text() == both[: both.index("\n\nYou\nAnd the fox?")]
    write(qtbot, window, "And the wolf?", tokens=20, mode="chat")
    assert "And the wolf?" in window.conversation.text()
    with qtbot.waitSignal(window.controller.write_ended, timeout=PATIENCE):
        view.again_requested.emit(1)
    rest(qtbot, window)
    assert window.conversation.text().startswith("You\nWho is the king?\n\nModel\n")
    window.timeline.desk.switch(1)
    rest(qtbot, window)
    assert window.conversation.text() == both


def test_the_first_message_can_be_edited_too_and_the_page_stays(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V5)
    window.conversation.set_mode("complete")
    page(window).set_text("A text of mine")
    write(qtbot, window, "Who is the king?", tokens=10, mode="chat")
    assert list(transcript(window).tokens.map.stretches(0, 1000))
    assert not list(page(window).tokens.map.stretches(0, 1000)), "the page was not read"
    transcript(window).edit_requested.emit(0)
    rest(qtbot, window)
    assert window.conversation.mode() == "chat"
    assert window.conversation.text() == ""
    assert page(window).text() == "A text of mine"
    write(qtbot, window, "Who is the queen?", tokens=10, mode="chat")
    assert window.conversation.text().startswith("You\nWho is the queen?\n\nModel\n")
    window.timeline.desk.switch(1)
    rest(qtbot, window)
    assert window.conversation.text().startswith("You\nWho is the king?\n\nModel\n")


def test_branches_of_a_chat_and_of_a_page_come_back_where_they_belong(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V5)
    write(qtbot, window, "Who is the king?", tokens=10, mode="chat")
    said = window.conversation.text()
    window.timeline.desk.fork_at(1)
    rest(qtbot, window)
    write(qtbot, window, "Once upon a time", tokens=10)
    window.timeline.desk.switch(1)
    rest(qtbot, window)
    assert (window.conversation.mode(), window.conversation.text()) == ("chat", said)
    window.timeline.desk.switch(2)
    rest(qtbot, window)
    assert window.conversation.mode() == "complete"
    assert window.conversation.text().startswith("Once upon a time")


def test_clearing_forgets_all_branches(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    window.timeline.desk.fork_at(10)
    rest(qtbot, window)
    window.conversation.clear_requested.emit()
    _asked(window).button(QMessageBox.StandardButton.Ok).click()
    rest(qtbot, window)
    assert not window.conversation.scrubber.isVisible()
    assert window.timeline.desk.standing is None
    write(qtbot, window)
    assert window.conversation.scrubber.isVisible()
    assert window.conversation.scrubber.branches.text() == "Branches"


def test_the_budget_reaches_the_timeline_and_stays_for_the_next_start(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, V6)
    write(qtbot, window)
    window.timeline.set_budget(64)
    rest(qtbot, window)
    assert window.timeline.desk.standing is not None
    assert window.timeline.desk.standing.info.budget_bytes == 64 * 2**20
    assert window.settings.timeline_megabytes == 64
    load(qtbot, window, V4)
    write(qtbot, window, tokens=3)
    assert window.timeline.desk.standing.info.budget_bytes == 64 * 2**20
