"""Taking a plot out of the window: the menu that asks how and where, a picture, a table of numbers.

Plots themselves say what they are of. The strings are translated with those of the panel, of which the menu is a part.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QCoreApplication, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QImageWriter, QPainter, QPixmap, QRegion
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app import theme

SHARPNESS = 2
"""Pixels of an exported picture for each on the screen."""


class ExportMenu(QMenu):
    png_wanted = Signal()
    csv_wanted = Signal()
    script_wanted = Signal()

    def __init__(self, key: str, parent: QWidget) -> None:
        """key: of the plot; the entries' names begin with it."""
        super().__init__(parent)
        translate = QCoreApplication.translate
        entries = (
            ("png", "image-down", translate("PlotPanel", "Picture (PNG)…"), self.png_wanted),
            ("csv", "table", translate("PlotPanel", "Numbers (CSV)…"), self.csv_wanted),
            ("python", "copy", translate("PlotPanel", "Copy as Python"), self.script_wanted),
        )
        for what, icon, words, wanted in entries:
            action = QAction(theme.icon(icon), words, self)
            action.setObjectName(f"{key}_export_{what}")
            action.setData(icon)
            action.triggered.connect(wanted)
            self.addAction(action)

    def offer_script(self, possible: bool) -> None:
        self.actions()[-1].setEnabled(possible)

    def recolour(self) -> None:
        """Icons in the present theme's colour."""
        for action in self.actions():
            action.setIcon(theme.icon(str(action.data())))


def ask_for_png(plot: QWidget, key: str, stem: str) -> QFileDialog:
    """Where to; stem: what the file may be called, without its ending."""
    translate = QCoreApplication.translate
    kind = translate("PlotPanel", "PNG picture (*.png)")
    return _ask(plot, translate("PlotPanel", "Save the picture"), kind, f"{key}_png_dialog", f"{stem}.png")


def ask_for_csv(plot: QWidget, key: str, stem: str) -> QFileDialog:
    """Where to; stem: what the file may be called, without its ending."""
    translate = QCoreApplication.translate
    kind = translate("PlotPanel", "CSV table (*.csv)")
    return _ask(plot, translate("PlotPanel", "Save the numbers"), kind, f"{key}_csv_dialog", f"{stem}.csv")


def _ask(plot: QWidget, title: str, kind: str, name: str, file: str) -> QFileDialog:
    dialog = QFileDialog(plot, title)
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(kind)
    dialog.setDefaultSuffix(Path(file).suffix.removeprefix("."))
    dialog.selectFile(file)
    dialog.open()
    return dialog


def picture_of(plot: QWidget, cut: int, lines: Sequence[str]) -> QPixmap:
    """What of the plot is below `cut` (its pixels), under these lines; twice as fine as on the screen."""
    high = plot.fontMetrics().height() + 2
    top = max(cut, len(lines) * high + theme.XS)
    result = QPixmap(QSize(plot.width(), plot.height() - cut + top) * SHARPNESS)
    result.setDevicePixelRatio(SHARPNESS)
    result.fill(QColor(theme.current().window))
    plot.render(result, QPoint(0, top), QRegion(0, cut, plot.width(), plot.height() - cut))
    painter = QPainter(result)
    painter.setPen(QColor(theme.current().text))
    middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    for row, line in enumerate(lines):
        place = QRect(theme.S, theme.XS + row * high, plot.width() - 2 * theme.S, high)
        words = plot.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, middle, words)
    painter.end()
    return result


def write_png(path: str, picture: QPixmap, about: Sequence[str]) -> bool:
    """Whether it could be written, with these lines as its description."""
    writer = QImageWriter(path, QByteArray(b"png"))
    writer.setText("Description", "\n".join(about))
    return writer.write(picture.toImage())


def write_csv(path: str, rows: Sequence[Sequence[str | float]], about: Sequence[str]) -> None:
    """These rows after lines that begin with #. Raises OSError."""
    # Spreadsheets need the byte order mark to read UTF-8.
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(f"# {line}\n" for line in about)
        csv.writer(file).writerows(rows)
