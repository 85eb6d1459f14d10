"""The first start: three things to try, each with a button that does it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme

ICON = 28
WIDEST = 560
"""Pixels; longer lines are tiring to read."""


class Welcome(QWidget):
    try_requested = Signal(str)
    """Which: "tale", "forget", "open", "tour"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self._pictures: list[tuple[QLabel, str]] = []
        cards = QVBoxLayout()
        cards.setSpacing(theme.M)
        title = QLabel(self.tr("Three things to try"))
        title.setProperty("kind", "heading")
        title.setWordWrap(True)
        cards.addWidget(title)
        for key, icon, sentence, action in self._things():
            cards.addWidget(self._card(key, icon, sentence, action))
        cards.addWidget(self._tour_button(), 0, Qt.AlignmentFlag.AlignLeft)
        self._lay_out(cards)
        self._recolour()
        theme.signals().changed.connect(self._recolour)

    def _things(self) -> tuple[tuple[str, str, str, str], ...]:
        return (
            (
                "tale",
                "pen-line",
                self.tr("A small model tells a tale, and beside it you see its memory change with every word."),
                self.tr("Let RWKV-6 go on with a tale"),
            ),
            (
                "forget",
                "chart-line",
                self.tr(
                    "Some channels of a model forget within a few words, others keep what they have read for pages."
                ),
                self.tr("Compare how fast layers forget"),
            ),
            (
                "open",
                "folder-open",
                self.tr("Any RWKV file of versions 1 to 7 tells what it is before you load it."),
                self.tr("Open your own model"),
            ),
        )

    def _card(self, key: str, icon: str, sentence: str, action: str) -> QFrame:
        card = QFrame()
        card.setProperty("kind", "card")
        picture = QLabel()
        self._pictures.append((picture, icon))
        words = QLabel(sentence)
        words.setWordWrap(True)
        button = QPushButton(action)
        button.setObjectName(f"try_{key}_button")
        button.setAccessibleName(action)
        if key == "tale":
            button.setProperty("kind", "primary")
        button.clicked.connect(partial(self.try_requested.emit, key))
        grid = QGridLayout(card)
        grid.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        grid.setHorizontalSpacing(theme.L)
        grid.setVerticalSpacing(theme.M)
        grid.setColumnStretch(1, 1)
        grid.addWidget(picture, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, 0, 1)
        grid.addWidget(button, 1, 1, Qt.AlignmentFlag.AlignLeft)
        return card

    def _tour_button(self) -> QPushButton:
        words = self.tr("Or take the guided tour: five short steps")
        button = QPushButton(words)
        button.setObjectName("try_tour_button")
        button.setAccessibleName(words)
        button.clicked.connect(partial(self.try_requested.emit, "tour"))
        return button

    def _lay_out(self, cards: QVBoxLayout) -> None:
        """In the middle, and scrolled where there is too little room."""
        column = QWidget()
        column.setMaximumWidth(WIDEST)
        column.setLayout(cards)
        cards.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        inside = QWidget()
        middle = QGridLayout(inside)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addWidget(column, 1, 1)
        for side in (0, 2):
            middle.setRowStretch(side, 1)
            middle.setColumnStretch(side, 1)
        middle.setColumnStretch(1, 1000)
        area = QScrollArea()
        area.setObjectName("welcome_scroll")
        area.setAccessibleName(self.tr("Three things to try"))
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _recolour(self) -> None:
        for picture, icon in self._pictures:
            picture.setPixmap(theme.icon(icon, ICON, theme.current().accent).pixmap(ICON, ICON))
