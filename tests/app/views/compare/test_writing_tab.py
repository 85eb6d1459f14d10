"""The tab on which models write side by side, with made-up messages: texts, tints, and one position for all columns."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app import theme
from app.views.compare.columns import NARROWEST
from app.views.compare.tinted_text import LEVELS, STRONGEST, TintedText, ground, level
from app.views.compare.writing_tab import WritingTab
from tests.app.views.compare.made import status, step

WORDS = (" a", " son", " and", " no", " gold")


@pytest.fixture
def tab(qtbot: QtBot, light: None) -> WritingTab:
    tab = WritingTab()
    qtbot.addWidget(tab)
    tab.resize(1200, 700)
    tab.show_columns([status(1, "4"), status(2, "6.0"), status(5, "5.2")])
    tab.show()
    return tab


def write(qtbot: QtBot, tab: WritingTab, **lengths: int) -> None:
    tab.setup.set_prompt("A king had")
    tab.begin([1, 2, 5])
    for number, length in zip((1, 2, 5), lengths.values(), strict=True):
        for index in range(length):
            tab.add(number, step(index, WORDS[index % len(WORDS)], nats=index / 2))
    wanted = list(lengths.values())
    qtbot.waitUntil(lambda: [column.text.tokens for column in tab.columns.columns] == wanted)


def marked(text: TintedText) -> str:
    selections = text.extraSelections()
    return selections[0].cursor.selectedText() if selections else ""


def test_each_column_shows_its_own_text_after_the_prompt(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=3, second=5, third=1)
    shown = [column.text.toPlainText() for column in tab.columns.columns]
    assert shown == ["A king had a son and", "A king had a son and no gold", "A king had a"]


def test_one_position_is_marked_in_every_column(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=5, second=5, third=5)
    tab.position.slider.setValue(2)
    assert [marked(column.text) for column in tab.columns.columns] == [" son"] * 3
    assert tab.position.position == 2


def test_a_click_on_a_word_moves_all_columns(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=5, second=5, third=5)
    text = tab.columns.columns[1].text
    cursor = QTextCursor(text.document())
    cursor.setPosition(len("A king had a son a"))
    spot = text.cursorRect(cursor).center() + QPoint(1, 0)
    QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert [marked(column.text) for column in tab.columns.columns] == [" and"] * 3
    assert tab.position.slider.value() == 3


def test_a_column_that_ended_earlier_stays_at_its_end(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=2, second=5, third=5)
    tab.position.go_to(4)
    assert marked(tab.columns.columns[0].text) == " son"
    assert "end" in tab.columns.columns[0]._foot.full_text()
    assert "character 13" in tab.columns.columns[1]._foot.full_text()


def test_the_position_follows_the_end_until_it_is_moved(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=3, second=3, third=3)
    assert tab.position.position is None
    assert tab.position.slider.value() == 3
    tab.position.slider.setValue(1)
    tab.add(1, step(3, " no"))
    qtbot.waitUntil(lambda: tab.position.slider.maximum() == 4)
    assert tab.position.slider.value() == 1
    tab.position.follow.click()
    assert tab.position.slider.value() == 4
    assert not marked(tab.columns.columns[0].text)


def test_a_text_is_never_read_as_html(qtbot: QtBot, tab: WritingTab) -> None:
    tab.begin([1, 2, 5])
    tab.add(1, step(0, "<b>bold</b> &amp; <img src=x>"))
    qtbot.waitUntil(lambda: tab.columns.columns[0].text.tokens == 1)
    assert tab.columns.columns[0].text.toPlainText().endswith("<b>bold</b> &amp; <img src=x>")


def test_the_ground_is_stronger_the_less_a_token_was_expected(qtbot: QtBot, tab: WritingTab) -> None:
    tab.begin([1, 2, 5])
    for index, nats in enumerate((0.0, 2.0, 50.0)):
        tab.add(1, step(index, WORDS[index], nats))
    text = tab.columns.columns[0].text
    qtbot.waitUntil(lambda: text.tokens == 3)
    cursor, grounds = QTextCursor(text.document()), []
    for place in (len(tab.setup.prompt()) + 2, len(tab.setup.prompt()) + 4, text.document().characterCount() - 1):
        cursor.setPosition(place)
        grounds.append(cursor.charFormat().background().color().name())
    assert grounds[1:] == [ground(level(2.0)).name(), ground(LEVELS).name()]
    assert level(STRONGEST * 9) == LEVELS


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_stays_readable_on_the_strongest_ground(light: None, name: theme.Choice) -> None:
    theme.apply(name)
    assert contrast(QColor(theme.current().text), ground(LEVELS)) >= 4.5


def contrast(one: QColor, other: QColor) -> float:
    """As the web's guidelines compute it."""

    def light_of(colour: QColor) -> float:
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour.getRgbF()[:3]]  # type: ignore[index]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light_of(one), light_of(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_change_of_theme_keeps_text_and_mark(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=5, second=5, third=5)
    tab.position.go_to(2)
    theme.apply("dark")
    column = tab.columns.columns[0]
    assert column.text.toPlainText() == "A king had a son and no gold"
    assert marked(column.text) == " son"


def test_columns_that_stay_keep_their_text_when_another_goes(qtbot: QtBot, tab: WritingTab) -> None:
    write(qtbot, tab, first=2, second=3, third=4)
    tab.show_columns([status(2, "6.0"), status(5, "5.2"), status(9, "4")])
    assert [column.number for column in tab.columns.columns] == [2, 5, 9]
    assert [column.text.tokens for column in tab.columns.columns] == [3, 4, 0]


def test_columns_scroll_sideways_instead_of_becoming_too_narrow(qtbot: QtBot, tab: WritingTab) -> None:
    tab.show_columns([status(number) for number in range(6)])
    tab.resize(800, 700)
    qtbot.waitUntil(lambda: tab.columns.horizontalScrollBar().maximum() > 0)
    assert all(column.width() >= NARROWEST - theme.S for column in tab.columns.columns)


def test_a_failed_column_says_why(tab: WritingTab) -> None:
    from dataclasses import replace

    failed = replace(status(1, "4"), phase="failed", sentence="The file is <cut> off.")
    tab.columns.show_status(failed)
    column = tab.columns.columns[0]
    assert column._failure.toPlainText() == "The file is <cut> off."
    tab.columns.show_status(status(1, "4"))
    assert not column._failure.isVisible()
