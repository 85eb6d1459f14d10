"""A button that puts another model on the compare page: one of those that ship with the program, or a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from app.compare_messages import MOST
from app.views.parts import named, tip
from rwkv_backend.demo_models import demo_models


class ModelAdder(QPushButton):
    add_requested = Signal(object)
    """Path"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._present: tuple[Path, ...] = ()
        self.setText(self.tr("Add a model"))
        named(self, "compare_add", self.tr("Add a model"))
        self.setToolTip(tip(self.tr("Up to {0} models stand side by side").format(MOST)))
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)

    def show_present(self, paths: tuple[Path, ...]) -> None:
        """The models that are on the page."""
        self._present = paths

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        for demo in demo_models():
            action = menu.addAction(demo.title)
            action.setObjectName(f"compare_add_{demo.version}")
            action.setData(demo.path)
            action.setEnabled(demo.path not in self._present)
        menu.addSeparator()
        menu.addAction(self.tr("From a file …")).setObjectName("compare_add_file")
        for action in menu.actions():
            if not action.isSeparator():
                action.setEnabled(action.isEnabled() and len(self._present) < MOST)
                action.triggered.connect(self._chosen)

    def _chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction) and isinstance(action.data(), Path):
            self.add_requested.emit(action.data())
        else:
            self._ask()

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.tr("Add a model"))
        dialog.setObjectName("compare_file_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Checkpoints (*.pth *.safetensors)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(self._file_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _file_chosen(self, name: str) -> None:
        self.add_requested.emit(Path(name))
