"""The benchmark: its dialog with made-up figures, its job, and both in the whole window."""

from __future__ import annotations

import pytest
import torch
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.benchmark_messages import BenchmarkRow, RunBenchmark
from app.jobs.benchmark import run_benchmark
from app.jobs.desk import Desk
from app.link import Link
from app.messages import Partial, Progressed, Report
from app.views.benchmark_chart import BenchmarkChart
from app.views.benchmark_dialog import BenchmarkDialog
from rwkv_backend.records import Progress, Spread
from tests.shared import Saved

FAST = BenchmarkRow("int8", 1, Spread(45.0, 44.0, 46.5), Spread(549.0, 530.0, 560.0), 0.4, 170e6, 90.0)
SLOW = BenchmarkRow("float32", 2, Spread(19.8, 18.0, 20.0), Spread(313.0, 300.0, 315.0), 1.0, 680e6, 30.0)
REFUSED = BenchmarkRow("float16", 1, sentence="blocks.0 has numbers too large for float16.")


@pytest.fixture
def dialog(qtbot: QtBot) -> BenchmarkDialog:
    dialog = BenchmarkDialog("RWKV-4 model.pth on cpu", 4)
    qtbot.addWidget(dialog)
    return dialog


def test_what_is_ticked_is_what_is_asked_for(qtbot: QtBot, dialog: BenchmarkDialog) -> None:
    asked: list[tuple[object, object]] = []
    dialog.run_requested.connect(lambda *what: asked.append(what))
    assert dialog.chosen() == (("float32", "int8"), (1,))
    dialog.dtype_boxes["float32"].setChecked(False)
    dialog.thread_boxes[4].setChecked(True)
    dialog.run_button.click()
    assert asked == [(("int8",), (1, 4))]
    for box in dialog.dtype_boxes.values():
        box.setChecked(False)
    assert not dialog.run_button.isEnabled()


def test_rows_come_one_by_one_and_a_refused_dtype_says_why(dialog: BenchmarkDialog) -> None:
    dialog.show_running(True)
    assert dialog.stop_button.isEnabled()
    assert not dialog.run_button.isEnabled()
    dialog.show_progress(Progress(3, 12, "runs"))
    assert dialog.progress.value() == 250
    dialog.show_progress(Progress(3_000_000_000, 6_000_000_000, "bytes"))
    assert dialog.progress.value() == 500
    for row in (FAST, REFUSED, SLOW):
        dialog.add_row(row)
    dialog.ended("Done.")
    assert dialog.table.rowCount() == 3
    assert dialog.cells(FAST)[2] == "50%"
    shown = dialog.table.item(1, 1)
    assert shown is not None
    assert "too large" in shown.text()
    assert dialog.run_button.isEnabled()
    dialog.copy()
    assert "int8 × 1\t45.0 (44.0–46.5)" in QApplication.clipboard().text()


def test_the_chart_has_room_for_every_bar_and_draws(qtbot: QtBot) -> None:
    chart = BenchmarkChart("writing", "Writing")
    qtbot.addWidget(chart)
    low = chart.sizeHint().height()
    chart.show_rows([FAST, REFUSED, SLOW])
    assert chart.sizeHint().height() > low
    assert chart.top() >= FAST.limit, "a limit near the bars is in the picture"
    chart.resize(500, chart.sizeHint().height())
    assert not chart.grab().isNull()


def test_closing_the_dialog_stops(qtbot: QtBot, dialog: BenchmarkDialog) -> None:
    with qtbot.waitSignal(dialog.stop_requested):
        dialog.close()


def test_the_job_measures_each_dtype_and_puts_the_threads_back(saved: Saved) -> None:
    link = Link()
    job = RunBenchmark(
        1, path=saved("4"), dtypes=("float32", "int8"), threads=(1, 2), prompt_tokens=4, new_tokens=2, runs=1
    )
    link.register(job)
    before = torch.get_num_threads()
    reports: list[Report] = []
    for _ in run_benchmark(Desk(link), job):
        reports += link.take().reports
    reports += link.take().reports
    rows = [report.result for report in reports if isinstance(report, Partial)]
    assert [(row.dtype, row.threads) for row in rows if isinstance(row, BenchmarkRow)] == [
        ("float32", 1), ("float32", 2), ("int8", 1), ("int8", 2),
    ]  # fmt: skip
    assert all(isinstance(row, BenchmarkRow) and row.writing.median > 0 and row.limit > 0 for row in rows)
    assert any(isinstance(report, Progressed) for report in reports)
    assert torch.get_num_threads() == before


def test_a_stopped_job_puts_the_threads_back(saved: Saved) -> None:
    link = Link()
    job = RunBenchmark(1, path=saved("4"), dtypes=("float32",), threads=(2,), prompt_tokens=4, new_tokens=2, runs=9)
    before = torch.get_num_threads()
    assert before != 2
    steps = run_benchmark(Desk(link), job)
    while torch.get_num_threads() == before:
        next(steps)
    assert torch.get_num_threads() == 2
    steps.close()
    assert torch.get_num_threads() == before


def test_a_dtype_that_cannot_be_measured_says_why_and_the_others_are_measured(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rwkv_backend.memory.memory_free", lambda device: 1)
    link = Link()
    job = RunBenchmark(1, path=saved("4"), dtypes=("float32", "int8"), prompt_tokens=4, new_tokens=2, runs=1)
    for _ in run_benchmark(Desk(link), job):
        pass
    rows = [report.result for report in link.take().reports if isinstance(report, Partial)]
    assert [row.sentence for row in rows if isinstance(row, BenchmarkRow)] == 2 * [
        "It does not fit into the free memory."
    ]
