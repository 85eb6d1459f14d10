"""`python -m app [FILE]`: opens the window, or without a display does the same job in the terminal.

Imports little before the window is painted: Qt, no torch, no pyqtgraph.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

PICTURE = Path("out") / "playground.png"

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if not has_display():
        return without_display(options)
    return open_window(options)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="rwkv-playground", description="Open RWKV models and look at what they remember."
    )
    result.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a checkpoint to open")
    result.add_argument("--prompt", default="", metavar="TEXT", help="put this into the text field")
    result.add_argument("--page", choices=("chat", "inspect", "compare"), help="which page to show")
    result.add_argument("--mode", choices=("chat", "complete"), help="a conversation, or going on with a text")
    result.add_argument("--theme", choices=("system", "light", "dark"))
    result.add_argument("--language", choices=("system", "en", "zh_CN"))
    result.add_argument("--size", type=size, metavar="WxH", help="the window's size in pixels")
    result.add_argument("--max-tokens", type=int, metavar="N", help="how many tokens to write at most")
    result.add_argument("--seed", type=int, metavar="S")
    result.add_argument("--send", action="store_true", help="send the prompt as soon as the model is there")
    result.add_argument(
        "--screenshot", type=Path, metavar="X.png", help="write a picture of the window at the answer's end"
    )
    result.add_argument("--quit", action="store_true", help="and then quit")
    return result


def size(text: str) -> tuple[int, int]:
    width, cross, height = text.partition("x")
    if not (cross and width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError("must be like 1280x800")
    return int(width), int(height)


def has_display() -> bool:
    """Whether a window can be shown; also where Qt was told to paint into memory (QT_QPA_PLATFORM=offscreen)."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def without_display(options: argparse.Namespace) -> int:
    """Every demo model tells a tale in the terminal, and the window is painted into a file."""
    from app.headless import tell_tales

    sys.stdout.write("There is no display, so the demo models write here.\n")
    code = tell_tales(sys.stdout)
    if code:
        return code
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    picture = options.screenshot = options.screenshot or PICTURE
    options.prompt = options.prompt or "Once upon a time there was"
    options.mode = options.mode or "complete"
    options.max_tokens = options.max_tokens or 120
    options.send = options.quit = True
    code = open_window(options)
    if code == 0:
        sys.stdout.write(f"\nA picture of the window is in {picture}.\n")
    return code


def open_window(options: argparse.Namespace) -> int:
    from PySide6.QtWidgets import QApplication

    from app import error_report, theme
    from app import log as log_file
    from app.main_window import MainWindow
    from app.scripted import Script
    from app.settings import Settings
    from app.translation import install_translation

    log_file.setup()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("rwkv-playground")
    app.setApplicationDisplayName("RWKV Playground")
    settings = Settings()
    if options.file or options.prompt:
        settings.first_start = False  # whoever comes with a model or a text needs no suggestions
    install_translation(app, options.language or settings.language)
    theme.apply(options.theme or settings.theme)
    window = MainWindow(settings)
    error_report.install(window.notices.show_report)
    script = Script(window, options)
    if options.size:
        window.resize(*options.size)
    window.start_after_first_paint()
    window.show()
    script.begin()
    code = app.exec()
    if not window.controller.wait(0.8):
        # The worker is inside a call that cannot be broken off, such as importing torch; it holds nothing worth keeping.
        log.info("leaving while the engine is busy")
        logging.shutdown()
        os._exit(code or script.code)
    return code or script.code


if __name__ == "__main__":
    sys.exit(main())
