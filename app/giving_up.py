"""Asks before branches and snapshots are given up: they cannot be brought back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from app.main_window import MainWindow


class GivingUp(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def clear(self) -> None:
        """The conversation; a snapshot is not part of it."""
        branches, act = self._branches(), self._window.controller.clear
        if branches < 2:
            act()
            return
        text = self.tr("The conversation has {0} branches. Cleared, none of them can be brought back.")
        self._ask(self.tr("Clear all branches"), text.format(branches), self.tr("Clear"), act)

    def load(self, path: Path, device: str, dtype: str, tokenizer: str) -> None:
        branches, snapshots = self._branches(), self._snapshots()
        act = partial(self._window.load, path, device, dtype, tokenizer)
        if branches < 2 and not snapshots:
            act()
            return
        text = self.tr(
            "Branches and snapshots belong to the model that is open, and go with it (branches: {0}, snapshots: {1})."
        )
        self._ask(self.tr("Open another model"), text.format(branches, snapshots), self.tr("Open"), act)

    def _ask(self, title: str, text: str, does: str, act: Callable[[], None]) -> None:
        self._window.notices.ask("giving_up_box", title, text, does, act)

    def _branches(self) -> int:
        standing = self._window.timeline.desk.standing
        return len(standing.branches) if standing is not None else 0

    def _snapshots(self) -> int:
        window = self._window
        return len(window.analysis.lab.contents.snapshots) if window.controller.opened is not None else 0
