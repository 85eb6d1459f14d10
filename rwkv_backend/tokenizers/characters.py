"""`vocab.json` of the character models (v1 to v4): {"0": "\\n", "1": " ", ...}, id to text.

The official trainer writes it as UTF-16 with a byte order mark; copies in UTF-8 are about. Word-level v1 files hold
texts of several characters: the longest that fits is taken. Which lines and spaces a prompt should be cleaned of is
the prompt's business, not decided here.
"""

from __future__ import annotations

from pathlib import Path

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers.base import Tokenizer, whole_characters
from rwkv_backend.tokenizers.files import Pairs, read_pairs
from rwkv_backend.tokenizers.longest_match import LongestMatch

STAND_INS = ("\ue083", " ", "\ufffd")
"""What an unknown character is read as, by preference. The first is AI-Writer's own mark for it."""

MOST_SHOWN = 12
"""Unknown characters named in a warning."""


class CharactersTokenizer(Tokenizer):
    kind = "characters"
    end_of_text = None

    def __init__(self, path: Path) -> None:
        texts = parse_vocabulary(read_pairs(path), path.name)
        self.name = f"characters ({path.name})"
        self.size = len(texts)
        ids = {text: token for token, text in enumerate(texts)}
        self._bytes = [whole_characters(text).encode() for text in texts]
        self._pieces = LongestMatch(ids)
        self._stand_in = next((character for character in STAND_INS if character in ids), None)
        self._unknown = None if self._stand_in is None else ids[self._stand_in]
        self.start = ids.get("\n")

    def encode(self, text: str) -> list[int]:
        tokens = []
        for piece, token in self._pieces.cut(whole_characters(text)):
            known = self._unknown if token is None else token
            if known is None:
                raise TokenizerError(
                    f"{piece!r} is not in the vocabulary of {self.name}, which has no sign for unknown characters.",
                    "Leave it out of the text.",
                )
            tokens.append(known)
        return tokens

    def bytes_of(self, token: int) -> bytes:
        return self._bytes[token] if 0 <= token < self.size else b""

    def warnings_for(self, text: str) -> list[str]:
        unknown = [piece for piece, token in self._pieces.cut(whole_characters(text)) if token is None]
        if not unknown or self._stand_in is None:
            return []
        different = list(dict.fromkeys(unknown))
        shown = " ".join(different[:MOST_SHOWN]) + (" ..." if len(different) > MOST_SHOWN else "")
        read_as = "a space" if self._stand_in == " " else "the sign for an unknown character"
        count = f"{len(unknown):,} of {len(text):,} characters"
        return [f"Not in this model's vocabulary and read as {read_as}: {shown} ({count})."]


def looks_like_characters(content: Pairs) -> bool:
    """Whether the first key is an id, as in no other JSON file that lies beside models."""
    return bool(content) and _is_id(content[0][0])


def parse_vocabulary(content: Pairs, file_name: str) -> list[str]:
    """The texts by id. Ids must be 0, 1, 2, ... without a gap, texts all different: anything else is a damaged file."""
    texts: dict[int, str] = {}
    for key, text in content:
        if not _is_id(key):
            raise TokenizerError(f"{file_name} is not a vocabulary of characters: its key {_short(key)} is no id.")
        if not isinstance(text, str):
            raise TokenizerError(f"{file_name} is damaged: id {key} should stand for a text, not for {_short(text)}.")
        if int(key) in texts:
            raise TokenizerError(f"{file_name} is damaged: id {int(key)} comes twice.")
        texts[int(key)] = text
    _refuse_gap(texts, file_name)
    _refuse_repetition(texts, file_name)
    return [texts[token] for token in range(len(texts))]


def _refuse_gap(texts: dict[int, str], file_name: str) -> None:
    missing = next((token for token in range(len(texts)) if token not in texts), None)
    if missing is not None:
        raise TokenizerError(
            f"{file_name} is damaged: id {missing} is missing.", "Use the file that came with the model."
        )


def _refuse_repetition(texts: dict[int, str], file_name: str) -> None:
    """Empty texts may repeat: they fill up rows that mean nothing."""
    first: dict[str, int] = {}
    for token, text in texts.items():
        if text and first.setdefault(text, token) != token:
            raise TokenizerError(f"{file_name} is damaged: ids {first[text]} and {token} both mean {_short(text)}.")


def _is_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 10


def _short(value: object) -> str:
    written = repr(value)
    return written if len(written) <= 40 else written[:37] + "..."
