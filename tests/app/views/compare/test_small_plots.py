"""The small plots under the columns share axes, colours, layer and place."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.compare_messages import Look, View
from app.plots import colours
from app.views.compare.small_plots import PlotChoice, SmallPlots
from rwkv_backend.records import Labelled
from tests.app.plots.made import array
from tests.app.views.compare.made import column_frame, status


class Bench:
    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.host, self.choice = QWidget(), PlotChoice()
        for widget in (self.host, self.choice):
            qtbot.addWidget(widget)
        self.host.resize(900, 300)
        self.plots = SmallPlots(QHBoxLayout(self.host), self.choice, self.host)
        statuses = [status(1, "4", layers=4), status(2, "6.0", layers=6)]
        self.plots.show_columns(statuses)
        self.choice.offer(statuses)
        self.host.show()

    def look(self, look: Look) -> None:
        self.plots.show_look(look)

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: not self.plots._waiting)


@pytest.fixture
def bench(qtbot: QtBot, light: None) -> Bench:
    return Bench(qtbot)


def state_map(rows: int, columns: int, value: float) -> Labelled:
    return Labelled("memory", ("layer", "channel"), array(np.full((rows, columns), value)))


def test_equal_numbers_have_equal_colours_in_all_columns(bench: Bench) -> None:
    look = Look("state_map")
    bench.look(look)
    bench.plots.show_frame(column_frame(1, look, state_map=state_map(4, 10, 3.0)))
    bench.plots.show_frame(column_frame(2, look, state_map=state_map(6, 20, 300.0)))
    bench.settle()
    shared = bench.plots.shared
    assert shared.scale.top == 300.0
    assert (shared.layers, shared.columns) == (6, 20)
    images = [plot._heat._item.image for plot in bench.plots.plots]
    want = [int(shared.scale.shades(array([[value]]))[0, 0]) for value in (3.0, 300.0)]
    assert [int(np.unique(image)[0]) for image in images] == want
    assert want[1] == colours.TOP_SHADE
    assert 0 < want[0] < want[1]
    assert len({plot._canvas._home for plot in bench.plots.plots}) == 1


def test_half_lives_and_decays_share_their_axes(bench: Bench) -> None:
    views: tuple[tuple[View, dict[str, Labelled]], ...] = (
        ("decay_curves", {"decay": Labelled("kept", ("channel",), array([0.5, 0.9]))}),
        ("half_life", {"half_lives": Labelled("half-life", ("layer", "channel"), array([[9.0, 1.0], [700.0, 2.0]]))}),
    )
    for view, part in views:
        look = Look(view)
        bench.look(look)
        for column in (1, 2):
            bench.plots.show_frame(column_frame(column, look, **part))
        bench.settle()
        assert len({plot._canvas._home for plot in bench.plots.plots}) == 1
        assert all(plot._stack.currentWidget() is plot._canvas for plot in bench.plots.plots)


def test_a_frame_of_another_choice_comes_too_late(bench: Bench) -> None:
    bench.look(Look("state_map", layer=1))
    bench.plots.show_frame(column_frame(1, Look("state_map", layer=0), state_map=state_map(4, 10, 3.0)))
    assert bench.plots.plots[0].frame is None
    bench.plots.show_frame(column_frame(1, Look("state_map", layer=1, position=7), state_map=state_map(4, 10, 3.0)))
    assert bench.plots.plots[0].frame is not None


def test_a_version_without_half_lives_says_so(bench: Bench) -> None:
    look = Look("half_life")
    bench.look(look)
    bench.plots.show_frame(column_frame(1, look))
    bench.settle()
    plot = bench.plots.plots[0]
    assert plot._stack.currentWidget() is plot._note
    assert "distance" in plot._note.text()


def test_a_layer_picked_in_one_plot_is_asked_of_all(bench: Bench) -> None:
    look = Look("state_map")
    bench.look(look)
    for column in (1, 2):
        bench.plots.show_frame(column_frame(column, look, state_map=state_map(6, 10, 3.0)))
    bench.settle()
    bench.plots.layer_picked.connect(bench.choice.pick_layer)
    bench.choice.choose("state_map")
    with bench.qtbot.waitSignal(bench.choice.changed):
        bench.plots.plots[1]._click(3.0, 2.2)
    assert bench.choice.look(5) == Look("state_map", layer=2, position=5)


def test_surprises_grow_the_shared_axes(bench: Bench) -> None:
    bench.plots.show_surprises(1, [0.5] * 30)
    bench.plots.show_surprises(2, [0.5, 11.3])
    bench.settle()
    homes = {plot._canvas._home for plot in bench.plots.plots}
    assert homes == {(0.0, 40, 0.0, 12.0)}
