"""The plots of the analyses with made-up answers: what they draw, say, and export, and how mouse and keys move in them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.analysis_messages import Comparison, InfluenceAnswer, LensAnswer
from app.plots.answer import AnswerPanel
from app.plots.difference import DifferenceBars, DifferenceMap
from app.plots.influence import Influence
from app.plots.layer_bars import limits
from app.plots.lens import Lens
from app.plots.numbers import Numbers
from app.plots.ranks import rank_correlation
from app.plots.sweep import AblationPlot, PatchPlot
from app.plots.word_strip import Strip, WordStrip
from rwkv_backend.analysis.records import (
    FieldDifference,
    LeaveOneOut,
    LensTable,
    NextWordChange,
    StateDifference,
    TokenInfluence,
    WordChange,
)
from rwkv_backend.records import Labelled
from tests.app.plots.made import array, click, note, opened, point_at, show, status

LAYERS, TOKENS, LISTED = 4, 5, 3
WORDS = ("Once", " upon", " a", " time", ",")
TEXTS = {number: f" word{number}" for number in range(40)}
PANELS = (Lens, Influence, DifferenceBars, DifferenceMap, AblationPlot, PatchPlot, Numbers)


def lens_answer(first: int = 10) -> LensAnswer:
    """Every cell lists other words; at column 1 the last layer foresees what followed."""
    top = np.arange(LAYERS * TOKENS * LISTED).reshape(LAYERS, TOKENS, LISTED) % 40
    tokens = (1, 2, 3, 4, 5)
    top[-1, 1, 0] = tokens[2]
    chances = array(np.tile([0.5, 0.3, 0.1], (LAYERS, TOKENS, 1)))
    rank = np.full((LAYERS, TOKENS), 7)
    rank[-1, 1], rank[:, -1] = 0, -1
    following = array(np.where(rank < 0, np.nan, 0.25))
    table = LensTable(
        tuple(range(LAYERS)), tokens, TEXTS, top, chances, following, rank, array(np.full((LAYERS, TOKENS), 2.0))
    )
    return LensAnswer(table, first, WORDS)


def influence_answer(layer: int | None = None) -> InfluenceAnswer:
    values = array(np.tril(np.full((TOKENS, TOKENS), 0.2)))
    bars = array([0.1, 0.2, 0.3, 0.3, 0.1])
    whole = TokenInfluence((1, 2, 3, 4, 5), bars, array(np.zeros((LAYERS, 5))), array(np.zeros((LAYERS, 1, 5))), bars)
    return InfluenceAnswer(10, WORDS, layer, None, "share", values, bars, whole)


def labelled(*values: float) -> Labelled:
    return Labelled("change", ("layer",), array(values), "nats")


def comparison() -> Comparison:
    fields = tuple(FieldDifference(layer, "att.wkv", 2.0, 3.0, 1.0, 0.4, 0.9) for layer in range(LAYERS))
    table = Labelled("relative difference", ("layer", "field"), array([[0.4]] * LAYERS))
    states = StateDifference(fields, ("att.wkv",), table, table)
    word = WordChange(1, " king", 0.5, 0.1)
    drawn = Labelled("difference of att.wkv", ("layer", "head"), array(np.ones((LAYERS, 3))))
    return Comparison((0, 1), ("one", "two"), states, "att.wkv", drawn, NextWordChange(0.3, 0.2, (word,), (word, word)))


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.key)
def test_a_panel_says_what_it_waits_for(qtbot: QtBot, kind: type[AnswerPanel]) -> None:
    panel = kind()
    show(qtbot, panel, None)
    assert "Open a model" in note(panel)
    panel.show_model(opened())
    assert "read or write" in note(panel)
    assert not panel._export.isEnabled()
    panel.show_failure("There is nothing to look at.")
    assert note(panel) == "There is nothing to look at."
    assert panel.shown() is None or panel.key == "state_numbers"


def test_the_lens_names_the_words_of_a_cell_and_marks_what_followed(qtbot: QtBot) -> None:
    lens = Lens()
    show(qtbot, lens, opened(), 600, 600)
    lens.show_answer(lens_answer())
    assert (lens.grid.row, lens.grid.column) == (LAYERS - 1, TOKENS - 1), "at the newest token, the model's own answer"
    lens.grid.point(LAYERS - 1, 1)
    assert [bar.marked for bar in lens._words.bars] == [True, False, False]
    assert "token 12" in lens._heading.text()
    assert "rank 1" in lens._heading.text()
    assert lens._answer is not None
    assert lens._words.bars[1].text == f"␣word{lens._answer.table.top_tokens[-1, 1, 1]}"


def test_the_lens_is_walked_by_keys_and_a_click_picks_its_token(qtbot: QtBot) -> None:
    lens = Lens()
    show(qtbot, lens, opened(), 600, 600)
    lens.show_answer(lens_answer())
    picked: list[int] = []
    lens.token_picked.connect(picked.append)
    QTest.keyClick(lens.grid, Qt.Key.Key_Left)
    QTest.keyClick(lens.grid, Qt.Key.Key_Up)
    assert (lens.grid.row, lens.grid.column) == (LAYERS - 2, TOKENS - 2)
    QTest.keyClick(lens.grid, Qt.Key.Key_Return)
    place = lens.grid.cell_rect(0, 2).center()
    QTest.mouseClick(lens.grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
    assert picked == [10 + TOKENS - 1, 13]


@pytest.mark.parametrize("choice", [0, 1, 2])
def test_other_numbers_colour_the_lens_otherwise(qtbot: QtBot, choice: int) -> None:
    lens = Lens()
    show(qtbot, lens, opened(), 600, 600)
    lens.show_answer(lens_answer())
    lens._shown.setCurrentIndex(choice)
    cells = lens.grid._cells
    assert cells is not None
    want = {0: round(0.5 * 254), 1: round(0.25 * 254), 2: 254}[choice]
    assert abs(int(cells.shades[0, 0]) - want) <= 1
    assert len(lens.rows()) == 1 + LAYERS * TOKENS


def test_the_map_of_influence_names_both_words(qtbot: QtBot) -> None:
    plot = Influence()
    show(qtbot, plot, opened(), 600, 600)
    plot.show_answer(influence_answer())
    point_at(plot.canvas, 12.0, 14.0)
    assert status(plot) == "At token 14 “␣time”, token 12 “␣upon” counts 20 %"
    point_at(plot.canvas, 15.0, 11.0)
    assert "cannot look ahead" in status(plot)
    picked: list[int] = []
    plot.token_picked.connect(picked.append)
    click(qtbot, plot.canvas, 12.0, 14.0)
    assert picked == [14]


def test_leaving_out_adds_bars_and_a_correlation(qtbot: QtBot) -> None:
    plot = Influence()
    show(qtbot, plot, opened(), 600, 600)
    plot.show_answer(influence_answer())
    unknown = float("nan")
    plot.show_left_out(LeaveOneOut((3, 4, 5), array([3.0, 2.9, unknown]), array([0.1, 0.1, unknown]), 7))
    assert "Rank correlation" not in plot._about_strip.text(), "two words are too few"
    plot.show_left_out(LeaveOneOut((3, 4, 5), array([3.0, 2.9, 0.1]), array([0.1, 0.1, 0.1]), 7))
    assert "over 3 tokens: 0.866" in plot._about_strip.text()
    plot.show_answer(influence_answer(layer=1))
    assert plot._left_out is not None, "the same text in another layer"


def test_heads_can_be_chosen_only_within_a_layer(qtbot: QtBot) -> None:
    plot = Influence()
    show(qtbot, plot, opened(), 600, 600)
    asked: list[int] = []
    plot.asked.connect(lambda: asked.append(1))
    plot.choose(2, 1)
    assert (plot.layer_chosen, plot.head_chosen) == (2, 1)
    plot.choose(None)
    assert (plot.layer_chosen, plot.head_chosen) == (None, None)
    assert not plot._head.isEnabled()
    assert asked


def test_a_sweep_draws_what_is_known_and_both_directions(qtbot: QtBot) -> None:
    plot = PatchPlot()
    show(qtbot, plot, opened(), 500, 400)
    unknown = float("nan")
    plot.show_tables((labelled(-0.1, -2, unknown, unknown), labelled(0.1, 1.5, unknown, unknown)), "so far", {}, 9)
    assert plot.rows()[2] == [1, -2.0, 1.5]
    assert plot.rows()[3] == [2, "", ""]
    point_at(plot._canvas, 1.0, 0.0)
    assert "layer 1: −2 nats" in status(plot)
    assert "1.5" in status(plot)


def test_a_sweep_over_heads_is_a_map(qtbot: QtBot) -> None:
    plot = AblationPlot()
    show(qtbot, plot, opened(), 500, 400)
    table = Labelled("change", ("layer", "head"), array(np.arange(12).reshape(4, 3)), "nats a token")
    plot.show_tables((table,), "", {"plot": "ablation"}, 9)
    point_at(plot._canvas, 2.0, 1.0)
    assert status(plot) == "layer 1, head 2: 5 nats a token"
    assert plot.rows()[-1] == [3, 2, 11.0]


def test_a_difference_is_drawn_by_layer_and_as_a_map(qtbot: QtBot) -> None:
    bars, drawn = DifferenceBars(), DifferenceMap()
    for panel in (bars, drawn):
        show(qtbot, panel, opened(), 400, 300)
    bars.show_comparison(comparison(), 5)
    drawn.show_comparison(comparison(), 5)
    point_at(bars._canvas, 2.0, 0.1)
    assert status(bars) == "layer 2: att.wkv 0.4"
    point_at(drawn._canvas, 1.0, 2.0)
    assert status(drawn) == "layer 2, head 1: 1"
    assert bars.rows()[1] == [0, "att.wkv", 2.0, 3.0, 1.0, 0.4, 0.9]
    assert len(drawn.rows()) == 1 + LAYERS


def test_words_flow_and_are_found_again_by_the_mouse(qtbot: QtBot) -> None:
    strip = WordStrip("strip", "Words")
    qtbot.addWidget(strip, before_close_func=lambda widget: None)
    strip.resize(200, 200)
    strip.show()
    strip.show_strip(Strip(WORDS * 10, (0.5,) * 50, 1.0))
    places = [strip.place(word) for word in range(50)]
    assert all(place.right() <= strip.viewport().width() for place in places)
    assert not any(one.intersects(other) for one, other in itertools.combinations(places, 2))
    pointed: list[int] = []
    strip.pointed.connect(pointed.append)
    strip.verticalScrollBar().setValue(0)
    spot = strip.place(7).center()
    assert strip.word_at(spot.x(), spot.y()) == 7
    strip.point(7)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert pointed == [7, 8]


def test_rank_correlation_is_that_of_all_pairs() -> None:
    """Against Spearman's formula for lists without ties, and by hand with ties."""
    source = np.random.default_rng(3)
    for _ in range(20):
        one, other = source.normal(size=9), source.normal(size=9)
        ranks = [np.array([(values < value).sum() for value in values]) for values in (one, other)]
        want = 1 - 6 * ((ranks[0] - ranks[1]) ** 2).sum() / (9 * (81 - 1))
        assert rank_correlation(one.tolist(), other.tolist()) == pytest.approx(want)
    assert rank_correlation([1, 1, 2], [5, 5, 9]) == pytest.approx(1)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) != rank_correlation([1, 1, 1], [1, 2, 3])  # NaN


@pytest.mark.parametrize(
    ("values", "want"),
    [((0.0, 0.0), (0.0, 1.0)), ((-1.2, 0.3), (-1.5, 0.3)), ((0.7,), (0.0, 0.8)), ((-3.0,), (-3.0, 0.0))],
)
def test_the_axis_of_bars_holds_all_of_them_and_zero(values: tuple[float, ...], want: tuple[float, float]) -> None:
    assert limits(array(values)) == pytest.approx(want)
