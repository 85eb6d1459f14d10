"""Takes the pictures of docs/guide.md from the real window, pressing the controls that the guide names.

    xvfb-run -a -s "-screen 0 1920x1080x24" .venv/bin/python tools/take_guide_pictures.py     needs: xvfb, imagemagick

Prints the numbers that the guide tells, so that both can be kept true. Written to docs/images/ with a palette.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
IMAGES = ROOT / "docs" / "images"
PATIENCE = 120.0
SIZE = (1280, 800)

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.main_window import MainWindow


class Session:
    """The window, and what a person does with it."""

    def __init__(self, folder: Path) -> None:
        os.environ["RWKV_PLAYGROUND_CONFIG"] = str(folder / "config.ini")
        from PySide6.QtWidgets import QApplication

        from app import theme
        from app.main_window import MainWindow
        from app.settings import Settings

        self.app = QApplication([])
        self.folder = folder
        theme.apply("light")
        settings = Settings()
        settings.first_start = False
        self.window: MainWindow = MainWindow(settings)
        self.window.resize(*SIZE)
        self.window.show()
        self.window.start_late_parts()
        self.until(lambda: self.window.controller.engine is not None)

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            self.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > deadline:
                raise SystemExit("The window did not get ready in time.")

    def settle(self, seconds: float = 0.6) -> None:
        """Let all that was begun end, and be painted."""
        for _ in range(2):
            until = time.monotonic() + seconds
            self.until(lambda until=until: time.monotonic() > until)  # type: ignore[misc]
            self.until(lambda: self.window.controller.idle)

    def press(self, name: str) -> None:
        from PySide6.QtWidgets import QAbstractButton

        button = self.window.findChild(QAbstractButton, name)
        assert button is not None, name
        button.click()
        self.settle()

    def picture(self, widget: QWidget, name: str) -> None:
        self.settle()
        raw = str(self.folder / "raw.png")
        widget.grab().save(raw)
        target = IMAGES / f"{name}.png"
        subprocess.run(["convert", raw, "-strip", "+dither", "-colors", "128", f"PNG8:{target}"], check=True)
        sys.stdout.write(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB\n")


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        first = read_the_tale(session)
        look_through_the_lens(session, first)
        see_what_counts(session)
        find_the_layer(session)
        empty_its_memory(session, first)
        session.window.close()
        session.window.controller.wait(10)
    return 0


def read_the_tale(session: Session) -> int:
    """How many tokens the text has before what the model wrote."""
    from app.analysis_tour import TALE
    from rwkv_backend.demo_models import demo_models

    window = session.window
    window.open_file(next(m.path for m in demo_models() if m.version == "6.0"))
    session.until(lambda: window.controller.opened is not None)
    panel = window.sampling_panel
    panel.restore({**panel.state(), "max_tokens": 20})
    panel.set_params(replace(panel.params(), seed=5))
    window.conversation.set_mode("complete")
    window.conversation.set_prompt(TALE)
    session.press("send_button")
    first = next(record.index for record in window.timeline.desk.records if record.written)
    sys.stdout.write(f"{first} tokens; it goes on: {window.conversation.text()[len(TALE) :]!r}\n")
    return first


def look_through_the_lens(session: Session, first: int) -> None:
    window = session.window
    window.timeline.desk.move_to(first)
    window.analysis.show_tab(window.analysis.lens)
    session.settle()
    answer = window.analysis.lens.lens._answer
    assert answer is not None
    for row in range(len(answer.table.layers)):
        words = answer.table.words(row, first - 1 - answer.first)[:3]
        sys.stdout.write(f"  layer {row}: {', '.join(f'{w.text!r} {w.probability:.0%}' for w in words)}\n")
    window.analysis.lens.lens.grid.point(4, first - 1 - answer.first)
    session.picture(window.inspector_dock, "guide-lens")


def see_what_counts(session: Session) -> None:
    window = session.window
    plot = window.analysis.influence.plot
    plot._length.setCurrentIndex(3)
    plot.choose(4, 1)
    window.analysis.show_tab(window.analysis.influence)
    session.settle()
    plot.strip.verticalScrollBar().setValue(0)
    answer = plot._answer
    assert answer is not None
    for place, text in enumerate(answer.texts):
        if text == " Jack":
            above = int((answer.bars > answer.bars[place]).sum())
            sys.stdout.write(f"  token {answer.first + place + 1}: {answer.bars[place]:.1%}, {above} count more\n")
    session.picture(window.inspector_dock, "guide-influence")


def find_the_layer(session: Session) -> None:
    window = session.window
    lab = window.analysis.lab.lab
    window.analysis.show_tab(window.analysis.lab)
    lab.pages.setCurrentWidget(lab.patch)
    lab.patch.choose("Jack", "Hans")
    session.press("patching_start_button")
    sys.stdout.write(f"  {lab.patch.plot._result.text()}\n")
    for row in lab.patch.plot.rows()[1:]:
        sys.stdout.write(f"  layer {row[0]}: {row[1]:.2f} and {row[2]:.2f} nats\n")
    session.picture(window.inspector_dock, "guide-who-remembers")


def empty_its_memory(session: Session, first: int) -> None:
    window = session.window
    lab = window.analysis.lab.lab
    window.timeline.desk.cut_at(first)
    session.settle()
    lab.pages.setCurrentWidget(lab.edit)
    lab.edit.choose("zero", "4", "1")
    session.press("edit_apply_button")
    change = lab.edit.words.change
    assert change is not None
    for word in change.words[:4]:
        sys.stdout.write(f"  {word.text!r}: {word.before:.2%} before, {word.after:.2%} after\n")
    session.picture(window.inspector_dock, "guide-edit")
    session.press("send_button")
    from app.analysis_tour import TALE

    sys.stdout.write(f"  without it: {window.conversation.text()[len(TALE) :]!r}\n")


if __name__ == "__main__":
    sys.exit(main())
