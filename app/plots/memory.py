"""The memory of the picked layer itself: a head's matrix, sums by channel, or a window of past keys, as the fields have axes.

Three axes: the picked head's matrix, and a mosaic of all heads. Two: a map. One: a curve; all such fields together.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from app.messages import OpenedModel
from app.plots.colours import Scale
from app.plots.memory_pages import CurvePage, ImagePage
from app.plots.panel import PlotPanel, Row, Shown
from app.plots.parts import Choice
from app.plots.scale_button import ScaleButton
from app.plots.words import axis_name, number
from rwkv_backend.records import Frame, FrameSpec, Labelled

_CURVES = ""
"""Stands in the list of fields for all those with one axis."""


class Memory(PlotPanel):
    key = "memory"

    def __init__(self) -> None:
        self._entries: dict[str, Labelled] = {}
        self._scales: dict[tuple[str, int, int], Scale] = {}
        self._drawn_layer = 0
        self._pointed: tuple[int, int] | None = None
        super().__init__()
        self._choice = Choice("memory_field", self.tr("Part of the memory"))
        self._choice.currentIndexChanged.connect(self._chosen)
        self._lanes = Choice("memory_lanes", self.tr("Arrangement of the curves"))
        self._lanes.addItems([self.tr("apart"), self.tr("together")])
        self._lanes.currentIndexChanged.connect(self._paint)
        self._scale_button = ScaleButton(self.key)
        self._scale_button.changed.connect(self._paint)
        self.add_tool(self._lanes)
        self.add_tool(self._scale_button)
        self.controls.addWidget(self._choice, 1)
        self._image = ImagePage(self.key, self.title)
        self._curves = CurvePage(self.key, self.title)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._image)
        self._pages.addWidget(self._curves)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self._image.head_picked.connect(self._pick_head)
        self._image.pointed.connect(self._point)
        self._image.left.connect(self._point_away)
        self._curves.pointed.connect(self._point_at_channel)
        self._curves.left.connect(self._point_away)
        for canvas in (self._image.canvas, self._image.mosaic, self._curves.canvas):
            canvas.stepped.connect(self.step_pick)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Memory")

    @property
    def help_text(self) -> str:
        return self.tr(
            "The numbers that the picked layer remembers: a matrix for each head that turns keys into values, or where the "
            "version has no such matrix, sums by channel or a window of the keys of past tokens. Typically a few rows or "
            "channels are far stronger than the rest, and those with a short half-life change with every token."
        )

    # What the panel asks

    def reset(self, opened: OpenedModel) -> None:
        self._scales = {}
        with QSignalBlocker(self._choice):
            self._choice.clear()
        self._show_controls()

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, memory=True, layer=self.layer, head=self.head)

    def draw(self, frame: Frame) -> str | None:
        if not frame.spec.memory or frame.spec.layer != self.layer:
            return None
        if not frame.memory:
            self.forget()
            return self.tr("Layer {0} keeps no memory of earlier tokens.").format(self.layer)
        self._drawn_layer = self.layer
        self._entries = {entry.title: entry for entry in frame.memory}
        self._offer()
        self._paint()
        return ""

    def forget(self) -> None:
        self._entries = {}
        self._image.clear()
        self._curves.clear()
        self.say("")

    def pick_changed(self, layer_changed: bool) -> None:
        if self.paused:
            return
        if layer_changed:
            self.forget()
            self.say_nothing_here("")
            self.say_waiting()
        else:
            self._paint()

    def recolour(self) -> None:
        self._paint()

    def describe(self) -> str:
        entry = self._entry()
        if entry is not None and len(entry.axes) == 3:
            return self.tr("layer {0}, head {1}, {2}").format(self._drawn_layer, self._head(entry), entry.title)
        if entry is not None:
            return self.tr("layer {0}, {1}").format(self._drawn_layer, entry.title)
        return self.tr("layer {0}").format(self._drawn_layer)

    def shown(self) -> Shown | None:
        entry = self._entry() if self._entries else None
        title = entry.title if entry is not None else self._one_axis()[0].title if self._entries else ""
        return {"plot": "memory", "layer": self.layer, "field": title} if title else None

    def rows(self) -> list[Row]:
        if not self._entries:
            return []
        entry = self._entry()
        if entry is None:
            return self._curve_rows()
        values = entry.values[self._head(entry)] if len(entry.axes) == 3 else entry.values
        down, across = axis_name(entry.axes[-2]), axis_name(entry.axes[-1])
        names = [self.tr("{0} {1}").format(across, column) for column in range(values.shape[1])]
        return [[down, *names], *([row, *numbers] for row, numbers in enumerate(values.tolist()))]

    def _curve_rows(self) -> list[Row]:
        curves = self._one_axis()
        columns = [entry.values.tolist() for entry in curves]
        head: Row = [axis_name(curves[0].axes[0]), *(entry.title for entry in curves)]
        return [head, *([channel, *numbers] for channel, numbers in enumerate(zip(*columns, strict=True)))]

    # The choice

    def _entry(self) -> Labelled | None:
        """The field to draw as an image; None: the curves."""
        return self._entries.get(self._choice.currentData() or _CURVES)

    def _one_axis(self) -> list[Labelled]:
        return [entry for entry in self._entries.values() if len(entry.axes) == 1]

    def _head(self, entry: Labelled) -> int:
        return min(self.head, len(entry.values) - 1)

    def _offer(self) -> None:
        """The fields of this layer in the list; the chosen one stays if it is still there, else the one with most axes."""
        maps = [entry for entry in self._entries.values() if len(entry.axes) > 1]
        offered = [entry.title for entry in maps] + ([_CURVES] if self._one_axis() else [])
        if offered == [self._choice.itemData(place) for place in range(self._choice.count())]:
            return
        chosen = self._choice.currentData()
        with QSignalBlocker(self._choice):
            self._choice.clear()
            for title in offered:
                self._choice.addItem(", ".join(self._names()) if title == _CURVES else title, title)
                self._choice.setItemData(self._choice.count() - 1, self._meaning(title), Qt.ItemDataRole.ToolTipRole)
            first = max(maps, key=lambda entry: len(entry.axes)).title if maps else _CURVES
            self._choice.setCurrentIndex(offered.index(chosen if chosen in offered else first))
        self._show_controls()

    def _names(self) -> list[str]:
        return [entry.title for entry in self._one_axis()]

    def _meaning(self, title: str) -> str:
        """What a part of the memory means; "" for several at once."""
        fields = self.opened.fields if self.opened is not None else ()
        about = next((entry.field.about for entry in fields if entry.field.name == title), "")
        return QCoreApplication.translate("rwkv_backend", about) if about else ""

    def _chosen(self) -> None:
        self._pointed = None
        self._show_controls()
        self._paint()

    def _show_controls(self) -> None:
        curves = self._choice.count() > 0 and self._choice.currentData() == _CURVES
        self._choice.setToolTip(self._choice.currentText())
        self._choice.setVisible(self._choice.count() > 1)
        self._lanes.setVisible(curves)
        self._scale_button.setVisible(not curves)

    def _scale(self, entry: Labelled) -> Scale:
        """Each field keeps its own, by layer and head: the strongest head would leave the others blank.

        Signed: all matrices, and what has shown a negative number.
        """
        key = entry.title, self._drawn_layer, self._head(entry) if len(entry.axes) == 3 else 0
        if key not in self._scales:
            self._scales[key] = Scale(signed=len(entry.axes) == 3 or bool((entry.values < 0).any()))
        return self._scales[key]

    # Drawing

    def _paint(self) -> None:
        if not self._entries:
            return
        entry = self._entry()
        if entry is None:
            self._pages.setCurrentWidget(self._curves)
            curves = self._one_axis()
            lanes = self._lanes.currentIndex() == 0
            self._curves.show_curves(curves, [self._scale(curve) for curve in curves], lanes)
        else:
            self._pages.setCurrentWidget(self._image)
            self._paint_image(entry)
        self._say_where()

    def _paint_image(self, entry: Labelled) -> None:
        scale = self._scale(entry)
        self._scale_button.set_scale(scale)
        if len(entry.axes) == 3:
            self._image.show_matrix(entry, self.head, scale)
        else:
            self._image.show_map(entry, scale, self.opened.max_tokens if self.opened is not None else None)

    # Mouse

    def _pick_head(self, head: int) -> None:
        self.pick(self.layer, head)

    def _point(self, row: int, column: int) -> None:
        self._pointed = row, column
        self._say_where()

    def _point_at_channel(self, channel: int) -> None:
        self._point(0, channel)

    def _point_away(self) -> None:
        self._pointed = None
        self._say_where()

    def _say_where(self) -> None:
        if not self._entries:
            return
        entry = self._entry()
        if self._pointed is None:
            self.say(self.describe())
        elif entry is None:
            self._say_channel(self._pointed[1])
        else:
            self._say_cell(entry, *self._pointed)

    def _say_cell(self, entry: Labelled, row: int, column: int) -> None:
        values = entry.values[self._head(entry)] if len(entry.axes) == 3 else entry.values
        if row >= values.shape[0] or column >= values.shape[1]:
            return
        down, across, value = axis_name(entry.axes[-2]), axis_name(entry.axes[-1]), number(float(values[row, column]))
        if len(entry.axes) == 3:
            words = self.tr("head {0}, {1} {2}, {3} {4}: {5}")
            self.say(words.format(self._head(entry), down, row, across, column, value))
        else:
            self.say(self.tr("{0} {1}, {2} {3}: {4}").format(down, row, across, column, value))

    def _say_channel(self, channel: int) -> None:
        curves = self._one_axis()
        if not 0 <= channel < min(len(entry.values) for entry in curves):
            return
        pairs = [self.tr("{0} {1}").format(entry.title, number(float(entry.values[channel]))) for entry in curves]
        words = self.tr("{0} {1}: {2}")
        self.say(words.format(axis_name(curves[0].axes[0]), channel, ", ".join(pairs)))
