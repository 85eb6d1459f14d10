"""The window: puts the panels together and connects what they ask for with what the controller tells.

Painted before torch or pyqtgraph are imported: `start_late_parts` brings in the plots and starts the engine once the first
picture is on the screen.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from app import theme
from app.benchmark_part import BenchmarkPart
from app.compare_part import ComparePart
from app.controller import Controller
from app.first_steps import DEFAULT_DEMO, FirstSteps, demo_of
from app.giving_up import GivingUp
from app.menus import Menus
from app.messages import Engine, OpenedModel, Write, Written
from app.notices import Notices
from app.plot_grid import PlotGrid
from app.settings import LastModel, Settings
from app.status_line import StatusLine
from app.timeline_part import TimelinePart
from app.views.conversation import Conversation
from app.views.model_panel import ModelPanel
from app.views.pages import Pages
from app.views.sampling_panel import SamplingPanel
from app.views.welcome import Welcome

TITLE_BAR = 40
"""What a window manager may put above the window, in pixels."""


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
        self._tokenizer = ""
        self._inspector_shown = False
        self._make_panels()
        self._make_docks()
        self.compare = ComparePart(self)
        self.benchmark = BenchmarkPart(self)
        self.notices = Notices(self)
        self.first_steps = FirstSteps(self)
        self.giving_up = GivingUp(self)
        self.menus = Menus(self)
        self.status = StatusLine(self.statusBar())
        self._connect()
        self._restore()
        self.timeline = TimelinePart(self)

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

    def _connect(self) -> None:
        talk, model, control = self.conversation, self.model_panel, self.controller
        talk.write_requested.connect(self.write)
        talk.stop_requested.connect(control.stop_writing)
        talk.clear_requested.connect(self.giving_up.clear)
        talk.mode_changed.connect(self.settings_mode)
        model.inspect_requested.connect(control.inspect)
        model.load_requested.connect(self.giving_up.load)
        model.cancel_requested.connect(control.cancel_loading)
        self.welcome.try_requested.connect(self.first_steps.try_out)
        self.plot_grid.spec_changed.connect(control.want)
        self.plot_grid.failed.connect(self.say)
        self.plot_grid.drawn.connect(control.pace)
        self.inspector_dock.visibilityChanged.connect(self.inspector_shown)
        self.inspector_tabs.currentChanged.connect(self.inspector_tab_changed)
        control.engine_started.connect(self.engine_started)
        control.inspected.connect(model.show_card)
        control.inspect_failed.connect(model.show_inspect_error)
        control.load_began.connect(model.loading_began)
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
        control.failed.connect(self.notices.show_error)

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
        self.menus.offer_plots(self.plot_grid)
        self.controller.start(self.settings.threads)
        self.late_parts_ready.emit()

    def engine_started(self, engine: Engine) -> None:
        self.model_panel.show_engine(engine)
        self.status.show_engine(engine)

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
        demo = demo_of(DEFAULT_DEMO)
        if path is None and demo is not None:
            path = demo.path
        if path is not None:
            self.open_file(path.resolve())

    def load(self, path: Path, device: str, dtype: str, tokenizer: str) -> None:
        self._tokenizer = tokenizer
        self.controller.open_model(path, device, dtype, tokenizer)

    def load_ended(self, ok: bool, stopped: bool, sentence: str) -> None:
        self.model_panel.loading_ended(ok, stopped, sentence)
        if not ok:
            self.first_steps.load_failed()
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
        self.status.model_label.setText(name)
        self.setWindowTitle(self.tr("{0} – RWKV Playground").format(f"RWKV-{opened.card.info.version} {path.stem}"))
        self.settings.last_model = LastModel(path, opened.device, opened.dtype, self._tokenizer)
        self.settings.recent = self.model_panel.recent()
        self.first_steps.model_opened()

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
        self.side_tabs.setTabIcon(0, theme.icon("cpu"))
        self.side_tabs.setTabIcon(1, theme.icon("sliders-horizontal"))
        self.menus.draw_icons()

    def set_language(self, language: str) -> None:
        self.settings.language = language
        self.notices.tell_of_language()

    def set_send_key(self, key: str) -> None:
        self.settings.send_key = key
        self.conversation.set_send_key(self.settings.send_key)

    def show_page(self, page: str) -> None:
        """chat: the conversation alone; inspect: with the inspector beside it; compare: several models."""
        self.compare.turner.show_page(page)

    def say(self, sentence: str) -> None:
        """A sentence in the status bar, for some seconds."""
        self.status.say(sentence)

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
        self.status.stop()
        self.controller.shut_down()
        super().closeEvent(event)
