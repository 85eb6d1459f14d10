"""The log: a file that a user can send, the last lines of it in memory for error reports, and warnings on the terminal.

`setup` may be called again; nothing happens before it, and nothing is lost if the file cannot be written: then only the
terminal is left. Texts that the user or the model writes do not belong in the log.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

NAME = "rwkv-playground"
FILE = "rwkv-playground.log"
FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
MAX_BYTES = 1_000_000
OLD_FILES = 3
KEPT_LINES = 200

_handlers: list[logging.Handler] = []
_levels: list[int] = []
"""The root logger's level before `setup`."""


class _LastLines(logging.Handler):
    """Keeps the newest lines; a traceback counts as the lines that it has."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        # Taken again by the same thread when collecting garbage meets a finalizer that logs.
        self._guard = threading.RLock()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            lines = self.format(record).splitlines()
        except (TypeError, ValueError, KeyError):
            self.handleError(record)
            return
        with self._guard:
            self._lines.extend(lines)

    def newest(self, count: int) -> tuple[str, ...]:
        with self._guard:
            return tuple(self._lines)[-count:]


def setup(folder: Path | None = None) -> Path | None:
    """Log into `folder` (the system's place for logs). Returns the file, or None where it cannot be written."""
    close()
    _add(_LastLines(), logging.DEBUG)
    if sys.stderr is not None:  # a program started without a terminal on Windows has none
        _add(logging.StreamHandler(sys.stderr), logging.WARNING)
    _levels.append(logging.getLogger().level)
    logging.getLogger().setLevel(logging.INFO)
    try:
        _add(_file(folder or Path(platformdirs.user_log_dir(NAME, appauthor=False))), logging.INFO)
    except OSError as error:
        logging.getLogger(__name__).warning("There is no log file: %s", error)
    return path()


def path() -> Path | None:
    """The file that is written now."""
    files = [Path(handler.baseFilename) for handler in _handlers if isinstance(handler, RotatingFileHandler)]
    return files[0] if files else None


def recent_lines(count: int = 50) -> tuple[str, ...]:
    """The newest lines, oldest first."""
    return next((handler.newest(count) for handler in _handlers if isinstance(handler, _LastLines)), ())


def close() -> None:
    """Undo `setup`."""
    while _handlers:
        handler = _handlers.pop()
        logging.getLogger().removeHandler(handler)
        handler.close()
    while _levels:
        logging.getLogger().setLevel(_levels.pop())


def _file(folder: Path) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(folder / FILE, maxBytes=MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8")


def _add(handler: logging.Handler, level: int) -> None:
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    _handlers.append(handler)
