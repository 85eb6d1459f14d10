"""The window: puts the panels together and connects what they ask for with what the controller tells.

Painted before torch or pyqtgraph are imported: `start_late_parts` brings in the plots and starts the engine once the first
picture is on the screen.
"""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QPaintEvent,
)
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QMenu, QMessageBox, QTabWidget, QWidget

from app import log as log_file
from app import theme
from app.benchmark_part import BenchmarkPart
from app.compare_part import ComparePart
from app.controller import Controller
from app.error_report import ErrorReport
from app.messages import Engine, OpenedModel, Write, Written
from app.packed_weights import PackedWeights
from app.plot_grid import PlotGrid
from app.settings import BUDGETS, LastModel, Settings
from app.timeline_part import TimelinePart
from app.views.conversation import Conversation
from app.views.error_dialog import ErrorDialog
from app.views.model_panel import ModelPanel
from app.views.pages import Pages
from app.views.sampling_panel import SamplingPanel
from app.views.welcome import Welcome
from app.vitals import resident_bytes
from rwkv_backend.demo_models import demo_models

log = logging.getLogger(__name__)

DEFAULT_DEMO = "6.0"
TITLE_BAR = 40
"""What a window manager may put above the window, in pixels."""
LANGUAGES = (("en", "English"), ("zh_CN", "中文"))
"""Each by its own name, so that everyone finds theirs."""
LANGUAGE_NOTICE = "The language changes when the program is started again.\n程序重新启动后，界面语言会改变。"
"""In both, since who changes the language may not read the present one."""
TALE = "Once upon a time there was a king who had"
"""Not translated: the demo models know English only."""


class MainWindow(QMainWindow):
    late_parts_ready = Signal()
    """The plots are in and the engine is starting"""
    first_painted = Signal()

    def __init__(self, settings: Settings, controller: Controller | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.controller = controller or Controller(self)
        self.setObjectName("main_window")
        self.setWindowTitle(self.tr("RWKV Playground"))
        self.setAcceptDrops(True)
        room = self.screen().availableGeometry()
        self.resize(min(1280, room.width()), min(800, room.height() - TITLE_BAR))
        self._painted = False
        self._late_parts_wanted = False
        self._after_load_send = ""
        self._tokenizer = ""
        self._inspector_shown = False
        self._icons: dict[QAction, str] = {}
        self._error_dialog: ErrorDialog | None = None
        self._make_panels()
        self._make_docks()
        self.compare = ComparePart(self)
        self.benchmark = BenchmarkPart(self)
        self._make_menus()
        self._make_status_bar()
        self._connect()
        self._restore()
        self.timeline = TimelinePart(self)
        self._make_budget_menu()

    # Building

    def _make_panels(self) -> None:
        self.conversation = Conversation()
        self.conversation.setObjectName("conversation")
        self.welcome = Welcome()
        self.conversation.set_empty_widget(self.welcome)
        self.model_panel = ModelPanel()
        self.sampling_panel = SamplingPanel()
        self.plot_grid = PlotGrid()
        self.inspector_tabs = QTabWidget()
        self.inspector_tabs.setObjectName("inspector_tabs")
        self.inspector_tabs.setAccessibleName(self.tr("Ways to look into the model"))
        self.inspector_tabs.setDocumentMode(True)
        self.inspector_tabs.addTab(self.plot_grid, self.tr("State"))
        self.pages = Pages()
        self.pages.addWidget(self.conversation)
        self.setCentralWidget(self.pages)

    def _make_docks(self) -> None:
        self.side_tabs = QTabWidget()
        self.side_tabs.setObjectName("side_tabs")
        self.side_tabs.setDocumentMode(True)
        self.side_tabs.addTab(self.model_panel, theme.icon("cpu"), self.tr("Model"))
        self.side_tabs.addTab(self.sampling_panel, theme.icon("sliders-horizontal"), self.tr("Sampling"))
        self.side_dock = self._dock("side_dock", self.tr("Model and sampling"), self.side_tabs)
        self.inspector_dock = self._dock("inspector_dock", self.tr("Inspector"), self.inspector_tabs)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.side_dock)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.inspector_dock)
        self.resizeDocks([self.side_dock, self.inspector_dock], [280, 620], Qt.Orientation.Horizontal)

    def _dock(self, name: str, title: str, widget: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        return dock

    def _make_menus(self) -> None:
        self._make_file_menu(self.menuBar().addMenu(self.tr("&File")))
        self.view_menu = self.menuBar().addMenu(self.tr("&View"))
        self._make_view_menu(self.view_menu)
        self.help_menu = help_menu = self.menuBar().addMenu(self.tr("&Help"))
        self._action(
            help_menu,
            "first_steps_action",
            self.tr("Three things to try"),
            self.conversation.keep_empty_widget,
            icon="play",
        )
        self._action(
            help_menu,
            "benchmark_action",
            self.tr("Benchmark of the open model …"),
            self.benchmark.open,
            icon="chart-line",
        )
        self._action(help_menu, "log_action", self.tr("Open the log folder"), self.open_log_folder, icon="file-down")
        self._action(help_menu, "about_action", self.tr("About RWKV Playground"), self.show_about, icon="info")

    def _make_file_menu(self, menu: QMenu) -> None:
        self._action(
            menu,
            "open_action",
            self.tr("Open a model …"),
            self.choose_model,
            QKeySequence(QKeySequence.StandardKey.Open),
            "folder-open",
        )
        PackedWeights(menu).removed.connect(self.say)
        menu.addSeparator()
        self._action(menu, "quit_action", self.tr("Quit"), self.close, QKeySequence(QKeySequence.StandardKey.Quit), "x")

    def _make_view_menu(self, menu: QMenu) -> None:
        self.compare.turner.add_to(menu)
        menu.addSeparator()
        for dock, shortcut in ((self.side_dock, "F8"), (self.inspector_dock, "F9")):
            action = dock.toggleViewAction()
            action.setShortcut(QKeySequence(shortcut))
            menu.addAction(action)
        self.plots_menu = menu.addMenu(self.tr("Plots"))
        self.plots_menu.setObjectName("plots_menu")
        self.plots_menu.setEnabled(False)
        menu.addSeparator()
        themes = (("system", self.tr("As the system")), ("light", self.tr("Light")), ("dark", self.tr("Dark")))
        self._choices(menu.addMenu(self.tr("Theme")), "theme", themes, self.settings.theme, self.set_theme)
        language_menu = menu.addMenu(theme.icon("languages"), self.tr("Language"))
        languages = (("system", self.tr("As the system")), *LANGUAGES)
        self._icons[language_menu.menuAction()] = "languages"
        self._choices(language_menu, "language", languages, self.settings.language, self.set_language)
        keys = (("enter", self.tr("Enter sends")), ("ctrl_enter", self.tr("Ctrl+Enter sends")))
        self._choices(menu.addMenu(self.tr("Sending")), "send_key", keys, self.settings.send_key, self.set_send_key)

    def _make_budget_menu(self) -> None:
        menu = QMenu(self.tr("Memory for going back"), self)
        sizes = [(str(size), self.tr("{0} MB").format(f"{size:,}")) for size in BUDGETS]
        present = str(self.settings.timeline_megabytes)
        self._choices(menu, "timeline_memory", sizes, present, lambda key: self.timeline.set_budget(int(key)))
        self.view_menu.addMenu(menu)

    def _choices(self, menu: QMenu, name: str, choices: object, present: str, chosen: object) -> None:
        """A menu in which exactly one entry is ticked; `chosen` is called with its key."""
        group = QActionGroup(self)
        for key, text in choices:  # type: ignore[attr-defined]
            action = QAction(text, self)
            action.setObjectName(f"{name}_{key}_action")
            action.setData(key)
            action.setCheckable(True)
            action.setChecked(key == present)
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda action: chosen(action.data()))  # type: ignore[operator]

    def _action(
        self, menu: QMenu, name: str, text: str, called: object, shortcut: QKeySequence | None = None, icon: str = ""
    ) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        if icon:
            action.setIcon(theme.icon(icon))
            self._icons[action] = icon
        if shortcut is not None:
            action.setShortcut(shortcut)
        action.triggered.connect(called)
        menu.addAction(action)
        return action

    def _make_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self.model_label = QLabel(self.tr("No model is open"))
        self.engine_label = QLabel(self.tr("Engine: starting …"))
        self.memory_label = QLabel("")
        for label, name in (
            (self.model_label, "model_label"),
            (self.engine_label, "engine_label"),
            (self.memory_label, "memory_label"),
        ):
            label.setObjectName(name)
            label.setProperty("kind", "muted")
        bar.addWidget(self.model_label, 1)
        bar.addPermanentWidget(self.engine_label)
        bar.addPermanentWidget(self.memory_label)
        bar.setContentsMargins(theme.S, 0, theme.S, 0)
        self._memory_timer = QTimer(self)
        self._memory_timer.setInterval(2000)
        self._memory_timer.timeout.connect(self.show_memory)
        self._memory_timer.start()

    def _connect(self) -> None:
        talk, model, control = self.conversation, self.model_panel, self.controller
        talk.write_requested.connect(self.write)
        talk.stop_requested.connect(control.stop_writing)
        talk.clear_requested.connect(control.clear)
        talk.mode_changed.connect(self.settings_mode)
        model.inspect_requested.connect(control.inspect)
        model.load_requested.connect(self.load)
        model.cancel_requested.connect(control.cancel_loading)
        self.welcome.try_requested.connect(self.try_out)
        self.plot_grid.spec_changed.connect(control.want)
        self.plot_grid.failed.connect(self.say)
        self.plot_grid.drawn.connect(control.pace)
        self.inspector_dock.visibilityChanged.connect(self.inspector_shown)
        self.inspector_tabs.currentChanged.connect(self.inspector_tab_changed)
        control.engine_started.connect(self.engine_started)
        control.inspected.connect(model.show_card)
        control.inspect_failed.connect(model.show_inspect_error)
        control.load_progress.connect(model.show_progress)
        control.load_ended.connect(self.load_ended)
        control.model_opened.connect(self.model_opened)
        control.reading.connect(talk.show_progress)
        control.wrote.connect(talk.append)
        control.rate_changed.connect(talk.show_writing)
        talk.template_changed.connect(self.sampling_panel.show_template)
        control.write_ended.connect(self.write_ended)
        control.write_failed.connect(self.write_failed)
        control.cleared.connect(self.cleared)
        control.busy_changed.connect(talk.set_busy)
        control.frame_made.connect(self.plot_grid.show_frame)
        control.failed.connect(self.show_error)

    def _restore(self) -> None:
        if self.settings.geometry:
            self.restoreGeometry(self.settings.geometry)
        if self.settings.dock_state:
            self.restoreState(self.settings.dock_state)
        self.conversation.set_send_key(self.settings.send_key)
        self.conversation.set_mode(self.settings.mode)
        self.model_panel.set_recent(self.settings.recent)
        self.sampling_panel.restore(self.settings.sampling)
        if self.settings.first_start:
            self.conversation.keep_empty_widget()

    # Starting, in steps

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.first_painted.emit()
            if self._late_parts_wanted:
                QTimer.singleShot(0, self.start_late_parts)

    def start_after_first_paint(self) -> None:
        self._late_parts_wanted = True

    def start_late_parts(self) -> None:
        """Import the plots, then start the engine, which imports torch in its own thread."""
        from app.analysis_part import AnalysisPart
        from app.plots.catalog import PLOTS

        self.plot_grid.add_plots([plot() for plot in PLOTS])
        self.analysis = AnalysisPart(self)
        self.plot_grid.set_hidden(set(self.settings.hidden_plots))
        self._fill_plots_menu()
        self.controller.start(self.settings.threads)
        self.late_parts_ready.emit()

    def _fill_plots_menu(self) -> None:
        for plot in self.plot_grid.plots:
            action = QAction(plot.title, self)
            action.setObjectName(f"show_{plot.key}_action")
            action.setData(plot.key)
            action.setCheckable(True)
            action.setChecked(plot.key not in self.plot_grid.hidden())
            action.toggled.connect(self.show_plot)
            self.plots_menu.addAction(action)
        self.plots_menu.setEnabled(True)

    def show_plot(self, shown: bool) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.plot_grid.set_shown(action.data(), shown)

    def engine_started(self, engine: Engine) -> None:
        self.model_panel.show_engine(engine)
        text = self.tr("Engine: torch {0}, threads: {1}").format(engine.torch_version, engine.threads)
        self.engine_label.setText(text)

    # Models

    def choose_model(self) -> None:
        """Ask for a file."""
        self.side_dock.show()
        self.side_tabs.setCurrentWidget(self.model_panel)
        self.model_panel.choose_file()

    def open_file(self, path: Path) -> None:
        """Load a file as it best runs here, without asking."""
        self.model_panel.load_at_once(path)

    def open_at_start(self, path: Path | None) -> None:
        """`path`, or what was open last, or a demo model."""
        last = self.settings.last_model
        if path is None and last is not None and last.path.exists():
            self.model_panel.offer(last.path)
            self.load(*last)
            return
        if path is None:
            path = next((m.path for m in demo_models() if m.version == DEFAULT_DEMO), None)
        if path is not None:
            self.open_file(path.resolve())

    def load(self, path: Path, device: str, dtype: str, tokenizer: str) -> None:
        self._tokenizer = tokenizer
        self.model_panel.loading_began(path)
        self.controller.open_model(path, device, dtype, tokenizer)

    def load_ended(self, ok: bool, stopped: bool, sentence: str) -> None:
        self.model_panel.loading_ended(ok, stopped, sentence)
        if not ok:
            self._after_load_send = ""
        if sentence:
            self.say(sentence)

    def model_opened(self, opened: OpenedModel) -> None:
        path = Path(opened.card.info.path)
        self.model_panel.show_opened(opened)
        self.model_panel.add_recent(path)
        self.sampling_panel.show_model(opened)
        self.conversation.show_model(opened)
        if not self.settings.first_start:
            self.conversation.focus_text()
        self.plot_grid.show_model(opened)
        name = f"RWKV-{opened.card.info.version} · {path.name} · {opened.dtype} · {opened.device}"
        self.model_label.setText(name)
        self.setWindowTitle(self.tr("{0} – RWKV Playground").format(f"RWKV-{opened.card.info.version} {path.stem}"))
        self.settings.last_model = LastModel(path, opened.device, opened.dtype, self._tokenizer)
        self.settings.recent = self.model_panel.recent()
        if self._after_load_send:
            self.conversation.set_prompt(self._after_load_send)
            self._after_load_send = ""
            self.conversation.send()

    # Writing

    def write(self, mode: str, text: str, template: str, extra: str) -> None:
        panel = self.sampling_panel
        job = Write(
            0,
            mode="complete" if mode == "complete" else "chat",
            text=text,
            template=template,
            extra=extra,
            params=panel.params(),
            max_tokens=panel.max_tokens(),
            stops=panel.stops(),
            measure=self.timeline.tinted,
        )
        self.settings.first_start = False
        self.conversation.began(text)
        self.plot_grid.ask()
        self.controller.write(job)

    def write_ended(self, written: Written | None, stopped: bool) -> None:
        self.conversation.ended(written, stopped)
        if stopped and written is not None and written.tokens_seen == 0:
            self.plot_grid.ask()  # a prompt stopped half-way is forgotten, and so must be its picture
        if written is not None and written.seed is not None:
            self.sampling_panel.show_seed(written.seed)

    def write_failed(self, sentence: str, hint: str) -> None:
        self.conversation.failed(f"{sentence} {hint}".strip())

    def cleared(self) -> None:
        self.conversation.cleared()
        self.plot_grid.start_afresh()

    def settings_mode(self, mode: str) -> None:
        self.settings.mode = mode

    def try_out(self, key: str) -> None:
        """One of the things that the first start offers."""
        if key == "tour":
            return  # the tour listens by itself
        if key == "open":
            self.choose_model()
            return
        version, mode = ("5.2", "complete") if key == "forget" else (DEFAULT_DEMO, "complete")
        demo = next((m for m in demo_models() if m.version == version), None)
        if demo is None:
            self.say(self.tr("The demo models are missing from this installation."))
            return
        self.inspector_dock.show()
        self.conversation.set_mode(mode)
        opened = self.controller.opened
        if opened is not None and Path(opened.card.info.path) == demo.path:
            self.conversation.set_prompt(TALE)
            self.conversation.send()
            return
        self._after_load_send = TALE
        self.open_file(demo.path)

    # The inspector

    def inspector_shown(self, shown: bool) -> None:
        self._inspector_shown = shown
        self.inspector_tab_changed(self.inspector_tabs.currentIndex())

    def inspector_tab_changed(self, index: int) -> None:
        """Only the tab that can be seen costs anything."""
        self.plot_grid.set_active(self._inspector_shown and self.inspector_tabs.widget(index) is self.plot_grid)

    # Looks

    def set_theme(self, choice: str) -> None:
        self.settings.theme = choice
        theme.apply(choice)  # type: ignore[arg-type]
        self._draw_icons()

    def _draw_icons(self) -> None:
        """In the colours of the present theme."""
        self.side_tabs.setTabIcon(0, theme.icon("cpu"))
        self.side_tabs.setTabIcon(1, theme.icon("sliders-horizontal"))
        for action, name in self._icons.items():
            action.setIcon(theme.icon(name))

    def set_language(self, language: str) -> None:
        self.settings.language = language
        box = QMessageBox(self)
        box.setObjectName("language_box")
        box.setWindowTitle("RWKV Playground")
        box.setText(LANGUAGE_NOTICE)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def set_send_key(self, key: str) -> None:
        self.settings.send_key = key
        self.conversation.set_send_key(self.settings.send_key)

    def show_page(self, page: str) -> None:
        """chat: the conversation alone; inspect: with the inspector beside it; compare: several models."""
        self.compare.turner.show_page(page)

    def show_memory(self) -> None:
        held = resident_bytes()
        if held:
            self.memory_label.setText(self.tr("Memory: {0} MB").format(f"{held / 1e6:,.0f}"))

    # Messages

    def say(self, sentence: str) -> None:
        """A sentence in the status bar, for some seconds."""
        self.statusBar().showMessage(sentence, 12_000)

    def show_error(self, sentence: str, hint: str, details: str) -> None:
        self.show_report(ErrorReport(sentence, hint, details))

    def show_report(self, report: ErrorReport) -> None:
        if self._error_dialog is None:
            path = log_file.path()
            self._error_dialog = ErrorDialog(self, path.parent if path is not None else None)
        self._error_dialog.show_report(report)

    def open_log_folder(self) -> None:
        path = log_file.path()
        if path is None:
            self.say(self.tr("There is no log file: its folder could not be written."))
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
        self.say(self.tr("The log is in {0}").format(str(path)))

    def show_about(self) -> None:
        box = QMessageBox(self)
        box.setObjectName("about_box")
        box.setWindowTitle(self.tr("About RWKV Playground"))
        box.setText(self.tr("RWKV Playground opens RWKV models of versions 1 to 7 and shows what they remember."))
        where = str(log_file.path() or self.tr("none"))
        box.setInformativeText(self.tr("Licence: Apache-2.0. Icons: Lucide (ISC). Log file: {0}").format(where))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # Dropping files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = Path(event.mimeData().urls()[0].toLocalFile())
        event.acceptProposedAction()
        self.side_dock.show()
        self.side_tabs.setCurrentWidget(self.model_panel)
        self.model_panel.offer(path)

    # Ending

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.plot_grid.ask()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.compare.turner.leave()
        self.settings.geometry = self.saveGeometry().data()
        self.settings.dock_state = self.saveState().data()
        self.settings.sampling = self.sampling_panel.state()
        self.settings.recent = self.model_panel.recent()
        self.settings.hidden_plots = sorted(self.plot_grid.hidden())
        self._memory_timer.stop()
        self.controller.shut_down()
        super().closeEvent(event)
