"""Half-lives and what is left, at the ends of the range as well as between."""

from __future__ import annotations

import numpy as np

from rwkv_backend.decay import half_life, left_after, outliving


def test_half_is_left_after_the_half_life() -> None:
    kept = np.array([0.1, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(kept ** half_life(kept), 0.5)


def test_nothing_kept_lives_no_time_and_all_kept_lives_for_ever() -> None:
    """A fraction that rounds to 1 once gave a negative infinity, which no logarithmic scale can show."""
    assert half_life(np.array([0.0, 1.0])).tolist() == [0.0, np.inf]


def test_what_is_left_is_a_power() -> None:
    left = left_after(np.array([[0.5, 1.0]]), np.array([0.0, 1.0, 3.0]))
    assert left.tolist() == [[[1.0, 0.5, 0.125], [1.0, 1.0, 1.0]]]


def test_outliving_counts_channels_that_keep_more_than_half() -> None:
    assert outliving(np.array([0.5, 0.99, 1.0]), 10) == 2
