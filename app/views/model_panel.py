"""Choosing a model and loading it: what is at hand, what the chosen file is, how to load it, and how far that is.

It opens no file itself: it asks what a file is (`inspect_requested`) and asks to have it loaded (`load_requested`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.messages import Card, Engine, OpenedModel
from app.views.drop_area import DropArea, dropped_file
from app.views.flowing_text import FlowingText
from app.views.load_choices import LoadChoices
from app.views.model_list import ModelList
from app.views.version_card import VersionCard, size_text, title_of
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.records import Progress

PATIENCE_MS = 400
"""Until a file that takes long to look at takes the old card away. Most are known in a few milliseconds."""


class ModelPanel(QWidget):
    inspect_requested = Signal(object)
    """Path"""
    load_requested = Signal(object, str, str, str)
    """Path, device, dtype, tokenizer ("" for the one chosen by evidence)"""
    cancel_requested = Signal()

    def __init__(self, demos: Sequence[DemoModel] | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_panel")
        self.setAcceptDrops(True)
        self._demos = tuple(demo_models() if demos is None else demos)
        self._chosen: Path | None = None
        self._card: Card | None = None
        self._load_when_known = False
        self._loading = False
        self._slow = False
        self._outcome = ("", "muted")
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._build()
        self._connect()
        self.show_opened(None)
        self._recolour()
        self._refresh()

    # What it is told

    def show_engine(self, engine: Engine) -> None:
        self.choices.show_engine(engine)
        self._refresh()
        self._load_if_wanted()

    def offer(self, path: Path) -> None:
        """Choose a file, or a model's folder, as if the user had."""
        self._choose(path)

    def load_at_once(self, path: Path) -> None:
        """Choose a file, and load it as it best runs here, once it is known and the engine is there."""
        self._choose(path)
        self._load_when_known = not self._loading
        self._refresh()
        self._load_if_wanted()

    def show_card(self, card: Card) -> None:
        """What `inspect_requested` led to; an answer about a file that is no longer chosen is dropped."""
        if self._chosen is None or self._chosen not in (Path(card.info.path), Path(card.info.path).parent):
            return
        self._known()
        self._card = card
        self.trouble.set_words("")
        self.card.show_card(card)
        self.choices.show_card(card)
        self._refresh()
        self._load_if_wanted()

    def show_inspect_error(self, path: Path, sentence: str, hint: str) -> None:
        if path != self._chosen:
            return
        self._load_when_known = False
        self._known()
        self._forget_card()
        self.trouble.set_words(f"{path.name}: {_joined(sentence, hint)}", "error")
        self._refresh()

    def loading_began(self, path: Path) -> None:
        """Also for a model that another part of the program has asked for."""
        self._loading = True
        self._load_when_known = False
        self.progress.setValue(0)
        self.cancel_button.setEnabled(True)
        self._outcome = (self.tr("Loading {0} …").format(path.name), "muted")
        self._refresh()

    def show_progress(self, progress: Progress) -> None:
        if not self._loading:
            return
        share = progress.done / progress.total if progress.total else 0.0
        self.progress.setValue(round(100 * share))
        if self.cancel_button.isEnabled():
            self._outcome = (self._progress_text(progress, share), "muted")
            self._refresh()

    def loading_ended(self, ok: bool, stopped: bool, sentence: str) -> None:
        """The line about the open model is not touched: after a failure the old model goes on."""
        self._loading = False
        if stopped:
            self._outcome = (sentence or self.tr("Loading was cancelled."), "muted")
        elif ok:
            self._outcome = ("", "muted")
        else:
            self._outcome = (sentence or self.tr("The model could not be loaded."), "error")
        self._refresh()

    def show_opened(self, opened: OpenedModel | None) -> None:
        """The model that runs now. If no file is chosen yet, it becomes the chosen one."""
        self.models.show_loaded(None if opened is None else Path(opened.card.info.path))
        if opened is None:
            self.opened_line.set_words(self.tr("No model is open."), "muted")
            return
        words = self.tr("{0}, {1} on {2}, loaded in {3} s")
        name = self._name_of(opened.card)
        self.opened_line.set_words(words.format(name, opened.dtype, opened.device, f"{opened.load_seconds:.1f}"))
        if self._chosen is None:
            self._chosen = Path(opened.card.info.path)
            self.models.select(self._chosen)
            self.show_card(opened.card)

    def add_recent(self, path: Path) -> None:
        self.set_recent((path, *self.recent()))

    def recent(self) -> tuple[Path, ...]:
        """Newest first, without the demo models."""
        return self.models.recent()

    def set_recent(self, paths: Sequence[Path]) -> None:
        self.models.set_recent(paths)
        self.models.select(self._chosen)

    # What the user does

    def choose_file(self) -> None:
        dialog = self._dialog(self.tr("Open a model"), QFileDialog.FileMode.ExistingFile)
        files = self.tr("RWKV models (*.pth *.pt *.bin *.safetensors *.ckpt *.st)")
        dialog.setNameFilters([files, self.tr("All files (*)")])
        dialog.open()

    def choose_folder(self) -> None:
        self._dialog(self.tr("Open a model's folder"), QFileDialog.FileMode.Directory).open()

    def load(self) -> None:
        """Ask to have the chosen file loaded; if it is not known yet, as soon as it is."""
        if self._chosen is None or self._loading:
            return
        if self._card is None or not self.choices.ready:
            self._load_when_known = True
            self._refresh()
        elif self.choices.refusal() is None:
            how, self._load_when_known = self.choices, False
            self.load_requested.emit(self._chosen, how.device, how.dtype, how.tokenizer)

    def cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self._outcome = (self.tr("Stopping …"), "muted")
        self._refresh()
        self.cancel_requested.emit()

    def _choose(self, path: Path) -> None:
        if path != self._chosen:
            self._chosen, self._card = path, None
            self._load_when_known = False
            self.models.select(path)
            self.trouble.set_words("")
            if not self._loading:
                self._outcome = ("", "muted")
            self._slow = False
            self._patience.start()
            self._refresh()
        self.inspect_requested.emit(path)

    def _load_if_wanted(self) -> None:
        if self._load_when_known and self._card is not None and self.choices.ready:
            self._load_when_known = False
            self.load()

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        last = next(iter(self.recent()), None)
        dialog = QFileDialog(self, title, str(last.parent) if last else "")
        dialog.setObjectName("open_model_dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(self._picked_in_dialog)
        return dialog

    def _picked_in_dialog(self, path: str) -> None:
        self.offer(Path(path))

    # What is seen

    def _refresh(self) -> None:
        text, kind = self._message()
        self.message.set_words(text, kind)
        self.stack.setCurrentWidget(self.progress_row if self._loading else self.load_button)
        self.choices.setEnabled(not self._loading)
        wrong = not self.trouble.isHidden() or (self._card is not None and self.choices.refusal() is not None)
        self.load_button.setEnabled(self._chosen is not None and not wrong)

    def _message(self) -> tuple[str, str]:
        """One line above the button: what goes on, else what stands in the way, else how the last load ended."""
        if self._loading:
            return self._outcome
        if self._card is not None and (refusal := self.choices.refusal()):
            return _joined(*refusal), "warning"
        if self._slow and self._chosen is not None:
            return self.tr("Looking at {0} …").format(self._chosen.name), "muted"
        if self._load_when_known and not self.choices.ready:
            return self.tr("Loads as soon as the engine has started."), "muted"
        return self._outcome

    def _progress_text(self, progress: Progress, share: float) -> str:
        left = progress.seconds_left
        done, speed = f"{share:.0%}", size_text(progress.rate)
        if left is None:
            return done
        if left < 100:
            return self.tr("{0}, {1}/s, {2} s left").format(done, speed, f"{left:.0f}")
        return self.tr("{0}, {1}/s, {2} min left").format(done, speed, f"{left / 60:.0f}")

    def _name_of(self, card: Card) -> str:
        path = Path(card.info.path)
        demo = next((demo.title for demo in self._demos if demo.path == path), None)
        return demo or f"{title_of(card)} {path.stem}"

    def _known(self) -> None:
        """Whatever there is to know of the chosen file has come."""
        self._patience.stop()
        self._slow = False

    def _forget_card(self) -> None:
        self._card = None
        self.card.clear()
        self.choices.show_card(None)

    def _tire(self) -> None:
        self._slow = True
        self._forget_card()
        self._refresh()

    # Dropping a file

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_file(event.mimeData()) is not None:
            self.drop_area.light_up(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop_area.light_up(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop_area.light_up(False)
        path = dropped_file(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.offer(path)

    # Building

    def _build(self) -> None:
        self.opened_line = _text("opened_line", self.tr("The model that is open"))
        self.models = ModelList(self._demos)
        self.drop_area = DropArea()
        self.trouble = _text("inspect_error", self.tr("What is wrong with the chosen file"))
        self.card = VersionCard()
        self.choices = LoadChoices()
        self.message = _text("load_message", self.tr("How loading goes"))
        self.load_button = QPushButton(self.tr("Load"))
        self.load_button.setObjectName("load_button")
        self.load_button.setAccessibleName(self.tr("Load the chosen model"))
        self.load_button.setProperty("kind", "primary")
        self.progress_row = self._progress_row()
        self.stack = QStackedWidget()
        self.stack.setObjectName("load_stack")
        self.stack.addWidget(self.load_button)
        self.stack.addWidget(self.progress_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.M, theme.S, theme.S, theme.S)
        layout.setSpacing(theme.S)
        layout.addWidget(self.opened_line)
        layout.addWidget(self._scrolled(), 1)
        layout.addWidget(self.choices)
        layout.addWidget(self.message)
        layout.addWidget(self.stack)

    def _scrolled(self) -> QScrollArea:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, theme.XS, 0)
        layout.setSpacing(theme.S)
        for widget in (self.models, self.drop_area, self.trouble, self.card):
            layout.addWidget(widget)
        layout.addStretch(1)
        area = QScrollArea()
        area.setObjectName("model_scroll")
        area.setAccessibleName(self.tr("Models"))
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        return area

    def _progress_row(self) -> QWidget:
        self.progress = QProgressBar()
        self.progress.setObjectName("load_progress")
        self.progress.setAccessibleName(self.tr("How much of the model is loaded"))
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self.cancel_button.setObjectName("cancel_button")
        self.cancel_button.setAccessibleName(self.tr("Cancel loading"))
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.S)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.cancel_button)
        return row

    def _connect(self) -> None:
        self.models.picked.connect(self.offer)
        self.models.wanted.connect(self.load_at_once)
        self.drop_area.file_wanted.connect(self.choose_file)
        self.drop_area.folder_wanted.connect(self.choose_folder)
        self.choices.changed.connect(self._refresh)
        self.load_button.clicked.connect(self.load)
        self.cancel_button.clicked.connect(self.cancel)
        self._patience.timeout.connect(self._tire)
        theme.signals().changed.connect(self._recolour)

    def _recolour(self) -> None:
        self.cancel_button.setIcon(theme.icon("x"))


def _joined(sentence: str, hint: str) -> str:
    return "\n".join(text for text in (sentence, hint) if text)


def _text(name: str, accessible: str) -> FlowingText:
    text = FlowingText()
    text.setObjectName(name)
    text.setAccessibleName(accessible)
    text.setVisible(False)
    return text
