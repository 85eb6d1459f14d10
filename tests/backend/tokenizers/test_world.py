"""The World vocabulary: the package against the plain rule, the file's reading, users' own files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers import TextStream, load_tokenizer, world
from rwkv_backend.tokenizers.world import Encode, WorldTokenizer

PIECES = world.parse_vocabulary(world.packaged_file(), world.FILE_NAME)
IDS = {piece: token for token, piece in PIECES.items()}
READABLE = sorted(text for piece in PIECES.values() if (text := piece.decode("utf-8", "ignore")).encode() == piece)
MIXTURES = st.lists(st.sampled_from(READABLE) | st.text(max_size=3)).map("".join)
TINY = "1 'a' 1\n2 'b' 1\n3 'ab' 2\n4 b'\\xe4\\xbd' 2\n5 b'\\xa0' 1\n"


def encode_slowly(text: str) -> list[int]:
    """The rule in its plainest form: at each place every length from the longest down."""
    data, tokens = text.encode(), []
    while data:
        piece = next(data[:length] for length in range(128, 0, -1) if data[:length] in IDS)
        tokens.append(IDS[piece])
        data = data[len(piece) :]
    return tokens


@pytest.fixture(scope="module")
def packaged() -> WorldTokenizer:
    return world.packaged()


@pytest.fixture(scope="module")
def plain() -> Encode:
    return world.plain_encoder(PIECES, world.FILE_NAME)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_vocabulary_has_the_known_size(packaged: WorldTokenizer) -> None:
    assert sorted(PIECES) == list(range(1, 65530))
    assert packaged.size == 65530
    assert (packaged.name, packaged.kind) == ("World", "world")


def test_known_ids(packaged: WorldTokenizer) -> None:
    assert packaged.encode("\n") == [11]
    assert packaged.encode("\n\n") == [261]
    assert packaged.encode("\x00") == [1]
    assert packaged.encode(" " * 128) == [65529]
    assert packaged.bytes_of(256) == b"\xff"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_cut_by_greedy_longest_match(packaged: WorldTokenizer, plain: Encode, text: str) -> None:
    assert packaged.encode(text) == plain(text) == encode_slowly(text)


@settings(deadline=None)
@given(MIXTURES)
def test_mixtures_of_pieces_are_cut_by_greedy_longest_match(packaged: WorldTokenizer, plain: Encode, text: str) -> None:
    assert packaged.encode(text) == plain(text) == encode_slowly(text)


@settings(deadline=None)
@given(MIXTURES)
def test_any_text_comes_back_whole_and_in_a_stream(packaged: WorldTokenizer, text: str) -> None:
    tokens = packaged.encode(text)
    stream = TextStream()
    assert packaged.decode(tokens) == text
    assert "".join(stream.feed(packaged.bytes_of(token)) for token in tokens) == text


def test_the_end_of_a_text_cannot_be_typed(packaged: WorldTokenizer) -> None:
    assert (packaged.end_of_text, packaged.start) == (0, 0)
    assert packaged.bytes_of(0) == b""
    assert 0 not in packaged.encode("<|endoftext|>\x00")


def test_half_a_surrogate_pair_does_not_raise(packaged: WorldTokenizer) -> None:
    assert packaged.decode(packaged.encode("a\ud800b")) == "a\ufffdb"


def test_the_table_is_built_once() -> None:
    assert load_tokenizer("world") is load_tokenizer("world")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_copy_of_the_packaged_file_gets_the_fast_tokenizer(
    tmp_path: Path, packaged: WorldTokenizer, ending: str
) -> None:
    content = world.packaged_file().replace(b"\n", ending.encode())
    assert load_tokenizer(write(tmp_path / "rwkv_vocab_v20230424.txt", content)) is packaged


def test_a_file_with_special_tokens_at_its_end_knows_them(tmp_path: Path, packaged: WorldTokenizer) -> None:
    content = world.packaged_file().rstrip() + b"\n65530 '<|im_start|>' 12\n65531 '<|im_end|>' 10\n"
    path = write(tmp_path / "rwkv_vocab_v20230424_special_token.txt", content)
    tokenizer = load_tokenizer(path)
    assert tokenizer.name == "World (rwkv_vocab_v20230424_special_token.txt)"
    assert tokenizer.size == 65532
    assert (tokenizer.end_of_text, tokenizer.start) == (0, 0)
    assert tokenizer.encode("<|im_start|>Hi<|im_end|>") == [65530, *packaged.encode("Hi"), 65531]
    assert tokenizer.decode([65530, 0, 65531]) == "<|im_start|><|im_end|>"


def test_a_small_file_is_encoded_by_the_rule(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write(tmp_path / "rwkv_vocab_tiny.txt", TINY))
    assert tokenizer.encode("abba你") == [3, 2, 1, 4, 5]
    assert tokenizer.decode([3, 2, 1, 4, 5]) == "abba你"
    with pytest.raises(TokenizerError, match="no token for the byte 63"):
        tokenizer.encode("c")


def test_of_two_equal_pieces_the_later_id_is_written_and_both_are_read(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write(tmp_path / "rwkv_vocab_tiny.txt", "1 'a' 1\n2 'a' 1\n"))
    assert tokenizer.encode("a") == [2]
    assert tokenizer.decode([1, 2]) == "aa"


def test_a_piece_may_hold_a_line_separator(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write(tmp_path / "rwkv_vocab_tiny.txt", "1 '\u2028' 3\n2 '\x85 ' 3\n"))
    assert tokenizer.encode("\u2028\x85 ") == [1, 2]


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert load_tokenizer(write(tmp_path / "rwkv_vocab_tiny.txt", b"\xef\xbb\xbf" + TINY.encode())).size == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 'a' 2\n", "line 1 holds a text that does not fit its length"),
        ("1 'a' 1\n2 __import__('os').getcwd() 1\n", "line 2 is not `id text length`"),
        ("1 'a' 1\n2 ('b') * 3 3\n", "line 2 is not `id text length`"),
        ("1 'a' 1\n2 7 1\n", "line 2 holds a text that does not fit its length"),
        ("1 'a' 1\n2 'b 1\n", "line 2 is not `id text length`"),
        ("1 'a' 1\n2\n", "line 2 is not `id text length`"),
        ("1 'a' 1\n1 'b' 1\n", "id 1 comes twice"),
        ("-1 'a' 1\n", "line 1 holds"),
        ("A note about this model.\n", "not a World vocabulary"),
        ("", "not a World vocabulary"),
    ],
)
def test_a_damaged_file_is_refused_with_a_reason(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(write(tmp_path / "rwkv_vocab_tiny.txt", content))


def test_an_empty_vocabulary_is_refused() -> None:
    with pytest.raises(TokenizerError, match="holds no tokens"):
        world.parse_vocabulary(b"\n\n", "rwkv_vocab_tiny.txt")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(TokenizerError, match=r"lacks its file .* Install it again"):
        world.packaged.__wrapped__()


def test_a_package_without_the_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "FILE_NAME", "another_name.txt")
    with pytest.raises(TokenizerError, match=r"lacks its file another_name\.txt"):
        world.packaged.__wrapped__()


def test_a_package_without_the_encoder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("pyrwkv_tokenizer.RWKVTokenizer")
    with pytest.raises(TokenizerError, match="cannot be used"):
        world.packaged.__wrapped__()


def test_a_package_with_another_vocabulary_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "_packaged_encoder", lambda: lambda text: [1 + byte for byte in text.encode("utf-16")])
    with pytest.raises(TokenizerError, match="does not hold the World vocabulary"):
        world.packaged.__wrapped__()


def test_a_users_own_file_needs_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "PACKAGE", "no_such_package_anywhere")
    assert load_tokenizer(write(tmp_path / "rwkv_vocab_tiny.txt", TINY)).encode("ab") == [3]
