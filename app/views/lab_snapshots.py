"""States put aside, each under a name: take one, save and load, rename, delete. The first row is the state as it is now."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.analysis_messages import PRESENT, LabContents, SnapshotInfo
from app.views.lab_parts import icon_button, recolour
from app.views.parts import named

NUMBER = Qt.ItemDataRole.UserRole
ROWS = 4
"""Seen at once; more are scrolled."""


class Snapshots(QWidget):
    take_requested = Signal()
    load_requested = Signal(object)
    """Path"""
    save_requested = Signal(int, object)
    """Number, Path"""
    rename_requested = Signal(int, str)
    drop_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "lab_snapshots", self.tr("Snapshots"))
        self._contents = LabContents()
        self._list = QTreeWidget()
        named(self._list, "snapshot_list", self.tr("Snapshots of the state"))
        self._list.setHeaderLabels([self.tr("Snapshot"), self.tr("After"), self.tr("Tokens")])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setEditTriggers(QTreeWidget.EditTrigger.EditKeyPressed | QTreeWidget.EditTrigger.DoubleClicked)
        self._list.itemChanged.connect(self._renamed)
        self._list.itemSelectionChanged.connect(self._enable)
        header = self._list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._make_buttons()
        self._lay_out()
        theme.signals().changed.connect(self._recolour)
        self.show_contents(LabContents())

    def _make_buttons(self) -> None:
        self._take = icon_button("snapshot_take_button", "camera", self.tr("Take a snapshot of the present state"))
        self._load = icon_button("snapshot_load_button", "folder-open", self.tr("Load a saved state"))
        self._save = icon_button("snapshot_save_button", "file-down", self.tr("Save the selected state"))
        self._rename = icon_button("snapshot_rename_button", "pen-line", self.tr("Rename the snapshot"))
        self._drop = icon_button("snapshot_drop_button", "trash-2", self.tr("Delete the snapshot"))
        self._take.clicked.connect(self.take_requested)
        self._load.clicked.connect(self._ask_what_to_load)
        self._save.clicked.connect(self._ask_where_to_save)
        self._rename.clicked.connect(self._edit_name)
        self._drop.clicked.connect(self._drop_selected)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Snapshots"))
        title.setProperty("kind", "title")
        head = QHBoxLayout()
        head.setSpacing(theme.XS)
        head.addWidget(title)
        head.addStretch(1)
        for button in (self._take, self._load, self._save, self._rename, self._drop):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addLayout(head)
        column.addWidget(self._list)

    def _recolour(self) -> None:
        recolour(self)

    # What it is told

    def show_contents(self, contents: LabContents) -> None:
        """The present state, then the snapshots, the newest last."""
        chosen = self.selected()
        self._contents = contents
        with QSignalBlocker(self._list):
            self._list.clear()
            now = self.tr("present state, edited") if contents.edited else self.tr("present state")
            self._add(PRESENT, now, "", contents.tokens_seen, editable=False)
            for info in contents.snapshots:
                self._add(info.id, info.name, visible_word(info), info.tokens_seen, editable=True)
            self._select(chosen)
        self._list.resizeColumnToContents(1)
        self._list.resizeColumnToContents(2)
        height = max(self._list.sizeHintForRow(0), 18)
        frame = self._list.header().sizeHint().height() + 2 * self._list.frameWidth()
        self._list.setFixedHeight(ROWS * height + frame)
        self._enable()

    def selected(self) -> int:
        item = self._list.currentItem()
        return PRESENT if item is None else int(item.data(0, NUMBER))

    def _add(self, number: int, name: str, word: str, tokens: int, editable: bool) -> None:
        item = QTreeWidgetItem([name, word, f"{tokens:,}"])
        item.setData(0, NUMBER, number)
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if editable:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self._list.addTopLevelItem(item)

    def _select(self, number: int) -> None:
        """That snapshot, or the present state where it is gone."""
        items = [self._list.topLevelItem(row) for row in range(self._list.topLevelItemCount())]
        found = [item for item in items if item is not None]
        self._list.setCurrentItem(next((item for item in found if item.data(0, NUMBER) == number), found[0]))

    def _enable(self) -> None:
        some, snapshot = self._contents.tokens_seen > 0, self.selected() != PRESENT
        self._take.setEnabled(some)
        self._save.setEnabled(some or snapshot)
        self._rename.setEnabled(snapshot)
        self._drop.setEnabled(snapshot)

    # What it asks

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        if column == 0:
            self.rename_requested.emit(int(item.data(0, NUMBER)), item.text(0))

    def _edit_name(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._list.editItem(item, 0)

    def _drop_selected(self) -> None:
        self.drop_requested.emit(self.selected())

    def _ask_what_to_load(self) -> None:
        dialog = self._dialog(self.tr("Load a saved state"), "state_load_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._load_from)
        dialog.open()

    def _ask_where_to_save(self) -> None:
        dialog = self._dialog(self.tr("Save the state"), "state_save_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("safetensors")
        number = self.selected()
        name = next((info.name for info in self._contents.snapshots if info.id == number), "state")
        dialog.selectFile("".join(sign if sign.isalnum() else "-" for sign in name) + ".safetensors")
        dialog.fileSelected.connect(self._save_to)
        dialog.open()

    def _dialog(self, title: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setObjectName(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setNameFilter(self.tr("Saved state (*.safetensors)"))
        return dialog

    def _load_from(self, path: str) -> None:
        self.load_requested.emit(Path(path))

    def _save_to(self, path: str) -> None:
        self.save_requested.emit(self.selected(), Path(path))


def visible_word(info: SnapshotInfo) -> str:
    """The last word it has read, in quotation marks; "" where that is not known."""
    return f"“{info.word}”".replace("\n", "⏎") if info.word else ""
