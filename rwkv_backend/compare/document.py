"""docs/comparison.md: the demo models compared, as a page with figures. `make comparison` runs this.

The sentences are a template's; every number, and every word that follows from one, comes from the measurement, so that the
page stays true when it is made again.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rwkv_backend.compare.comparing import compare
from rwkv_backend.compare.drawing.png import png
from rwkv_backend.compare.figures import figures
from rwkv_backend.compare.records import CompareSettings, Comparison, ModelChoice, ModelResult, TaskDone
from rwkv_backend.compare.report import environment
from rwkv_backend.compare.tables import tables
from rwkv_backend.demo_models import demo_models
from rwkv_backend.errors import RWKVError, SettingError
from rwkv_backend.writing import write_whole

TEXT = Path(__file__).resolve().parent.parent.parent / "resources" / "texts" / "tales.txt"
SETTINGS = CompareSettings(needle_trials=32, speed_runs=5)
PICTURES = "images/comparison"

PIECE = 1000
"""Bytes of a piece of the text, over which the error of a difference is taken."""

CERTAIN = 2.0
"""Standard errors from which on a difference is called one."""


@dataclass(frozen=True)
class Difference:
    """How much better `model` foresees the text than `other`: bits per byte, positive is better; error over pieces."""

    model: str
    other: str
    bits: float
    error: float

    @property
    def sentence(self) -> str:
        size = f"{abs(self.bits):.4f} ± {self.error:.4f}"
        if abs(self.bits) < CERTAIN * self.error:
            return f"{self.model} and {self.other} cannot be told apart here ({self.bits:+.4f} ± {self.error:.4f})."
        word = "fewer" if self.bits > 0 else "more"
        return f"{self.model} needs {size} bits per byte {word} than {self.other}."


@dataclass(frozen=True)
class Remembered:
    """What remembering a name is worth, in bits, at the nearest and the farthest distance, and how long half of it lasts."""

    model: str
    near: float
    far: float
    farthest: int
    half_at: int | None

    @property
    def lasts(self) -> str:
        if self.half_at is None:
            return f"at {self.farthest:,} tokens more than half of it is still there"
        return f"half of it is lost by {self.half_at:,} tokens"


@dataclass(frozen=True)
class Fading:
    """Of all channels' half-lives in tokens: the median, and the share above 100 tokens."""

    model: str
    median: float
    long: float


def write_document(comparison: Comparison, path: Path) -> None:
    """The page, and the pictures that it shows beside it."""
    content = render(comparison)
    folder = path.parent / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures(comparison):
        if f"({PICTURES}/{figure.key}.png)" not in content:
            continue
        _write_bytes(folder / f"{figure.key}.png", png(figure.picture))
    _write_bytes(path, content.encode("utf-8"))


def _write_bytes(path: Path, data: bytes) -> None:
    write_whole(path, lambda file: file.write(data))


def render(comparison: Comparison) -> str:
    models = [m for m in comparison.models if m.card]
    return (
        environment(escape=False)
        .get_template("comparison.md.j2")
        .render(
            comparison=comparison,
            models=models,
            figures={figure.key: figure for figure in figures(comparison)},
            tables={table.key: table for table in tables(comparison)},
            pictures=PICTURES,
            differences=[difference(a, b) for b, a in pairwise(m for m in models if m.text)],
            best=sorted((m for m in models if m.text), key=lambda m: m.text.bits_per_byte if m.text else 0.0),
            context_gains=[gain for m in models if (gain := context_gain(m)) is not None],
            remembered=sorted((remembered(m) for m in models if m.needle), key=lambda r: -r.near),
            fading=[fading(m) for m in models if m.forgetting and m.forgetting.half_lives is not None],
            piece=PIECE,
        )
    )


def difference(model: ModelResult, other: ModelResult) -> Difference:
    """Mean over pieces of PIECE bytes, both models on the same pieces; the error is of the text, not of the training."""
    assert model.text is not None
    assert other.text is not None
    size = min(int(model.text.surprise.ends[-1]), int(other.text.surprise.ends[-1]))
    edges = np.linspace(0, size, max(2, round(size / PIECE)) + 1)
    bits = (_bits_by_piece(other, edges) - _bits_by_piece(model, edges)) / np.diff(edges)
    return Difference(model.title, other.title, float(bits.mean()), float(bits.std(ddof=1) / math.sqrt(len(bits))))


def _bits_by_piece(model: ModelResult, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    assert model.text is not None
    found = model.text.surprise
    spent = np.concatenate(([0.0], np.cumsum(found.nats, dtype=np.float64))) / math.log(2)
    return np.asarray(np.diff(np.interp(edges, np.concatenate(([0], found.ends)), spent)))


@dataclass(frozen=True)
class ContextGain:
    """Bits per byte by context in tokens."""

    model: str
    bits: dict[int, float]

    @property
    def shortest(self) -> int:
        return min(self.bits)

    @property
    def longest(self) -> int:
        return max(self.bits)

    def less(self, near: int, far: int) -> float:
        return self.bits[near] - self.bits[far]


def context_gain(model: ModelResult) -> ContextGain | None:
    readings = model.text.readings if model.text else ()
    bits = {r.window: r.bits_per_byte for r in readings if r.window is not None}
    return ContextGain(model.title, bits) if len(bits) > 1 else None


def remembered(model: ModelResult) -> Remembered:
    curve = model.needle
    assert curve is not None
    near = float(curve.saved[0])
    gone = [int(n) for n, saved in zip(curve.distances, curve.saved, strict=True) if saved < near / 2]
    return Remembered(model.title, near, float(curve.saved[-1]), int(curve.distances[-1]), gone[0] if gone else None)


def fading(model: ModelResult) -> Fading:
    assert model.forgetting is not None
    assert model.forgetting.half_lives is not None
    values = model.forgetting.half_lives.ravel()
    values = values[~np.isnan(values)]
    return Fading(model.title, float(np.median(values)), float((values > 100).mean()))


def main(arguments: Sequence[str]) -> int:
    """python -m rwkv_backend.compare.document PAGE"""
    try:
        write_document(_compare_demo_models(), Path(arguments[0]))
    except RWKVError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _compare_demo_models() -> Comparison:
    choices = [ModelChoice(model.path) for model in demo_models()]
    if not choices or not TEXT.is_file():
        raise SettingError("The program was installed without its demo models or its tales.")
    steps = compare(choices, TEXT.read_text(encoding="utf-8"), SETTINGS, TEXT.name)
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value
        if isinstance(event, TaskDone):
            sys.stderr.write(f"{event.result.title}: {event.task or 'opening'}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
