"""Characters and tokens: pieces of a document, and the turns of a chat within what a template wraps around them."""

from __future__ import annotations

import random

import pytest

from app.views.token_map import Piece, Stretch, TokenMap, agreed, matched, units
from app.views.token_turns import ShownTurn, link


def mapped(*texts: str) -> TokenMap:
    tokens = TokenMap()
    tokens.extend(texts)
    tokens.set_pieces([Piece(0, 0, tokens.told_length)])
    return tokens


def test_each_character_belongs_to_the_token_that_completed_it() -> None:
    tokens = mapped("", "Once", " upon", "", "", "👑", "\r\n", " a")
    shown = tokens.told()
    assert len(shown) == len("Once upon") + 2 + 1 + 2, "Qt counts a crown as two, and shows no \\r"
    found = [tokens.token_at(place) for place in range(len(shown) + 1)]
    assert found == [1] * 4 + [2] * 5 + [5] * 2 + [6] + [7] * 2 + [None]
    assert tokens.place_of(5) == (9, 11)
    assert tokens.place_of(3) is None


def test_stretches_are_the_tokens_between_two_places() -> None:
    tokens = mapped("Once", " upon", " a", " time")
    assert list(tokens.stretches(2, 10)) == [Stretch(0, 2, 4), Stretch(1, 4, 9), Stretch(2, 9, 10)]
    assert tokens.inked(Stretch(1, 4, 9)) == Stretch(1, 5, 9)
    assert tokens.inked(Stretch(1, 4, 7)) == Stretch(1, 4, 7)


def test_a_text_that_was_changed_belongs_to_tokens_up_to_the_change() -> None:
    tokens = mapped("Once", " upon", " a")
    tokens.set_pieces([Piece(0, 0, agreed(units("Once upan a"), tokens.told()))])
    assert [tokens.token_at(place) for place in (6, 7, 8)] == [1, None, None]
    tokens.shorten(3)
    assert tokens.token_at(3) is None
    tokens.truncate(1)
    tokens.extend([" more"])
    assert tokens.told() == "Once more"


def test_the_told_text_is_never_an_old_one_of_the_same_length() -> None:
    """It was kept as long as its length and end were the same."""
    tokens = mapped("a", "bb", "c")
    assert tokens.told() == "abbc"
    tokens.truncate(1)
    tokens.extend(["xx", "c"])
    assert tokens.told() == "axxc"


@pytest.mark.parametrize("seed", range(20))
def test_the_shared_beginning_is_found_as_by_comparing_each_sign(seed: int) -> None:
    rng = random.Random(seed)
    one, other = ("".join(rng.choices("ab", weights=(9, 1), k=rng.randrange(40))) for _ in range(2))
    plain = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    assert agreed(one, other) == plain


def test_white_space_that_was_cleaned_away_belongs_to_no_token() -> None:
    assert matched("a  b\n\nc", "x a b\nc", 10, 2) == [Piece(10, 2, 2), Piece(13, 4, 2), Piece(16, 6, 1)]
    assert matched("a b", "x a c", 0, 2) is None


def told(*tokens: tuple[str, bool]) -> tuple[TokenMap, list[bool]]:
    found = TokenMap()
    found.extend([text for text, _ in tokens])
    return found, [written for _, written in tokens]


def turn(speaker: str, place: int, text: str, begun: int = 0) -> ShownTurn:
    shown = ShownTurn(speaker, place, begun=begun)  # type: ignore[arg-type]
    shown.add(text)
    return shown


def test_turns_are_found_within_the_words_of_a_template() -> None:
    """Also where an answer is the same as a question, or the first words of the template."""
    tokens, written = told(
        *[(t, False) for t in ("", "User", ":", " User", "\n\n", "Assistant", ":")],
        (" User", True),
        ("\n\n", True),
        *[(t, False) for t in ("User", ":", " Who", "?", "\n\n", "Assistant", ":")],
        (" Assistant", True),
    )
    turns = [
        turn("user", 4, "User"),
        turn("model", 15, "User"),
        turn("user", 24, "Who?"),
        turn("model", 40, "Assistant"),
    ]
    tokens.set_pieces([piece for pieces in link(turns, tokens, written) for piece in pieces])
    assert [tokens.token_at(place) for place in (4, 15, 24, 27, 40)] == [3, 7, 11, 12, 16]
    assert tokens.token_at(19) is None


def test_a_conversation_that_was_read_anew_is_found_too() -> None:
    tokens, written = told(
        *[(t, False) for t in ("User", ": hi", "\n\n", "Assistant", ": yes", "\n\n", "User", ": so")]
    )
    pieces = link([turn("user", 0, "hi"), turn("model", 10, "yes"), turn("user", 20, "so")], tokens, written)
    told_text = tokens.told()
    assert [told_text[p[0].told : p[0].told_end] for p in pieces] == ["hi", "yes", "so"]


def test_the_beginning_of_an_answer_that_stood_in_the_prompt_is_not_the_models() -> None:
    tokens, written = told(("User: why", False), ("\n\nAssistant: <think>", False), ("Because", True))
    pieces = link([turn("user", 0, "why"), turn("model", 10, "<think>Because", begun=7)], tokens, written)
    assert pieces[1] == [Piece(17, len("User: why\n\nAssistant: <think>"), 7)]


def test_soft_breaks_of_the_document_are_stepped_over() -> None:
    tokens, written = told(("Q", False), (" abcdef", True))
    answer = turn("model", 10, "abcdef")
    answer.breaks += [2, 4]
    pieces = link([turn("user", 0, "Q"), answer], tokens, written)[1]
    assert pieces == [Piece(10, 2, 2), Piece(13, 4, 2), Piece(16, 6, 2)]


def test_what_has_not_been_told_yet_is_left_out() -> None:
    tokens, written = told(("User: hel", False))
    assert link([turn("user", 0, "hello")], tokens, written) == []
    tokens.extend(["lo", "\n\nAssistant:", " ye"])
    written += [False, False, True]
    pieces = link([turn("user", 0, "hello"), turn("model", 9, "yes")], tokens, written)
    assert pieces == [[Piece(0, 6, 5)], [Piece(9, tokens.told_length - 2, 2)]]
