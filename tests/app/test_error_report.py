"""What nobody catches reaches the user once, whatever thread it was in, and the program goes on."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer, Signal, qWarning
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app import error_report
from app import log as log_file
from app.error_report import ErrorReport
from rwkv_backend.errors import CheckpointError


class Screen(QObject):
    """Notes what is shown, and in which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[ErrorReport] = []
        self.threads: list[threading.Thread] = []
        self.broken = False

    def show_report(self, report: ErrorReport) -> None:
        self.reports.append(report)
        self.threads.append(threading.current_thread())
        if self.broken:
            raise RuntimeError("the dialog is broken too")

    def wait_for(self, qtbot: QtBot, count: int) -> None:
        qtbot.waitUntil(lambda: len(self.reports) == count, timeout=2000)


@pytest.fixture
def screen(qtbot: QtBot) -> Iterator[Screen]:
    screen = Screen()
    error_report.install(screen.show_report)
    yield screen
    error_report.uninstall()


class Sender(QObject):
    asked = Signal()


def failing(message: str = "no such layer") -> None:
    raise KeyError(message)


def fails_with(action: Callable[[], None]) -> Sender:
    sender = Sender()
    sender.asked.connect(action)
    return sender


def raise_in_slot(action: Callable[[], None]) -> None:
    sender = fails_with(action)
    sender.asked.emit()


def settle(qtbot: QtBot) -> None:
    """Until everything that is queued now has been delivered."""
    done: list[bool] = []
    QTimer.singleShot(0, lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done), timeout=2000)


def test_an_exception_in_a_slot_is_shown_and_the_window_lives_on(screen: Screen, qtbot: QtBot) -> None:
    clicks = []

    def clicked() -> None:
        clicks.append(1)
        failing()

    button = QPushButton("press")
    qtbot.addWidget(button)
    button.clicked.connect(clicked)
    button.click()
    screen.wait_for(qtbot, 1)
    button.click()
    screen.wait_for(qtbot, 2)
    assert len(clicks) == 2
    report = screen.reports[0]
    assert "KeyError" in report.sentence
    assert "no such layer" not in report.sentence
    assert report.hint
    assert "no such layer" in report.details
    assert "in clicked" in report.details


def test_an_exception_in_a_thread_is_shown_in_the_windows_thread(screen: Screen, qtbot: QtBot) -> None:
    thread = threading.Thread(target=failing, name="rwkv-inspect")
    thread.start()
    thread.join()
    assert screen.reports == []
    screen.wait_for(qtbot, 1)
    assert screen.threads == [threading.main_thread()]


def test_an_exception_in_a_finalizer_is_shown(screen: Screen, qtbot: QtBot) -> None:
    class Broken:
        def __del__(self) -> None:
            failing("in a finalizer")

    Broken()
    gc.collect()
    screen.wait_for(qtbot, 1)
    assert "in a finalizer" in screen.reports[0].details


def test_an_error_meant_for_users_speaks_for_itself() -> None:
    report = error_report.report_of(CheckpointError("The file is cut off.", "Download it again."))
    assert (report.sentence, report.hint) == ("The file is cut off.", "Download it again.")


def test_want_of_memory_has_its_own_words() -> None:
    assert "memory" in error_report.report_of(MemoryError()).sentence


def test_while_one_waits_to_be_shown_the_same_again_is_only_counted(
    screen: Screen, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    sender = fails_with(failing)
    for _ in range(12):
        sender.asked.emit()
    screen.wait_for(qtbot, 1)
    in_full = [record for record in caplog.records if record.exc_info]
    assert len(in_full) == 1
    assert "for the 10. time" in caplog.text
    settle(qtbot)
    assert len(screen.reports) == 1


def test_a_different_error_is_shown_too(screen: Screen, qtbot: QtBot) -> None:
    raise_in_slot(lambda: failing("one"))
    raise_in_slot(lambda: failing("two"))
    screen.wait_for(qtbot, 2)


def test_an_error_while_showing_an_error_is_only_logged(
    screen: Screen, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    screen.broken = True
    raise_in_slot(failing)
    screen.wait_for(qtbot, 1)
    qtbot.waitUntil(lambda: "the dialog is broken too" in caplog.text, timeout=2000)
    screen.broken = False
    raise_in_slot(lambda: failing("later"))
    screen.wait_for(qtbot, 2)


def test_a_slot_that_fails_while_an_error_is_shown_is_only_logged(
    screen: Screen, qtbot: QtBot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when painting the dialog fails: a report about that would be painted, and so on for ever."""
    sender = fails_with(lambda: failing("painting the report"))
    original = Screen.show_report

    def show_report(self: Screen, report: ErrorReport) -> None:
        original(self, report)
        sender.asked.emit()

    error_report.uninstall()
    monkeypatch.setattr(Screen, "show_report", show_report)
    error_report.install(screen.show_report)
    raise_in_slot(failing)
    qtbot.waitUntil(lambda: "painting the report" in caplog.text, timeout=2000)
    settle(qtbot)
    assert len(screen.reports) == 1


def test_ctrl_c_is_left_to_whoever_had_it_before(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[type[BaseException]] = []
    error_report.uninstall()
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: seen.append(kind))
    error_report.install(screen.show_report)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    error_report.uninstall()
    assert seen == [KeyboardInterrupt]
    assert screen.reports == []


def test_uninstalling_puts_everything_back(qtbot: QtBot) -> None:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    error_report.install(lambda report: None)
    error_report.install(lambda report: None)
    assert sys.excepthook is not before[0]
    error_report.uninstall()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


@pytest.mark.qt_log_ignore("a warning for the log")
def test_what_qt_warns_of_goes_to_the_log_and_is_not_shown(
    screen: Screen, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    qWarning("a warning for the log")
    assert [(record.name, record.levelno) for record in caplog.records] == [("qt", logging.WARNING)]
    assert "a warning for the log" in caplog.text
    settle(qtbot)
    assert screen.reports == []


def test_details_name_the_versions_and_end_with_the_log(tmp_path: Path) -> None:
    log_file.setup(tmp_path)
    try:
        for number in range(60):
            logging.getLogger("app.worker").info("step %d", number)
        text = error_report.details("Traceback of something")
    finally:
        log_file.close()
    assert text.startswith("Traceback of something\n")
    for word in ("Python 3.", "PySide6 6.", "Qt 6."):
        assert word in text
    assert text.count("app.worker: step") == error_report.LOG_LINES
    assert text.endswith("step 59\n")


def test_torch_is_named_only_where_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", type("Torch", (), {"__version__": "2.9.1"}))
    assert "torch 2.9.1" in error_report.versions()
    monkeypatch.delitem(sys.modules, "torch")
    assert "torch not loaded" in error_report.versions()


def test_no_home_folder_in_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/mia"))
    text = "File /home/mia/v6.pth, not /home/mia2/x, /home/mia.old or /srv/home/mia/x; in '/home/mia'. It is /home/mia."
    short = "File ~/v6.pth, not /home/mia2/x, /home/mia.old or /srv/home/mia/x; in '~'. It is ~."
    assert error_report.without_home(text) == short
    assert "/home/mia/" not in error_report.details("at /home/mia/models/v6.pth")


def test_a_home_at_the_root_of_the_disk_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert error_report.without_home("/models/v6.pth") == "/models/v6.pth"
