"""Numbers to colours: shades, scales that hold still, pooling, and the colour tables of both designs."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.plots.colours import (
    NOTHING,
    TOP_SHADE,
    ColourBar,
    Scale,
    log_shades,
    pooled,
    round_up,
    shades,
    table,
    table_for,
)
from tests.app.plots.made import array


def test_shades_run_from_end_to_end_and_stop_there() -> None:
    found = shades(array([-5.0, 0.0, 1.0, 2.0, 9.0, np.inf, -np.inf]), 0.0, 2.0)
    assert found.tolist() == [0, 0, TOP_SHADE // 2, TOP_SHADE, TOP_SHADE, TOP_SHADE, 0]


def test_a_missing_number_has_the_shade_of_nothing_and_only_it() -> None:
    values = array([np.nan, 1e38, -1e38, 3.0])
    assert (shades(values, -1.0, 1.0) == NOTHING).tolist() == [True, False, False, False]


def test_equal_factors_are_equal_steps_on_a_logarithmic_scale() -> None:
    found = log_shades(array([0.0, 1.0, 10.0, 100.0, 1000.0, 1e4, np.inf]), 1.0, 1e4).astype(int)
    steps = np.diff(found[1:6])
    assert steps.max() - steps.min() <= 1
    assert found[0] == 0
    assert found[-1] == TOP_SHADE


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 1), (1, 4), (5, 7), (100, 100)])
def test_pooling_keeps_the_number_farthest_from_zero_of_every_block(signed: bool, rows: int, columns: int) -> None:
    values = np.random.default_rng(3).standard_normal((11, 17)).astype(np.float32)
    if not signed:
        values = np.abs(values)
    found = pooled(values, rows, columns, signed)
    for (i, j), value in np.ndenumerate(found):
        block = values[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns].ravel()
        assert value == block[np.abs(block).argmax()]
    assert found.shape == (-(-11 // rows), -(-17 // columns))


def test_pooling_leaves_the_frame_as_it_was() -> None:
    values = array(np.arange(12).reshape(3, 4))
    pooled(values, 2, 2, signed=True)
    assert (values == np.arange(12).reshape(3, 4)).all()


def test_a_held_scale_grows_to_round_numbers_and_never_shrinks() -> None:
    scale = Scale(signed=False)
    tops = []
    for value in (0.7, 0.75, 3.2, 0.1, 41.0):
        scale.follow(array([value]))
        tops.append(scale.top)
    assert tops == pytest.approx([0.8, 0.8, 4.0, 4.0, 50.0])


def test_a_scale_does_not_follow_missing_endless_or_placeholder_numbers() -> None:
    scale = Scale(signed=True)
    scale.follow(array([np.nan, np.inf, -1e38, 2.0]))
    assert scale.top == 2.0
    scale.follow(array([np.nan]))
    scale.follow(array([]))
    assert scale.top == 2.0


def test_lopsided_numbers_make_the_colours_logarithmic_unless_the_user_has_decided() -> None:
    lopsided = array([1.0] * 50 + [1000.0])
    scale = Scale(signed=False)
    scale.follow(lopsided)
    assert scale.logarithmic
    assert scale.shades(array([1.0]))[0] > 30
    decided = Scale(signed=False)
    decided.decided = True
    decided.follow(lopsided)
    assert not decided.logarithmic
    assert decided.shades(array([1.0]))[0] == 0


@pytest.mark.parametrize("logarithmic", [False, True])
def test_zero_is_the_middle_of_a_signed_scale_and_both_sides_are_alike(logarithmic: bool) -> None:
    scale = Scale(signed=True)
    scale.fixed, scale.logarithmic = 10.0, logarithmic
    values = np.array([0.0, 0.02, 1.0, 10.0, 99.0])
    up, down = scale.shades(array(values)).astype(int), scale.shades(array(-values)).astype(int)
    assert up[0] == TOP_SHADE // 2
    assert (abs(up + down - TOP_SHADE) <= 1).all()
    assert (np.diff(up) >= 0).all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_bars_numbers_stand_where_their_colours_are(signed: bool, logarithmic: bool) -> None:
    scale = Scale(signed)
    scale.fixed, scale.logarithmic = 8.0, logarithmic
    for part, text in scale.marks():
        value = float(text.replace("−", "-").replace("×10⁻⁴", "e-4"))
        assert scale.shades(array([value]))[0] / TOP_SHADE == pytest.approx(part, abs=0.01)


@pytest.mark.parametrize(("value", "expected"), [(1.0, 1.0), (1.01, 1.5), (0.0021, 0.003), (81.0, 100.0), (7e9, 8e9)])
def test_rounding_up_to_the_next_round_number(value: float, expected: float) -> None:
    assert round_up(value) == pytest.approx(expected)


def test_each_design_has_tables_of_its_own(qapp: QApplication) -> None:
    light = table_for(signed=False)
    theme.apply("dark")
    assert (table_for(signed=False) != light).any()
    theme.apply("light")
    assert (table_for(signed=False) == light).all()
    assert table("CET-D1", "#123456")[NOTHING].tolist() == [0x12, 0x34, 0x56]


def test_the_bar_becomes_wider_for_long_numbers_but_never_narrower(qtbot: QtBot) -> None:
    bar = ColourBar()
    qtbot.addWidget(bar)
    widths = []
    for text in ("1", "1,000,000", "2"):
        bar.show_marks([(1.0, text)], "")
        widths.append(bar.sizeHint().width())
    assert widths[0] < widths[1] == widths[2]
