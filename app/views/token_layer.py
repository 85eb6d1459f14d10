"""Tokens in a text field: their tint behind the words, the one that is looked at, and which one the mouse is at.

Only what can be seen is painted, from the lines that Qt has laid out; the document itself is not touched. So a tint costs
the same at the end of 10,000 tokens as at the beginning of the text, and neither undo nor copying knows of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QPicture, QTextBlock, QTextLine
from PySide6.QtWidgets import QAbstractScrollArea, QMenu

from app import theme
from app.views.token_map import Piece, TokenMap
from app.views.token_tint import grounds, shade, stripes
from app.views.token_words import surprise
from rwkv_backend.records import TokenRecord

STRIPE = 3.0
CORNER = 3.0
MOST_KEPT = 500
"""Lines, a few screens full."""


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
        """From the block's own left."""
        found = self.line.cursorToX(place - self.begin)  # x and the place, though Qt's hints know of one number only
        return float(found[0] if isinstance(found, tuple) else found)  # type: ignore[arg-type]


def lines_of(block: QTextBlock, origin: QPointF, top: float, bottom: float) -> Iterator[Line]:
    """The lines of a block that stands at `origin`, as far as they touch what lies between two heights."""
    layout = block.layout()
    tops = range(layout.lineCount())
    start = bisect_right(tops, top - origin.y(), key=lambda at: layout.lineAt(at).y()) - 1
    for at in tops[max(0, start) :]:
        line = layout.lineAt(at)
        if origin.y() + line.y() > bottom:
            return
        yield Line(line, block.position(), origin)


@dataclass(frozen=True)
class Tinted:
    """A line as it was painted last, from the place of its block on.

    whole: all of it belongs to tokens, none of which will become longer. last: the number of the last token, -1 for none.
    """

    boxes: tuple[tuple[int, QRectF], ...]
    tint: QPicture
    whole: bool
    last: int


class Lines(Protocol):
    """What a text field tells of its lines, in pixels of its viewport."""

    def between(self, top: float, bottom: float) -> Iterator[Line]:
        """Those that touch what lies between two heights."""

    def top_of(self, place: int) -> float:
        """Where the paragraph that holds this place of the document begins."""


class TokenLayer(QObject):
    """Belongs to a text field, whose `paintEvent` calls `paint` first.

    Lines are kept as they were painted until their text, their tokens or the field's looks change: looking up where each
    token begins takes longer than painting it. And only what has changed is painted: while a model writes, each call of
    the painter may have to wait for Python's lock.
    """

    hovered = Signal(int, QRect)
    """A token under the mouse, and its place on the viewport; -1: none"""
    clicked = Signal(int)
    """A token was clicked, and nothing selected"""

    def __init__(self, edit: QAbstractScrollArea, lines: Lines) -> None:
        super().__init__(edit)
        self.map = TokenMap()
        self._edit = edit
        self._lines = lines
        self._surprises: list[float | None] = []
        self._kept: dict[tuple[int, int], Tinted] = {}
        self._tinted = self._painted = False
        self._told = True
        self._marked = self._hovered = -1
        self._pressed: QPoint | None = None
        edit.viewport().setMouseTracking(True)
        edit.viewport().installEventFilter(self)
        theme.signals().changed.connect(self.forget_lines)

    # What it is told

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text was read as these."""
        self.map.truncate(first)
        self.map.extend([record.text for record in records])
        del self._surprises[first:]
        self._surprises += [surprise(record) for record in records]
        self._kept = {key: line for key, line in self._kept.items() if line.whole and line.last < first}
        self._update_from(self._end_of(first - 1))

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These tokens are better known now; their text and those after them stay."""
        last = first + len(records)
        self._surprises[first:last] = [surprise(record) for record in records]
        kept = self._kept.items()
        self._kept = {k: line for k, line in kept if line.last < first or (line.boxes and line.boxes[0][0] >= last)}
        self.update()

    def set_told(self, told: bool) -> None:
        """Whether it is this field's text that was read."""
        self._told = told
        if not told:
            self.set_pieces(())

    @property
    def is_told(self) -> bool:
        return self._told

    def set_pieces(self, pieces: Sequence[Piece]) -> None:
        """Where in the document the told text stands."""
        changed = self.map.set_pieces(pieces if self._told else ())
        if changed is not None:
            self.forget_lines(changed)

    def forget_lines(self, place: int = 0) -> None:
        """The text has changed from this place of the document on, or its looks have."""
        self._kept = {key: line for key, line in self._kept.items() if key[1] < place}
        self._update_from(place)

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

    def _end_of(self, token: int) -> int:
        place = self.map.place_of(token)
        return place[1] if place is not None else 0

    def _update_from(self, place: int) -> None:
        """From the paragraph that holds this place of the document on."""
        if self._tinted or self._marked >= 0 or self._painted:
            viewport = self._edit.viewport()
            top = max(0, int(self._lines.top_of(place)))
            viewport.update(0, top, viewport.width(), max(0, viewport.height() - top))

    def update(self) -> None:
        if self._tinted or self._marked >= 0 or self._painted:
            self._edit.viewport().update()

    # Where tokens are

    def token_at(self, point: QPointF) -> tuple[int, QRect] | None:
        """The token at a point of the viewport, and its place there."""
        for line in self._lines.between(point.y(), point.y()):
            for token, place in self._look(line).boxes:
                if place.contains(point - line.origin):
                    return token, place.translated(line.origin).toAlignedRect()
        return None

    def place_of(self, token: int) -> QRect | None:
        """Where a token that can be seen stands on the viewport."""
        for line in self._lines.between(0.0, self._edit.viewport().height()):
            for number, place in self._look(line).boxes:
                if number == token:
                    return place.translated(line.origin).toAlignedRect()
        return None

    # Looks

    def paint(self, painter: QPainter, area: QRect) -> None:
        """What lies in this area of the viewport."""
        self._painted = self._tinted or self._marked >= 0
        if not self._painted:
            return
        for line in self._lines.between(area.top(), area.bottom() + 1):
            found = self._look(line)
            if self._tinted:
                painter.drawPicture(line.origin, found.tint)
            for token, place in found.boxes:
                if token in (self._marked, self._hovered):
                    self._frame(painter, place.translated(line.origin), token == self._marked)

    def _look(self, line: Line) -> Tinted:
        """A line that is kept, or a new look at it."""
        key = (line.first, line.last)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._look_anew(line)
        return found

    def _look_anew(self, line: Line) -> Tinted:
        stretches = list(self.map.stretches(line.first, line.last))
        box = line.line.rect()
        picture, boxes = QPicture(), list[tuple[int, QRectF]]()
        painter = QPainter(picture)
        ground, stripe = grounds(), stripes()
        for stretch in stretches:
            left, right = line.x(stretch.start), line.x(stretch.end)
            boxes.append((stretch.token, QRectF(min(left, right), box.top(), abs(right - left), box.height())))
            value, inked = self._surprises[stretch.token], self.map.inked(stretch)
            if value is not None:
                left = line.x(inked.start) if inked.start != stretch.start else left
                place = QRectF(min(left, right), box.top() + 1, abs(right - left) - 1, box.height() - 2)
                painter.fillRect(place, ground[shade(value)])
                painter.fillRect(place.adjusted(0, place.height() - STRIPE, 0, 0), stripe[shade(value)])
        painter.end()
        covered = sum(stretch.end - stretch.start for stretch in stretches)
        whole = bool(stretches) and covered == line.last - line.first
        return Tinted(tuple(boxes), picture, whole, stretches[-1].token if stretches else -1)

    @staticmethod
    def _frame(painter: QPainter, place: QRectF, marked: bool) -> None:
        look = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.accent if marked else look.muted), 1.6 if marked else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(0, 0.5, 0, -0.5), CORNER, CORNER)

    # Mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Leave:
            self._point_at(-1, QRect())
        elif kind in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.forget_lines()
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
