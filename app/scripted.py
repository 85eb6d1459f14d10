"""What the command line asks the window to do: open a file, fill in a prompt, send it, take a picture, quit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.messages import OpenedModel, Written

SETTLE_MS = 300
"""Before a picture, so that the last frame has been drawn."""


class Script(QObject):
    """Follows the window and takes the next step when the last one is done. `code` is the exit code so far."""

    def __init__(self, window: MainWindow, options: argparse.Namespace) -> None:
        super().__init__(window)
        self.window = window
        self.options = options
        self.code = 0
        self._opened_once = False

    def begin(self) -> None:
        window, options = self.window, self.options
        if options.page:
            window.show_page(options.page)
        if options.size:
            window.resize(*options.size)  # once more: another page may have needed more room
        if options.mode:
            window.conversation.set_mode(options.mode)
        if options.max_tokens:
            window.sampling_panel.restore({**window.sampling_panel.state(), "max_tokens": options.max_tokens})
        window.late_parts_ready.connect(self.open_model)
        window.controller.model_opened.connect(self.opened)
        window.controller.load_ended.connect(self.load_ended)
        window.controller.inspect_failed.connect(self.inspect_failed)
        window.controller.write_ended.connect(self.written)
        window.controller.write_failed.connect(self.failed)

    def open_model(self) -> None:
        self.window.open_at_start(self.options.file)

    def opened(self, opened: OpenedModel) -> None:
        if self._opened_once:
            return
        self._opened_once = True
        if self.options.seed is not None:
            panel = self.window.sampling_panel
            panel.set_params(replace(panel.params(), seed=self.options.seed))
        if self.options.page == "compare":
            self._compare()
            return
        if self.options.prompt:
            self.window.conversation.set_prompt(self.options.prompt)
        if self.options.send and self.options.prompt:
            self._soon(self.window.conversation.send)
        else:
            self._soon(self.finish)

    def _compare(self) -> None:
        """The same on the compare page, with the models that it begins with."""
        compare, options = self.window.compare, self.options
        setup = compare.page.writing.setup
        if options.prompt:
            setup.set_prompt(options.prompt)
        if options.seed is not None:
            setup.set_seed(options.seed)
        if options.max_tokens:
            setup.set_max_tokens(options.max_tokens)
        if not options.send:
            self._soon(self.finish)
            return
        compare.desk.busy_changed.connect(self._compared)
        self._soon(compare.run)

    def _compared(self, doing: str) -> None:
        if not doing:
            self._soon(self.finish)

    def load_ended(self, ok: bool, stopped: bool, sentence: str) -> None:
        if not ok and not self._opened_once:
            sys.stderr.write(f"{sentence}\n")
            self.code = 2
            self._soon(self.finish)

    def inspect_failed(self, path: object, sentence: str, hint: str) -> None:
        self.load_ended(False, False, f"{sentence} {hint}".strip())

    def written(self, written: Written | None, stopped: bool) -> None:
        self._soon(self.finish)

    def failed(self, sentence: str, hint: str) -> None:
        sys.stderr.write(f"{sentence} {hint}\n")
        self.code = 2
        self._soon(self.finish)

    def finish(self) -> None:
        if self.options.screenshot:
            self.take_picture()
            self.options.screenshot = None
        if self.options.quit:
            self.window.close()
            QApplication.quit()

    def take_picture(self) -> None:
        path = self.options.screenshot
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.window.grab().save(str(path)):
            sys.stderr.write(f"The picture could not be written to {path}.\n")
            self.code = 2

    def _soon(self, what: Callable[[], None]) -> None:
        QTimer.singleShot(SETTLE_MS, what)
