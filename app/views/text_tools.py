"""What the text fields of a conversation share: staying at the end, adding there, lines that are not too long, plain text.

Text that comes from a model is put in as it is, never read as HTML, and never shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPalette, QTextBlock, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QScrollBar, QTextEdit

from rwkv_backend.templates import plain_line_ends

COLUMN = 100
"""Letters in a line of a wide window: longer lines are hard to read."""


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
def selection_kept(edit: QTextEdit | QPlainTextEdit) -> Iterator[None]:
    """A selection that touches the end would otherwise grow with what is added there."""
    own = edit.textCursor()
    anchor, position = own.anchor(), own.position()
    yield
    if anchor != position:
        own.setPosition(anchor)
        own.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        edit.setTextCursor(own)


def raw_text(edit: QPlainTextEdit) -> str:
    """Character by character as it is: `toPlainText` would turn each no-break space into a plain one."""
    return edit.document().toRawText().replace("\u2029", "\n")


def replace_text(edit: QPlainTextEdit, text: str) -> None:
    """Another text; undo brings the old one back."""
    cursor = QTextCursor(edit.document())
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.insertText(plain_line_ends(text), QTextCharFormat())
    edit.moveCursor(QTextCursor.MoveOperation.End)


def fill_with_ground(edit: QTextEdit | QPlainTextEdit) -> None:
    """The room that `keep_lines_short` leaves has the colour of the text's ground."""
    edit.setBackgroundRole(QPalette.ColorRole.Base)
    edit.setAutoFillBackground(True)


def keep_lines_short(edit: QTextEdit | QPlainTextEdit, set_margins: Callable[[int, int, int, int], None]) -> None:
    """In a wide window leave room at both sides, so that a line has no more than about COLUMN letters."""
    side = max(0, (edit.width() - COLUMN * edit.fontMetrics().averageCharWidth()) // 2)
    if edit.viewportMargins().left() != side:
        set_margins(side, 0, side, 0)


def end_of(edit: QTextEdit | QPlainTextEdit) -> QTextCursor:
    cursor = QTextCursor(edit.document())
    cursor.movePosition(QTextCursor.MoveOperation.End)
    return cursor


def blocks(first: QTextBlock, end: int) -> Iterator[QTextBlock]:
    """From `first` on, those that begin before the position `end`."""
    block = first
    while block.isValid() and block.position() < end:
        yield block
        block = block.next()


def copy_text(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def is_return(event: QKeyEvent) -> bool:
    return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
