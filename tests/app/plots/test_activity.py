"""The activity strip: one column a token, in the right place however tokens and frames come."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.plots.activity import LENGTH, STEP, Activity
from app.plots.canvas import Canvas
from rwkv_backend.records import FrameSpec, Labelled, TokenRecord
from tests.app.plots.made import LAYERS, array, click, frame, opened, point_at, show, status


def shown(qtbot: QtBot) -> Activity:
    plot = Activity()
    show(qtbot, plot, opened())
    return plot


def record(token: int, *values: float) -> TokenRecord:
    """The token of that number, counted from 1; without values it was read together with others."""
    return TokenRecord(token - 1, 0, b"a", "a", True, change=values)


def tell(plot: Activity, first: int, last: int) -> None:
    """The text now ends with these tokens; each changes every layer by a thousandth of its number."""
    plot.show_tokens(first - 1, [record(n, *[n / 1000] * LAYERS) for n in range(first, last + 1)])


def look_back(plot: Activity, token: int, *values: float) -> None:
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
    plot.show_tokens(0, [record(n, *(n / 10 + layer for layer in range(LAYERS))) for n in (1, 2, 3)])
    names, *rows = plot.rows()
    assert names == ["token number", *(f"layer {layer}" for layer in range(LAYERS))]
    assert rows[1] == pytest.approx([2, 0.2, 1.2, 2.2, 3.2])
    assert canvas(plot).seen().left() == pytest.approx(0.5)


def test_tokens_that_were_read_together_stay_empty(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_tokens(0, [record(n) for n in range(1, 12)])
    assert tokens(plot) == []
    tell(plot, 12, 14)
    assert tokens(plot) == [12, 13, 14]
    point_at(canvas(plot), 10, 1)
    assert status(plot) == "token 10, layer 1: not known"


def test_looking_back_at_a_token_fills_its_column_in(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_tokens(0, [record(n) for n in range(1, 6)])
    look_back(plot, 4, *[0.5] * LAYERS)
    look_back(plot, 4, *[0.75] * LAYERS)
    assert tokens(plot) == [4]
    assert plot.rows()[-1][1] == pytest.approx(0.75)


def test_measuring_adds_what_it_knows_and_leaves_what_is_known(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_tokens(0, [record(n) for n in range(1, 9)])
    look_back(plot, 4, *[0.5] * LAYERS)
    plot.show_measured(2, [record(3, *[0.25] * LAYERS), record(4), record(5)])
    assert [row[:2] for row in plot.rows()[1:]] == [[3, 0.25], [4, 0.5]]


def test_what_a_frame_does_not_bring_leaves_the_strip_as_it_is(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, 5)
    plot.show_frame(frame(plot.wants(FrameSpec()), 9))
    assert tokens(plot) == [1, 2, 3, 4, 5]


def test_a_strip_that_could_not_be_seen_is_painted_with_the_next_frame(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.hide()
    tell(plot, 1, 5)
    assert "5" not in status(plot)
    plot.show_frame(frame(plot.wants(FrameSpec()), 5))
    assert status(plot) == "token 5"


def test_a_full_strip_moves_on_and_keeps_the_numbers_under_their_tokens(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, LENGTH + 1)
    assert tokens(plot) == list(range(STEP + 1, LENGTH + 2))
    assert canvas(plot).seen().left() == pytest.approx(STEP + 0.5)
    for row in plot.rows()[1:]:
        assert row[1] == pytest.approx(float(row[0]) / 1000)
    for token in range(LENGTH + 2, 3 * LENGTH + 1):
        tell(plot, token, token)
    assert tokens(plot)[-1] == 3 * LENGTH
    assert LENGTH - STEP < len(tokens(plot)) <= LENGTH
    assert plot.rows()[1][1] == pytest.approx(tokens(plot)[0] / 1000)


def test_another_text_takes_the_place_of_the_one_before(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, 50)
    plot.show_tokens(0, [])
    assert tokens(plot) == []
    tell(plot, 1, 2)
    assert tokens(plot) == [1, 2]


def test_looking_back_keeps_the_strip_and_frames_the_column(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, 40)
    plot.show_place(7, 40)
    look_back(plot, 7, *[0.5] * LAYERS)
    assert tokens(plot) == list(range(1, 41))
    assert plot.rows()[7][1] == pytest.approx(0.5)
    assert plot._frame_of_place.isVisible()
    assert plot._frame_of_place.rect().center().x() == pytest.approx(7)
    assert status(plot) == "token 7"
    plot.show_place(None, 40)
    assert not plot._frame_of_place.isVisible()
    tell(plot, 41, 41)
    assert tokens(plot) == list(range(1, 42))


def test_looking_back_beyond_the_strip_shows_what_is_known_there(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, 3 * LENGTH - 1)
    before = tokens(plot)
    plot.show_place(5, 3 * LENGTH - 1)
    assert tokens(plot) == list(range(1, LENGTH + 1))
    assert canvas(plot).seen().left() == pytest.approx(0.5)
    plot.show_place(None, 3 * LENGTH - 1)
    assert tokens(plot) == before


def test_what_is_written_over_is_forgotten(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, 40)
    plot.show_tokens(20, [])
    assert tokens(plot) == list(range(1, 21))
    tell(plot, 21, 21)
    assert tokens(plot) == list(range(1, 22))


def test_pointing_tells_token_layer_and_change(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_tokens(0, [*[record(n) for n in (1, 2, 3)], record(4, 0.1, 0.2, 0.345, 0.4)])
    point_at(canvas(plot), 4, 2)
    assert status(plot) == "token 4, layer 2: changed by 34 %"


def test_a_click_picks_the_layer(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    tell(plot, 1, 30)
    with qtbot.waitSignal(plot.picked) as picked:
        click(qtbot, canvas(plot), 100, 3)
    assert picked.args == [3, 0]


def test_layers_without_memory_are_empty(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_tokens(0, [record(1, np.nan, 0.1, 0.1, 0.1)])
    assert plot.rows()[1][1:] == pytest.approx(["", 0.1, 0.1, 0.1], abs=1e-6)
