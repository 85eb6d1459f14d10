"""The logit lens: for each layer and token, the words that the model would say next if it stopped after that layer."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout

from app import theme
from app.analysis_messages import LensAnswer
from app.messages import OpenedModel
from app.plots import colours
from app.plots.answer import AnswerPanel
from app.plots.colours import ColourBar
from app.plots.lens_grid import Cells, LensGrid
from app.plots.panel import Row, Shown
from app.plots.parts import Choice, OneLine
from app.plots.word_bars import WordBar, WordBars
from app.plots.words import number, percent, visible
from rwkv_backend.records import FloatArray

LENGTHS = (16, 32, 64, 128, 256, 512)
USUAL_LENGTH = 64
LISTED = 10


class Lens(AnswerPanel):
    key = "lens"
    token_picked = Signal(int)
    """The scrubber should go to where so many tokens have been read"""

    def __init__(self) -> None:
        self._answer: LensAnswer | None = None
        super().__init__()
        self._length = Choice("lens_length", self.tr("How many tokens, counted from the end"))
        for length in LENGTHS:
            self._length.addItem(self.tr("last {0} tokens").format(length), length)
        self._length.setCurrentIndex(LENGTHS.index(USUAL_LENGTH))
        self._length.currentIndexChanged.connect(self.asked)
        self._shown = Choice("lens_shown", self.tr("What the colours show"))
        for name in (
            self.tr("colour: probability of the word in the cell"),
            self.tr("colour: probability of the word that followed"),
            self.tr("colour: how undecided (entropy)"),
        ):
            self._shown.addItem(name)
        self._shown.currentIndexChanged.connect(self._paint)
        self.controls.addWidget(self._length, 1)
        self.controls.addWidget(self._shown, 2)
        self.grid = LensGrid("lens_grid", self.title)
        self.bar = ColourBar()
        self.bar.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._heading = OneLine(quiet=False)
        self._heading.setObjectName("lens_heading")
        self._words = WordBars("lens_words", self.tr("The likeliest words in the cell"), LISTED)
        self._lay_out()
        self.grid.pointed.connect(self._point)
        self.grid.picked.connect(self._pick)
        self.show_model(None)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.XS)
        row.addWidget(self.grid, 1)
        row.addWidget(self.bar)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addLayout(row)
        column.addWidget(self._heading)
        column.addWidget(self._words, 1)

    @property
    def title(self) -> str:
        return self.tr("Logit lens")

    @property
    def help_text(self) -> str:
        return self.tr(
            "What the model would say next if it stopped after each layer: a row a layer, a column a token; above it the "
            "word that was read, below it the one that followed, and a green line under each cell that foresaw it. "
            "Typically the first layers guess at words alone, and the answer appears within the last third."
        )

    @property
    def length(self) -> int:
        """How many tokens are asked for."""
        return int(self._length.currentData())

    # What it is told

    def reset(self, opened: OpenedModel) -> None:
        self._answer = None

    def forget(self) -> None:
        self._answer = None
        self.grid.show_cells(None)
        self._words.show_bars(())
        self._heading.say("")
        self.say("")

    def show_answer(self, answer: LensAnswer) -> None:
        """Draw what came."""
        self._answer = answer
        self.show_drawn(answer.first + len(answer.texts))
        self._paint()
        self.say_about(answer.edited, answer.first, answer.table.note or self.tr("Click a cell to go to that token."))

    def recolour(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if self._answer is None:
            return
        table = self._answer.table
        values, top, unit = self._values()
        names = [str(layer) for layer in table.layers]
        names[-1] = self.tr("model")
        following = [*(visible(text) for text in self._answer.texts[1:]), ""]
        self.grid.show_cells(
            Cells(
                rows=tuple(names),
                columns=tuple(visible(text) for text in self._answer.texts),
                following=tuple(following),
                shades=colours.shades(values, 0.0, top),
                hits=np.asarray(table.next_rank == 0, dtype=np.uint8),
                word=self._word,
            )
        )
        self.bar.show_marks([(0.0, "0"), (0.5, number(top / 2)), (1.0, number(top))], unit)

    def _values(self) -> tuple[FloatArray, float, str]:
        """What the colours show, where they end, and in what."""
        assert self._answer is not None
        table = self._answer.table
        if self._shown.currentIndex() == 1:
            return table.next_probability, 1.0, self.tr("fraction")
        if self._shown.currentIndex() == 2:
            return table.entropy, colours.round_up(max(float(np.nanmax(table.entropy)), 1e-3)), self.tr("nats")
        return table.top_probabilities[:, :, 0], 1.0, self.tr("fraction")

    def _word(self, row: int, column: int) -> str:
        assert self._answer is not None
        token = int(self._answer.table.top_tokens[row, column, 0])
        return visible(self._answer.table.texts.get(token, ""), token)

    def shows(self, tokens: int | None) -> bool:
        """Whether the token that was read last then is in the table; None: the last one of what is there."""
        if self._answer is None:
            return False
        return tokens is None or 0 < tokens - self._answer.first <= len(self._answer.texts)

    def go_to(self, tokens: int | None) -> None:
        """The frame to the token that was read last then; None: to the end."""
        if self._answer is not None:
            column = len(self._answer.texts) if tokens is None else tokens - self._answer.first
            self.grid.go_to(column - 1)

    # Pointing

    def _point(self, row: int, column: int) -> None:
        if self._answer is None:
            return
        table = self._answer.table
        really = table.tokens[column + 1] if column + 1 < len(table.tokens) else None
        self._words.show_bars(
            [
                WordBar(visible(word.text, word.token), word.probability, marked=word.token == really)
                for word in table.words(row, column)
            ]
        )
        where = self.tr("After token {0} “{1}”, layer {2}").format(
            self._answer.first + column + 1, visible(self._answer.texts[column]), table.layers[row]
        )
        undecided = self.tr("entropy {0} nats").format(number(float(table.entropy[row, column])))
        self._heading.say(" · ".join((where, undecided, *self._about_following(row, column))))

    def _about_following(self, row: int, column: int) -> tuple[str, ...]:
        assert self._answer is not None
        table, rank = self._answer.table, int(self._answer.table.next_rank[row, column])
        if rank < 0:
            return ()
        words = self.tr("“{0}” followed: rank {1}, {2}")
        chance = percent(float(table.next_probability[row, column]))
        return (words.format(visible(self._answer.texts[column + 1]), rank + 1, chance),)

    def _pick(self, column: int) -> None:
        if self._answer is not None:
            self.token_picked.emit(self._answer.first + column + 1)

    # Export

    def describe(self) -> str:
        if self._answer is None:
            return ""
        first, count = self._answer.first, len(self._answer.texts)
        return self.tr("tokens {0} to {1}").format(first + 1, first + count)

    def unit(self) -> str:
        return self.tr("probability, 0 to 1; entropy in nats")

    def shown(self) -> Shown | None:
        if self._answer is None:
            return None
        part = ("top_probabilities", "next_probability", "entropy")[max(self._shown.currentIndex(), 0)]
        return {"plot": "lens", "first": self._answer.first, "top": LISTED, "part": part}

    def rows(self) -> list[Row]:
        names: Row = [
            self.tr("layer"),
            self.tr("token number"),
            self.tr("read"),
            self.tr("rank of the word that followed"),
            self.tr("its probability"),
            self.tr("entropy"),
        ]
        for place in range(1, LISTED + 1):
            names += [self.tr("word {0}").format(place), self.tr("probability {0}").format(place)]
        return [names, *(self._row(row, column) for row, column in self._places())]

    def _places(self) -> list[tuple[int, int]]:
        if self._answer is None:
            return []
        table = self._answer.table
        return [(row, column) for row in range(len(table.layers)) for column in range(len(table.tokens))]

    def _row(self, row: int, column: int) -> Row:
        assert self._answer is not None
        table = self._answer.table
        rank, chance = int(table.next_rank[row, column]), float(table.next_probability[row, column])
        cells: Row = [table.layers[row], self._answer.first + column + 1, visible(self._answer.texts[column])]
        cells += [rank + 1, chance] if rank >= 0 else ["", ""]
        cells.append(float(table.entropy[row, column]))
        for word in table.words(row, column):
            cells += [visible(word.text, word.token), word.probability]
        return cells
