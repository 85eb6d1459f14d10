"""Where two states differ: bars for each layer and field, and the difference itself as a map."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app import theme
from app.analysis_messages import Comparison
from app.plots import colours
from app.plots.answer import AnswerPanel
from app.plots.canvas import Canvas
from app.plots.colours import ColourBar, Scale
from app.plots.heatmap import Heatmap
from app.plots.layer_bars import LayerBars
from app.plots.panel import Row, Shown
from app.plots.parts import Choice, Legend
from app.plots.scale_button import ScaleButton
from app.plots.words import axis_name, number
from rwkv_backend.records import FloatArray

MOST_FIELDS = 6


class DifferenceBars(AnswerPanel):
    """Relative difference or cosine, a bar for each field in each layer."""

    key = "state_difference"

    def __init__(self) -> None:
        self._comparison: Comparison | None = None
        super().__init__()
        self._measure = Choice("state_difference_measure", self.tr("What the bars show"))
        self._measure.addItems([self.tr("distance, relative"), self.tr("cosine")])
        self._measure.currentIndexChanged.connect(self._paint)
        self.controls.addWidget(self._measure, 1)
        self._canvas = Canvas(whole_y=False)
        self._canvas.setObjectName("state_difference_canvas")
        self._canvas.setAccessibleName(self.title)
        self._bars = LayerBars(self._canvas)
        self._legend = Legend("state_difference_legend")
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self._canvas, 1)
        column.addWidget(self._legend)
        self._canvas.hovered.connect(self._point)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Difference by layer")

    @property
    def help_text(self) -> str:
        return self.tr(
            "How far the two states lie apart in each layer and field: distance over the size of both, or the cosine of the "
            "angle between them (1: the same direction). Typically the last layers differ most, and what the last word left "
            "differs more than the long memory."
        )

    def forget(self) -> None:
        self._comparison = None
        self._bars.clear()
        self._legend.show_entries([])
        self.say("")

    def show_comparison(self, comparison: Comparison, tokens_seen: int) -> None:
        self._comparison = comparison
        self.show_drawn(tokens_seen)
        self._paint()
        self.say(" ".join(comparison.states.skipped))

    def recolour(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if self._comparison is None:
            return
        series = theme.current().series[:MOST_FIELDS]
        names = self._comparison.states.names[:MOST_FIELDS]
        table = self._table()
        values = np.where(np.isfinite(table), table, np.float32(np.nan)).T[:MOST_FIELDS]
        top = 1.0 if self._measure.currentIndex() == 1 else 0.0
        self._bars.show(values, series, self._axis(), axis_name("layer"), top)
        self._legend.show_entries([("■", colour, name) for colour, name in zip(series, names, strict=False)])

    def _axis(self) -> str:
        return self.tr("cosine") if self._measure.currentIndex() == 1 else self.tr("relative")

    def _table(self) -> FloatArray:
        assert self._comparison is not None
        states = self._comparison.states
        return states.cosine.values if self._measure.currentIndex() == 1 else states.relative.values

    def _point(self, x: float, y: float) -> None:
        if self._comparison is None:
            return
        layer, table = round(x), self._table()
        if 0 <= layer < len(table):
            parts = [
                f"{name} {number(float(value))}"
                for name, value in zip(self._comparison.states.names, table[layer], strict=True)
            ]
            self.say(self.tr("layer {0}: {1}").format(layer, ", ".join(parts)))

    def describe(self) -> str:
        if self._comparison is None:
            return ""
        return self.tr("{0}, from “{1}” to “{2}”").format(self._measure.currentText(), *self._comparison.names)

    def shown(self) -> Shown | None:
        if self._comparison is None:
            return None
        part = "cosine" if self._measure.currentIndex() == 1 else "relative"
        return {"plot": "difference", "part": part, "states": self._comparison.numbers}

    def rows(self) -> list[Row]:
        names: Row = [
            self.tr("layer"),
            self.tr("field"),
            self.tr("norm before"),
            self.tr("norm after"),
            self.tr("distance"),
            self.tr("relative"),
            self.tr("cosine"),
        ]
        fields = self._comparison.states.fields if self._comparison is not None else ()
        return [
            names,
            *(
                [
                    "" if f.layer is None else f.layer,
                    f.field,
                    f.norm_before,
                    f.norm_after,
                    f.distance,
                    f.relative,
                    f.cosine,
                ]
                for f in fields
            ),
        ]


class DifferenceMap(AnswerPanel):
    """One field's difference, layers × channels or heads."""

    key = "difference_map"
    field_chosen = Signal(str)

    def __init__(self) -> None:
        self._comparison: Comparison | None = None
        self._scale = Scale(signed=True)
        super().__init__()
        self._field = Choice("difference_map_field", self.tr("State field"))
        self._field.textActivated.connect(self.field_chosen)
        self._scale_button = ScaleButton(self.key)
        self._scale_button.set_scale(self._scale)
        self._scale_button.changed.connect(self._paint)
        self.add_tool(self._scale_button)
        self.controls.addWidget(self._field, 1)
        self._canvas = Canvas()
        self._canvas.setObjectName("difference_map_canvas")
        self._canvas.setAccessibleName(self.title)
        self._heat = Heatmap(self._canvas)
        self._bar = ColourBar()
        row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.XS)
        row.addWidget(self._canvas, 1)
        row.addWidget(self._bar)
        self._canvas.hovered.connect(self._point)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Map of the difference")

    @property
    def help_text(self) -> str:
        return self.tr(
            "The second state minus the first, in one field: a row a layer, a column a channel or head. For matrices, how "
            "long each row of the difference is. Typically single channels stand out: what took up the difference."
        )

    @property
    def field(self) -> str:
        return self._field.currentText()

    def forget(self) -> None:
        self._comparison = None
        self._scale = Scale(signed=True)
        self._heat.clear()
        self.say("")

    def show_comparison(self, comparison: Comparison, tokens_seen: int) -> None:
        another = self._comparison is None or self._comparison.field != comparison.field
        self._comparison = comparison
        self._field.clear()
        self._field.addItems(list(comparison.states.names))
        self._field.setCurrentText(comparison.field)
        if another and comparison.map is not None:
            self._scale = Scale(signed=bool((comparison.map.values < 0).any()))
            self._scale_button.set_scale(self._scale)
        self.show_drawn(tokens_seen, "" if comparison.map is not None else self.tr("No layer holds this field."))
        self._paint()

    def recolour(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if self._comparison is None or self._comparison.map is None:
            return
        values = self._comparison.map.values
        self._canvas.name_axes(axis_name(self._comparison.map.axes[1]), axis_name("layer"))
        self._canvas.set_home(-0.5, values.shape[1] - 0.5, -0.5, values.shape[0] - 0.5)
        self._scale.follow(values)
        self._heat.set_table(colours.table_for(self._scale.signed), self._scale.signed)
        self._heat.show(values, self._scale.shades)
        self._bar.show_scale(self._scale, self._comparison.map.unit)

    def _point(self, x: float, y: float) -> None:
        place = self._heat.at(x, y)
        if place is not None and self._comparison is not None and self._comparison.map is not None:
            drawn = self._comparison.map
            words = self.tr("layer {0}, {1} {2}: {3}")
            self.say(words.format(place[0], axis_name(drawn.axes[1]), place[1], number(float(drawn.values[place]))))

    def describe(self) -> str:
        if self._comparison is None:
            return ""
        return self.tr("{0}, from “{1}” to “{2}”").format(self._comparison.field, *self._comparison.names)

    def shown(self) -> Shown | None:
        if self._comparison is None or self._comparison.map is None:
            return None
        return {"plot": "difference_map", "field": self._comparison.field, "states": self._comparison.numbers}

    def rows(self) -> list[Row]:
        if self._comparison is None or self._comparison.map is None:
            return []
        values = self._comparison.map.values
        table: list[Row] = [[axis_name("layer"), *range(values.shape[1])]]
        for layer, line in enumerate(values.tolist()):
            table.append([layer, *("" if value != value else value for value in line)])
        return table
