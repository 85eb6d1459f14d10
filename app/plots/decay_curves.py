"""How the picked layer forgets: the fraction left of what it stored, after n more tokens.

A channel keeps the fraction w a token, so wⁿ is left after n. Since wⁿ grows with w, the quantiles of what is left are the
powers of the quantiles of w: five numbers describe a layer of thousands of channels. Where there is no decay but a learned
table of weights by distance, that table is drawn.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QToolButton, QVBoxLayout

from app import theme
from app.messages import OpenedModel
from app.plots.canvas import Canvas
from app.plots.colours import round_up
from app.plots.ink import Ink, Numbers, Stroke, band, in_one
from app.plots.panel import PlotPanel, Row, Shown
from app.plots.parts import Legend
from app.plots.words import axis_name, axis_names, number, percent
from rwkv_backend.records import FloatArray, Frame, FrameSpec, Labelled

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
MEDIAN = 2
OUTER, INNER = 0.22, 0.48
"""How strongly the two bands are inked."""

LINEAR_TOKENS = np.concatenate(([0.0], np.geomspace(1.0, 512.0, 60)))
"""Dense where curves are steep."""

LOG_TOKENS = np.geomspace(1.0, 4096.0, 61)
_POWERS = [(float(power), f"{10**power:,}") for power in range(5)]


class DecayCurves(PlotPanel):
    key = "decay_curves"

    def __init__(self) -> None:
        self._decay: Labelled | None = None
        self._drawn_layer = 0
        self._quantiles = np.zeros(len(QUANTILES))
        self._mean = np.zeros(len(QUANTILES))
        self._count = 0
        self._hovered: float | None = None
        super().__init__()
        self._log = QToolButton()
        self._log.setObjectName("decay_curves_log_button")
        self._log.setProperty("kind", "quiet")
        self._log.setText(self.tr("log"))
        self._log.setToolTip(self.tr("Logarithmic axis, up to 4,096 tokens"))
        self._log.setAccessibleName(self.tr("Logarithmic axis, up to 4,096 tokens"))
        self._log.setCheckable(True)
        self._log.toggled.connect(self._draw_all)
        self.add_tool(self._log)
        self._canvas = Canvas(whole_y=False)
        self._canvas.setObjectName("decay_curves_canvas")
        self._canvas.setAccessibleName(self.title)
        self._canvas.widen_left("0.00")
        self._ink = Ink()
        self._canvas.add(self._ink)
        self._legend = Legend("decay_curves_legend")
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self._canvas, 1)
        column.addWidget(self._legend)
        self._canvas.hovered.connect(self._point)
        self._canvas.left.connect(self._point_away)
        self._canvas.stepped.connect(self.step_pick)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Decay curves")

    @property
    def help_text(self) -> str:
        return self.tr(
            "How much of what this layer stored is left after so many more tokens: the bands hold most of its channels, the "
            "lines are their median and the picked head; where each token decides its own decay they move, and the dashed "
            "lines are the mean of the tokens shown so far. Typically the early layers forget within tens of tokens and the "
            "late ones keep a part for hundreds; version 1 knows no decay, and shows its learned weight for each distance."
        )

    # What the panel asks

    def reset(self, opened: OpenedModel) -> None:
        self._count = 0

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, decay=True, layer=self.layer, head=self.head)

    def draw(self, frame: Frame) -> str | None:
        if not frame.spec.decay or frame.spec.layer != self.layer:
            return None
        if frame.decay is None:
            self.forget()
            return self.tr("Layer {0} has no memory that decays.").format(self.layer)
        self._take(frame.decay)
        return ""

    def forget(self) -> None:
        self._decay = None
        self._count = 0
        self._ink.clear()
        self._legend.show_entries([])
        self.say("")

    def pick_changed(self, layer_changed: bool) -> None:
        if self.paused:
            return
        if layer_changed:
            self.forget()
            self.say_nothing_here("")
            self.say_waiting()
        else:
            self._draw_all()
            self._say_where()

    def recolour(self) -> None:
        self._draw_all()
        self._show_legend()

    def describe(self) -> str:
        return self.tr("layer {0}, head {1}").format(self._drawn_layer, self.head)

    def unit(self) -> str:
        return self.tr("weight") if self._is_table() else self.tr("fraction left, 0 to 1")

    def shown(self) -> Shown | None:
        return {"plot": "decay", "layer": self.layer}

    def rows(self) -> list[Row]:
        if self._decay is None:
            return []
        return self._table_rows(self._decay.values) if self._is_table() else self._fraction_rows()

    # Taking the numbers

    def _take(self, decay: Labelled) -> None:
        same = self._decay is not None and _same(self._decay.values, decay.values) and self._drawn_layer == self.layer
        self._decay, self._drawn_layer = decay, self.layer
        if not self._is_table():
            self._quantiles = np.quantile(decay.values, QUANTILES)
            self._mean = (self._mean * self._count + self._quantiles) / (self._count + 1)
            self._count += 1
        if not same or self._moves():
            self._draw_all()
        self._say_where()

    def _is_table(self) -> bool:
        return self._decay is not None and self._decay.axes[-1] == "distance"

    def _moves(self) -> bool:
        """Whether each token decides its own decay."""
        return self.opened is not None and self.opened.decays_by_token

    def _by_head(self) -> bool:
        return self._decay is not None and self._decay.axes[0] == "head"

    def _head_kept(self) -> float | None:
        """The fraction kept a token by the picked head (the median of its channels); None where there are no heads."""
        if self._decay is None or not self._by_head() or self.head >= len(self._decay.values):
            return None
        return float(np.median(self._decay.values[self.head]))

    # Drawing

    @property
    def logarithmic(self) -> bool:
        return self._log.isChecked()

    def _draw_all(self) -> None:
        if self._decay is None:
            return
        self._canvas.mark("bottom", _POWERS if self.logarithmic else None)
        if self._is_table():
            self._draw_table(self._decay.values)
        else:
            self._draw_fractions()
        self._show_legend()

    def _draw_fractions(self) -> None:
        look = theme.current()
        tokens = self._tokens()
        x = np.log10(tokens) if self.logarithmic else tokens
        left = self._left(self._quantiles, tokens)
        strokes = [
            band(x, left[0], left[4], _blend(look.series[0], look.surface, OUTER)),
            band(x, left[1], left[3], _blend(look.series[0], look.surface, INNER)),
        ]
        if self._moves() and self._count > 1:
            mean = self._left(self._mean[[0, MEDIAN, 4]], tokens)
            strokes.append(Stroke(*in_one(x, mean), look.muted, dashed=True))
        strokes.append(Stroke(x, left[MEDIAN], look.series[0]))
        kept = self._head_kept()
        if kept is not None:
            strokes.append(Stroke(x, kept**tokens, look.series[1]))
        self._canvas.name_axes(self.tr("tokens later"), self.tr("fraction left"))
        self._show_strokes(x, 0.0, 1.02, strokes)

    def _draw_table(self, table: FloatArray) -> None:
        """Every head's weights, the picked head's on top."""
        look = theme.current()
        first = 1 if self.logarithmic else 0
        distances = np.arange(first, table.shape[1], dtype=np.float64)
        x = np.log10(distances) if self.logarithmic else distances
        shown = table[:, first:].astype(np.float64)
        low, high = float(table.min()), float(table.max())
        strokes = [
            Stroke(*in_one(x, shown), _blend(look.muted, look.surface, 0.6)),
            Stroke(x, shown[min(self.head, len(shown) - 1)], look.series[1]),
        ]
        self._canvas.name_axes(self.tr("distance in tokens"), self.tr("weight"))
        self._show_strokes(x, -round_up(-low) if low < 0 else 0.0, round_up(max(high, 1e-6)), strokes)

    def _show_strokes(self, x: Numbers, low: float, high: float, strokes: list[Stroke]) -> None:
        left, right = float(x[0]), float(x[-1])
        self._canvas.set_home(left, right, low, high)
        self._ink.show_strokes(QRectF(left, low, right - left, high - low), strokes)

    def _tokens(self) -> Numbers:
        return LOG_TOKENS if self.logarithmic else LINEAR_TOKENS

    def _left(self, kept: Numbers, tokens: Numbers) -> Numbers:
        """What is left after `tokens`, for each fraction kept a token; (fractions, tokens)."""
        return np.asarray(np.clip(kept, 0.0, 1.0)[:, None] ** tokens)

    def _show_legend(self) -> None:
        look = theme.current()
        head = ("▬", look.series[1], self.tr("head {0}").format(self.head))
        if self._decay is None:
            self._legend.show_entries([])
        elif self._is_table():
            self._legend.show_entries([head, ("▬", _blend(look.muted, look.surface, 0.6), self.tr("the other heads"))])
        else:
            what = axis_names(self._decay.axes[-1])
            entries = [
                ("▬", look.series[0], self.tr("median")),
                ("■", _blend(look.series[0], look.surface, INNER), self.tr("25–75 % of the {0}").format(what)),
                ("■", _blend(look.series[0], look.surface, OUTER), self.tr("10–90 %")),
            ]
            mean = ("┅", look.muted, self.tr("mean so far"))
            self._legend.show_entries(
                [*entries, *([head] if self._by_head() else []), *([mean] if self._moves() else [])]
            )

    # Mouse

    def _point(self, x: float, y: float) -> None:
        self._hovered = x
        self._say_where()

    def _point_away(self) -> None:
        self._hovered = None
        self._say_where()

    def _say_where(self) -> None:
        if self._decay is None:
            self.say("")
        elif self._hovered is None:
            self.say(self.tr("layer {0}").format(self._drawn_layer))
        elif self._is_table():
            self._say_weight(self._decay.values)
        else:
            self._say_left()

    def _place(self) -> float:
        assert self._hovered is not None
        return 10.0**self._hovered if self.logarithmic else max(self._hovered, 0.0)

    def _say_weight(self, table: FloatArray) -> None:
        distance = min(round(self._place()), table.shape[1] - 1)
        head = min(self.head, len(table) - 1)
        words = self.tr("layer {0}, head {1}, distance {2}: {3}")
        self.say(words.format(self._drawn_layer, head, distance, number(float(table[head, distance]))))

    def _say_left(self) -> None:
        tokens = round(self._place())
        median = percent(float(self._quantiles[MEDIAN]) ** tokens)
        kept = self._head_kept()
        if kept is None:
            self.say(self.tr("after {0} tokens: median {1}").format(f"{tokens:,}", median))
        else:
            words = self.tr("after {0} tokens: median {1}, head {2}: {3}")
            self.say(words.format(f"{tokens:,}", median, self.head, percent(kept**tokens)))

    # Export

    def _fraction_rows(self) -> list[Row]:
        tokens = self._tokens()
        columns = [tokens, *self._left(self._quantiles, tokens)]
        names = [self.tr("tokens later"), *(percent(q) for q in QUANTILES)]
        kept = self._head_kept()
        if kept is not None:
            columns.append(kept**tokens)
            names.append(self.tr("head {0}").format(self.head))
        if self._moves():
            columns += list(self._left(self._mean, tokens))
            names += [self.tr("mean of {0}").format(percent(q)) for q in QUANTILES]
        return [list(names), *(list(row) for row in np.stack(columns, axis=1).tolist())]

    def _table_rows(self, table: FloatArray) -> list[Row]:
        names = [self.tr("{0} {1}").format(axis_name("head"), head) for head in range(len(table))]
        return [
            [self.tr("distance in tokens"), *names],
            *([distance, *weights] for distance, weights in enumerate(table.T.tolist())),
        ]


def _same(one: FloatArray, other: FloatArray) -> bool:
    return one is other or np.array_equal(one, other)


def _blend(ink: str, ground: str, part: float) -> str:
    """So much of the ink on the ground; drawing it is cheaper than drawing with a transparent one."""
    pairs = zip(QColor(ink).getRgbF()[:3], QColor(ground).getRgbF()[:3], strict=True)  # type: ignore[index]
    return QColor.fromRgbF(*(part * a + (1 - part) * b for a, b in pairs)).name()
