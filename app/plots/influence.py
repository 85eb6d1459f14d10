"""How much each earlier token still counts: a map of tokens × tokens for a layer and head, and a bar under each word."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSignalBlocker, Signal
from PySide6.QtWidgets import QGraphicsRectItem, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout

from app import theme
from app.analysis_messages import InfluenceAnswer
from app.messages import OpenedModel
from app.plots import colours
from app.plots.answer import AnswerPanel
from app.plots.canvas import Canvas
from app.plots.colours import ColourBar, Scale
from app.plots.heatmap import Heatmap
from app.plots.influence_words import UnderWords
from app.plots.panel import Row, Shown
from app.plots.parts import Choice, Legend, OneLine
from app.plots.scale_button import ScaleButton
from app.plots.word_strip import WordStrip
from app.plots.words import number, percent, visible
from rwkv_backend.analysis.records import InfluenceMeasure, LeaveOneOut
from rwkv_backend.records import Progress

LENGTHS = (32, 64, 128, 256, 512)
USUAL_LENGTH = 128
LONGEST_LEFT_OUT = 64
"""Leaving out is reading the text once for each token: only the last so many are tried."""

MEASURES: tuple[InfluenceMeasure, ...] = ("share", "weight")


class Influence(AnswerPanel):
    key = "influence"
    token_picked = Signal(int)
    """The scrubber should go to where so many tokens have been read"""
    leave_out_asked = Signal()
    stop_asked = Signal()

    def __init__(self) -> None:
        self._answer: InfluenceAnswer | None = None
        self._left_out: LeaveOneOut | None = None
        self._scale = Scale(signed=False)
        super().__init__()
        self._make_choices()
        self._make_plot()
        self._make_strip()
        self._lay_out()
        self.show_model(None)

    # Building

    def _make_choices(self) -> None:
        self._layer = Choice("influence_layer", self.tr("Layer"))
        self._head = Choice("influence_head", self.tr("Head"))
        self._measure = Choice("influence_measure", self.tr("What is shown of a token's influence"))
        self._measure.addItems([self.tr("share of the read-out"), self.tr("weight, with its sign")])
        self._length = Choice("influence_length", self.tr("How many tokens, counted from the end"))
        for length in LENGTHS:
            self._length.addItem(self.tr("last {0} tokens").format(length), length)
        self._length.setCurrentIndex(LENGTHS.index(USUAL_LENGTH))
        for choice, stretch in ((self._layer, 3), (self._head, 2), (self._measure, 4), (self._length, 3)):
            choice.currentIndexChanged.connect(self._chosen)
            self.controls.addWidget(choice, stretch)

    def _make_plot(self) -> None:
        self.canvas = Canvas()
        self.canvas.setObjectName("influence_canvas")
        self.canvas.setAccessibleName(self.title)
        self.canvas.view.invertY(True)
        self.canvas.widen_left("0,000")
        self._heat = Heatmap(self.canvas, hatched=False)
        self._cross = QGraphicsRectItem()
        self.canvas.add(self._cross)
        self._bar = ColourBar()
        self._scale_button = ScaleButton(self.key)
        self._scale_button.changed.connect(self._paint)
        self._scale_button.set_scale(self._scale)
        self.add_tool(self._scale_button)
        self.canvas.hovered.connect(self._point)
        self.canvas.left.connect(self._point_away)
        self.canvas.clicked.connect(self._click)

    def _make_strip(self) -> None:
        self._about_strip = OneLine(quiet=False)
        self._about_strip.setObjectName("influence_about")
        self._legend = Legend("influence_legend")
        self.strip = WordStrip("influence_words", self.tr("The text, with a bar under each word"))
        self.strip.pointed.connect(self._point_at_word)
        self.strip.picked.connect(self._pick_word)
        self.leave_out = QPushButton(self.tr("Leave one out"))
        self.leave_out.setObjectName("leave_out_button")
        self.leave_out.setToolTip(
            self.tr("Read the text again without each of its last {0} tokens: slow, but the truth").format(
                LONGEST_LEFT_OUT
            )
        )
        self.leave_out.clicked.connect(self.leave_out_asked)
        self.leave_out.setEnabled(False)
        self._stop = QPushButton(self.tr("Stop"))
        self._stop.setObjectName("leave_out_stop_button")
        self._stop.clicked.connect(self.stop_asked)
        self._progress = QProgressBar()
        self._progress.setObjectName("leave_out_progress")
        self._progress.setAccessibleName(self.tr("How many tokens have been left out"))
        self._progress.setTextVisible(False)
        self._stop.hide()
        self._progress.hide()

    def _lay_out(self) -> None:
        plot = QHBoxLayout()
        plot.setSpacing(theme.XS)
        plot.addWidget(self.canvas, 1)
        plot.addWidget(self._bar)
        actions = QHBoxLayout()
        actions.setSpacing(theme.S)
        actions.addWidget(self._about_strip, 1)
        for widget in (self._progress, self._stop, self.leave_out):
            actions.addWidget(widget)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addLayout(plot, 3)
        column.addLayout(actions)
        column.addWidget(self._legend)
        column.addWidget(self.strip, 2)

    @property
    def title(self) -> str:
        return self.tr("Influence of earlier tokens")

    @property
    def help_text(self) -> str:
        return self.tr(
            "The map: how much each token read (across) counts when the model looks into its memory at a later token (down). "
            "Under each word: how much it counts for what comes next. Typically the last few words weigh most, and single "
            "heads hold on to names and beginnings of sentences. Leaving each word out checks this by reading again; the "
            "rank correlation says how well the two agree on which words count most: 1 the same order, 0 no relation, −1 the "
            "opposite order."
        )

    # What is chosen

    @property
    def layer_chosen(self) -> int | None:
        """None: the mean over all layers."""
        data = self._layer.currentData()
        return None if data is None else int(data)

    @property
    def head_chosen(self) -> int | None:
        data = self._head.currentData()
        return None if data is None else int(data)

    @property
    def measure(self) -> InfluenceMeasure:
        return MEASURES[max(self._measure.currentIndex(), 0)]

    @property
    def length(self) -> int:
        return int(self._length.currentData())

    def reset(self, opened: OpenedModel) -> None:
        info = opened.card.info
        with QSignalBlocker(self._layer), QSignalBlocker(self._head):
            self._layer.clear()
            self._layer.addItem(self.tr("all layers (mean)"), None)
            for layer in range(info.n_layer):
                self._layer.addItem(self.tr("layer {0}").format(layer), layer)
            self._head.clear()
            self._head.addItem(self.tr("all heads"), None)
            for head in range(info.n_head or 0):
                self._head.addItem(self.tr("head {0}").format(head), head)
        self._head.setEnabled(False)

    def _chosen(self) -> None:
        with QSignalBlocker(self._head):
            self._head.setEnabled(self.layer_chosen is not None and self._head.count() > 1)
            if self.layer_chosen is None:
                self._head.setCurrentIndex(0)
        self.asked.emit()

    def choose(self, layer: int | None, head: int | None = None) -> None:
        """As if the user had chosen them."""
        self._layer.setCurrentIndex(0 if layer is None else layer + 1)
        self._head.setCurrentIndex(0 if head is None else head + 1)

    # What it is told

    def forget(self) -> None:
        self._answer = self._left_out = None
        self._scale.forget()
        self._heat.clear()
        self._cross.hide()
        self.strip.show_strip(None)
        self._legend.show_entries([])
        self._about_strip.say("")
        self.leave_out.setEnabled(False)
        self.say("")

    def show_answer(self, answer: InfluenceAnswer) -> None:
        """Draw what came."""
        if self._answer is None or (answer.first, answer.texts) != (self._answer.first, self._answer.texts):
            self._left_out = None
        self._answer = answer
        self._scale = Scale(signed=answer.measure == "weight")
        self._scale_button.set_scale(self._scale)
        self.show_drawn(answer.first + len(answer.texts))
        count, start = len(answer.texts), answer.first + 0.5
        self.canvas.name_axes(self.tr("read token (number)"), self.tr("reading token (number)"))
        self.canvas.set_home(start, start + count, start, start + count)
        self.leave_out.setEnabled(count > 1)
        self._paint()
        self._show_strip()
        self.say_about(answer.edited, answer.first, answer.note or self.tr("Point at the map: it names both words."))

    def show_left_out(self, found: LeaveOneOut) -> None:
        """A second bar under each word that was left out so far."""
        self._left_out = found
        self._show_strip()

    def show_progress(self, progress: Progress) -> None:
        self._progress.setRange(0, progress.total)
        self._progress.setValue(progress.done)

    def show_leaving_out(self, running: bool) -> None:
        """Whether tokens are being left out just now."""
        self._progress.setVisible(running)
        self._stop.setVisible(running)
        self.leave_out.setVisible(not running)

    def recolour(self) -> None:
        self._cross.setPen(pg.mkPen(theme.current().text))
        self._paint()
        if self._answer is not None:
            self._legend.show_entries(self._under.legend())

    def _paint(self) -> None:
        self._heat.set_table(colours.table_for(self._scale.signed), self._scale.signed)
        if self._answer is not None:
            count = len(self._answer.texts)
            later = np.triu(np.ones((count, count), dtype=bool), 1)
            values = np.where(later, np.float32(np.nan), self._answer.values)
            start = self._answer.first + 0.5
            self._scale.follow(values)
            self._heat.show(values, self._scale.shades, QRectF(start, start, count, count))
        self._bar.show_scale(self._scale, self._unit_short())

    def _unit_short(self) -> str:
        return self.tr("share") if not self._scale.signed else self.tr("weight")

    @property
    def _under(self) -> UnderWords:
        assert self._answer is not None
        return UnderWords(self._answer, self._left_out)

    def _show_strip(self) -> None:
        self.strip.show_strip(self._under.strip())
        self._legend.show_entries(self._under.legend())
        self._about_strip.say(self._under.sentence())

    # Pointing

    def _point(self, x: float, y: float) -> None:
        place = self._heat.at(x, y)
        if place is None or self._answer is None:
            self._point_away()
            return
        reading, read = place
        first, texts = self._answer.first, self._answer.texts
        self._cross.setRect(QRectF(first + read + 0.5, first + reading + 0.5, 1, 1))
        self._cross.show()
        if read > reading:
            self.say(self.tr("A token cannot look ahead."))
            return
        value = float(self._answer.values[reading, read])
        words = self.tr("At token {0} “{1}”, token {2} “{3}” counts {4}")
        amount = number(value) if self._scale.signed else percent(value)
        self.say(
            words.format(first + reading + 1, visible(texts[reading]), first + read + 1, visible(texts[read]), amount)
        )

    def _point_away(self) -> None:
        self._cross.hide()

    def _click(self, x: float, y: float) -> None:
        place = self._heat.at(x, y)
        if place is not None and self._answer is not None:
            self.token_picked.emit(self._answer.first + place[0] + 1)

    def _point_at_word(self, word: int) -> None:
        if self._answer is not None:
            self._about_strip.say(self._under.sentence(word))

    def _pick_word(self, word: int) -> None:
        if self._answer is not None:
            self.token_picked.emit(self._answer.first + word + 1)

    # Export

    def describe(self) -> str:
        if self._answer is None:
            return ""
        first, count = self._answer.first, len(self._answer.texts)
        where = self.tr("tokens {0} to {1}").format(first + 1, first + count)
        return f"{self._layer.currentText()}, {self._head.currentText()}, {self._measure.currentText()}, {where}"

    def unit(self) -> str:
        return self.tr("share of the read-out, 0 to 1") if not self._scale.signed else self.tr("weight")

    def shown(self) -> Shown | None:
        if self._answer is None:
            return None
        answer = self._answer
        place = {"first": answer.first, "layer": answer.layer, "head": answer.head}
        return {"plot": "influence_map", "measure": answer.measure, **place}

    def rows(self) -> list[Row]:
        """A row a reading token; the last ones hold what stands under the words."""
        if self._answer is None:
            return []
        texts, first = self._answer.texts, self._answer.first
        names: Row = [self.tr("reading token"), self.tr("word"), *range(first + 1, first + len(texts) + 1)]
        table: list[Row] = [names, ["", self.tr("word"), *(visible(text) for text in texts)]]
        for place, values in enumerate(self._answer.values.tolist()):
            cells = [_cell(value) if read <= place else "" for read, value in enumerate(values)]
            table.append([first + place + 1, visible(texts[place]), *cells])
        table.append([self.tr("for the next word"), "", *map(_cell, self._answer.bars.tolist())])
        if second := self._under.left_out_bars():
            table.append([self.tr("left out, nats"), "", *map(_cell, second)])
        return table


def _cell(value: float) -> float | str:
    return "" if value != value else value
