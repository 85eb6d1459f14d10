"""What was said in a conversation. It knows no model.

Text that comes from a model is put in as it is, never read as HTML, and never shortened.

Adding to the end must not cost more the longer the text is. What does is a single paragraph: Qt lays it out anew as a whole
(100,000 characters: 30 ms for each piece). So the transcript begins a new line in a paragraph of more than 2,000
characters; these soft breaks are left out again where text is copied.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QMenu, QTextEdit, QWidget

from app import theme
from app.views.text_tools import (
    Follower,
    blocks,
    copy_text,
    end_of,
    fill_with_ground,
    keep_lines_short,
    selection_kept,
)
from app.views.token_layer import Line, TokenLayer, add_places, lines_of
from app.views.token_map import Piece, units
from app.views.token_turns import Range, ShownTurn, link
from rwkv_backend.records import TokenRecord

LONG_PARAGRAPH = 2_000
"""Characters after which a paragraph of the transcript gets a soft break at the next space."""

_LINE, _HEADER, _SOFT = -1, 1, 2
"""What a block of the transcript is, kept as its user state: a line of a message, the beginning of a turn, or a line that
goes on with the one before. Lines within a text are made by Qt and have -1."""


@dataclass(frozen=True)
class _Turn:
    """start: the position of its first character in the document, that of the header; shown: what stands below it."""

    kind: Literal["user", "model", "note"]
    start: int
    shown: ShownTurn


class Transcript(QTextEdit):
    """A conversation, to which only its end is added. The user's turns stand on a tinted ground.

    The text bears no colours of its own, and the tint is painted behind it: a change of theme costs one repaint.
    """

    cut_requested = Signal(int)
    """Forget all after so many tokens"""
    fork_requested = Signal(int)
    """A new branch after so many tokens"""
    edit_requested = Signal(int)
    """The message of this number, among those that the model knows of, is to be written anew"""
    again_requested = Signal(int)
    """The answer of this number is to be written again"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turns: list[_Turn] = []
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        fill_with_ground(self)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(theme.L)
        self.follower = Follower(self.verticalScrollBar())
        self.tokens = TokenLayer(self, self)
        self._written: list[bool] = []
        self._linked: list[list[Piece]] = []
        self._ranges: list[Range] = []
        theme.signals().changed.connect(self.viewport().update)

    # What was said

    def begin(self, speaker: Literal["user", "model"], text: str = "") -> None:
        """A new turn. What an answer begins with is not the model's own."""
        bold = QTextCharFormat()
        bold.setFontWeight(QFont.Weight.DemiBold)
        with selection_kept(self):
            header = self._new_block(_HEADER, bold, 2 * theme.L)
            end_of(self).insertText(self.tr("You") if speaker == "user" else self.tr("Model"), bold)
            place = self._new_block(_LINE, QTextCharFormat())
            begun = len(units(text)) if speaker == "model" else 0
            self._turns.append(_Turn(speaker, header, ShownTurn(speaker, place, begun=begun)))
        self.add(text)

    def add(self, text: str) -> None:
        """More of the last turn."""
        if not self._turns or self._turns[-1].kind == "note":
            self.begin("model")
        text = text.replace("\r", "")  # would be a line of its own, and the "\n" after it another
        if not text:
            return
        with selection_kept(self):
            length = self.document().lastBlock().length()
            if length > LONG_PARAGRAPH and (text[0].isspace() or length > LONG_PARAGRAPH * 9 // 8):
                self._new_block(_SOFT, QTextCharFormat())
                self._turns[-1].shown.breaks.append(self._turns[-1].shown.length)
            end_of(self).insertText(text, QTextCharFormat())
            self._turns[-1].shown.add(text)

    def begin_answer(self, begins: str) -> bool:
        """Let an answer begin, unless the last turn is one already."""
        if self._turns and self._turns[-1].kind == "model":
            return False
        self.begin("model", begins)
        return True

    def note(self, sentence: str) -> None:
        """A remark of the program between two turns."""
        italic = QTextCharFormat()
        italic.setFontItalic(True)
        with selection_kept(self):
            place = self._new_block(_HEADER, italic, 2 * theme.L)
            self._turns.append(_Turn("note", place, ShownTurn("note", place)))
            end_of(self).insertText(sentence, italic)

    def take_back(self) -> None:
        """Remove the last question and all that came after it."""
        last = max((at for at, turn in enumerate(self._turns) if turn.kind == "user"), default=0)
        if last == 0:
            self.clear_all()
            return
        cursor = end_of(self)
        cursor.setPosition(self._turns[last].start - 1, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        del self._turns[last:]
        self.tokens.forget_lines()
        self._link()

    def clear_all(self) -> None:
        self._turns.clear()
        self._linked.clear()
        self.clear()
        self.tokens.forget_lines()

    @property
    def is_empty(self) -> bool:
        return not self._turns

    def text(self) -> str:
        """The whole conversation, with the names of who spoke."""
        return self._plain(0, self._length())

    def last_answer(self) -> str:
        answers = [at for at, turn in enumerate(self._turns) if turn.kind == "model"]
        return self.message(answers[-1]) if answers else ""

    def message(self, turn: int) -> str:
        """What was said in the turn of this number, without the name."""
        start = self._turns[turn].start
        if self._turns[turn].kind != "note":
            start = self.document().findBlock(start).next().position()
        return self._plain(start, self._end_of_turn(turn))

    def turn_at(self, point: QPoint) -> int | None:
        """The number of the turn at a point of the viewport."""
        turn = self._turn_of(self.cursorForPosition(point).position())
        return turn if turn >= 0 else None

    def _new_block(self, state: int, characters: QTextCharFormat, space_above: int = 0) -> int:
        """Begin a line at the end, or take the one that an empty document has; its position."""
        cursor, lines = end_of(self), QTextBlockFormat()
        lines.setLineHeight(115, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if self.document().isEmpty():
            cursor.setBlockFormat(lines)
            cursor.setBlockCharFormat(characters)
        else:
            lines.setTopMargin(space_above)
            cursor.insertBlock(lines, characters)
        cursor.block().setUserState(state)
        return cursor.position()

    def _length(self) -> int:
        return self.document().characterCount() - 1

    def _turn_of(self, position: int) -> int:
        return bisect_right([turn.start for turn in self._turns], position) - 1

    def _end_of_turn(self, turn: int) -> int:
        return self._turns[turn + 1].start - 1 if turn + 1 < len(self._turns) else self._length()

    def _plain(self, start: int, end: int) -> str:
        """The text between two positions, without soft breaks.

        Qt's own `toPlainText` would also turn each no-break space into a plain one.
        """
        cursor, parts = QTextCursor(self.document()), list[str]()
        for block in blocks(self.document().findBlock(start), end + 1):
            if block.position() > start and block.userState() != _SOFT:
                parts.append("\n\n" if block.userState() == _HEADER else "\n")
            cursor.setPosition(max(start, block.position()))
            cursor.setPosition(min(end, block.position() + block.length() - 1), QTextCursor.MoveMode.KeepAnchor)
            parts.append(cursor.selectedText())
        return "".join(parts)

    # Its tokens

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the conversation was read and written as these."""
        unchanged = self.tokens.map.start(first) if first else 0
        self._linked = [p for p in self._linked[:-1] if all(piece.told_end <= unchanged for piece in p)]
        self.tokens.show_tokens(first, records)
        del self._written[first:]
        self._ranges = [tokens for tokens in self._ranges if tokens[1] <= first]
        self._written += [record.written for record in records]
        self._link()

    def show_ranges(self, ranges: Sequence[Range]) -> None:
        """Which tokens each turn takes, of those that the model knows of."""
        self._ranges = list(ranges)
        self._linked.clear()
        self.tokens.forget_lines()
        self._link()

    def link_end(self) -> None:
        """The last turn has become longer without a new token."""
        self._linked = self._linked[:-1]
        self._link()

    def said_of(self, turn: int) -> int | None:
        """The number of a turn among those that the model knows of; None for a note, or what stands above the last one."""
        first = self._first_known()
        return turn - first if turn >= first else None

    def _first_known(self) -> int:
        notes = [at for at, turn in enumerate(self._turns) if turn.kind == "note"]
        return notes[-1] + 1 if notes else 0

    def _link(self) -> None:
        turns = [turn.shown for turn in self._turns[self._first_known() :]]
        self._linked = link(turns, self.tokens.map, self._written, self._linked[: len(turns)], self._ranges)
        self.tokens.set_pieces([piece for pieces in self._linked for piece in pieces])

    def between(self, top: float, bottom: float) -> Iterator[Line]:
        """For its tokens: the lines between two heights of the viewport."""
        scrolled = QPointF(0, self.verticalScrollBar().value())
        block = self.cursorForPosition(QPoint(0, int(top))).block()
        while block.isValid():
            origin = block.layout().position() - scrolled
            if origin.y() > bottom:
                return
            yield from lines_of(block, origin, top, bottom)
            block = block.next()

    def top_of(self, place: int) -> float:
        """For its tokens: where a paragraph begins on the viewport."""
        return self._box(place).top()

    # Copying

    # Not by overriding createMimeDataFromSelection: the clipboard outlives Python, and takes an object of Python's with it
    # into a crash at the end (PySide 6.11).

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        else:
            super().keyPressEvent(event)

    def copy_selection(self) -> None:
        """As plain text, without soft breaks."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            copy_text(self._plain(cursor.selectionStart(), cursor.selectionEnd()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu_at(event.pos())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def menu_at(self, point: QPoint) -> QMenu:
        """What can be copied: the selection, the message at that point, everything. And what else could have been said."""
        menu, turn = QMenu(self), self.turn_at(point)
        copy = menu.addAction(self.tr("Copy selection"), self.copy_selection)
        copy.setEnabled(self.textCursor().hasSelection())
        message = menu.addAction(self.tr("Copy message"), partial(self.copy_message, turn))
        message.setEnabled(turn is not None)
        everything = menu.addAction(self.tr("Copy everything"), self.copy_everything)
        everything.setEnabled(not self.is_empty)
        menu.addSeparator()
        menu.addAction(self.tr("Select everything"), self.selectAll)
        self._add_ways(menu, point, turn)
        return menu

    def _add_ways(self, menu: QMenu, point: QPoint, turn: int | None) -> None:
        """What one can do with the turn and the word at that point."""
        said = self.said_of(turn) if turn is not None else None
        if turn is not None and said is not None and said < len(self._linked):
            menu.addSeparator()
            if self._turns[turn].kind == "user":
                menu.addAction(self.tr("Edit this message"), partial(self.edit_requested.emit, said))
            else:
                menu.addAction(self.tr("Write this answer again"), partial(self.again_requested.emit, said))
        found = self.tokens.token_at(QPointF(point))
        if found is not None:
            add_places(menu, found[0] + 1, self.fork_requested, self.cut_requested)

    def copy_message(self, turn: int | None) -> None:
        if turn is not None:
            copy_text(self.message(turn))

    def copy_everything(self) -> None:
        copy_text(self.text())

    # Looks

    def resizeEvent(self, event: QResizeEvent) -> None:
        keep_lines_short(self, self.setViewportMargins)
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().raised))
        for ground in self._grounds():
            painter.drawRoundedRect(ground, theme.S, theme.S)
        self.tokens.paint(painter, event.rect())
        painter.end()
        super().paintEvent(event)

    def _grounds(self) -> Iterator[QRectF]:
        """Where the user's turns that can be seen lie on the viewport."""
        width, height = self.viewport().width(), self.viewport().height()
        first = max(0, self._turn_of(self.cursorForPosition(QPoint(0, 0)).position()))
        for number, turn in enumerate(self._turns[first:], first):
            top = self._box(turn.start).top()
            if top - theme.S > height:
                return
            if turn.kind == "user":
                bottom = self._box(self._end_of_turn(number)).bottom()
                yield QRectF(theme.S, top - theme.S, width - 2 * theme.S, bottom - top + 2 * theme.S)

    def _box(self, position: int) -> QRectF:
        """The block at this position of the document, on the viewport."""
        block = self.document().findBlock(position)
        box = self.document().documentLayout().blockBoundingRect(block)
        return box.translated(0, -self.verticalScrollBar().value())
