"""Every plot test begins in the light design, and its widgets are gone before the next begins."""

from __future__ import annotations

from collections.abc import Iterator

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from app import theme


@pytest.fixture(autouse=True)
def _light_and_alone(qapp: QApplication) -> Iterator[None]:
    if theme.current() is not theme.LIGHT or not qapp.styleSheet():
        theme.apply("light")
    pg.setConfigOption("mouseRateLimit", 0)  # else a mouse that moves again within 10 ms is not seen
    yield
    # Closed widgets wait for an event loop to delete them; left to pile up, they make each change of design slower.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
