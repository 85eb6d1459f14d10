"""What all plots share: pause, explanation, export, and what they do without a model or after a new one."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QFileDialog, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app import theme
from app.plots.catalog import PLOTS
from app.plots.panel import PlotPanel
from app.plots.parts import Bubble
from rwkv_backend.records import FrameSpec
from tests.app.plots.made import full_frame, note, opened, show, status

every_plot = pytest.mark.parametrize("kind", PLOTS, ids=lambda kind: kind.key)


def made(qtbot: QtBot, kind: type[PlotPanel], frames: int = 1) -> PlotPanel:
    """A plot on the screen that has drawn some frames."""
    plot = kind()
    show(qtbot, plot, opened(by_token=True))
    for token in range(1, frames + 1):
        plot.show_frame(full_frame(plot.wants(FrameSpec()), token))
    return plot


def button(plot: PlotPanel, what: str) -> QToolButton:
    found = plot.findChild(QToolButton, f"{plot.key}_{what}_button")
    assert found is not None
    return found


def picture(plot: PlotPanel) -> QImage:
    return plot.grab().toImage()


@every_plot
def test_a_plot_without_a_model_says_so_and_wants_nothing(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = kind()
    show(qtbot, plot, None)
    assert "Open a model" in note(plot)
    assert not plot.wants(FrameSpec()).wants_anything
    plot.show_frame(full_frame(FrameSpec(map_field="att.wkv", decay=True, memory=True, activity=True, candidates=9)))
    assert len(plot.rows()) <= 1
    assert not button(plot, "export").isEnabled()


@every_plot
def test_a_plot_with_a_model_wants_something_and_draws_it(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind, frames=0)
    assert plot.wants(FrameSpec()).wants_anything
    assert "next reads or writes" in status(plot)
    before = picture(plot)
    plot.show_frame(full_frame(plot.wants(FrameSpec()), 7))
    assert picture(plot) != before
    assert len(plot.rows()) > 1
    assert plot.tokens_seen == 7
    assert button(plot, "export").isEnabled()


@every_plot
def test_wants_keeps_what_other_plots_want(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind, frames=0)
    others = FrameSpec(map_field="other", decay=True, memory=True, activity=True, candidates=50)
    spec = plot.wants(others)
    assert spec.decay
    assert spec.memory
    assert spec.activity
    assert spec.candidates == 50


@every_plot
def test_a_paused_plot_ignores_frames_and_wants_nothing_until_it_goes_on(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind)
    shown = plot.rows()
    with qtbot.waitSignal(plot.wants_changed):
        QTest.mouseClick(button(plot, "pause"), Qt.MouseButton.LeftButton)
    assert plot.paused
    assert plot.wants(FrameSpec()) == FrameSpec()
    plot.show_frame(full_frame(FrameSpec(map_field="att.wkv", decay=True, memory=True, activity=True, candidates=9), 5))
    assert plot.rows() == shown
    assert plot.tokens_seen == 1
    QTest.mouseClick(button(plot, "pause"), Qt.MouseButton.LeftButton)
    plot.show_frame(full_frame(plot.wants(FrameSpec()), 5))
    assert plot.tokens_seen == 5


@every_plot
def test_another_design_recolours_the_picture_and_keeps_the_numbers(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind, frames=3)
    rows, light = plot.rows(), picture(plot)
    theme.apply("dark")
    dark = picture(plot)
    assert plot.rows() == rows
    assert dark != light
    ground = dark.pixelColor(dark.width() - 2, dark.height() - 2).name()
    assert ground == theme.DARK.window
    theme.apply("light")
    assert picture(plot) == light


@every_plot
def test_clear_forgets_the_numbers_but_not_the_model(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind, frames=3)
    plot.clear()
    assert len(plot.rows()) <= 1
    assert "next reads or writes" in status(plot)
    assert plot.wants(FrameSpec()).wants_anything
    plot.show_frame(full_frame(plot.wants(FrameSpec()), 1))
    assert len(plot.rows()) > 1


@every_plot
def test_a_new_model_starts_afresh_and_not_paused(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind, frames=3)
    plot.show_pick(2, 1)
    button(plot, "pause").setChecked(True)
    plot.show_model(opened())
    assert (plot.layer, plot.head) == (0, 0)
    assert not plot.paused
    assert len(plot.rows()) <= 1


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # popups, offscreen
@every_plot
def test_the_question_mark_explains_in_words(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind)
    QTest.mouseClick(button(plot, "help"), Qt.MouseButton.LeftButton)
    bubble = plot.findChild(Bubble)
    assert bubble is not None
    words = " ".join(label.text() for label in bubble.findChildren(QLabel))
    assert plot.help_text in words
    assert plot.help_text.count(". ") == 1, "two sentences: what one sees, and what is typical"
    assert "ypical" in plot.help_text
    bubble.close()


@every_plot
def test_the_csv_file_says_of_what_it_is_and_holds_the_rows(
    qtbot: QtBot, kind: type[PlotPanel], tmp_path: Path
) -> None:
    plot = made(qtbot, kind, frames=2)
    path = tmp_path / "numbers.csv"
    plot.save_csv(str(path))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    about = [line for line in lines if line.startswith("# ")]
    assert about[0] == f"# {plot.title}"
    assert about[1] == "# model: tales.pth (RWKV 6.0, float32, cpu)"
    assert about[2] == "# tokens read: 2"
    assert about[-1].startswith("# unit: ")
    table = list(csv.reader(lines[len(about) :]))
    assert table == [[str(cell) for cell in row] for row in plot.rows()]


@every_plot
def test_the_picture_is_written_as_png(qtbot: QtBot, kind: type[PlotPanel], tmp_path: Path) -> None:
    plot = made(qtbot, kind, frames=2)
    path = tmp_path / "plot.png"
    plot.save_png(str(path))
    image = QImage(str(path))
    assert (image.width(), image.height()) == (2 * plot.width(), 2 * plot.height())
    colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colours) > 5


@every_plot
def test_an_export_that_cannot_be_written_says_so(qtbot: QtBot, kind: type[PlotPanel], tmp_path: Path) -> None:
    plot = made(qtbot, kind)
    for save, name in ((plot.save_csv, "x.csv"), (plot.save_png, "x.png")):
        path = tmp_path / "no such folder" / name
        with qtbot.waitSignal(plot.failed) as failed:
            save(str(path))
        assert str(path) in failed.args[0]


@pytest.mark.parametrize("kind_of_file", ["png", "csv"])
def test_the_export_menu_asks_for_a_place_and_writes_there(qtbot: QtBot, tmp_path: Path, kind_of_file: str) -> None:
    plot = made(qtbot, PLOTS[0])
    action = plot.findChild(QAction, f"state_map_export_{kind_of_file}")
    assert action is not None
    action.trigger()
    dialog = plot.findChild(QFileDialog, f"state_map_{kind_of_file}_dialog")
    assert dialog is not None
    path = tmp_path / f"chosen.{kind_of_file}"
    dialog.fileSelected.emit(str(path))
    dialog.close()
    assert path.stat().st_size > 0


@every_plot
def test_every_control_has_a_name_for_scripts_and_one_for_screen_readers(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind)
    controls = [
        *plot.findChildren(QAbstractButton),
        *plot.findChildren(QComboBox),
        *plot.findChildren(QAbstractSpinBox),
    ]
    ours = [control for control in controls if not control.objectName().startswith("qt_")]
    assert len(ours) >= 3
    for control in ours:
        assert control.objectName().startswith(plot.key), control
        assert control.accessibleName(), control.objectName()


def test_object_names_are_unique_in_the_window(qtbot: QtBot) -> None:
    names = [widget.objectName() for kind in PLOTS for widget in made(qtbot, kind).findChildren(QToolButton)]
    named = [name for name in names if name and not name.startswith("qt_")]
    assert len(named) == len(set(named))


@every_plot
def test_a_plot_fits_into_a_narrow_panel(qtbot: QtBot, kind: type[PlotPanel]) -> None:
    plot = made(qtbot, kind)
    layout = plot.layout()
    assert layout is not None
    assert layout.minimumSize().width() <= 250
    assert layout.minimumSize().height() <= 215
    assert plot.minimumSizeHint().width() <= 250


def test_all_plots_ask_for_the_same_room_whatever_they_show(qtbot: QtBot) -> None:
    hints = {(made(qtbot, kind).sizeHint().toTuple(), kind().hasHeightForWidth()) for kind in PLOTS}
    assert len(hints) == 1


def test_keys_name_the_plots(qtbot: QtBot) -> None:
    keys = {kind.key for kind in PLOTS}
    assert keys == {"state_map", "decay_curves", "half_life", "memory", "activity", "next_token"}


def test_the_package_itself_does_not_import_pyqtgraph() -> None:
    script = "import sys, app.plots; sys.exit('pyqtgraph' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_plots_do_not_import_torch() -> None:
    script = "import sys, app.plots.catalog; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
