"""The half-life view: sorted channels on fixed colours, and how many outlive 10, 100 and 1,000 tokens."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.plots.canvas import Canvas
from app.plots.half_life import HalfLife
from app.plots.parts import OneLine
from rwkv_backend.records import FloatArray, FrameSpec, Labelled
from tests.app.plots.made import LAYERS, array, click, frame, note, opened, place, point_at, show, status


def shown(qtbot: QtBot) -> HalfLife:
    plot = HalfLife()
    show(qtbot, plot, opened(), width=420, height=300)
    return plot


def give(plot: HalfLife, values: FloatArray) -> None:
    lives = Labelled("half-life", ("layer", "channel"), values, "tokens")
    plot.show_frame(frame(plot.wants(FrameSpec()), half_lives=lives))


def canvas(plot: HalfLife) -> Canvas:
    found = plot.findChild(Canvas, "half_life_canvas")
    assert found is not None
    return found


def table(plot: HalfLife) -> list[str]:
    return [line.text() for line in plot.findChildren(OneLine) if not line.objectName()]


def lives() -> FloatArray:
    return array(np.tile([5000.0, 500.0, 50.0, 5.0], (LAYERS, 1)))


def test_the_table_counts_what_outlives_10_100_and_1000_tokens(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    values = np.array(lives())
    values[2] = [np.inf, 2000.0, 1500.0, 11.0]
    give(plot, array(values))
    plot.show_pick(2, 0)
    cells = table(plot)
    assert cells[cells.index("layer 2") :][:4] == ["layer 2", "4", "3", "3"]
    assert cells[cells.index("all layers") :][:4] == ["all layers", "13", "9", "6"]


def test_pointing_tells_the_share_of_channels_and_their_half_life(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, lives())
    point_at(canvas(plot), 60.0, 1.0)
    assert status(plot) == "layer 1: 62 % of the channels have a half-life of 50 tokens or more"


def test_the_same_half_life_has_the_same_colour_in_every_frame(qtbot: QtBot) -> None:
    plot = shown(qtbot)

    def colour() -> str:
        return str(canvas(plot).grab().toImage().pixelColor(place(canvas(plot), 87.0, 3.0)).name())

    give(plot, lives())
    before = colour()
    changed = np.array(lives())
    changed[0] *= 100
    give(plot, array(changed))
    assert colour() == before
    changed[3] *= 100
    give(plot, array(changed))
    assert colour() != before


def test_endless_and_vanishing_half_lives_are_drawn(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, array([[np.inf, 1.0, 0.0]] * LAYERS))
    point_at(canvas(plot), 10.0, 0.0)
    assert status(plot).endswith("over 1,000,000 tokens or more")
    assert plot.rows()[1] == [0, np.inf, 1.0, 0.0]


def test_a_layer_without_memory_is_said(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    values = np.array(lives())
    values[0] = np.nan
    give(plot, array(values))
    point_at(canvas(plot), 50.0, 0.0)
    assert status(plot) == "layer 0 has no memory that decays"
    assert table(plot)[table(plot).index("layer 0") :][1:4] == ["0", "0", "0"]


def test_version_1_is_told_in_words(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_frame(frame(plot.wants(FrameSpec())))
    assert note(plot).startswith("This version has no half-life")
    assert canvas(plot).isHidden() or not canvas(plot).isVisible()
    give(plot, lives())
    assert note(plot) == ""
    assert canvas(plot).isVisible()


def test_a_frame_in_which_nobody_asked_for_decay_changes_nothing(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, lives())
    plot.show_frame(frame(FrameSpec()))
    assert len(plot.rows()) == LAYERS + 1
    assert note(plot) == ""


def test_a_click_picks_the_layer(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, lives())
    with qtbot.waitSignal(plot.picked) as picked:
        click(qtbot, canvas(plot), 30.0, 2.0)
    assert picked.args == [2, 0]


@pytest.mark.parametrize("width", [290, 900])
def test_the_table_stands_beside_the_picture_where_there_is_room(qtbot: QtBot, width: int) -> None:
    plot = HalfLife()
    show(qtbot, plot, opened(), width=width, height=260)
    give(plot, lives())
    qtbot.waitUntil(lambda: canvas(plot).width() > 50)
    line = next(line for line in plot.findChildren(OneLine) if line.text() == "all layers")
    beside = line.mapTo(plot, line.rect().topLeft()).x() > canvas(plot).mapTo(plot, canvas(plot).rect().topRight()).x()
    assert beside == (width == 900)
