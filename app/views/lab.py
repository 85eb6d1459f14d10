"""The state lab: snapshots above, and below them what can be done: edit, compare, take away, find who remembers, numbers."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.analysis_messages import PRESENT, Comparison, LabContents
from app.messages import OpenedModel
from app.plots.difference import DifferenceBars, DifferenceMap
from app.plots.numbers import Numbers
from app.plots.sweep import AblationPlot, PatchPlot
from app.views.lab_edit import EditForm
from app.views.lab_parts import SnapshotChoice
from app.views.lab_snapshots import Snapshots
from app.views.lab_words import NextWordPanel, is_change
from app.views.parts import named

CUTS = (25, 50, 75)
"""Per cent of the text after which a memory is taken away."""


class ComparePage(QWidget):
    chosen = Signal()
    """Two states, or another field"""

    def __init__(self) -> None:
        super().__init__()
        named(self, "lab_compare", self.tr("Compare two states"))
        self.before = SnapshotChoice("compare_before", self.tr("First state"), with_present=True)
        self.after = SnapshotChoice("compare_after", self.tr("Second state"), with_present=True)
        self.before.currentIndexChanged.connect(self.chosen)
        self.after.currentIndexChanged.connect(self.chosen)
        self.bars, self.map = DifferenceBars(), DifferenceMap()
        self.map.field_chosen.connect(self.chosen)
        self.words = NextWordPanel("lab_compare_words", rows=6)
        self._note = QLabel()
        self._note.setObjectName("lab_compare_note")
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        self._lay_out()

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.setSpacing(theme.S)
        choice.addWidget(QLabel(self.tr("From")))
        choice.addWidget(self.before, 1)
        choice.addWidget(QLabel(self.tr("to")))
        choice.addWidget(self.after, 1)
        plots = QHBoxLayout()
        plots.setSpacing(theme.XS)
        plots.addWidget(self.bars, 1)
        plots.addWidget(self.map, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 0, 0)
        column.setSpacing(theme.XS)
        column.addLayout(choice)
        column.addWidget(self._note)
        column.addLayout(plots, 3)
        column.addWidget(self.words, 1)

    def show_contents(self, contents: LabContents) -> None:
        for choice in (self.before, self.after):
            choice.show_contents(contents)
        if contents.snapshots and self.before.number == self.after.number:
            self.before.choose(contents.snapshots[-1].id)
        self.say(self.tr("Take a snapshot, write on, and compare.") if not contents.snapshots else "")

    def show_comparison(self, comparison: Comparison, tokens_seen: int) -> None:
        self.bars.show_comparison(comparison, tokens_seen)
        self.map.show_comparison(comparison, tokens_seen)
        if is_change(comparison.words):
            self.words.show_change(comparison.words, self.tr("The next word differs by {0} nats (KL)"))
        else:
            self.words.show_same(comparison.words, self.tr("The next word is the same after both states."))
        self.say(self.tr("Both read the text's last word before this.") if comparison.words.read else "")

    def say(self, sentence: str) -> None:
        self._note.setText(sentence)
        self._note.setVisible(bool(sentence))

    @property
    def numbers(self) -> tuple[int, int] | None:
        """Both states; None if they are the same."""
        before, after = self.before.number, self.after.number
        return None if before is None or after is None or before == after else (before, after)


class AblatePage(QWidget):
    def __init__(self) -> None:
        super().__init__()
        named(self, "lab_ablate", self.tr("Take memories away"))
        self._by_head = QCheckBox(self.tr("each head by itself"))
        self._by_head.setObjectName("ablate_by_head")
        self._cut = QComboBox()
        named(self._cut, "ablate_cut", self.tr("Where in the text the memory is emptied"))
        for percent in CUTS:
            self._cut.addItem(self.tr("at {0} % of the text").format(percent), percent / 100)
        self._cut.setCurrentIndex(1)
        self._period = QComboBox()
        named(self._period, "ablate_period", self.tr("How often the memory is emptied"))
        self._period.addItem(self.tr("once"), None)
        self._period.addItem(self.tr("before every 8 words"), 8)
        self._period.addItem(self.tr("before every word"), 1)
        self.plot = AblationPlot()
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(self._cut, 1)
        row.addWidget(self._period, 1)
        row.addWidget(self._by_head)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 0, 0)
        column.addLayout(row)
        column.addWidget(self.plot, 1)

    def show_model(self, opened: OpenedModel | None) -> None:
        self._by_head.setEnabled(opened is not None and (opened.card.info.n_head or 0) > 1)
        self._by_head.setChecked(False)
        self.plot.show_model(opened)

    @property
    def by_head(self) -> bool:
        return self._by_head.isChecked()

    @property
    def cut(self) -> float:
        return float(self._cut.currentData())

    @property
    def period(self) -> int | None:
        data = self._period.currentData()
        return None if data is None else int(data)


class PatchPage(QWidget):
    def __init__(self) -> None:
        super().__init__()
        named(self, "lab_patch", self.tr("Find who remembers a word"))
        self.word, self.other, self.target = QLineEdit(), QLineEdit(), QLineEdit()
        named(self.word, "patch_word", self.tr("Word of the text"))
        named(self.other, "patch_other", self.tr("Word to put in its place"))
        named(self.target, "patch_target", self.tr("Word whose probability is watched"))
        self.target.setPlaceholderText(self.tr("the same word"))
        self._by_head = QCheckBox(self.tr("each head by itself"))
        self._by_head.setObjectName("patch_by_head")
        self.plot = PatchPlot()
        form = QFormLayout()
        form.setHorizontalSpacing(theme.S)
        form.setVerticalSpacing(theme.XS)
        names = QHBoxLayout()
        names.setSpacing(theme.S)
        names.addWidget(self.word, 1)
        names.addWidget(QLabel(self.tr("replaced by")))
        names.addWidget(self.other, 1)
        watched = QHBoxLayout()
        watched.setSpacing(theme.S)
        watched.addWidget(self.target, 1)
        watched.addWidget(self._by_head, 1)
        form.addRow(self.tr("Word in the text"), names)
        form.addRow(self.tr("Watch"), watched)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 0, 0)
        column.addLayout(form)
        column.addWidget(self.plot, 1)
        for line in (self.word, self.other):
            line.textChanged.connect(self._enable)
            line.returnPressed.connect(self.plot.start.click)
        self._enable()

    def show_model(self, opened: OpenedModel | None) -> None:
        self._by_head.setEnabled(opened is not None and (opened.card.info.n_head or 0) > 1)
        self._by_head.setChecked(False)
        self.plot.show_model(opened)

    def choose(self, word: str, other: str, target: str = "") -> None:
        """As if the user had typed it."""
        self.word.setText(word)
        self.other.setText(other)
        self.target.setText(target)

    @property
    def by_head(self) -> bool:
        return self._by_head.isChecked()

    def _enable(self) -> None:
        self.plot.start.setEnabled(bool(self.word.text().strip() and self.other.text().strip()))


class Lab(QWidget):
    page_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "lab", self.tr("State lab"))
        self.snapshots = Snapshots()
        self.edit, self.compare = EditForm(), ComparePage()
        self.ablate, self.patch, self.numbers = AblatePage(), PatchPage(), Numbers()
        self.pages = QTabWidget()
        named(self.pages, "lab_pages", self.tr("What to do in the lab"))
        self.pages.setDocumentMode(True)
        for page, name in (
            (self.edit, self.tr("Edit")),
            (self.compare, self.tr("Compare")),
            (self.ablate, self.tr("Take away")),
            (self.patch, self.tr("Who remembers?")),
            (self.numbers, self.tr("Numbers")),
        ):
            self.pages.addTab(page, name)
        self.pages.currentChanged.connect(self.page_changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.S, theme.S, theme.S, theme.XS)
        column.setSpacing(theme.S)
        column.addWidget(self.snapshots)
        column.addWidget(self.pages, 1)

    def show_model(self, opened: OpenedModel | None) -> None:
        for part in (self.edit, self.ablate, self.patch, self.numbers, self.compare.bars, self.compare.map):
            part.show_model(opened)
        self.compare.words.forget()
        self.show_contents(LabContents())

    def show_contents(self, contents: LabContents) -> None:
        self.snapshots.show_contents(contents)
        self.edit.show_contents(contents)
        self.compare.show_contents(contents)
        for page in (self.ablate, self.patch):
            page.plot.show_text(contents.tokens_seen > 0)

    def name_of(self, number: int, contents: LabContents) -> str:
        """The name of a snapshot for the reader."""
        if number == PRESENT:
            return self.tr("present state")
        return next((info.name for info in contents.snapshots if info.id == number), "")
