"""Small tokenizer files for the tests: the demo's, altered, and vocabularies of characters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]
DEMO_MODEL = PROJECT / "resources" / "demo" / "models" / "rwkv-v4-tales.pth"
DEMO_TOKENIZER = PROJECT / "resources" / "demo" / "tokenizer.json"
FIXTURES = PROJECT.parent / "shared" / "fixtures" / "bad"

CHARACTERS = ["\t", "\n", " ", "!", "a", "b", "e", "h", "l", "o", "ö", "你", "好", "🙂", "\u3000"]


def write_demo(path: Path, **changes: Any) -> Path:
    """The demo's tokenizer.json with some of its top-level parts replaced."""
    description = json.loads(DEMO_TOKENIZER.read_text(encoding="utf-8"))
    path.write_text(json.dumps(description | changes), encoding="utf-8")
    return path


def write_words(path: Path, words: list[str], specials: int = 0, **changes: Any) -> Path:
    """A WordLevel tokenizer.json, cut at spaces; the first words are special tokens, as in the MIDI file."""
    description = {
        "version": "1.0",
        "added_tokens": [added(number, words[number], special=True) for number in range(specials)],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: number for number, word in enumerate(words)}, "unk_token": ""},
    }
    path.write_text(json.dumps(description | changes), encoding="utf-8")
    return path


def added(number: int, content: str, special: bool) -> dict[str, Any]:
    rest = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": not special}
    return {"id": number, "content": content, "special": special, **rest}


def write_vocabulary(path: Path, texts: list[str], encoding: str = "utf-8") -> Path:
    content = {str(number): text for number, text in enumerate(texts)}
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    return path


def many_characters(count: int) -> list[str]:
    return ["\n", *(chr(0x4E00 + number) for number in range(count - 1))]
