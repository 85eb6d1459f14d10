"""The card says what a file is, in full, at the width of a side panel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.views.version_card import VersionCard, count_text, fits, largest_that_fits, size_text
from tests.app.views.cards import CARD, card

GB = 1_000_000_000


@pytest.fixture
def panel(qtbot: QtBot) -> QWidget:
    panel = QWidget()
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def shown(panel: QWidget) -> VersionCard:
    return VersionCard(panel)


def text_of(view: VersionCard) -> str:
    return view.text.toPlainText()


def test_it_is_hidden_until_there_is_something_to_say(shown: VersionCard) -> None:
    assert shown.isHidden()
    shown.show_card(CARD)
    assert not shown.isHidden()
    shown.clear()
    assert shown.isHidden()
    assert shown.card is None
    assert text_of(shown) == ""


def test_it_says_what_the_file_is(shown: VersionCard) -> None:
    shown.show_card(CARD)
    assert shown.heading.text() == "RWKV-6.0"
    for fact in (
        "RWKV-x060-World-1B6-v2.1-20240328-ctx4096.pth",
        "3.2 GB, complete (torch zip)",
        "tuned initial state",
        "1.60 billion",
        "bfloat16",
        "24",
        "2,048 channels",
        "32 × 64 channels",
        "65,536 tokens",
        "no limit",
        "13.0 MB, however long the text",
        "Tokenizer: World",
        "Two tensors share their numbers.",
    ):
        assert fact in text_of(shown), fact


def test_it_gives_every_piece_of_evidence(shown: VersionCard) -> None:
    shown.show_card(CARD)
    for piece in (*CARD.info.evidence, *CARD.tokenizer_evidence):
        assert piece in text_of(shown)


def test_a_limited_context_and_no_heads_are_said(shown: VersionCard) -> None:
    shown.show_card(card(version="3", n_head=None, head_size=None, ctx_len=512, variant="", notes=()))
    text = text_of(shown)
    assert shown.heading.text() == "RWKV-3"
    assert "512 tokens" in text
    assert "when the context is full" in text
    assert "none" in text
    assert "Variant" not in text
    assert "Notes" not in text


def test_a_warning_about_the_tokenizer_is_in_the_colour_of_warnings(shown: VersionCard) -> None:
    shown.show_card(CARD)
    assert theme.current().warning not in shown.text.toHtml()
    shown.show_card(replace(CARD, tokenizer="", tokenizer_kind="", tokenizer_warning="Put the vocab.json beside it."))
    assert "Put the vocab.json beside it." in text_of(shown)
    assert "Tokenizer: none found" in text_of(shown)
    assert theme.current().warning in shown.text.toHtml()


def test_it_compares_the_memory_needed_with_the_memory_free(shown: VersionCard) -> None:
    shown.show_card(card(memory_free=GB * 5 // 2))
    text = text_of(shown)
    assert "Memory needed, 2.5 GB free" in text
    assert text.count("✗") == 3
    assert text.count("✓") == 2
    assert "Too large for the free memory: float32, bfloat16, float16. Choose int8 instead." in text


def test_it_says_where_nothing_fits(shown: VersionCard) -> None:
    shown.show_card(card(memory_free=GB // 2))
    assert text_of(shown).count("✗") == 5
    assert "Close other programs" in text_of(shown)


def test_it_judges_nothing_where_the_free_memory_is_not_known(shown: VersionCard) -> None:
    shown.show_card(card(memory_free=0))
    assert "6.4 GB" in text_of(shown)
    assert "✓" not in text_of(shown)
    assert "✗" not in text_of(shown)


def test_what_fits() -> None:
    tight = card(memory_free=3_300_000_000)
    assert not fits(tight, "float32")
    assert fits(tight, "bfloat16")
    assert fits(tight, "a precision that nobody measured")
    assert largest_that_fits(tight) == "bfloat16"
    assert largest_that_fits(card(memory_free=1)) is None
    assert largest_that_fits(card(memory_free=0)) == "float32"


def test_the_next_smaller_one_is_the_largest_that_fits_even_if_int8_needs_more() -> None:
    """int8 keeps one matrix twice while loading, so that for a small model it needs more than bfloat16."""
    small = replace(CARD, memory_needed=(("float32", 30), ("bfloat16", 15), ("int8", 20)), memory_free=16)
    assert largest_that_fits(small) == "bfloat16"


def test_what_the_file_says_is_not_taken_for_markup(shown: VersionCard) -> None:
    shown.show_card(card(path="/models/<b>bold&amp;.pth", notes=("<img src=x>",)))
    assert "<b>bold&amp;.pth" in text_of(shown)
    assert "<img src=x>" in text_of(shown)


def test_the_copy_has_the_path_and_everything_that_is_shown(shown: VersionCard) -> None:
    shown.show_card(CARD)
    QTest.mouseClick(shown.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith(f"RWKV-6.0\n{CARD.info.path}\n")
    for line in text_of(shown).splitlines():
        assert line.lstrip("•⚠ ") in copied


def test_the_text_can_be_selected_by_mouse_and_keyboard(shown: VersionCard) -> None:
    flags = shown.text.textInteractionFlags()
    assert flags & Qt.TextInteractionFlag.TextSelectableByMouse
    assert flags & Qt.TextInteractionFlag.TextSelectableByKeyboard
    assert shown.text.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize("width", [260, 900])
def test_nothing_is_cut_off(qtbot: QtBot, width: int) -> None:
    outer, view = QWidget(), VersionCard()
    qtbot.addWidget(outer)
    layout = QVBoxLayout(outer)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(view)
    layout.addStretch()
    view.show_card(card(path=f"/models/{'a_very_long_name_' * 6}.pth"))
    outer.resize(width, 1500)
    outer.grab()
    size = view.text.document().size()
    assert view.width() == width
    assert size.width() <= view.text.viewport().width()
    assert size.height() <= view.text.viewport().height()


def test_another_theme_gives_other_colours(shown: VersionCard, monkeypatch: pytest.MonkeyPatch) -> None:
    shown.show_card(CARD)
    assert theme.DARK.good not in shown.text.toHtml()
    monkeypatch.setitem(theme._state, "theme", theme.DARK)
    theme.signals().changed.emit()
    assert theme.DARK.good in shown.text.toHtml()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (215_300_000, "215 MB"),
        (6.4 * GB, "6.4 GB"),
        (2e15, "2,000.0 TB"),
    ],
)
def test_sizes_are_short(count: float, text: str) -> None:
    assert size_text(count) == text


def test_parameters_are_counted_in_words() -> None:
    assert count_text(3_975_936) == "3.98 million"
    assert count_text(1_599_871_000) == "1.60 billion"
    assert count_text(12_345) == "12,345"
