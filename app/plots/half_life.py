"""How long the memory of every layer lasts: layers × channels, sorted, as half-lives on a logarithmic scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.messages import OpenedModel
from app.plots import colours
from app.plots.layer_map import LayerMap
from app.plots.panel import Row, Shown
from app.plots.parts import OneLine, Sideways
from app.plots.words import axis_name, axis_names, half_life
from rwkv_backend.records import FloatArray, Frame, FrameSpec, Labelled

SHORTEST, LONGEST = 1.0, 10_000.0
"""Tokens at the ends of the colours."""

OUTLIVED = (10, 100, 1000)


class HalfLife(LayerMap):
    key = "half_life"

    def __init__(self) -> None:
        self._lives: Labelled | None = None
        super().__init__()
        self._make_map()
        decades = [(power / 4, f"{10**power:,}") for power in range(5)]
        self._bar.show_marks(decades, self.tr("tokens"))
        self._table = _Outlived()
        picture = QWidget()
        self._lay_out_map(picture)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Sideways(picture, self._table))
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Half-life")

    @property
    def help_text(self) -> str:
        return self.tr(
            "Each row is a layer, its channels sorted from the longest memory to the shortest: the colour says after how "
            "many tokens half of what a channel stored is left. Typically most channels of the early layers forget within "
            "ten tokens, while a part of the late ones outlives a thousand."
        )

    @property
    def lives(self) -> Labelled | None:
        """What is drawn."""
        return self._lives

    # What the panel asks

    def reset(self, opened: OpenedModel) -> None:
        self._canvas.set_home(0.0, 100.0, -0.5, opened.card.info.n_layer - 0.5)

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, decay=True)

    def draw(self, frame: Frame) -> str | None:
        if not frame.spec.decay:
            return None
        if frame.half_lives is None:
            self.forget()
            return self.tr(
                "This version has no half-life: nothing fades, each earlier token counts by a learned weight for its "
                "distance. The decay curves show these weights."
            )
        if self._lives is None or frame.half_lives.values is not self._lives.values:
            self._lives = frame.half_lives
            self._paint()
        self._say_where()
        return ""

    def forget(self) -> None:
        self._lives = None
        self._heat.clear()
        self._frame_of_pick.hide()
        self._table.clear()
        self.say("")

    def pick_changed(self, layer_changed: bool) -> None:
        self._frame_pick()

    def recolour(self) -> None:
        super().recolour()
        self._heat.set_table(colours.table_for(signed=False), signed=False)
        self._paint()

    def unit(self) -> str:
        return self.tr("tokens until half is left")

    def shown(self) -> Shown | None:
        return {"plot": "half_lives"}

    def rows(self) -> list[Row]:
        if self._lives is None:
            return []
        lives = self._lives.values
        ranks = [self.tr("rank {0}").format(rank + 1) for rank in range(lives.shape[1])]
        table: list[Row] = [[axis_name("layer"), *ranks]]
        for layer, values in enumerate(lives.tolist()):
            table.append([layer, *("" if value != value else value for value in values)])
        return table

    # Drawing

    def _paint(self) -> None:
        if self._lives is None:
            return
        lives = self._lives.values
        names = axis_names(self._lives.axes[1])
        self._canvas.name_axes(self.tr("share of the {0} (%)").format(names), axis_name("layer"))
        self._canvas.set_home(0.0, 100.0, -0.5, len(lives) - 0.5)
        self._heat.show(lives, _shades, QRectF(0.0, -0.5, 100.0, len(lives)))
        self._frame_pick()

    def _frame_pick(self) -> None:
        if self._lives is None:
            return
        self._frame_of_pick.setRect(QRectF(0.0, self.layer - 0.5, 100.0, 1.0))
        self._frame_of_pick.show()
        self._table.show_lives(self._lives, min(self.layer, len(self._lives.values) - 1))

    # Mouse

    def _say_where(self) -> None:
        place = self._pointed_at()
        if self._lives is None:
            return
        if place is None:
            self.say("")
            return
        layer, column = place
        value = float(self._lives.values[layer, column])
        if value != value:
            self.say(self.tr("layer {0} has no memory that decays").format(layer))
        else:
            share = 100 * (column + 0.5) / self._lives.values.shape[1]
            words = self.tr("layer {0}: {1} % of the {2} have a half-life of {3} or more")
            self.say(words.format(layer, f"{share:.0f}", axis_names(self._lives.axes[1]), half_life(value)))


class _Outlived(QWidget):
    """How many channels keep half of what they stored for longer than 10, 100, 1,000 tokens: the picked layer's, and all."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.S)
        grid.setVerticalSpacing(0)
        grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        right = Qt.AlignmentFlag.AlignRight
        self._cells = [
            [OneLine() if column == 0 else OneLine(right, quiet=row == 0) for column in range(4)] for row in range(3)
        ]
        for row, cells in enumerate(self._cells):
            for column, cell in enumerate(cells):
                grid.addWidget(cell, row, column)
        for column, stretch in enumerate((7, 3, 3, 4)):
            grid.setColumnStretch(column, stretch)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def clear(self) -> None:
        self._fill([[""] * 4] * 3)

    def show_lives(self, lives: Labelled, layer: int) -> None:
        top = [self.tr("outlive (tokens)"), *(f"{tokens:,}" for tokens in OUTLIVED)]
        own = [self.tr("layer {0}").format(layer), *_counts(lives.values[layer])]
        every = [self.tr("all layers"), *_counts(lives.values)]
        self._fill([top, own, every])
        words = self.tr("How many {0} still keep half of what they stored after 10, 100 and 1,000 tokens")
        self.setToolTip(words.format(axis_names(lives.axes[1])))

    def _fill(self, table: list[list[str]]) -> None:
        for cells, words in zip(self._cells, table, strict=True):
            for cell, text in zip(cells, words, strict=True):
                cell.say(text)


def _counts(lives: FloatArray) -> list[str]:
    return [f"{int(np.count_nonzero(lives > tokens)):,}" for tokens in OUTLIVED]


def _shades(values: FloatArray) -> colours.Shades:
    return colours.log_shades(values, SHORTEST, LONGEST)
