"""Tokenizer files near a model: beside it and in the folder above, each looked into but not built."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rwkv_backend.errors import TokenizerError
from rwkv_backend.tokenizers import characters, hf, world
from rwkv_backend.tokenizers.files import read_pairs

FILE_NAMES = (
    "tokenizer.json", "20b_tokenizer.json", "*tokenizer*.json", "vocab.json", "*vocab*.json", "rwkv_vocab_*.txt",
)  # fmt: skip
"""Names of tokenizer files, in lower case, by preference; `<the model's name>.json` comes before them."""

OWN_NAME = -1

SUFFIXES = (".json", ".txt")


@dataclass(frozen=True)
class FoundFile:
    """A file and what it turned out to be.

    kind     "hf", "characters", "world"; "": no tokenizer, or one that cannot be used, and `problem` says why
    own      it bears the model's name, so it was meant for this model
    """

    path: Path
    kind: str
    size: int
    own: bool
    problem: str = ""

    @property
    def fact(self) -> str:
        return f"{self.path.name} has {self.size:,} tokens"


def folders_of(model_path: Path | None) -> list[Path]:
    """The model's folder and the one above. Links are not followed: the user looks at the link's neighbours."""
    if model_path is None:
        return []
    path = Path(os.path.abspath(model_path.expanduser()))
    folder = path if path.is_dir() else path.parent
    return [folder] if folder.parent == folder else [folder, folder.parent]


def files_in(folder: Path, model_path: Path) -> Iterator[FoundFile]:
    """What has a tokenizer file's name, in order of preference. A folder that cannot be read has none."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    except OSError:
        return
    for rank, path in sorted((rank, path) for path in paths if (rank := _rank(path.name, model_path)) is not None):
        yield _look_into(path, own=rank == OWN_NAME)


def kind_and_size(path: Path) -> tuple[str, int]:
    """What a file holds, by its content: ("hf", 50277). TokenizerError if it is no tokenizer or damaged."""
    if path.suffix.lower() == ".txt":
        return "world", world.peek_size(path)
    content = read_pairs(path)
    if characters.looks_like_characters(content):
        return "characters", len(characters.parse_vocabulary(content, path.name))
    if size := hf.peek_size(content):
        return "hf", size
    raise NotATokenizer(f"{path.name} is a JSON file, but not a tokenizer.")


class NotATokenizer(TokenizerError):
    """A sound JSON file of another kind: settings and the like, which often lie beside models."""


def _rank(name: str, model_path: Path) -> int | None:
    """Place in the order of preference; None for other names."""
    if name.lower() == f"{model_path.stem}.json".lower():
        return OWN_NAME
    return next((place for place, pattern in enumerate(FILE_NAMES) if fnmatch.fnmatchcase(name.lower(), pattern)), None)


def _look_into(path: Path, own: bool) -> FoundFile:
    try:
        return FoundFile(path, *kind_and_size(path), own)
    except NotATokenizer:
        return FoundFile(path, "", 0, own)
    except TokenizerError as error:
        return FoundFile(path, "", 0, own, str(error))
