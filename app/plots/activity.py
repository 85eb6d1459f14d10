"""How much each token changed the memory of each layer: a strip that fills with the tokens and moves on."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
from rwkv_backend.records import FloatArray, Frame, FrameSpec, TokenRecord

LENGTH = 200
"""Tokens that the strip has room for."""

STEP = 20
"""Tokens by which it moves on when it is full: numbers that slide with every token cannot be read, and cost twice as much."""

LEAST, MOST = 0.003, 3.0
"""Relative change at the ends of the colours."""


class Activity(LayerMap):
    key = "activity"

    def __init__(self) -> None:
        self._layers = 1
        self._changes: list[Sequence[float]] = []
        """Of each token of the text, a number a layer; empty: not known"""
        self._place: int | None = None
        self._stale = False
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
            "one changes a tenth to a half, and rare words or a new sentence stand out; grey columns are not known, since a "
            "prompt is read many tokens at once and nothing is measured while this plot cannot be seen: going to such a "
            "token with the slider fills its column in."
        )

    # What the panel asks

    def reset(self, opened: OpenedModel) -> None:
        self._layers = opened.card.info.n_layer
        self._show_home()

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, activity=True)

    def draw(self, frame: Frame) -> str | None:
        """A frame brings this number only of a moment that is looked back at; what is written comes by `show_tokens`."""
        if frame.activity is not None and frame.tokens_seen:
            self._make_room(frame.tokens_seen)
            self._changes[frame.tokens_seen - 1] = frame.activity.values.tolist()
            self._stale = True
        if self._stale:
            self._paint()
        return "" if any(self._seen()) else None

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        self._make_room(first)
        self._changes[first:] = [record.change for record in records]
        self._repaint()

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """What was found out by looking back stays, where these do not know better."""
        for place, record in enumerate(records, start=first):
            if record.change:
                self._make_room(place + 1)
                self._changes[place] = record.change
        self._repaint()

    def _repaint(self) -> None:
        """Now, or with the next frame where nobody sees it."""
        self._stale = True
        if self.isVisible() and not self.paused:
            self._paint()

    def _make_room(self, tokens: int) -> None:
        self._changes += [()] * (tokens - self._total)

    def forget(self) -> None:
        self._changes.clear()
        self._heat.clear()
        self._frame_of_pick.hide()
        self._frame_of_place.hide()
        self._show_home()
        self.say("")

    def pick_changed(self, layer_changed: bool) -> None:
        self._frame_pick()

    def show_place(self, position: int | None, total: int) -> None:
        """Looking back keeps the strip, if it reaches back so far, and frames a column of it."""
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
        if not self._total:
            return []
        names = [self.tr("{0} {1}").format(axis_name("layer"), layer) for layer in range(self._layers)]
        table: list[Row] = [[self.tr("token number"), *names]]
        for token, values in enumerate(self._strip().T.tolist(), start=self._first()):
            if any(value == value for value in values):
                table.append([token, *("" if value != value else value for value in values)])
        return table

    # The strip

    @property
    def _total(self) -> int:
        return len(self._changes)

    def _first(self) -> int:
        """Number of the token in the leftmost column: of the newest tokens, or of those up to the one that is looked at."""
        first = _first_column(self._total)
        return first if self._place is None or self._place >= first else _first_column(self._place)

    def _seen(self) -> list[Sequence[float]]:
        """What is known of the tokens that the strip shows."""
        before = self._first() - 1
        return self._changes[before : before + LENGTH]

    def _strip(self) -> FloatArray:
        """(layers, LENGTH); NaN where nothing is known."""
        strip: FloatArray = np.full((self._layers, LENGTH), np.nan, dtype=np.float32)
        for column, change in enumerate(self._seen()):
            if len(change) == self._layers:
                strip[:, column] = change
        return strip

    # Drawing

    def _show_home(self) -> None:
        first = self._first()
        self._canvas.set_home(first - 0.5, first + LENGTH - 0.5, -0.5, self._layers - 0.5)

    def _paint(self) -> None:
        self._stale = False
        if not self._total:
            self._heat.clear()
            self._frame_pick()
            return
        self._show_home()
        self._heat.show(self._strip(), _shades, QRectF(self._first() - 0.5, -0.5, LENGTH, self._layers))
        self._frame_pick()
        self._say_where()

    def _frame_pick(self) -> None:
        self._frame_of_pick.setVisible(self._total > 0)
        if self._total:
            self._frame_of_pick.setRect(QRectF(self._first() - 0.5, self.layer - 0.5, LENGTH, 1.0))
        place = self._place if self._total else None
        self._frame_of_place.setVisible(place is not None and place <= self._total)
        if place is not None:
            self._frame_of_place.setRect(QRectF(place - 0.5, -0.5, 1.0, self._layers))

    # Mouse

    def _say_where(self) -> None:
        place = self._pointed_at()
        if not self._total:
            return
        if place is None:
            self.say(self.tr("token {0}").format(f"{self._place or self._total:,}"))
            return
        layer, column = place
        value, token = float(self._strip()[layer, column]), f"{self._first() + column:,}"
        if value != value:
            self.say(self.tr("token {0}, layer {1}: not known").format(token, layer))
        else:
            self.say(self.tr("token {0}, layer {1}: changed by {2}").format(token, layer, percent(value)))


def _first_column(last: int) -> int:
    """Number of the first token that the strip shows when `last` is the newest. The first token of a text is number 1."""
    return STEP * math.ceil(max(last - LENGTH, 0) / STEP) + 1


def _shades(values: FloatArray) -> colours.Shades:
    return colours.log_shades(values, LEAST, MOST)
