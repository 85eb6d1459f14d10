"""What the commands share: opening what was asked for, and talking on stdout and stderr."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rwkv_backend.errors import SettingError
from rwkv_backend.records import Progress
from rwkv_backend.writing import write_whole

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.tokenizers import Tokenizer

T = TypeVar("T")


def open_asked(options: argparse.Namespace) -> RWKVModel:
    from rwkv_backend.loading import load

    return watch("loading", load(options.file, options.device, options.dtype))


def tokenizer_for(options: argparse.Namespace, model: RWKVModel) -> Tokenizer:
    from rwkv_backend.tokenizers import choose_tokenizer, load_tokenizer, mismatch

    rows = model.sizes.vocab_size
    if options.tokenizer:
        tokenizer = load_tokenizer(options.tokenizer, vocab_size=rows)
        warning = mismatch(tokenizer, rows)
    else:
        choice = choose_tokenizer(rows, options.file)
        tokenizer, warning = load_tokenizer(choice), choice.warning
    if warning:
        say(warning)
    return tokenizer


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingError(f"{path.name} is not UTF-8 text (byte {error.start:,}).", "Save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        raise SettingError(f"{path!s} cannot be read: {reason(error)}.") from error


def write_file(path: Path, write: Callable[[Any], None]) -> None:
    try:
        write_whole(path, write)
    except (OSError, ValueError) as error:
        raise SettingError(f"{path!s} cannot be written: {reason(error)}.") from error


def reason(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def watch(what: str, steps: Generator[Progress, None, T]) -> T:
    """Run a job to its end, telling how far it is."""
    while True:
        try:
            show_progress(what, next(steps))
        except StopIteration as done:
            return done.value


def show_progress(what: str, progress: Progress) -> None:
    """One line on a terminal that overwrites itself; nothing where stderr is a file."""
    if sys.stderr.isatty():
        share = progress.done / progress.total if progress.total else 1.0
        end = "\r\033[K" if progress.done >= progress.total else ""
        sys.stderr.write(f"\r\033[K{what} {share:4.0%}{end}")
        sys.stderr.flush()


def stream(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def say(sentence: str) -> None:
    if sentence:
        sys.stderr.write(f"{sentence}\n")


def tell(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def tell_json(value: dict[str, Any]) -> None:
    tell(json.dumps(value, ensure_ascii=False, indent=2))
