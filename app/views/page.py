"""The page of plain continuation, which user and model write together. It knows no model.

Text that comes from a model is put in as it is, never read as HTML, and never shortened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QMenu, QPlainTextEdit, QWidget

from app import theme
from app.views.text_tools import (
    Follower,
    blocks,
    end_of,
    fill_with_ground,
    is_return,
    keep_lines_short,
    raw_text,
    replace_text,
    selection_kept,
)
from app.views.token_layer import Line, TokenLayer, add_places, lines_of
from app.views.token_map import Piece, agreed, units
from rwkv_backend.records import TokenRecord

_WRITTEN = int(QTextFormat.Property.UserProperty) + 1
"""The property of a character that the model has written."""


class Page(QPlainTextEdit):
    """One text that user and model write together; what the model has written is coloured.

    All that the model writes in one go is one step of undo.
    """

    send_requested = Signal()
    cut_requested = Signal(int)
    """Forget all after so many tokens"""
    fork_requested = Signal(int)
    """A new branch after so many tokens"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pieces: list[str] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        fill_with_ground(self)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(theme.L)
        self.follower = Follower(self.verticalScrollBar())
        self.tokens = TokenLayer(self, self)
        self._compare_soon = QTimer(self)
        self._compare_soon.setSingleShot(True)
        self._compare_soon.setInterval(0)
        self._compare_soon.timeout.connect(self._compare)
        self.document().contentsChange.connect(self._changed)
        theme.signals().changed.connect(self._recolour)

    def text(self) -> str:
        return raw_text(self)

    def set_text(self, text: str) -> None:
        self._pieces.clear()
        replace_text(self, text)

    def set_parts(self, parts: Sequence[tuple[str, bool]]) -> None:
        """Another text, part by part with whether the model has written it; undo brings the old one back."""
        self._pieces.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.removeSelectedText()
        for text, written in parts:
            cursor.insertText(text.replace("\r", ""), _written_format() if written else QTextCharFormat())
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.End)

    # Its tokens

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text was read as these."""
        self.tokens.show_tokens(first, records)
        self._compare()

    def _compare(self) -> None:
        """Only as far as the text is still the one that was read do its words belong to tokens."""
        text, told = units(self.text()), self.tokens.map.told()
        self.tokens.set_pieces([Piece(0, 0, agreed(text, told))])

    def _changed(self, place: int, removed: int, added: int) -> None:
        """Nothing after a change is painted where it no longer is, until the texts have been compared."""
        self.tokens.map.shorten(place)
        self.tokens.forget_lines(place)
        self._compare_soon.start()

    def between(self, top: float, bottom: float) -> Iterator[Line]:
        """For its tokens: the lines between two heights of the viewport."""
        block = self.firstVisibleBlock()
        box = self.blockBoundingGeometry(block).translated(self.contentOffset())
        while block.isValid() and box.top() <= bottom:
            if box.bottom() >= top:
                yield from lines_of(block, box.topLeft(), top, bottom)
            block = block.next()
            box = self.blockBoundingRect(block).translated(0, box.bottom())

    def top_of(self, place: int) -> float:
        """For its tokens: where a paragraph begins on the viewport."""
        block = self.document().findBlock(place)
        return self.blockBoundingGeometry(block).translated(self.contentOffset()).top()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu_at(event.pos())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def menu_at(self, point: QPoint) -> QMenu:
        """Qt's own, and what can be done with the word at that point."""
        menu = self.createStandardContextMenu()
        found = self.tokens.token_at(QPointF(point))
        if found is not None:
            add_places(menu, found[0] + 1, self.fork_requested, self.cut_requested)
        return menu

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        self.tokens.paint(painter, event.rect())
        painter.end()
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        keep_lines_short(self, self.setViewportMargins)
        super().resizeEvent(event)

    def begin(self) -> None:
        """The model is about to write."""
        self._pieces.clear()

    def add(self, text: str) -> None:
        """What the model has written."""
        text = text.replace("\r", "")
        if not text:
            return
        with selection_kept(self):
            cursor = end_of(self)
            if self._pieces:
                cursor.joinPreviousEditBlock()
            else:
                cursor.beginEditBlock()
            cursor.insertText(text, _written_format())
            cursor.endEditBlock()
        self._pieces.append(text)

    def last_written(self) -> str:
        return "".join(self._pieces)

    @property
    def ends_with_written(self) -> bool:
        """Whether the last character is the model's."""
        return bool(end_of(self).charFormat().property(_WRITTEN))

    # What the user types is never the model's, also in the middle of what the model wrote.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_return(event):
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.send_requested.emit()
            elif not self.isReadOnly():
                self.insertPlainText("\n")  # also with Shift, for which Qt has a sign that no model knows
                self.ensureCursorVisible()
            return
        if not self.isReadOnly() and _types(event):
            self._make_room()
        super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if not self.isReadOnly() and (event.commitString() or event.preeditString()):
            self._make_room()
        super().inputMethodEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self._make_room()
        super().insertFromMimeData(source)

    def insertPlainText(self, text: str) -> None:
        self._make_room()
        super().insertPlainText(text)

    def _make_room(self) -> None:
        """Remove the selection, and let what comes in its place be the user's."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            cursor.removeSelectedText()
            self.setTextCursor(cursor)
        self.setCurrentCharFormat(QTextCharFormat())

    def _recolour(self) -> None:
        """Put the written parts in the colour of the new theme; this cannot be undone, so nothing before it can."""
        written = [place for place in self._fragments() if place[2]]
        cursor = QTextCursor(self.document())
        for start, end, _ in written:
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(_written_format())
        if written:
            self.document().clearUndoRedoStacks()

    def _fragments(self) -> Iterator[tuple[int, int, bool]]:
        """Stretches of one format: where they begin and end, and whether the model wrote them."""
        for block in blocks(self.document().firstBlock(), self.document().characterCount()):
            place = block.begin()
            while not place.atEnd():
                piece = place.fragment()
                yield piece.position(), piece.position() + piece.length(), bool(piece.charFormat().property(_WRITTEN))
                place += 1


def _written_format() -> QTextCharFormat:
    characters = QTextCharFormat()
    characters.setForeground(QColor(theme.current().accent))
    characters.setProperty(_WRITTEN, True)
    return characters


def _types(event: QKeyEvent) -> bool:
    """Whether a key writes something, as Qt's own editor decides it."""
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    return event.text().isprintable() and event.text() != "" and event.modifiers() not in (control, control | shift)
