"""What each layer's memory is worth: the change of the loss without it, or of a word's log-probability with another's.

One number a layer is a bar, one a layer and head a map. Drawn while the sweep runs, as far as it is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from app import theme
from app.messages import OpenedModel
from app.plots import colours
from app.plots.answer import AnswerPanel
from app.plots.canvas import Canvas
from app.plots.colours import ColourBar, Scale
from app.plots.heatmap import Heatmap
from app.plots.layer_bars import LayerBars
from app.plots.panel import Row, Shown
from app.plots.parts import Choice, Legend
from app.plots.words import axis_name, number
from app.views.parts import library
from rwkv_backend.records import Labelled, Progress


class SweepPlot(AnswerPanel):
    """Bars or a map with a button that begins, one that stops, and a line that says what came out."""

    start_asked = Signal()
    stop_asked = Signal()

    def __init__(self) -> None:
        self._table: Labelled | None = None
        self._tables: tuple[Labelled, ...] = ()
        self._choice = ""
        self._asked: Shown | None = None
        self._failed = False
        super().__init__()
        self._canvas = Canvas(whole_y=False)
        self._canvas.setObjectName(f"{self.key}_canvas")
        self._canvas.setAccessibleName(self.title)
        self._bars = LayerBars(self._canvas)
        self._heat = Heatmap(self._canvas)
        self._scale = Scale(signed=True)
        self._bar = ColourBar()
        self._bar.hide()
        self._series = Choice(f"{self.key}_series", self.tr("What the map shows"))
        self._series.addItems(list(self.series()))
        self._series.currentIndexChanged.connect(self._paint)
        self._series.hide()
        self._legend = Legend(f"{self.key}_legend")
        self._result = QLabel()
        self._result.setObjectName(f"{self.key}_result")
        self._result.setWordWrap(True)
        self._make_buttons()
        self._lay_out()
        self._canvas.hovered.connect(self._point)
        self._canvas.left.connect(self._point_away)
        self.show_model(None)

    def _make_buttons(self) -> None:
        self.start = QPushButton(self.start_words())
        self.start.setObjectName(f"{self.key}_start_button")
        self.start.setProperty("kind", "primary")
        self.start.clicked.connect(self.start_asked)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setObjectName(f"{self.key}_stop_button")
        self.stop.clicked.connect(self.stop_asked)
        self.stop.hide()
        self._progress = QProgressBar()
        self._progress.setObjectName(f"{self.key}_progress")
        self._progress.setAccessibleName(self.tr("{0}: how far it is").format(self.title))
        self._progress.setTextVisible(False)
        self._progress.hide()

    def _lay_out(self) -> None:
        self.controls.addStretch(1)
        self.controls.addWidget(self._progress, 10)
        self.controls.addWidget(self.stop)
        self.controls.addWidget(self.start)
        plot = QHBoxLayout()
        plot.setSpacing(theme.XS)
        plot.addWidget(self._canvas, 1)
        plot.addWidget(self._bar)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addWidget(self._result)
        column.addWidget(self._series)
        column.addLayout(plot, 1)
        column.addWidget(self._legend)

    def start_words(self) -> str:
        """On the button that begins."""
        raise NotImplementedError

    def how_to_begin(self) -> str:
        """What to do while nothing has been asked of the text."""
        return self.tr("Press “{0}”, and this is drawn.").format(self.start_words())

    def series(self) -> tuple[str, ...]:
        """What its numbers are, each with a name."""
        return (self.title,)

    # What it is told

    def show_model(self, opened: OpenedModel | None) -> None:
        super().show_model(opened)
        self._failed = False
        self._controls.setVisible(opened is not None)

    def show_text(self, there: bool) -> None:
        """Whether there is a text to ask about; until it is asked, the plot's place says how."""
        if self.opened is not None and self._table is None and not self._failed:
            self.say_nothing_here(self.how_to_begin() if there else self.invitation())

    def show_failure(self, sentence: str) -> None:
        super().show_failure(sentence)
        self._failed = True

    def say_nothing_here(self, sentence: str) -> None:
        super().say_nothing_here(sentence)
        self._controls.setVisible(self.opened is not None)

    def forget(self) -> None:
        self._table, self._tables, self._asked = None, (), None
        self._scale.forget()
        self._bars.clear()
        self._heat.clear()
        self._result.clear()
        self.say("")

    def show_tables(self, tables: tuple[Labelled, ...], result: str, asked: Shown, tokens_seen: int) -> None:
        """The numbers so far, one table for each of `series`, what they say, and what was asked."""
        self._tables, self._table, self._asked, self._choice = tables, tables[0], asked, result
        self._failed = False
        self._result.setText(result)
        self.show_drawn(tokens_seen)
        self._paint()

    def show_progress(self, progress: Progress) -> None:
        self._progress.setRange(0, progress.total)
        self._progress.setValue(progress.done)

    def show_running(self, running: bool) -> None:
        self._progress.setVisible(running)
        self.stop.setVisible(running)
        self.start.setEnabled(not running)
        if not running and self.opened is not None and self._table is None:
            self.say("")

    def recolour(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if self._table is None:
            return
        flat = self._table.values.ndim == 1
        self._table = self._tables[0 if flat else max(self._series.currentIndex(), 0)]
        values, colours_of = self._table.values, theme.current().series
        names = self.series() if flat and len(self._tables) > 1 else ()
        self._legend.show_entries([("■", colour, name) for colour, name in zip(colours_of, names, strict=False)])
        self._series.setVisible(not flat and len(self._tables) > 1)
        self._bar.setVisible(not flat)
        if flat:
            self._heat.clear()
            self._canvas.mark("left", None)
            self._canvas.axis("left").whole = False
            together = np.stack([table.values for table in self._tables])
            self._bars.show(together, colours_of, library(self._table.unit), axis_name("layer"))
            return
        self._bars.clear()
        layers, heads = values.shape
        self._canvas.axis("left").whole = True
        self._canvas.name_axes(axis_name("head"), axis_name("layer"))
        self._canvas.set_home(-0.5, heads - 0.5, -0.5, layers - 0.5)
        self._scale.follow(values)
        self._heat.set_table(colours.table_for(True), True)
        self._heat.show(values, self._scale.shades)
        self._bar.show_scale(self._scale, library(self._table.unit))

    def _point(self, x: float, y: float) -> None:
        if self._table is None:
            return
        values = self._table.values
        if values.ndim == 1:
            layer = round(x)
            if 0 <= layer < len(values):
                told = [self._words((layer,), float(table.values[layer])) for table in self._tables]
                self.say(told[0] if len(told) == 1 else self._by_name(told))
            return
        place = self._heat.at(x, y)
        if place is not None:
            self.say(self._words(place, float(values[place])))

    def _by_name(self, told: list[str]) -> str:
        return " · ".join(f"{name}: {words}" for name, words in zip(self.series(), told, strict=True))

    def _words(self, place: Sequence[int], value: float) -> str:
        assert self._table is not None
        where = ", ".join(f"{axis_name(axis)} {index}" for axis, index in zip(self._table.axes, place, strict=True))
        if value != value:
            return self.tr("{0}: not known").format(where)
        return self.tr("{0}: {1} {2}").format(where, number(value), library(self._table.unit))

    def _point_away(self) -> None:
        self.say("")

    @property
    def tables(self) -> tuple[Labelled, ...]:
        """What is drawn, a table for each of `series`; () if nothing is."""
        return self._tables

    # Export

    def describe(self) -> str:
        return self._choice

    def unit(self) -> str:
        return library(self._table.unit) if self._table is not None else super().unit()

    def shown(self) -> Shown | None:
        return self._asked

    def rows(self) -> list[Row]:
        if self._table is None:
            return []
        heads = [axis_name("head")] if self._table.values.ndim == 2 else []
        table: list[Row] = [[axis_name("layer"), *heads, *self.series()]]
        for place in np.ndindex(self._table.values.shape):
            found = (float(one.values[place]) for one in self._tables)
            table.append([*place, *("" if value != value else value for value in found)])
        return table


class AblationPlot(SweepPlot):
    key = "ablation"

    @property
    def title(self) -> str:
        return self.tr("What is lost without a memory")

    @property
    def help_text(self) -> str:
        return self.tr(
            "Each layer's memory is emptied in turn at the cut, and the rest of the text is read: the bar is how much worse "
            "it is then foreseen. Typically one or two layers matter far more than the rest, and some do not matter at all."
        )

    def start_words(self) -> str:
        return self.tr("Take each away")


class PatchPlot(SweepPlot):
    key = "patching"

    @property
    def title(self) -> str:
        return self.tr("Who remembers a word?")

    def series(self) -> tuple[str, ...]:
        return self.tr("taken out of this text"), self.tr("put into the other text")

    @property
    def help_text(self) -> str:
        return self.tr(
            "The text is read twice, once with another word in place of one of its own; then each layer's memory of the "
            "other reading is put into this one in turn (far below zero: only that layer held the word), and its own into "
            "the other reading (far above zero: that layer alone is enough). Let the text end where the word is due again."
        )

    def how_to_begin(self) -> str:
        return self.tr("Write a word of the text above and another one to put in its place, and press “{0}”.").format(
            self.start_words()
        )

    def start_words(self) -> str:
        return self.tr("Find the layer")
