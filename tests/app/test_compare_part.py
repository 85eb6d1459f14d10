"""The compare page in the whole window, with real demo models."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.compare_messages import ColumnFrame
from app.main_window import MainWindow
from app.settings import Settings
from rwkv_backend.compare.records import ModelChoice
from rwkv_backend.demo_models import demo_models

PATIENCE = 120_000


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


def only(qtbot: QtBot, window: MainWindow, *versions: str) -> None:
    """The compare page with these demo models."""
    desk = window.compare.desk
    window.show_page("compare")
    for status in desk.statuses:
        desk.remove(status.column)
    paths = [next(d.path for d in demo_models() if d.version == version) for version in versions]
    desk.add(*(ModelChoice(path) for path in paths))
    qtbot.waitUntil(lambda: all(status.card is not None for status in desk.statuses), timeout=PATIENCE)


def write(qtbot: QtBot, window: MainWindow, tokens: int) -> None:
    desk, setup = window.compare.desk, window.compare.page.writing.setup
    setup.set_max_tokens(tokens)
    window.compare.run()
    qtbot.waitUntil(lambda: not desk.busy, timeout=PATIENCE)
    columns = window.compare.page.writing.columns.columns
    qtbot.waitUntil(lambda: all(c.text.tokens == c.status.tokens for c in columns), timeout=PATIENCE)


def test_six_demo_models_write_side_by_side(qtbot: QtBot, window: MainWindow) -> None:
    window.show_page("compare")
    desk = window.compare.desk
    write(qtbot, window, 10)
    assert [status.card.info.version for status in desk.statuses if status.card] == ["1", "2", "3", "4", "5.2", "6.0"]
    for status, column in zip(desk.statuses, window.compare.page.writing.columns.columns, strict=True):
        assert status.written is not None
        assert column.text.text() == status.written.text
        np.testing.assert_allclose(column.text.surprises(), -status.written.logprobs, rtol=1e-6)


def test_the_docks_are_away_while_the_models_are_compared(window: MainWindow) -> None:
    window.side_dock.hide()
    window.show_page("compare")
    assert window.inspector_dock.isHidden()
    assert window.side_dock.isHidden()
    window.show_page("inspect")
    assert not window.inspector_dock.isHidden()
    assert window.side_dock.isHidden()
    window.side_dock.show()
    window.show_page("compare")
    window.show_page("chat")
    assert window.inspector_dock.isHidden()
    assert not window.side_dock.isHidden()
    assert window.pages.currentWidget() is window.conversation


def test_closing_on_the_compare_page_keeps_the_docks_for_the_next_start(qtbot: QtBot, window: MainWindow) -> None:
    window.show_page("compare")
    window.close()
    again = MainWindow(Settings())
    qtbot.addWidget(again)
    assert not again.side_dock.isHidden()
    assert not again.inspector_dock.isHidden()


def test_the_switch_and_the_menu_say_which_page_it_is(window: MainWindow) -> None:
    from PySide6.QtGui import QAction

    switch = window.compare.turner.switch
    for page in ("chat", "compare", "inspect"):
        action = window.findChild(QAction, f"{page}_page_action")
        assert action is not None
        action.trigger()
        assert window.compare.turner.page == page
        assert switch._buttons[page].isChecked()
    window.inspector_dock.hide()
    assert switch._buttons["chat"].isChecked()


def test_scrubbing_shows_every_model_at_the_same_token(qtbot: QtBot, window: MainWindow) -> None:
    only(qtbot, window, "4", "6.0")
    write(qtbot, window, 20)
    frames: list[ColumnFrame] = []
    window.compare.desk.framed.connect(frames.append)
    window.compare.show_plot("half_life")
    for place in (3, 9, 14, 6):
        window.compare.page.writing.position.go_to(place)
    qtbot.waitUntil(lambda: len([f for f in frames if f.position == 6]) == 2, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.controller.idle, timeout=PATIENCE)
    assert {f.frame.tokens_seen for f in frames if f.position == 6} == {shown_tokens(window) + 6}


def shown_tokens(window: MainWindow) -> int:
    """Tokens of the prompt."""
    written = window.compare.desk.statuses[0].written
    assert written is not None
    return written.prompt_tokens


def test_a_model_can_be_stopped_or_taken_away_while_the_others_write(qtbot: QtBot, window: MainWindow) -> None:
    only(qtbot, window, "3", "4", "6.0")
    desk = window.compare.desk
    first, second, third = (status.column for status in desk.statuses)
    window.compare.page.writing.setup.set_max_tokens(150)
    window.compare.run()
    qtbot.waitUntil(lambda: min(status.tokens for status in desk.statuses) > 3, timeout=PATIENCE)
    desk.stop_column(first)
    desk.remove(second)
    qtbot.waitUntil(lambda: not desk.busy, timeout=PATIENCE)
    left = {status.column: status.written for status in desk.statuses}
    assert set(left) == {first, third}
    stopped, whole = left[first], left[third]
    assert stopped is not None
    assert whole is not None
    assert stopped.reason == "stopped"
    assert len(stopped.logprobs) < 150
    assert whole.reason in ("length", "end of text")


def test_too_little_memory_is_said_on_the_page(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(qtbot, window, "4", "6.0")
    monkeypatch.setattr("rwkv_backend.memory.memory_free", lambda device="cpu": 1_000_000)
    with qtbot.waitSignal(window.compare.desk.said, timeout=PATIENCE) as said:
        window.compare.run()
    assert "Leave out" in said.args[0]
    assert not window.compare.desk.busy


def test_measuring_and_report(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    only(qtbot, window, "4", "6.0")
    write(qtbot, window, 5)
    desk, tab = window.compare.desk, window.compare.page.measure
    window.compare.page.tabs.setCurrentWidget(tab)
    tab.setup.text.editor.setPlainText("The king had a daughter who went into the wood. " * 5)
    tab.setup.choose_tasks("text", "memory")
    with qtbot.waitSignal(desk.compared, timeout=PATIENCE):
        window.compare.measure()
    comparison = desk.comparison
    assert comparison is not None
    shown = [str(tab.table.data(tab.table.index(row, 1))) for row in range(2)]
    assert shown == [f"{model.text.bits_per_byte:.4f}" for model in comparison.models if model.text]
    assert comparison.models[0].writing is not None
    with qtbot.waitSignal(desk.reported, timeout=PATIENCE):
        window.compare.write_report(tmp_path / "report")
    box = window.findChild(QMessageBox, "compare_report_box")
    assert box is not None
    box.close()
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert shown[0] in page


def test_the_differences_table_leads_to_the_plots(qtbot: QtBot, window: MainWindow) -> None:
    only(qtbot, window, "4", "6.0")
    desk, page = window.compare.desk, window.compare.page
    page.tabs.setCurrentWidget(page.differences)
    page.differences.open.click()
    qtbot.waitUntil(lambda: not desk.busy, timeout=PATIENCE)
    assert page.differences.table.columnCount() == 2
    page.differences.plot_requested.emit("half_life")
    assert page.tabs.currentWidget() is page.writing
    assert desk.look.view == "half_life"
    page.differences.plot_requested.emit("candidates")
    assert window.compare.turner.page == "inspect"


def test_closing_while_models_write_is_clean(qtbot: QtBot, window: MainWindow) -> None:
    only(qtbot, window, "4", "6.0")
    window.compare.page.writing.setup.set_max_tokens(2000)
    window.compare.run()
    qtbot.waitUntil(lambda: window.compare.desk.statuses[0].tokens > 2, timeout=PATIENCE)
    began = time.monotonic()
    window.close()
    assert window.controller.wait(PATIENCE / 1000)
    assert time.monotonic() - began < 10
