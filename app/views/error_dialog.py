"""Tells of an error: a sentence, what to do, and details to copy. Never blocks, and there is only one of it.

While it is open, the same error again is counted, and another one is added to the details: the first is usually the cause.
"""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLayout,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.error_report import ErrorReport

FLOOD_SECONDS = 1.0
"""An error that comes again so soon after the last time is one of a flood, and does not open the closed dialog again."""
MOST_DETAILS = 5
WIDTH = 460
ICON = 32


class ErrorDialog(QDialog):
    """Give `show_report` to `error_report.install`, and call it for every error that a person should see."""

    def __init__(self, parent: QWidget | None = None, log_folder: Path | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_dialog")
        self.setWindowTitle(self.tr("Something went wrong"))
        self.setModal(False)
        self._log_folder = log_folder
        self._reports: list[ErrorReport] = []
        self._times = 0
        self._others = 0
        self._last_heard = float("-inf")
        self._build()
        self._recolour()
        theme.signals().changed.connect(self._recolour)

    @Slot(object)
    def show_report(self, report: ErrorReport) -> None:
        known = bool(self._reports) and _same(report, self._reports[0])
        flood = known and time.monotonic() - self._last_heard < FLOOD_SECONDS
        self._last_heard = time.monotonic()
        if self.isVisible():
            self._add(report, known)
        elif flood:
            self._times += 1
        else:
            self._begin(report)

    def _begin(self, report: ErrorReport) -> None:
        self._reports, self._times, self._others = [report], 1, 0
        self.toggle.setChecked(False)
        self.copy_button.setText(self.tr("Copy details"))
        self._fill()
        self.close_button.setFocus()
        self.show()

    def _add(self, report: ErrorReport, known: bool) -> None:
        if known:
            self._times += 1
        else:
            self._others += 1
            if len(self._reports) < MOST_DETAILS and not any(_same(report, other) for other in self._reports):
                self._reports.append(report)
        self._fill()

    def _fill(self) -> None:
        first = self._reports[0]
        self.sentence.setText(first.sentence)
        self.hint.setText(first.hint)
        self.hint.setVisible(bool(first.hint))
        self.count.setText(self._count_text())
        self.count.setVisible(bool(self.count.text()))
        text = f"\n{'-' * 20}\n".join(self._details_of(report) for report in self._reports)
        if text != self.details.toPlainText():
            self.details.setPlainText(text)
        self._fit()

    def _details_of(self, report: ErrorReport) -> str:
        return "\n".join((report.sentence, report.hint, "", report.details.strip()))

    def _count_text(self) -> str:
        lines = []
        if self._times > 1:
            lines.append(self.tr("This has happened {0} times.").format(self._times))
        if self._others:
            lines.append(self.tr("Errors since then: {0}. The details have them.").format(self._others))
        return "\n".join(lines)

    # How it looks

    def _build(self) -> None:
        self.picture = QLabel()
        self.sentence = _words("error_sentence", "title")
        self.hint = _words("error_hint", "")
        self.count = _words("error_count", "muted")
        self.toggle = self._toggle()
        self.details = self._details()
        texts = QVBoxLayout()
        texts.setSpacing(theme.S)
        for widget in (self.sentence, self.hint, self.count):
            texts.addWidget(widget)
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        grid.setSpacing(theme.M)
        grid.addWidget(self.picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(texts, 0, 1)
        grid.addWidget(self.toggle, 1, 0, 1, 2)
        grid.addWidget(self.details, 2, 0, 1, 2)
        grid.addWidget(self._buttons(), 3, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(2, 1)
        # Qt would keep room for the texts as if the window were at its narrowest.
        grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)

    def _toggle(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("error_details_toggle")
        button.setText(self.tr("Details"))
        button.setAccessibleName(self.tr("Show or hide the details of the error"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setCheckable(True)
        button.setProperty("kind", "quiet")
        button.toggled.connect(self._show_details)
        return button

    def _details(self) -> QPlainTextEdit:
        text = QPlainTextEdit()
        text.setObjectName("error_details")
        text.setAccessibleName(self.tr("Details of the error"))
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setVisible(False)
        return text

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox()
        self.copy_button = QPushButton(self.tr("Copy details"))
        self.copy_button.setObjectName("error_copy_button")
        self.copy_button.setAccessibleName(self.tr("Copy the details of the error"))
        self.copy_button.clicked.connect(self._copy)
        self.log_button = QPushButton(self.tr("Open log folder"))
        self.log_button.setObjectName("error_log_button")
        self.log_button.setAccessibleName(self.tr("Open the folder with the log file"))
        self.log_button.setToolTip(str(self._log_folder or ""))
        self.log_button.clicked.connect(self._open_log_folder)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setObjectName("error_close_button")
        self.close_button.setAccessibleName(self.tr("Close this message"))
        self.close_button.setDefault(True)
        for other in (self.copy_button, self.log_button):
            other.setAutoDefault(False)
        self.close_button.clicked.connect(self.close)
        box.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        box.addButton(self.log_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.log_button.setVisible(self._log_folder is not None)
        box.addButton(self.close_button, QDialogButtonBox.ButtonRole.RejectRole)
        return box

    def _recolour(self) -> None:
        self.picture.setPixmap(theme.icon("triangle-alert", ICON, theme.current().error).pixmap(ICON, ICON))
        self.copy_button.setIcon(theme.icon("copy"))
        self.log_button.setIcon(theme.icon("folder-open"))
        self._point()

    def _point(self) -> None:
        self.toggle.setIcon(theme.icon("chevron-down" if self.toggle.isChecked() else "chevron-right"))

    def _show_details(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self._point()
        self._fit()

    def _fit(self) -> None:
        """As high as it needs to be; a person who has made it larger keeps that while the details are open."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        width = max(self.width() if self.isVisible() else 0, min(WIDTH, self._room()), self.minimumSizeHint().width())
        height = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else self.sizeHint().height()
        grows = self.details.isVisibleTo(self)
        self.resize(width, max(self.height(), height) if grows else height)

    def _room(self) -> int:
        screen = self.screen() or QGuiApplication.primaryScreen()
        return screen.availableGeometry().width()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.details.toPlainText())
        self.copy_button.setText(self.tr("Copied"))

    def _open_log_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log_folder)))


def _same(one: ErrorReport, other: ErrorReport) -> bool:
    """The same error, whatever the log has gained since."""
    return one.sentence == other.sentence and one.details.split("\n\n")[0] == other.details.split("\n\n")[0]


def _words(name: str, kind: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setProperty("kind", kind)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label
