"""A button with the choices for a colour scale: held or fixed, and a fresh start.

It edits the Scale that it is given and says `changed`; the plot draws anew. A scale that fits every frame by itself is not
among the choices: the same colour would mean another number in each frame.
"""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget, QWidgetAction

from app import theme
from app.plots.colours import Scale
from app.plots.parts import recolour_button


class ScaleButton(QToolButton):
    changed = Signal()

    def __init__(self, key: str) -> None:
        super().__init__()
        self._scale: Scale | None = None
        self.setObjectName(f"{key}_scale_button")
        self.setAccessibleName(self.tr("Colour scale"))
        self.setToolTip(self.tr("Colour scale"))
        self.setProperty("kind", "quiet")
        self.setProperty("icon_name", "sliders-horizontal")
        recolour_button(self)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._build(key)

    def set_scale(self, scale: Scale) -> None:
        """The scale to edit from now on."""
        self._scale = scale
        if self.menu().isVisible():
            return  # the user is at it
        self._show()

    def _show(self) -> None:
        scale = self._scale
        if scale is None:
            return
        (self._held if scale.fixed is None else self._fixed).setChecked(True)
        self._logarithmic.setChecked(scale.logarithmic)
        with QSignalBlocker(self._top):
            self._top.setValue(scale.top)

    def _build(self, key: str) -> None:
        menu = QMenu(self)
        group = QActionGroup(menu)
        self._held = self._choice(
            menu, group, f"{key}_scale_held", self.tr("Held: grows with the largest value so far")
        )
        self._fixed = self._choice(menu, group, f"{key}_scale_fixed", self.tr("Fixed"))
        self._held.setChecked(True)
        self._top = QDoubleSpinBox()
        self._top.setObjectName(f"{key}_scale_top")
        self._top.setAccessibleName(self.tr("Value at the end of the colours"))
        self._top.setRange(0.0001, 1e9)
        self._top.setDecimals(4)
        self._top.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self._top.setKeyboardTracking(False)
        self._top.valueChanged.connect(self._fix)
        menu.addAction(self._with_label(menu, self.tr("Colours end at"), self._top))
        menu.addSeparator()
        self._logarithmic = menu.addAction(self.tr("Logarithmic colours"))
        self._logarithmic.setObjectName(f"{key}_scale_logarithmic")
        self._logarithmic.setCheckable(True)
        self._logarithmic.triggered.connect(self._switch_logarithmic)
        again = menu.addAction(theme.icon("rotate-ccw"), self.tr("Start the scale afresh"))
        again.setObjectName(f"{key}_scale_reset")
        again.triggered.connect(self._start_afresh)
        group.triggered.connect(self._switch)
        menu.aboutToShow.connect(self._show)
        self.setMenu(menu)

    def _choice(self, menu: QMenu, group: QActionGroup, name: str, words: str) -> QAction:
        action = menu.addAction(words)
        action.setObjectName(name)
        action.setCheckable(True)
        group.addAction(action)
        return action

    def _with_label(self, menu: QMenu, words: str, field: QWidget) -> QWidgetAction:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(theme.L + theme.M, 0, theme.S, theme.XS)
        line.addWidget(QLabel(words))
        line.addWidget(field, 1)
        action = QWidgetAction(menu)
        action.setDefaultWidget(row)
        return action

    def _switch(self, action: QAction) -> None:
        if self._scale is not None:
            self._scale.fixed = self._top.value() if action is self._fixed else None
            self.changed.emit()

    def _switch_logarithmic(self, logarithmic: bool) -> None:
        if self._scale is not None:
            self._scale.logarithmic, self._scale.decided = logarithmic, True
            self.changed.emit()

    def _fix(self, top: float) -> None:
        if self._scale is not None:
            self._fixed.setChecked(True)
            self._scale.fixed = top
            self.changed.emit()

    def _start_afresh(self) -> None:
        if self._scale is not None:
            self._scale.forget()
            self.changed.emit()
