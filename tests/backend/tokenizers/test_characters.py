"""vocab.json of the character models: encodings of the file, unknown characters, damaged files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers import load_tokenizer
from tests.backend.tokenizers.samples import CHARACTERS, FIXTURES, write_vocabulary

needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared fixtures are not on this machine")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_of_the_file_is_read(tmp_path: Path, encoding: str) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", CHARACTERS, encoding))
    assert tokenizer.kind == "characters"
    assert tokenizer.name == "characters (vocab.json)"
    assert tokenizer.size == len(CHARACTERS)
    assert tokenizer.encode("hello 你好🙂") == [CHARACTERS.index(character) for character in "hello 你好🙂"]


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf16_with_either_byte_order_mark_is_read(tmp_path: Path, mark: bytes, encoding: str) -> None:
    path = tmp_path / "vocab.json"
    path.write_bytes(mark + '{"0": "\\n", "1": "你"}'.encode(encoding))
    assert load_tokenizer(path).encode("你\n") == [1, 0]


@given(st.text(alphabet=CHARACTERS))
def test_known_characters_come_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "round_trip_vocab.json"
    tokenizer = load_tokenizer(path if path.exists() else write_vocabulary(path, CHARACTERS))
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.warnings_for(text) == []


def test_a_text_starts_with_a_newline_and_has_no_end(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", CHARACTERS))
    assert tokenizer.start == CHARACTERS.index("\n")
    assert tokenizer.end_of_text is None


def test_a_vocabulary_with_no_newline_has_no_start(tmp_path: Path) -> None:
    assert load_tokenizer(write_vocabulary(tmp_path / "vocab.json", ["a", "b"])).start is None


@pytest.mark.parametrize(
    ("texts", "stand_in"), [(["a", "\ufffd", " ", "\ue083"], 3), (["a", "\ufffd", " "], 2), (["a", "\ufffd"], 1)]
)
def test_unknown_characters_are_read_as_the_best_sign_for_them(tmp_path: Path, texts: list[str], stand_in: int) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", texts))
    assert tokenizer.encode("aßa") == [0, stand_in, 0]


def test_unknown_characters_are_named_in_a_warning(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", CHARACTERS))
    warnings = tokenizer.warnings_for("ßaßµ")
    assert warnings == ["Not in this model's vocabulary and read as a space: ß µ (3 of 4 characters)."]


def test_a_vocabulary_with_no_sign_for_unknown_characters_refuses_them(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", ["a", "b"]))
    assert tokenizer.encode("ab") == [0, 1]
    assert tokenizer.warnings_for("ß") == []
    with pytest.raises(TokenizerError, match="'ß' is not in the vocabulary"):
        tokenizer.encode("aß")


def test_words_are_cut_by_the_longest_match(tmp_path: Path) -> None:
    texts = [" ", "\n", "the", "there", "re", "t", "h", "e"]
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", texts))
    assert tokenizer.encode("there the\nre") == [3, 0, 2, 1, 4]
    assert tokenizer.decode([3, 0, 2, 1, 4]) == "there the\nre"


def test_unknown_ids_and_empty_texts_stand_for_nothing(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "vocab.json", ["a", "", ""]))
    assert [tokenizer.bytes_of(token) for token in (-1, 0, 1, 3, 10**9)] == [b"", b"a", b"", b"", b""]


def test_half_a_character_in_the_vocabulary_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "vocab.json"
    path.write_text(r'{"0": "\ud83d", "1": " "}')
    assert load_tokenizer(path).decode([0]) == "\ufffd"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"0": "a", "1": "b", "2', "damaged or not a JSON file"),
        ('{"0": "a", "1": "b", "3": "c"}', "id 2 is missing"),
        ('{"1": "a", "2": "b"}', "id 0 is missing"),
        ('{"0": "a", "1": "b", "1": "c"}', "id 1 comes twice"),
        ('{"0": "a", "1": "a"}', "ids 0 and 1 both mean 'a'"),
        ('{"0": "a", "1": 7}', "id 1 should stand for a text, not for 7"),
        ('{"0": "a", "1": null}', "id 1 should stand for a text, not for None"),
        ('{"0": "a", "one": "b"}', "key 'one' is no id"),
        ('{"a": 0, "b": 1}', "not a tokenizer"),
        ("[1, 2]", "not a tokenizer"),
        ("{}", "not a tokenizer"),
        ("", "damaged or not a JSON file"),
        ("[" * 100_000, "damaged or not a JSON file"),
    ],
)
def test_a_damaged_file_is_refused_with_a_reason(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "vocab.json"
    path.write_text(content)
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(path)


def test_a_utf16_file_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = write_vocabulary(tmp_path / "vocab.json", CHARACTERS, "utf-16")
    path.write_bytes(path.read_bytes()[:101])
    with pytest.raises(TokenizerError, match="damaged"):
        load_tokenizer(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="No such file"):
        load_tokenizer(tmp_path / "vocab.json")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "vocab.json"
    with path.open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(TokenizerError, match="1,000 MB"):
        load_tokenizer(path)


@needs_fixtures
@pytest.mark.parametrize("name", ["vocab_utf16le_bom.json", "vocab_utf8.json"])
def test_good_fixtures_load(name: str) -> None:
    tokenizer = load_tokenizer(FIXTURES / name)
    texts = json.loads((FIXTURES / name).read_bytes())
    assert tokenizer.size == 40
    assert [tokenizer.decode([int(token)]) for token in texts] == list(texts.values())


@needs_fixtures
@pytest.mark.parametrize(
    ("name", "message"), [("vocab_broken_truncated.json", "damaged"), ("vocab_gap.json", "id 5 is")]
)
def test_bad_fixtures_are_refused(name: str, message: str) -> None:
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(FIXTURES / name)
