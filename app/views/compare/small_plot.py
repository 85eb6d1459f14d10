"""The small plot under one column. It draws what it is given on axes and scales that all columns share.

Importing this imports pyqtgraph: the window does it late.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtWidgets import QGraphicsRectItem, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.compare_messages import View
from app.plots import colours
from app.plots.canvas import Canvas
from app.plots.colours import Scale
from app.plots.decay_curves import LOG_TOKENS
from app.plots.heatmap import Heatmap
from app.plots.ink import Ink, Numbers, Stroke, in_one
from app.plots.parts import OneLine
from app.plots.words import axis_name, axis_names, half_life, number, percent
from app.views.compare.decay_strokes import fractions, weights
from app.views.parts import named
from rwkv_backend.records import FloatArray, Frame, Labelled

SHORTEST, LONGEST = 1.0, 10_000.0
"""Tokens at the ends of the axis of half-lives."""

LEAST_TOP, LEAST_TOKENS = 8.0, 20
"""The axes of the surprise reach at least so far: nats, tokens."""

_POWERS = [(float(power), f"{10**power:,}") for power in range(5)]


@dataclass
class Shared:
    """What all small plots of a page have in common: the ends of their axes, and what their colours stand for."""

    view: View = "surprise"
    layer: int = 0
    head: int = 0
    position: int | None = None
    columns: int = 1
    layers: int = 1
    tokens: int = LEAST_TOKENS
    nats: float = LEAST_TOP
    scale: Scale = field(default_factory=lambda: Scale(signed=False))
    medians: dict[int, Numbers] = field(default_factory=dict)
    """By column: what the median channel of the picked layer keeps after LOG_TOKENS"""


class SmallPlot(QWidget):
    layer_picked = Signal(int)
    position_picked = Signal(int)

    def __init__(self, number: int, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self._shared = shared
        self._frame: Frame | None = None
        self._surprises: list[float] = []
        self._name = ""
        named(self, f"compare_plot_{number}", self.tr("Plot of a model"))
        self._about = OneLine()
        self._about.setObjectName(f"compare_plot_about_{number}")
        self._canvas = Canvas(whole_y=False)
        named(self._canvas, f"compare_canvas_{number}", self.tr("Plot of a model"))
        self._canvas.widen_left("10,000")
        self._heat = Heatmap(self._canvas)
        self._ink = Ink()
        self._canvas.add(self._ink)
        self._line = pg.InfiniteLine(angle=90)
        self._canvas.add(self._line)
        self._picked = QGraphicsRectItem()
        self._canvas.add(self._picked)
        self._note = QLabel()
        self._note.setObjectName(f"compare_note_{number}")
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        self._note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._canvas)
        self._stack.addWidget(self._note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._about)
        column.addWidget(self._stack, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)
        self._canvas.hovered.connect(self._point)
        self._canvas.left.connect(self._point_away)
        self._canvas.clicked.connect(self._click)
        theme.signals().changed.connect(self.draw)

    # What it is given

    @property
    def frame(self) -> Frame | None:
        return self._frame

    def show_name(self, name: str) -> None:
        self._name = name
        self.setAccessibleName(self.tr("Plot of {0}").format(name))
        self._canvas.setAccessibleName(self.accessibleName())

    def take_frame(self, frame: Frame) -> None:
        """For the next `draw`."""
        self._frame = frame

    def take_surprises(self, nats: list[float]) -> None:
        """For the next `draw`: of every token written."""
        self._surprises = nats

    def forget_frame(self) -> None:
        """It is of another choice than the present one."""
        self._frame = None

    def forget(self) -> None:
        self._frame, self._surprises = None, []
        self.draw()

    # Drawing

    def draw(self) -> None:
        """All of it anew: what is shared may have changed."""
        self._line.setPen(pg.mkPen(theme.current().accent))
        self._line.hide()
        self._picked.hide()
        sentence = self._draw_view()
        self._note.setText(sentence)
        self._stack.setCurrentWidget(self._note if sentence else self._canvas)
        self._point_away()

    def _draw_view(self) -> str:
        """A sentence if there is nothing to see."""
        view, frame = self._shared.view, self._frame
        if view == "surprise":
            return self._draw_surprise()
        self._heat.clear()
        self._ink.clear()
        if frame is None:
            return self.tr("Drawn when this model has written.")
        if view == "state_map":
            return self._draw_map(frame.state_map)
        if view == "memory":
            return self._draw_memory(frame.memory)
        if view == "decay_curves":
            return self._draw_decay(frame.decay)
        return self._draw_half_lives(frame.half_lives)

    def _draw_surprise(self) -> str:
        shared = self._shared
        self._heat.clear()
        self._axes(self.tr("tokens written"), self.tr("nats"), 0.0, shared.tokens, 0.0, shared.nats)
        x = np.arange(1, len(self._surprises) + 1, dtype=np.float64)
        y = np.minimum(np.asarray(self._surprises, dtype=np.float64), shared.nats)
        series = theme.current().series[0]
        strokes = [Stroke(x, y, series)] if len(x) else []
        self._ink.show_strokes(QRectF(0, 0, shared.tokens, shared.nats), strokes)
        if shared.position is not None:
            self._line.setPos(shared.position)
            self._line.show()
        return ""

    def _draw_map(self, found: Labelled | None) -> str:
        if found is None:
            return self.tr("This version has no such field.")
        shared = self._shared
        self._axes(axis_name(found.axes[1]), axis_name("layer"), -0.5, shared.columns - 0.5, -0.5, shared.layers - 0.5)
        self._paint(found.values)
        self._picked.setPen(pg.mkPen(theme.current().text))
        layers, columns = found.values.shape
        self._picked.setRect(QRectF(-0.5, min(shared.layer, layers - 1) - 0.5, columns, 1))
        self._picked.show()
        return ""

    def _draw_memory(self, found: tuple[Labelled, ...]) -> str:
        if not found:
            return self.tr("Layer {0} of this model has no memory.").format(self._shared.layer)
        entry = found[0]
        if entry.values.ndim == 1:
            self._draw_vector(entry)
            return ""
        matrix = entry.values[min(self._shared.head, len(entry.values) - 1)]
        rows, columns = matrix.shape
        self._axes(axis_name(entry.axes[2]), axis_name(entry.axes[1]), -0.5, columns - 0.5, -0.5, rows - 0.5)
        self._paint(matrix)
        return ""

    def _draw_vector(self, entry: Labelled) -> None:
        """On the scale that the matrices' colours have, so that the same height is the same number as the same colour."""
        scale, count = self._shared.scale, len(entry.values)
        self._axes(axis_name(entry.axes[0]), self.tr("value"), -0.5, count - 0.5, -1.0, 1.0)
        self._canvas.mark("left", [(2 * part - 1, words) for part, words in scale.marks()])
        y = scale.shades(entry.values).astype(np.float64) / colours.TOP_SHADE * 2 - 1
        y[np.isnan(entry.values)] = np.nan
        stroke = Stroke(np.arange(count, dtype=np.float64), y, theme.current().series[0])
        self._ink.show_strokes(QRectF(-0.5, -1.0, count, 2.0), [stroke])

    def _draw_decay(self, found: Labelled | None) -> str:
        if found is None:
            return self.tr("Layer {0} has no memory that decays.").format(self._shared.layer)
        x, look = np.log10(LOG_TOKENS), theme.current()
        others = [median for column, median in self._shared.medians.items() if column != self.number]
        strokes: list[Stroke] = []
        if found.axes[-1] == "distance":
            strokes += weights(found.values)
            self._axes(self.tr("tokens later"), self.tr("weight, largest 1"), 0.0, float(x[-1]), 0.0, 1.02)
        else:
            strokes += fractions(found.values)
            self._axes(self.tr("tokens later"), self.tr("fraction left"), 0.0, float(x[-1]), 0.0, 1.02)
        if others:
            strokes.insert(-1, Stroke(*in_one(x, np.stack(others)), look.muted, dashed=True))
        self._canvas.mark("bottom", _POWERS)
        self._ink.show_strokes(QRectF(0, 0, float(x[-1]), 1.02), strokes)
        return ""

    def _draw_half_lives(self, found: Labelled | None) -> str:
        if found is None:
            return self.tr("No half-life: each earlier token counts by a learned weight for its distance.")
        names = axis_names(found.axes[1])
        self._axes(self.tr("{0} (%)").format(names), self.tr("tokens"), 0.0, 100.0, 0.0, 4.0)
        self._canvas.mark("left", _POWERS)
        look, layer = theme.current(), min(self._shared.layer, len(found.values) - 1)
        strokes = []
        for values, colour, dashed in (
            (np.sort(found.values.ravel())[::-1], look.muted, True),
            (found.values[layer], look.series[0], False),
        ):
            lives = values[~np.isnan(values)].astype(np.float64)
            if len(lives):
                share = (np.arange(len(lives)) + 0.5) / len(lives) * 100
                y = np.log10(np.clip(lives, SHORTEST, LONGEST))
                strokes.append(Stroke(share, y, colour, dashed=dashed))
        self._ink.show_strokes(QRectF(0, 0, 100, 4), strokes)
        return ""

    def _axes(self, bottom: str, left: str, x0: float, x1: float, y0: float, y1: float) -> None:
        self._canvas.name_axes(bottom, left)
        self._canvas.mark("left", None)
        self._canvas.mark("bottom", None)
        self._canvas.axis("left").whole = self._shared.view in ("state_map",)
        self._canvas.set_home(x0, max(x1, x0 + 1e-6), y0, max(y1, y0 + 1e-6))

    def _paint(self, values: FloatArray) -> None:
        scale = self._shared.scale
        self._heat.set_table(colours.table_for(scale.signed), scale.signed)
        self._heat.show(values, scale.shades)

    # Mouse

    def _click(self, x: float, y: float) -> None:
        if self._shared.view == "surprise":
            self.position_picked.emit(max(0, round(x)))
        elif self._shared.view == "state_map":
            self.layer_picked.emit(max(0, round(y)))

    def _point_away(self) -> None:
        self._about.say(self._describe())

    def _describe(self) -> str:
        """What is drawn."""
        view, frame = self._shared.view, self._frame
        if view == "surprise":
            words = self.tr("mean {0} nats a token")
            return words.format(number(float(np.mean(self._surprises)))) if self._surprises else ""
        if frame is None:
            return ""
        if view == "state_map":
            return "" if frame.state_map is None else self.tr("{0}: magnitude").format(frame.state_map.title)
        known = {
            "memory": self.tr("layer {0}, head {1}"),
            "decay_curves": self.tr("layer {0}; dashed: the others"),
            "half_life": self.tr("layer {0}; dashed: all layers"),
        }
        return known[view].format(frame.spec.layer, self._shared.head)

    def _point(self, x: float, y: float) -> None:
        said = self._said_at(x, y)
        self._about.say(said or self._describe())

    def _said_at(self, x: float, y: float) -> str:
        """What stands at a point of the plane."""
        view, frame = self._shared.view, self._frame
        if view == "surprise":
            index = round(x) - 1
            if 0 <= index < len(self._surprises):
                return self.tr("token {0}: {1} nats").format(index + 1, number(self._surprises[index]))
            return ""
        if frame is None:
            return ""
        if view == "half_life":
            return self.tr("{0} % outlive {1}").format(f"{x:.0f}", half_life(10.0 ** min(max(y, 0.0), 4.0)))
        if view == "decay_curves" and self.number in self._shared.medians:
            place = int(np.argmin(np.abs(np.log10(LOG_TOKENS) - x)))
            left = percent(float(self._shared.medians[self.number][place]))
            return self.tr("after {0} tokens: median {1}").format(f"{LOG_TOKENS[place]:.0f}", left)
        place2 = self._heat.at(x, y)
        if view == "state_map" and frame.state_map is not None and place2 is not None:
            value = number(float(frame.state_map.values[place2]))
            return self.tr("layer {0}, {1} {2}: {3}").format(
                place2[0], axis_name(frame.state_map.axes[1]), place2[1], value
            )
        return ""
