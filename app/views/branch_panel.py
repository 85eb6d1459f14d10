"""The tree of branches: which versions of the text there are, where they part, and what can be done at the present place.

Shows what it is told, asks by signals. The texts come from a model and are shown as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.plots.words import visible
from app.timeline_messages import BranchWords
from app.views.parts import named, tip
from rwkv_backend.records import BranchInfo, TimelineInfo

HEIGHT = 190
ID = Qt.ItemDataRole.UserRole


class BranchPanel(QFrame):
    fork_requested = Signal()
    """At the place that is looked at"""
    cut_requested = Signal()
    again_requested = Signal()
    switch_requested = Signal(int)
    rename_requested = Signal(int, str)
    delete_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._branches: tuple[BranchInfo, ...] = ()
        self._filling = False
        named(self, "branch_panel", self.tr("Branches"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._tree = QTreeWidget()
        self._memory = QLabel()
        self.fork, self.cut, self.again, self.name, self.delete = (QPushButton() for _ in range(5))
        self._name()
        self._lay_out()
        self._connect()
        self.setFixedHeight(HEIGHT)
        self.hide()

    def _name(self) -> None:
        named(self._tree, "branch_tree", self.tr("Tree of branches"))
        named(self._memory, "timeline_memory_label", self.tr("Memory for going back"))
        for button, name, text, about in (
            (self.fork, "fork_button", self.tr("Fork here"), self.tr("A new branch that has the text up to here")),
            (self.cut, "cut_button", self.tr("Cut here"), self.tr("Forget all after this place; this branch only")),
            (
                self.again,
                "again_button",
                self.tr("Write again"),
                self.tr("What the model wrote last once more, with another seed, in a new branch"),
            ),
            (self.name, "rename_button", self.tr("Rename"), self.tr("Give this branch a name (F2)")),
            (self.delete, "delete_button", self.tr("Delete"), self.tr("Forget this branch (Del)")),
        ):
            named(button, name, text)
            button.setText(text)
            button.setToolTip(tip(about))

    def _lay_out(self) -> None:
        tree = self._tree
        tree.setHeaderLabels([self.tr("Branch"), self.tr("From"), self.tr("Tokens")])
        tree.setRootIsDecorated(True)
        tree.setIndentation(theme.M)
        tree.setUniformRowHeights(True)
        tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        for column, mode in enumerate((QHeaderView.ResizeMode.Stretch, *[QHeaderView.ResizeMode.ResizeToContents] * 2)):
            header.setSectionResizeMode(column, mode)
        self._memory.setProperty("kind", "muted")
        grid = QGridLayout()
        grid.setSpacing(theme.XS)
        for column, button in enumerate((self.fork, self.cut, self.again)):
            grid.addWidget(button, 0, column)
        grid.addWidget(self.name, 1, 0)
        grid.addWidget(self.delete, 1, 1)
        grid.addWidget(self._memory, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.M, theme.S, theme.M, 0)
        layout.setSpacing(theme.XS)
        layout.addWidget(tree, 1)
        layout.addLayout(grid)

    def _connect(self) -> None:
        self.fork.clicked.connect(self.fork_requested)
        self.cut.clicked.connect(self.cut_requested)
        self.again.clicked.connect(self.again_requested)
        self.name.clicked.connect(self.begin_rename)
        self.delete.clicked.connect(self._delete)
        self._tree.itemClicked.connect(self._chosen)
        self._tree.itemActivated.connect(self._chosen)
        self._tree.itemChanged.connect(self._renamed)
        self._tree.itemSelectionChanged.connect(self._refresh)
        self._tree.customContextMenuRequested.connect(self._menu)

    # What it is told

    def show_branches(self, branches: Sequence[BranchInfo], words: Sequence[BranchWords]) -> None:
        """The tree, with the words around each fork."""
        self._branches, self._filling = tuple(branches), True
        self._tree.clear()
        items: dict[int, QTreeWidgetItem] = {}
        for number, (info, around) in enumerate(zip(branches, words, strict=True), 1):
            above = items.get(info.parent) if info.parent is not None else None
            item = QTreeWidgetItem(self._columns(info, around, number))
            item.setData(0, ID, info.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(0, tip(f"{self._title(info, number)}\n{visible(around.first)}"))
            items[info.id] = item
            (above or self._tree.invisibleRootItem()).addChild(item)
            if info.current:
                self._mark(item)
        self._tree.expandAll()
        self._filling = False
        self._refresh()

    def show_info(self, info: TimelineInfo | None) -> None:
        """How much memory going back takes."""
        if info is None:
            self._memory.clear()
            return
        used, budget = info.memory_bytes / 2**20, info.budget_bytes / 2**20
        self._memory.setText(self.tr("{0} of {1} MB").format(f"{used:,.1f}", f"{budget:,.0f}"))
        words = self.tr(
            "Checkpoints of the state take {0} of {1} MB; {2} are kept of this branch. With more memory, going back to an"
            " old place is quicker. View → Memory for going back."
        )
        self._memory.setToolTip(tip(words.format(f"{used:,.1f}", f"{budget:,.0f}", f"{len(info.checkpoints):,}")))

    def show_place(self, position: int, total: int) -> None:
        """So much of the text is before the place that is looked at."""
        self.fork.setEnabled(total > 0)
        self.cut.setEnabled(0 < position < total)
        self.again.setEnabled(total > 0)

    # What the user does

    def begin_rename(self) -> None:
        item = self._selected()
        if item is not None:
            self._tree.editItem(item, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.begin_rename()
        elif event.key() == Qt.Key.Key_Delete:
            self._delete()
        else:
            super().keyPressEvent(event)

    def _chosen(self, item: QTreeWidgetItem) -> None:
        branch = int(item.data(0, ID))
        if not any(info.current and info.id == branch for info in self._branches):
            self.switch_requested.emit(branch)

    def _renamed(self, item: QTreeWidgetItem) -> None:
        if not self._filling:
            self.rename_requested.emit(int(item.data(0, ID)), item.text(0).strip())

    def _delete(self) -> None:
        item = self._selected()
        if item is not None and len(self._branches) > 1:
            self.delete_requested.emit(int(item.data(0, ID)))

    def _menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.name.text(), self.begin_rename).setEnabled(self.name.isEnabled())
        menu.addAction(self.delete.text(), self._delete).setEnabled(self.delete.isEnabled())
        menu.popup(self._tree.viewport().mapToGlobal(point))

    # Inside

    def has_children(self, branch: int) -> bool:
        return any(info.parent == branch for info in self._branches)

    def _columns(self, info: BranchInfo, words: BranchWords, number: int) -> list[str]:
        place = self.tr("{0} “{1}”").format(f"{info.fork_at:,}", visible(words.last)) if info.parent is not None else ""
        return [self._title(info, number), place, f"{info.tokens:,}"]

    def _title(self, info: BranchInfo, number: int) -> str:
        if info.name:
            return info.name
        return self.tr("First text") if number == 1 else self.tr("Branch {0}").format(number)

    def _mark(self, item: QTreeWidgetItem) -> None:
        """The present branch."""
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
        self._tree.setCurrentItem(item)

    def _selected(self) -> QTreeWidgetItem | None:
        return next(iter(self._tree.selectedItems()), None)

    def _refresh(self) -> None:
        chosen = self._selected() is not None
        self.name.setEnabled(chosen)
        self.delete.setEnabled(chosen and len(self._branches) > 1)
