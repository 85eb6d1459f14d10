"""The state map: fields and measures to choose, a scale that holds still, hover and picking."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox
from pytestqt.qtbot import QtBot

from app.messages import OpenedModel
from app.plots.canvas import Canvas
from app.plots.parts import Choice
from app.plots.state_map import StateMap
from rwkv_backend.records import FloatArray, Frame, FrameSpec, Labelled
from tests.app.plots.made import (
    CHANNELS,
    HEADS,
    LAST_INPUT,
    LAYERS,
    MATRIX,
    NUMERATOR,
    SIZE,
    array,
    click,
    counting,
    frame,
    opened,
    place,
    point_at,
    show,
    status,
)


def shown(qtbot: QtBot, model: OpenedModel) -> StateMap:
    plot = StateMap()
    show(qtbot, plot, model)
    return plot


def canvas(plot: StateMap) -> Canvas:
    found = plot.findChild(Canvas, "state_map_canvas")
    assert found is not None
    return found


def choose(plot: StateMap, what: str, index: int) -> None:
    found = plot.findChild(Choice, f"state_map_{what}")
    assert found is not None
    found.setCurrentIndex(index)


def map_frame(plot: StateMap, values: FloatArray, axis: str = "channel") -> Frame:
    return frame(plot.wants(FrameSpec()), state_map=Labelled(plot.field.name, ("layer", axis), values))


def colour_at(plot: StateMap, x: float, y: float) -> str:
    return colours_at(plot, [x], y)[0]


def colours_at(plot: StateMap, across: Iterable[float], y: float) -> list[str]:
    view = canvas(plot)
    image = view.grab().toImage()
    return [image.pixelColor(place(view, x, y)).name() for x in across]


def test_it_begins_with_a_memory_rather_than_with_the_last_input(qtbot: QtBot) -> None:
    assert shown(qtbot, opened(LAST_INPUT, MATRIX)).field == MATRIX
    assert shown(qtbot, opened(LAST_INPUT, NUMERATOR)).field == NUMERATOR
    assert shown(qtbot, opened(LAST_INPUT)).field == LAST_INPUT


def test_fields_that_no_layer_has_are_not_offered(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT, missing_in=tuple(range(LAYERS))))
    assert plot.wants(FrameSpec()) == FrameSpec()


def test_choosing_a_field_or_a_measure_changes_what_is_wanted(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT, MATRIX))
    assert (plot.wants(FrameSpec()).map_field, plot.wants(FrameSpec()).map_measure) == ("att.wkv", "rows")
    with qtbot.waitSignal(plot.wants_changed):
        choose(plot, "measure", 1)
    assert plot.wants(FrameSpec()).map_measure == "norm"
    with qtbot.waitSignal(plot.wants_changed):
        choose(plot, "field", 0)
    assert (plot.wants(FrameSpec()).map_field, plot.wants(FrameSpec()).map_measure) == ("att.last_input", "value")


def test_a_frame_of_another_choice_is_ignored(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT, MATRIX))
    late = map_frame(plot, counting(LAYERS, CHANNELS), "head and key")
    choose(plot, "field", 0)
    plot.show_frame(late)
    assert plot.rows() == []
    plot.show_frame(frame(FrameSpec(), state_map=late.state_map))
    assert plot.rows() == []


def test_an_empty_measure_means_the_first(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(MATRIX))
    values = Labelled("att.wkv", ("layer", "head and key"), counting(LAYERS, CHANNELS))
    plot.show_frame(frame(FrameSpec(map_field="att.wkv"), state_map=values))
    assert len(plot.rows()) == LAYERS + 1


def test_the_scale_grows_but_never_shrinks_until_it_is_reset(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    for largest, top in ((1.0, 1.0), (7.0, 8.0), (0.1, 8.0)):
        plot.show_frame(map_frame(plot, array(np.full((LAYERS, CHANNELS), largest))))
        assert plot.scale.top == top
    reset = plot.findChild(QAction, "state_map_scale_reset")
    assert reset is not None
    reset.trigger()
    assert plot.scale.top == pytest.approx(0.1)


def test_the_same_number_keeps_its_colour_while_others_come_and_go(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    values = np.full((LAYERS, CHANNELS), 2.0)
    values[3, 5] = 10.0
    plot.show_frame(map_frame(plot, array(values)))
    before = colour_at(plot, 10, 1)
    values[3, 5] = 0.5
    plot.show_frame(map_frame(plot, array(values)))
    assert colour_at(plot, 10, 1) == before


def test_a_fixed_scale_stays_where_it_was_put(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    plot.show_frame(map_frame(plot, array(np.full((LAYERS, CHANNELS), 1.0))))
    top = plot.findChild(QDoubleSpinBox, "state_map_scale_top")
    assert top is not None
    top.setValue(3.0)
    plot.show_frame(map_frame(plot, array(np.full((LAYERS, CHANNELS), 100.0))))
    assert plot.scale.top == 3.0
    held = plot.findChild(QAction, "state_map_scale_held")
    assert held is not None
    held.trigger()
    assert plot.scale.top == 100.0


def test_values_with_a_sign_have_zero_in_the_middle_and_norms_at_the_end(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    assert plot.scale.signed
    choose(plot, "measure", 1)
    assert not plot.scale.signed


def test_pointing_tells_layer_channel_and_value(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    values = np.zeros((LAYERS, CHANNELS))
    values[3, 12] = 0.84
    plot.show_frame(map_frame(plot, array(values)))
    point_at(canvas(plot), 12, 3)
    assert status(plot) == "layer 3, channel 12: 0.84"
    values[3, 12] = -2.5
    plot.show_frame(map_frame(plot, array(values)))
    assert status(plot) == "layer 3, channel 12: −2.5"


def test_head_and_key_are_told_apart(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(MATRIX))
    plot.show_frame(map_frame(plot, counting(LAYERS, CHANNELS), "head and key"))
    point_at(canvas(plot), SIZE + 2, 1)
    assert status(plot) == f"layer 1, head 1, key 2: {CHANNELS + SIZE + 2}"


def test_a_click_picks_layer_and_head(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(MATRIX))
    plot.show_frame(map_frame(plot, counting(LAYERS, CHANNELS), "head and key"))
    with qtbot.waitSignal(plot.picked) as picked:
        click(qtbot, canvas(plot), 2 * SIZE + 3, 2)
    assert picked.args == [2, 2]
    choose(plot, "measure", 1)
    plot.show_frame(map_frame(plot, counting(LAYERS, HEADS), "head"))
    with qtbot.waitSignal(plot.picked) as picked:
        click(qtbot, canvas(plot), 1, 3)
    assert picked.args == [3, 1]


def test_a_click_on_channels_keeps_the_head(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    plot.show_pick(0, 2)
    plot.show_frame(map_frame(plot, counting(LAYERS, CHANNELS)))
    with qtbot.waitSignal(plot.picked) as picked:
        click(qtbot, canvas(plot), 4, 1)
    assert picked.args == [1, 2]


def test_what_was_picked_elsewhere_is_not_told_back(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    with qtbot.assertNotEmitted(plot.picked):
        plot.show_pick(3, 1)


def test_arrow_keys_pick_and_stop_at_the_ends(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(MATRIX))
    plot.show_frame(map_frame(plot, counting(LAYERS, CHANNELS), "head and key"))
    picks: list[tuple[int, int]] = []
    plot.picked.connect(lambda layer, head: picks.append((layer, head)))
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(canvas(plot), key)
    assert picks == [(1, 0), (1, 1), (1, 0), (0, 0)]


def test_a_layer_without_the_field_is_said_and_hatched(qtbot: QtBot) -> None:
    """With ffnPre layer 0 has no time mix, and its row holds no numbers."""
    plot = shown(qtbot, opened(NUMERATOR, missing_in=(0,), heads=None))
    values = np.full((LAYERS, CHANNELS), 0.5)
    values[0] = np.nan
    plot.show_frame(map_frame(plot, array(values)))
    point_at(canvas(plot), 5, 0)
    assert status(plot) == "layer 0 has no att.numerator"
    row = set(colours_at(plot, np.linspace(1, 10, 40), 0))
    assert len(row) > 1, "hatched: more than one colour in a row without numbers"
    assert len(set(colours_at(plot, np.linspace(1, 10, 40), 2))) == 1
    assert plot.rows()[1][1:] == [""] * CHANNELS


def test_more_channels_than_pixels_keep_the_one_that_stands_out(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(LAST_INPUT))
    wide = 5000
    values = np.zeros((LAYERS, wide))
    plot.show_frame(map_frame(plot, array(values)))
    assert len(set(colours_at(plot, range(2400, 2600, 4), 1))) == 1
    values[1, 2503] = -1.0
    plot.show_frame(map_frame(plot, array(values)))
    assert len(set(colours_at(plot, range(2400, 2600, 4), 1))) == 2
    assert plot.rows()[2][2504] == -1.0


def test_the_table_names_its_columns(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(MATRIX))
    plot.show_frame(map_frame(plot, counting(LAYERS, CHANNELS), "head and key"))
    assert plot.rows()[0][:2] == ["layer", "head 0, key 0"]
    assert plot.rows()[0][-1] == f"head {HEADS - 1}, key {SIZE - 1}"
    assert plot.rows()[2][:3] == [1, CHANNELS, CHANNELS + 1]
