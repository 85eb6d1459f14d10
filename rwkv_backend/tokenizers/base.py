"""What every tokenizer can do, and text that grows out of bytes.

A token stands for bytes, not for characters: a character may be spread over several tokens. So tokenizers give bytes
(`bytes_of`), and `TextStream` turns the bytes that have come so far into whole characters. Nothing here waits for "no
U+FFFD in the text", which official code does and which stalls for good at the first token that is no text.
"""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from collections.abc import Iterable


class Tokenizer(ABC):
    """Text to token ids and back. Ids are rows of the model's vocabulary.

    name         what the user reads: "World", "characters (vocab.json)"
    kind         short key: "hf", "world", "characters", "bytes", "ascii"
    size         one more than the highest id that it knows
    end_of_text  the id that separates documents, if there is one; it stands for no text
    start        the id to put before a text that has nothing else before it; None: nothing fits
    end_of_text_name  how corpus files spell the end of text out, such as "<|endoftext|>"; "": they do not
    """

    name: str
    kind: str
    size: int
    end_of_text: int | None
    start: int | None
    end_of_text_name: str = ""

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The ids of `text`; no leading or closing id is added. TokenizerError where something cannot be spelled."""

    def encode_corpus(self, text: str) -> list[int]:
        """As `encode`, for a text file of several documents: the end of text, where it is spelled out, becomes its id."""
        if self.end_of_text is None or not self.end_of_text_name:
            return self.encode(text)
        first, *others = (self.encode(part) for part in text.split(self.end_of_text_name))
        return [*first, *(token for part in others for token in (self.end_of_text, *part))]

    @abstractmethod
    def bytes_of(self, token: int) -> bytes:
        """What the token stands for; b"" for ids that stand for no text (end of text, specials, unknown ids)."""

    def decode(self, tokens: Iterable[int]) -> str:
        """All tokens as one text; bytes that are not UTF-8 become U+FFFD."""
        return b"".join(map(self.bytes_of, tokens)).decode("utf-8", errors="replace")

    def warnings_for(self, text: str) -> list[str]:
        """What `encode` cannot tell the model about this text, in sentences for the user."""
        return []


class TextStream:
    """Bytes in, whole characters out.

    A character whose bytes come in several pieces appears once, with its last byte. A byte that cannot belong to any
    character becomes U+FFFD as soon as that is certain, which is after at most three more bytes.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, data: bytes) -> str:
        return self._decoder.decode(data)

    def finish(self) -> str:
        """U+FFFD for a character that was never completed, else ""; after that the stream is as new."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest


def whole_characters(text: str) -> str:
    """`text` with halves of surrogate pairs joined, and lone halves, which no UTF-8 can spell, replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
