"""What the program remembers from one start to the next, in one readable file.

A typed face over QSettings. What the file says is never trusted: a value that is missing, broken or foreign counts as not
set, and reading never raises. Where the file cannot be written, the settings hold until the program ends.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from app.theme import Choice

log = logging.getLogger(__name__)

NAME = "rwkv-playground"
OVERRIDE = "RWKV_PLAYGROUND_CONFIG"
"""An environment variable that names another file: for tests, and for two set-ups beside each other."""

SendKey = Literal["enter", "ctrl_enter"]
Mode = Literal["chat", "complete"]
Language = Literal["system", "en", "zh_CN"]

MOST_RECENT = 10
MOST_THREADS = 1024
BUDGETS = (64, 256, 1024, 4096)
"""Megabytes for the checkpoints of a text, to choose from."""

Raw = QByteArray | bytes | bytearray | memoryview
"""What Qt's `saveGeometry` and `saveState` give, or that of its `data()`."""

_Word = TypeVar("_Word", bound=str)


class LastModel(NamedTuple):
    """What to open again. tokenizer: "" for the one that is chosen by evidence."""

    path: Path
    device: str
    dtype: str
    tokenizer: str = ""


def settings_file() -> Path:
    override = os.environ.get(OVERRIDE)
    return Path(override) if override else Path(platformdirs.user_config_dir(NAME, appauthor=False)) / "settings.ini"


class Settings:
    """A property takes effect at once and reaches the disk soon; `save` waits for it.

    Setting a word that is not one of the choices is the same as setting none.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or settings_file()
        self._store = QSettings(str(self.file), QSettings.Format.IniFormat)
        if self._store.status() != QSettings.Status.NoError:
            log.warning("%s could not be read in full: %s", self.file, self._store.status().name)

    def save(self) -> bool:
        """Whether the file holds the settings now."""
        self._store.sync()
        written = self._store.status() != QSettings.Status.AccessError
        if not written:
            log.warning("The settings could not be written to %s", self.file)
        return written

    # The window

    @property
    def geometry(self) -> bytes:
        """For QWidget.restoreGeometry, which checks it; b"" if there is none."""
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, value: Raw) -> None:
        self._store.setValue("window/geometry", _raw(value))

    @property
    def dock_state(self) -> bytes:
        """For QMainWindow.restoreState, which checks it; b"" if there is none."""
        return self._bytes("window/dock_state")

    @dock_state.setter
    def dock_state(self, value: Raw) -> None:
        self._store.setValue("window/dock_state", _raw(value))

    @property
    def hidden_plots(self) -> tuple[str, ...]:
        return self._words("window/hidden_plots")

    @hidden_plots.setter
    def hidden_plots(self, value: Sequence[str]) -> None:
        self._set_json("window/hidden_plots", list(value))

    @property
    def theme(self) -> Choice:
        return self._one_of("window/theme", get_args(Choice), "system")

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("window/theme", value)

    @property
    def language(self) -> Language:
        return self._one_of("window/language", get_args(Language), "system")

    @language.setter
    def language(self, value: str) -> None:
        self._store.setValue("window/language", value)

    @property
    def first_start(self) -> bool:
        """True until set to False."""
        return self._text("window/first_start") != "false"

    @first_start.setter
    def first_start(self, value: bool) -> None:
        self._store.setValue("window/first_start", "true" if value else "false")

    # Writing

    @property
    def send_key(self) -> SendKey:
        return self._one_of("writing/send_key", get_args(SendKey), "enter")

    @send_key.setter
    def send_key(self, value: str) -> None:
        self._store.setValue("writing/send_key", value)

    @property
    def mode(self) -> Mode:
        """At first "complete": the demo models tell tales, they do not chat."""
        return self._one_of("writing/mode", get_args(Mode), "complete")

    @mode.setter
    def mode(self, value: str) -> None:
        self._store.setValue("writing/mode", value)

    @property
    def sampling(self) -> dict[str, object]:
        """As the sampling panel gave it, or anything else that JSON can say under names; empty if there is none."""
        found = self._json("writing/sampling")
        return found if isinstance(found, dict) else {}

    @sampling.setter
    def sampling(self, value: dict[str, object]) -> None:
        self._set_json("writing/sampling", value)

    @property
    def tint(self) -> bool:
        """Whether words are tinted by surprise."""
        return self._text("writing/tint") == "true"

    @tint.setter
    def tint(self, value: bool) -> None:
        self._store.setValue("writing/tint", "true" if value else "false")

    @property
    def timeline_megabytes(self) -> int:
        """What going back may take."""
        text = self._text("writing/timeline_megabytes")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        return number if number in BUDGETS else BUDGETS[1]

    @timeline_megabytes.setter
    def timeline_megabytes(self, value: int) -> None:
        self._store.setValue("writing/timeline_megabytes", str(value))

    # Models and engine

    @property
    def recent(self) -> tuple[Path, ...]:
        """Newest first."""
        paths = [Path(word) for word in self._words("models/recent") if _is_path(word)]
        return tuple(dict.fromkeys(paths))[:MOST_RECENT]

    @recent.setter
    def recent(self, value: Sequence[Path]) -> None:
        self._set_json("models/recent", [str(path) for path in value[:MOST_RECENT]])

    @property
    def last_model(self) -> LastModel | None:
        words = self._words("models/last")
        if len(words) != 4 or not _is_path(words[0]) or not (words[1] and words[2]):
            return None
        return LastModel(Path(words[0]), *words[1:])

    @last_model.setter
    def last_model(self, value: LastModel | None) -> None:
        self._set_json("models/last", [str(word) for word in value or ()])

    @property
    def threads(self) -> int:
        """0: as many as are steady on this machine."""
        text = self._text("engine/threads")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        return number if number <= MOST_THREADS else 0

    @threads.setter
    def threads(self, value: int) -> None:
        self._store.setValue("engine/threads", str(value))

    # Reading without trust

    def _text(self, key: str) -> str:
        value = self._store.value(key)
        return value if isinstance(value, str) else ""

    def _bytes(self, key: str) -> bytes:
        value = self._store.value(key)
        return bytes(value.data()) if isinstance(value, QByteArray) else b""

    def _one_of(self, key: str, words: tuple[_Word, ...], default: _Word) -> _Word:
        found = self._text(key)
        return next((word for word in words if word == found), default)

    def _words(self, key: str) -> tuple[str, ...]:
        """A list of texts; what is not one counts as an empty list."""
        found = self._json(key)
        words = found if isinstance(found, list) else []
        return tuple(words) if all(isinstance(word, str) for word in words) else ()

    def _json(self, key: str) -> object:
        try:
            return json.loads(self._text(key) or "null")
        except (ValueError, RecursionError):
            return None

    def _set_json(self, key: str, value: object) -> None:
        """In ASCII, so that file names that are not text survive."""
        self._store.setValue(key, json.dumps(value))


def _is_path(word: str) -> bool:
    return bool(word) and "\0" not in word


def _raw(value: Raw) -> QByteArray:
    return value if isinstance(value, QByteArray) else QByteArray(bytes(value))
