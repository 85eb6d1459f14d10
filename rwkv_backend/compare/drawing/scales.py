"""From numbers to places on an axis, and where the ticks go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """title: what and in which unit. log: the base of a logarithmic axis, 0 for an even one. names: one place each."""

    title: str
    log: int = 0
    names: tuple[str, ...] = ()
    from_zero: bool = False


@dataclass(frozen=True)
class Scale:
    """`low` … `high` lie on `start` … `end` pixels."""

    axis: Axis
    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        share = (self._even(value) - self._even(self.low)) / (self._even(self.high) - self._even(self.low))
        return self.start + (self.end - self.start) * share

    def _even(self, value: float) -> float:
        return math.log(value) if self.axis.log else value

    def ticks(self) -> list[tuple[float, str]]:
        if self.axis.names:
            return [(float(i), name) for i, name in enumerate(self.axis.names)]
        values = powers(self.low, self.high, self.axis.log) if self.axis.log else round_steps(self.low, self.high)
        return [(value, told(value)) for value in values]


def scale_for(axis: Axis, values: Sequence[float], start: float, end: float) -> Scale:
    """A scale on which all finite values have room; a logarithmic one leaves out what is not above 0."""
    if axis.names:
        return Scale(axis, -0.4, len(axis.names) - 0.6, start, end)
    finite = [v for v in values if math.isfinite(v) and (not axis.log or v > 0)] or [1.0]
    low, high = min(finite), max(finite)
    if axis.log:
        return Scale(axis, low / 1.08, max(high, low * 2) * 1.08, start, end)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    low = min(0.0, low - room if low < 0 else 0.0) if axis.from_zero else low - room
    return Scale(axis, low, high + room, start, end)


def round_steps(low: float, high: float, about: int = 5) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within the range, some `about` of them."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def powers(low: float, high: float, base: int, most: int = 9) -> list[float]:
    """Powers of the base within the range; every other one and so on where there are too many."""
    first, last = math.ceil(math.log(low, base) - 1e-9), math.floor(math.log(high, base) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / most))
    return [float(base) ** n for n in range(first, last + 1, step)]


def told(value: float) -> str:
    """A tick's number: 0.05, 1.5, 4,096, 10 M."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.4g} M"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.4g}"
