"""Fixtures for tests of the window: settings of their own, offscreen painting, and Qt warnings that fail a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app import theme
from app.settings import OVERRIDE

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def _settings_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERRIDE, str(tmp_path / "settings.ini"))


@pytest.fixture
def light(qapp: QApplication) -> Iterator[None]:
    theme.apply("light")
    yield
    theme.apply("light")


@pytest.fixture(autouse=True)
def _font_as_before() -> Iterator[None]:
    """Chinese brings a font of its own, with other heights."""
    app = QApplication.instance()
    before = app.font() if isinstance(app, QApplication) else None
    yield
    app = QApplication.instance()
    if before is not None and isinstance(app, QApplication):
        app.setFont(before)
