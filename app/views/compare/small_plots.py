"""The row of small plots, one a column: which plot it is, of which layer and head, and the scale that they share.

Importing this imports pyqtgraph: the window does it late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast, get_args

import numpy as np
from PySide6.QtCore import QObject, QRectF, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QWidget

from app import theme
from app.compare_messages import ColumnFrame, ColumnStatus, Look, View
from app.plots import colours
from app.plots.colours import Scale
from app.plots.words import number
from app.views.compare import words
from app.views.compare.decay_strokes import median_left
from app.views.compare.small_plot import LEAST_TOKENS, LEAST_TOP, Shared, SmallPlot
from app.views.parts import named, tip

TURN_MS, WRITING_TURN_MS = 8, 30
"""Between two plots that are drawn anew: at rest, and while the models want Python's lock for their own work."""


class PlotChoice(QWidget):
    """Which plot is under every column, of which field, layer and head."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._field = QComboBox(), QComboBox()
        self._layer, self._head = QSpinBox(), QSpinBox()
        named(self._view, "compare_view", self.tr("Plot under every model"))
        named(self._field, "compare_field", self.tr("State field"))
        named(self._layer, "compare_layer", self.tr("Layer, the same for every model"))
        named(self._head, "compare_head", self.tr("Head, the same for every model"))
        self._titles = {
            "surprise": self.tr("Surprise"),
            "state_map": self.tr("State map"),
            "memory": self.tr("Memory"),
            "decay_curves": self.tr("Decay curves"),
            "half_life": self.tr("Half-life"),
        }
        for view in get_args(View):
            self._view.addItem(self._titles[view], view)
        self._field.addItem(self.tr("memory, as it is read"), "")
        about = self.tr(
            "Versions 1 to 4 read a weighted mean for each channel, 5 to 7 a matrix for each head; "
            "the other fields are shown as they are kept"
        )
        self._field.setToolTip(tip(about))
        self.bar = FlatBar()
        self._layer_label, self._head_label = QLabel(self.tr("Layer")), QLabel(self.tr("Head"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        parts = (self._view, self._field, self._layer_label, self._layer, self._head_label, self._head, self.bar)
        for part in parts:
            row.addWidget(part)
        self._view.currentIndexChanged.connect(self._chosen)
        self._field.currentIndexChanged.connect(self._chosen)
        self._layer.valueChanged.connect(self._chosen)
        self._head.valueChanged.connect(self._chosen)
        self._fit()

    def look(self, position: int | None) -> Look:
        return Look(self.view, self._field.currentData() or "", self._layer.value(), self._head.value(), position)

    @property
    def view(self) -> View:
        return cast("View", self._view.currentData())

    def choose(self, view: str) -> None:
        self._view.setCurrentIndex(max(0, self._view.findData(view)))

    def pick_layer(self, layer: int) -> None:
        self._layer.setValue(layer)

    def offer(self, statuses: Sequence[ColumnStatus]) -> None:
        """The fields, layers and heads of these models."""
        infos = [s.card.info for s in statuses if s.card is not None]
        self._layer.setRange(0, max((info.n_layer for info in infos), default=1) - 1)
        self._head.setRange(0, max((info.n_head or 1 for info in infos), default=1) - 1)
        names = dict.fromkeys(f.field.name for s in statuses if s.opened for f in s.opened.fields if f.layers)
        chosen = self._field.currentData()
        with QSignalBlocker(self._field):
            while self._field.count() > 1:
                self._field.removeItem(1)
            for name in names:
                self._field.addItem(name, name)
            self._field.setCurrentIndex(max(0, self._field.findData(chosen)))

    def _chosen(self) -> None:
        self._fit()
        self.changed.emit()

    def _fit(self) -> None:
        """Only what matters for this plot can be seen."""
        view = self.view
        self._field.setVisible(view == "state_map")
        for part in (self._layer_label, self._layer):
            part.setVisible(view != "surprise")
        for part in (self._head_label, self._head):
            part.setVisible(view == "memory")
        self.bar.setVisible(view in ("state_map", "memory"))


def versions_scale(signed: bool) -> Scale:
    """Logarithmic from the first: what versions 5 to 7 sum up is some hundred times as large as the means of 1 to 4."""
    scale = Scale(signed=signed)
    scale.logarithmic = scale.decided = True
    return scale


class FlatBar(QWidget):
    """What the colours mean: a strip with the numbers at its ends."""

    STRIP = 90

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale = Scale(signed=False)
        named(self, "compare_colour_bar", self.tr("Colours, the same for every model"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(self.STRIP + 22 * self.fontMetrics().averageCharWidth(), self.fontMetrics().height() + 4)
        theme.signals().changed.connect(self.update)

    def show_scale(self, scale: Scale) -> None:
        self._scale = scale
        kind = self.tr("logarithmic, four decades") if scale.logarithmic else self.tr("linear")
        self.setToolTip(tip(self.tr("Equal colours are equal numbers in every column; {0}").format(kind)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        scale, painter, metrics = self._scale, QPainter(self), self.fontMetrics()
        painter.setPen(QColor(theme.current().muted))
        low = number(-scale.top) if scale.signed else "0"
        high = number(scale.top) + (self.tr(" (log)") if scale.logarithmic else "")
        painter.drawText(0, 0, self.width(), self.height(), Qt.AlignmentFlag.AlignVCenter, low)
        x = metrics.horizontalAdvance(low) + theme.XS
        shades = np.ascontiguousarray(colours.table_for(scale.signed)[None, :255])
        strip = QImage(shades.tobytes(), 255, 1, 255 * 3, QImage.Format.Format_RGB888)
        painter.drawImage(QRectF(x, 3, self.STRIP, self.height() - 6), strip)
        left = x + self.STRIP + theme.XS
        painter.drawText(left, 0, self.width() - left, self.height(), Qt.AlignmentFlag.AlignVCenter, high)
        painter.end()


class SmallPlots(QObject):
    """Keeps the plots of all columns on the same axes; draws one a turn of the event loop."""

    layer_picked = Signal(int)
    position_picked = Signal(int)

    def __init__(self, row: QHBoxLayout, choice: PlotChoice, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._row, self._choice = row, choice
        self._plots: dict[int, SmallPlot] = {}
        self._shared = Shared()
        self._look = Look()
        self._waiting: list[SmallPlot] = []
        self._turn = QTimer(self)
        self._turn.setInterval(TURN_MS)
        self._turn.timeout.connect(self._draw_next)

    @property
    def plots(self) -> tuple[SmallPlot, ...]:
        return tuple(self._plots.values())

    @property
    def shared(self) -> Shared:
        return self._shared

    def show_columns(self, statuses: Sequence[ColumnStatus]) -> None:
        wanted = {status.column for status in statuses}
        for column in [c for c in self._plots if c not in wanted]:
            plot = self._plots.pop(column)
            self._shared.medians.pop(column, None)
            self._row.removeWidget(plot)
            plot.hide()
            plot.deleteLater()
        self._waiting = [plot for plot in self._waiting if plot in self.plots]
        for place, status in enumerate(statuses):
            plot = self._plots.get(status.column) or self._made(status.column)
            plot.show_name(words.title(status))
            self._row.insertWidget(place, plot, 1)

    def show_look(self, look: Look) -> None:
        """Another choice: what was drawn of another one goes."""
        old, self._look = self._look, look
        shared = self._shared
        shared.view, shared.layer, shared.head, shared.position = look.view, look.layer, look.head, look.position
        if replace(old, position=None, layer=0) != replace(look, position=None, layer=0):
            self._start_scale()
            for plot in self.plots:
                plot.forget_frame()
        self._draw_all()

    def set_writing(self, writing: bool) -> None:
        self._turn.setInterval(WRITING_TURN_MS if writing else TURN_MS)

    def begin(self) -> None:
        """All columns are about to write afresh."""
        self._start_scale()
        self._shared.tokens, self._shared.nats = LEAST_TOKENS, LEAST_TOP
        for plot in self.plots:
            plot.forget()

    def show_frame(self, told: ColumnFrame) -> None:
        """A frame of one column; frames of another choice than the present one are too late."""
        plot = self._plots.get(told.column)
        if plot is None or not self._is_present(told.look):
            return
        grown = self._follow(told)
        plot.take_frame(told.frame)
        self._wait_for(*(self.plots if grown else (plot,)))

    def show_surprises(self, column: int, nats: list[float]) -> None:
        plot = self._plots.get(column)
        if plot is None:
            return
        plot.take_surprises(nats)
        shared = self._shared
        before = shared.tokens, shared.nats
        while shared.tokens < len(nats):
            shared.tokens *= 2
        shared.nats = max(shared.nats, float(np.ceil(max(nats, default=0.0))))
        if shared.view == "surprise":
            self._wait_for(*(self.plots if before != (shared.tokens, shared.nats) else (plot,)))

    def _is_present(self, look: Look) -> bool:
        return replace(look, position=None) == replace(self._look, position=None)

    def _start_scale(self) -> None:
        self._shared.scale = versions_scale(signed=self._look.view == "memory")
        self._shared.columns = self._shared.layers = 1
        self._shared.medians.clear()
        self._choice.bar.show_scale(self._shared.scale)

    def _follow(self, told: ColumnFrame) -> bool:
        """Let the shared axes and colours grow to hold this frame; whether they did."""
        shared, frame = self._shared, told.frame
        before = shared.columns, shared.layers, shared.scale.top, shared.scale.logarithmic
        if frame.state_map is not None:
            layers, columns = frame.state_map.values.shape
            shared.layers, shared.columns = max(shared.layers, layers), max(shared.columns, columns)
            shared.scale.follow(frame.state_map.values)
        for entry in frame.memory:
            shared.scale.follow(entry.values)
        median = median_left(frame.decay)
        moved = median is not None and not np.array_equal(median, shared.medians.get(told.column, np.empty(0)))
        if median is not None:
            shared.medians[told.column] = median
        self._choice.bar.show_scale(shared.scale)
        return moved or before != (shared.columns, shared.layers, shared.scale.top, shared.scale.logarithmic)

    def _draw_all(self) -> None:
        self._wait_for(*self.plots)

    def _wait_for(self, *plots: SmallPlot) -> None:
        self._waiting += [plot for plot in plots if plot not in self._waiting]
        self._turn.start()

    def _draw_next(self) -> None:
        if self._waiting:
            self._waiting.pop(0).draw()
        if not self._waiting:
            self._turn.stop()

    def _made(self, column: int) -> SmallPlot:
        plot = SmallPlot(column, self._shared)
        plot.layer_picked.connect(self.layer_picked)
        plot.position_picked.connect(self.position_picked)
        self._plots[column] = plot
        return plot
