"""Which page the window shows: Chat and Inspect are the conversation without and with the inspector; Compare takes all room.

While the compare page is shown, the docks at the sides are away; on return they are as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QSizePolicy, QToolBar, QWidget

from app.views.page_switch import PAGES, PageSwitch

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from app.main_window import MainWindow


class PageTurner(QObject):
    turned = Signal(str)
    """The page that is shown now"""

    def __init__(self, window: MainWindow, compare_page: QWidget) -> None:
        super().__init__(window)
        self._window, self._compare_page = window, compare_page
        self._docks_before: tuple[bool, bool] | None = None
        self._widths_before = [0, 0]
        self._turning = False
        self._actions: dict[str, QAction] = {}
        self.switch = PageSwitch()
        window.pages.addWidget(compare_page)
        window.addToolBar(Qt.ToolBarArea.TopToolBarArea, self._bar())
        self.switch.chosen.connect(self.show_page)
        window.inspector_dock.visibilityChanged.connect(self._inspector_changed)

    @property
    def page(self) -> str:
        if self._window.pages.currentWidget() is self._compare_page:
            return "compare"
        return "chat" if self._window.inspector_dock.isHidden() else "inspect"

    def show_page(self, page: str) -> None:
        window, self._turning = self._window, True
        if page == "compare":
            self._put_docks_away()
            window.pages.setCurrentWidget(self._compare_page)
        else:
            if window.pages.currentWidget() is self._compare_page:
                window.pages.setCurrentWidget(window.conversation)
                layout = window.layout()
                assert layout is not None
                layout.activate()  # else the docks come while the wide page still asks for its room
            self._bring_docks_back()
            window.inspector_dock.setVisible(page != "chat")
        self._turning = False
        self._tell()

    def leave(self) -> None:
        """Before the window's shape is kept: the docks as they are without this page."""
        if self.page == "compare":
            self._bring_docks_back()

    def add_to(self, menu: QMenu) -> None:
        """The same three pages in a menu, with their shortcuts."""
        group = QActionGroup(menu)
        titles = {"chat": self.tr("Chat"), "inspect": self.tr("Inspect"), "compare": self.tr("Compare")}
        for place, page in enumerate(PAGES, 1):
            action = QAction(titles[page], menu)
            action.setObjectName(f"{page}_page_action")
            action.setData(page)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(f"Ctrl+{place}"))
            group.addAction(action)
            menu.addAction(action)
            self._actions[page] = action
        group.triggered.connect(lambda action: self.show_page(action.data()))
        self._tell()

    def _bar(self) -> QToolBar:
        bar = QToolBar(self.tr("Pages"))
        bar.setObjectName("pages_bar")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for stretch in range(2):
            space = QWidget()
            space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            bar.addWidget(space)
            if not stretch:
                bar.addWidget(self.switch)
        return bar

    def _put_docks_away(self) -> None:
        window = self._window
        if self._docks_before is None:
            self._docks_before = not window.side_dock.isHidden(), not window.inspector_dock.isHidden()
            self._widths_before = [window.side_dock.width(), window.inspector_dock.width()]
            window.side_dock.hide()
            window.inspector_dock.hide()

    def _bring_docks_back(self) -> None:
        if self._docks_before is not None:
            self._window.side_dock.setVisible(self._docks_before[0])
            self._window.inspector_dock.setVisible(self._docks_before[1])
            self._docks_before = None
            docks = [self._window.side_dock, self._window.inspector_dock]
            self._window.resizeDocks(docks, self._widths_before, Qt.Orientation.Horizontal)

    def _inspector_changed(self) -> None:
        """Its own button, F9 or another page has shown or hidden it."""
        if not self._turning:
            self._tell()

    def _tell(self) -> None:
        page = self.page
        self.switch.show_page(page)
        if page in self._actions:
            self._actions[page].setChecked(True)
        self.turned.emit(page)
