"""What the window tells and asks in windows of their own: errors, what it is, where its log is, when a language changes.

Its strings are translated with those of the window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox

from app import log as log_file
from app.error_report import ErrorReport
from app.views.error_dialog import ErrorDialog

if TYPE_CHECKING:
    from app.main_window import MainWindow

LANGUAGE_NOTICE = "The language changes when the program is started again.\n程序重新启动后，界面语言会改变。"
"""In both, since who changes the language may not read the present one."""


class Notices(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._error_dialog: ErrorDialog | None = None

    def show_error(self, sentence: str, hint: str, details: str) -> None:
        self.show_report(ErrorReport(sentence, hint, details))

    def show_report(self, report: ErrorReport) -> None:
        """One window for all errors, made when the first one comes."""
        if self._error_dialog is None:
            path = log_file.path()
            self._error_dialog = ErrorDialog(self._window, path.parent if path is not None else None)
        self._error_dialog.show_report(report)

    def open_log_folder(self) -> None:
        translate, path = QCoreApplication.translate, log_file.path()
        if path is None:
            self._window.say(translate("MainWindow", "There is no log file: its folder could not be written."))
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
        self._window.say(translate("MainWindow", "The log is in {0}").format(str(path)))

    def show_about(self) -> None:
        translate = QCoreApplication.translate
        box = self._box("about_box", translate("MainWindow", "About RWKV Playground"))
        box.setText(
            translate(
                "MainWindow", "RWKV Playground opens RWKV models of versions 1 to 7 and shows what they remember."
            )
        )
        words = translate("MainWindow", "Licence: Apache-2.0. Icons: Lucide (ISC). Log file: {0}")
        box.setInformativeText(words.format(str(log_file.path() or translate("MainWindow", "none"))))
        box.open()

    def tell_of_language(self) -> None:
        """That it changes with the next start."""
        box = self._box("language_box", "RWKV Playground")
        box.setText(LANGUAGE_NOTICE)
        box.open()

    def ask(self, name: str, title: str, text: str, does: str, act: Callable[[], None]) -> None:
        """Do what cannot be taken back only if the user says so; `does` is the word for it."""
        box = self._box(name, title)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(text)
        box.setStandardButtons(QMessageBox.StandardButton.Cancel | QMessageBox.StandardButton.Ok)
        box.button(QMessageBox.StandardButton.Ok).setText(does)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.accepted.connect(act)
        box.open()

    def _box(self, name: str, title: str) -> QMessageBox:
        box = QMessageBox(self._window)
        box.setObjectName(name)
        box.setWindowTitle(title)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box
