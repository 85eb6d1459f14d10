"""A small card that leads through the program: what to look at, a button that does it, and ways on, back and out."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.views.parts import named

WIDTH = 420
MARGIN = 24
"""Pixels between the card and the window's edge."""


class TourCard(QFrame):
    """Lies over the window without keeping anyone from using it."""

    do_requested = Signal()
    next_requested = Signal()
    back_requested = Signal()
    end_requested = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        named(self, "tour_card", self.tr("Guided tour"))
        self.setProperty("kind", "card")
        self.setAutoFillBackground(True)
        self.setFixedWidth(WIDTH)
        self._count, self._title, self._text, self._note = (QLabel() for _ in range(4))
        self._count.setProperty("kind", "muted")
        self._title.setProperty("kind", "title")
        self._note.setProperty("kind", "warning")
        for label, name in ((self._count, "count"), (self._title, "title"), (self._text, "text"), (self._note, "note")):
            label.setObjectName(f"tour_{name}")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.do = self._button("tour_do_button", self.tr("Do it for me"), self.do_requested, primary=True)
        self.back = self._button("tour_back_button", self.tr("Back"), self.back_requested)
        self.next = self._button("tour_next_button", self.tr("Next"), self.next_requested)
        self.end = self._button("tour_end_button", self.tr("End"), self.end_requested)
        self._lay_out()
        self.hide()

    def _button(self, name: str, words: str, signal: object, primary: bool = False) -> QPushButton:
        button = QPushButton(words)
        named(button, name, self.tr("Tour: {0}").format(words))
        if primary:
            button.setProperty("kind", "primary")
        button.clicked.connect(signal)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addWidget(self.do)
        buttons.addStretch(1)
        for button in (self.back, self.next, self.end):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        for widget in (self._count, self._title, self._text, self._note):
            column.addWidget(widget)
        column.addLayout(buttons)

    def show_step(self, place: int, of: int, title: str, text: str) -> None:
        """place counts from 0."""
        self._count.setText(self.tr("Step {0} of {1}").format(place + 1, of))
        self._title.setText(title)
        self._text.setText(text)
        self.back.setEnabled(place > 0)
        self.next.setText(self.tr("Next") if place + 1 < of else self.tr("Finish"))
        self.say("")

    def show_text(self, text: str) -> None:
        """The same step, in other words: something has come out."""
        self._text.setText(text)

    def say(self, sentence: str) -> None:
        """What keeps the step from being done, or that it is being done."""
        self._note.setText(sentence)
        self._note.setVisible(bool(sentence))

    def text(self) -> str:
        return self._text.text()

    def note(self) -> str:
        return self._note.text()

    def place_beside(self, target: QRect | None) -> None:
        """Into the corner of the window where it hides the least of what it speaks of."""
        window = self.parentWidget()
        if window is None:
            return
        self._fit()
        right, bottom = window.width() - self.width() - MARGIN, window.height() - self.height() - 2 * MARGIN
        corners = [QPoint(MARGIN, bottom), QPoint(right, bottom), QPoint(MARGIN, 3 * MARGIN), QPoint(right, 3 * MARGIN)]
        self.move(min(corners, key=lambda corner: self._hidden(corner, target)))
        self.raise_()

    def _fit(self) -> None:
        """As high as the words need at this width."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.totalHeightForWidth(WIDTH))

    def _hidden(self, corner: QPoint, target: QRect | None) -> int:
        """Pixels of the target that would be covered."""
        if target is None:
            return 0
        covered = QRect(corner, self.size()).intersected(target)
        return covered.width() * covered.height() if covered.isValid() else 0
