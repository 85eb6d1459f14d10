"""Surprise as colour: how strongly a word is tinted, and the legend that says what the colours mean.

One hue, in even steps of perceived lightness (interpolated in OKLab). The ground of a word stays so pale, or in the dark so
dim, that text on it keeps a contrast of 4.5 to 1; the stripe below it shows the same again in strong colours.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

MOST = 8.0
"""Nats from which on the tint grows no stronger: a chance of 1 in 3,000."""

STEPS = 32
MARKS = (0, 2, 4, 8)

_STRONGEST = {"light": ("#ffe3bd", "#b45309"), "dark": ("#54350f", "#f0a040")}
"""Of the ground and of the stripe."""

Linear = tuple[float, float, float]


def shade(nats: float) -> int:
    """The step, from 0 to STEPS − 1, that a surprise is shown with."""
    return min(STEPS - 1, int(max(0.0, nats) / MOST * STEPS))


def grounds() -> tuple[QColor, ...]:
    """Behind a word, by step."""
    look = theme.current()
    return _ramp(look.surface, _STRONGEST[look.name][0])


def stripes() -> tuple[QColor, ...]:
    """Under a word, by step; a word that was certain has none."""
    look = theme.current()
    return _ramp(look.surface, _STRONGEST[look.name][1])


@lru_cache(maxsize=8)
def _ramp(low: str, high: str) -> tuple[QColor, ...]:
    one, other = _oklab(QColor(low)), _oklab(QColor(high))
    parts = [step / (STEPS - 1) for step in range(STEPS)]
    return tuple(_colour(_between(one, other, part)) for part in parts)


def _between(one: Linear, other: Linear, part: float) -> Linear:
    a, b, c = (x + (y - x) * part for x, y in zip(one, other, strict=True))
    return a, b, c


# https://bottosson.github.io/posts/oklab, whose matrices these are.


def _oklab(colour: QColor) -> Linear:
    r, g, b = (_linear(value) for value in (colour.redF(), colour.greenF(), colour.blueF()))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _colour(lab: Linear) -> QColor:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return QColor.fromRgbF(
        _gamma(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _gamma(value: float) -> float:
    value = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return min(1.0, max(0.0, value))


class TintLegend(QWidget):
    """The colours from 0 to MOST nats in one row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + theme.XS)

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QColor(theme.current().muted))
        title = self.tr("Surprise (nats)")
        left = self.fontMetrics().horizontalAdvance(title) + theme.S
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, left, self.height()), middle | Qt.AlignmentFlag.AlignLeft, title)
        self._draw_cells(painter, left)

    def _draw_cells(self, painter: QPainter, left: int) -> None:
        """A cell for each mark, in its colour and with its number in it."""
        width = min(48.0, (self.width() - left) / len(MARKS))
        for place, mark in enumerate(MARKS):
            cell = QRectF(left + place * width, 0, width - 2, self.height())
            painter.fillRect(cell, grounds()[shade(mark)])
            painter.fillRect(QRectF(cell.left(), cell.bottom() - 2, cell.width(), 2), stripes()[shade(mark)])
            painter.setPen(QColor(theme.current().text))
            text = f"{mark}+" if mark == MOST else str(mark)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
