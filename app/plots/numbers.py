"""The numbers behind the pictures as a table: norms, effective rank, concentration, how many channels outlive n tokens."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QLabel, QTableView, QVBoxLayout

from app import theme
from app.plots.answer import AnswerPanel
from app.plots.panel import Row, Shown
from app.plots.words import number
from app.views.parts import library
from rwkv_backend.analysis.records import StateStatistics

Place = QModelIndex | QPersistentModelIndex


class Table(QAbstractTableModel):
    """Rows of numbers under headings; the first column is a layer's number."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: tuple[str, ...] = ()
        self.tips: tuple[str, ...] = ()
        self.lines: tuple[tuple[float, ...], ...] = ()

    def fill(self, headings: tuple[str, ...], tips: tuple[str, ...], lines: tuple[tuple[float, ...], ...]) -> None:
        self.beginResetModel()
        self.headings, self.tips, self.lines = headings, tips, lines
        self.endResetModel()

    def rowCount(self, parent: Place | None = None) -> int:
        return len(self.lines)

    def columnCount(self, parent: Place | None = None) -> int:
        return len(self.headings)

    def data(self, index: Place, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            value = self.lines[index.row()][index.column()]
            return f"{value:,.0f}" if value == round(value) and abs(value) < 1e6 else number(value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.headings[section]
        return self.tips[section] if role == Qt.ItemDataRole.ToolTipRole else None


class Numbers(AnswerPanel):
    key = "state_numbers"

    def __init__(self) -> None:
        self._table = Table()
        super().__init__()
        self._view = QTableView()
        self._view.setObjectName("state_numbers_table")
        self._view.setAccessibleName(self.title)
        self._view.setModel(self._table)
        self._view.verticalHeader().hide()
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._view.setShowGrid(False)
        self._view.setAlternatingRowColors(True)
        self._about_table = QLabel()
        self._about_table.setObjectName("state_numbers_about")
        self._about_table.setProperty("kind", "muted")
        self._about_table.setWordWrap(True)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addWidget(self._view, 1)
        column.addWidget(self._about_table)
        self.show_model(None)

    @property
    def title(self) -> str:
        return self.tr("Numbers of the state")

    @property
    def help_text(self) -> str:
        return self.tr(
            "For each layer: how large its fields are, how many directions its matrices use (effective rank, versions 5 to "
            "7), how far few numbers rule, and how many channels keep more than half for longer than so many tokens. "
            "Typically the rank rises for some tens of tokens and then stays, and later layers remember longer."
        )

    def forget(self) -> None:
        self._table.fill((), (), ())
        self._about_table.clear()
        self.say("")

    def show_statistics(self, found: StateStatistics, tokens_seen: int) -> None:
        """Draw what came."""
        columns = [
            (self.tr("layer"), self.tr("layer"), np.arange(found.norms.values.shape[0], dtype=np.float32)),
            *self._outliving(found),
            *self._rank(found),
            (self.tr("conc."), library(found.concentration_about), found.concentration.values),
            *self._norms(found),
        ]
        lines = tuple(zip(*(np.asarray(values, dtype=float).tolist() for _, _, values in columns), strict=True))
        self._table.fill(tuple(c[0] for c in columns), tuple(c[1] for c in columns), lines)
        self._view.resizeColumnsToContents()
        self._view.resizeRowsToContents()
        self._about_table.setText(self.tr("Concentration: {0}").format(library(found.concentration_about)))
        self.show_drawn(tokens_seen)

    def _norms(self, found: StateStatistics) -> list[tuple[str, str, object]]:
        return [
            (
                self.tr("|{0}|").format(name.removeprefix("att.")),
                self.tr("norm of {0}").format(name),
                found.norms.values[:, column],
            )
            for column, name in enumerate(found.fields)
        ]

    def _rank(self, found: StateStatistics) -> list[tuple[str, str, object]]:
        if found.effective_rank is None:
            return []
        ranks = found.effective_rank.values
        about = self.tr("effective rank of head {0}: e to the entropy of its normalised singular values")
        return [
            (self.tr("rank {0}").format(head), about.format(head), ranks[:, head]) for head in range(ranks.shape[1])
        ]

    def _outliving(self, found: StateStatistics) -> list[tuple[str, str, object]]:
        if found.outliving is None:
            return []
        about = self.tr("channels that keep more than half for longer than {0} tokens, of {1}")
        count = max(found.channels, default=0)
        return [
            (f"> {horizon:,}", about.format(f"{horizon:,}", f"{count:,}"), found.outliving.values[:, column])
            for column, horizon in enumerate(found.horizons)
        ]

    def unit(self) -> str:
        return self.tr("norms: plain numbers; > n: channels")

    def shown(self) -> Shown | None:
        return {"plot": "statistics"} if self._table.lines else None

    def rows(self) -> list[Row]:
        lines: list[Row] = [["" if v != v else v for v in line] for line in self._table.lines]
        return [list(self._table.headings), *lines]
