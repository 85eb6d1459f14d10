"""What a model file is, before it is loaded: its version and how that was recognised, its sizes, its tokenizer, and
whether it fits into the memory that is free. Everything can be selected, and copied as plain text.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.messages import Card
from app.views.flowing_text import FlowingText

BYTES_OF_A_STATE_NUMBER = 4
"""States are float32, whatever the weights are held in."""

Row = tuple[str, str, str]
"""Label, value, and the value's colour, one of flowing_text.COLOURS."""


@dataclass(frozen=True)
class Section:
    """A part of the card: a title ("" for the first), rows of label and value, lines as a list, warnings."""

    title: str = ""
    rows: tuple[Row, ...] = ()
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class VersionCard(QFrame):
    """Empty and hidden until `show_card`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("version_card")
        self.setAccessibleName(self.tr("What the chosen file is"))
        self.setProperty("kind", "card")
        self._card: Card | None = None
        self.heading = QLabel()
        self.heading.setObjectName("version_heading")
        self.heading.setProperty("kind", "heading")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_button = self._copy_button()
        self.text = FlowingText()
        self.text.setObjectName("version_text")
        self.text.setAccessibleName(self.tr("What the chosen file is"))
        self.text.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self._recolour()
        theme.signals().changed.connect(self._recolour)
        self.clear()

    @property
    def card(self) -> Card | None:
        return self._card

    def show_card(self, card: Card) -> None:
        self._card = card
        self.heading.setText(title_of(card))
        self.heading.setToolTip(card.info.path)
        self.text.setHtml(_as_html(sections(card)))
        self.setVisible(True)

    def clear(self) -> None:
        self._card = None
        self.text.clear()
        self.setVisible(False)

    def copy(self) -> None:
        """Everything that the card says, and the file's path, to the clipboard."""
        if self._card is not None:
            QGuiApplication.clipboard().setText(as_text(self._card))

    def _copy_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("copy_card_button")
        button.setAccessibleName(self.tr("Copy what the card says"))
        button.setToolTip(self.tr("Copy what the card says"))
        button.setProperty("kind", "quiet")
        button.clicked.connect(self.copy)
        return button

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.M, theme.S, theme.M, theme.M)
        layout.setSpacing(theme.XS)
        layout.addLayout(top)
        layout.addWidget(self.text)

    def _recolour(self) -> None:
        self.copy_button.setIcon(theme.icon("copy"))
        if self._card is not None:
            self.text.setHtml(_as_html(sections(self._card)))


# What the card says


def title_of(card: Card) -> str:
    return f"RWKV-{card.info.version}"


def sections(card: Card) -> tuple[Section, ...]:
    """All that is known, in the order in which it is read."""
    info = card.info
    recognised = Section(QCoreApplication.translate("VersionCard", "Recognised by"), lines=info.evidence)
    notes = Section(QCoreApplication.translate("VersionCard", "Notes"), lines=info.notes)
    found = (Section(rows=_facts(card)), recognised, _tokenizer(card), _memory(card), notes)
    return tuple(section for section in found if section.rows or section.lines or section.warnings)


def _facts(card: Card) -> tuple[Row, ...]:
    info = card.info
    heads = QCoreApplication.translate("VersionCard", "none")
    if info.n_head:
        heads = QCoreApplication.translate("VersionCard", "{0} × {1} channels").format(info.n_head, info.head_size)
    size = QCoreApplication.translate("VersionCard", "{0}, complete ({1})")
    facts = (
        (QCoreApplication.translate("VersionCard", "File"), Path(info.path).name),
        (QCoreApplication.translate("VersionCard", "Size"), size.format(size_text(info.file_bytes), info.file_format)),
        (QCoreApplication.translate("VersionCard", "Variant"), info.variant),
        (QCoreApplication.translate("VersionCard", "Parameters"), count_text(info.n_params)),
        (QCoreApplication.translate("VersionCard", "Stored as"), info.dtype),
        (QCoreApplication.translate("VersionCard", "Layers"), f"{info.n_layer:,}"),
        (QCoreApplication.translate("VersionCard", "Width"), _width(card)),
        (QCoreApplication.translate("VersionCard", "Heads"), heads),
        (QCoreApplication.translate("VersionCard", "Vocabulary"), _vocabulary(card)),
        (QCoreApplication.translate("VersionCard", "Context"), _context(card)),
        (QCoreApplication.translate("VersionCard", "State"), _state(card)),
    )
    return tuple((label, value, "text") for label, value in facts if value)


def _width(card: Card) -> str:
    return QCoreApplication.translate("VersionCard", "{0} channels").format(f"{card.info.n_embd:,}")


def _vocabulary(card: Card) -> str:
    return QCoreApplication.translate("VersionCard", "{0} tokens").format(f"{card.info.vocab_size:,}")


def _context(card: Card) -> str:
    if card.info.ctx_len is None:
        return QCoreApplication.translate("VersionCard", "no limit")
    return QCoreApplication.translate("VersionCard", "{0} tokens").format(f"{card.info.ctx_len:,}")


def _state(card: Card) -> str:
    """What the model keeps of the text. Only a limited context can fill up."""
    size = size_text(card.info.state_numbers * BYTES_OF_A_STATE_NUMBER)
    if card.info.ctx_len is None:
        return QCoreApplication.translate("VersionCard", "{0}, however long the text").format(size)
    return QCoreApplication.translate("VersionCard", "{0} when the context is full").format(size)


def _tokenizer(card: Card) -> Section:
    name = card.tokenizer or QCoreApplication.translate("VersionCard", "none found")
    return Section(
        QCoreApplication.translate("VersionCard", "Tokenizer: {0}").format(name),
        lines=card.tokenizer_evidence,
        warnings=(card.tokenizer_warning,) if card.tokenizer_warning else (),
    )


def _memory(card: Card) -> Section:
    title = QCoreApplication.translate("VersionCard", "Memory needed")
    if card.memory_free:
        words = QCoreApplication.translate("VersionCard", "Memory needed, {0} free")
        title = words.format(size_text(card.memory_free))
    rows = tuple(_memory_row(card, dtype, needed) for dtype, needed in card.memory_needed)
    too_large = [dtype for dtype, _ in card.memory_needed if not fits(card, dtype)]
    return Section(title, rows=rows, warnings=(_too_large(card, too_large),) if too_large else ())


def _memory_row(card: Card, dtype: str, needed: int) -> Row:
    size = size_text(needed)
    if not card.memory_free:
        return dtype, size, "text"
    if fits(card, dtype):
        return dtype, QCoreApplication.translate("VersionCard", "{0} ✓ fits").format(size), "good"
    return dtype, QCoreApplication.translate("VersionCard", "{0} ✗ too large").format(size), "error"


def _too_large(card: Card, dtypes: list[str]) -> str:
    best = largest_that_fits(card)
    if best is None:
        return QCoreApplication.translate(
            "VersionCard",
            "There is not enough free memory for this model. Close other programs, or open it on a larger computer.",
        )
    words = QCoreApplication.translate("VersionCard", "Too large for the free memory: {0}. Choose {1} instead.")
    return words.format(", ".join(dtypes), best)


# Does it fit?


def needed(card: Card, dtype: str) -> int | None:
    """Bytes; None where it is not known."""
    return dict(card.memory_needed).get(dtype)


def fits(card: Card, dtype: str) -> bool:
    """Also true where it is not known: what is not known is no reason to refuse."""
    bytes_needed = needed(card, dtype)
    return bytes_needed is None or card.memory_free <= 0 or bytes_needed <= card.memory_free


def largest_that_fits(card: Card) -> str | None:
    """The most exact precision for which there is room; None if there is room for none."""
    return next((dtype for dtype, _ in card.memory_needed if fits(card, dtype)), None)


# How it is written


def size_text(count: float) -> str:
    """Bytes as people say them, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def count_text(count: int) -> str:
    """Parameters as people say them."""
    if count >= 1_000_000_000:
        return QCoreApplication.translate("VersionCard", "{0} billion").format(f"{count / 1e9:.2f}")
    if count >= 1_000_000:
        return QCoreApplication.translate("VersionCard", "{0} million").format(f"{count / 1e6:.2f}")
    return f"{count:,}"


def as_text(card: Card) -> str:
    """The card for a report: plain lines."""
    lines = [title_of(card), card.info.path]
    for section in sections(card):
        lines += ["", section.title] if section.title else []
        lines += [f"{label}: {value}" for label, value, _ in section.rows]
        lines += [f"- {line}" for line in section.lines]
        lines += list(section.warnings)
    return "\n".join(lines) + "\n"


def _as_html(parts: tuple[Section, ...]) -> str:
    return "".join(_section_html(part) for part in parts)


def _section_html(section: Section) -> str:
    colours = theme.current()
    title = f'<p style="margin:{theme.M}px 0 2px 0; font-weight:600">{html.escape(section.title)}</p>'
    rows = "".join(
        f'<tr><td style="color:{colours.muted}; padding-right:{theme.S}px; white-space:nowrap">{html.escape(label)}</td>'
        f'<td width="100%" style="color:{getattr(colours, colour)}">{html.escape(value)}</td></tr>'
        for label, value, colour in section.rows
    )
    table = f'<table cellspacing="0" cellpadding="1" width="100%">{rows}</table>'
    lines = "".join(_line_html(f"• {line}", colours.text) for line in section.lines)
    warnings = "".join(_line_html(f"⚠ {line}", colours.warning) for line in section.warnings)
    return (title if section.title else "") + (table if rows else "") + lines + warnings


def _line_html(line: str, colour: str) -> str:
    indent = theme.M
    style = f"margin:1px 0 1px {indent}px; text-indent:-{indent}px; color:{colour}"
    return f'<p style="{style}">{html.escape(line)}</p>'
