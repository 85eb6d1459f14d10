"""One dialog for all errors, which never blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.error_report import ErrorReport
from app.views import error_dialog
from app.views.error_dialog import MOST_DETAILS, ErrorDialog

REPORT = ErrorReport("The plot could not be drawn.", "Close it and open it again.", "Traceback: in draw\n\nPython 3")
OTHER = ErrorReport("The file is gone.", "", "Traceback: in open\n\nPython 3")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(error_dialog, "time", clock)
    return clock


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> ErrorDialog:
    dialog = ErrorDialog(log_folder=tmp_path)
    qtbot.addWidget(dialog)
    return dialog


def test_it_says_what_happened_and_what_to_do_without_blocking(dialog: ErrorDialog) -> None:
    dialog.show_report(REPORT)
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.sentence.text() == REPORT.sentence
    assert dialog.hint.text() == REPORT.hint
    assert dialog.count.isHidden()
    assert dialog.details.isHidden()


def test_details_open_and_close_and_the_window_follows(dialog: ErrorDialog) -> None:
    dialog.show_report(REPORT)
    low = dialog.height()
    dialog.toggle.click()
    assert not dialog.details.isHidden()
    assert "Traceback: in draw" in dialog.details.toPlainText()
    assert dialog.height() > low
    dialog.toggle.click()
    assert dialog.details.isHidden()
    assert dialog.height() == low


def test_copying_takes_sentence_and_details(dialog: ErrorDialog) -> None:
    dialog.show_report(REPORT)
    dialog.copy_button.click()
    copied = QGuiApplication.clipboard().text()
    assert REPORT.sentence in copied
    assert "Traceback: in draw" in copied
    assert dialog.copy_button.text() == "Copied"


def test_the_same_again_is_counted(dialog: ErrorDialog) -> None:
    for _ in range(3):
        dialog.show_report(REPORT)
    assert "3 times" in dialog.count.text()
    assert dialog.details.toPlainText().count("Traceback") == 1


def test_the_same_with_a_longer_log_is_the_same(dialog: ErrorDialog) -> None:
    dialog.show_report(REPORT)
    dialog.show_report(ErrorReport(REPORT.sentence, REPORT.hint, REPORT.details + "\n\nLog:\nmore"))
    assert "2 times" in dialog.count.text()


def test_another_error_does_not_hide_the_first(dialog: ErrorDialog) -> None:
    dialog.show_report(REPORT)
    dialog.show_report(OTHER)
    assert dialog.sentence.text() == REPORT.sentence
    assert "since then: 1" in dialog.count.text()
    assert "Traceback: in open" in dialog.details.toPlainText()


def test_many_different_errors_do_not_make_the_details_endless(dialog: ErrorDialog) -> None:
    for number in range(50):
        dialog.show_report(ErrorReport(f"Error {number}.", "", f"Traceback: {number}"))
    assert "since then: 49" in dialog.count.text()
    assert dialog.details.toPlainText().count("Traceback") == MOST_DETAILS


def test_a_flood_does_not_open_the_closed_dialog_again(dialog: ErrorDialog, clock: Clock) -> None:
    dialog.show_report(REPORT)
    dialog.close()
    for _ in range(100):
        clock.now += 0.1
        dialog.show_report(REPORT)
    assert not dialog.isVisible()


def test_the_same_error_later_is_told_again(dialog: ErrorDialog, clock: Clock) -> None:
    dialog.show_report(REPORT)
    dialog.close_button.click()
    assert not dialog.isVisible()
    clock.now += 10
    dialog.show_report(REPORT)
    assert dialog.isVisible()
    assert dialog.count.isHidden()


def test_a_different_error_during_a_flood_is_told(dialog: ErrorDialog, clock: Clock) -> None:
    dialog.show_report(REPORT)
    dialog.close()
    dialog.show_report(OTHER)
    assert dialog.isVisible()
    assert dialog.sentence.text() == OTHER.sentence
    assert dialog.hint.isHidden()


def test_escape_closes_it(dialog: ErrorDialog) -> None:
    dialog.show_report(REPORT)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_log_folder_opens(dialog: ErrorDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    dialog.log_button.click()
    assert [Path(url.toLocalFile()) for url in opened] == [tmp_path]


def test_without_a_log_there_is_no_folder_to_open(qtbot: QtBot) -> None:
    dialog = ErrorDialog()
    qtbot.addWidget(dialog)
    assert dialog.log_button.isHidden()
