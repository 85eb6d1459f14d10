"""What was said in a conversation. It knows no model.

Text that comes from a model is put in as it is, never read as HTML, and never shortened.

Adding to the end must not cost more the longer the text is. What does is a single paragraph: Qt lays it out anew as a whole
(100,000 characters: 30 ms for each piece). So the transcript begins a new line in a paragraph of more than 2,000
characters; these soft breaks are left out again where text is copied.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QPoint, QRectF, Qt
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

LONG_PARAGRAPH = 2_000
"""Characters after which a paragraph of the transcript gets a soft break at the next space."""

_LINE, _HEADER, _SOFT = -1, 1, 2
"""What a block of the transcript is, kept as its user state: a line of a message, the beginning of a turn, or a line that
goes on with the one before. Lines within a text are made by Qt and have -1."""


@dataclass(frozen=True)
class _Turn:
    """start: the position of its first character in the document; that of the header, if it has one."""

    kind: Literal["user", "model", "note"]
    start: int


class Transcript(QTextEdit):
    """A conversation, to which only its end is added. The user's turns stand on a tinted ground.

    The text bears no colours of its own, and the tint is painted behind it: a change of theme costs one repaint.
    """

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
        theme.signals().changed.connect(self.viewport().update)

    # What was said

    def begin(self, speaker: Literal["user", "model"], text: str = "") -> None:
        """A new turn."""
        bold = QTextCharFormat()
        bold.setFontWeight(QFont.Weight.DemiBold)
        with selection_kept(self):
            self._turns.append(_Turn(speaker, self._new_block(_HEADER, bold, 2 * theme.L)))
            end_of(self).insertText(self.tr("You") if speaker == "user" else self.tr("Model"), bold)
            self._new_block(_LINE, QTextCharFormat())
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
            end_of(self).insertText(text, QTextCharFormat())

    def note(self, sentence: str) -> None:
        """A remark of the program between two turns."""
        italic = QTextCharFormat()
        italic.setFontItalic(True)
        with selection_kept(self):
            self._turns.append(_Turn("note", self._new_block(_HEADER, italic, 2 * theme.L)))
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

    def clear_all(self) -> None:
        self._turns.clear()
        self.clear()

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
        """What can be copied: the selection, the message at that point, everything."""
        menu, turn = QMenu(self), self.turn_at(point)
        copy = menu.addAction(self.tr("Copy selection"), self.copy_selection)
        copy.setEnabled(self.textCursor().hasSelection())
        message = menu.addAction(self.tr("Copy message"), partial(self.copy_message, turn))
        message.setEnabled(turn is not None)
        everything = menu.addAction(self.tr("Copy everything"), self.copy_everything)
        everything.setEnabled(not self.is_empty)
        menu.addSeparator()
        menu.addAction(self.tr("Select everything"), self.selectAll)
        return menu

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
