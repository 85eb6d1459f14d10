"""Where the page looks: one position for all columns, and the end, which it follows while the models write."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from app import theme
from app.views.parts import named, tip


class PositionBar(QWidget):
    moved = Signal(object)
    """Tokens written before the place that is looked at; None: the end, wherever it is"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._position: int | None = None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        named(self.slider, "compare_position", self.tr("Position, in tokens after the prompt"))
        self.slider.setToolTip(tip(self.tr("The same token for all models; a click on a word goes there, too")))
        self.slider.setRange(0, 0)
        self.follow = QToolButton()
        named(self.follow, "compare_follow", self.tr("Go to the end and stay there"))
        self.follow.setText(self.tr("End"))
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.follow.setToolTip(tip(self.follow.accessibleName()))
        self._label = QLabel()
        self._label.setObjectName("compare_position_label")
        self._label.setMinimumWidth(
            self.fontMetrics().horizontalAdvance(self.tr("token {0} of {1}").format("0,000", "0,000"))
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        row.addWidget(self._label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.follow)
        self.slider.valueChanged.connect(self._slid)
        self.follow.toggled.connect(self._followed)
        self._say()

    @property
    def position(self) -> int | None:
        return self._position

    def show_length(self, tokens: int) -> None:
        """The longest text has so many tokens."""
        with QSignalBlocker(self.slider):
            self.slider.setMaximum(tokens)
            if self._position is None:
                self.slider.setValue(tokens)
        self._say()

    def go_to(self, position: int | None) -> None:
        """Look there, as if the user had moved the slider."""
        if position is not None:
            position = max(0, min(position, self.slider.maximum()))
        if position == self._position:
            return
        self._position = position
        with QSignalBlocker(self.slider), QSignalBlocker(self.follow):
            self.slider.setValue(self.slider.maximum() if position is None else position)
            self.follow.setChecked(position is None)
        self._say()
        self.moved.emit(position)

    def _slid(self, value: int) -> None:
        self.go_to(value)

    def _followed(self, follows: bool) -> None:
        self.go_to(None if follows else self.slider.value())

    def _say(self) -> None:
        words = self.tr("token {0} of {1}")
        self._label.setText(words.format(f"{self.slider.value():,}", f"{self.slider.maximum():,}"))
