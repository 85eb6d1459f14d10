"""The Benchmark action: its dialog, and the job that measures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.benchmark_messages import BenchmarkRow, RunBenchmark
from app.messages import Job, JobFailed, Progressed

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.views.benchmark_dialog import BenchmarkDialog


class BenchmarkPart(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._job = 0
        self._dialog: BenchmarkDialog | None = None

    @property
    def dialog(self) -> BenchmarkDialog | None:
        return self._dialog

    def open(self) -> None:
        """Show the dialog for the model that is open."""
        from app.views.benchmark_dialog import BenchmarkDialog

        opened = self._window.controller.opened
        if opened is None:
            self._window.say(self.tr("Open a model first: the benchmark measures the one that is open."))
            return
        if self._dialog is not None:
            self._dialog.deleteLater()
        info = opened.card.info
        self._path, self._device = Path(info.path), opened.device
        title = self.tr("RWKV-{0} {1} on {2}").format(info.version, Path(info.path).name, opened.device)
        self._dialog = BenchmarkDialog(title, os.cpu_count() or 1, self._window)
        self._dialog.run_requested.connect(self._run)
        self._dialog.stop_requested.connect(self._stop)
        self._dialog.show()

    def _run(self, dtypes: tuple[str, ...], threads: tuple[int, ...]) -> None:
        assert self._dialog is not None
        self._dialog.show_running(True)
        path, device = self._path, self._device
        self._job = self._window.controller.submit(
            lambda number: RunBenchmark(number, path=path, device=device, dtypes=dtypes, threads=threads), self
        )

    def _stop(self) -> None:
        if self._job:
            self._window.controller.stop(self._job)

    # What the worker tells

    def progressed(self, job: Job, report: Progressed) -> None:
        if self._dialog is not None:
            self._dialog.show_progress(report.progress)

    def told(self, job: Job, result: object) -> None:
        if self._dialog is not None and isinstance(result, BenchmarkRow) and job.id == self._job:
            self._dialog.add_row(result)

    def done(self, job: Job, result: object, stopped: bool) -> None:
        self._job = 0
        if self._dialog is not None:
            self._dialog.ended(self.tr("Stopped.") if stopped else self.tr("Done."))

    def failed(self, job: Job, failure: JobFailed) -> None:
        self._job = 0
        if self._dialog is not None:
            self._dialog.ended(f"{failure.sentence} {failure.hint}".strip())
