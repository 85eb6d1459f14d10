"""From numbers to colours: tables of 255 shades and one for "nothing", scales that do not jump, and the bar beside an image.

shade   a number from 0 to 254, what an image holds; 255 stands for "there is no number here"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, qRgb
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.plots.words import number
from rwkv_backend.records import FloatArray

Shades = NDArray[np.uint8]

TOP_SHADE = 254
NOTHING = 255
BAR_WIDTH = 12


@lru_cache(maxsize=8)
def table(name: str, nothing: str) -> Shades:
    """(256, 3): red, green, blue of each shade of a perceptual map, and of "nothing"."""
    colours = np.empty((256, 3), dtype=np.uint8)
    colours[: TOP_SHADE + 1] = pg.colormap.get(name).getLookupTable(nPts=TOP_SHADE + 1)[:, :3]
    colours[NOTHING] = QColor(nothing).getRgb()[:3]  # type: ignore[index]
    return colours


def table_for(signed: bool) -> Shades:
    look = theme.current()
    return table(look.diverging if signed else look.sequential, look.raised)


class Scale:
    """Which numbers the colours stand for. Held: it only grows, to round numbers, so that colours do not flicker.

    signed: from −top to top, zero in the middle; else from 0 to top. `fixed` overrides what has been seen.
    logarithmic: equal steps of colour are equal factors, over so many DECADES below the top; what is smaller counts as 0.
    """

    def __init__(self, signed: bool) -> None:
        self.signed = signed
        self.logarithmic = False
        self.decided = False
        self.fixed: float | None = None
        self.held = 0.0

    @property
    def top(self) -> float:
        return self.fixed or self.held or 1.0

    def follow(self, values: FloatArray) -> None:
        """Grow so that these values fit. Endless ones, and the huge stand-ins for "empty", do not count.

        With a few numbers a great many times as large as most, all but those few would look like zero: the colours become
        logarithmic, unless the user has `decided`.
        """
        sizes = np.abs(values)
        largest = float(np.fmax.reduce(sizes, axis=None, initial=0.0))
        if largest > _HUGE:
            largest = float(sizes[sizes <= _HUGE].max(initial=0.0))
        if largest <= self.held:
            return
        if not self.decided and not self.logarithmic:
            self.logarithmic = float(np.median(sizes[sizes > 0])) < largest / LOPSIDED
        self.held = round_up(largest)

    def forget(self) -> None:
        """Start afresh, as if nothing had been seen or decided."""
        self.held, self.fixed, self.logarithmic, self.decided = 0.0, None, False, False

    def shades(self, values: FloatArray) -> Shades:
        if not self.logarithmic:
            return shades(values, -self.top if self.signed else 0.0, self.top)
        with np.errstate(divide="ignore"):
            logs = np.log10(np.abs(values) * np.float32(1 / self.top))
        strength = np.maximum(1 + logs / np.float32(DECADES), np.float32(0))
        return shades(np.copysign(strength, values), -1.0, 1.0) if self.signed else shades(strength, 0.0, 1.0)

    def marks(self) -> list[tuple[float, str]]:
        """Numbers for the bar: how far up, and which."""
        steps = [(1.0, self.top), (0.5, self.top * 10 ** (-DECADES / 2) if self.logarithmic else self.top / 2)]
        if not self.signed:
            return [*((part, number(value)) for part, value in steps), (0.0, "0")]
        if not self.logarithmic:
            steps = steps[:1]
        up = [((1 + part) / 2, number(value)) for part, value in steps]
        down = [((1 - part) / 2, number(-value)) for part, value in steps]
        return [*up, (0.5, "0"), *down]


DECADES = 4
LOPSIDED = 50
_HUGE = 1e30


def round_up(value: float) -> float:
    """The next number of the kind 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10):
        if value <= step * power * (1 + 1e-6):
            return float(step * power)
    return 10 * power


def shades(values: FloatArray, low: float, high: float) -> Shades:
    """Each value's shade between `low` and `high`; beyond them the end's; NaN is nothing."""
    with np.errstate(over="ignore"):
        scaled = (values - np.float32(low)) * np.float32(TOP_SHADE / (high - low))
    np.clip(scaled + np.float32(0.5), 0, TOP_SHADE, out=scaled)
    missing = np.isnan(scaled)
    if missing.any():
        scaled[missing] = NOTHING
    return scaled.astype(np.uint8)


def log_shades(values: FloatArray, low: float, high: float) -> Shades:
    """The same on a logarithmic scale, for values from 0 to infinity."""
    with np.errstate(divide="ignore"):
        logs = np.log10(values)
    return shades(np.asarray(logs, dtype=np.float32), math.log10(low), math.log10(high))


def pooled(values: FloatArray, rows: int, columns: int, signed: bool) -> FloatArray:
    """One value for each block of rows × columns: the largest, or where signs matter the one farthest from zero.

    A picture has fewer pixels than a layer has channels; taking every fourth channel would lose the ones that stand out.
    """
    return _pool(_pool(values, rows, signed).T, columns, signed).T


def _pool(values: FloatArray, count: int, signed: bool) -> FloatArray:
    """Over blocks of `count` rows; the last block may be smaller."""
    if count <= 1:
        return values
    high = np.array(values[::count])
    low = high.copy() if signed else high
    for start in range(1, count):
        part = values[start::count]
        np.maximum(high[: len(part)], part, out=high[: len(part)])
        if signed:
            np.minimum(low[: len(part)], part, out=low[: len(part)])
    return np.where(-low > high, low, high) if signed else high


class ColourBar(QWidget):
    """What the colours mean: a strip of them with numbers beside it, and the unit above."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._signed = False
        self._marks: tuple[tuple[float, str], ...] = ()
        self._unit = ""
        self._widest = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme.signals().changed.connect(self.update)

    def show_scale(self, scale: Scale, unit: str = "") -> None:
        """The colours of a scale, whose numbers are in `unit`."""
        self.show_marks(scale.marks(), unit, scale.signed)

    def show_marks(self, marks: Sequence[tuple[float, str]], unit: str, signed: bool = False) -> None:
        """marks: how far up (0 to 1), and what to write there."""
        shown = (tuple(marks), unit, signed)
        if shown != (self._marks, self._unit, self._signed):
            self._marks, self._unit, self._signed = shown
            self.setToolTip(unit)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """It becomes wider, but never narrower: the plot beside it should not move with every number."""
        metrics = self.fontMetrics()
        numbers = max(metrics.horizontalAdvance(text) for text in ["−0.00", *(text for _, text in self._marks)])
        width = max(BAR_WIDTH + theme.XS + numbers, metrics.horizontalAdvance(self._unit)) + 2
        self._widest = max(self._widest, width)
        return QSize(self._widest, 80)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), 3 * self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = self.fontMetrics().height()
        first = height + theme.XS if self._unit else height / 2
        strip = QRectF(0, first, BAR_WIDTH, max(self.height() - first - height / 2, 1))
        painter.drawImage(strip, self._image())
        painter.setPen(QColor(theme.current().muted))
        if self._unit:
            painter.drawText(QRectF(0, 0, self.width(), height), Qt.AlignmentFlag.AlignLeft, self._unit)
        last = -math.inf
        for part, text in sorted(self._marks, reverse=True):
            middle = strip.bottom() - part * strip.height()
            if middle - height >= last:
                place = QRectF(BAR_WIDTH + theme.XS, middle - height / 2, self.width(), height)
                painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
                last = middle

    def _image(self) -> QImage:
        image = QImage(1, TOP_SHADE + 1, QImage.Format.Format_RGB32)
        for row, (red, green, blue) in enumerate(table_for(self._signed)[TOP_SHADE::-1].tolist()):
            image.setPixel(0, row, qRgb(red, green, blue))
        return image
