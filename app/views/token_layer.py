"""Tokens in a text field: their tint behind the words, the one that is looked at, and which one the mouse is at.

Only what can be seen is painted, from the lines that Qt has laid out; the document itself is not touched. So a tint costs
the same at the end of 10,000 tokens as at the beginning of the text, and neither undo nor copying knows of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QTextBlock, QTextLine
from PySide6.QtWidgets import QAbstractScrollArea, QMenu

from app import theme
from app.views.token_map import Stretch, TokenMap
from app.views.token_tint import grounds, shade, stripes
from app.views.token_words import surprise
from rwkv_backend.records import TokenRecord

STRIPE = 3.0
CORNER = 3.0


@dataclass(frozen=True)
class Line:
    """One line on the viewport: `begin` is the place of its block in the document, `origin` where that block stands."""

    line: QTextLine
    begin: int
    origin: QPointF

    @property
    def first(self) -> int:
        return self.begin + self.line.textStart()

    @property
    def last(self) -> int:
        return self.first + self.line.textLength()

    def x(self, place: int) -> float:
        found = self.line.cursorToX(place - self.begin)  # x and the place, though Qt's hints know of one number only
        return self.origin.x() + float(found[0] if isinstance(found, tuple) else found)  # type: ignore[arg-type]

    def box(self) -> QRectF:
        return self.line.rect().translated(self.origin)


def lines_of(block: QTextBlock, origin: QPointF, height: float) -> Iterator[Line]:
    """The lines of a block that stands at `origin`, as far as they can be seen on a viewport of this height."""
    layout = block.layout()
    tops = range(layout.lineCount())
    start = bisect_right(tops, -origin.y(), key=lambda at: layout.lineAt(at).y()) - 1
    for at in tops[max(0, start) :]:
        line = layout.lineAt(at)
        if origin.y() + line.y() > height:
            return
        yield Line(line, block.position(), origin)


class TokenLayer(QObject):
    """Belongs to a text field, whose `paintEvent` calls `paint` first. `lines` gives what can be seen of the text."""

    hovered = Signal(int, QRect)
    """A token under the mouse, and its place on the viewport; -1: none"""
    clicked = Signal(int)
    """A token was clicked, and nothing selected"""

    def __init__(self, edit: QAbstractScrollArea, lines: Callable[[], Iterator[Line]]) -> None:
        super().__init__(edit)
        self.map = TokenMap()
        self._edit = edit
        self._lines = lines
        self._surprises: list[float | None] = []
        self._tinted = False
        self._marked = self._hovered = -1
        self._pressed: QPoint | None = None
        edit.viewport().setMouseTracking(True)
        edit.viewport().installEventFilter(self)

    # What it is told

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text was read as these."""
        self.map.truncate(first)
        self.map.extend([record.text for record in records])
        del self._surprises[first:]
        self._surprises += [surprise(record) for record in records]
        self.update()

    def set_tinted(self, tinted: bool) -> None:
        self._tinted = tinted
        self._point_at(-1, QRect())
        self.update()

    @property
    def tinted(self) -> bool:
        return self._tinted

    def set_marked(self, token: int) -> None:
        """Frame this token, the one that is looked at; -1: none."""
        if token != self._marked:
            self._marked = token
            self.update()

    def update(self) -> None:
        self._edit.viewport().update()

    # Where tokens are

    def token_at(self, point: QPointF) -> tuple[int, QRect] | None:
        """The token at a point of the viewport, and its place there."""
        for line in self._lines():
            box = line.box()
            if not box.top() <= point.y() < box.bottom():
                continue
            for stretch in self.map.stretches(line.first, line.last):
                place = self._box(line, stretch)
                if place.left() <= point.x() < place.right():
                    return stretch.token, place.toAlignedRect()
        return None

    def place_of(self, token: int) -> QRect | None:
        """Where a token that can be seen stands on the viewport."""
        for line in self._lines():
            for stretch in self.map.stretches(line.first, line.last):
                if stretch.token == token:
                    return self._box(line, stretch).toAlignedRect()
        return None

    @staticmethod
    def _box(line: Line, stretch: Stretch) -> QRectF:
        box, one, other = line.box(), line.x(stretch.start), line.x(stretch.end)
        return QRectF(min(one, other), box.top(), abs(other - one), box.height())

    # Looks

    def paint(self, painter: QPainter) -> None:
        if not self._tinted and self._marked < 0:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, stripe = grounds(), stripes()
        for line in self._lines():
            for stretch in self.map.stretches(line.first, line.last):
                if self._tinted:
                    self._tint(painter, line, stretch, ground, stripe)
                if stretch.token in (self._marked, self._hovered):
                    self._frame(painter, line, stretch)

    def _tint(
        self,
        painter: QPainter,
        line: Line,
        stretch: Stretch,
        ground: tuple[QColor, ...],
        stripe: tuple[QColor, ...],
    ) -> None:
        value = self._surprises[stretch.token]
        if value is None:
            return
        step, inked = shade(value), self.map.inked(stretch)
        box = self._box(line, inked).adjusted(0.5, 1, -0.5, -1)
        painter.fillRect(box, ground[step])
        painter.fillRect(QRectF(box.left(), box.bottom() - STRIPE, box.width(), STRIPE), stripe[step])

    def _frame(self, painter: QPainter, line: Line, stretch: Stretch) -> None:
        look = theme.current()
        marked = stretch.token == self._marked
        painter.setPen(QPen(QColor(look.accent if marked else look.muted), 1.6 if marked else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        box = self._box(line, stretch)
        painter.drawRoundedRect(box.adjusted(0, 0.5, 0, -0.5), CORNER, CORNER)

    # Mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Leave:
            self._point_at(-1, QRect())
        elif isinstance(event, QMouseEvent):
            self._mouse(kind, event)
        return False

    def _mouse(self, kind: QEvent.Type, event: QMouseEvent) -> None:
        if kind == QEvent.Type.MouseMove and not event.buttons():
            found = self.token_at(event.position()) if self._tinted else None
            self._point_at(*(found or (-1, QRect())))
        elif kind == QEvent.Type.MouseButtonPress:
            self._point_at(-1, QRect())
            left = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
            self._pressed = event.position().toPoint() if left else None
        elif kind == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            moved = (event.position().toPoint() - self._pressed).manhattanLength()
            self._pressed = None
            found = self.token_at(event.position())
            if moved <= CORNER and found is not None:
                self.clicked.emit(found[0])

    def _point_at(self, token: int, place: QRect) -> None:
        if token != self._hovered:
            self._hovered = token
            self.update()
            self.hovered.emit(token, place)


def add_places(menu: QMenu, length: int, fork: SignalInstance, cut: SignalInstance) -> None:
    """What can be done with a text at a word, after which it has so many tokens."""
    translate = QCoreApplication.translate
    menu.addSeparator()
    menu.addAction(translate("Conversation", "Fork after this word"), partial(fork.emit, length))
    menu.addAction(translate("Conversation", "Cut the text after this word"), partial(cut.emit, length))
