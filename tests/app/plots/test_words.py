"""Numbers, times and tokens as the plots write them."""

from __future__ import annotations

import math

import pytest

from app.plots.words import axis_name, half_life, measure_name, number, percent, visible
from rwkv_backend.records import StateField, measures_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.84, "0.84"), (-2.5, "−2.5"), (12.34, "12.3"), (4560.4, "4,560"), (0.00123, "0.00123"),
        (1.2e7, "1.2×10⁷"), (-3e-9, "−3.0×10⁻⁹"), (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "–"), (99.96, "100"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.341, "34 %"), (0.034, "3.4 %"), (0.0003, "0.03 %"), (1e-7, "<0.01 %")],
)
def test_shares_are_written_as_percent(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("tokens", "text"),
    [(5.0, "5 tokens"), (1234.0, "1,234 tokens"), (math.inf, "over 1,000,000 tokens"), (math.nan, "no decay")],
)
def test_half_lives_have_their_unit(tokens: float, text: str) -> None:
    assert half_life(tokens) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [(" the", "␣the"), ("\n\n", "⏎⏎"), ("\t", "⇥"), ("中文", "中文"), ("\x00", "\\x00"), ("", "")],
)
def test_blanks_and_control_signs_are_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_axes_and_measures_have_names() -> None:
    assert axis_name("head and key") == "head and key"
    assert axis_name("something new") == "something new"
    matrix = StateField("m", ("head", "value", "key"), "")
    assert [measure_name(matrix, m) for m in measures_of(matrix)] == ["norm by head and value", "norm by head"]
    window = StateField("w", ("position", "channel"), "")
    assert [measure_name(window, m) for m in measures_of(window)] == ["norm by channel"]
    vector = StateField("v", ("channel",), "")
    assert [measure_name(vector, m) for m in measures_of(vector)] == ["value by channel", "magnitude by channel"]
