"""What holding the weights in fewer bits costs: bits per byte on a text, against the same model in float32.

`measure_quality` measures a model; `quality_cards` gives what was measured on the demo model of a version and is shipped
(resources/quality.json, made anew by `make quality`). It says how that version takes to fewer bits, not how another model
of it does: larger models usually lose less.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rwkv_backend.errors import RWKVError, TokenError
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel

DTYPES = ("float32", "bfloat16", "float16", "int8", "int4")

SHIPPED = Path(__file__).parents[1] / "resources" / "quality.json"


@dataclass(frozen=True)
class Quality:
    """change: bits per byte more than with float32, as a fraction of those; negative where they happen to be fewer."""

    dtype: str
    bits_per_byte: float
    change: float
    weights_mb: float


def measure_quality(
    path: str | Path, text: str, window: int | None = None, device: str = "cpu", tokenizer: str | None = None
) -> Generator[Progress, None, tuple[Quality, ...]]:
    """Read `text` with every dtype in turn, as `eval` does; yields Progress in tokens over all of them.

    A dtype that this model cannot be held in (weights too large for float16) is left out.
    """
    found: list[Quality] = []
    for place, dtype in enumerate(DTYPES):
        try:
            bits, weights_mb = yield from _bits_per_byte(path, text, window, device, dtype, tokenizer, place)
        except TokenError:
            raise
        except RWKVError:
            if dtype == DTYPES[0]:
                raise
            continue
        plain = found[0].bits_per_byte if found else bits
        found.append(Quality(dtype, bits, bits / plain - 1, weights_mb))
    return tuple(found)


def _bits_per_byte(
    path: str | Path, text: str, window: int | None, device: str, dtype: str, name: str | None, place: int
) -> Generator[Progress, None, tuple[float, float]]:
    from rwkv_backend.analysis.loss import text_loss
    from rwkv_backend.loading import load
    from rwkv_backend.tokenizers import load_tokenizer

    model = yield from _quietly(load(path, device, dtype))
    tokenizer = load_tokenizer(name, vocab_size=model.sizes.vocab_size, model_path=Path(path))
    start = tokenizer.start if tokenizer.end_of_text is None else tokenizer.end_of_text
    if start is None:
        raise TokenError("This tokenizer has no token to put before a text.", "Name another with --tokenizer.")
    steps = text_loss(model, [start, *tokenizer.encode_corpus(text)], len(text.encode("utf-8")), window)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value.bits_per_byte, model.weight_bytes / 1e6
        yield Progress(place * step.total + step.done, len(DTYPES) * step.total, step.unit)


def _quietly(steps: Generator[Progress, None, RWKVModel]) -> Generator[Progress, None, RWKVModel]:
    """Loading counts bytes; here tokens are counted, so its progress is not told."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        yield from ()


def quality_cards(version: str) -> dict[str, float]:
    """By dtype, the change in bits per byte measured on the demo model of this version; empty if there is none."""
    try:
        shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
        return {dtype: float(card["change"]) for dtype, card in shipped["models"][version]["by_dtype"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
