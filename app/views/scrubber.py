"""Through what was read and written, token by token: a slider, play and pause, and where one is.

Tells what the user wants by signals, and shows what it is told. "Live" is the right end: what is shown follows the writing.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.views.elided_label import ElidedLabel
from app.views.parts import named, tip
from app.views.token_strip import TokenStrip
from app.views.token_tint import TintLegend
from app.views.token_words import position_words, spoken
from rwkv_backend.records import TokenRecord

SPEEDS = (1, 2, 5, 10, 30)
USUAL_SPEED = 5


class Scrubber(QWidget):
    moved = Signal(int)
    """So many tokens are to be looked at"""
    live_requested = Signal()
    play_requested = Signal(bool)
    speed_changed = Signal(int)
    """Tokens a second"""
    tint_requested = Signal(bool)
    alternatives_requested = Signal()
    branches_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._records: list[TokenRecord] = []
        self.strip = TokenStrip()
        self.play, self.live, self.tint, self.branches = (QToolButton() for _ in range(4))
        self.speed = QComboBox()
        self.where = ElidedLabel()
        self.legend = TintLegend()
        self._playing = False
        self._name()
        self._lay_out()
        self._connect()
        self._dress()
        self.show_position(0, live=True)
        self.legend.hide()
        self.hide()

    def _name(self) -> None:
        named(self, "scrubber", self.tr("Through the text, token by token"))
        named(self.strip, "token_slider", self.tr("Token that is looked at"))
        named(self.play, "play_button", self.tr("Play"))
        named(self.speed, "speed_combo", self.tr("Tokens a second"))
        named(self.live, "live_button", self.tr("Live"))
        named(self.tint, "tint_button", self.tr("Tint by surprise"))
        named(self.branches, "branches_button", self.tr("Branches"))
        named(self.where, "position_label", self.tr("Where in the text"))
        named(self.legend, "tint_legend", self.tr("Colours of surprise, in nats"))
        self.strip.setToolTip(
            tip(
                self.tr(
                    "Go back to any token: all plots show the state there. Arrow keys move by one token, with Shift by ten;"
                    " Enter shows what else could have come. The bars are the surprise of each token."
                )
            )
        )
        self.live.setToolTip(tip(self.tr("Follow the writing (End)")))
        self.tint.setToolTip(
            tip(
                self.tr(
                    "Tint each word by how little the model expected it (surprise, −ln probability, in nats). Point at a word"
                    " for the alternatives, click it to look at the state there."
                )
            )
        )
        self.branches.setToolTip(
            tip(self.tr("Fork the text, go back to another version of it, cut it, write it again"))
        )

    def _lay_out(self) -> None:
        for button in (self.play, self.live, self.tint, self.branches):
            button.setProperty("kind", "quiet")
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for button in (self.live, self.tint):
            button.setCheckable(True)
        for speed in SPEEDS:
            self.speed.addItem(self.tr("{0}/s").format(speed), speed)
        self.speed.setCurrentIndex(SPEEDS.index(USUAL_SPEED))
        self.where.setProperty("kind", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.XS, theme.M, 0)
        column.setSpacing(theme.XS)
        column.addLayout(_row(self.play, self.strip, self.live))
        column.addLayout(_row(self.where, self.speed, self.tint, self.branches))
        column.addWidget(self.legend)

    def _connect(self) -> None:
        self.strip.picked.connect(self.moved)
        self.strip.entered.connect(self.alternatives_requested)
        self.play.clicked.connect(lambda: self.play_requested.emit(not self._playing))
        self.live.clicked.connect(self._live_clicked)
        self.speed.currentIndexChanged.connect(lambda: self.speed_changed.emit(self.speed.currentData()))
        self.tint.toggled.connect(self.tint_requested)
        self.tint.toggled.connect(self.legend.setVisible)
        self.branches.clicked.connect(self.branches_requested)
        theme.signals().changed.connect(self._dress)

    # What it is told

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text consists of these."""
        del self._records[first:]
        self._records += records
        self.strip.show_tokens(first, records)
        self.setVisible(bool(self._records))

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These are better known now."""
        self._records[first : first + len(records)] = records
        self.strip.show_measured(first, records)

    def show_position(self, position: int, live: bool) -> None:
        """So many tokens have been read at the place that is looked at."""
        self.strip.show_position(position, live)
        self.live.setChecked(live)
        record = self._records[position - 1] if 0 < position <= len(self._records) else None
        self.where.set_text(position_words(position, len(self._records), record))
        self.strip.setAccessibleDescription(spoken(record) if record is not None else "")

    def show_playing(self, playing: bool) -> None:
        self._playing = playing
        self._dress()

    def show_tint(self, on: bool) -> None:
        self.tint.setChecked(on)

    def show_branches(self, count: int) -> None:
        self.branches.setText(self.tr("Branches ({0})").format(count) if count > 1 else self.tr("Branches"))

    # Inside

    def _live_clicked(self) -> None:
        self.live.setChecked(True)
        self.live_requested.emit()

    def _dress(self) -> None:
        self.play.setIcon(theme.icon("pause" if self._playing else "play"))
        self.play.setAccessibleName(self.tr("Pause") if self._playing else self.tr("Play"))
        self.play.setToolTip(tip(self.tr("Go through the text from here, token by token")))
        self.live.setText(self.tr("Live"))
        self.tint.setText(self.tr("Tint"))
        self.branches.setText(self.branches.text() or self.tr("Branches"))


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.XS)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, TokenStrip | ElidedLabel) else 0)
    return row
