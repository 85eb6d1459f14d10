"""How much each token changed the memory of each layer: a strip that fills with the tokens and moves on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsRectItem

from app import theme
from app.messages import OpenedModel
from app.plots import colours
from app.plots.layer_map import LayerMap
from app.plots.panel import Row, Shown
from app.plots.words import axis_name, percent
from rwkv_backend.records import FloatArray, Frame, FrameSpec

LENGTH = 200
"""Tokens that the strip has room for."""

STEP = 20
"""Tokens by which it moves on when it is full: numbers that slide with every token cannot be read, and cost twice as much."""

LEAST, MOST = 0.003, 3.0
"""Relative change at the ends of the colours."""

LONGEST_GAP = 30
"""Tokens. When the model writes faster than the window draws, some tokens have no frame of their own, and the next one's
value stands for them too. After a longer leap (a prompt was read, the plot was paused) nothing is known or shown."""


class Activity(LayerMap):
    key = "activity"

    def __init__(self) -> None:
        self._strip: FloatArray = np.full((1, LENGTH), np.nan, dtype=np.float32)
        self._last = 0
        self._place: int | None = None
        self._aside: tuple[FloatArray, int] | None = None
        super().__init__()
        self._make_map(hatched=False)
        self._canvas.name_axes(self.tr("token number"), axis_name("layer"))
        self._frame_of_place = QGraphicsRectItem()
        self._canvas.add(self._frame_of_place)
        marks = [(math.log(value / LEAST) / math.log(MOST / LEAST), f"{value:g}") for value in (0.01, 0.1, 1.0)]
        self._bar.show_marks(marks, "")
        self._bar.setToolTip(self.tr("Size of the change over the size of the memory"))
        self._lay_out_map(self.body)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Layer activity")

    @property
    def help_text(self) -> str:
        return self.tr(
            "Each column is a token, each row a layer: the colour is how much that token changed the layer's memory, as a "
            "part of its size (1: as large as the memory itself). Typically the first tokens change everything, then each "
            "one changes a tenth to a half, and rare words or a new sentence stand out; while the model writes faster than "
            "the plots are drawn, a token without a picture of its own takes the colour of the next one, and after a longer "
            "leap stays grey: going to it with the slider fills it in."
        )

    # What the panel asks

    def reset(self, opened: OpenedModel) -> None:
        self._strip = np.full((opened.card.info.n_layer, LENGTH), np.nan, dtype=np.float32)
        self._show_home()

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, activity=True)

    def draw(self, frame: Frame) -> str | None:
        if frame.activity is None:
            return None
        self._append(frame.activity.values, frame.tokens_seen)
        self._paint()
        self._say_where()
        return ""

    def forget(self) -> None:
        self._strip = np.full_like(self._strip, np.nan)
        self._last, self._aside = 0, None
        self._heat.clear()
        self._frame_of_pick.hide()
        self._frame_of_place.hide()
        self._show_home()
        self.say("")

    def pick_changed(self, layer_changed: bool) -> None:
        self._frame_pick()

    def show_place(self, position: int | None, total: int) -> None:
        """Looking back keeps the strip and frames a column of it; what was written over is forgotten."""
        if position is None and self._aside is not None:
            self._strip, self._last = self._aside
            self._aside = None
        if total < self._last:
            self._strip[:, max(0, total - self._first() + 1) :] = np.nan
            self._last = total if total >= self._first() else 0
            self._heat.clear()
        if position != self._place:
            self._place = position
            self._paint()

    def recolour(self) -> None:
        super().recolour()
        self._frame_of_place.setPen(pg.mkPen(theme.current().accent, width=2))
        self._heat.set_table(colours.table_for(signed=False), signed=False)
        self._paint()

    def unit(self) -> str:
        return self.tr("size of the change over the size of the memory")

    def shown(self) -> Shown | None:
        """The newest token's."""
        return {"plot": "activity"}

    def rows(self) -> list[Row]:
        if not self._last:
            return []
        names = [self.tr("{0} {1}").format(axis_name("layer"), layer) for layer in range(len(self._strip))]
        table: list[Row] = [[self.tr("token number"), *names]]
        first = self._first()
        for token, values in enumerate(self._strip.T.tolist(), start=first):
            if any(value == value for value in values):
                table.append([token, *("" if value != value else value for value in values)])
        return table

    # The strip

    def _first(self) -> int:
        """Number of the token in the leftmost column."""
        return _first_column(self._last)

    def _append(self, values: FloatArray, token: int) -> None:
        if self._place is not None and self._last and len(values) == len(self._strip):
            self._look_back(values, token)
            return
        if token < self._last or len(values) != len(self._strip):
            self._strip = np.full((len(values), LENGTH), np.nan, dtype=np.float32)
            self._last = 0
        fresh = token - self._last
        self._scroll(_first_column(token) - self._first())
        self._last = token
        column = token - self._first()
        known = min(max(fresh, 1), column + 1) if fresh <= LONGEST_GAP else 1
        self._strip[:, column - known + 1 : column + 1] = values[:, None]

    def _look_back(self, values: FloatArray, token: int) -> None:
        """One column; where the strip does not reach back so far, of another strip, until one is back."""
        if token < self._first():
            self._aside = self._aside or (self._strip, self._last)
            self._strip = np.full_like(self._strip, np.nan)
            self._last = token
        elif token > self._last:
            self._scroll(_first_column(token) - self._first())
            self._last = token
        self._strip[:, token - self._first()] = values

    def _scroll(self, columns: int) -> None:
        if columns >= LENGTH:
            self._strip[:] = np.nan
        elif columns > 0:
            self._strip[:, :-columns] = self._strip[:, columns:].copy()
            self._strip[:, -columns:] = np.nan

    # Drawing

    def _show_home(self) -> None:
        first = self._first()
        self._canvas.set_home(first - 0.5, first + LENGTH - 0.5, -0.5, len(self._strip) - 0.5)

    def _paint(self) -> None:
        if not self._last:
            return
        self._show_home()
        self._heat.show(self._strip, _shades, QRectF(self._first() - 0.5, -0.5, LENGTH, len(self._strip)))
        self._frame_pick()

    def _frame_pick(self) -> None:
        if self._last:
            self._frame_of_pick.setRect(QRectF(self._first() - 0.5, self.layer - 0.5, LENGTH, 1.0))
            self._frame_of_pick.show()
        place = self._place if self._last else None
        self._frame_of_place.setVisible(place is not None and self._first() <= place <= self._last)
        if place is not None:
            self._frame_of_place.setRect(QRectF(place - 0.5, -0.5, 1.0, len(self._strip)))

    # Mouse

    def _say_where(self) -> None:
        place = self._pointed_at()
        if not self._last:
            return
        if place is None:
            self.say(self.tr("token {0}").format(f"{self._place or self._last:,}"))
            return
        layer, column = place
        value, token = float(self._strip[layer, column]), f"{self._first() + column:,}"
        if value != value:
            self.say(self.tr("token {0}, layer {1}: not known").format(token, layer))
        else:
            self.say(self.tr("token {0}, layer {1}: changed by {2}").format(token, layer, percent(value)))


def _first_column(last: int) -> int:
    """Number of the first token that the strip shows when `last` is the newest. The first token of a text is number 1."""
    return STEP * math.ceil(max(last - LENGTH, 0) / STEP) + 1


def _shades(values: FloatArray) -> colours.Shades:
    return colours.log_shades(values, LEAST, MOST)
