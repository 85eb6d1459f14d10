"""The menu's entry for packed weights kept on disk: says how much they are, and removes them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.views.version_card import size_text


class PackedWeights(QAction):
    removed = Signal(str)
    """A sentence that says what was done"""

    def __init__(self, menu: QMenu) -> None:
        super().__init__(menu)
        self.setObjectName("packed_weights_action")
        self.setToolTip(self.tr("Models in int8 or int4 load faster from them; they are made anew when needed."))
        self.triggered.connect(self.remove)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self.refresh)
        menu.addAction(self)
        self.setText(self.tr("Remove packed weights"))

    def refresh(self) -> None:
        """Only when the menu opens: it looks at the disk."""
        from rwkv_backend import weight_cache

        size = weight_cache.size()
        self.setEnabled(size > 0)
        if size:
            self.setText(self.tr("Remove packed weights ({0} on disk)").format(size_text(size)))
        else:
            self.setText(self.tr("Remove packed weights (none on disk)"))

    def remove(self) -> None:
        from rwkv_backend import weight_cache

        freed = weight_cache.clear()
        self.removed.emit(self.tr("{0} of packed weights were removed.").format(size_text(freed)))
        self.refresh()
