"""Choosing a tokenizer by evidence, loading what was chosen, and telling what does not fit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers import choose_tokenizer, load_tokenizer, mismatch
from tests.backend.tokenizers.samples import (
    CHARACTERS,
    DEMO_MODEL,
    DEMO_TOKENIZER,
    FIXTURES,
    PROJECT,
    many_characters,
    write_demo,
    write_vocabulary,
    write_words,
)

HEAVY = "{'torch', 'tokenizers', 'pyrwkv_tokenizer'} & set(sys.modules)"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A checkpoint two folders deep, so that tests can use the folder above. Choosing never opens it."""
    folder = tmp_path / "shelf" / "models"
    folder.mkdir(parents=True)
    path = folder / "my-model.pth"
    path.touch()
    return path


def words(count: int) -> list[str]:
    return [f"w{number}" for number in range(count)]


def test_the_demo_models_find_their_tokenizer_in_the_folder_above() -> None:
    choice = choose_tokenizer(2048, DEMO_MODEL)
    assert (choice.kind, choice.name, choice.path) == ("hf", "tokenizer.json", DEMO_TOKENIZER)
    assert choice.warning == ""
    assert any("2,048 tokens" in fact for fact in choice.evidence)
    assert load_tokenizer(choice).decode(load_tokenizer(choice).encode("a tale")) == "a tale"


@pytest.mark.parametrize("rows", [65530, 65535, 65536])
def test_world_rows_need_no_file(rows: int) -> None:
    choice = choose_tokenizer(rows, None)
    assert (choice.kind, choice.name, choice.path, choice.warning) == ("world", "World", None, "")
    assert load_tokenizer(choice) is load_tokenizer("world")


def test_a_world_model_one_row_short_is_told() -> None:
    assert "has no row" in choose_tokenizer(65529, None).warning


@pytest.mark.parametrize(("rows", "kind"), [(256, "bytes"), (128, "ascii")])
def test_known_small_row_counts(rows: int, kind: str) -> None:
    choice = choose_tokenizer(rows, None)
    assert choice.kind == kind
    assert load_tokenizer(choice).kind == kind


@pytest.mark.parametrize(
    ("rows", "file_name"),
    [
        (50277, "20B_tokenizer.json"),
        (50304, "20B_tokenizer.json"),
        (20096, "tokenizer-midi.json"),
        (2176, "tokenizer-midipiano.json"),
    ],
)
def test_a_known_family_names_the_file_it_needs_and_where_to_put_it(model: Path, rows: int, file_name: str) -> None:
    choice = choose_tokenizer(rows, model)
    assert (choice.kind, choice.path) == (None, None)
    assert file_name in choice.warning
    assert str(model.parent) in choice.warning


@pytest.mark.parametrize("rows", [50277, 50304])
@pytest.mark.parametrize(
    "file_name", ["20B_tokenizer.json", "tokenizer.json", "my-model.json", "old-Tokenizer-copy.json"]
)
def test_a_pile_model_takes_a_file_of_20b_size_beside_it(model: Path, rows: int, file_name: str) -> None:
    write_words(model.parent / file_name, words(50277))
    choice = choose_tokenizer(rows, model)
    assert (choice.kind, choice.path, choice.warning) == ("hf", model.parent / file_name, "")


def test_20b_beside_a_world_model_is_not_taken(model: Path) -> None:
    """Gibberish from 20B on a World model is the commonest complaint about such programs."""
    write_words(model.parent / "20B_tokenizer.json", words(50277))
    assert choose_tokenizer(65536, model).name == "World"


@pytest.mark.parametrize("rows", [6064, 129, 2175, 20095, 50276, 65528, 65537])
def test_other_row_counts_are_never_guessed(model: Path, rows: int) -> None:
    """A threshold would read the 6,064 characters of enwik8 as MIDI."""
    choice = choose_tokenizer(rows, model)
    assert choice.kind is None
    assert "vocab.json" in choice.warning
    assert str(model.parent) in choice.warning


@pytest.mark.parametrize("file_name", ["vocab.json", "my-model.json", "enwik8-vocab.json", "VOCAB.JSON"])
def test_a_character_model_takes_the_vocabulary_beside_it(model: Path, file_name: str) -> None:
    write_vocabulary(model.parent / file_name, many_characters(6064), "utf-16")
    choice = choose_tokenizer(6064, model)
    assert (choice.kind, choice.name) == ("characters", f"characters ({file_name})")
    assert choice.warning == ""


def test_a_vocabulary_that_is_too_short_is_taken_with_a_warning(model: Path) -> None:
    write_vocabulary(model.parent / "vocab.json", many_characters(6000))
    choice = choose_tokenizer(6064, model)
    assert choice.kind == "characters"
    assert "6,000 characters but the model 6,064 rows" in choice.warning


@pytest.mark.parametrize("count", [6065, 3000])
def test_a_vocabulary_that_is_too_long_or_far_too_short_is_not_taken(model: Path, count: int) -> None:
    write_vocabulary(model.parent / "vocab.json", many_characters(count))
    choice = choose_tokenizer(6064, model)
    assert choice.kind is None
    assert f"vocab.json has {count:,} tokens" in choice.warning


def test_a_short_vocabulary_does_not_outrank_the_world(model: Path) -> None:
    write_vocabulary(model.parent / "vocab.json", many_characters(6064) + [f"word{n}" for n in range(40_000)])
    assert choose_tokenizer(65536, model).kind == "world"


def test_a_damaged_vocabulary_is_named(model: Path) -> None:
    (model.parent / "vocab.json").write_text('{"0": "a", "2": "b"}')
    choice = choose_tokenizer(6064, model)
    assert choice.kind is None
    assert "id 1 is missing" in choice.warning
    with pytest.raises(TokenizerError, match="id 1 is missing"):
        load_tokenizer(vocab_size=6064, model_path=model)


def test_settings_beside_a_model_are_passed_over(model: Path) -> None:
    (model.parent / "tokenizer_config.json").write_text('{"tokenizer_class": "RWKVTokenizer"}')
    (model.parent / "vocab.json").write_text('{"a": 0, "b": 1}')
    (model.parent / "my-model.json").write_text('["notes"]')
    (model.parent / "a_tokenizer.json").mkdir()
    assert "notes" not in choose_tokenizer(6064, model).warning
    assert choose_tokenizer(65536, model).name == "World"


def test_the_models_own_name_comes_first(model: Path) -> None:
    write_vocabulary(model.parent / "vocab.json", many_characters(40))
    own = write_vocabulary(model.parent / "my-model.json", many_characters(40)[::-1])
    choice = choose_tokenizer(40, model)
    assert (choice.path, choice.warning) == (own, "")


def test_two_files_that_fit_are_told(model: Path) -> None:
    write_vocabulary(model.parent / "a-vocab.json", many_characters(40))
    write_vocabulary(model.parent / "b-vocab.json", many_characters(40)[::-1])
    assert choose_tokenizer(40, model).warning == "a-vocab.json was taken, but b-vocab.json would fit this model too."


def test_copies_of_one_file_are_no_question(model: Path) -> None:
    write_demo(model.parent / "tokenizer.json")
    shutil.copy(model.parent / "tokenizer.json", model.parent / "demo_tokenizer.json")
    assert choose_tokenizer(2048, model).warning == ""


def test_beside_the_model_outranks_the_folder_above(model: Path) -> None:
    write_words(model.parents[1] / "tokenizer.json", words(2048))
    beside = write_words(model.parent / "vocab_tokenizer.json", words(2000))
    assert choose_tokenizer(2048, model).path == beside


def test_an_exact_fit_outranks_a_padded_one(model: Path) -> None:
    write_words(model.parent / "tokenizer.json", words(2000))
    exact = write_words(model.parent / "z_tokenizer.json", words(2048))
    assert choose_tokenizer(2048, model).path == exact


@pytest.mark.parametrize(("size", "rows", "taken"), [(1537, 2048, True), (1536, 2048, False), (64, 128, False)])
def test_only_a_little_padding_is_believed(model: Path, size: int, rows: int, taken: bool) -> None:
    write_words(model.parent / "tokenizer.json", words(size))
    assert (choose_tokenizer(rows, model).kind == "hf") is taken


def test_a_users_world_vocabulary_outranks_the_packaged_one(model: Path) -> None:
    path = model.parent / "rwkv_vocab_v20230424_special_token.txt"
    path.write_text("".join(f"{number} 'w{number}' {1 + len(str(number))}\n" for number in range(1, 65532)))
    choice = choose_tokenizer(65536, model)
    assert (choice.kind, choice.path) == ("world", path)
    assert choice.name == "World (rwkv_vocab_v20230424_special_token.txt)"


def test_a_folder_of_shards_is_looked_into(model: Path) -> None:
    path = write_demo(model.parent / "tokenizer.json")
    assert choose_tokenizer(2048, model.parent).path == path


def test_a_relative_path_finds_the_folder_above(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_demo(model.parents[1] / "tokenizer.json")
    monkeypatch.chdir(model.parent)
    assert choose_tokenizer(2048, Path(model.name)).path == path


def test_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    assert choose_tokenizer(6064, tmp_path / "gone" / "model.pth").kind is None


def test_a_checkpoint_as_source_is_chosen_for() -> None:
    assert load_tokenizer(DEMO_MODEL, vocab_size=2048).kind == "hf"
    assert load_tokenizer(vocab_size=2048, model_path=DEMO_MODEL).kind == "hf"
    assert load_tokenizer(str(DEMO_TOKENIZER)).kind == "hf"


@pytest.mark.parametrize("source", [None, "no such name", DEMO_MODEL])
def test_without_rows_nothing_is_guessed(source: str | Path | None) -> None:
    with pytest.raises(TokenizerError, match="not clear"):
        load_tokenizer(source)


def test_nothing_found_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TokenizerError, match=r"6,064 rows.*vocab\.json"):
        load_tokenizer(vocab_size=6064)


def test_a_tokenizer_with_too_many_tokens_is_told(model: Path) -> None:
    tokenizer = load_tokenizer(write_words(model.parent / "big.json", words(3000)))
    text = mismatch(tokenizer, 2048)
    assert "big.json has 3,000 tokens and the model 2,048 rows" in text
    assert "ids that the model does not know" in text


def test_20b_on_a_world_model_is_told_what_to_choose(model: Path) -> None:
    tokenizer = load_tokenizer(write_words(model.parent / "20B_tokenizer.json", words(50277)))
    assert "gibberish" in mismatch(tokenizer, 65536)
    assert "World: choose that one" in mismatch(tokenizer, 65536)
    assert mismatch(tokenizer, 50277) == mismatch(tokenizer, 50304) == ""


def test_world_on_a_pile_model_is_told_what_to_find() -> None:
    assert "20B_tokenizer.json" in mismatch(load_tokenizer("world"), 50277)
    assert mismatch(load_tokenizer("world"), 65536) == ""


def test_characters_must_fit_exactly(model: Path) -> None:
    tokenizer = load_tokenizer(write_vocabulary(model.parent / "vocab.json", CHARACTERS))
    assert mismatch(tokenizer, len(CHARACTERS)) == ""
    assert mismatch(tokenizer, len(CHARACTERS) + 1) != ""


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared fixtures are not on this machine")
def test_the_fixtures_vocabularies_fit_forty_rows() -> None:
    choice = choose_tokenizer(40, FIXTURES / "text.pth")
    assert (choice.kind, choice.warning != "") == ("characters", True)
    assert load_tokenizer(choice).size == 40


def test_importing_and_choosing_loads_no_library(model: Path) -> None:
    write_demo(model.parent / "tokenizer.json")
    code = f"""
import sys
from pathlib import Path
from rwkv_backend.tokenizers import choose_tokenizer, load_tokenizer
assert choose_tokenizer(2048, Path({str(model)!r})).kind == "hf"
assert choose_tokenizer(65536, None).kind == "world"
load_tokenizer("bytes")
assert not {HEAVY}, {HEAVY}
load_tokenizer("world"), load_tokenizer({str(DEMO_TOKENIZER)!r})
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
