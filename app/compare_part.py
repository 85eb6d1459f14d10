"""The compare page in the window: puts the page together with its desk, its small plots, and the rest of the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.compare_desk import CompareDesk, usual_choices
from app.compare_messages import ColumnStatus, View
from app.page_turner import PageTurner
from app.views.compare import words
from app.views.compare.page import ComparePage
from rwkv_backend.compare.records import CompareSettings, Comparison, ModelChoice
from rwkv_backend.demo_models import demo_models

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.views.compare.small_plots import PlotChoice, SmallPlots


class ComparePart(QObject):
    """Built with the window; its plots come with the first visit, once pyqtgraph may be imported."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._visited = self._late = False
        self._plot_choice: PlotChoice | None = None
        self._plots: SmallPlots | None = None
        self.page = ComparePage()
        self.desk = CompareDesk(window.controller, self)
        self.turner = PageTurner(window, self.page)
        self._connect()

    def _connect(self) -> None:
        desk, tab = self.desk, self.page.writing
        setup, columns = tab.setup, tab.columns
        self.turner.turned.connect(self._turned)
        self._window.late_parts_ready.connect(self._late_parts_ready)
        self._window.sampling_panel.changed.connect(self._show_params)
        self._window.controller.engine_started.connect(lambda engine: columns.set_devices(engine.devices))
        setup.run_requested.connect(self.run)
        setup.stop_requested.connect(desk.stop)
        setup.unload_requested.connect(desk.unload)
        setup.sampling_requested.connect(self._show_sampling)
        setup.adder.add_requested.connect(lambda path: desk.add(ModelChoice(path)))
        columns.remove_requested.connect(desk.remove)
        columns.stop_requested.connect(desk.stop_column)
        columns.dtype_chosen.connect(self._dtype_chosen)
        columns.device_chosen.connect(self._device_chosen)
        tab.position.moved.connect(self._look)
        desk.columns_changed.connect(self._show_columns)
        desk.column_changed.connect(self._show_status)
        desk.began.connect(tab.begin)
        desk.wrote.connect(tab.add)
        desk.ended.connect(columns.end)
        desk.busy_changed.connect(self._show_busy)
        desk.said.connect(self._say)
        measure, differences = self.page.measure, self.page.differences
        measure.setup.run_requested.connect(self.measure)
        measure.setup.stop_requested.connect(desk.stop)
        desk.measured.connect(measure.take)
        desk.compared.connect(self._compared)
        differences.open_requested.connect(desk.open)
        differences.plot_requested.connect(self.show_plot)
        self.page.report_requested.connect(self._ask_for_folder)
        desk.reported.connect(self._reported)

    def _late_parts_ready(self) -> None:
        self._late = True
        self._turned(self.turner.page)

    def _add_plots(self) -> None:
        """The small plots, which draw with pyqtgraph."""
        from app.views.compare.small_plots import PlotChoice, SmallPlots

        tab = self.page.writing
        self._plot_choice = choice = PlotChoice()
        tab.looking.addWidget(choice)
        self._plots = plots = SmallPlots(tab.columns.plots_row, choice, self)
        choice.changed.connect(self._look)
        plots.layer_picked.connect(choice.pick_layer)
        plots.position_picked.connect(tab.position.go_to)
        tab.surprised.connect(plots.show_surprises)
        self.desk.framed.connect(plots.show_frame)
        self.desk.began.connect(plots.begin)
        self.desk.busy_changed.connect(lambda doing: plots.set_writing(bool(doing)))
        self._show_columns(self.desk.statuses)

    # What the user asks

    def run(self) -> None:
        setup = self.page.writing.setup
        if self._window.controller.writing:
            self._window.say(self.tr("The models begin when the conversation's text is written."))
        self.desk.write(setup.prompt(), setup.params(), setup.seed(), setup.max_tokens(), setup.together())

    def measure(self) -> None:
        """Run what the Measure tab asks for, on every model."""
        desk, tab = self.desk, self.page.measure
        settings, text = tab.setup.settings(self._settings()), tab.setup.text
        statuses = desk.statuses
        tab.begin([s.column for s in statuses], [words.title(s) for s in statuses], settings)
        desk.measure(text.text(), text.name(), settings)

    def show_plot(self, key: str) -> None:
        """The plot that shows what a cell of the table says: on this page if it has it, else the inspector's."""
        page = self.page
        if key in get_args(View):
            page.tabs.setCurrentWidget(page.writing)
            if self._plot_choice is not None:
                self._plot_choice.choose(key)
        elif key == "state_size":
            page.tabs.setCurrentWidget(page.measure)
            page.measure.show_chart(key)
        else:
            window = self._window
            window.show_page("inspect")
            window.plot_grid.set_shown(key, True)
            window.inspector_tabs.setCurrentWidget(window.plot_grid)

    def _settings(self) -> CompareSettings:
        """What the Write tab says, for the report."""
        setup = self.page.writing.setup
        usual = CompareSettings()
        return replace(
            usual,
            tasks=("writing",),
            prompt=setup.prompt(),
            seed=setup.seed(),
            max_tokens=setup.max_tokens(),
            sampling=replace(setup.params() or usual.sampling, seed=setup.seed()),
        )

    # The report

    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self.page, self.tr("Folder for the report"))
        dialog.setObjectName("compare_report_dialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.write_report(Path(name)))
        dialog.open()

    def write_report(self, folder: Path) -> None:
        """Into this folder; files of an earlier report there are replaced."""
        self.desk.report(folder, self._settings())

    def _reported(self, files: tuple[Path, ...]) -> None:
        """Offer to open the page."""
        page = next((file for file in files if file.suffix == ".html"), files[0])
        box = QMessageBox(self._window)
        box.setObjectName("compare_report_box")
        box.setWindowTitle(self.tr("Report"))
        box.setText(self.tr("The report is written: {0} files.").format(len(files)))
        box.setInformativeText(str(page))
        box.setTextFormat(Qt.TextFormat.PlainText)
        show = box.addButton(self.tr("Open it"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Close)
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(page))))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _show_sampling(self) -> None:
        self._window.side_dock.show()
        self._window.side_tabs.setCurrentWidget(self._window.sampling_panel)

    def _dtype_chosen(self, column: int, dtype: str) -> None:
        self.desk.choose(column, replace(self._choice_of(column), dtype=dtype))

    def _device_chosen(self, column: int, device: str) -> None:
        self.desk.choose(column, replace(self._choice_of(column), device=device))

    def _choice_of(self, column: int) -> ModelChoice:
        return next(status.choice for status in self.desk.statuses if status.column == column)

    def _look(self) -> None:
        """Another place, layer or plot."""
        if self._plot_choice is None or self._plots is None:
            return
        look = self._plot_choice.look(self.page.writing.position.position)
        self._plots.show_look(look)
        self.desk.look_at(look)

    # What the desk tells

    def _turned(self, page: str) -> None:
        if page == "compare" and not self._visited:
            self._visited = True
            self._show_params()
            self.desk.add(*usual_choices(usual_models()))
        if page == "compare" and self._late and self._plots is None:
            self._add_plots()

    def _compared(self, comparison: Comparison | None) -> None:
        if comparison is not None:
            self.page.measure.show_results(comparison.models)
        self._show_differences()

    def _say(self, sentence: str) -> None:
        """Where the user looks."""
        on_measure = self.page.tabs.currentWidget() is self.page.measure
        (self.page.measure if on_measure else self.page.writing).say(sentence)
        if self.page.tabs.currentWidget() is self.page.differences:
            self._window.say(sentence)

    def _show_differences(self) -> None:
        self.page.differences.show_columns(self.desk.statuses, self.desk.busy)

    def _show_params(self) -> None:
        self.page.writing.setup.show_params(self._window.sampling_panel.params())

    def _show_columns(self, statuses: tuple[ColumnStatus, ...]) -> None:
        self.page.writing.show_columns(statuses)
        if self._plots is not None and self._plot_choice is not None:
            self._plots.show_columns(statuses)
            self._plot_choice.offer(statuses)
        self._show_busy(self.desk.busy)

    def _show_status(self, status: ColumnStatus) -> None:
        self.page.writing.columns.show_status(status)
        if status.phase not in ("ready", "ended", "failed"):
            return
        self._show_differences()
        if self._plots is not None and self._plot_choice is not None:
            self._plots.show_columns(self.desk.statuses)
            self._plot_choice.offer(self.desk.statuses)

    def _show_busy(self, doing: str) -> None:
        self.page.writing.setup.show_state(len(self.desk.statuses), doing)
        self.page.measure.setup.show_state(len(self.desk.statuses), doing)
        self._show_differences()
        written = any(status.written is not None for status in self.desk.statuses)
        self.page.report.setEnabled(not doing and (written or self.desk.comparison is not None))


def usual_models() -> tuple[Path, ...]:
    """The demo models of versions 1 to 6."""
    return tuple(demo.path for demo in demo_models() if not demo.version.startswith("7"))
