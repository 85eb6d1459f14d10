"""The World vocabulary (65,536 rows, v4 to v7): pieces of bytes, cut by greedy longest match.

The package pyrwkv-tokenizer ships the vocabulary file and encodes fast; its own `decode` aborts on half characters and
unknown ids, so bytes come from a table that we read from its file. A user's own `rwkv_vocab_*.txt` (fine-tunes add
special tokens at its end) is encoded by the plain `LongestMatch`, about twenty times slower and by the same rule.

The file has one piece a line: `id repr length`, the repr a Python string or bytes literal, the length in bytes. Id 0 is
the end of a document and stands in no file; ids 65,530 and up are empty rows.
"""

from __future__ import annotations

import ast
import codecs
import functools
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers.base import Tokenizer, whole_characters
from rwkv_backend.tokenizers.files import read_bytes
from rwkv_backend.tokenizers.longest_match import LongestMatch

PACKAGE = "pyrwkv_tokenizer"
FILE_NAME = "rwkv_vocab_v20230424.txt"
SIZE = 65530
REINSTALL = 'Install it again: pip install --force-reinstall "pyrwkv-tokenizer>=0.9.1".'
PROBE = "User: héllo, wörld! 你好 😀\x00\n\n<|endoftext|>    1234"
"""Spelled once after loading, to notice a package whose ids are no longer those of its file."""

Encode = Callable[[str], list[int]]


class WorldTokenizer(Tokenizer):
    kind = "world"

    def __init__(self, name: str, pieces: Mapping[int, bytes], encode: Encode) -> None:
        self.name = name
        self.size = max(pieces) + 1
        self.end_of_text = None if 0 in pieces else 0
        self.start = self.end_of_text
        self._pieces = pieces
        self._encode = encode

    def encode(self, text: str) -> list[int]:
        return self._encode(whole_characters(text))

    def bytes_of(self, token: int) -> bytes:
        return self._pieces.get(token, b"")


@functools.cache
def packaged() -> WorldTokenizer:
    """The World tokenizer of the installed package, built once per process (about a second)."""
    pieces = parse_vocabulary(packaged_file(), FILE_NAME)
    tokenizer = WorldTokenizer("World", pieces, _packaged_encoder())
    if tokenizer.size != SIZE or tokenizer.decode(tokenizer.encode(PROBE)) != PROBE:
        raise TokenizerError("The installed package pyrwkv-tokenizer does not hold the World vocabulary.", REINSTALL)
    return tokenizer


def from_file(path: Path) -> WorldTokenizer:
    """A user's own vocabulary; a copy of the packaged one gets the packaged tokenizer, which is faster."""
    content = read_bytes(path)
    if _is_packaged(content):
        return packaged()
    pieces = parse_vocabulary(content, path.name)
    return WorldTokenizer(f"World ({path.name})", pieces, plain_encoder(pieces, path.name))


def plain_encoder(pieces: Mapping[int, bytes], file_name: str) -> Encode:
    """Encodes by the rule itself. Where two ids stand for the same bytes the later line wins, as in official code."""
    matcher = LongestMatch({piece: token for token, piece in pieces.items()})

    def encode(text: str) -> list[int]:
        tokens = []
        for piece, token in matcher.cut(text.encode()):
            if token is None:
                raise TokenizerError(f"{file_name} has no token for the byte {piece.hex()} in this text.")
            tokens.append(token)
        return tokens

    return encode


def parse_vocabulary(content: bytes, file_name: str) -> dict[int, bytes]:
    """Pieces by id, in the file's order. Literals are parsed, never run, though the official loader runs them."""
    pieces: dict[int, bytes] = {}
    for number, line in _lines(content):
        token, piece = _parse_line(line, number, file_name)
        if token in pieces:
            raise TokenizerError(f"{file_name} is damaged: id {token} comes twice (line {number}).")
        pieces[token] = piece
    if not pieces:
        raise TokenizerError(f"{file_name} holds no tokens.")
    return pieces


def peek_size(path: Path) -> int:
    """One more than the highest id, from the first field of each line; says nothing about the rest."""
    try:
        return 1 + max(int(line.split(b" ", 1)[0]) for _, line in _lines(read_bytes(path)))
    except ValueError as error:
        raise TokenizerError(f"{path.name} is not a World vocabulary: its lines should start with an id.") from error


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, numbered from 1. Only b"\\n" ends one: pieces may hold U+2028 and the like."""
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _parse_line(line: bytes, number: int, file_name: str) -> tuple[int, bytes]:
    try:
        token, rest = line.decode().split(" ", 1)
        literal, length = rest.rsplit(" ", 1)
        piece = ast.literal_eval(literal.strip())
        data = piece.encode() if isinstance(piece, str) else piece
        if isinstance(data, bytes) and len(data) == int(length) and int(token) >= 0:
            return int(token), data
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise TokenizerError(f"{file_name} is damaged: line {number} is not `id text length`.") from error
    raise TokenizerError(f"{file_name} is damaged: line {number} holds a text that does not fit its length.")


def packaged_file() -> bytes:
    """The vocabulary file inside the installed package."""
    try:
        return resources.files(PACKAGE).joinpath(FILE_NAME).read_bytes()
    except (ImportError, OSError) as error:
        raise TokenizerError(f"The package pyrwkv-tokenizer lacks its file {FILE_NAME}.", REINSTALL) from error


def _packaged_encoder() -> Encode:
    try:
        from pyrwkv_tokenizer import RWKVTokenizer

        encode = RWKVTokenizer().encode
        return lambda text: list(encode(text))
    except (ImportError, AttributeError, TypeError, ValueError, OSError) as error:
        raise TokenizerError(f"The package pyrwkv-tokenizer cannot be used ({error}).", REINSTALL) from error


def _is_packaged(content: bytes) -> bool:
    try:
        return content.replace(b"\r\n", b"\n").strip() == packaged_file().strip()
    except TokenizerError:
        return False
