"""The thin line between a conversation and what is written next: how much of the prompt has been read."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QWidget

from app import theme
from rwkv_backend.records import Progress


class ReadingBar(QProgressBar):
    """Keeps its place while it is hidden, so that nothing moves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setFixedHeight(theme.XS)
        self.setStyleSheet(_PROGRESS)
        place = self.sizePolicy()
        place.setRetainSizeWhenHidden(True)
        self.setSizePolicy(place)
        self.hide()

    def show_progress(self, progress: Progress) -> None:
        """Hidden when all has been read."""
        self.setRange(0, max(1, progress.total))
        self.setValue(progress.done)
        self.setVisible(progress.done < progress.total)


_PROGRESS = """
    QProgressBar { border: none; background: palette(button); }
    QProgressBar::chunk { background: palette(highlight); }
"""
