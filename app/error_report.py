"""What nobody caught: logged, made into a report for the user, and the window lives on.

`install(show)` takes over what Python calls for exceptions in slots, in threads and in finalizers, and what Qt writes as
warnings (these go to the log only). `show` is called in the thread that called `install`, once its event loop is free, so
never in the middle of whatever failed. The same report, raised again before it could be shown, is counted instead.
"""

from __future__ import annotations

import atexit
import logging
import platform
import re
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import PySide6
from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
    qVersion,
)

from app import log as log_file
from rwkv_backend.errors import RWKVError

log = logging.getLogger(__name__)

LOG_LINES = 50
MOST_KINDS = 1000

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@dataclass(frozen=True)
class ErrorReport:
    """sentence and hint are for the user; details (what failed where, versions, log) to copy into a report."""

    sentence: str
    hint: str
    details: str


Show = Callable[[ErrorReport], None]


def install(show: Show) -> None:
    """From now on, `show` is told of everything that nobody caught. Call it in the window's thread."""
    uninstall()
    _installed.append(_Hooks(show))
    atexit.register(uninstall)  # Qt may still have something to say when Python is gone


def uninstall() -> None:
    """Put back what was there before `install`."""
    while _installed:
        _installed.pop().remove()


def report_of(error: BaseException) -> ErrorReport:
    """What the user is told of an exception: an error meant for users speaks for itself."""
    sentence, hint = _words_for(error)
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return ErrorReport(sentence, hint, details("".join(lines)))


def details(what_failed: str) -> str:
    """A traceback (or whatever is known), the versions of what runs here, and the end of the log; no home folder."""
    parts = [what_failed.rstrip(), versions()]
    if lines := log_file.recent_lines(LOG_LINES):
        parts.append("\n".join(("Log:", *lines)))
    return without_home("\n\n".join(parts)) + "\n"


def versions() -> str:
    """torch is named only if it is there already: importing it takes seconds."""
    torch = sys.modules.get("torch")
    found = (
        f"Python {platform.python_version()}",
        f"PySide6 {PySide6.__version__}",
        f"Qt {qVersion()}",
        f"torch {getattr(torch, '__version__', 'unknown')}" if torch is not None else "torch not loaded",
        platform.platform(),
    )
    return ", ".join(found)


def without_home(text: str) -> str:
    """Paths below the home folder begin with ~: a report should not carry the user's name."""
    home = str(Path.home())
    if home == Path(home).anchor:
        return text
    for spelling in (home, home.replace("\\", "\\\\")):
        text = re.sub(rf"(?<![\w.-]){re.escape(spelling)}(?![\w-]|\.\w)", "~", text)
    return text


def _words_for(error: BaseException) -> tuple[str, str]:
    if isinstance(error, RWKVError):
        return error.sentence, error.hint
    if isinstance(error, MemoryError):
        return (
            QCoreApplication.translate("ErrorReport", "The computer's memory is used up."),
            QCoreApplication.translate("ErrorReport", "Close other programs, or open a smaller model."),
        )
    sentence = QCoreApplication.translate("ErrorReport", "The program made a mistake ({0}) and left something undone.")
    return (
        sentence.format(type(error).__name__),
        QCoreApplication.translate(
            "ErrorReport", "You can go on. If it happens again, copy the details into a report to the authors."
        ),
    )


class _Hooks(QObject):
    """Stands where Python and Qt call when nobody else does. An error in here is logged and goes no further."""

    _caught = Signal(str)

    def __init__(self, show: Show) -> None:
        super().__init__()
        self._show = show
        # Taken again by the same thread when collecting garbage meets a finalizer that fails.
        self._guard = threading.RLock()
        self._waiting: dict[str, ErrorReport] = {}
        self._times: Counter[str] = Counter()
        self._showing = False
        # Queued, so that it arrives in this object's thread whichever thread has failed.
        self._caught.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._before = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self._in_this_thread
        threading.excepthook = self._in_a_thread
        sys.unraisablehook = self._in_a_finalizer
        self._before_qt = qInstallMessageHandler(self._from_qt)

    def remove(self) -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        qInstallMessageHandler(self._before_qt)
        self._caught.disconnect(self._deliver)

    def _in_this_thread(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None = None
    ) -> None:
        if not isinstance(error, Exception):  # Ctrl+C in the terminal is not a mistake of ours
            self._before[0](kind, error, trace)
            return
        self._catch(error, "not caught")

    def _in_a_thread(self, args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            self._catch(args.exc_value, f"thread {args.thread.name if args.thread else '?'} ended")

    def _in_a_finalizer(self, args: sys.UnraisableHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            self._catch(args.exc_value, args.err_msg or f"ignored in {type(args.object).__name__}")

    def _catch(self, error: Exception, where: str) -> None:
        try:
            self._report(error, where)
        except Exception:
            log.exception("an error could not be reported")

    def _report(self, error: Exception, where: str) -> None:
        key = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        with self._guard:
            if len(self._times) > MOST_KINDS:
                self._times.clear()
            self._times[key] += 1
            times = self._times[key]
            known, showing = key in self._waiting, self._showing
        self._log(error, where, times)
        if known or (showing and threading.current_thread() is threading.main_thread()):
            return
        report = report_of(error)
        with self._guard:
            self._waiting[key] = report
        self._caught.emit(key)

    def _log(self, error: Exception, where: str, times: int) -> None:
        """In full the first time; then only at 10, 100, 1000: a plot that fails 30 times a second must not fill the log."""
        if times == 1:
            log.error("%s", where, exc_info=error)
        elif str(times).strip("0") == "1":
            log.error("%s: %s, for the %d. time", where, type(error).__name__, times)

    @Slot(str)
    def _deliver(self, key: str) -> None:
        with self._guard:
            report = self._waiting.pop(key)
            self._showing = True
        try:
            self._show(report)
        except Exception:
            log.exception("an error could not be shown")
        finally:
            self._showing = False

    def _from_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        """Qt aborts the program itself after a fatal message."""
        if message in MEANINGLESS:
            return
        category = getattr(context, "category", None)
        logging.getLogger("qt").log(LEVELS.get(kind, logging.WARNING), "%s: %s", category or "default", message)
        if self._before_qt is not None:
            self._before_qt(kind, context, message or "")


MEANINGLESS = ("This plugin does not support propagateSizeHints()",)
"""What Qt says of every window that it paints into memory."""

_installed: list[_Hooks] = []
