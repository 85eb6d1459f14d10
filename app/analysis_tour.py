"""The guided tour: five steps on a demo model, done with the window's own controls, by the user or by a button.

Each step says what it needs; where that is missing, the card says so and the button sees to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPoint, QRect, QTimer
from PySide6.QtWidgets import QScrollArea, QWidget

from app.first_steps import TALE as FIRST_TALE
from app.plots.half_life import HalfLife
from app.plots.words import number, percent, visible
from app.views.tour_card import TourCard
from app.views.tour_frame import TourFrame
from rwkv_backend.demo_models import demo_models

if TYPE_CHECKING:
    from app.main_window import MainWindow

VERSION = "6.0"
NAME, OTHER = "Jack", "Hans"
TALE = (
    "Once upon a time there was a poor widow, and she had a son named Jack. Jack was a good boy, and everybody loved Jack. "
    "They had nothing in the world but a cow, and every morning the milk was carried to the market and sold. But one morning "
    'the cow gave no milk, and they did not know what to do. "What shall we do, what shall we do?" said the widow, wringing '
    'her hands. "Cheer up, mother, I will go and get work somewhere," said the boy. "We have tried that before, and nobody '
    'would take you," said his mother. "We must sell the cow, and with the money start a shop, or something." So he took the '
    "cow by the halter, and off he started. He walked and walked the whole day. The sun went down behind the hills, and the "
    "road was long and dark, and in the wood there was no sound but the wind in the trees. At last he came home, and the "
    'widow called from the window, "Come in,'
)
"""Not translated: the demo models know English only. The name is last mentioned some 200 tokens before the end."""

WATCH_MS = 300


@dataclass(frozen=True)
class Step:
    """missing: a sentence if the step cannot be done yet; target: what is framed."""

    title: str
    text: Callable[[], str]
    target: Callable[[], QWidget | None]
    do: Callable[[], None]
    missing: Callable[[], str]


class Tour(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.card, self.frame = TourCard(window), TourFrame(window)
        self._place = 0
        self._then: tuple[str, Callable[[], None]] | None = None
        self._steps = self._make_steps()
        self._watch = QTimer(self)
        self._watch.setInterval(WATCH_MS)
        self._watch.timeout.connect(self._refresh)
        self.card.do_requested.connect(self.do)
        self.card.next_requested.connect(self.go_on)
        self.card.back_requested.connect(self.go_back)
        self.card.end_requested.connect(self.end)
        window.controller.model_opened.connect(self._opened)
        window.controller.write_ended.connect(self._written)
        window.timeline.desk.arrived.connect(self._arrived)

    @property
    def running(self) -> bool:
        return self.card.isVisible()

    # Walking through it

    def start(self) -> None:
        self._window.show_page("inspect")
        self._window.side_dock.show()
        self.card.show()
        self._watch.start()
        self._go(0)

    def end(self) -> None:
        self._then = None
        self._watch.stop()
        self.card.hide()
        self.frame.surround(None)

    def go_on(self) -> None:
        if self._place + 1 == len(self._steps):
            self.end()
        else:
            self._go(self._place + 1)

    def go_back(self) -> None:
        self._go(max(self._place - 1, 0))

    def do(self) -> None:
        """What the step is about, or what it needs first."""
        step = self._steps[self._place]
        self._then = None
        if step.missing():
            self._steps[self._needed(self._place)].do()
        else:
            step.do()
        self._refresh()

    def _needed(self, place: int) -> int:
        """The step that provides what this one lacks: the first, unless that has been done."""
        return 3 if place == 4 and not self._steps[3].missing() else 0

    def _go(self, place: int) -> None:
        self._place, self._then = place, None
        if place > 1:
            self._window.timeline.desk.play(False)
            self._window.timeline.desk.go_live()
        step = self._steps[place]
        self.card.show_step(place, len(self._steps), step.title, step.text())
        self._show_target(place)
        self._refresh()

    def _show_target(self, place: int) -> None:
        """Bring to the front what the step speaks of."""
        analysis = self._window.analysis
        if place in (1, 2):
            self._window.inspector_dock.show()
            self._window.inspector_tabs.setCurrentWidget(self._window.plot_grid)
            QTimer.singleShot(0, self._scroll_to_target)
        elif place in (3, 4):
            analysis.show_tab(analysis.lab)
            page = analysis.lab.lab.patch if place == 3 else analysis.lab.lab.edit
            analysis.lab.lab.pages.setCurrentWidget(page)

    def _scroll_to_target(self) -> None:
        target, area = self._steps[self._place].target(), self._window.plot_grid.findChild(QScrollArea, "plot_scroll")
        if target is not None and area is not None and area.isAncestorOf(target):
            area.ensureWidgetVisible(target)

    def _refresh(self) -> None:
        """Frame and card follow what has happened meanwhile."""
        step = self._steps[self._place]
        self.frame.surround(step.target())
        self.card.show_text(step.text())
        missing = step.missing()
        self.card.say(self.tr("Working …") if self._then is not None else missing)
        self.card.place_beside(self.frame.place(), self._kept_clear())

    def _kept_clear(self) -> list[QRect]:
        """Where the user writes and moves through the text, of which every step speaks, and all of the lab."""
        window, names = self._window, ("scrubber", "message_editor", "send_button", "stop_button", "lab")
        found = [widget for name in names if (widget := window.findChild(QWidget, name)) is not None]
        return [QRect(one.mapTo(window, QPoint(0, 0)), one.size()) for one in found if one.isVisible()]

    # Waiting for what was begun

    def _after(self, event: str, then: Callable[[], None]) -> None:
        self._then = event, then

    def _happened(self, event: str) -> None:
        if self._then is not None and self._then[0] == event:
            then, self._then = self._then[1], None
            then()

    def _opened(self, *_: object) -> None:
        self._happened("opened")

    def _written(self, *_: object) -> None:
        self._happened("written")

    def _arrived(self) -> None:
        self._happened("arrived")

    def _nothing(self) -> None:
        self._refresh()

    # The steps

    def _make_steps(self) -> tuple[Step, ...]:
        window = self._window
        return (
            Step(
                self.tr("A model goes on with a tale"),
                lambda: self.tr(
                    "This is a small RWKV-6 model that has read fairy tales. It reads your text word by word and then writes "
                    "the next words. Press Write, or let me do it."
                ),
                lambda: window.findChild(QWidget, "send_button"),
                self._write_tale,
                lambda: "",
            ),
            Step(
                self.tr("All that it knows is in its state"),
                lambda: self.tr(
                    "The model does not look back at the text. All it knows of it are these numbers, and each word changes "
                    "them. Drag the slider under the text, or press Play, and watch the state map at every word."
                ),
                lambda: self._plot("state_map"),
                self._play,
                self._needs_text,
            ),
            Step(
                self.tr("Some layers forget soon, others late"),
                self._about_half_lives,
                lambda: self._plot("half_life"),
                self._pick_slowest,
                self._needs_text,
            ),
            Step(
                self.tr("Who remembers a name?"),
                self._about_name,
                lambda: window.analysis.lab.lab.patch,
                self._find_name,
                self._needs_model,
            ),
            Step(
                self.tr("Take that memory away"),
                self._about_taking_away,
                lambda: window.analysis.lab.lab.edit,
                self._take_away,
                self._needs_name,
            ),
        )

    def _plot(self, key: str) -> QWidget | None:
        return self._window.plot_grid.findChild(QWidget, key)

    # What steps need

    def _demo_is_open(self) -> bool:
        opened = self._window.controller.opened
        demo = next((m.path for m in demo_models() if m.version == VERSION), None)
        return opened is not None and demo is not None and Path(opened.card.info.path) == demo

    def _needs_model(self) -> str:
        return "" if self._demo_is_open() else self.tr("This step needs the RWKV-6 demo model of the first step.")

    def _needs_text(self) -> str:
        if self._window.timeline.desk.records:
            return ""
        return self.tr("This step needs a text: let the model write first.")

    def _needs_name(self) -> str:
        if self._needs_model():
            return self._needs_model()
        if self._strongest() is None or not self._text().endswith(TALE[-20:]):
            return self.tr("This step needs the tale of the step before.")
        return ""

    def _text(self) -> str:
        return "".join(record.text for record in self._window.timeline.desk.records)

    # What steps do

    def _keep_text(self, then: Callable[[], None]) -> None:
        """What the user has there stays as a branch of its own, if the same model goes on with something else."""
        records = self._window.timeline.desk.records
        read = "".join(record.text for record in records if not record.written)
        if not self._demo_is_open() or read in ("", TALE, FIRST_TALE):
            then()
            return
        self._after("arrived", then)
        self._window.timeline.desk.fork_at(len(records), name=self.tr("tour"))

    def _write_tale(self) -> None:
        self._keep_text(self._send_first_tale)

    def _send_first_tale(self) -> None:
        self._after("written", self._nothing)
        self._window.first_steps.try_out("tale")

    def _play(self) -> None:
        desk = self._window.timeline.desk
        desk.move_to(1)
        desk.play(True)

    def _pick_slowest(self) -> None:
        lives = self._half_lives()
        if lives is not None:
            self._window.plot_grid.pick(int(np.argmax(lives)), 0)

    def _find_name(self) -> None:
        """Read the tale, cut off what the model writes after it, and look for the layer."""
        self._keep_text(self._read_tale)

    def _read_tale(self) -> None:
        self._after("written", self._cut_answer)
        self._window.conversation.set_mode("complete")
        self._window.conversation.set_prompt(TALE)
        self._window.conversation.send()

    def _cut_answer(self) -> None:
        desk = self._window.timeline.desk
        written = next((record.index for record in desk.records if record.written), None)
        if written is None:
            self._look_for_name()
            return
        self._after("arrived", self._look_for_name)
        desk.cut_at(written)

    def _look_for_name(self) -> None:
        lab = self._window.analysis.lab
        self._show_target(3)
        lab.lab.patch.choose(NAME, OTHER)
        lab.patch()
        self._refresh()

    def _take_away(self) -> None:
        """Empty the memory of the layer that was found; undo takes it back."""
        found = self._strongest()
        if found is None:
            return
        self._show_target(4)
        form = self._window.analysis.lab.lab.edit
        form.choose("zero", str(found[0]))
        form.apply_button.click()

    # What steps say

    def _half_lives(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None:
        """The middle half-life of each layer, as drawn."""
        plot = self._plot("half_life")
        if not isinstance(plot, HalfLife) or plot.lives is None:
            return None
        return np.nanmedian(plot.lives.values, axis=1)

    def _about_half_lives(self) -> str:
        lives = self._half_lives()
        if lives is None or np.isnan(lives).all():
            return self.tr("Each layer forgets at its own pace. Let the model write, and the plot shows it.")
        soon, late = int(np.nanargmin(lives)), int(np.nanargmax(lives))
        return self.tr(
            "At this word, half of what layer {0} stored is gone after {1} tokens; layer {2} keeps it for {3} tokens (the "
            "middle channel of each). The longest memory is at the left of each row."
        ).format(soon, number(float(lives[soon])), late, number(float(lives[late])))

    def _strongest(self) -> tuple[int, float] | None:
        """The layer whose memory the name needs most, and by how many nats."""
        tables = self._window.analysis.lab.lab.patch.plot.tables
        if not tables or tables[0].values.ndim != 1 or np.isnan(tables[0].values).all():
            return None
        layer = int(np.nanargmin(tables[0].values))
        return layer, float(tables[0].values[layer])

    def _about_name(self) -> str:
        found = self._strongest()
        if found is None:
            return self.tr(
                "A tale mentions {0} and, about 200 words later, calls him again. The lab reads it once with {0} and once "
                "with {1}, and exchanges one layer's memory at a time: whose memory makes the model say {0}? (A text of your "
                "own is not lost: it stays as a branch.)"
            ).format(NAME, OTHER)
        return self.tr(
            "Layer {0} remembers the name: with its memory from the other tale, “{1}” becomes {2} times less likely. All "
            "the other layers hardly matter."
        ).format(found[0], NAME, number(float(np.exp(-found[1]))))

    def _about_taking_away(self) -> str:
        change = self._window.analysis.lab.lab.edit.done
        if change is None or not self._window.analysis.lab.contents.edited:
            return self.tr(
                "In the lab that one memory can be emptied, and you see at once what the model would say next. Undo brings "
                "it back; or press Write, and the tale goes on without it."
            )
        most = change.words[0]
        return self.tr(
            "Emptied: “{0}” went from {1} to {2}. Press Write to see the tale go on without that memory, or Undo to bring "
            "it back."
        ).format(visible(most.text, most.token), percent(most.before), percent(most.after))
