"""The next-token bars: texts with visible blanks, an axis that does not jump, rows of one height."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.plots.next_token import COUNT, PATIENCE, Bars, NextToken
from rwkv_backend.records import Candidate, FrameSpec
from tests.app.plots.made import candidates, frame, opened, show, status


def shown(qtbot: QtBot, height: int = 260) -> NextToken:
    plot = NextToken()
    show(qtbot, plot, opened(), height=height)
    return plot


def bars(plot: NextToken) -> Bars:
    found = plot.findChild(Bars, "next_token_bars")
    assert found is not None
    return found


def give(plot: NextToken, *before: float, text: str = " once") -> None:
    plot.show_frame(frame(plot.wants(FrameSpec()), candidates=candidates(*before), token_text=text))


def test_it_asks_for_as_many_candidates_as_it_can_show(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    assert plot.wants(FrameSpec()).candidates == COUNT
    assert plot.wants(FrameSpec(candidates=40)).candidates == 40


def test_blanks_are_visible_and_tokens_without_text_have_their_number(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    texts = [Candidate(1, " the\n", 0.5, 0.5), Candidate(2, "\t", 0.2, 0.2), Candidate(7, "", 0.1, 0.1)]
    plot.show_frame(frame(plot.wants(FrameSpec()), candidates=tuple(texts), token_text="\n"))
    assert [row[1] for row in plot.rows()[1:]] == ["␣the⏎", "⇥", "#7"]
    assert status(plot) == "after “⏎”"


def test_the_table_holds_both_probabilities(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 0.5, 0.3, 0.2)
    assert plot.rows()[3] == [2, "␣word2", 0.2, 0.0]


def test_the_axis_becomes_longer_at_once_and_shorter_only_after_a_while(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    assert bars(plot).end == 1.0
    for _ in range(PATIENCE - 1):
        give(plot, 0.1)
    assert bars(plot).end == 1.0
    give(plot, 0.1)
    assert bars(plot).end == 0.5
    for _ in range(PATIENCE):
        give(plot, 0.1)
    assert bars(plot).end == 0.2
    give(plot, 0.9)
    assert bars(plot).end == 1.0


def test_the_axis_does_not_jump_when_the_lead_changes_to_and_fro(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    ends = set()
    for turn in range(4 * PATIENCE):
        give(plot, 0.1 if turn % 5 else 0.6)
        ends.add(bars(plot).end)
    assert ends == {1.0}


def test_rows_keep_their_height_and_as_many_are_shown_as_fit(qtbot: QtBot) -> None:
    small, large = shown(qtbot, height=200), shown(qtbot, height=500)
    assert bars(small).row_height() == bars(large).row_height()
    assert 2 < bars(small).rows_shown() < bars(large).rows_shown() == COUNT


def test_a_longer_bar_stands_for_a_greater_probability(qtbot: QtBot) -> None:
    plot = shown(qtbot)

    def inked(probability: float) -> int:
        plot.show_frame(frame(plot.wants(FrameSpec()), candidates=(Candidate(1, "a", probability, probability),)))
        image = bars(plot).grab().toImage()
        row = bars(plot).row_height() // 2
        colours = [image.pixelColor(x, row).name() for x in range(image.width())]
        return sum(colour == "#2f62c9" for colour in colours)

    assert inked(0.8) == pytest.approx(2 * inked(0.4), rel=0.1)
    assert inked(0.0) == 0


def test_a_frame_without_candidates_keeps_the_last(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, 0.5, 0.3)
    plot.show_frame(frame(FrameSpec()))
    assert len(plot.rows()) == 3
