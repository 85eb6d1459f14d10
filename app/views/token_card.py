"""A card beside a word: what the model thought of it, and the likeliest tokens that could have stood there, with bars.

Shown while the mouse is at a word or at the card itself, or for the keyboard, when it takes the focus: arrow keys go
through the alternatives, Enter continues from one, Escape goes back. It lies inside the window, above all else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.plots.words import hundredths
from app.views.parts import named
from app.views.token_words import alternative_name, nats, probability_words, surprise, token_name
from rwkv_backend.records import Alternative, TokenRecord

SHOW_AFTER, HIDE_AFTER = 300, 350
"""Milliseconds: nobody who only crosses the text wants a card, and the way to the card leads across other words."""

WIDTH = 320
NAME_WIDTH = 118
NUMBER_WIDTH = 52


class AlternativeRow(QAbstractButton):
    """One token that could have come, with a bar as long as it was likely."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.alternative: Alternative | None = None
        self._taken = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_alternative(self, alternative: Alternative, taken: bool) -> None:
        self.alternative, self._taken = alternative, taken
        words = self.tr("{0}, {1}: the token that stands here") if taken else self.tr("Continue with {0}, {1}")
        name = alternative_name(alternative)
        self.setAccessibleName(words.format(name, probability_words(alternative.logprob)))
        self.setEnabled(not taken)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH - 2 * theme.M, self.fontMetrics().height() + theme.XS)

    minimumSizeHint = sizeHint

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.alternative is None:
            return
        painter, look = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isEnabled() and (self.underMouse() or self.hasFocus()):
            painter.setPen(QColor(look.accent) if self.hasFocus() else Qt.GlobalColor.transparent)
            painter.setBrush(QColor(look.raised))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.XS, theme.XS)
        self._draw_words(painter, look)

    def _draw_words(self, painter: QPainter, look: theme.Theme) -> None:
        assert self.alternative is not None
        likely = math.exp(min(0.0, self.alternative.logprob))
        room, middle = QRectF(self.rect()), Qt.AlignmentFlag.AlignVCenter
        if self._taken:
            bold = QFont(self.font())
            bold.setWeight(QFont.Weight.DemiBold)
            painter.setFont(bold)
        painter.setPen(QColor(look.text))
        name = alternative_name(self.alternative)
        cut = QFontMetrics(painter.font()).elidedText(name, Qt.TextElideMode.ElideRight, NAME_WIDTH - theme.S)
        painter.drawText(room.adjusted(theme.XS, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, cut)
        painter.setPen(QColor(look.muted))
        painter.drawText(
            room.adjusted(0, 0, -theme.XS, 0), middle | Qt.AlignmentFlag.AlignRight, f"{hundredths(likely)} %"
        )
        bar = QRectF(NAME_WIDTH, room.height() / 2 - 3, room.width() - NAME_WIDTH - NUMBER_WIDTH - theme.S, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.border))
        painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(QColor(look.warning if self._taken else look.accent))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(1.5, bar.width() * likely), 6), 2, 2)


class TokenCard(QFrame):
    chosen = Signal(int, int, str)
    """Number of the token, the token to put there instead, and its name"""
    shown = Signal(int)
    """The card of this token is to be seen"""
    closed = Signal()
    """Closed by the keyboard"""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._record: TokenRecord | None = None
        self._place = QRect()
        self._next: tuple[TokenRecord, QRect] | None = None
        named(self, "token_card", self.tr("A token and its alternatives"))
        self.setProperty("kind", "card")
        self.setFixedWidth(WIDTH)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._title, self._numbers, self._hint = QLabel(), QLabel(), QLabel()
        self._rows = [AlternativeRow() for _ in range(10)]
        self._wait = _timer(self, SHOW_AFTER, self._show_next)
        self._leave = _timer(self, HIDE_AFTER, self.hide)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        named(self._title, "token_card_title", self.tr("Token"))
        named(self._numbers, "token_card_numbers", self.tr("What the model thought of it"))
        self._title.setProperty("kind", "heading")
        for label in (self._numbers, self._hint):
            label.setProperty("kind", "muted")
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        column.setSpacing(1)
        for widget in (self._title, self._numbers, self._hint):
            if isinstance(widget, QLabel):
                widget.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(widget)
        for place, row in enumerate(self._rows):
            row.setObjectName(f"alternative_{place}_button")
            row.clicked.connect(self._choose)
            column.addWidget(row)

    # For the mouse

    def point_at(self, record: TokenRecord, place: QRect) -> None:
        """The mouse is at this token, which stands at `place` of the parent."""
        self._leave.stop()
        self._next = record, place
        self._wait.start()

    def leave(self) -> None:
        """The mouse has left the token, perhaps for the card."""
        self._next = None
        self._wait.stop()
        if self.isVisible() and not self._has_focus():
            self._leave.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._leave.stop()
        self._wait.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self.leave()

    def _show_next(self) -> None:
        if self._next is not None:
            self._show(*self._next)

    # For the keyboard

    def open_at(self, record: TokenRecord, place: QRect) -> None:
        """Show it and give it the keyboard."""
        self._wait.stop()
        self._leave.stop()
        self._show(record, place)
        first = next((row for row in self._rows if row.isVisibleTo(self) and row.isEnabled()), None)
        (first or self).setFocus(Qt.FocusReason.PopupFocusReason)

    def event(self, event: QEvent) -> bool:
        """Escape closes the card; it does not stop the writing too."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose_row(self._focused())
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays among the alternatives while the card is open."""
        rows = [row for row in self._rows if row.isVisibleTo(self) and row.isEnabled()]
        if rows:
            present = self._focused()
            at = rows.index(present) + (1 if forward else -1) if present in rows else 0
            rows[at % len(rows)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    # What it shows

    def refresh(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text consists of these."""
        if not self.isVisible() or self._record is None or self._record.index < first:
            return
        at = self._record.index - first
        if at < len(records) and records[at].token == self._record.token:
            self._show(records[at], self._place)
        else:
            self.hide()

    def refresh_known(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These tokens are better known now."""
        if self._record is not None and first <= self._record.index < first + len(records):
            self.refresh(first, records)

    def _show(self, record: TokenRecord, place: QRect) -> None:
        announced = self._record is None or self._record.index != record.index or not self.isVisible()
        self._record, self._place = record, place
        self._title.setText(f"“{token_name(record.token, record.data, record.text)}”")
        self._numbers.setText(_numbers(record))
        self._hint.setText(self._why_empty(record))
        self._hint.setVisible(bool(self._hint.text()))
        for at, row in enumerate(self._rows):
            there = at < len(record.alternatives)
            row.setVisible(there)
            if there:
                row.show_alternative(record.alternatives[at], record.alternatives[at].token == record.token)
        self.adjustSize()
        self.move(_beside(place, self.size(), self.window().rect()))
        self.show()
        self.raise_()
        if announced:
            self.shown.emit(record.index)

    def _why_empty(self, record: TokenRecord) -> str:
        if record.alternatives:
            return self.tr("Continue with another one, as a new branch:")
        if record.index == 0:
            return self.tr("The first token: nothing came before it.")
        return self.tr("It is being measured: the model reads these words once more.")

    # Inside

    def _choose(self) -> None:
        row = self.sender()
        self._choose_row(row if isinstance(row, AlternativeRow) else None)

    def _choose_row(self, row: AlternativeRow | None) -> None:
        if row is None or row.alternative is None or self._record is None or not row.isEnabled():
            return
        self.hide()
        self.chosen.emit(self._record.index, row.alternative.token, alternative_name(row.alternative))

    def _focused(self) -> AlternativeRow | None:
        return next((row for row in self._rows if row.hasFocus()), None)

    def _has_focus(self) -> bool:
        return self.hasFocus() or self._focused() is not None


def _numbers(record: TokenRecord) -> str:
    """Which token it is, how likely it was, and how surprising, in a line each."""
    translate = QCoreApplication.translate
    value = surprise(record)
    where = translate("TokenCard", "token {0} · number {1} in the vocabulary")
    lines = [where.format(f"{record.index + 1:,}", f"{record.token:,}")]
    if value is not None and record.logprob is not None and record.rank is not None:
        likely = translate("TokenCard", "probability {0} · rank {1}")
        lines.append(likely.format(probability_words(record.logprob), f"{record.rank:,}"))
        entropy = nats(record.entropy) if record.entropy is not None else "–"
        lines.append(translate("TokenCard", "surprise {0} · entropy {1}").format(nats(value), entropy))
    return "\n".join(lines)


def _beside(place: QRect, size: QSize, room: QRect) -> QPoint:
    """Below the word, or above it where there is no room, and inside the window."""
    x = min(max(theme.XS, place.left()), max(theme.XS, room.width() - size.width() - theme.XS))
    below = place.bottom() + theme.XS
    above = place.top() - theme.XS - size.height()
    return QPoint(x, below if below + size.height() <= room.height() or above < 0 else above)


def _timer(parent: TokenCard, after: int, then: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(after)
    timer.timeout.connect(then)
    return timer
