"""tokenizer.json files: bytes of every kind of token, special tokens, foreign files."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers import TextStream, Tokenizer, load_tokenizer
from tests.backend.tokenizers.samples import DEMO_TOKENIZER, added, write_demo, write_words

SPACES = [added(2048, "        ", special=False), added(2049, "    ", special=False)]
END = added(0, "<|endoftext|>", special=True)
BYTE_WORDS = {f"<0x{byte:02X}>": byte + 1 for byte in range(256)}


@pytest.fixture(scope="module")
def demo() -> Tokenizer:
    return load_tokenizer(DEMO_TOKENIZER)


def write_pieces(path: Path, vocabulary: dict[str, int], decoder: object, **changes: object) -> Path:
    """A SentencePiece-like BPE with no merges: words are single pieces."""
    model = {"type": "BPE", "vocab": vocabulary, "merges": [], "byte_fallback": True, "unk_token": "<unk>"}
    description = {"version": "1.0", "added_tokens": [], "model": model, "decoder": decoder, **changes}
    path.write_text(json.dumps(description), encoding="utf-8")
    return path


@settings(deadline=None)
@given(st.text())
def test_the_demo_gives_any_text_back(demo: Tokenizer, text: str) -> None:
    tokens = demo.encode(text)
    assert demo.decode(tokens) == text
    assert all(0 < token < demo.size for token in tokens)


@settings(deadline=None)
@given(st.text())
def test_a_stream_of_tokens_gives_any_text_back(demo: Tokenizer, text: str) -> None:
    stream = TextStream()
    assert "".join(stream.feed(demo.bytes_of(token)) for token in demo.encode(text)) == text
    assert stream.finish() == ""


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=2047)))
def test_any_tokens_decode_as_the_library_decodes_them(demo: Tokenizer, tokens: list[int]) -> None:
    library = tokenizers.Tokenizer.from_file(str(DEMO_TOKENIZER))
    assert demo.decode(tokens) == library.decode(tokens, skip_special_tokens=True)


def test_the_demo_says_what_it_is(demo: Tokenizer) -> None:
    assert (demo.name, demo.kind, demo.size) == ("tokenizer.json", "hf", 2048)
    assert (demo.end_of_text, demo.start) == (0, 0)
    assert demo.bytes_of(0) == b""
    assert demo.warnings_for("any text") == []


@pytest.mark.parametrize("token", [-1, 2048, 10**12])
def test_unknown_ids_stand_for_no_text(demo: Tokenizer, token: int) -> None:
    assert demo.bytes_of(token) == b""


def test_typed_names_of_special_tokens_stay_plain_text(demo: Tokenizer) -> None:
    """A pasted "<|endoftext|>" must not end the document for the model."""
    text = "before<|endoftext|>after"
    tokens = demo.encode(text)
    assert demo.end_of_text not in tokens
    assert demo.decode(tokens) == text


def test_half_a_surrogate_pair_does_not_raise(demo: Tokenizer) -> None:
    assert demo.decode(demo.encode("a\ud800b")) == "a\ufffdb"


def test_runs_of_spaces_are_tokens_as_in_20b(tmp_path: Path) -> None:
    """20B spells long runs of spaces as added tokens, which are not written in the alphabet for bytes."""
    tokenizer = load_tokenizer(write_demo(tmp_path / "tokenizer.json", added_tokens=[END, *SPACES]))
    assert tokenizer.size == 2050
    assert {2048, 2049} <= set(tokenizer.encode("a        b    c"))
    assert tokenizer.decode(tokenizer.encode("a        b    c")) == "a        b    c"


@settings(deadline=None)
@given(st.text())
def test_a_file_that_composes_characters_gives_the_composed_text(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "composing_tokenizer.json"
    tokenizer = load_tokenizer(path if path.exists() else write_demo(path, normalizer={"type": "NFC"}))
    assert unicodedata.normalize("NFC", tokenizer.decode(tokenizer.encode(text))) == unicodedata.normalize("NFC", text)


def test_nothing_is_put_around_or_cut_off_a_text(tmp_path: Path, demo: Tokenizer) -> None:
    end = {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}
    one = [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    template = {"type": "TemplateProcessing", "single": one, "pair": one, "special_tokens": {"<|endoftext|>": end}}
    truncation = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    padding = {
        "strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>",
    }  # fmt: skip
    path = tmp_path / "tokenizer.json"
    tokenizer = load_tokenizer(write_demo(path, post_processor=template, truncation=truncation, padding=padding))
    text = "Once upon a time there was a king"
    assert tokenizer.encode(text) == demo.encode(text)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path, demo: Tokenizer) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(b"\xef\xbb\xbf" + DEMO_TOKENIZER.read_bytes())
    assert load_tokenizer(path).encode("a king") == demo.encode("a king")


def test_a_file_with_no_decoder_is_understood_from_how_it_cuts(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_demo(tmp_path / "tokenizer.json", decoder=None))
    assert tokenizer.decode(tokenizer.encode("Käse und Brot")) == "Käse und Brot"


def test_bytes_in_angle_brackets_are_bytes(tmp_path: Path) -> None:
    decoder = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        ],
    }  # fmt: skip
    vocabulary = {"<unk>": 0, **BYTE_WORDS, "▁": 257, "a": 258}
    tokenizer = load_tokenizer(write_pieces(tmp_path / "tokenizer.json", vocabulary, decoder))
    assert tokenizer.bytes_of(BYTE_WORDS["<0x0A>"]) == b"\n"
    assert tokenizer.bytes_of(257) == b" "
    assert tokenizer.decode(tokenizer.encode("a\n你a")) == "a\n你a"
    assert tokenizer.start == BYTE_WORDS["<0x0A>"]


def test_the_metaspace_is_a_space(tmp_path: Path) -> None:
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    vocabulary = {"<unk>": 0, "▁": 1, "a": 2, "b": 3}
    path = write_pieces(tmp_path / "tokenizer.json", vocabulary, metaspace, pre_tokenizer=metaspace)
    tokenizer = load_tokenizer(path)
    assert tokenizer.decode(tokenizer.encode("a b")) == " a b"


def test_a_letter_of_the_alphabet_for_bytes_is_itself_in_other_files(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_pieces(tmp_path / "tokenizer.json", {"<unk>": 0, "Ġ": 1}, {"type": "Fuse"}))
    assert tokenizer.bytes_of(1) == "Ġ".encode()


def test_words_of_music_come_back_with_spaces(tmp_path: Path) -> None:
    words = ["<pad>", "<start>", "<end>", "t1", "p:0:1"]
    tokenizer = load_tokenizer(write_words(tmp_path / "tokenizer-midi.json", words, specials=3))
    assert tokenizer.encode("p:0:1 t1") == [4, 3]
    assert tokenizer.decode([4, 3]) == " p:0:1 t1"
    assert (tokenizer.end_of_text, tokenizer.start) == (0, 0)
    assert tokenizer.bytes_of(1) == b""


def test_a_word_without_a_token_is_told(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_words(tmp_path / "tokenizer.json", ["t1"]))
    with pytest.raises(TokenizerError, match="cannot spell this text"):
        tokenizer.encode("t1 hello")


def test_words_read_as_unknown_are_counted_in_a_warning(tmp_path: Path) -> None:
    model = {"type": "WordLevel", "vocab": {"?": 0, "t1": 1}, "unk_token": "?"}
    tokenizer = load_tokenizer(write_words(tmp_path / "tokenizer.json", [], model=model))
    assert tokenizer.encode("t1 hello") == [1, 0]
    assert tokenizer.warnings_for("t1 hello") == ["Not in the vocabulary of tokenizer.json: 1 of 2 pieces."]
    assert tokenizer.warnings_for("t1") == []


@pytest.mark.parametrize("names", [["<|endoftext|>", "</s>"], ["</s>", "<s>"], ["<s>", "<pad>"], ["<pad>", "<x>"]])
def test_the_end_of_a_text_is_found_by_name(tmp_path: Path, names: list[str]) -> None:
    path = write_words(tmp_path / "tokenizer.json", [*reversed(names), "a"], specials=2)
    assert load_tokenizer(path).end_of_text == 1


def test_a_file_with_no_specials_starts_with_a_newline(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_demo(tmp_path / "tokenizer.json", added_tokens=[]))
    assert tokenizer.end_of_text is None
    assert tokenizer.start is not None
    assert tokenizer.bytes_of(tokenizer.start) == b"\n"


def test_a_huge_id_costs_no_memory(tmp_path: Path) -> None:
    model = {"type": "WordLevel", "vocab": {"a": 4_000_000_000}, "unk_token": ""}
    tokenizer = load_tokenizer(write_words(tmp_path / "tokenizer.json", [], model=model))
    assert tokenizer.size == 4_000_000_001


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html>not found</html>", "damaged or not a JSON file"),
        ('{"model": {"type": "BPE", "vocab": {"a": 0}', "damaged or not a JSON file"),
        ('{"model": {"type": "Unheard", "vocab": {"a": 0}}}', "not a tokenizer.json that can be used"),
        ('{"model": {"vocab": {}}}', "not a tokenizer"),
        ('{"model": 1}', "not a tokenizer"),
        ('{"model": {"vocab": {"a": "b"}}}', "not a tokenizer"),
        ('{"architectures": ["RwkvForCausalLM"]}', "not a tokenizer"),
    ],
)
def test_a_foreign_file_is_refused_in_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(path)


def test_a_corpus_may_spell_out_the_end_of_its_documents(demo: Tokenizer) -> None:
    """The held-out tales separate documents so; read as ordinary text, the marker cost 2 % in bits per byte."""
    tokens = demo.encode_corpus("One.\n<|endoftext|>\nTwo.")
    assert tokens == [*demo.encode("One.\n"), 0, *demo.encode("\nTwo.")]
    assert 0 not in demo.encode("One.\n<|endoftext|>\nTwo.")
