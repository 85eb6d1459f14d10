"""`tokenizer.json` files, read by the library `tokenizers`: 20B (Pile, Raven, v7 Pile), the demo models, MIDI.

Text that a user types never becomes a special token: "<|endoftext|>" in a prompt is spelled out in ordinary tokens,
since pasted text should not be able to end a document. The exception is a file whose model knows the word itself
(MIDI's WordLevel has "<pad>" among its words): there it has no other spelling. Nothing is added around the text.

20B composes characters before it cuts (NFC): "e" and a combining accent come back as one letter. Files of the
SentencePiece kind put a space before the first word; it stays when decoding, which goes token by token.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers.base import Tokenizer, whole_characters
from rwkv_backend.tokenizers.files import Pairs, read_bytes, read_pairs

if TYPE_CHECKING:
    import tokenizers

ENDS = ("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "<s>", "<pad>")
"""Names of the end of a text among a file's special tokens, by preference. `<pad>` is what the MIDI models end with."""

SPACE_CUTTERS = {"WhitespaceSplit", "Whitespace", "BertPreTokenizer"}
"""Pre-tokenizers that throw spaces away, so that they have to be put back between words."""

Spelling = Callable[[str], bytes]


class HFTokenizer(Tokenizer):
    kind = "hf"

    def __init__(self, path: Path) -> None:
        description = plain(read_pairs(path))
        self._library = _open(path)
        specials = {token.content: number for number, token in self._added().items() if token.special}
        self._bytes = self._table(_spelling(description))
        self.size = max(self._library.get_vocab(with_added_tokens=True).values()) + 1
        self.name = path.name
        self.end_of_text_name = next((name for name in ENDS if name in specials), "")
        self.end_of_text = specials.get(self.end_of_text_name)
        self.start = self._newline() if self.end_of_text is None else self.end_of_text
        self._unknown = _unknown_id(description, self._library)

    def encode(self, text: str) -> list[int]:
        try:
            return list(self._library.encode(whole_characters(text), add_special_tokens=False).ids)
        except Exception as error:  # the library raises no narrower class, e.g. for a word that it does not know
            raise TokenizerError(f"{self.name} cannot spell this text ({error}).") from error

    def bytes_of(self, token: int) -> bytes:
        return self._bytes.get(token, b"")

    def warnings_for(self, text: str) -> list[str]:
        if self._unknown is None:
            return []
        tokens = self.encode(text)
        unknown = tokens.count(self._unknown)
        return [f"Not in the vocabulary of {self.name}: {unknown:,} of {len(tokens):,} pieces."] if unknown else []

    def _table(self, spelling: Spelling) -> dict[int, bytes]:
        """Bytes by id. Added tokens are written as they are (20B's runs of spaces); special ones stand for no text."""
        words = self._library.get_vocab(with_added_tokens=False)
        table = {number: spelling(word) for word, number in words.items()}
        for number, token in self._added().items():
            table[number] = b"" if token.special else token.content.encode()
        return table

    def _added(self) -> dict[int, tokenizers.AddedToken]:
        return self._library.get_added_tokens_decoder()

    def _newline(self) -> int | None:
        try:
            tokens = self.encode("\n")
        except TokenizerError:
            return None
        return tokens[0] if len(tokens) == 1 and self.bytes_of(tokens[0]) == b"\n" else None


def peek_size(content: Pairs) -> int | None:
    """One more than the highest id in a tokenizer.json, without building it; None for other JSON files."""
    description = plain(content)
    model, added = description.get("model"), description.get("added_tokens") or []
    if not isinstance(model, dict) or not isinstance(added, list):
        return None
    vocabulary = model.get("vocab")
    if isinstance(vocabulary, dict):
        ids = list(vocabulary.values())
    elif isinstance(vocabulary, list):
        ids = list(range(len(vocabulary)))
    else:
        return None
    ids += [token.get("id") for token in added if isinstance(token, dict)]
    return max((number for number in ids if isinstance(number, int)), default=-1) + 1 or None


def plain(content: Any) -> Any:
    """`Pairs` as ordinary dictionaries, all the way down."""
    if isinstance(content, Pairs):
        return {key: plain(value) for key, value in content}
    if isinstance(content, list):
        return [plain(value) for value in content]
    return content


def _open(path: Path) -> tokenizers.Tokenizer:
    import tokenizers

    try:
        library = tokenizers.Tokenizer.from_str(read_bytes(path).decode("utf-8-sig"))
    except Exception as error:  # the library raises no narrower class
        raise TokenizerError(f"{path.name} is not a tokenizer.json that can be used ({error}).") from error
    if not library.get_vocab_size(with_added_tokens=True):
        raise TokenizerError(f"{path.name} holds no tokens.")
    library.no_truncation()
    library.no_padding()
    library.encode_special_tokens = True
    return library


def _spelling(description: dict[str, Any]) -> Spelling:
    """How this file's words stand for bytes, from its decoder or, where it has none, from how it cuts text."""
    decoder = list(_parts(description.get("decoder")))
    cutter = list(_parts(description.get("pre_tokenizer")))
    kinds = {part.get("type") for part in decoder or cutter}
    if "ByteLevel" in kinds:
        return _byte_level
    if not decoder and kinds & SPACE_CUTTERS:
        return lambda word: f" {word}".encode()
    return functools.partial(_written, replacements=tuple(_replacements(decoder)), by_byte="ByteFallback" in kinds)


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """A decoder or pre-tokenizer and, for a sequence, its members."""
    if isinstance(part, dict):
        yield part
        for member in [*part.get("decoders", ()), *part.get("pretokenizers", ())]:
            yield from _parts(member)


def _replacements(decoder: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for part in decoder:
        if part.get("type") == "Metaspace":
            yield part.get("replacement", "▁"), " "
        if part.get("type") == "Replace" and "String" in part.get("pattern", {}):
            yield part["pattern"]["String"], part["content"]


def _written(word: str, replacements: tuple[tuple[str, str], ...], by_byte: bool) -> bytes:
    if by_byte and (byte := re.fullmatch("<0x([0-9A-Fa-f]{2})>", word)):
        return bytes.fromhex(byte[1])
    for old, new in replacements:
        word = word.replace(old, new)
    return word.encode()


def _byte_level(word: str) -> bytes:
    alphabet = _byte_alphabet()
    try:
        return bytes(alphabet[letter] for letter in word)
    except KeyError:
        return word.encode()


@functools.cache
def _byte_alphabet() -> dict[str, int]:
    """GPT-2's letters for bytes: visible Latin-1 letters stand for themselves, U+0100 and on for the rest, in order."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + place): byte for place, byte in enumerate(hidden)}


def _unknown_id(description: dict[str, Any], library: tokenizers.Tokenizer) -> int | None:
    model = description["model"]
    if isinstance(model.get("unk_id"), int):
        return int(model["unk_id"])
    word = model.get("unk_token")
    return library.token_to_id(word) if isinstance(word, str) else None
