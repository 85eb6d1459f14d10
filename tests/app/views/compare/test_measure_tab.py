"""Measuring and differences as the page shows them, from made-up results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.views.compare.charts_of import charts_of
from app.views.compare.differences_tab import DifferencesTab
from app.views.compare.measure_tab import MeasureTab
from app.views.compare.text_choice import TALES
from rwkv_backend.compare.records import (
    FEATURE_ROWS,
    ByteLoss,
    Cell,
    CompareSettings,
    Features,
    MemoryResult,
    ModelResult,
    Reading,
    Surprise,
    TaskDone,
    TaskFailure,
    TaskProgress,
    TextResult,
)
from rwkv_backend.records import Progress
from tests.app.views.compare.made import status


def ints(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


def text_result(bits: float) -> TextResult:
    by_byte = ByteLoss(ints(0, 16), ints(16, 32), ints(16, 16), floats(bits + 0.1, bits), floats(bits, bits))
    reading = Reading(64, 10, 32, bits * 32 * float(np.log(2)), bits, by_byte, 1.0)
    return TextResult((reading,), Surprise(ints(0, 16), ints(16, 32), floats(1.0, 2.0)))


def result(title: str, bits: float) -> ModelResult:
    memory = MemoryResult(15_000_000, ints(1, 64), ints(1000, 64_000), 64)
    return ModelResult(title, text=text_result(bits), memory=memory)


@pytest.fixture
def tab(qtbot: QtBot, light: None) -> MeasureTab:
    tab = MeasureTab()
    qtbot.addWidget(tab)
    tab.resize(1200, 700)
    tab.show()
    tab.setup.text.editor.setPlainText("x" * 32)
    tab.setup.show_state(2, "")
    return tab


def cell(tab: MeasureTab, row: int, title: str) -> str:
    model = tab.table
    titles = [
        model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
        for column in range(model.columnCount())
    ]
    return str(model.data(model.index(row, titles.index(title))))


def test_the_table_says_what_was_measured(tab: MeasureTab) -> None:
    tab.begin([3, 8], ["RWKV-4", "RWKV-6.0"], CompareSettings(tasks=("text", "memory")))
    tab.take(8, TaskDone(1, "memory", result("RWKV-6.0", 1.25)))
    assert cell(tab, 1, "Bits per byte") == "1.2500"
    assert cell(tab, 1, "State") == "1.0 kB – 64.0 kB"
    assert cell(tab, 0, "Bits per byte") == "–"
    assert {chart.key for chart in charts_of(tab.results, 32)} == set(tab._charts)


def test_results_stay_when_one_model_fails(tab: MeasureTab) -> None:
    tab.begin([3, 8], ["RWKV-4", "RWKV-6.0"], CompareSettings(tasks=("text",)))
    tab.take(3, TaskDone(0, "text", result("RWKV-4", 1.5)))
    failed = ModelResult("RWKV-6.0", failures=(TaskFailure("text", "There was not enough memory for this."),))
    tab.take(8, TaskDone(1, "text", failed))
    assert cell(tab, 0, "Bits per byte") == "1.5000"
    assert "not enough memory" in cell(tab, 1, "Remarks")
    assert [line.title for line in tab._charts["bits_per_byte"].chart.lines] == ["RWKV-4"]


def test_progress_counts_models_and_tasks(tab: MeasureTab) -> None:
    tab.begin([3, 8], ["RWKV-4", "RWKV-6.0"], CompareSettings(tasks=("text", "memory")))
    tab.setup.show_state(2, "measure")
    tab.take(8, TaskProgress(1, "text", Progress(1, 2, "tokens")))
    assert tab.setup._bar.value() == 625
    assert "RWKV-6.0 (2 of 2)" in tab.setup._doing.text()
    tab.take(99, TaskProgress(1, "text", Progress(1, 2, "tokens")))  # of a column that is gone


def test_nothing_is_measured_without_text_or_task(tab: MeasureTab) -> None:
    assert tab.setup.run.isEnabled()
    tab.setup.text.editor.setPlainText("")
    assert not tab.setup.run.isEnabled()
    tab.setup.choose_tasks("speed")
    assert tab.setup.run.isEnabled()
    tab.setup.choose_tasks()
    assert not tab.setup.run.isEnabled()
    tab.setup.choose_tasks("memory")
    tab.setup.show_state(1, "")
    assert not tab.setup.run.isEnabled()


def test_the_page_says_why_loss_per_token_does_not_compare(tab: MeasureTab) -> None:
    from PySide6.QtWidgets import QLabel

    note = tab.findChild(QLabel, "compare_note")
    assert note is not None
    assert "Bits per byte can" in note.text()


def test_a_file_is_measured_exactly_as_it_is(tab: MeasureTab, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("one\r\ntwo ä".encode())
    tab.setup.text.take_file(file)
    assert tab.setup.text.text() == "one\r\ntwo ä"
    assert tab.setup.text.name() == "lines.txt"
    tab.setup.text.editor.appendPlainText("three")
    assert tab.setup.text.name() == ""
    assert tab.setup.text.text() == "one\ntwo ä\nthree"


def test_a_file_that_is_no_text_is_refused_in_a_sentence(tab: MeasureTab, tmp_path: Path) -> None:
    file = tmp_path / "model.pth"
    file.write_bytes(b"\xff\xfe\x00\x80")
    tab.setup.text.take_file(file)
    assert "model.pth is not a text" in tab.setup.text._about.text()
    assert tab.setup.text.text() == "x" * 32
    tab.setup.text.take_file(tmp_path / "gone.txt")
    assert "gone.txt cannot be read" in tab.setup.text._about.text()


def test_the_built_in_tales_are_there(tab: MeasureTab) -> None:
    tab.setup.text.take_tales()
    assert tab.setup.text.text().encode() == TALES.read_bytes()


# What changed


def features(title: str) -> Features:
    cells = tuple(Cell("{0} of {1}", (key, title), "half_life" if key == "decay" else "") for key, _ in FEATURE_ROWS)
    return Features(title, cells)


@pytest.fixture
def differences(qtbot: QtBot, light: None) -> DifferencesTab:
    tab = DifferencesTab()
    qtbot.addWidget(tab)
    tab.resize(1000, 600)
    tab.show()
    return tab


def test_each_model_is_a_column(differences: DifferencesTab) -> None:
    statuses = [replace(status(n, v), features=features(f"RWKV-{v}")) for n, v in ((1, "4"), (2, "6.0"))]
    differences.show_columns(statuses, "")
    table = differences.table
    assert (table.rowCount(), table.columnCount()) == (len(FEATURE_ROWS), 2)
    item = table.item(1, 1)
    assert item is not None
    assert item.text() == "decay of RWKV-6.0"


def test_models_that_are_not_open_are_asked_for(qtbot: QtBot, differences: DifferencesTab) -> None:
    differences.show_columns([status(1, "4"), status(2, "6.0")], "")
    assert differences.open.isVisible()
    with qtbot.waitSignal(differences.open_requested):
        differences.open.click()
    differences.show_columns([status(1, "4")], "open")
    assert not differences.open.isEnabled()


def test_a_cell_leads_to_the_plot_that_shows_it(qtbot: QtBot, differences: DifferencesTab) -> None:
    differences.show_columns([replace(status(1, "4"), features=features("RWKV-4"))], "")
    with qtbot.waitSignal(differences.plot_requested) as asked:
        differences.table.cellClicked.emit(1, 0)
    assert asked.args == ["half_life"]
    with qtbot.assertNotEmitted(differences.plot_requested):
        differences.table.cellClicked.emit(0, 0)
