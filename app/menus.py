"""The window's menus: File, View and Help. What an entry does is the window's, or that of one of its parts.

Their strings are translated with those of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from app import theme
from app.packed_weights import PackedWeights
from app.settings import BUDGETS

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.plot_grid import PlotGrid

LANGUAGES = (("en", "English"), ("zh_CN", "中文"))
"""Each by its own name, so that everyone finds theirs."""


class Menus:
    def __init__(self, window: MainWindow) -> None:
        translate = QCoreApplication.translate
        self._window = window
        self._icons: dict[QAction, str] = {}
        bar = window.menuBar()
        self._fill_file(bar.addMenu(translate("MainWindow", "&File")))
        self.view = bar.addMenu(translate("MainWindow", "&View"))
        self._fill_view(self.view)
        self.help = bar.addMenu(translate("MainWindow", "&Help"))
        self._fill_help(self.help)

    def add_icon(self, action: QAction, icon: str) -> None:
        """One that is drawn anew with each theme."""
        action.setIcon(theme.icon(icon))
        self._icons[action] = icon

    def draw_icons(self) -> None:
        """In the colours of the present theme."""
        for action, name in self._icons.items():
            action.setIcon(theme.icon(name))

    def offer_plots(self, grid: PlotGrid) -> None:
        """An entry for each plot, which shows or hides it."""
        for plot in grid.plots:
            action = QAction(plot.title, self._window)
            action.setObjectName(f"show_{plot.key}_action")
            action.setData(plot.key)
            action.setCheckable(True)
            action.setChecked(plot.key not in grid.hidden())
            action.toggled.connect(partial(grid.set_shown, plot.key))
            self._plots.addAction(action)
        self._plots.setEnabled(True)

    # Filling

    def _fill_file(self, menu: QMenu) -> None:
        translate, keys, window = QCoreApplication.translate, QKeySequence.StandardKey, self._window
        opens = self._add(
            menu, "open_action", translate("MainWindow", "Open a model …"), "folder-open", window.choose_model
        )
        opens.setShortcut(QKeySequence(keys.Open))
        PackedWeights(menu).removed.connect(window.say)
        menu.addSeparator()
        quits = self._add(menu, "quit_action", translate("MainWindow", "Quit"), "x", window.close)
        quits.setShortcut(QKeySequence(keys.Quit))

    def _fill_view(self, menu: QMenu) -> None:
        self._window.compare.turner.add_to(menu)
        menu.addSeparator()
        for dock, shortcut in ((self._window.side_dock, "F8"), (self._window.inspector_dock, "F9")):
            action = dock.toggleViewAction()
            action.setShortcut(QKeySequence(shortcut))
            menu.addAction(action)
        self._plots = menu.addMenu(QCoreApplication.translate("MainWindow", "Plots"))
        self._plots.setObjectName("plots_menu")
        self._plots.setEnabled(False)
        menu.addSeparator()
        self._add_themes(menu)
        self._add_languages(menu)
        self._add_send_keys(menu)
        self._add_budgets(menu)

    def _add_themes(self, menu: QMenu) -> None:
        translate, window = QCoreApplication.translate, self._window
        themes = (
            ("system", translate("MainWindow", "As the system")),
            ("light", translate("MainWindow", "Light")),
            ("dark", translate("MainWindow", "Dark")),
        )
        choices = menu.addMenu(translate("MainWindow", "Theme"))
        self._add_choices(choices, "theme", themes, window.settings.theme, window.set_theme)

    def _add_languages(self, menu: QMenu) -> None:
        translate, window = QCoreApplication.translate, self._window
        choices = menu.addMenu(translate("MainWindow", "Language"))
        self.add_icon(choices.menuAction(), "languages")
        languages = (("system", translate("MainWindow", "As the system")), *LANGUAGES)
        self._add_choices(choices, "language", languages, window.settings.language, window.set_language)

    def _add_send_keys(self, menu: QMenu) -> None:
        translate, window = QCoreApplication.translate, self._window
        keys = (
            ("enter", translate("MainWindow", "Enter sends")),
            ("ctrl_enter", translate("MainWindow", "Ctrl+Enter sends")),
        )
        choices = menu.addMenu(translate("MainWindow", "Sending"))
        self._add_choices(choices, "send_key", keys, window.settings.send_key, window.set_send_key)

    def _add_budgets(self, menu: QMenu) -> None:
        translate, window = QCoreApplication.translate, self._window
        sizes = [(str(size), translate("MainWindow", "{0} MB").format(f"{size:,}")) for size in BUDGETS]
        choices = menu.addMenu(translate("MainWindow", "Memory for going back"))
        present = str(window.settings.timeline_megabytes)
        self._add_choices(choices, "timeline_memory", sizes, present, lambda key: window.timeline.set_budget(int(key)))

    def _fill_help(self, menu: QMenu) -> None:
        translate, window = QCoreApplication.translate, self._window
        entries: tuple[tuple[str, str, str, Callable[[], object]], ...] = (
            (
                "first_steps_action",
                translate("MainWindow", "Three things to try"),
                "play",
                window.conversation.keep_empty_widget,
            ),
            (
                "benchmark_action",
                translate("MainWindow", "Benchmark of the open model …"),
                "chart-line",
                window.benchmark.open,
            ),
            (
                "log_action",
                translate("MainWindow", "Open the log folder"),
                "file-down",
                window.notices.open_log_folder,
            ),
            ("about_action", translate("MainWindow", "About RWKV Playground"), "info", window.notices.show_about),
        )
        for entry in entries:
            self._add(menu, *entry)

    # Entries

    def _add(self, menu: QMenu, name: str, text: str, icon: str, called: Callable[[], object]) -> QAction:
        action = QAction(text, self._window)
        action.setObjectName(name)
        self.add_icon(action, icon)
        action.triggered.connect(called)
        menu.addAction(action)
        return action

    def _add_choices(
        self, menu: QMenu, name: str, choices: Iterable[tuple[str, str]], present: str, chosen: Callable[[str], None]
    ) -> None:
        """Of these, keys and texts, exactly one is ticked; `chosen` is called with its key."""
        group = QActionGroup(self._window)
        for key, text in choices:
            action = QAction(text, self._window)
            action.setObjectName(f"{name}_{key}_action")
            action.setData(key)
            action.setCheckable(True)
            action.setChecked(key == present)
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda action: chosen(action.data()))
