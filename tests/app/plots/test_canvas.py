"""What plots draw on: zoom and the way back, the wheel, keys, and how many ticks there is room for."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.plots.canvas import Axis, Canvas
from app.plots.ink import in_one
from app.plots.parts import Choice
from tests.app.plots.made import place, point_at

pytestmark = pytest.mark.qt_log_ignore("not accepted by receiving widget", extend=True)  # it has no parent here


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    made = Canvas()

    def is_kept(widget: object) -> None:
        assert widget is made

    qtbot.addWidget(made, before_close_func=is_kept)
    made.resize(400, 300)
    made.set_home(0, 100, 0, 10)
    made.show()
    return made


def drag(qtbot: QtBot, canvas: Canvas, start: tuple[float, float], end: tuple[float, float]) -> None:
    view = canvas.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=place(canvas, *start))
    halfway = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    for spot in (halfway, end):
        point_at(canvas, *spot, held=Qt.MouseButton.LeftButton)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place(canvas, *end))


def test_dragging_zooms_into_a_rectangle_and_a_double_click_goes_home(qtbot: QtBot, canvas: Canvas) -> None:
    drag(qtbot, canvas, (20, 2), (60, 6))
    seen = canvas.seen()
    assert seen.left() == pytest.approx(20, abs=1)
    assert seen.right() == pytest.approx(60, abs=1)
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(canvas, 40, 4))
    QTest.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(canvas, 40, 4))
    QTest.mouseRelease(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(canvas, 40, 4))
    assert canvas.seen().width() == pytest.approx(100)


def test_a_zoomed_view_stays_when_home_moves_and_the_home_key_goes_there(qtbot: QtBot, canvas: Canvas) -> None:
    drag(qtbot, canvas, (20, 2), (60, 6))
    canvas.set_home(10, 110, 0, 10)
    assert canvas.seen().width() == pytest.approx(40, abs=2)
    QTest.keyClick(canvas, Qt.Key.Key_Home)
    assert canvas.seen().left() == pytest.approx(10)
    canvas.set_home(20, 120, 0, 10)
    assert canvas.seen().left() == pytest.approx(20)


def test_a_click_tells_the_place_in_the_plane(qtbot: QtBot, canvas: Canvas) -> None:
    with qtbot.waitSignal(canvas.clicked) as clicked:
        QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(canvas, 30, 7))
    assert clicked.args == pytest.approx([30, 7], abs=0.5)


def test_a_click_on_the_axes_is_none(qtbot: QtBot, canvas: Canvas) -> None:
    with qtbot.assertNotEmitted(canvas.clicked):
        QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))


def turned(widget: QWidget) -> QWheelEvent:
    """The turn of a wheel over a widget, after the widget has had it."""
    spot = QPointF(20, 10)
    turn = QWheelEvent(
        spot, widget.mapToGlobal(spot), QPoint(0, 0), QPoint(0, -240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, turn)
    return turn


def test_the_wheel_is_left_to_the_panel_around_it(canvas: Canvas) -> None:
    assert not turned(canvas.viewport()).isAccepted()
    assert canvas.seen().width() == pytest.approx(100)


def test_the_wheel_does_not_choose_another_field(qtbot: QtBot) -> None:
    choice = Choice("choice", "Choice")
    qtbot.addWidget(choice)
    choice.addItems(["one", "two", "three"])
    assert not turned(choice).isAccepted()
    assert choice.currentIndex() == 0


def test_nothing_ranges_by_itself(qtbot: QtBot, canvas: Canvas) -> None:
    import pyqtgraph as pg

    canvas.add(pg.PlotCurveItem(np.array([0.0, 1e6]), np.array([0.0, 1e6])))
    canvas.grab()
    assert canvas.seen().width() == pytest.approx(100)


@pytest.mark.parametrize("pixels", [60, 200, 1000])
@pytest.mark.parametrize("reach", [1, 3, 24, 200, 2048, 60000])
def test_ticks_are_whole_and_have_room(qapp: QApplication, pixels: int, reach: int) -> None:
    ticks = [value for _, values in Axis("bottom", True).tickValues(0, reach, pixels) for value in values]
    assert all(value == round(value) for value in ticks)
    assert len(ticks) <= max(2, pixels / 25)


def test_tick_numbers_have_thousands_marks_and_no_powers_of_ten(qapp: QApplication) -> None:
    assert Axis("bottom", True).tickStrings([0, 1500, 20000], 1, 500) == ["0", "1,500", "20,000"]
    assert Axis("left", False).tickStrings([-0.5, 0.0, 0.5], 1, 0.5) == ["−0.5", "0.0", "0.5"]
    assert Axis("left", False).tickStrings([0.2, 0.4], 1, 0.2) == ["0.2", "0.4"]


def test_curves_in_one_are_parted_by_a_gap() -> None:
    x, y = in_one(np.array([0.0, 1.0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert np.isnan(x[[2, 5]]).all()
    assert y[[0, 1, 3, 4]].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert np.isnan(y[2])
