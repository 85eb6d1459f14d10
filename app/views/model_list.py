"""The models at hand: those that ship with the program, with how well each predicts, and the files opened lately."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTreeWidget, QTreeWidgetItem, QWidget

from app import theme
from rwkv_backend.demo_models import DemoModel

MOST_RECENT = 6
"""So that all rows are seen at once: a list that scrolls inside a panel that scrolls is a nuisance."""
PATH = Qt.ItemDataRole.UserRole
NAME = Qt.ItemDataRole.UserRole + 1


class ModelList(QTreeWidget):
    picked = Signal(object)
    """Path: to look at"""
    wanted = Signal(object)
    """Path: to load at once (double click, Enter)"""

    def __init__(self, demos: Sequence[DemoModel], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_list")
        self.setAccessibleName(self.tr("Demo models and recent files"))
        self._demos = tuple(demos)
        self._recent: list[Path] = []
        self._titles: list[QTreeWidgetItem] = []
        self._loaded: Path | None = None
        self._look()
        self._fill()
        self.itemSelectionChanged.connect(self._tell_picked)
        self.itemClicked.connect(self._tell_clicked)
        self.itemDoubleClicked.connect(self._tell_wanted)
        theme.signals().changed.connect(self._recolour)

    def recent(self) -> tuple[Path, ...]:
        """Newest first, without the demo models, which are listed anyway."""
        return tuple(self._recent)

    def set_recent(self, paths: Sequence[Path]) -> None:
        demos = {demo.path for demo in self._demos}
        self._recent = [path for path in dict.fromkeys(paths) if path not in demos][:MOST_RECENT]
        self._fill()

    def select(self, path: Path | None) -> None:
        """Mark `path` if it is listed, and nothing else. Tells nobody."""
        blocked = self.blockSignals(True)
        self.clearSelection()
        item = next((item for item in self._items() if item.data(0, PATH) == path), None)
        self.setCurrentItem(item)  # type: ignore[arg-type]  # None is allowed: no current item
        self.blockSignals(blocked)

    def show_loaded(self, path: Path | None) -> None:
        """The model that is open now: a tick beside it, in bold."""
        self._loaded = path
        self._mark_loaded()

    def sizeHint(self) -> QSize:
        rows = max(1, self.topLevelItemCount())
        return QSize(super().sizeHint().width(), rows * max(1, self.sizeHintForRow(0)) + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:
        return QSize(1, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self._tell_wanted(item)
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fill()

    def _look(self) -> None:
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.header().setStretchLastSection(False)
        self.header().setMinimumSectionSize(1)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def _fill(self) -> None:
        chosen = next((item.data(0, PATH) for item in self.selectedItems()), None)
        blocked = self.blockSignals(True)
        self.clear()
        self._titles.clear()
        if self._demos:
            self._add_title(self.tr("Demo models"), self.tr("bits per byte"))
            for demo in self._demos:
                self._add_demo(demo)
        if self._recent:
            self._add_title(self.tr("Recent files"), "")
            for path in self._recent:
                self._add_file(path)
        self.blockSignals(blocked)
        self._mark_loaded()
        self._recolour()
        self.select(chosen)
        self.updateGeometry()

    def _add_title(self, text: str, unit: str) -> None:
        item = QTreeWidgetItem([text, unit])
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._add(item)
        self._titles.append(item)

    def _add_demo(self, demo: DemoModel) -> None:
        item = QTreeWidgetItem([demo.title, f"{demo.bits_per_byte:.3f}"])
        item.setData(0, PATH, demo.path)
        item.setData(0, NAME, demo.title)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(0, self.tr("Ships with the program. Double click to load it."))
        item.setToolTip(
            1, self.tr("How well it predicts tales that it has not seen, in bits per byte: less is better.")
        )
        self._add(item)

    def _add_file(self, path: Path) -> None:
        item = QTreeWidgetItem([path.name, ""])
        item.setData(0, PATH, path)
        item.setData(0, NAME, path.name)
        item.setToolTip(0, str(path))
        self._add(item)
        item.setFirstColumnSpanned(True)

    def _add(self, item: QTreeWidgetItem) -> None:
        item.setSizeHint(0, QSize(1, self.fontMetrics().height() + theme.XS))
        self.addTopLevelItem(item)

    def _mark_loaded(self) -> None:
        for item in self._items():
            loaded = item.data(0, PATH) == self._loaded
            font = self.font()
            font.setBold(loaded)
            item.setFont(0, font)
            name = item.data(0, NAME)
            item.setText(0, f"✓ {name}" if loaded else name)
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, self.tr("{0}, open").format(name) if loaded else name)

    def _recolour(self) -> None:
        for title in self._titles:
            for column in (0, 1):
                title.setForeground(column, QColor(theme.current().muted))

    def _items(self) -> list[QTreeWidgetItem]:
        items = [self.topLevelItem(row) for row in range(self.topLevelItemCount())]
        return [item for item in items if item is not None and item.data(0, PATH) is not None]

    def _tell_picked(self) -> None:
        if self.selectedItems():
            self.picked.emit(self.selectedItems()[0].data(0, PATH))

    def _tell_clicked(self, item: QTreeWidgetItem) -> None:
        """Again, if it is a file: it, or the free memory, may have changed."""
        if item.data(0, PATH) is not None:
            self.picked.emit(item.data(0, PATH))

    def _tell_wanted(self, item: QTreeWidgetItem) -> None:
        if item.data(0, PATH) is not None:
            self.wanted.emit(item.data(0, PATH))
