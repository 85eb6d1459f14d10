"""The activity strip: one column a token, in the right place however the frames come."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.plots.activity import LENGTH, LONGEST_GAP, STEP, Activity
from app.plots.canvas import Canvas
from rwkv_backend.records import FrameSpec, Labelled
from tests.app.plots.made import LAYERS, array, click, frame, opened, point_at, show, status


def shown(qtbot: QtBot) -> Activity:
    plot = Activity()
    show(qtbot, plot, opened())
    return plot


def give(plot: Activity, token: int, *values: float) -> None:
    changes = Labelled("relative change", ("layer",), array(values or [0.1] * LAYERS))
    plot.show_frame(frame(plot.wants(FrameSpec()), token, activity=changes))


def canvas(plot: Activity) -> Canvas:
    found = plot.findChild(Canvas, "activity_canvas")
    assert found is not None
    return found


def tokens(plot: Activity) -> list[int]:
    return [int(row[0]) for row in plot.rows()[1:]]


def test_each_token_has_a_column_under_its_number(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for token in (1, 2, 3):
        give(plot, token, *(token / 10 + layer for layer in range(LAYERS)))
    names, *rows = plot.rows()
    assert names == ["token number", *(f"layer {layer}" for layer in range(LAYERS))]
    assert rows[1] == pytest.approx([2, 0.2, 1.2, 2.2, 3.2])
    assert canvas(plot).seen().left() == pytest.approx(0.5)


def test_tokens_without_a_frame_take_the_value_of_the_next(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 1, *[0.5] * LAYERS)
    give(plot, 5, *[0.25] * LAYERS)
    assert tokens(plot) == [1, 2, 3, 4, 5]
    assert [row[1] for row in plot.rows()[1:]] == pytest.approx([0.5, 0.25, 0.25, 0.25, 0.25])


def test_after_a_long_leap_what_is_not_known_stays_empty(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 1)
    give(plot, 1 + LONGEST_GAP + 9)
    assert tokens(plot) == [1, 1 + LONGEST_GAP + 9]
    point_at(canvas(plot), 10, 1)
    assert status(plot) == "token 10, layer 1: not known"


def test_a_frame_of_the_same_token_replaces_its_column(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 4, *[0.5] * LAYERS)
    give(plot, 4, *[0.75] * LAYERS)
    assert tokens(plot) == [1, 2, 3, 4]
    assert plot.rows()[-1][1] == pytest.approx(0.75)
    assert plot.rows()[-2][1] == pytest.approx(0.5)


def test_a_full_strip_moves_on_and_keeps_the_numbers_under_their_tokens(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for token in range(1, LENGTH + 2):
        give(plot, token, *[token / 1000] * LAYERS)
    assert tokens(plot) == list(range(STEP + 1, LENGTH + 2))
    assert canvas(plot).seen().left() == pytest.approx(STEP + 0.5)
    for row in plot.rows()[1:]:
        assert row[1] == pytest.approx(float(row[0]) / 1000)
    for token in range(LENGTH + 2, 3 * LENGTH + 1):
        give(plot, token, *[token / 1000] * LAYERS)
    assert tokens(plot)[-1] == 3 * LENGTH
    assert LENGTH - STEP < len(tokens(plot)) <= LENGTH
    assert plot.rows()[1][1] == pytest.approx(tokens(plot)[0] / 1000)


def test_a_leap_beyond_the_strip_starts_it_afresh(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 3)
    give(plot, 10_000)
    assert tokens(plot) == [10_000]


def test_fewer_tokens_than_before_mean_another_text(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 50)
    give(plot, 2)
    assert tokens(plot) == [1, 2]


def test_looking_back_keeps_the_strip_and_frames_the_column(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for token in range(1, 41):
        give(plot, token, *[token / 1000] * LAYERS)
    plot.show_place(7, 40)
    give(plot, 7, *[0.5] * LAYERS)
    assert tokens(plot) == list(range(1, 41))
    assert plot.rows()[7][1] == pytest.approx(0.5)
    assert plot._frame_of_place.isVisible()
    assert plot._frame_of_place.rect().center().x() == pytest.approx(7)
    assert status(plot) == "token 7"
    plot.show_place(None, 40)
    assert not plot._frame_of_place.isVisible()
    give(plot, 41)
    assert tokens(plot) == list(range(1, 42))


def test_looking_back_beyond_the_strip_brings_it_back_afterwards(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for token in range(1, 3 * LENGTH):
        give(plot, token)
    before = tokens(plot)
    plot.show_place(5, 3 * LENGTH - 1)
    give(plot, 5)
    give(plot, 9)
    give(plot, 6)
    assert tokens(plot) == [5, 6, 9]
    plot.show_place(None, 3 * LENGTH - 1)
    assert tokens(plot) == before


def test_what_is_written_over_is_forgotten(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for token in range(1, 41):
        give(plot, token)
    plot.show_place(None, 20)
    assert tokens(plot) == list(range(1, 21))
    give(plot, 21)
    assert tokens(plot) == list(range(1, 22))
    plot.show_place(None, 0)
    assert tokens(plot) == []


def test_pointing_tells_token_layer_and_change(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 5, 0.1, 0.2, 0.345, 0.4)
    point_at(canvas(plot), 4, 2)
    assert status(plot) == "token 4, layer 2: changed by 34 %"


def test_a_click_picks_the_layer(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 30)
    with qtbot.waitSignal(plot.picked) as picked:
        click(qtbot, canvas(plot), 100, 3)
    assert picked.args == [3, 0]


def test_layers_without_memory_are_empty(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 1, np.nan, 0.1, 0.1, 0.1)
    assert plot.rows()[1][1:] == pytest.approx(["", 0.1, 0.1, 0.1], abs=1e-6)


def test_the_read_only_frame_is_not_written_to_and_not_kept(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    values = array([0.1] * LAYERS)
    plot.show_frame(frame(plot.wants(FrameSpec()), 1, activity=Labelled("", ("layer",), values)))
    assert not values.flags.writeable
    assert (values == np.float32(0.1)).all()
