"""The text fields of a conversation: what was said, the page of plain continuation, and where the next message is written.

None of them knows a model. Text that comes from a model is put in as it is, never read as HTML, and never shortened.

Adding to the end must not cost more the longer the text is. What does is a single paragraph: Qt lays it out anew as a whole
(100,000 characters: 30 ms for each piece). So the transcript begins a new line in a paragraph of more than 2,000
characters; these soft breaks are left out again where text is copied.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QMenu, QPlainTextEdit, QScrollBar, QTextEdit, QWidget

from app import theme
from rwkv_backend.templates import plain_line_ends

SendKey = Literal["enter", "ctrl_enter"]

LONG_PARAGRAPH = 2_000
"""Characters after which a paragraph of the transcript gets a soft break at the next space."""

COLUMN = 100
"""Letters in a line of a wide window: longer lines are hard to read."""

_LINE, _HEADER, _SOFT = -1, 1, 2
"""What a block of the transcript is, kept as its user state: a line of a message, the beginning of a turn, or a line that
goes on with the one before. Lines within a text are made by Qt and have -1."""

_WRITTEN = int(QTextFormat.Property.UserProperty) + 1
"""The property of a character that the model has written."""


class Follower(QObject):
    """Keeps a view at its end while text is added, unless the user has moved away from the end."""

    NEAR = 2
    """Pixels or lines that still count as the end."""

    def __init__(self, bar: QScrollBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._following = True
        bar.valueChanged.connect(self._moved)
        bar.rangeChanged.connect(self._grown)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._following = True
        self._bar.setValue(self._bar.maximum())

    def _moved(self, value: int) -> None:
        self._following = value >= self._bar.maximum() - self.NEAR

    def _grown(self, low: int, high: int) -> None:
        if self._following:
            self._bar.setValue(high)


@contextmanager
def _selection_kept(edit: QTextEdit | QPlainTextEdit) -> Iterator[None]:
    """A selection that touches the end would otherwise grow with what is added there."""
    own = edit.textCursor()
    anchor, position = own.anchor(), own.position()
    yield
    if anchor != position:
        own.setPosition(anchor)
        own.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        edit.setTextCursor(own)


def _raw(edit: QPlainTextEdit) -> str:
    """Character by character as it is: `toPlainText` would turn each no-break space into a plain one."""
    return edit.document().toRawText().replace("\u2029", "\n")


def _replace(edit: QPlainTextEdit, text: str) -> None:
    """Another text; undo brings the old one back."""
    cursor = QTextCursor(edit.document())
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.insertText(plain_line_ends(text), QTextCharFormat())
    edit.moveCursor(QTextCursor.MoveOperation.End)


def _fill_with_ground(edit: QTextEdit | QPlainTextEdit) -> None:
    """The room that `_keep_lines_short` leaves has the colour of the text's ground."""
    edit.setBackgroundRole(QPalette.ColorRole.Base)
    edit.setAutoFillBackground(True)


def _keep_lines_short(edit: QTextEdit | QPlainTextEdit, set_margins: Callable[[int, int, int, int], None]) -> None:
    """In a wide window leave room at both sides, so that a line has no more than about COLUMN letters."""
    side = max(0, (edit.width() - COLUMN * edit.fontMetrics().averageCharWidth()) // 2)
    if edit.viewportMargins().left() != side:
        set_margins(side, 0, side, 0)


def _end_of(edit: QTextEdit | QPlainTextEdit) -> QTextCursor:
    cursor = QTextCursor(edit.document())
    cursor.movePosition(QTextCursor.MoveOperation.End)
    return cursor


def _blocks(first: QTextBlock, end: int) -> Iterator[QTextBlock]:
    """From `first` on, those that begin before the position `end`."""
    block = first
    while block.isValid() and block.position() < end:
        yield block
        block = block.next()


def copy_text(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


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
        _fill_with_ground(self)
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
        with _selection_kept(self):
            self._turns.append(_Turn(speaker, self._new_block(_HEADER, bold, 2 * theme.L)))
            _end_of(self).insertText(self.tr("You") if speaker == "user" else self.tr("Model"), bold)
            self._new_block(_LINE, QTextCharFormat())
        self.add(text)

    def add(self, text: str) -> None:
        """More of the last turn."""
        if not self._turns or self._turns[-1].kind == "note":
            self.begin("model")
        text = text.replace("\r", "")  # would be a line of its own, and the "\n" after it another
        if not text:
            return
        with _selection_kept(self):
            length = self.document().lastBlock().length()
            if length > LONG_PARAGRAPH and (text[0].isspace() or length > LONG_PARAGRAPH * 9 // 8):
                self._new_block(_SOFT, QTextCharFormat())
            _end_of(self).insertText(text, QTextCharFormat())

    def note(self, sentence: str) -> None:
        """A remark of the program between two turns."""
        italic = QTextCharFormat()
        italic.setFontItalic(True)
        with _selection_kept(self):
            self._turns.append(_Turn("note", self._new_block(_HEADER, italic, 2 * theme.L)))
            _end_of(self).insertText(sentence, italic)

    def take_back(self) -> None:
        """Remove the last question and all that came after it."""
        last = max((at for at, turn in enumerate(self._turns) if turn.kind == "user"), default=0)
        if last == 0:
            self.clear_all()
            return
        cursor = _end_of(self)
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
        cursor, lines = _end_of(self), QTextBlockFormat()
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
        for block in _blocks(self.document().findBlock(start), end + 1):
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
        _keep_lines_short(self, self.setViewportMargins)
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


class Page(QPlainTextEdit):
    """One text that user and model write together; what the model has written is coloured.

    All that the model writes in one go is one step of undo.
    """

    send_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pieces: list[str] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        _fill_with_ground(self)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(theme.L)
        self.follower = Follower(self.verticalScrollBar())
        theme.signals().changed.connect(self._recolour)

    def text(self) -> str:
        return _raw(self)

    def set_text(self, text: str) -> None:
        self._pieces.clear()
        _replace(self, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        _keep_lines_short(self, self.setViewportMargins)
        super().resizeEvent(event)

    def begin(self) -> None:
        """The model is about to write."""
        self._pieces.clear()

    def add(self, text: str) -> None:
        """What the model has written."""
        text = text.replace("\r", "")
        if not text:
            return
        with _selection_kept(self):
            cursor = _end_of(self)
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
        return bool(_end_of(self).charFormat().property(_WRITTEN))

    # What the user types is never the model's, also in the middle of what the model wrote.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_return(event):
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
        for block in _blocks(self.document().firstBlock(), self.document().characterCount()):
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


def _is_return(event: QKeyEvent) -> bool:
    return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _types(event: QKeyEvent) -> bool:
    """Whether a key writes something, as Qt's own editor decides it."""
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    return event.text().isprintable() and event.text() != "" and event.modifiers() not in (control, control | shift)


class Composer(QPlainTextEdit):
    """Where a message is written: as high as its text, from `least` to `most` lines."""

    send_requested = Signal()

    def __init__(self, least: int = 1, most: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most = least, most
        self.send_key: SendKey | None = None
        """What sends; Ctrl+Enter does in both cases. None: nothing does."""
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(theme.S)
        self.setStyleSheet(_COMPOSER)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def text(self) -> str:
        return _raw(self)

    def set_text(self, text: str) -> None:
        _replace(self, text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not _is_return(event) or self.send_key is None:
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.send_requested.emit()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or self.send_key == "ctrl_enter":
            self.insertPlainText("\n")
            self.ensureCursorVisible()
        else:
            self.send_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        line, margins = self.fontMetrics().lineSpacing(), 2 * math.ceil(self.document().documentMargin())
        most = self._most * line + margins
        text = self._text_height(most)
        height = max(text, self._least * line + margins) + 2 * self.frameWidth()
        self.setFixedHeight(height + 1)  # where there is just enough room, Qt scrolls all the same
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if text >= most else policy.ScrollBarAlwaysOff)

    def _text_height(self, enough: int) -> int:
        """Of the text with its margins, or `enough` if it is higher. Lines with Chinese are higher than those without."""
        height = self.document().documentMargin()  # above the first; the last block's rectangle holds the one below
        for block in _blocks(self.document().firstBlock(), self.document().characterCount()):
            height += self.blockBoundingRect(block).height()
            if height >= enough:
                return enough
        return math.ceil(height)


_COMPOSER = """
    Composer { border: 1px solid palette(mid); border-radius: 6px; background: palette(base); }
    Composer:focus { border-color: palette(highlight); }
"""
