"""Ids that are bytes, and ids that are ASCII codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rwkv_backend.tokenizers import load_tokenizer


@given(st.text())
def test_bytes_come_back_as_the_text(text: str) -> None:
    tokenizer = load_tokenizer("bytes")
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert all(0 <= token < tokenizer.size for token in tokens)


def test_a_byte_model_starts_with_a_newline_and_has_no_end() -> None:
    tokenizer = load_tokenizer("bytes")
    assert tokenizer.start == 10
    assert tokenizer.end_of_text is None


@pytest.mark.parametrize("kind", ["bytes", "ascii", "world"])
@pytest.mark.parametrize("token", [-1, 65535, 10**12])
def test_unknown_ids_stand_for_no_text(kind: str, token: int) -> None:
    assert load_tokenizer(kind).bytes_of(token) == b""


@given(st.text(alphabet=[chr(code) for code in range(4, 128)]))
def test_ascii_comes_back_as_the_text(text: str) -> None:
    tokenizer = load_tokenizer("ascii")
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.warnings_for(text) == []


def test_typed_text_cannot_start_or_end_a_tune() -> None:
    tokenizer = load_tokenizer("ascii")
    assert (tokenizer.start, tokenizer.end_of_text) == (2, 3)
    assert tokenizer.encode("a\x02\x03") == [97, 63, 63]
    assert tokenizer.decode([2, 97, 3]) == "a"


def test_characters_outside_ascii_are_read_as_question_marks_and_told() -> None:
    tokenizer = load_tokenizer("ascii")
    assert tokenizer.decode(tokenizer.encode("Käse")) == "K?se"
    assert tokenizer.warnings_for("Käse") == ['Not plain ASCII and read as "?": 1 of 4 characters.']
