"""What plots share that are a heat map with a row for each layer: its colours beside it, a frame around what is picked.

It remembers where the mouse is, so that the line below the plot can be said anew when the numbers change under it.
"""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QGraphicsRectItem, QHBoxLayout, QWidget

from app import theme
from app.plots.canvas import Canvas
from app.plots.colours import ColourBar
from app.plots.heatmap import Heatmap
from app.plots.panel import PlotPanel


class LayerMap(PlotPanel):
    def __init__(self) -> None:
        self._pointed: QPointF | None = None
        super().__init__()

    def _make_map(self, hatched: bool = True) -> None:
        """The map and its colours, which still have to be laid out."""
        self._canvas = Canvas()
        self._canvas.setObjectName(f"{self.key}_canvas")
        self._canvas.setAccessibleName(self.title)
        self._heat = Heatmap(self._canvas, hatched=hatched)
        self._frame_of_pick = QGraphicsRectItem()
        self._canvas.add(self._frame_of_pick)
        self._bar = ColourBar()
        self._canvas.hovered.connect(self._point)
        self._canvas.left.connect(self._point_away)
        self._canvas.clicked.connect(self._click)
        self._canvas.stepped.connect(self.step_pick)

    def _lay_out_map(self, room: QWidget) -> None:
        row = QHBoxLayout(room)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.XS)
        row.addWidget(self._canvas, 1)
        row.addWidget(self._bar)

    def recolour(self) -> None:
        self._frame_of_pick.setPen(pg.mkPen(theme.current().text))

    def _say_where(self) -> None:
        """In the line below the plot: what is where the mouse is."""
        raise NotImplementedError

    def _pointed_at(self) -> tuple[int, int] | None:
        """Row and column under the mouse."""
        return self._heat.at(self._pointed.x(), self._pointed.y()) if self._pointed is not None else None

    def _point(self, x: float, y: float) -> None:
        self._pointed = QPointF(x, y)
        self._say_where()

    def _point_away(self) -> None:
        self._pointed = None
        self._say_where()

    def _click(self, x: float, y: float) -> None:
        """Picks the layer, in the head that is picked already."""
        place = self._heat.at(x, y)
        if place is not None:
            self.pick(place[0], self.head)
