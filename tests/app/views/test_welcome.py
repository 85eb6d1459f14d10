"""Three things to try."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from app.views.welcome import Welcome


@pytest.fixture
def welcome(qtbot: QtBot) -> Welcome:
    welcome = Welcome()
    qtbot.addWidget(welcome)
    return welcome


@pytest.mark.parametrize("key", ["tale", "forget", "open", "tour"])
def test_each_button_asks_for_its_own_thing(welcome: Welcome, qtbot: QtBot, key: str) -> None:
    button = welcome.findChild(QPushButton, f"try_{key}_button")
    assert isinstance(button, QPushButton)
    with qtbot.waitSignal(welcome.try_requested, timeout=1000) as told:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert told.args == [key]
    with qtbot.waitSignal(welcome.try_requested, timeout=1000) as told:
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert told.args == [key]


def test_there_are_three_and_the_tour(welcome: Welcome) -> None:
    assert len(welcome.findChildren(QPushButton)) == 3 + 1


@pytest.mark.parametrize("width", [320, 400, 900])
def test_nothing_is_cut_off(welcome: Welcome, width: int) -> None:
    welcome.resize(width, 500)
    welcome.grab()
    area = welcome.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    inside = area.widget()
    assert inside is not None
    assert inside.width() <= area.viewport().width()
    for label in welcome.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
    for button in welcome.findChildren(QPushButton):
        assert button.width() >= button.sizeHint().width()
