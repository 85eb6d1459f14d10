"""A small card that leads through the program: what to look at, a button that does it, and ways on, back and out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.views.parts import named
from app.views.tour_places import best_place, inside

WIDTH = 420


class TourCard(QFrame):
    """Lies over the window without keeping anyone from using it; its body can be dragged away."""

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
        self._held: QPoint | None = None
        self._dragged = False
        self._beside: QRect | None = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(self.tr("Drag to move"))
        self._lay_out()
        self.hide()

    def _button(self, name: str, words: str, signal: object, primary: bool = False) -> QPushButton:
        button = QPushButton(words)
        named(button, name, self.tr("Tour: {0}").format(words))
        if primary:
            button.setProperty("kind", "primary")
        button.clicked.connect(signal)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setToolTip(words)
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
        """place counts from 0. Where the user has put the card counts for one step."""
        self._dragged, self._beside = False, None
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

    # Where it is

    def place_beside(self, target: QRect | None, clear: Sequence[QRect] = ()) -> None:
        """Next to what it speaks of, and off all that is to be kept clear; it moves only where it must."""
        window = self.parentWidget()
        if window is None:
            return
        self._fit()
        here = self.geometry()
        if self._dragged:
            self.move(inside(here, window.rect()))
        elif self._beside is None or target != self._beside or self._covers((self._beside, *clear)):
            self._beside = target
            self.move(best_place(self.size(), window.rect(), target, clear))
        else:
            self.move(inside(here, window.rect()))
        self.raise_()

    def _covers(self, rooms: Sequence[QRect]) -> bool:
        return any(self.geometry().intersects(room) for room in rooms)

    def _fit(self) -> None:
        """As high as the words need at this width."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.totalHeightForWidth(WIDTH))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = event.position().toPoint()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        window = self.parentWidget()
        if self._held is not None and window is not None:
            self._dragged = True
            there = self.mapToParent(event.position().toPoint()) - self._held
            self.move(inside(QRect(there, self.size()), window.rect()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
