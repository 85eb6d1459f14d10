"""One row of facts: what does not fit is left out whole."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.views.elided_label import ElidedLabel

FACTS = "stopped by you · 25.3 tokens/s · 126 tokens in context"


@pytest.mark.parametrize(
    "seen",
    [
        FACTS,
        "stopped by you · 25.3 tokens/s · …",
        "stopped by you · …",
    ],
)
def test_facts_that_do_not_fit_are_left_out_whole(qtbot: QtBot, seen: str) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.set_text(FACTS)
    label.resize(label.fontMetrics().horizontalAdvance(seen), 20)
    label.show()
    assert label.text() == seen
    assert label.full_text() == FACTS
    assert "126 tokens in context" in label.toolTip()


def test_a_single_fact_that_does_not_fit_is_cut(qtbot: QtBot) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.set_text(FACTS)
    label.resize(label.fontMetrics().horizontalAdvance("stopped b…"), 20)
    label.show()
    assert label.text().endswith("…")
    assert label.text().startswith("stop")
