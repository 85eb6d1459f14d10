"""What stands under the words of a text whose influence is drawn: two bars for each word, and a sentence about them.

The first bar is what the model's own numbers say, the second what leaving the word out changes. The strings are translated
with those of the plot, of which this is a part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QCoreApplication

from app import theme
from app.analysis_messages import InfluenceAnswer
from app.plots.ranks import rank_correlation
from app.plots.word_strip import Strip, largest
from app.plots.words import number, percent, visible
from rwkv_backend.analysis.records import LeaveOneOut

DECADES = 3
"""Powers of ten from a full bar under a word to an empty one."""


@dataclass(frozen=True)
class UnderWords:
    answer: InfluenceAnswer
    left_out: LeaveOneOut | None

    def bars(self) -> list[float]:
        return [float(value) for value in np.abs(self.answer.bars)]

    def left_out_bars(self) -> tuple[float, ...]:
        """What leaving each word out changes, in nats; NaN before those that were tried."""
        if self.left_out is None:
            return ()
        found = self.left_out.divergence.tolist()
        return (*[float("nan")] * (len(self.answer.texts) - len(found)), *found)

    def strip(self) -> Strip:
        words = tuple(visible(text) for text in self.answer.texts)
        return Strip(words, _heights(tuple(self.bars())), 1.0, _heights(self.left_out_bars()), 1.0)

    def legend(self) -> list[tuple[str, str, str]]:
        """Of the bars that are there: sign, colour, name."""
        translate, look = QCoreApplication.translate, theme.current()
        entries = [("■", look.accent, translate("Influence", "what the model takes from the word"))]
        if self.left_out is not None:
            entries.append(("■", look.series[1], translate("Influence", "what leaving it out changes")))
        return entries

    def sentence(self, word: int = -1) -> str:
        """About this word; -1: about all of them."""
        if word >= 0:
            return self._about(word)
        words = QCoreApplication.translate("Influence", "Under each word: {0} (logarithmic, full bar {1})")
        return self._correlation() or words.format(self._whose(), percent(largest(self.bars())))

    def _about(self, word: int) -> str:
        translate = QCoreApplication.translate
        bar = translate("Influence", "“{0}”, token {1}: {2} of {3}").format(
            visible(self.answer.texts[word]),
            self.answer.first + word + 1,
            percent(float(abs(self.answer.bars[word]))),
            self._whose(),
        )
        second = self.left_out_bars()
        if second and second[word] == second[word]:
            bar += " · " + translate("Influence", "left out: {0} nats").format(number(second[word]))
        return bar

    def _whose(self) -> str:
        translate, layer, head = QCoreApplication.translate, self.answer.layer, self.answer.head
        if layer is None:
            return translate("Influence", "what counts for the next word, all layers")
        if head is None:
            return translate("Influence", "what layer {0} reads").format(layer)
        return translate("Influence", "what layer {0}, head {1} reads").format(layer, head)

    def _correlation(self) -> str:
        """How well the bars agree with leaving out."""
        bars, second = self.bars(), self.left_out_bars()
        known = [i for i, value in enumerate(second) if value == value]
        if len(known) < 3:
            return ""
        found = rank_correlation([bars[i] for i in known], [second[i] for i in known])
        words = QCoreApplication.translate("Influence", "Rank correlation with leaving out, over {0} tokens: {1}")
        return words.format(len(known), number(found))


def _heights(values: tuple[float, ...]) -> tuple[float, ...]:
    """1 for the largest, 0 for what is DECADES powers of ten smaller: otherwise the last words alone would be seen."""
    top = largest(values)
    if top <= 0:
        return values
    return tuple(
        value if value != value else max(0.0, 1 + math.log10(max(value / top, 1e-9)) / DECADES) for value in values
    )
