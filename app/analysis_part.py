"""The tabs beside "State" in the inspector, and what they have to do with the rest of the window.

Made late, since the plots need pyqtgraph. A token that is clicked in a tab is where the scrubber goes; where the scrubber
stands is what the tabs show. An edited memory is marked in the status bar, and the plots of the state draw it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel

from app.analysis_desk import TabDesk
from app.analysis_export import Exports
from app.analysis_influence import InfluenceDesk
from app.analysis_lab import LabDesk
from app.analysis_lens import LensDesk
from app.analysis_tour import Tour
from app.messages import OpenedModel
from app.plots.panel import PlotPanel

if TYPE_CHECKING:
    from app.main_window import MainWindow

FOLLOW_MS = 150
"""After the scrubber has moved, until the tabs follow; it may move on meanwhile."""


class AnalysisPart(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        control = window.controller
        self.lens = LensDesk(control, self)
        self.influence = InfluenceDesk(control, self)
        self.lab = LabDesk(control, self)
        self._tabs = window.inspector_tabs
        self._dock_shown = window.inspector_dock.isVisible()
        self._follow = QTimer(self)
        self._follow.setSingleShot(True)
        self._follow.setInterval(FOLLOW_MS)
        self._follow.timeout.connect(self._go_on_following)
        self._make_edited_label()
        self.exports = Exports(window)
        for desk, name in (
            (self.lens, self.tr("Lens")),
            (self.influence, self.tr("Influence")),
            (self.lab, self.tr("Lab")),
        ):
            self._tabs.addTab(desk.widget, name)
            desk.token_picked.connect(window.timeline.desk.move_to)
            desk.failed.connect(window.say)
        for panel in (*window.plot_grid.findChildren(PlotPanel), *self._tabs.findChildren(PlotPanel)):
            self.exports.serve(panel)
        self._connect()
        self.tour = Tour(window)
        self._offer_tour()
        if control.opened is not None:
            self.show_model(control.opened)
        self._seen()

    def _make_edited_label(self) -> None:
        self.edited_label = QLabel(self.tr("state edited"))
        self.edited_label.setObjectName("state_edited_label")
        self.edited_label.setProperty("kind", "warning")
        self.edited_label.setToolTip(self.tr("The memory was changed in the Lab; there, Undo takes it back."))
        self.edited_label.hide()
        self._window.statusBar().addPermanentWidget(self.edited_label)

    def _connect(self) -> None:
        window, control, timeline = self._window, self._window.controller, self._window.timeline.desk
        self._tabs.currentChanged.connect(self._seen)
        window.inspector_dock.visibilityChanged.connect(self._dock_seen)
        control.model_opened.connect(self.show_model)
        control.busy_changed.connect(self.hold)
        control.write_ended.connect(self.text_changed)
        control.cleared.connect(self.text_changed)
        control.load_began.connect(self.stop)
        timeline.arrived.connect(self.text_changed)
        timeline.position_changed.connect(self._scrubbed)
        self.lab.edited_changed.connect(self.edited_label.setVisible)
        self.lab.memory_changed.connect(self._memory_changed)

    def _offer_tour(self) -> None:
        window = self._window
        action = QAction(self.tr("Guided tour"), window)
        action.setObjectName("tour_action")
        action.triggered.connect(self.tour.start)
        window.menus.add_icon(action, "graduation-cap")
        window.welcome.try_requested.connect(self._tried)
        window.menus.help.insertAction(window.menus.help.actions()[1], action)

    def _tried(self, key: str) -> None:
        if key == "tour":
            self.tour.start()

    @property
    def desks(self) -> tuple[TabDesk, ...]:
        return (self.lens, self.influence, self.lab)

    # What the window tells

    def show_model(self, opened: OpenedModel) -> None:
        for desk in self.desks:
            desk.show_model(opened)
        self._seen()

    def text_changed(self, *_: object) -> None:
        """Something was read, written, cleared, cut or edited."""
        for desk in self.desks:
            desk.at = self._window.timeline.desk.position
            desk.text_changed()

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

    def _memory_changed(self) -> None:
        self._window.plot_grid.ask()
        for desk in (self.lens, self.influence):
            desk.text_changed()

    def _scrubbed(self) -> None:
        if not self._follow.isActive():
            self._follow.start()

    def _go_on_following(self) -> None:
        for desk in self.desks:
            desk.go_to(self._window.timeline.desk.position)

    def _dock_seen(self, shown: bool) -> None:
        self._dock_shown = shown
        self._seen()

    def _seen(self, *_: object) -> None:
        """Only the tab in front asks."""
        front = self._tabs.currentWidget()
        for desk in self.desks:
            desk.set_shown(self._dock_shown and desk.widget is front)
