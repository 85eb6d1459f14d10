"""Bytes that come in pieces become whole characters: nothing lost, nothing twice, nothing stuck."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rwkv_backend.tokenizers import TextStream, load_tokenizer
from rwkv_backend.tokenizers.base import whole_characters


def pieces_of(data: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(cuts)]


@given(st.text(), st.lists(st.integers(min_value=0, max_value=200)))
def test_any_split_of_any_text_gives_the_text_back(text: str, places: list[int]) -> None:
    stream = TextStream()
    shown = [stream.feed(piece) for piece in pieces_of(text.encode(), places)]
    assert "".join(shown) == text
    assert stream.finish() == ""


@given(st.binary(), st.lists(st.integers(min_value=0, max_value=200)))
def test_a_stream_ends_with_what_decoding_at_once_gives(data: bytes, places: list[int]) -> None:
    stream = TextStream()
    shown = "".join(stream.feed(piece) for piece in pieces_of(data, places))
    assert shown + stream.finish() == data.decode("utf-8", errors="replace")


@given(st.binary())
def test_at_most_three_bytes_wait(data: bytes) -> None:
    stream = TextStream()
    shown = "".join(stream.feed(data[place : place + 1]) for place in range(len(data)))
    settled = data[: max(0, len(data) - 3)]
    assert len(shown) >= len(settled.decode("utf-8", errors="ignore"))


def test_a_character_in_four_pieces_appears_once_and_whole() -> None:
    stream = TextStream()
    assert [stream.feed(bytes([byte])) for byte in "🙂".encode()] == ["", "", "", "🙂"]


@pytest.mark.parametrize("byte", [0x80, 0xBF, 0xC0, 0xF8, 0xFF])
def test_a_byte_of_no_character_is_replaced_at_once(byte: int) -> None:
    stream = TextStream()
    assert stream.feed(bytes([byte])) == "\ufffd"
    assert stream.feed(b"on it goes") == "on it goes"


def test_bytes_that_turn_out_wrong_do_not_hold_the_text_up() -> None:
    stream = TextStream()
    assert stream.feed(b"\xe4\xbd") == ""
    assert stream.feed(b"a") == "\ufffda"


def test_a_character_cut_off_by_the_end_is_replaced() -> None:
    stream = TextStream()
    stream.feed("你".encode()[:2])
    assert stream.finish() == "\ufffd"


def test_a_finished_stream_starts_again() -> None:
    stream = TextStream()
    stream.feed("你".encode()[:2])
    stream.finish()
    assert stream.feed("好".encode()) == "好"
    assert stream.finish() == ""


def test_the_end_of_a_text_does_not_stall_the_stream() -> None:
    """Official code decodes to U+FFFD for id 0 and unknown ids and waits for it to go away, which it never does."""
    tokenizer = load_tokenizer("world")
    stream = TextStream()
    tokens = [0, 65535, *tokenizer.encode("on")]
    assert "".join(stream.feed(tokenizer.bytes_of(token)) for token in tokens) == "on"


def test_halves_of_surrogate_pairs_are_joined_and_lone_ones_replaced() -> None:
    assert whole_characters("a\ud83d\ude42b") == "a🙂b"
    assert whole_characters("a\ud83db") == "a\ufffdb"
    assert whole_characters("plain") == "plain"
