"""What was measured of every model, as a table: a row a model, a column a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

from app.views.parts import library, tip
from app.views.version_card import size_text
from rwkv_backend.compare.records import TASK_TITLES, ModelResult, TaskFailure

NEEDLE_DISTANCE = 64
"""Tokens between a name and the place where it is due, for the table's column."""


@dataclass(frozen=True)
class Figure:
    """A column: what it is called, what it means, and a model's value in words ("": not measured)."""

    title: str
    about: str
    words: Callable[[ModelResult], str]


def figures() -> tuple[Figure, ...]:
    translate = QCoreApplication.translate
    return (
        Figure(translate("CompareTable", "Model"), "", lambda r: r.title),
        Figure(
            translate("CompareTable", "Bits per byte"),
            translate("CompareTable", "On the whole text; lower is better. Can be compared between all models."),
            lambda r: f"{r.text.bits_per_byte:.4f}" if r.text is not None else "",
        ),
        Figure(
            translate("CompareTable", "Nats per token"),
            translate("CompareTable", "Cannot be compared between models whose tokenizers differ."),
            lambda r: f"{r.text.readings[0].nats_per_token:.4f}" if r.text is not None else "",
        ),
        Figure(
            translate("CompareTable", "Tokens"),
            translate("CompareTable", "Into how many tokens this model's tokenizer cuts the text."),
            lambda r: f"{r.text.readings[0].tokens:,}" if r.text is not None else "",
        ),
        Figure(
            translate("CompareTable", "Recall (bits)"),
            translate("CompareTable", "Bits saved on a name that was said {0} tokens before.").format(NEEDLE_DISTANCE),
            _needle,
        ),
        Figure(
            translate("CompareTable", "Reads (tokens/s)"),
            translate("CompareTable", "Reading a prompt in one go; median."),
            lambda r: f"{r.speed.prompt.median:,.0f}" if r.speed is not None else "",
        ),
        Figure(
            translate("CompareTable", "Writes (tokens/s)"),
            translate("CompareTable", "One token after the other; median."),
            lambda r: f"{r.speed.writing.median:,.1f}" if r.speed is not None else "",
        ),
        Figure(
            translate("CompareTable", "Weights"),
            translate("CompareTable", "Memory that the weights take."),
            lambda r: size_text(r.memory.weights) if r.memory is not None else "",
        ),
        Figure(
            translate("CompareTable", "State"),
            translate(
                "CompareTable", "Memory that the state takes after one token, and after as many as were looked at."
            ),
            _state,
        ),
        Figure(
            translate("CompareTable", "Remarks"), translate("CompareTable", "What did not work, and why."), _remarks
        ),
    )


def _needle(result: ModelResult) -> str:
    curve = result.needle
    if curve is None or not len(curve.distances):
        return ""
    places = [place for place, distance in enumerate(curve.distances.tolist()) if distance == NEEDLE_DISTANCE]
    return f"{float(curve.saved[places[0]]):.2f} ± {float(curve.error[places[0]]):.2f}" if places else ""


def _state(result: ModelResult) -> str:
    if result.memory is None or not len(result.memory.state):
        return ""
    first, last = int(result.memory.state[0]), int(result.memory.state[-1])
    return size_text(first) if first == last else f"{size_text(first)} – {size_text(last)}"


def _remarks(result: ModelResult) -> str:
    return " ".join(_remark(failure) for failure in result.failures)


def _remark(failure: TaskFailure) -> str:
    return failure.sentence if failure.task is None else f"{library(TASK_TITLES[failure.task])}: {failure.sentence}"


class ResultTable(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._results: tuple[ModelResult, ...] = ()
        self._figures = figures()

    def show_results(self, results: Sequence[ModelResult]) -> None:
        self.beginResetModel()
        self._results = tuple(results)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._results)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._figures)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        words = self._figures[index.column()].words(self._results[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return words or "–"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(words)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            ends = index.column() in (0, len(self._figures) - 1)
            side = Qt.AlignmentFlag.AlignLeft if ends else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._figures[section].title
        return tip(self._figures[section].about) if role == Qt.ItemDataRole.ToolTipRole else None
