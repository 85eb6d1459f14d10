"""The inspector: all plots in a grid that fits its width, each of which can be hidden. Asks for just what is to be seen.

The plots come late (`add_plots`), since pyqtgraph takes half a second to import and the window is to be painted before.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol, cast

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.messages import OpenedModel
from rwkv_backend.records import Frame, FrameSpec, TokenRecord

COLUMN_WIDTH = 290
"""From twice this width on there are two columns."""

ROW_HEIGHT = 215

WITH_PAINTING = 2.0
"""Putting a frame into the plots is about half of what it costs; Qt paints them later."""

TURN_MS = 5
"""Between two plots: six of them are then drawn within the 33 ms between two frames."""


class Plot(Protocol):
    """What a plot panel offers the grid; see app/plots/panel.py."""

    key: str
    title: str
    paused: bool

    def show_model(self, opened: OpenedModel | None) -> None: ...
    def wants(self, spec: FrameSpec) -> FrameSpec: ...
    def show_frame(self, frame: Frame) -> None: ...
    def show_pick(self, layer: int, head: int) -> None: ...
    def show_place(self, position: int | None, total: int) -> None: ...
    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None: ...
    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None: ...


class PlotGrid(QWidget):
    spec_changed = Signal(object)
    """FrameSpec: what the visible plots want from now on"""
    failed = Signal(str)
    """A plot could not be exported"""
    drawn = Signal(float)
    """All plots show the last frame; how many seconds that took"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plot_grid")
        self._plots: list[Plot] = []
        self._hidden: set[str] = set()
        self._layer = self._head = 0
        self._columns = 0
        self._active = False
        self._opened: OpenedModel | None = None
        self._frame: Frame | None = None
        self._waiting_plots: list[Plot] = []
        self._spent = 0.0
        self._turn = QTimer(self)
        self._turn.setInterval(TURN_MS)
        self._turn.timeout.connect(self.draw_next)
        self._waiting = QLabel(self.tr("Preparing the plots …"))
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._waiting.setProperty("kind", "muted")
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(theme.XS, theme.XS, theme.XS, theme.XS)
        self._grid.setSpacing(theme.S)
        self._grid.addWidget(self._waiting)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("plot_scroll")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setWidget(self._inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)

    def sizeHint(self) -> QSize:
        return QSize(2 * COLUMN_WIDTH + 2 * theme.L, 3 * ROW_HEIGHT)

    def add_plots(self, plots: Sequence[QWidget]) -> None:
        """Put the plots in; they are `PlotPanel`s."""
        self._waiting.hide()
        self._grid.removeWidget(self._waiting)
        for widget in plots:
            plot = cast("Plot", widget)
            self._plots.append(plot)
            widget.setParent(self._inside)
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            widget.picked.connect(self.pick)  # type: ignore[attr-defined]
            widget.wants_changed.connect(self.ask)  # type: ignore[attr-defined]
            widget.failed.connect(self.failed)  # type: ignore[attr-defined]
        self._arrange()

    @property
    def plots(self) -> tuple[Plot, ...]:
        return tuple(self._plots)

    def hidden(self) -> set[str]:
        """Keys of the plots that are switched off."""
        return set(self._hidden)

    def set_hidden(self, keys: set[str]) -> None:
        self._hidden = set(keys)
        self._arrange()

    def set_shown(self, key: str, shown: bool) -> None:
        self.set_hidden(self._hidden - {key} if shown else self._hidden | {key})

    def show_model(self, opened: OpenedModel | None) -> None:
        self._opened = opened
        self._layer = self._head = 0
        self._frame = None
        self._waiting_plots.clear()
        for plot in self._plots:
            plot.show_model(opened)
            plot.show_pick(0, 0)
        self.ask()

    def show_frame(self, frame: Frame) -> None:
        """Draw the plots one after the other, each in a turn of the event loop of its own, always with the newest frame."""
        self._frame = frame
        self._waiting_plots += [p for p in self._shown() if not p.paused and p not in self._waiting_plots]
        self._turn.start()

    def draw_next(self) -> None:
        """Drawing all six at once would keep the window from answering for as long as all of them take."""
        if self._waiting_plots and self._frame is not None:
            began = time.perf_counter()
            self._waiting_plots.pop(0).show_frame(self._frame)
            self._spent += time.perf_counter() - began
        if not self._waiting_plots:
            self._turn.stop()
            self.drawn.emit(self._spent * WITH_PAINTING)
            self._spent = 0.0

    def pick(self, layer: int, head: int) -> None:
        """A layer and head were picked in one plot: all follow."""
        self._layer, self._head = layer, head
        for plot in self._plots:
            plot.show_pick(layer, head)
        self.ask()

    def show_place(self, position: int | None, total: int) -> None:
        """Frames are of the state after so many of the text's `total` tokens; None: they follow the text."""
        for plot in self._plots:
            plot.show_place(position, total)

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text now holds these tokens and no others."""
        for plot in self._plots:
            plot.show_tokens(first, records)

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These tokens of the text, from `first` on, are better known now."""
        for plot in self._plots:
            plot.show_measured(first, records)

    def start_afresh(self) -> None:
        """The text was cleared: as after loading, scales too; the picked layer and head stay."""
        layer, head = self._layer, self._head
        self.show_model(self._opened)
        self.pick(layer, head)

    def set_active(self, active: bool) -> None:
        """Whether the inspector can be seen. (While its dock is being hidden, `isVisible` still says so.)"""
        self._active = active
        self.ask()

    def ask(self) -> None:
        """Say what the visible plots want; nothing while the inspector is hidden."""
        spec = FrameSpec(layer=self._layer, head=self._head)
        if self._active and not self.window().isMinimized():
            for plot in self._shown():
                if not plot.paused:
                    spec = plot.wants(spec)
        self.spec_changed.emit(spec)

    def _shown(self) -> list[Plot]:
        return [plot for plot in self._plots if plot.key not in self._hidden]

    def _arrange(self) -> None:
        columns = self._fitting_columns()
        self._columns = columns
        shown = self._shown()
        for plot in self._plots:
            widget = cast("QWidget", plot)
            self._grid.removeWidget(widget)
            widget.setVisible(plot in shown)
        for place, plot in enumerate(shown):
            self._grid.addWidget(cast("QWidget", plot), place // columns, place % columns)
        for column in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._share_height()
        self.ask()

    def _share_height(self) -> None:
        """All plots of one height: the rows fill the view, or scroll where that would make them too low to read."""
        shown = self._shown()
        rows = -(-len(shown) // max(1, self._columns))
        if not rows:
            return
        free = self._scroll.viewport().height() - 2 * theme.XS - (rows - 1) * theme.S
        for plot in shown:
            cast("QWidget", plot).setFixedHeight(max(ROW_HEIGHT, free // rows))

    def _fitting_columns(self) -> int:
        return max(1, min(3, self.width() // COLUMN_WIDTH))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._plots and self._fitting_columns() != self._columns:
            self._arrange()
        else:
            self._share_height()
