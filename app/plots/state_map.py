"""The state map: one field of the state as layers × channels or heads, in colours that hold still."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QRectF, QSignalBlocker, Qt

from app.messages import OpenedModel
from app.plots import colours
from app.plots.colours import Scale
from app.plots.layer_map import LayerMap
from app.plots.panel import Row, Shown
from app.plots.parts import Choice
from app.plots.scale_button import ScaleButton
from app.plots.words import axis_name, measure_name, number
from rwkv_backend.records import FloatArray, Frame, FrameSpec, Labelled, Measure, StateField, measures_of

_SIGNED = "value"
"""The measure whose numbers have a sign; all others are sizes."""

BESIDE_WORDS = 36
"""What a combo box takes beside its words, in pixels: frame and arrow."""


class StateMap(LayerMap):
    key = "state_map"

    def __init__(self) -> None:
        self._fields: tuple[StateField, ...] = ()
        self._measures: tuple[Measure, ...] = ()
        self._scales: dict[tuple[str, str], Scale] = {}
        self._map: Labelled | None = None
        super().__init__()
        self._field_choice = Choice("state_map_field", self.tr("State field"))
        self._field_choice.currentIndexChanged.connect(self._field_chosen)
        self._measure_choice = Choice("state_map_measure", self.tr("What is shown of the field"))
        self._measure_choice.currentIndexChanged.connect(self._measure_chosen)
        self._scale_button = ScaleButton(self.key)
        self._scale_button.changed.connect(self._paint)
        self.add_tool(self._scale_button)
        self.controls.addWidget(self._field_choice, 1)
        self.controls.addWidget(self._measure_choice, 1)
        self._make_map()
        self._lay_out_map(self.body)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("State map")

    @property
    def help_text(self) -> str:
        return self.tr(
            "Each row is a layer, each column a channel or head: the colour is how much is stored there after the last "
            "token. Typically a few channels stand out in every layer, and the map settles within some tens of tokens and "
            "then changes only in part with each token."
        )

    # What the panel asks

    def reset(self, opened: OpenedModel) -> None:
        self._fields = tuple(entry.field for entry in opened.fields if entry.layers)
        self._scales = {}
        with QSignalBlocker(self._field_choice):
            self._field_choice.clear()
            for field in self._fields:
                self._field_choice.addItem(field.name)
                about = QCoreApplication.translate("rwkv_backend", field.about)
                self._field_choice.setItemData(self._field_choice.count() - 1, about, Qt.ItemDataRole.ToolTipRole)
            if self._fields:
                self._field_choice.setCurrentIndex(self._fields.index(max(self._fields, key=_telling)))
        self._offer_measures()

    def missing(self, opened: OpenedModel) -> str:
        if any(entry.layers for entry in opened.fields):
            return ""
        return self.tr("This model keeps no state in its layers.")

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, map_field=self.field.name, map_measure=self.measure.key)

    def draw(self, frame: Frame) -> str | None:
        if frame.state_map is None or not self._is_ours(frame.spec):
            return None
        self._map = frame.state_map
        self._fit()
        self._paint()
        self._say_where()
        return ""

    def forget(self) -> None:
        self._map = None
        self._heat.clear()
        self._frame_of_pick.hide()
        self.say("")

    def pick_changed(self, layer_changed: bool) -> None:
        self._frame_pick()
        self._say_where()

    def recolour(self) -> None:
        super().recolour()
        self._paint()

    def describe(self) -> str:
        return self.tr("{0}, {1}").format(self.field.name, measure_name(self.field, self.measure))

    def unit(self) -> str:
        return (self._map.unit if self._map is not None else "") or super().unit()

    def rows(self) -> list[Row]:
        if self._map is None:
            return []
        columns = [self._column_name(column) for column in range(self._map.values.shape[1])]
        table: list[Row] = [[axis_name("layer"), *columns]]
        for layer, values in enumerate(self._map.values.tolist()):
            table.append([layer, *("" if value != value else value for value in values)])
        return table

    def shown(self) -> Shown | None:
        return {"plot": "state_map", "field": self.field.name, "measure": self.measure.key}

    # The choice

    @property
    def field(self) -> StateField:
        return self._fields[max(self._field_choice.currentIndex(), 0)]

    @property
    def measure(self) -> Measure:
        return self._measures[max(self._measure_choice.currentIndex(), 0)]

    @property
    def scale(self) -> Scale:
        """Each field and measure keeps its own."""
        key = self.field.name, self.measure.key
        return self._scales.setdefault(key, Scale(signed=self.measure.key == _SIGNED))

    def _offer_measures(self) -> None:
        if not self._fields:
            return
        self._measures = measures_of(self.field)
        with QSignalBlocker(self._measure_choice):
            self._measure_choice.clear()
            self._measure_choice.addItems([measure_name(self.field, measure) for measure in self._measures])
        about = QCoreApplication.translate("rwkv_backend", self.field.about)
        self._field_choice.setToolTip(self.tr("{0}: {1}").format(self.field.name, about))
        self._measure_choice.setToolTip(self._measure_choice.currentText())
        self._share_width()
        self._scale_button.set_scale(self.scale)

    def _share_width(self) -> None:
        """Room for each of the two boxes by the words that it shows, so that neither is cut off."""
        for choice in (self._field_choice, self._measure_choice):
            words = choice.fontMetrics().horizontalAdvance(choice.currentText())
            self.controls.setStretchFactor(choice, words + BESIDE_WORDS)

    def _field_chosen(self) -> None:
        self._offer_measures()
        self._choice_changed()

    def _measure_chosen(self) -> None:
        self._scale_button.set_scale(self.scale)
        self._choice_changed()

    def _choice_changed(self) -> None:
        self.forget()
        self._paint()
        self.say_waiting()
        self.wants_changed.emit()

    def _is_ours(self, spec: FrameSpec) -> bool:
        names = (self.measure.key, "") if self.measure is self._measures[0] else (self.measure.key,)
        return spec.map_field == self.field.name and spec.map_measure in names

    # Drawing

    def _fit(self) -> None:
        assert self._map is not None
        layers, columns = self._map.values.shape
        self._canvas.name_axes(axis_name(self._map.axes[1]), axis_name("layer"))
        self._canvas.set_home(-0.5, columns - 0.5, -0.5, layers - 0.5)
        self._frame_pick()

    def _paint(self) -> None:
        if not self._fields:
            return
        scale = self.scale
        self._heat.set_table(colours.table_for(scale.signed), scale.signed)
        if self._map is not None:
            self._heat.show(self._map.values, self._shades)
        self._bar.show_scale(scale, self._map.unit if self._map is not None else "")

    def _shades(self, values: FloatArray) -> colours.Shades:
        self.scale.follow(values)
        return self.scale.shades(values)

    def _frame_pick(self) -> None:
        """A line around the picked layer, or the picked head in it."""
        if self._map is None:
            return
        left, count = -0.5, float(self._map.values.shape[1])
        width = self._columns_a_head()
        if width:
            left, count = self.head * width - 0.5, float(width)
        self._frame_of_pick.setRect(QRectF(left, self.layer - 0.5, count, 1))
        self._frame_of_pick.show()

    def _columns_a_head(self) -> int:
        """0 where the columns are no heads."""
        assert self._map is not None
        if not self._map.axes[1].startswith("head"):
            return 0
        info = self.opened.card.info if self.opened is not None else None
        heads = (info.n_head if info is not None else None) or self._map.values.shape[1]
        return max(self._map.values.shape[1] // heads, 1) if self._map.axes[1] != "head" else 1

    # Mouse

    def _click(self, x: float, y: float) -> None:
        place = self._heat.at(x, y)
        if place is not None:
            width = self._columns_a_head()
            self.pick(place[0], place[1] // width if width else self.head)

    def _say_where(self) -> None:
        place = self._pointed_at()
        if self._map is None:
            return
        if place is None:
            self.say(self.tr("layer {0} is picked; click to pick another").format(self.layer))
        else:
            layer, column = place
            value = float(self._map.values[layer, column])
            if value != value:
                self.say(self.tr("layer {0} has no {1}").format(layer, self.field.name))
            else:
                self.say(self.tr("layer {0}, {1}: {2}").format(layer, self._column_name(column), number(value)))

    def _column_name(self, column: int) -> str:
        """ "channel 120", "head 2, key 17"."""
        assert self._map is not None
        head, also, inner = self._map.axes[1].partition(" and ")
        if not also:
            return self.tr("{0} {1}").format(axis_name(head), column)
        width = self._columns_a_head()
        return self.tr("{0} {1}, {2} {3}").format(axis_name(head), column // width, axis_name(inner), column % width)


def _telling(field: StateField) -> tuple[bool, bool]:
    """The field to begin with: a memory with heads, else one that is more than the last input; of equals, the first."""
    return "head" in field.axes, not field.name.endswith("last_input")
