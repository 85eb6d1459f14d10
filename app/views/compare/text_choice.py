"""The text to measure on: pasted, opened from a file, or the tales that ship with the program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.views.parts import named, tip
from app.views.text_tools import raw_text
from rwkv_backend.demo_models import FOLDER

TALES = FOLDER.parent / "texts" / "tales.txt"
LONGEST = 2_000_000
"""Bytes of a file; a longer text takes hours to measure on, and the command line does that better."""


class TextChoice(QWidget):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._loaded = ""
        self.editor = QPlainTextEdit()
        named(self.editor, "compare_text_editor", self.tr("Text to measure on"))
        self.editor.setPlaceholderText(self.tr("Paste a text here, or open one"))
        self.editor.setTabChangesFocus(True)
        self._tales = QPushButton(self.tr("Built-in tales"))
        named(self._tales, "compare_tales", self.tr("Built-in tales"))
        self._tales.setToolTip(tip(self.tr("Tales that the demo models have not seen in training")))
        self._tales.setEnabled(TALES.is_file())
        self._open = QPushButton(self.tr("Open …"))
        named(self._open, "compare_open_text", self.tr("Open a text file"))
        self._about = QLabel()
        self._about.setObjectName("compare_text_about")
        self._about.setProperty("kind", "muted")
        self._about.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(self._tales)
        row.addWidget(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addLayout(row)
        column.addWidget(self.editor, 1)
        column.addWidget(self._about)
        self._tales.clicked.connect(self.take_tales)
        self._open.clicked.connect(self._ask)
        self.editor.textChanged.connect(self._edited)
        self._edited()

    def text(self) -> str:
        """Exactly what a file held, unless it was edited since."""
        shown = raw_text(self.editor)
        return self._loaded if self._name and _same(self._loaded, shown) else shown

    def name(self) -> str:
        """The file's name; "" for a text that was pasted or edited."""
        return self._name if self._name and _same(self._loaded, raw_text(self.editor)) else ""

    def take_tales(self) -> None:
        self.take_file(TALES)

    def take_file(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                data = file.read(LONGEST + 1)
            if len(data) > LONGEST:
                words = self.tr("{0} is longer than {1} bytes. Choose a shorter text, or use the command line.")
                self._say_wrong(words.format(path.name, f"{LONGEST:,}"))
                return
            text = data.decode("utf-8-sig")
        except OSError as error:
            self._say_wrong(self.tr("{0} cannot be read: {1}.").format(path.name, error.strerror))
        except UnicodeDecodeError:
            self._say_wrong(self.tr("{0} is not a text in UTF-8.").format(path.name))
        else:
            self._name, self._loaded = path.name, text
            self.editor.setPlainText(text)

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.tr("Open a text file"))
        dialog.setObjectName("compare_text_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Texts (*.txt *.md)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(self._file_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _file_chosen(self, name: str) -> None:
        self.take_file(Path(name))

    def _edited(self) -> None:
        count = len(self.text().encode("utf-8", "replace"))
        name = self.name()
        size = self.tr("{0} bytes").format(f"{count:,}")
        self._say(self.tr("{0}: {1}").format(name, size) if name else size, "muted")
        self.changed.emit()

    def _say_wrong(self, sentence: str) -> None:
        self._say(sentence, "error")

    def _say(self, sentence: str, kind: str) -> None:
        self._about.setText(sentence)
        if self._about.property("kind") != kind:
            self._about.setProperty("kind", kind)
            self._about.style().unpolish(self._about)
            self._about.style().polish(self._about)


def _same(loaded: str, shown: str) -> bool:
    """Whether an editor shows this text; it knows one kind of line end only."""
    return loaded.replace("\r\n", "\n").replace("\r", "\n") == shown
