"""The guided tour in the whole window: every step can be done by its button, and says so where something is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.analysis_tour import TALE, Tour
from app.main_window import MainWindow
from app.settings import Settings
from app.views.tour_places import best_place
from rwkv_backend.demo_models import demo_models
from rwkv_backend.tokenizers import load_tokenizer

PATIENCE = 60_000
NO_KEY = Qt.KeyboardModifier.NoModifier
V6 = next(m for m in demo_models() if m.version == "6.0")


@pytest.fixture
def window(qtbot: QtBot, light: None) -> Iterator[MainWindow]:
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.start_late_parts()
    qtbot.waitUntil(lambda: window.controller.engine is not None, timeout=PATIENCE)
    yield window
    window.close()
    assert window.controller.wait(PATIENCE / 1000)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    tour, analysis = window.analysis.tour, window.analysis

    def quiet() -> bool:
        asked = any(question.running for desk in analysis.desks for question in desk._questions)
        return (
            tour._then is None and window.controller.idle and not asked and not analysis.lab.lab.edit._soon.isActive()
        )

    qtbot.waitUntil(quiet, timeout=PATIENCE)
    tour._refresh()


def do(qtbot: QtBot, window: MainWindow) -> Tour:
    tour: Tour = window.analysis.tour
    tour.card.do.click()
    settle(qtbot, window)
    return tour


def test_every_step_can_be_done_by_its_button(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.sampling_panel
    panel.restore({**panel.state(), "max_tokens": 12})
    panel.set_params(replace(panel.params(), seed=5, banned=(0,)))
    action = window.findChild(QAction, "tour_action")
    assert action is not None
    action.trigger()
    tour = do(qtbot, window)
    assert window.controller.opened is not None
    assert window.timeline.desk.records, "the model has written"
    tour.card.next.click()
    do(qtbot, window)
    assert window.timeline.desk.playing
    tour.card.next.click()
    do(qtbot, window)
    qtbot.waitUntil(lambda: "tokens" in tour._about_half_lives(), timeout=PATIENCE)
    tour.card.next.click()
    do(qtbot, window)
    assert "Layer 4 remembers the name" in tour.card.text()
    assert window.conversation.text() == TALE
    standing = window.timeline.desk.standing
    assert standing is not None
    assert len(standing.branches) == 1, "texts of the tour are not worth keeping"
    tour.card.next.click()
    do(qtbot, window)
    assert window.analysis.lab.contents.edited
    assert "Jack" in tour.card.text()
    tour.card.next.click()
    assert not tour.running
    assert tour.frame.isHidden()


def test_a_step_without_what_it_needs_says_so_and_sees_to_it(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.sampling_panel
    panel.restore({**panel.state(), "max_tokens": 5})
    tour: Tour = window.analysis.tour
    tour.start()
    for _ in range(4):
        tour.card.next.click()
    assert "needs the RWKV-6 demo model" in tour.card.note()
    do(qtbot, window)
    assert "needs the tale" in tour.card.note()
    do(qtbot, window)
    assert tour.card.note() == ""
    tour.card.end.click()
    assert not tour.running


def test_a_text_of_the_users_own_stays_as_a_branch(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.sampling_panel
    panel.restore({**panel.state(), "max_tokens": 3})
    window.open_file(V6.path)
    qtbot.waitUntil(lambda: window.controller.opened is not None, timeout=PATIENCE)
    window.conversation.set_mode("complete")
    window.conversation.set_prompt("A text of my own")
    window.conversation.send()
    qtbot.waitUntil(lambda: window.controller.idle and bool(window.timeline.desk.records), timeout=PATIENCE)
    mine = window.conversation.text()
    tour: Tour = window.analysis.tour
    tour.start()
    for _ in range(3):
        tour.card.next.click()
    do(qtbot, window)
    assert window.conversation.text() == TALE
    assert "Layer 4 remembers the name" in tour.card.text()
    standing = window.timeline.desk.standing
    assert standing is not None
    first = standing.branches[0].id
    window.timeline.desk.switch(first)
    qtbot.waitUntil(lambda: window.conversation.text() == mine, timeout=PATIENCE)
    tour.end()


def test_the_card_can_be_dragged_and_lies_beside_its_target(qtbot: QtBot, window: MainWindow) -> None:
    tour: Tour = window.analysis.tour
    tour.start()
    card = tour.card
    tour._refresh()
    target = tour.frame.place()
    assert target is not None
    assert not card.geometry().intersects(target)
    before = card.pos()
    QTest.mousePress(card, Qt.MouseButton.LeftButton, NO_KEY, QPoint(20, 6))
    QTest.mouseMove(card, QPoint(-80, -24))
    QTest.mouseRelease(card, Qt.MouseButton.LeftButton)
    moved = card.pos()
    assert moved != before
    tour._refresh()
    assert card.pos() == moved
    card.next.click()
    assert not card._dragged
    tour.end()


WHOLE = QRect(0, 0, 1280, 800)
CARD = QSize(420, 200)


@pytest.mark.parametrize(
    "target",
    [QRect(800, 100, 460, 600), QRect(1100, 700, 100, 30), QRect(10, 100, 300, 600), QRect(300, 60, 600, 200)],
)
def test_the_card_covers_neither_its_target_nor_what_is_kept_clear(target: QRect) -> None:
    clear = [QRect(310, 640, 480, 90)]
    card = QRect(best_place(CARD, WHOLE, target, clear), CARD)
    assert WHOLE.contains(card)
    assert not card.intersects(target)
    assert not card.intersects(clear[0])


def test_where_there_is_no_room_the_card_goes_to_the_farthest_corner() -> None:
    card = QRect(best_place(CARD, WHOLE, QRect(100, 20, 1180, 740)), CARD)
    assert card.left() < 50
    assert card.bottom() > 700


def test_the_name_is_mentioned_last_about_200_tokens_before_the_end() -> None:
    tokenizer = load_tokenizer(None, vocab_size=2048, model_path=V6.path)
    tokens = tokenizer.encode(TALE)
    (jack,) = tokenizer.encode(" Jack")
    assert 195 <= len(tokens) - 1 - max(i for i, token in enumerate(tokens) if token == jack) <= 215
