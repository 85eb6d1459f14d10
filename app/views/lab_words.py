"""What a change of the memory does to the next word: the divergence, the largest changes, and the likeliest words."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import theme
from app.plots.word_bars import WordBar, WordBars
from app.plots.words import number, percent, visible
from rwkv_backend.analysis.records import NextWordChange

ROWS = 12
LEAST_CHANGE = 1e-4
"""Nats. Smaller divergences are rounding, and the words that change most are any words."""


class NextWordPanel(QWidget):
    def __init__(self, name: str, rows: int = ROWS, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._heading = QLabel()
        self._heading.setObjectName(f"{name}_heading")
        self._heading.setProperty("kind", "title")
        self._heading.setWordWrap(True)
        self._about = QLabel()
        self._about.setObjectName(f"{name}_about")
        self._about.setProperty("kind", "muted")
        self._about.setWordWrap(True)
        self.bars = WordBars(f"{name}_bars", self.tr("Words whose probability changes most"), rows)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self._heading)
        column.addWidget(self._about)
        column.addWidget(self.bars, 1)
        self.change: NextWordChange | None = None

    def show_change(self, change: NextWordChange, heading: str) -> None:
        """heading: a sentence with {0} for the divergence in nats."""
        self.change = change
        self._heading.setText(heading.format(number(change.forward)))
        one, two = change.likeliest
        about = (
            self.tr("Likeliest stays “{0}”: {1} before, {2} after.").format(
                visible(one.text, one.token), percent(one.before), percent(one.after)
            )
            if one.token == two.token
            else self.tr("Likeliest was “{0}” ({1}), becomes “{2}” ({3}).").format(
                visible(one.text, one.token), percent(one.before), visible(two.text, two.token), percent(two.after)
            )
        )
        self._about.setText(about + " " + self.tr("Pale bars: before; strong: after."))
        self.bars.show_bars([WordBar(visible(w.text, w.token), w.after, w.before) for w in change.words])

    def show_same(self, change: NextWordChange, heading: str) -> None:
        """What comes next is as it was: the heading says so, and no words are listed."""
        self.change = change
        self._heading.setText(heading)
        word = change.likeliest[1]
        self._about.setText(
            self.tr("Likeliest is “{0}” ({1}).").format(visible(word.text, word.token), percent(word.after))
        )
        self.bars.show_bars(())

    def forget(self) -> None:
        self.change = None
        self._heading.clear()
        self._about.clear()
        self.bars.show_bars(())


def is_change(change: NextWordChange) -> bool:
    """Whether the next word is another one to speak of."""
    return not change.forward < LEAST_CHANGE
