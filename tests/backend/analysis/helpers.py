"""What the tests of the analyses share."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from typing import Any, TypeVar

import pytest

from rwkv_backend.demo_models import demo_models
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.tokenizers import Tokenizer, load_tokenizer

Answer = TypeVar("Answer")

TALE = (
    "Once upon a time there was a king who had a daughter named Gretel, and she was so fair that the sun himself, who "
    "has seen so much, wondered each time he shone upon her face. Near the castle lay a great dark forest, and in the "
    "forest under an old lime tree was a well. When the day was warm, the maiden went out into the forest"
)


def answer_of(job: Generator[Any, None, Answer]) -> Answer:
    """What a generator returns when it is let run to its end."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


@cache
def demo(version: str) -> tuple[RWKVModel, Tokenizer]:
    """A demo model ("4", "5.2" …) with its tokenizer; skips where the demo files are not installed."""
    for entry in demo_models():
        if entry.version == version:
            model = open_model(entry.path)
            return model, load_tokenizer(entry.path.parent.parent / "tokenizer.json")
    pytest.skip("needs the demo models")
