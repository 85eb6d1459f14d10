"""The tokens that may come next: each one's probability under the model, and after sampling's cuts."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.plots.panel import PlotPanel, Row, Shown
from app.plots.parts import Legend
from app.plots.words import hundredths, percent, visible
from rwkv_backend.records import Candidate, Frame, FrameSpec

COUNT = 12
"""Candidates asked for; as many are shown as there is room for."""

RANGES = (1.0, 0.5, 0.2)
"""Probabilities at which the axis may end."""

PATIENCE = 20
"""Frames that must fit with room to spare before the axis becomes shorter. It becomes longer at once."""


class NextToken(PlotPanel):
    key = "next_token"

    def __init__(self) -> None:
        self._after = ""
        super().__init__()
        self._bars = Bars()
        self._bars.setObjectName("next_token_bars")
        self._bars.setAccessibleName(self.title)
        self._legend = Legend("next_token_legend")
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self._bars, 1)
        column.addWidget(self._legend)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Next token")

    @property
    def help_text(self) -> str:
        return self.tr(
            "The likeliest next tokens: the wide pale bar is the model's own probability, the narrow strong one that with "
            "which the token is drawn after temperature, penalties and cuts. Typically one or two tokens lead inside a word "
            "and many share the start of a sentence; a token without a strong bar has been cut."
        )

    # What the panel asks

    def needs(self, spec: FrameSpec) -> FrameSpec:
        return replace(spec, candidates=max(spec.candidates, COUNT))

    def draw(self, frame: Frame) -> str | None:
        if not frame.candidates:
            return None
        self._after = frame.token_text
        self._bars.show_candidates(frame.candidates)
        self.say(self.tr("after “{0}”").format(visible(self._after)) if self._after else "")
        return ""

    def forget(self) -> None:
        self._bars.show_candidates(())
        self._bars.start_afresh()
        self.say("")

    def recolour(self) -> None:
        look = theme.current()
        self._legend.show_entries(
            [
                ("■", self._bars.pale(), self.tr("model")),
                ("■", look.accent, self.tr("after sampling")),
            ]
        )
        self._bars.update()

    def describe(self) -> str:
        return self.tr("after “{0}”").format(visible(self._after)) if self._after else ""

    def unit(self) -> str:
        return self.tr("probability, 0 to 1")

    def shown(self) -> Shown | None:
        return {"plot": "next_words"}

    def rows(self) -> list[Row]:
        names: Row = [
            self.tr("token number"),
            self.tr("text"),
            self.tr("probability under the model"),
            self.tr("probability after sampling's cuts"),
        ]
        table: list[Row] = [names]
        for c in self._bars.candidates:
            table.append([c.token, visible(c.text, c.token), c.before, c.after])
        return table


class Bars(QWidget):
    """One row a candidate: its text, two bars, two numbers. Painted plainly: nothing here needs a plane to zoom in."""

    def __init__(self) -> None:
        super().__init__()
        self.candidates: tuple[Candidate, ...] = ()
        self._range = 0
        self._fitting = 0

    def show_candidates(self, candidates: tuple[Candidate, ...]) -> None:
        self.candidates = candidates
        self._follow(max((max(c.before, c.after) for c in candidates), default=0.0))
        self.setAccessibleDescription(
            ", ".join(f"{visible(c.text, c.token)} {percent(c.after)}" for c in candidates[:3])
        )
        self.update()

    def start_afresh(self) -> None:
        self._range = self._fitting = 0

    @property
    def end(self) -> float:
        """The probability at the end of the axis."""
        return RANGES[self._range]

    def _follow(self, largest: float) -> None:
        """Longer at once, shorter only after a while: an axis that jumps to and fro cannot be read."""
        while largest > self.end and self._range > 0:
            self._range -= 1
            self._fitting = 0
        shorter = RANGES[min(self._range + 1, len(RANGES) - 1)]
        self._fitting = self._fitting + 1 if largest < 0.8 * shorter else 0
        if self._fitting >= PATIENCE and self._range + 1 < len(RANGES):
            self._range += 1
            self._fitting = 0

    def pale(self) -> str:
        look = theme.current()
        ink, ground = QColor(look.series[0]).getRgb(), QColor(look.surface).getRgb()
        mixed = [round(0.4 * a + 0.6 * b) for a, b in zip(ink[:3], ground[:3], strict=True)]  # type: ignore[index]
        return QColor(*mixed).name()

    # Sizes

    def row_height(self) -> int:
        return self.fontMetrics().height() + theme.XS

    def sizeHint(self) -> QSize:
        return QSize(260, self.row_height() * COUNT + self._axis_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.row_height() * 3 + self._axis_height())

    def _axis_height(self) -> int:
        return self.fontMetrics().height() + theme.XS

    def rows_shown(self) -> int:
        return max(1, min(COUNT, (self.height() - self._axis_height()) // self.row_height()))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look = theme.current()
        painter.fillRect(self.rect(), QColor(look.surface))
        metrics = self.fontMetrics()
        words = min(metrics.averageCharWidth() * 14, self.width() // 3)
        numbers = metrics.horizontalAdvance("<0.01 → 99.9 %") + theme.XS
        bars = QRect(words + theme.S, 0, max(self.width() - words - numbers - 2 * theme.S, 10), self.height())
        self._paint_axis(painter, bars)
        for place, candidate in enumerate(self.candidates[: self.rows_shown()]):
            self._paint_row(painter, candidate, place * self.row_height(), words, bars)

    def _paint_row(self, painter: QPainter, candidate: Candidate, top: int, words: int, bars: QRect) -> None:
        look, height = theme.current(), self.row_height()
        text = self.fontMetrics().elidedText(
            visible(candidate.text, candidate.token), Qt.TextElideMode.ElideRight, words - theme.XS
        )
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(look.text if candidate.after > 0 else look.muted))
        painter.drawText(QRect(0, top, words, height), right, text)
        for part, inset, colour in (
            (candidate.before, 2.0, self.pale()),
            (candidate.after, height / 2 - 2.0, look.accent),
        ):
            length = min(part / self.end, 1.0) * bars.width()
            painter.fillRect(QRectF(bars.left(), top + inset, length, height - 2 * inset), QColor(colour))
        painter.setPen(QColor(look.muted))
        numbers = self.tr("{0} → {1} %").format(hundredths(candidate.before), hundredths(candidate.after))
        painter.drawText(QRect(bars.right(), top, self.width() - bars.right() - theme.XS, height), right, numbers)

    def _paint_axis(self, painter: QPainter, bars: QRect) -> None:
        look = theme.current()
        bottom = self.rows_shown() * self.row_height()
        room = 1.3 * self.fontMetrics().horizontalAdvance(percent(1.0))
        steps = next(steps for steps in (4, 2, 1) if steps == 1 or bars.width() / steps > room)
        for step in range(steps + 1):
            x = bars.left() + round(step / steps * bars.width())
            painter.setPen(QColor(look.grid))
            painter.drawLine(x, 0, x, bottom)
            painter.setPen(QColor(look.muted))
            place = QRect(x - 40, bottom, 80, self._axis_height())
            painter.drawText(
                place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, percent(step / steps * self.end)
            )
