"""Small widgets that plots share: a list to choose from, a quiet button with an icon, a line that shortens itself, a bubble.

They know nothing of models or frames.
"""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QFrame, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import theme


class Choice(QComboBox):
    """May become narrower than its words; its open list is as wide as they are. The wheel scrolls what it lies in."""

    def __init__(self, object_name: str, accessible_name: str) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(accessible_name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.currentTextChanged.connect(self.setToolTip)

    def showPopup(self) -> None:
        view = self.view()
        view.setTextElideMode(Qt.TextElideMode.ElideNone)
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 3 * theme.L, self.screen().availableSize().width() // 2))
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def tool_button(object_name: str, icon: str, name: str) -> QToolButton:
    """A button without a frame; its name is its tooltip."""
    button = QToolButton()
    button.setObjectName(object_name)
    button.setProperty("kind", "quiet")
    button.setProperty("icon_name", icon)
    button.setToolTip(name)
    button.setAccessibleName(name)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    recolour_button(button)
    return button


def recolour_button(button: QToolButton) -> None:
    """Its icon in the present theme's colour."""
    name = button.property("icon_name")
    if name:
        button.setIcon(theme.icon(name))


class OneLine(QLabel):
    """One line of text that never asks for room: what does not fit ends in "…", and the tooltip has it all."""

    def __init__(self, align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft, quiet: bool = True) -> None:
        super().__init__()
        self._align = align
        self._quiet = quiet
        self._sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, sentence: str) -> None:
        if sentence != self._sentence:
            self._sentence = sentence
            self.setToolTip(sentence)
            self.setAccessibleName(sentence)
            self.update()

    def text(self) -> str:
        return self._sentence

    def sizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QColor(theme.current().muted if self._quiet else theme.current().text))
        words = self.fontMetrics().elidedText(self._sentence, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self._align | Qt.AlignmentFlag.AlignVCenter, words)


class Sideways(QWidget):
    """Two widgets: side by side where there is room, else one below the other."""

    ROOM = 540

    def __init__(self, first: QWidget, second: QWidget) -> None:
        super().__init__()
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(theme.XS)
        self._box.addWidget(first, 3)
        self._box.addWidget(second, 0, Qt.AlignmentFlag.AlignTop)

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = event.size().width() >= self.ROOM
        self._box.setStretch(1, 2 if wide else 0)
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        super().resizeEvent(event)


class Legend(QLabel):
    """Which colour is what, in as many lines as it takes."""

    def __init__(self, object_name: str) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setProperty("kind", "muted")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)

    def show_entries(self, entries: list[tuple[str, str, str]]) -> None:
        """Sign, its colour, and what it stands for."""
        # Sign and first word must not be parted.
        words = [f'<span style="color:{colour}">{sign}</span>&nbsp;{escape(text)}' for sign, colour, text in entries]
        text = " &nbsp; ".join(word.replace(" ", "&nbsp;").replace("span&nbsp;style", "span style") for word in words)
        if text != self.text():
            self.setText(text)


class Bubble(QFrame):
    """An explanation that goes away with the next click or key."""

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("kind", "card")
        heading, words = QLabel(title), QLabel(text)
        heading.setProperty("kind", "title")
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.S, theme.M, theme.M)
        column.setSpacing(theme.XS)
        column.addWidget(heading)
        column.addWidget(words)
        width = 48 * self.fontMetrics().averageCharWidth()
        words.setFixedSize(width, words.heightForWidth(width))

    def show_below(self, widget: QWidget) -> None:
        """Under the widget, but all of it on the screen."""
        self.adjustSize()
        corner = widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + theme.XS))
        room = widget.screen().availableGeometry()
        x = min(max(corner.x(), room.left()), room.right() - self.width())
        y = min(max(corner.y(), room.top()), room.bottom() - self.height())
        self.move(x, y)
        self.show()
