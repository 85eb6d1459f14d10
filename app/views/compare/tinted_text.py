"""A text whose tokens stand on a ground that is the stronger the less the model had expected them.

Text from a model is put in as it is, never read as HTML.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QTextEdit, QWidget

from app import theme
from app.views.text_tools import Follower, end_of, selection_kept

STRONGEST = 8.0
"""Nats at which the ground is as strong as it gets."""

LEVELS = 12

GROUNDS = {"light": "#f08a3c", "dark": "#94500f"}
"""The strongest ground in each design; text on it stays readable."""

Piece = tuple[str, float]
"""What became showable with a token, and its surprise in nats."""


class TintedText(QPlainTextEdit):
    token_picked = Signal(int)
    """The user has clicked on this token of what was written; the prompt is −1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prompt = ""
        self._pieces: list[Piece] = []
        self._ends: list[int] = []
        self._formats = _formats()
        self._marked: int | None = None
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(theme.S)
        self.follower = Follower(self.verticalScrollBar())
        theme.signals().changed.connect(self._recolour)

    def begin(self, prompt: str) -> None:
        """An empty text after this prompt."""
        self._prompt = prompt
        self._pieces.clear()
        self._ends.clear()
        self._marked = None
        self.clear()
        self.setExtraSelections([])
        self.follower.follow()
        end_of(self).insertText(prompt, _muted())

    def add(self, pieces: Sequence[Piece]) -> None:
        """More tokens at the end."""
        with selection_kept(self):
            cursor = end_of(self)
            cursor.beginEditBlock()
            for text, nats in pieces:
                text = text.replace("\r", "")
                cursor.insertText(text, self._formats[level(nats)])
                self._pieces.append((text, nats))
                self._ends.append((self._ends[-1] if self._ends else 0) + _length(text))
            cursor.endEditBlock()

    def add_rest(self, text: str) -> None:
        """What belongs to no token of its own: a stop text's beginning that was none, half a character."""
        if text:
            end_of(self).insertText(text.replace("\r", ""), QTextCharFormat())

    def text(self) -> str:
        """What was written, without the prompt."""
        return "".join(text for text, _ in self._pieces)

    @property
    def tokens(self) -> int:
        return len(self._pieces)

    def surprises(self) -> list[float]:
        """Nats of each token."""
        return [nats for _, nats in self._pieces]

    def token(self, index: int) -> Piece:
        return self._pieces[index]

    def characters_before(self, position: int) -> int:
        """Characters written by the first `position` tokens."""
        return sum(len(text) for text, _ in self._pieces[:position])

    def mark(self, position: int | None) -> None:
        """Frame the last of the first `position` tokens; 0: nothing has been written. None: no frame."""
        self._marked = position
        if not position or not self._pieces:
            self.setExtraSelections([])
            return
        index = min(position, len(self._pieces)) - 1
        start = _length(self._prompt) + (self._ends[index - 1] if index else 0)
        selection = QTextEdit.ExtraSelection()
        selection.cursor = QTextCursor(self.document())
        selection.cursor.setPosition(start)
        selection.cursor.setPosition(_length(self._prompt) + self._ends[index], QTextCursor.MoveMode.KeepAnchor)
        look = theme.current()
        selection.format.setBackground(QColor(look.accent))
        selection.format.setForeground(QColor(look.on_accent))
        self.setExtraSelections([selection])
        self._bring_into_view(selection.cursor)

    def _bring_into_view(self, cursor: QTextCursor) -> None:
        """Scroll only as far as needed, and never sideways."""
        box = self.cursorRect(cursor)
        if not self.viewport().rect().contains(box.center()):
            bar = self.verticalScrollBar()
            lines = (box.center().y() - self.viewport().height() // 2) / max(1, self.fontMetrics().lineSpacing())
            bar.setValue(bar.value() + round(lines))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            place = self.cursorForPosition(event.position().toPoint()).position() - _length(self._prompt)
            if self._pieces:
                self.token_picked.emit(-1 if place < 0 else min(bisect_right(self._ends, place), len(self._ends) - 1))

    def _recolour(self) -> None:
        self._formats = _formats()
        pieces, marked = tuple(self._pieces), self._marked
        place = self.verticalScrollBar().value()
        self.begin(self._prompt)
        self.add(pieces)
        self.mark(marked)
        self.verticalScrollBar().setValue(place)


class SurpriseLegend(QWidget):
    """What the grounds mean: a strip of them between two numbers."""

    STRIP = 96

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("surprise_legend")
        self._words = self.tr("surprise (nats)")
        self.setAccessibleName(self.tr("Surprise: minus the logarithm of a token's probability, 0 to 8 nats and more"))
        self.setToolTip(
            self.tr(
                "How unexpected each token was to the model itself: 0 it was sure; 2.3 one in ten; 6.9 one in 1,000"
            )
        )
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(f"{self._words}  0  {STRONGEST:.0f}+") + self.STRIP + 4 * theme.XS
        self.setFixedSize(width, metrics.height() + theme.XS)
        theme.signals().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme.current()
        metrics, middle = self.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(look.muted))
        x = 0
        for words in (self._words, "0"):
            painter.drawText(QRect(x, 0, self.width(), self.height()), middle, words)
            x += metrics.horizontalAdvance(words) + theme.S
        wide = self.STRIP // (LEVELS + 1)
        for step in range(LEVELS + 1):
            painter.fillRect(x + step * wide, 3, wide, self.height() - 6, ground(step))
        painter.drawRect(x, 3, wide * (LEVELS + 1), self.height() - 7)
        x += wide * (LEVELS + 1) + theme.XS
        painter.drawText(QRect(x, 0, self.width(), self.height()), middle, f"{STRONGEST:.0f}+")
        painter.end()


def level(nats: float) -> int:
    """0 to LEVELS."""
    return max(0, min(LEVELS, round(nats / STRONGEST * LEVELS)))


def ground(step: int) -> QColor:
    """The ground of a level, between that of the page and the strongest."""
    look = theme.current()
    page, most, part = QColor(look.surface), QColor(GROUNDS[look.name]), step / LEVELS
    channels = ((most.red(), page.red()), (most.green(), page.green()), (most.blue(), page.blue()))
    return QColor(*(round(part * a + (1 - part) * b) for a, b in channels))


def _formats() -> list[QTextCharFormat]:
    formats = []
    for step in range(LEVELS + 1):
        characters = QTextCharFormat()
        if step:
            characters.setBackground(ground(step))
        formats.append(characters)
    return formats


def _muted() -> QTextCharFormat:
    characters = QTextCharFormat()
    characters.setForeground(QColor(theme.current().muted))
    return characters


def _length(text: str) -> int:
    """As Qt counts: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
