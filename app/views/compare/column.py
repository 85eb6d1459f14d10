"""One model of the compare page: what it is, how fast it is, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.compare_messages import ColumnStatus
from app.views.compare import words
from app.views.compare.tinted_text import Piece, TintedText
from app.views.elided_label import ElidedLabel
from app.views.flowing_text import FlowingText
from app.views.parts import named, tip


class Column(QFrame):
    remove_requested = Signal(int)
    stop_requested = Signal(int)
    dtype_chosen = Signal(int, str)
    device_chosen = Signal(int, str)
    token_picked = Signal(int)
    """Position in what this column has written"""

    def __init__(self, status: ColumnStatus, devices: Sequence[str] = ("cpu",), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = status
        self._devices = tuple(devices)
        self._position: int | None = None
        self._make()
        self._lay_out()
        self._dress()
        theme.signals().changed.connect(self._dress)
        self.show_status(status)

    @property
    def number(self) -> int:
        return self.status.column

    # What it is told

    def show_status(self, status: ColumnStatus) -> None:
        self.status = status
        name = words.title(status)
        if name != self._title.text():
            self._title.setText(name)
            self.setAccessibleName(name)
            self.text.setAccessibleName(self.tr("What {0} writes").format(name))
            self._stop.setAccessibleName(self.tr("Stop {0}").format(name))
            self._menu_button.setAccessibleName(self.tr("More about {0}").format(name))
            self._remove.setAccessibleName(self.tr("Take {0} off the page").format(name))
        self._title.setToolTip(tip(words.tooltip(status)))
        self._model.set_text(words.model_line(status))
        self._memory.set_text(words.memory_line(status))
        self._speed.set_text(words.speed_line(status))
        self._failure.set_words(status.sentence if status.phase == "failed" else "", "error")
        self._stop.setVisible(status.busy)
        self._menu_button.setVisible(not status.busy)
        self._say_where()

    def begin(self, prompt: str) -> None:
        self.text.begin(prompt)
        self._position = None

    def add(self, pieces: Sequence[Piece]) -> None:
        self.text.add(pieces)

    def show_position(self, position: int | None) -> None:
        """Where the page looks; None: at the end."""
        self._position = position
        self.text.mark(position)
        self._say_where()

    def _say_where(self) -> None:
        """The foot: how the writing stands, or which token is looked at."""
        if self._position is None:
            self._foot.set_text(words.end_line(self.status))
            return
        position = min(self._position, self.text.tokens)
        place = self.tr("character {0}").format(f"{self.text.characters_before(position):,}")
        if position:
            place += self.tr(" · {0} nats").format(f"{self.text.token(position - 1)[1]:.2f}")
        self._foot.set_text(place if position == self._position else self.tr("end, {0}").format(place))

    # How it is made

    def _make(self) -> None:
        number = self.number
        named(self, f"compare_column_{number}", words.title(self.status))
        self.setProperty("kind", "card")
        self._title = QLabel()
        self._title.setProperty("kind", "title")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setMinimumWidth(1)
        self._model, self._memory, self._speed, self._foot = (ElidedLabel() for _ in range(4))
        for label, what in (
            (self._model, "model"),
            (self._memory, "memory"),
            (self._speed, "speed"),
            (self._foot, "foot"),
        ):
            label.setObjectName(f"compare_{what}_{number}")
            label.setProperty("kind", "muted")
        self._failure = FlowingText()
        named(self._failure, f"compare_failure_{number}", self.tr("What went wrong"))
        self.text = TintedText()
        self.text.setObjectName(f"compare_text_{number}")
        self.text.token_picked.connect(self._token_picked)
        self._stop = self._button("stop", "square", self.tr("Stop this model; the others go on"))
        self._stop.clicked.connect(lambda: self.stop_requested.emit(self.number))
        self._menu_button = self._button("menu", "settings", self.tr("Precision and device"))
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu_button.setMenu(QMenu(self))
        self._menu_button.menu().aboutToShow.connect(self._fill_menu)
        self._remove = self._button("remove", "x", self.tr("Take this model off the page"))
        self._remove.clicked.connect(lambda: self.remove_requested.emit(self.number))

    def _button(self, what: str, icon: str, about: str) -> QToolButton:
        button = QToolButton()
        named(button, f"compare_{what}_{self.number}", about)
        button.setProperty("kind", "quiet")
        button.setProperty("icon_name", icon)
        button.setToolTip(tip(about))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self._title, 1)
        for button in (self._stop, self._menu_button, self._remove):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.S, theme.XS, theme.XS, theme.XS)
        column.setSpacing(1)
        column.addLayout(head)
        for label in (self._model, self._memory, self._speed):
            column.addWidget(label)
        column.addWidget(self._failure)
        column.addWidget(self.text, 1)
        column.addWidget(self._foot)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def _dress(self) -> None:
        for button in (self._stop, self._menu_button, self._remove):
            button.setIcon(theme.icon(button.property("icon_name"), 14))

    # The menu

    def _fill_menu(self) -> None:
        menu, card = self._menu_button.menu(), self.status.card
        menu.clear()
        dtypes = [dtype for dtype, _ in card.memory_needed] if card is not None else ["float32"]
        self._offer(menu, self.tr("Precision"), dtypes, self.status.choice.dtype, self._dtype_chosen)
        self._offer(menu, self.tr("Device"), self._devices, self.status.choice.device, self._device_chosen)

    def _offer(
        self, menu: QMenu, name: str, entries: Sequence[str], present: str, chosen: Callable[[QAction], None]
    ) -> None:
        menu.addSection(name)
        group = QActionGroup(menu)
        for entry in entries:
            action = menu.addAction(entry)
            action.setObjectName(f"compare_{entry}_{self.number}")
            action.setCheckable(True)
            action.setChecked(entry == present)
            group.addAction(action)
        group.triggered.connect(chosen)

    def _dtype_chosen(self, action: QAction) -> None:
        self.dtype_chosen.emit(self.number, action.text())

    def _device_chosen(self, action: QAction) -> None:
        self.device_chosen.emit(self.number, action.text())

    def _token_picked(self, index: int) -> None:
        self.token_picked.emit(index + 1)
