"""A chart of what was measured: lines or bars, one a model; each keeps its colour, dash and mark in all charts.

Importing this imports pyqtgraph: the window does it late.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtWidgets import QGraphicsItem, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.plots.canvas import Canvas
from app.plots.ink import Ink, Stroke
from app.plots.parts import Legend, OneLine
from app.plots.words import number
from app.views.compare.charts_of import Chart, Line, ends, short
from app.views.parts import named, tip

DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
    Qt.PenStyle.SolidLine,
)
MARKS = (("o", "●"), ("s", "■"), ("t1", "▲"), ("d", "◆"), ("+", "✚"), ("x", "✖"))
"""As pyqtgraph draws them, and as a legend writes them."""

HEIGHT = 230
BAR = 0.35
"""Half of a bar's width."""


class ChartView(QWidget):
    def __init__(self, chart: Chart, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = chart
        self._items: list[QGraphicsItem] = []
        named(self, f"compare_chart_{chart.key}", chart.title)
        self._title = QLabel(chart.title)
        self._title.setProperty("kind", "title")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setToolTip(tip(chart.about))
        self._title.setMinimumWidth(1)
        self._canvas = Canvas(whole_x=True, whole_y=False)
        named(self._canvas, f"compare_chart_canvas_{chart.key}", chart.title)
        self._canvas.widen_left("10,000")
        self._ink = Ink()
        self._canvas.add(self._ink)
        self._status = OneLine()
        self._status.setObjectName(f"compare_chart_status_{chart.key}")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self._title)
        column.addWidget(self._canvas, 1)
        column.addWidget(self._status)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self._canvas.hovered.connect(self._point)
        self._canvas.left.connect(self._point_away)
        theme.signals().changed.connect(self._draw)
        self._draw()

    def sizeHint(self) -> QSize:
        return QSize(320, HEIGHT)

    def show_chart(self, chart: Chart) -> None:
        """More is known."""
        self.chart = chart
        self._draw()

    def _draw(self) -> None:
        for item in self._items:
            self._canvas.view.removeItem(item)
        self._items.clear()
        self._ink.clear()
        chart = self.chart
        self._canvas.name_axes(chart.x_name, chart.y_name)
        y0, y1 = ends([v for line in chart.lines for v in line.y], chart.y_log, chart.from_zero)
        if chart.kind == "bars":
            self._draw_bars(y0, y1 + 0.08 * (y1 - y0))
        else:
            x0, x1 = ends([v for line in chart.lines for v in line.x], chart.x_log, False)
            self._canvas.set_home(x0, x1, y0, y1)
            self._canvas.mark("bottom", self._names() or _powers(x0, x1, chart.x_log))
            for line in chart.lines:
                self._draw_line(line)
        self._canvas.mark("left", _powers(y0, y1, chart.y_log))
        self._point_away()

    def _draw_line(self, line: Line) -> None:
        colour = _colour(line.place)
        pen = pg.mkPen(colour, width=1.5, style=DASHES[line.place % len(DASHES)])
        few = len(line.x) <= 16
        item = pg.PlotDataItem(
            _scaled(line.x, self.chart.x_log),
            _scaled(line.y, self.chart.y_log),
            pen=pen,
            symbol=MARKS[line.place % len(MARKS)][0] if few else None,
            symbolSize=7,
            symbolBrush=colour,
            symbolPen=pg.mkPen(colour),
        )
        self._add(item)

    def _draw_bars(self, y0: float, y1: float) -> None:
        """Each model has its place from the first, so that no bar moves when another comes."""
        names = self.chart.names
        self._canvas.set_home(-0.5, len(names) - 0.5, y0, y1)
        self._canvas.mark("bottom", [(float(place), name) for place, name in enumerate(names)])
        strokes = []
        for line in self.chart.lines:
            place, top, base = line.place, line.y[0], max(y0, 0.0)
            x = np.array([place - BAR, place + BAR, place + BAR, place - BAR])
            strokes.append(Stroke(x, np.array([base, base, top, top]), _colour(line.place), fill=True))
            label = pg.TextItem(_value(top), color=theme.current().text, anchor=(0.5, 1.0))
            label.setFont(self.font())
            label.setPos(place, top)
            self._add(label)
        self._ink.show_strokes(QRectF(-0.5, y0, len(names), y1 - y0), strokes)

    def _names(self) -> list[tuple[float, str]]:
        """At most about six of them, so that none runs into the next."""
        step = max(1, math.ceil(len(self.chart.names) / 6))
        return [(float(place), name) for place, name in enumerate(self.chart.names) if place % step == 0]

    def _add(self, item: QGraphicsItem) -> None:
        self._items.append(item)
        self._canvas.add(item)

    # Mouse

    def _point(self, x: float, y: float) -> None:
        """Every model's value at this place."""
        chart = self.chart
        if chart.kind == "bars":
            line = min(chart.lines, key=lambda line: abs(line.place - x))
            self._status.say(self.tr("{0}: {1} {2}").format(line.title, number(line.y[0]), chart.y_name))
            return
        values = []
        for line in chart.lines:
            nearest = int(np.argmin(np.abs(np.asarray(_scaled(line.x, chart.x_log)) - x)))
            values.append(self.tr("{0}: {1}").format(short(line.title), number(line.y[nearest])))
        where = (
            chart.names[min(max(round(x), 0), len(chart.names) - 1)] if chart.names else number(_back(x, chart.x_log))
        )
        self._status.say(self.tr("at {0}: {1}").format(where, ", ".join(values)))

    def _point_away(self) -> None:
        self._status.say(self.chart.about)


class ModelLegend(Legend):
    """Which colour and mark is which model, in all charts."""

    def __init__(self) -> None:
        super().__init__("compare_legend")
        self._titles: tuple[str, ...] = ()
        theme.signals().changed.connect(self._show)

    def show_titles(self, titles: tuple[str, ...]) -> None:
        self._titles = titles
        self._show()

    def _show(self) -> None:
        entries = [(MARKS[place % len(MARKS)][1], _colour(place), title) for place, title in enumerate(self._titles)]
        self.show_entries(entries)


def _value(value: float) -> str:
    """Above a bar: 1.402, 254."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def _colour(place: int) -> str:
    series = theme.current().series
    return series[place % len(series)]


def _scaled(values: tuple[float, ...], log: int) -> list[float]:
    return [math.log(max(v, 1e-12), log) for v in values] if log else list(values)


def _back(value: float, log: int) -> float:
    return float(log**value) if log else value


def _powers(low: float, high: float, log: int) -> list[tuple[float, str]] | None:
    """Ticks of a logarithmic axis, at most about six."""
    if not log:
        return None
    first, last = math.ceil(low), math.floor(high)
    step = max(1, math.ceil((last - first + 1) / 6))
    return [(float(power), number(float(log) ** power)) for power in range(first, last + 1, step)]
