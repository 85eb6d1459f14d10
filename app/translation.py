"""The window's language: Qt translation files in resources/translations, English where there is none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "translations"


def install_translation(app: QApplication, language: str) -> bool:
    """language: "system", "en" or "zh_CN". Whether a translation is in use afterwards."""
    name = QLocale.system().name() if language == "system" else language
    if name.startswith("zh"):
        name = "zh_CN"
    qt = QTranslator(app)
    if qt.load(f"qtbase_{name}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(qt)
    ours = QTranslator(app)
    if not ours.load(f"playground_{name}", str(FOLDER)):
        return False
    if name == "zh_CN":
        _prefer_chinese_letters(app)
    return app.installTranslator(ours)


def _prefer_chinese_letters(app: QApplication) -> None:
    """On a system set to another language the fonts would give Japanese forms of the characters."""
    font = app.font()
    font.setFamilies([*font.families(), "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei"])
    app.setFont(font)
