"""An image of numbers on a canvas: one coloured rectangle a number, pooled to the pixels that there are.

It knows nothing of what the numbers mean; the plot gives it a function from numbers to shades.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

from app.plots.canvas import Canvas
from app.plots.colours import Shades, pooled
from app.plots.ink import Hatch
from rwkv_backend.records import FloatArray

_BEHIND = -10


class Heatmap:
    """values[row, column] lies around x = column and y = row, half a unit to each side, unless placed otherwise."""

    def __init__(self, canvas: Canvas, hatched: bool = True) -> None:
        """hatched: whether rows without any number are hatched over."""
        self._canvas = canvas
        self._hatched = hatched
        self._item = pg.ImageItem(axisOrder="row-major")
        self._item.setZValue(_BEHIND)
        self._hatch = Hatch()
        self._values: FloatArray | None = None
        self._to_shades: Callable[[FloatArray], Shades] | None = None
        self._place = QRectF()
        self._drawn_at: tuple[QRectF, tuple[int, ...]] | None = None
        self._signed = False
        canvas.add(self._item)
        canvas.add(self._hatch)
        canvas.zoomed.connect(self.redraw)

    def set_table(self, colours: Shades, signed: bool) -> None:
        """The colours of the shades; signed: where several numbers share a pixel, the farthest from zero is seen."""
        self._signed = signed
        self._item.setLookupTable(colours)

    def show(self, values: FloatArray, to_shades: Callable[[FloatArray], Shades], place: QRectF | None = None) -> None:
        """values (rows, columns); place: where on the plane they lie, the first row at its top (smallest y)."""
        if not values.size:
            self.clear()
            return
        rows, columns = values.shape
        self._values, self._to_shades = values, to_shades
        self._place = place or QRectF(-0.5, -0.5, columns, rows)
        self._hatch.cover(self._empty_rows())
        self.redraw()

    def clear(self) -> None:
        self._values, self._drawn_at = None, None
        self._item.clear()
        self._hatch.cover(())

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the number at a point of the plane."""
        if self._values is None or not self._place.contains(x, y):
            return None
        rows, columns = self._values.shape
        row = int((y - self._place.top()) / self._place.height() * rows)
        column = int((x - self._place.left()) / self._place.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def redraw(self) -> None:
        """Draw the part in view with about one number a pixel."""
        if self._values is None or self._to_shades is None:
            return
        rows, columns = self._values.shape
        place, seen = self._place, self._canvas.seen()
        across, up = self._canvas.pixels()
        left, right, by_x = _part(place.left(), place.width(), columns, seen.left(), seen.right(), across)
        first, last, by_y = _part(place.top(), place.height(), rows, seen.top(), seen.bottom(), up)
        if left >= right or first >= last:
            return
        part = pooled(self._values[first:last, left:right], by_y, by_x, self._signed)
        self._item.setImage(np.ascontiguousarray(self._to_shades(part)), autoLevels=False)
        wide, high = place.width() / columns, place.height() / rows
        # The last block may reach beyond the values; the canvas ends where they end.
        where = QRectF(
            place.left() + left * wide,
            place.top() + first * high,
            part.shape[1] * by_x * wide,
            part.shape[0] * by_y * high,
        )
        if self._drawn_at != (where, part.shape):
            self._drawn_at = (where, part.shape)
            self._item.setRect(where)

    def _empty_rows(self) -> tuple[QRectF, ...]:
        assert self._values is not None
        if not self._hatched:
            return ()
        rows, _ = self._values.shape
        high = self._place.height() / rows
        suspects = np.flatnonzero(np.isnan(self._values[:, 0]))
        return tuple(
            QRectF(self._place.left(), self._place.top() + row * high, self._place.width(), high)
            for row in suspects
            if np.isnan(self._values[row]).all()
        )


def _part(start: float, extent: float, count: int, low: float, high: float, pixels: float) -> tuple[int, int, int]:
    """Of `count` numbers laid over an extent: the first and last in view (last excluded), and how many share a pixel."""
    if extent <= 0:
        return 0, 0, 1
    first = max(0, int((low - start) / extent * count))
    last = min(count, int((high - start) / extent * count + 1))
    block = max(1, int((last - first) / pixels))
    return first - first % block, last, block
