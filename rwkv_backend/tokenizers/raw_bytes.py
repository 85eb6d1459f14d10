"""The two tokenizers that need no file: ids that are bytes, and ids that are ASCII codes."""

from __future__ import annotations

from rwkv_backend.tokenizers.base import Tokenizer, whole_characters


class BytesTokenizer(Tokenizer):
    """The id is the byte's value: models with 256 rows. No id is left for the end of a text."""

    name = "bytes"
    kind = "bytes"
    size = 256
    end_of_text = None
    start = ord("\n")

    def encode(self, text: str) -> list[int]:
        return list(whole_characters(text).encode())

    def bytes_of(self, token: int) -> bytes:
        return bytes([token]) if 0 <= token < 256 else b""


class AsciiTokenizer(Tokenizer):
    """The id is the character's code: the ABC music models with 128 rows. Ids 0 to 3 stand for no text.

    A tune was trained as 2, its characters, 3. What a user types never becomes one of the four: such characters, and
    those outside ASCII, are read as "?".
    """

    name = "ASCII (ABC music)"
    kind = "ascii"
    size = 128
    end_of_text = 3
    start = 2

    def encode(self, text: str) -> list[int]:
        return [ord(character) if self._knows(character) else ord("?") for character in whole_characters(text)]

    def bytes_of(self, token: int) -> bytes:
        return bytes([token]) if 3 < token < 128 else b""

    def warnings_for(self, text: str) -> list[str]:
        unknown = sum(not self._knows(character) for character in whole_characters(text))
        return [f'Not plain ASCII and read as "?": {unknown:,} of {len(text):,} characters.'] if unknown else []

    @staticmethod
    def _knows(character: str) -> bool:
        return 3 < ord(character) < 128
