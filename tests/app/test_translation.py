"""The Chinese translation is complete, fits its sources, and is compiled; English needs none."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTranslator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import Settings
from app.translation import FOLDER, install_translation
from app.views.sampling_fields import field_for
from rwkv_backend.checkpoints import open_checkpoint
from rwkv_backend.demo_models import demo_models
from rwkv_backend.models import identify
from rwkv_backend.presets import PRESETS
from rwkv_backend.sampling import controls
from rwkv_backend.templates import TEMPLATES, problems

WINDOW = "playground_zh_CN.ts"
"""What lupdate finds in app/."""

LIBRARY = "rwkv_backend_zh_CN.ts"
"""What the library says and the window shows; kept by hand. Both are compiled into one file."""


@dataclass(frozen=True)
class Message:
    context: str
    source: str
    translation: str
    state: str
    """ "" where it is finished"""


def messages(name: str) -> list[Message]:
    found = []
    for context in ET.parse(FOLDER / name).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            assert translation is not None
            texts = context.findtext("name", ""), message.findtext("source", ""), translation.text or ""
            found.append(Message(*texts, translation.get("type", "")))
    return found


ALL = [*messages(WINDOW), *messages(LIBRARY)]


@pytest.fixture
def languages(qapp: QApplication) -> Iterator[None]:
    """Takes away what a test has installed, so that others see English."""
    before = qapp.findChildren(QTranslator)
    yield
    for translator in qapp.findChildren(QTranslator):
        if translator not in before:
            qapp.removeTranslator(translator)
            translator.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_every_entry_is_translated() -> None:
    assert len(ALL) > 400
    assert [m for m in ALL if m.state or not m.translation.strip()] == []


def test_no_entry_stands_twice() -> None:
    assert len({(m.context, m.source) for m in ALL}) == len(ALL)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\{\d*\}",
        r"&(?=\w)",  # the letter that opens a menu
        r"\*\.\w+|\(\*\)",  # patterns of a file dialog
        r"\\n",
    ],
)
def test_what_the_program_reads_is_the_same_in_both_languages(pattern: str) -> None:
    signs = re.compile(pattern)
    assert any(signs.search(m.source) for m in ALL)
    assert [m for m in ALL if sorted(signs.findall(m.source)) != sorted(signs.findall(m.translation))] == []


def test_the_file_that_is_loaded_holds_every_translation(qapp: QApplication, languages: None) -> None:
    assert install_translation(qapp, "zh_CN")
    wrong = [m for m in ALL if QCoreApplication.translate(m.context, m.source) != m.translation]
    assert wrong == [], "compile the .ts files anew with lrelease"


def test_the_window_is_chinese(qtbot: QtBot, qapp: QApplication, languages: None, light: None) -> None:
    install_translation(qapp, "zh_CN")
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    assert [action.text() for action in window.menuBar().actions()] == ["文件(&F)", "视图(&V)", "帮助(&H)"]
    assert window.side_dock.windowTitle() == "模型与采样"
    assert window.sampling_panel.accessibleName() == "采样"


def test_a_setting_of_the_library_is_chinese(qtbot: QtBot, qapp: QApplication, languages: None) -> None:
    install_translation(qapp, "zh_CN")
    field = field_for(controls()[0])
    qtbot.addWidget(field)
    assert field.label.text() == "温度"


def test_qt_speaks_chinese_too(qapp: QApplication, languages: None) -> None:
    install_translation(qapp, "zh_CN")
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "取消"


def test_english_needs_no_file(qapp: QApplication, languages: None) -> None:
    assert not install_translation(qapp, "en")
    assert [m for m in ALL if QCoreApplication.translate(m.context, m.source) != m.source] == []


def test_other_tests_see_english_again() -> None:
    assert QCoreApplication.translate("MainWindow", "&File") == "&File"


# What the library says


def said_by_controls() -> set[str]:
    return {text for c in controls() for text in (c.label, c.help, c.unit, *c.choices)}


def said_by_presets() -> set[str]:
    return {text for preset in PRESETS for text in (preset.name, preset.note)}


def said_by_templates() -> set[str]:
    return {text for template in TEMPLATES for text in (template.name, template.about, template.extra)}


def said_of_prompts() -> set[str]:
    """What is wrong with prompts that make every known mistake, for every template."""
    said: set[str] = set()
    for template in TEMPLATES:
        before, after = template.ask.split("{text}")
        message = f"{before}one\n\ntwo{after}"
        for prompt in ("x ", "x\r\n", "\nx\n\n", "<think>", f"{before.strip()[:-1]}：x", message, f"{message} x\n\n"):
            said.update(problems(prompt, template))
    return said


def said_of_fields() -> set[str]:
    plans = [identify(open_checkpoint(demo.path).shapes) for demo in demo_models()]
    return {shape.field.about for plan in plans for shape in plan.fields}


@pytest.mark.parametrize(
    "said", [said_by_controls, said_by_presets, said_by_templates, said_of_prompts, said_of_fields]
)
def test_what_the_library_says_has_an_entry(said: Callable[[], set[str]]) -> None:
    sentences = said() - {""}
    assert sentences
    assert sentences - {m.source for m in messages(LIBRARY)} == set()
