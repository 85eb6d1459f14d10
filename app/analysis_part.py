"""The tabs beside "State" in the inspector, and what they have to do with the rest of the window.

Made late, since the plots need pyqtgraph. `token_picked` is for whoever has a scrubber; `go_to` is told where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.analysis_desk import TabDesk
from app.analysis_influence import InfluenceDesk
from app.analysis_lens import LensDesk
from app.messages import OpenedModel

if TYPE_CHECKING:
    from app.main_window import MainWindow


class AnalysisPart(QObject):
    token_picked = Signal(int)
    """The user points at where so many tokens have been read"""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        control = window.controller
        self.lens = LensDesk(control, self)
        self.influence = InfluenceDesk(control, self)
        self._tabs = window.inspector_tabs
        self._dock_shown = window.inspector_dock.isVisible()
        for desk, name in ((self.lens, self.tr("Lens")), (self.influence, self.tr("Influence"))):
            self._tabs.addTab(desk.widget, name)
            desk.token_picked.connect(self.token_picked)
            desk.failed.connect(window.say)
        self._tabs.currentChanged.connect(self._seen)
        window.inspector_dock.visibilityChanged.connect(self._dock_seen)
        control.model_opened.connect(self.show_model)
        control.busy_changed.connect(self.hold)
        control.write_ended.connect(self.text_changed)
        control.cleared.connect(self.text_changed)
        window.model_panel.load_requested.connect(self.stop)
        if control.opened is not None:
            self.show_model(control.opened)
        self._seen()

    @property
    def desks(self) -> tuple[TabDesk, ...]:
        return (self.lens, self.influence)

    # What the window tells

    def show_model(self, opened: OpenedModel) -> None:
        for desk in self.desks:
            desk.show_model(opened)
        self._seen()

    def text_changed(self, *_: object) -> None:
        """Something was read, written, cleared, cut or edited."""
        for desk in self.desks:
            desk.at = None
            desk.text_changed()

    def go_to(self, at: int | None) -> None:
        """The scrubber stands where so many tokens have been read; None: at the end."""
        for desk in self.desks:
            desk.go_to(at)

    def hold(self, writing: bool) -> None:
        for desk in self.desks:
            desk.hold(writing)

    def stop(self, *_: object) -> None:
        """Something that matters more waits for the worker."""
        for desk in self.desks:
            desk.stop()

    def show_tab(self, desk: TabDesk) -> None:
        """Bring a tab to the front, and the inspector with it."""
        self._window.inspector_dock.show()
        self._tabs.setCurrentWidget(desk.widget)

    def _dock_seen(self, shown: bool) -> None:
        self._dock_shown = shown
        self._seen()

    def _seen(self, *_: object) -> None:
        """Only the tab in front asks."""
        front = self._tabs.currentWidget()
        for desk in self.desks:
            desk.set_shown(self._dock_shown and desk.widget is front)
