"""Small things that the pages of the lab share: quiet buttons with icons, lists of snapshots to choose from, "0-3, 5"."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QSizePolicy, QToolButton, QWidget

from app import theme
from app.analysis_messages import PRESENT, LabContents
from app.views.parts import named


def icon_button(name: str, icon: str, words: str) -> QToolButton:
    """A button without a frame; its name is its tooltip."""
    button = QToolButton()
    named(button, name, words)
    button.setProperty("kind", "quiet")
    button.setProperty("icon_name", icon)
    button.setToolTip(words)
    button.setIcon(theme.icon(icon))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def recolour(widget: QWidget) -> None:
    """The icons of all its quiet buttons in the colours of the present theme."""
    for button in widget.findChildren(QToolButton):
        if name := button.property("icon_name"):
            button.setIcon(theme.icon(name))


class SnapshotChoice(QComboBox):
    """One of the snapshots, or the present state if that is offered."""

    def __init__(self, name: str, accessible: str, with_present: bool) -> None:
        super().__init__()
        named(self, name, accessible)
        self._with_present = with_present
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_contents(LabContents())

    def show_contents(self, contents: LabContents) -> None:
        """Keeps what was chosen, if it is there still."""
        chosen = self.number
        with QSignalBlocker(self):
            self.clear()
            if self._with_present:
                self.addItem(self.tr("present state"), PRESENT)
            for info in contents.snapshots:
                self.addItem(info.name, info.id)
            place = self.findData(chosen)
            self.setCurrentIndex(place if place >= 0 else 0)

    @property
    def number(self) -> int | None:
        """None: there is none to choose."""
        data = self.currentData()
        return None if data is None else int(data)

    def choose(self, number: int) -> None:
        self.setCurrentIndex(self.findData(number))


def numbers(text: str, count: int) -> tuple[int, ...] | None:
    """ "0-3, 5" as (0, 1, 2, 3, 5); None for "" and "all". Raises ValueError for anything else, and beyond `count`."""
    if text.strip().lower() in ("", "all"):
        return None
    found: set[int] = set()
    for part in text.replace("–", "-").split(","):
        first, dash, last = part.partition("-")
        start, end = int(first), int(last) if dash else int(first)
        if not 0 <= start <= end < count:
            raise ValueError(part)
        found.update(range(start, end + 1))
    return tuple(sorted(found))
