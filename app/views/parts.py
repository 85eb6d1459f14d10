"""What the views share: names for tools and for people, tooltips that are broken into lines, and the library's own words."""

from __future__ import annotations

import html

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

LIBRARY = "rwkv_backend"
"""The translation context of the names and sentences that the library gives."""


def library(text: str) -> str:
    """A name or sentence of the library, in the language of the window."""
    return QCoreApplication.translate(LIBRARY, text)


def tip(text: str) -> str:
    """A tooltip that is broken into lines, as Qt does with rich text only."""
    return f"<qt>{html.escape(text, quote=False)}</qt>".replace("\n", "<br>") if text else ""


def named(widget: QWidget, name: str, accessible: str) -> None:
    widget.setObjectName(name)
    widget.setAccessibleName(accessible)
