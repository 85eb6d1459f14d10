"""Which preset the sampling settings begin with: a list of those that fit the open model.

Its strings are translated with those of the sampling panel, of which it is a part.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from app.views.parts import library, tip
from rwkv_backend.presets import Preset


class PresetPicker(QComboBox):
    """Keeps what the user has picked; a model without it gets its own default."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presets: tuple[Preset, ...] = ()
        self.wanted = ""
        """Name of the preset that the user has picked."""
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def offer(self, presets: tuple[Preset, ...]) -> None:
        """Show these, and of them what is wanted, or the first."""
        self._presets = presets
        self.blockSignals(True)
        self.clear()
        for place, preset in enumerate(presets):
            self.addItem(library(preset.name), preset.name)
            self.setItemData(place, tip(_about(preset)), Qt.ItemDataRole.ToolTipRole)
        self.blockSignals(False)
        self.show_wanted()

    def show_wanted(self) -> None:
        self.blockSignals(True)
        self.setCurrentIndex(max(0, self.findData(self.wanted)))
        self.blockSignals(False)

    def current(self) -> Preset:
        return self._presets[max(0, self.currentIndex())]

    def mark(self, changed: bool) -> None:
        """Say whether the settings are still those of the preset."""
        for place, preset in enumerate(self._presets):
            name = library(preset.name)
            marked = QCoreApplication.translate("SamplingPanel", "{0} (changed)").format(name)
            self.setItemText(place, marked if changed and place == self.currentIndex() else name)
        self.setToolTip(str(self.currentData(Qt.ItemDataRole.ToolTipRole)))


def _about(preset: Preset) -> str:
    source = QCoreApplication.translate("SamplingPanel", "Source: {0}").format(preset.source)
    return f"{library(preset.note)}\n{source}" if preset.note else source
