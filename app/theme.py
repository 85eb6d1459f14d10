"""How the window looks: one calm design in light and dark, spacing, type sizes and icons.

Qt's own switch to a dark scheme does nothing on plain X11 or offscreen, so both schemes are palettes of ours on the Fusion
style. A widget asks `current()` for colours, and connects to `signals().changed` if it paints by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QStyleFactory

ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"

XS, S, M, L = 4, 8, 12, 16
"""Spacing in pixels: inside a group, between controls, around a panel, between groups."""

Choice = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Colours as "#rrggbb". `series` are for lines in plots, told apart also without colour vision."""

    name: Literal["light", "dark"]
    window: str
    surface: str
    raised: str
    text: str
    muted: str
    border: str
    accent: str
    on_accent: str
    error: str
    warning: str
    good: str
    grid: str
    series: tuple[str, ...]
    sequential: str
    diverging: str


LIGHT = Theme(
    name="light",
    window="#f4f5f7",
    surface="#ffffff",
    raised="#e9ecf1",
    text="#1c2330",
    muted="#5c6675",
    border="#cfd5de",
    accent="#2f62c9",
    on_accent="#ffffff",
    error="#b3261e",
    warning="#8a5a00",
    good="#1d7a46",
    grid="#d9dee6",
    series=("#2f62c9", "#c2571a", "#1d7a46", "#8e3fa8", "#0e7c86", "#a63d5c"),
    sequential="CET-L17",
    diverging="CET-D1",
)

DARK = Theme(
    name="dark",
    window="#171a20",
    surface="#1f232b",
    raised="#2a2f39",
    text="#e6e9ef",
    muted="#a0a9b8",
    border="#3a414d",
    accent="#7aa5ff",
    on_accent="#10141c",
    error="#ff8a80",
    warning="#f0c060",
    good="#6fd49a",
    grid="#363d49",
    series=("#7aa5ff", "#ff9d66", "#6fd49a", "#d29bff", "#5fd0dc", "#ff8fb0"),
    sequential="CET-L16",
    diverging="CET-D4",
)


class _Signals(QObject):
    changed = Signal()
    """Colours have changed; ask `current()`."""


_state: dict[str, Theme] = {"theme": LIGHT}


@lru_cache(maxsize=1)
def signals() -> _Signals:
    return _Signals()


def current() -> Theme:
    return _state["theme"]


def apply(choice: Choice) -> None:
    """Put the whole application in this scheme; "system" follows the desktop's."""
    theme = _system() if choice == "system" else DARK if choice == "dark" else LIGHT
    _state["theme"] = theme
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setPalette(palette(theme))  # before the style too: it draws its own icons in these colours
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))
    icon.cache_clear()
    signals().changed.emit()


def _system() -> Theme:
    return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def palette(theme: Theme) -> QPalette:
    colours = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.surface,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.error,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Light: theme.surface,
        QPalette.ColorRole.Midlight: theme.raised,
        QPalette.ColorRole.Mid: theme.border,
        QPalette.ColorRole.Dark: theme.border,
        QPalette.ColorRole.Shadow: theme.border,
    }
    result = QPalette()
    for role, colour in colours.items():
        result.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(_between(theme.muted, theme.window)))
    return result


def style_sheet(theme: Theme) -> str:
    """What a palette cannot say. Widgets opt in by their `kind` property."""
    return f"""
        QToolTip {{ color: {theme.text}; background: {theme.raised}; border: 1px solid {theme.border}; padding: 4px; }}
        QLabel[kind="title"] {{ font-weight: 600; }}
        QLabel[kind="heading"] {{ font-size: 15pt; font-weight: 600; }}
        QLabel[kind="muted"] {{ color: {theme.muted}; }}
        QLabel[kind="error"] {{ color: {theme.error}; }}
        QLabel[kind="warning"] {{ color: {theme.warning}; }}
        QLabel[kind="good"] {{ color: {theme.good}; }}
        QFrame[kind="card"] {{ background: {theme.surface}; border: 1px solid {theme.border}; border-radius: 8px; }}
        QPushButton[kind="primary"] {{
            background: {theme.accent}; color: {theme.on_accent}; border: none; border-radius: 6px; padding: 6px 14px;
        }}
        QPushButton[kind="primary"]:disabled {{ background: {theme.raised}; color: {theme.muted}; }}
        QPushButton[kind="primary"]:focus {{ border: 2px solid {theme.text}; padding: 4px 12px; }}
        QToolButton[kind="quiet"] {{ border: none; padding: 3px; border-radius: 4px; }}
        QToolButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:checked {{ background: {theme.raised}; }}
        QDockWidget {{ font-weight: 600; }}
        QDockWidget::title {{ padding: 4px; text-align: left center; background: {theme.window}; }}
    """


def _between(one: str, other: str) -> str:
    a, b = QColor(one), QColor(other)
    return QColor((a.red() + b.red()) // 2, (a.green() + b.green()) // 2, (a.blue() + b.blue()) // 2).name()


@lru_cache(maxsize=256)
def icon(name: str, size: int = 18, colour: str = "") -> QIcon:
    """One of resources/icons in the text colour (or `colour`), sharp also on screens of high density."""
    theme = current()
    result = QIcon()
    for mode, ink in (
        (QIcon.Mode.Normal, colour or theme.text),
        (QIcon.Mode.Disabled, _between(theme.muted, theme.window)),
    ):
        result.addPixmap(_draw(name, size, ink), mode)
    return result


def _draw(name: str, size: int, colour: str) -> QPixmap:
    source = (ICONS / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    pixmap = QPixmap(QSize(size, size) * 2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(2.0)
    return pixmap
