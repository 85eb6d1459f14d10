"""The frame that all plots share: title, explanation, pause, export, a line that says what one points at.

A plot is a PlotPanel that fills `body` and answers `reset`, `needs`, `draw`, `forget`, `rows`. It knows no version of the
model: it draws by the axes of what a frame brings. It holds nothing but what it needs to draw the newest frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.messages import OpenedModel
from app.plots.export import ExportMenu, ask_for_csv, ask_for_png, picture_of, write_csv, write_png
from app.plots.parts import Bubble, OneLine, recolour_button, tool_button
from rwkv_backend.records import Frame, FrameSpec, TokenRecord

Row = list[str | float]

Shown = Mapping[str, object]
"""What a plot shows, for the library's recipe of it: the recipe's name under "plot", and what it needs besides."""

Origin = Callable[[], Sequence[str]]
"""Lines about the text and the settings that a plot's numbers come from."""

USUAL, SMALLEST = QSize(360, 240), QSize(240, 200)


class PlotPanel(QWidget):
    picked = Signal(int, int)
    """The user has picked this layer and head."""

    wants_changed = Signal()
    """`wants` would now answer otherwise."""

    failed = Signal(str)
    """An export did not work; the sentence says why."""

    script_wanted = Signal(object)
    """Shown: the lines of Python that compute what is drawn"""

    key: ClassVar[str]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(self.key)
        self.opened: OpenedModel | None = None
        self.layer = 0
        self.head = 0
        self.tokens_seen = 0
        self.origin: Origin = tuple
        self._paused = False
        self._build()
        theme.signals().changed.connect(self._recolour)

    # What a plot supplies

    @property
    def title(self) -> str:
        raise NotImplementedError

    @property
    def help_text(self) -> str:
        """Two sentences: what one sees, and what is typical."""
        raise NotImplementedError

    def reset(self, opened: OpenedModel) -> None:
        """Another model: choose fields and axes; nothing has been drawn of it."""

    def missing(self, opened: OpenedModel) -> str:
        """A sentence if this model has nothing to show here, else ""."""
        return ""

    def needs(self, spec: FrameSpec) -> FrameSpec:
        """`spec`, and what this plot needs besides."""
        raise NotImplementedError

    def draw(self, frame: Frame) -> str | None:
        """Draw what the frame brings; None if it brings nothing that fits the present choice.

        A sentence instead of "" says why there is nothing to see, and stands in the plot's place.
        """
        raise NotImplementedError

    def forget(self) -> None:
        """An empty plot."""
        raise NotImplementedError

    def pick_changed(self, layer_changed: bool) -> None:
        """`self.layer` or `self.head` is another now."""

    def show_place(self, position: int | None, total: int) -> None:
        """Frames are of the state after so many of the text's `total` tokens; None: they follow the text."""

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, the text now holds these tokens and no others."""

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These tokens of the text, from `first` on, are better known now."""

    def recolour(self) -> None:
        """Put on the present theme's colours; the numbers stay."""

    def describe(self) -> str:
        """What an export should say of the present choice: layer, head, field."""
        return ""

    def unit(self) -> str:
        """What the exported numbers count."""
        return self.tr("plain numbers")

    def rows(self) -> list[Row]:
        """What is drawn, as a table; the first row names the columns."""
        raise NotImplementedError

    def shown(self) -> Shown | None:
        """What is drawn, for whoever computes it again with the library; None: that cannot be done."""
        return None

    # What the window calls

    def show_model(self, opened: OpenedModel | None) -> None:
        """Start afresh with this model, or with none."""
        self.opened = opened
        self.layer = self.head = self.tokens_seen = 0
        self._pause.setChecked(False)
        self.forget()
        if opened is not None:
            self.reset(opened)
        self._tell_what_is_missing()
        self.recolour()

    def wants(self, spec: FrameSpec) -> FrameSpec:
        return spec if self._paused or self._nothing_here() else self.needs(spec)

    def show_frame(self, frame: Frame) -> None:
        if self._paused or self._nothing_here():
            return
        sentence = self.draw(frame)
        if sentence is None:
            return
        self.tokens_seen = frame.tokens_seen
        self._export.setEnabled(not sentence)
        self.say_nothing_here(sentence)

    def show_pick(self, layer: int, head: int) -> None:
        """This layer and head are the picked ones, wherever that was done."""
        if (layer, head) != (self.layer, self.head):
            layer_changed = layer != self.layer
            self.layer, self.head = layer, head
            self.pick_changed(layer_changed)

    def clear(self) -> None:
        """Nothing has been read yet; the model stays."""
        self.tokens_seen = 0
        self.forget()
        self._tell_what_is_missing()

    # What a plot calls

    def pick(self, layer: int, head: int) -> None:
        """The user points at this layer and head; beyond the model's last one, that is the last."""
        if self.opened is None:
            return
        info = self.opened.card.info
        layer, head = min(max(layer, 0), info.n_layer - 1), min(max(head, 0), max((info.n_head or 1) - 1, 0))
        if (layer, head) != (self.layer, self.head):
            self.show_pick(layer, head)
            self.picked.emit(layer, head)

    def step_pick(self, right: int, up: int) -> None:
        """An arrow key: up and down through the layers, left and right through the heads."""
        self.pick(self.layer + up, self.head + right)

    def add_tool(self, widget: QWidget) -> None:
        """A small control beside the title, for what would waste a row of its own."""
        self._header.insertWidget(self._header.indexOf(self._help), widget)

    def say(self, sentence: str) -> None:
        """In the line below the plot."""
        self._status.say(sentence)

    def say_waiting(self) -> None:
        """The choice has changed, and nothing is drawn of it yet. In the line below, so that nothing moves."""
        self.say(self.tr("Drawn when the model next reads or writes."))
        self._export.setEnabled(False)

    def say_nothing_here(self, sentence: str) -> None:
        """In place of the plot; "" brings the plot back."""
        if sentence != self._note.text():
            self._note.setText(sentence)
            self._note.setVisible(bool(sentence))
            self._controls.setVisible(not sentence)
            self.body.setVisible(not sentence)

    @property
    def paused(self) -> bool:
        return self._paused

    # The frame: all plots ask for the same room, whatever is in them, so that a grid of them is even and stays still

    def sizeHint(self) -> QSize:
        return USUAL

    def minimumSizeHint(self) -> QSize:
        return SMALLEST

    def hasHeightForWidth(self) -> bool:
        return False

    def _build(self) -> None:
        header = self._build_header()
        self._controls = QWidget()
        self.controls = QHBoxLayout(self._controls)
        self.controls.setContentsMargins(0, 0, 0, 0)
        self.controls.setSpacing(theme.XS)
        self.body = QWidget()
        self._status = OneLine()
        self._status.setObjectName(f"{self.key}_status")
        self._note = self._make_note()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.S, theme.XS, theme.S, theme.XS)
        column.setSpacing(theme.XS)
        column.addLayout(header)
        column.addWidget(self._controls)
        column.addWidget(self._note)
        column.addWidget(self.body, 1)
        column.addWidget(self._status)
        column.addStretch(0)

    def _build_header(self) -> QHBoxLayout:
        self._title = QLabel(self.title)
        self._title.setProperty("kind", "title")
        self._title.setObjectName(f"{self.key}_title")
        self._header = header = QHBoxLayout()
        header.setSpacing(theme.XS)
        header.addWidget(self._title)
        header.addStretch(1)
        self._help = self._tool("help", "circle-question-mark", self.tr("What is this?"), header)
        self._help.setAccessibleDescription(self.help_text)
        self._help.clicked.connect(self._explain)
        self._pause = self._tool("pause", "pause", self.tr("Pause"), header)
        self._pause.setCheckable(True)
        self._pause.toggled.connect(self._set_paused)
        self._export = self._tool("export", "download", self.tr("Export"), header)
        self._export_menu = self._make_export_menu()
        self._export.setMenu(self._export_menu)
        self._export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._export.setEnabled(False)
        return header

    def _make_note(self) -> QLabel:
        note = QLabel()
        note.setObjectName(f"{self.key}_note")
        note.setProperty("kind", "muted")
        note.setWordWrap(True)
        note.setVisible(False)
        note.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        return note

    def _tool(self, what: str, icon: str, name: str, row: QHBoxLayout) -> QToolButton:
        button = tool_button(f"{self.key}_{what}_button", icon, name)
        button.setAccessibleName(self.tr("{0}: {1}").format(self.title, name))
        row.addWidget(button)
        return button

    def _recolour(self) -> None:
        for button in self.findChildren(QToolButton):
            recolour_button(button)
        self._export_menu.recolour()
        self.recolour()

    # Nothing to see

    def _nothing_here(self) -> bool:
        return self.opened is None or bool(self.missing(self.opened))

    def _tell_what_is_missing(self) -> None:
        self.say("")
        self._export.setEnabled(False)
        if self.opened is None:
            self.say_nothing_here(self.tr("Open a model, and its memory is drawn here while it reads and writes."))
        elif sentence := self.missing(self.opened):
            self.say_nothing_here(sentence)
        else:
            self.say_nothing_here("")
            self.say_waiting()

    # Pause and help

    def _set_paused(self, paused: bool) -> None:
        self._paused = paused
        self._pause.setProperty("icon_name", "play" if paused else "pause")
        recolour_button(self._pause)
        name = self.tr("Go on") if paused else self.tr("Pause")
        self._pause.setToolTip(name)
        self._pause.setAccessibleName(self.tr("{0}: {1}").format(self.title, name))
        self.wants_changed.emit()

    def _explain(self) -> None:
        bubble = Bubble(self.title, self.help_text, self)
        bubble.setObjectName(f"{self.key}_help")
        bubble.show_below(self._help)

    # Export

    def _make_export_menu(self) -> ExportMenu:
        menu = ExportMenu(self.key, self)
        menu.png_wanted.connect(self._ask_for_png)
        menu.csv_wanted.connect(self._ask_for_csv)
        menu.script_wanted.connect(self._ask_for_script)
        menu.aboutToShow.connect(self._offer_script)
        return menu

    def _offer_script(self) -> None:
        """Only what can be computed again from the text alone."""
        self._export_menu.offer_script(self.opened is not None and self.shown() is not None)

    def _ask_for_script(self) -> None:
        shown = self.shown()
        if shown is not None:
            self.script_wanted.emit(shown)

    def _ask_for_png(self) -> None:
        ask_for_png(self, self.key, self._stem()).fileSelected.connect(self.save_png)

    def _ask_for_csv(self) -> None:
        ask_for_csv(self, self.key, self._stem()).fileSelected.connect(self.save_csv)

    def _stem(self) -> str:
        return f"{self.key.replace('_', '-')}-{self.tokens_seen}"

    def save_png(self, path: str) -> None:
        """A picture of the plot with a line that says of what; `failed` if it cannot be written."""
        if not write_png(path, self.picture(), self._about()):
            self.failed.emit(self.tr("The picture cannot be written to {0}.").format(path))

    def save_csv(self, path: str) -> None:
        """The numbers, after lines that begin with # and say of what; `failed` if they cannot be written."""
        try:
            write_csv(path, self.rows(), self._about())
        except OSError as error:
            self.failed.emit(self.tr("The numbers cannot be written to {0}: {1}.").format(path, error.strerror))

    def picture(self) -> QPixmap:
        """Title, choice and plot, without the buttons; twice as fine as on the screen."""
        cut = self._title.geometry().bottom() + theme.XS
        return picture_of(self, cut, [" · ".join(self._about_plot()), *self.origin()])

    def _about(self) -> list[str]:
        """What it is of: plot, model, tokens, choice; then the text and the settings. One line each."""
        return [" ".join(line.split()) for line in (*self._about_plot(), *self.origin())]

    def _about_plot(self) -> list[str]:
        lines = [self.title]
        if self.opened is not None:
            info = self.opened.card.info
            name = self.tr("model: {0} (RWKV {1}, {2}, {3})")
            how = self.opened.dtype, self.opened.device
            lines.append(name.format(Path(info.path).name, info.version, *how))
        lines.append(self.tr("tokens read: {0}").format(f"{self.tokens_seen:,}"))
        return [*lines, *([self.describe()] if self.describe() else []), self.tr("unit: {0}").format(self.unit())]
