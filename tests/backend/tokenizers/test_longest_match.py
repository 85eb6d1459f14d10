"""Greedy longest match against a slower way of doing it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rwkv_backend.tokenizers.longest_match import LongestMatch

LETTERS = st.text(alphabet="abcä", max_size=5)


def cut_slowly(text: str, pieces: dict[str, int]) -> list[tuple[str, int | None]]:
    """At each place tries every length, the longest first."""
    found: list[tuple[str, int | None]] = []
    while text:
        lengths = range(len(text), 0, -1)
        piece = next((text[:length] for length in lengths if text[:length] in pieces), text[:1])
        found.append((piece, pieces.get(piece)))
        text = text[len(piece) :]
    return found


@given(st.lists(LETTERS, unique=True), st.text(alphabet="abcä", max_size=30))
def test_cuts_like_the_slow_way(pieces: list[str], text: str) -> None:
    ids = {piece: number for number, piece in enumerate(pieces)}
    slow = cut_slowly(text, {piece: number for piece, number in ids.items() if piece})
    assert list(LongestMatch(ids).cut(text)) == slow


@given(st.lists(st.binary(min_size=1, max_size=4), unique=True), st.binary(max_size=40))
def test_nothing_is_lost(pieces: list[bytes], data: bytes) -> None:
    matcher = LongestMatch({piece: number for number, piece in enumerate(pieces)})
    assert b"".join(piece for piece, _ in matcher.cut(data)) == data


def test_the_longest_piece_wins_even_where_a_shorter_one_would_cut_better() -> None:
    matcher = LongestMatch({"a": 0, "ab": 1, "abc": 2, "cde": 3})
    assert list(matcher.cut("abcde")) == [("abc", 2), ("d", None), ("e", None)]
