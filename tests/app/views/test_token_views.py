"""Tinted words, the card beside them, the scrubber and the tree of branches, with made-up tokens and no model."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.timeline_messages import BranchWords
from app.views.branch_panel import BranchPanel
from app.views.page import Page
from app.views.scrubber import Scrubber
from app.views.token_card import HIDE_AFTER, SHOW_AFTER, AlternativeRow, TokenCard
from app.views.token_tint import STEPS, grounds, shade, stripes
from app.views.transcript import LONG_PARAGRAPH, Transcript
from rwkv_backend.records import BranchInfo, TimelineInfo
from tests.app.views.told import record, records

Key, Modifier, Button = Qt.Key, Qt.KeyboardModifier, Qt.MouseButton
WORDS = ("Once", " upon", " a", " time", "\n", "👑", ",", " there", " was")


# Colours


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_on_every_tint_can_be_read(qtbot: QtBot, light: None, name: theme.Choice) -> None:
    theme.apply(name)
    look = theme.current()
    for ink in (look.text, look.accent):
        for ground in grounds():
            one, other = sorted((luminance(QColor(ink)), luminance(ground)))
            assert (other + 0.05) / (one + 0.05) >= 4.5, (name, ink, ground.name())


@pytest.mark.parametrize("name", ["light", "dark"])
def test_more_surprise_is_always_farther_from_the_ground(qtbot: QtBot, light: None, name: theme.Choice) -> None:
    theme.apply(name)
    for ramp in (grounds(), stripes()):
        away = [abs(luminance(colour) - luminance(ramp[0])) for colour in ramp]
        assert away == sorted(away)
        assert len(set(away)) > STEPS // 2
    assert [shade(nats) for nats in (-1.0, 0.0, 8.0, 100.0)] == [0, 0, STEPS - 1, STEPS - 1]


# Words


@pytest.fixture
def page(qtbot: QtBot, light: None) -> Page:
    page = Page()
    qtbot.addWidget(page)
    page.resize(260, 300)
    page.show()
    return page


def boxes(edit: Page | Transcript) -> dict[tuple[int, int, int], list[tuple[int, QRect]]]:
    """What each line that can be seen holds, by its place and width."""
    layer = edit.tokens
    return {
        (line.first, line.last, round(line.origin.y())): [
            (n, box.toAlignedRect()) for n, box in layer._look(line).boxes
        ]
        for line in layer._lines.between(0, edit.viewport().height())
    }


def afresh(edit: Page | Transcript) -> dict[tuple[int, int, int], list[tuple[int, QRect]]]:
    edit.tokens.forget_lines()
    return boxes(edit)


@pytest.mark.parametrize("seed", range(6))
def test_lines_that_are_kept_are_as_those_looked_at_anew(qtbot: QtBot, page: Page, seed: int) -> None:
    """Whatever is written, edited, undone, cut or resized in whatever order."""
    rng, count = random.Random(seed), 0
    page.tokens.set_tinted(True)
    for _ in range(60):
        what = rng.randrange(6)
        if what <= 2:
            new = records(rng.choices(WORDS, k=rng.randrange(1, 9)), count)
            page.add("".join(r.text for r in new))
            page.show_tokens(count, new)
            count += len(new)
        elif what == 3:
            cursor = QTextCursor(page.document())
            cursor.setPosition(rng.randrange(page.document().characterCount()))
            cursor.insertText("x")
        elif what == 4:
            page.undo()
        else:
            page.resize(rng.randrange(160, 320), 300)
        page.grab()
        qtbot.wait(1)
        kept = boxes(page)
        assert kept == afresh(page)
    shown = page.tokens.map.told()
    for line, found in boxes(page).items():
        for token, _ in found:
            assert page.tokens.map.place_of(token) is not None, (line, shown)


def test_only_what_is_still_as_it_was_read_is_tinted(qtbot: QtBot, page: Page) -> None:
    texts = ["Once", " upon", " a", " time"]
    page.set_text("".join(texts))
    page.show_tokens(0, records(texts))
    assert [token for found in boxes(page).values() for token, _ in found] == [0, 1, 2, 3]
    cursor = QTextCursor(page.document())
    cursor.setPosition(7)
    cursor.insertText("x")
    assert [token for found in boxes(page).values() for token, _ in found] == [0, 1]
    page.undo()
    qtbot.wait(5)
    assert [token for found in boxes(page).values() for token, _ in found] == [0, 1, 2, 3]


def test_what_the_model_wrote_keeps_its_colour_in_another_branch(qtbot: QtBot, page: Page) -> None:
    page.set_parts([("I said", False), (" and it said", True)])
    assert page.text() == "I said and it said"
    assert page.ends_with_written
    page.undo()
    assert page.text() == ""


def test_a_long_answer_with_soft_breaks_is_tinted_to_its_end(qtbot: QtBot, light: None) -> None:
    view = Transcript()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    view.begin("user", "Tell me")
    view.begin("model")
    view.show_tokens(0, [record(0, "User: Tell me", written=False), record(1, "\n\nAssistant:", written=False)])
    count = 2
    while count < 2 + LONG_PARAGRAPH:
        new = records([" word"] * 50, count)
        text = "".join(r.text for r in new)
        view.add(text.lstrip() if count == 2 else text)
        view.show_tokens(count, new)
        count += 50
    view.tokens.set_tinted(True)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    assert [token for found in boxes(view).values() for token, _ in found][-1] == count - 1
    assert boxes(view) == afresh(view)
    shown = view.message(1)
    for token in (2, 500, count - 1):
        place = view.tokens.map.place_of(token)
        assert place is not None
        cursor = QTextCursor(view.document())
        cursor.setPosition(place[0])
        cursor.setPosition(place[1], QTextCursor.MoveMode.KeepAnchor)
        assert cursor.selectedText().strip() == "word"
    assert shown.count("word") == count - 2


# The card


@pytest.fixture
def card(qtbot: QtBot, light: None) -> Iterator[TokenCard]:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 500)
    card = TokenCard(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield card
    window.close()


def rows(card: TokenCard) -> list[AlternativeRow]:
    return [row for row in card.findChildren(AlternativeRow) if row.isVisible()]


def test_the_card_comes_after_a_moment_and_stays_while_the_mouse_goes_to_it(qtbot: QtBot, card: TokenCard) -> None:
    card.point_at(record(4, " daughter", 2.25), QRect(50, 60, 40, 16))
    assert not card.isVisible()
    qtbot.waitUntil(card.isVisible, timeout=SHOW_AFTER * 10)
    card.leave()
    qtbot.wait(HIDE_AFTER // 3)
    card.enterEvent(None)  # type: ignore[arg-type]
    qtbot.wait(HIDE_AFTER * 2)
    assert card.isVisible()
    card.leave()
    qtbot.waitUntil(lambda: not card.isVisible(), timeout=HIDE_AFTER * 10)


def test_the_card_says_what_the_model_thought(qtbot: QtBot, card: TokenCard) -> None:
    card.open_at(record(4, " <b>king</b>", 2.25), QRect(50, 60, 40, 16))
    title, numbers = (card.findChild(QLabel, f"token_card_{part}") for part in ("title", "numbers"))
    assert title is not None
    assert numbers is not None
    assert title.text() == "“␣<b>king</b>”"
    assert title.textFormat() == Qt.TextFormat.PlainText
    words = numbers.text()
    for part in ("token 5", "number 104", "probability 11 %", "rank 3", "surprise 2.25 nats", "entropy 3.91 nats"):
        assert part in words
    assert [row.isEnabled() for row in rows(card)] == [True, True, False, True, True]


def test_with_the_keyboard_one_goes_through_the_alternatives_and_takes_one(qtbot: QtBot, card: TokenCard) -> None:
    card.open_at(record(4, " daughter"), QRect(50, 60, 40, 16))
    assert rows(card)[0].hasFocus()
    for _ in range(2):
        QTest.keyClick(card, Key.Key_Down)
    assert rows(card)[3].hasFocus(), "the token that stands there is no alternative"
    with qtbot.waitSignal(card.chosen) as chosen:
        QTest.keyClick(rows(card)[3], Key.Key_Return)
    assert chosen.args == [4, 4, "⏎"]
    assert not card.isVisible()
    card.open_at(record(4, " daughter"), QRect(50, 60, 40, 16))
    with qtbot.waitSignal(card.closed):
        QTest.keyClick(card, Key.Key_Escape)


def test_a_token_that_is_not_measured_is_asked_for_and_shown_when_known(qtbot: QtBot, card: TokenCard) -> None:
    with qtbot.waitSignal(card.shown) as shown:
        card.open_at(record(4, " daughter", None), QRect(50, 60, 40, 16))
    assert shown.args == [4]
    assert not rows(card)
    card.refresh(0, records(["a", "b", "c", "d", " daughter"]))
    assert len(rows(card)) == 5
    card.refresh(0, records(["a", "b"]))
    assert not card.isVisible(), "that token is no more"


@pytest.mark.parametrize("place", [QRect(0, 0, 40, 16), QRect(590, 480, 40, 16), QRect(300, 250, 40, 16)])
def test_the_card_lies_inside_the_window_and_not_over_the_word(qtbot: QtBot, card: TokenCard, place: QRect) -> None:
    card.open_at(record(4, " daughter"), place)
    assert card.window().rect().contains(card.geometry())
    assert not card.geometry().intersects(place)


# The scrubber


@pytest.fixture
def scrubber(qtbot: QtBot, light: None) -> Scrubber:
    scrubber = Scrubber()
    qtbot.addWidget(scrubber)
    scrubber.resize(380, 60)
    scrubber.show_tokens(0, records(["a"] * 512))
    scrubber.show_position(512, live=True)
    return scrubber


def test_the_scrubber_is_there_only_when_there_is_a_text(qtbot: QtBot) -> None:
    scrubber = Scrubber()
    qtbot.addWidget(scrubber)
    assert scrubber.isHidden()
    scrubber.show_tokens(0, records(["a"]))
    assert not scrubber.isHidden()
    scrubber.show_tokens(0, [])
    assert scrubber.isHidden()


@pytest.mark.parametrize(
    ("key", "modifier", "to"),
    [
        (Key.Key_Left, Modifier.NoModifier, 99),
        (Key.Key_Right, Modifier.NoModifier, 101),
        (Key.Key_Right, Modifier.ControlModifier, 110),
        (Key.Key_Left, Modifier.ShiftModifier, 90),
        (Key.Key_Home, Modifier.NoModifier, 1),
        (Key.Key_End, Modifier.NoModifier, 512),
    ],
)
def test_keys_move_through_the_text(scrubber: Scrubber, key: Qt.Key, modifier: Qt.KeyboardModifier, to: int) -> None:
    moved: list[int] = []
    scrubber.moved.connect(moved.append)
    scrubber.show_position(100, live=False)
    QTest.keyClick(scrubber.strip, key, modifier)
    assert moved == [to]


def test_a_click_or_a_drag_on_the_rail_goes_there(scrubber: Scrubber, qtbot: QtBot) -> None:
    moved: list[int] = []
    scrubber.moved.connect(moved.append)
    scrubber.show()
    strip = scrubber.strip
    middle = QPoint(strip.width() // 2, strip.height() - 8)
    QTest.mousePress(strip, Button.LeftButton, pos=middle)
    QTest.mouseMove(strip, QPoint(strip.width() + 50, 5))
    QTest.mouseRelease(strip, Button.LeftButton, pos=middle)
    assert moved[0] == pytest.approx(256, abs=2)
    assert moved[-1] == 512


def test_the_place_is_said_in_words(scrubber: Scrubber) -> None:
    scrubber.show_tokens(142, [record(142, " daughter", 3.5), *records(["b"] * 369, 143)])
    scrubber.show_position(143, live=False)
    assert scrubber.where.full_text() == "token 143 of 512 · “ daughter”"
    assert "surprise 3.50 nats" in scrubber.strip.accessibleDescription()
    assert not scrubber.live.isChecked()


def test_enter_asks_for_what_else_could_have_come(scrubber: Scrubber, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scrubber.alternatives_requested):
        QTest.keyClick(scrubber.strip, Key.Key_Return)


# Branches


def branches(current: int) -> tuple[list[BranchInfo], list[BranchWords]]:
    infos = [
        BranchInfo(1, None, 0, "", 134, current == 1),
        BranchInfo(2, 1, 120, "<i>a fox</i>", 160, current == 2),
        BranchInfo(5, 2, 130, "", 140, current == 5),
    ]
    return infos, [BranchWords("", "Once upon"), BranchWords(" king", " who"), BranchWords("\n", " so")]


@pytest.fixture
def panel(qtbot: QtBot, light: None) -> BranchPanel:
    panel = BranchPanel()
    qtbot.addWidget(panel)
    panel.resize(380, 190)
    panel.show_branches(*branches(2))
    panel.show()
    return panel


def tree(panel: BranchPanel) -> QTreeWidget:
    found = panel.findChild(QTreeWidget, "branch_tree")
    assert found is not None
    return found


def test_the_tree_shows_names_forks_and_lengths(panel: BranchPanel) -> None:
    root = tree(panel).topLevelItem(0)
    assert root is not None
    child = root.child(0)
    assert child is not None
    grandchild = child.child(0)
    assert grandchild is not None
    columns = [[item.text(column) for column in range(3)] for item in (root, child, grandchild)]
    assert columns == [
        ["First text", "", "134"],
        ["<i>a fox</i>", "120 “␣king”", "160"],
        ["Branch 3", "130 “⏎”", "140"],
    ]
    assert child.font(0).bold()
    assert "&lt;i&gt;" in child.toolTip(0)


def test_choosing_a_branch_asks_for_it_and_choosing_the_present_one_for_nothing(panel: BranchPanel) -> None:
    wanted: list[int] = []
    panel.switch_requested.connect(wanted.append)
    root = tree(panel).topLevelItem(0)
    tree(panel).itemClicked.emit(root, 0)
    assert root is not None
    tree(panel).itemClicked.emit(root.child(0), 0)
    assert wanted == [1]


def test_a_name_that_was_typed_is_asked_for(panel: BranchPanel) -> None:
    wanted: list[tuple[int, str]] = []
    panel.rename_requested.connect(lambda branch, name: wanted.append((branch, name)))
    panel.show_branches(*branches(5))
    assert not wanted
    root = tree(panel).topLevelItem(0)
    assert root is not None
    root.setText(0, " the first ")
    assert wanted == [(1, "the first")]


def test_the_only_branch_cannot_be_deleted(panel: BranchPanel) -> None:
    assert panel.delete.isEnabled()
    assert panel.has_children(2)
    assert not panel.has_children(5)
    infos, words = branches(1)
    panel.show_branches(infos[:1], words[:1])
    assert not panel.delete.isEnabled()


def test_the_memory_is_shown_with_its_budget(panel: BranchPanel) -> None:
    panel.show_info(TimelineInfo(160, 5 * 2**20, 256 * 2**20, (0, 64, 128)))
    label = panel.findChild(QLabel, "timeline_memory_label")
    assert label is not None
    assert label.text() == "5.0 of 256 MB"
    assert "3 are kept" in label.toolTip()


def test_what_can_be_done_follows_the_place(panel: BranchPanel) -> None:
    panel.show_place(160, 160)
    assert not panel.cut.isEnabled()
    panel.show_place(10, 160)
    assert panel.cut.isEnabled()
    panel.show_place(0, 0)
    assert not any(button.isEnabled() for button in (panel.fork, panel.cut, panel.again))


def test_the_mouse_finds_the_word_it_is_at(qtbot: QtBot, page: Page) -> None:
    texts = ["Once", " upon", " a", " time"]
    page.set_text("".join(texts))
    page.show_tokens(0, records(texts))
    page.tokens.set_tinted(True)
    place = page.tokens.place_of(1)
    assert place is not None
    with qtbot.waitSignal(page.tokens.hovered) as hovered:
        QTest.mouseMove(page.viewport(), place.center())
    assert hovered.args is not None
    assert hovered.args[0] == 1
    assert page.tokens.token_at(QPointF(250, 290)) is None


def test_what_is_measured_later_tints_the_words_then(qtbot: QtBot, page: Page) -> None:
    texts = ["Once", " upon", " a", " time"]
    page.set_text("".join(texts))
    page.show_tokens(0, records(texts, surprise=None))
    page.tokens.set_tinted(True)
    page.grab()
    plain = [line.tint.size() for line in page.tokens._kept.values()]
    page.tokens.show_measured(1, records([" upon", " a"], 1, 6.0))
    page.grab()
    assert page.tokens._surprises == [None, 6.0, 6.0, None]
    assert [line.tint.size() for line in page.tokens._kept.values()] > plain
