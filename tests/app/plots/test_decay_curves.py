"""Decay curves in every form of decay: by channel, by head, by both, changing with the token, and version 1's table."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.plots.canvas import Canvas
from app.plots.decay_curves import QUANTILES, DecayCurves
from app.plots.parts import Legend
from rwkv_backend.records import FloatArray, FrameSpec, Labelled
from tests.app.plots.made import (
    HEADS,
    LAYERS,
    SIZE,
    array,
    counting,
    frame,
    note,
    opened,
    point_at,
    show,
    status,
)


def shown(qtbot: QtBot, by_token: bool = False) -> DecayCurves:
    plot = DecayCurves()
    show(qtbot, plot, opened(by_token=by_token))
    return plot


def give(plot: DecayCurves, values: FloatArray, *axes: str) -> None:
    plot.show_frame(frame(plot.wants(FrameSpec()), decay=Labelled("fraction kept", axes, values)))


def canvas(plot: DecayCurves) -> Canvas:
    found = plot.findChild(Canvas, "decay_curves_canvas")
    assert found is not None
    return found


def log_button(plot: DecayCurves) -> QToolButton:
    found = plot.findChild(QToolButton, "decay_curves_log_button")
    assert found is not None
    return found


def legend(plot: DecayCurves) -> str:
    found = plot.findChild(Legend, "decay_curves_legend")
    assert found is not None
    return found.text().replace("&nbsp;", " ")


def column(plot: DecayCurves, name: str) -> list[float]:
    names, *rows = plot.rows()
    return [float(row[names.index(name)]) for row in rows]


def test_a_channel_that_keeps_half_a_token_is_drawn_as_powers_of_a_half(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, array(np.full(50, 0.5)), "channel")
    tokens = column(plot, "tokens later")
    assert tokens[:2] == [0.0, 1.0]
    assert tokens[-1] == 512
    for name in ("10 %", "50 %", "90 %"):
        assert column(plot, name) == pytest.approx([0.5**n for n in tokens], abs=1e-6)


def test_the_bands_are_the_quantiles_over_all_channels(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    kept = np.random.default_rng(5).uniform(0.3, 0.999, (HEADS, SIZE))
    give(plot, array(kept), "head", "channel")
    tokens = np.array(column(plot, "tokens later"))
    left = kept.ravel()[:, None] ** tokens
    expected = np.quantile(left, QUANTILES, axis=0)
    # Between two channels the quantile of the powers is not quite the power of the quantile.
    for name, row in zip(("10 %", "25 %", "50 %", "75 %", "90 %"), expected, strict=True):
        assert np.abs(np.array(column(plot, name)) - row).max() < 0.06


def test_the_picked_head_has_a_curve_of_its_own(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    kept = array([[0.1] * SIZE, [0.9] * SIZE, [0.99] * SIZE])
    give(plot, kept, "head", "channel")
    assert column(plot, "head 0")[1] == pytest.approx(0.1)
    plot.show_pick(0, 2)
    assert column(plot, "head 2")[1] == pytest.approx(0.99)
    assert "head 2" in legend(plot)


def test_one_decay_a_head_works_like_one_a_channel(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, array([0.2, 0.5, 0.8]), "head")
    plot.show_pick(0, 1)
    assert column(plot, "head 1")[1] == pytest.approx(0.5)
    assert "of the heads" in legend(plot)


def test_channels_without_heads_have_no_head_curve(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, array(np.linspace(0.1, 0.9, 20)), "channel")
    assert len(plot.rows()[0]) == 1 + len(QUANTILES)
    assert "head" not in legend(plot)


def test_the_logarithmic_axis_reaches_4096_tokens(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, array(np.full(9, 0.999)), "channel")
    assert canvas(plot).seen().right() == pytest.approx(512)
    log_button(plot).click()
    assert canvas(plot).seen().right() == pytest.approx(np.log10(4096))
    assert column(plot, "tokens later")[0] == pytest.approx(1)
    assert column(plot, "tokens later")[-1] == pytest.approx(4096)
    point_at(canvas(plot), 3.0, 0.5)
    tokens = int(status(plot).split()[1].replace(",", ""))
    assert tokens == pytest.approx(1000, rel=0.03)


def test_fractions_are_always_drawn_from_0_to_1(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for kept in (0.1, 0.9999):
        give(plot, array(np.full(9, kept)), "channel")
        seen = canvas(plot).seen()
        assert (seen.top(), seen.bottom()) == pytest.approx((0.0, 1.02))


def test_decays_by_token_move_over_the_mean_so_far(qtbot: QtBot) -> None:
    plot = shown(qtbot, by_token=True)
    give(plot, array(np.full((HEADS, SIZE), 0.5)), "head", "channel")
    first = plot.grab().toImage()
    give(plot, array(np.full((HEADS, SIZE), 0.99)), "head", "channel")
    assert plot.grab().toImage() != first
    assert column(plot, "50 %")[1] == pytest.approx(0.99)
    assert column(plot, "mean of 50 %")[1] == pytest.approx((0.5 + 0.99) / 2)
    assert "mean so far" in legend(plot)


def test_constant_decays_have_no_mean(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    for _ in range(3):
        give(plot, array(np.full((HEADS, SIZE), 0.5)), "head", "channel")
    assert "mean" not in legend(plot)
    assert "mean of 50 %" not in plot.rows()[0]


def test_version_1_shows_its_weights_by_distance(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    weights = counting(HEADS, 20) / 10 - 1.0
    give(plot, array(weights), "head", "distance")
    names, *rows = plot.rows()
    assert names == ["distance in tokens", "head 0", "head 1", "head 2"]
    assert rows[4] == pytest.approx([4, *weights[:, 4]])
    seen = canvas(plot).seen()
    assert seen.top() <= -1.0
    assert seen.bottom() >= weights.max()
    assert seen.right() == 19
    plot.show_pick(0, 1)
    point_at(canvas(plot), 4, 1)
    assert status(plot) == "layer 0, head 1, distance 4: 1.4"
    log_button(plot).click()
    assert canvas(plot).seen().right() == pytest.approx(np.log10(19))


def test_another_layer_is_asked_for_and_late_frames_of_the_old_one_are_ignored(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    late = plot.wants(FrameSpec())
    plot.show_pick(2, 0)
    assert plot.wants(FrameSpec()).layer == 2
    plot.show_frame(frame(late, decay=Labelled("", ("channel",), array([0.5]))))
    assert plot.rows() == []
    assert "next reads or writes" in status(plot)
    give(plot, array([0.25, 0.25]), "channel")
    assert column(plot, "50 %")[1] == pytest.approx(0.25)
    assert status(plot) == "layer 2"


def test_a_layer_without_memory_is_said_and_the_next_one_is_drawn(qtbot: QtBot) -> None:
    """With ffnPre layer 0 has two channel mixes and nothing that decays."""
    plot = shown(qtbot)
    plot.show_frame(frame(plot.wants(FrameSpec())))
    assert note(plot) == "Layer 0 has no memory that decays."
    plot.show_pick(1, 0)
    assert note(plot) == ""
    give(plot, array([0.5]), "channel")
    assert note(plot) == ""
    assert len(plot.rows()) > 1


def test_a_pick_while_paused_keeps_the_picture(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, array([0.5, 0.6]), "channel")
    pause = plot.findChild(QToolButton, "decay_curves_pause_button")
    assert pause is not None
    pause.click()
    rows = plot.rows()
    plot.show_pick(LAYERS - 1, 0)
    assert plot.rows() == rows
