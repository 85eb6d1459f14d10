"""Which tokenizer a model was trained with, by evidence: files that lie near it, and the rows of its vocabulary.

A file is taken only if its tokens fit the rows. Known row counts stand for known tokenizers. Anything else is a
question for the user, never a guess: a threshold such as "under 20,096 rows, so MIDI" reads a model of 6,064 characters
as music.
Choosing reads files of a few MB at most and builds no tokenizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rwkv_backend.tokenizers import world
from rwkv_backend.tokenizers.base import Tokenizer
from rwkv_backend.tokenizers.nearby import FoundFile, files_in, folders_of
from rwkv_backend.tokenizers.raw_bytes import AsciiTokenizer, BytesTokenizer

PADDING = 512
"""Trainers round the rows up to a multiple of 64 to 512 (20B: 50,277 tokens, 50,304 rows). As many empty rows or more
mean another tokenizer, and so do more empty rows than full ones."""

WORLD_ROWS = range(65529, 65537)

NEEDED_FILES = {
    50277: ("a Pile or Raven model", "20B_tokenizer.json"),
    50304: ("a Pile model", "20B_tokenizer.json"),
    20096: ("a MIDI model", "tokenizer-midi.json"),
    2176: ("a MIDI piano model", "tokenizer-midipiano.json"),
}
"""Row counts of published models whose tokenizer is a file that we do not ship."""


@dataclass(frozen=True)
class TokenizerChoice:
    """What was chosen and why.

    kind      "hf", "world", "characters", "bytes", "ascii"; None: nothing fits
    name      what the user reads; "" if nothing fits
    path      the file, where it is one
    evidence  facts that led here
    warning   what the user should know or do; "" if all is well
    """

    kind: str | None
    name: str
    path: Path | None
    evidence: tuple[str, ...]
    warning: str


def choose_tokenizer(vocab_size: int, model_path: Path | None) -> TokenizerChoice:
    """The tokenizer for a model with `vocab_size` rows; `model_path` is its file or folder, if it lies on disk.

    By rank: a file beside the model that fits; one in the folder above; what the row count is known for; a vocab.json
    with fewer characters than rows. 20B in the folder of a World model fits nothing and so does no harm.
    """
    folders = [list(files_in(folder, model_path)) for folder in folders_of(model_path)] if model_path else []
    found = [file for files in folders for file in files]
    choices = (
        *(_best_fit(files, vocab_size) for files in folders),
        _known_by_rows(vocab_size),
        _too_few_characters(found, vocab_size),
    )
    return next((choice for choice in choices if choice), None) or _nothing_fits(vocab_size, found, model_path)


def mismatch(tokenizer: Tokenizer, vocab_size: int) -> str:
    """What is wrong with using `tokenizer` for a model with `vocab_size` rows, and what to do; "" if nothing is."""
    if tokenizer.size > vocab_size:
        trouble = "so text would turn into ids that the model does not know"
    elif not _fits(tokenizer.kind, tokenizer.size, vocab_size):
        trouble = "so they were hardly made for each other, and the answers would be gibberish"
    else:
        return ""
    sizes = f"{tokenizer.name} has {tokenizer.size:,} tokens and the model {vocab_size:,} rows"
    return f"{sizes}, {trouble}. {_advice(vocab_size)}"


def _fits(kind: str, size: int, rows: int) -> bool:
    """Characters have one row each; other vocabularies may be padded with some empty rows."""
    if kind == "characters":
        return size == rows
    return size <= rows < size + PADDING and 2 * size > rows


def _best_fit(files: list[FoundFile], rows: int) -> TokenizerChoice | None:
    """Of one folder's files that fit, one that fits exactly or else the first; warns where others would do as well."""
    fitting = [file for file in files if file.kind and _fits(file.kind, file.size, rows)]
    exact = [file for file in fitting if file.size == rows]
    if not fitting:
        return None
    best, *others = exact or fitting
    also = [other.path.name for other in others if not _same_content(other.path, best.path)]
    warning = ""
    if also and not best.own:
        warning = f"{best.path.name} was taken, but {' and '.join(also)} would fit this model too."
    return _file_choice(best, rows, warning)


def _known_by_rows(rows: int) -> TokenizerChoice | None:
    if rows in WORLD_ROWS:
        short = "" if rows >= world.SIZE else "The World tokenizer's last token, 128 spaces, has no row in this model."
        return TokenizerChoice("world", "World", None, (f"{rows:,} rows, as in the World models",), short)
    if rows == BytesTokenizer.size:
        return TokenizerChoice("bytes", BytesTokenizer.name, None, ("256 rows, one for each byte",), "")
    if rows == AsciiTokenizer.size:
        return TokenizerChoice("ascii", AsciiTokenizer.name, None, ("128 rows, as in the ABC music models",), "")
    return None


def _too_few_characters(files: list[FoundFile], rows: int) -> TokenizerChoice | None:
    """The vocab.json that comes nearest, if it has at least half of the model's rows."""
    short = [file for file in files if file.kind == "characters" and file.size < rows < 2 * file.size]
    if not short:
        return None
    best = max(short, key=lambda file: file.size)
    warning = (
        f"{best.path.name} has {best.size:,} characters but the model {rows:,} rows. If the answers are gibberish it "
        "belongs to another model: put the vocab.json that this model was trained with beside it."
    )
    return _file_choice(best, rows, warning)


def _file_choice(file: FoundFile, rows: int, warning: str) -> TokenizerChoice:
    prefix = {"characters": "characters", "world": "World"}.get(file.kind)
    name = f"{prefix} ({file.path.name})" if prefix else file.path.name
    facts = (f"found {file.path.parent.name}/{file.path.name}", file.fact, f"the model has {rows:,} rows")
    return TokenizerChoice(file.kind, name, file.path, facts, warning)


def _nothing_fits(rows: int, files: list[FoundFile], model_path: Path | None) -> TokenizerChoice:
    place = f" ({folders_of(model_path)[0]})" if model_path else ""
    problems = [file.problem for file in files if file.problem]
    unfit = [file.fact for file in files if file.kind]
    sentences = [f"No tokenizer was found for this model of {rows:,} rows.", _advice(rows, place), *problems]
    if unfit:
        sentences.append(f"Not used, because the numbers do not match: {', '.join(unfit)}.")
    return TokenizerChoice(None, "", None, (f"the model has {rows:,} rows", *unfit, *problems), " ".join(sentences))


def _advice(rows: int, place: str = "") -> str:
    """What to do about a model with this many rows."""
    if known := _known_by_rows(rows):
        return f"Models of this size use the tokenizer {known.name}: choose that one."
    if rows in NEEDED_FILES:
        model, file_name = NEEDED_FILES[rows]
        return f"It looks like {model}: put {file_name} beside it{place}, or the file that it was trained with."
    return f"Put the vocab.json (or tokenizer.json) that this model was trained with beside it{place}."


def _same_content(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() == other.read_bytes()
    except OSError:
        return False
