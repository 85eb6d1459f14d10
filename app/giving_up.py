"""Asks before branches and snapshots are given up: they cannot be brought back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

if TYPE_CHECKING:
    from app.main_window import MainWindow


class GivingUp(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def clear(self) -> None:
        """The conversation; a snapshot is not part of it."""
        branches = self._branches()
        self._ask(
            self.tr("Clear all branches"),
            self.tr("The conversation has {0} branches. Cleared, none of them can be brought back.").format(branches),
            self.tr("Clear"),
            self._window.controller.clear,
            needed=branches > 1,
        )

    def load(self, path: Path, device: str, dtype: str, tokenizer: str) -> None:
        branches, snapshots = self._branches(), self._snapshots()
        self._ask(
            self.tr("Open another model"),
            self.tr(
                "Branches and snapshots belong to the model that is open, and go with it (branches: {0}, snapshots: {1})."
            ).format(branches, snapshots),
            self.tr("Open"),
            partial(self._window.load, path, device, dtype, tokenizer),
            needed=branches > 1 or snapshots > 0,
            otherwise=partial(self._window.model_panel.loading_ended, False, True, ""),
        )

    def _branches(self) -> int:
        standing = self._window.timeline.desk.standing
        return len(standing.branches) if standing is not None else 0

    def _snapshots(self) -> int:
        window = self._window
        return len(window.analysis.lab.contents.snapshots) if window.controller.opened is not None else 0

    def _ask(
        self,
        title: str,
        text: str,
        does: str,
        act: Callable[[], None],
        *,
        needed: bool,
        otherwise: Callable[[], None] | None = None,
    ) -> None:
        if not needed:
            act()
            return
        box = QMessageBox(self._window)
        box.setObjectName("giving_up_box")
        box.setWindowTitle(title)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(text)
        box.setStandardButtons(QMessageBox.StandardButton.Cancel | QMessageBox.StandardButton.Ok)
        box.button(QMessageBox.StandardButton.Ok).setText(does)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.accepted.connect(act)
        if otherwise is not None:
            box.rejected.connect(otherwise)
        box.open()
