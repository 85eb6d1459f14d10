"""From a name, a file, a choice or a model to a tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers import world
from rwkv_backend.tokenizers.base import Tokenizer
from rwkv_backend.tokenizers.characters import CharactersTokenizer
from rwkv_backend.tokenizers.choice import TokenizerChoice, choose_tokenizer
from rwkv_backend.tokenizers.hf import HFTokenizer
from rwkv_backend.tokenizers.nearby import SUFFIXES, kind_and_size
from rwkv_backend.tokenizers.raw_bytes import AsciiTokenizer, BytesTokenizer

BUILT_IN: dict[str, Callable[[], Tokenizer]] = {
    "world": world.packaged,
    "bytes": BytesTokenizer,
    "ascii": AsciiTokenizer,
}
FROM_FILE: dict[str, Callable[[Path], Tokenizer]] = {
    "world": world.from_file,
    "characters": CharactersTokenizer,
    "hf": HFTokenizer,
}


def load_tokenizer(
    source: str | Path | TokenizerChoice | None = None,
    *,
    vocab_size: int | None = None,
    model_path: Path | None = None,
) -> Tokenizer:
    """The tokenizer that `source` names: "world", "bytes", "ascii", a tokenizer file, or a choice made before.

    With a checkpoint as source, or none, it is chosen by `vocab_size` and by what lies beside the model.
    TokenizerError where none fits, and where a file is missing or damaged.
    """
    if isinstance(source, TokenizerChoice):
        return _load_choice(source)
    if isinstance(source, str) and source in BUILT_IN:
        return BUILT_IN[source]()
    path = model_path if source is None else Path(source).expanduser()
    if source is not None and path is not None and path.suffix.lower() in SUFFIXES:
        return _load_file(path)
    if vocab_size is None:
        raise TokenizerError(
            "Which tokenizer to load is not clear.",
            'Name "world", "bytes", "ascii" or a tokenizer file, or say how many rows the model\'s vocabulary has.',
        )
    return _load_choice(choose_tokenizer(vocab_size, path))


def _load_choice(choice: TokenizerChoice) -> Tokenizer:
    if choice.kind is None:
        raise TokenizerError(choice.warning)
    return BUILT_IN[choice.kind]() if choice.path is None else _load_file(choice.path)


def _load_file(path: Path) -> Tokenizer:
    kind, _ = kind_and_size(path)
    return FROM_FILE[kind](path)
