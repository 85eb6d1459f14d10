"""Time travel in the window: connects the conversation's scrubber, words and branches with the timeline's desk."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect

from app.messages import Write
from app.timeline_desk import TimelineDesk
from app.views.token_card import TokenCard

if TYPE_CHECKING:
    from app.main_window import MainWindow


class TimelinePart(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._talk = window.conversation
        self._editing: str | None = None
        """A message that is to be changed, once the text before it is the present one"""
        self._anew = False
        self.desk = TimelineDesk(window.controller, self)
        self.card = TokenCard(window)
        self._connect_desk()
        self._connect_views()
        self._talk.scrubber.show_tint(window.settings.tint)

    def _connect_desk(self) -> None:
        desk = self.desk
        desk.tokens_changed.connect(self._tokens_changed)
        desk.tokens_measured.connect(self._tokens_measured)
        desk.position_changed.connect(self._position_changed)
        desk.playing_changed.connect(self._talk.scrubber.show_playing)
        desk.standing_changed.connect(self._standing_changed)
        desk.text_changed.connect(self._text_changed)
        desk.write_on.connect(self._write_on)
        desk.arrived.connect(self._arrived)
        desk.reading_again.connect(self._talk.show_reading_again)
        desk.refused.connect(self._window.say)
        self._window.plot_grid.spec_changed.connect(lambda spec: desk.fill_in(spec.activity))
        self._window.controller.model_opened.connect(self._set_budget)

    def _connect_views(self) -> None:
        talk, desk, scrubber, branches = self._talk, self.desk, self._talk.scrubber, self._talk.branches
        scrubber.moved.connect(desk.move_to)
        scrubber.live_requested.connect(desk.go_live)
        scrubber.play_requested.connect(desk.play)
        scrubber.speed_changed.connect(desk.set_speed)
        scrubber.tint_requested.connect(self._tint)
        scrubber.alternatives_requested.connect(self.show_alternatives)
        scrubber.branches_requested.connect(lambda: branches.setVisible(not branches.isVisible()))
        talk.token_clicked.connect(lambda token: desk.move_to(token + 1))
        talk.token_pointed.connect(self._pointed)
        talk.cut_requested.connect(desk.cut_at)
        talk.fork_requested.connect(desk.fork_at)
        talk.edit_requested.connect(self._edit)
        talk.again_requested.connect(self._again)
        branches.fork_requested.connect(lambda: desk.fork_at(desk.place))
        branches.cut_requested.connect(lambda: desk.cut_at(desk.place))
        branches.again_requested.connect(self._again_last)
        branches.switch_requested.connect(desk.switch)
        branches.rename_requested.connect(desk.rename)
        branches.delete_requested.connect(self._delete)
        self.card.chosen.connect(self._branch_off)
        self.card.shown.connect(desk.measure)
        self.card.closed.connect(scrubber.strip.setFocus)

    @property
    def tinted(self) -> bool:
        """Whether the surprise of each token is to be known."""
        return self._window.settings.tint

    # What is told

    def _tokens_changed(self, first: int) -> None:
        self._talk.show_tokens(first, self.desk.records[first:])
        self._window.plot_grid.show_tokens(first, self.desk.records[first:])
        self.card.refresh(first, self.desk.records[first:])

    def _tokens_measured(self, first: int, end: int) -> None:
        self._talk.show_measured(first, self.desk.records[first:end])
        self.card.refresh_known(first, self.desk.records[first:end])
        self._window.plot_grid.show_measured(first, self.desk.records[first:end])
        self._position_changed()

    def _position_changed(self) -> None:
        desk = self.desk
        self._talk.show_position(desk.place, desk.position is None)
        self._talk.branches.show_place(desk.place, len(desk.records))
        self._window.plot_grid.show_place(desk.position, len(desk.records))

    def _standing_changed(self) -> None:
        standing, branches = self.desk.standing, self._talk.branches
        self._talk.scrubber.show_branches(len(standing.branches) if standing is not None else 0)
        if standing is None:
            branches.show_branches((), ())
            branches.show_info(None)
            branches.hide()
            return
        self._talk.show_turns(standing.turns)
        branches.show_branches(standing.branches, standing.words)
        branches.show_info(standing.info)

    def _text_changed(self) -> None:
        standing = self.desk.standing
        assert standing is not None
        self._talk.show_text(self.desk.records, standing.turns)

    # What the user wants

    def _tint(self, on: bool) -> None:
        self._window.settings.tint = on
        self.desk.measure_all(on)

    def set_budget(self, megabytes: int) -> None:
        self._window.settings.timeline_megabytes = megabytes
        self._set_budget()

    def _set_budget(self, _: object = None) -> None:
        self.desk.set_budget(self._window.settings.timeline_megabytes * 2**20)

    def _pointed(self, token: int, place: QRect) -> None:
        if 0 <= token < len(self.desk.records):
            self.card.point_at(self.desk.records[token], place)
        else:
            self.card.leave()

    def show_alternatives(self) -> None:
        """The card of the token that is looked at, with the keyboard."""
        record = self.desk.record
        if record is None:
            return
        strip = self._talk.scrubber.strip
        place = self._talk.place_of(record.index) or QRect(
            strip.mapTo(self._window, strip.rect().topLeft()), strip.size()
        )
        self.card.open_at(record, place)

    def _branch_off(self, index: int, token: int, name: str) -> None:
        self._anew = False
        self.desk.fork_at(index, token, name, write=True)

    def _again_last(self) -> None:
        self._anew = True
        self.desk.write_again()

    def _again(self, turn: int) -> None:
        """The answer of this number, from where it began."""
        standing = self.desk.standing
        if standing is not None and turn < len(standing.turns):
            self._anew = True
            self.desk.fork_at(standing.turns[turn].start, write=True)

    def _edit(self, turn: int) -> None:
        """A branch without this message and what came after it, and the message where it can be changed."""
        standing = self.desk.standing
        if standing is not None and turn < len(standing.turns):
            self._editing = standing.turns[turn].text
            self.desk.fork_at(standing.turns[turn].start)

    def _arrived(self) -> None:
        self._talk.show_arrived(len(self.desk.records))
        if self._editing is not None:
            self._talk.set_prompt(self._editing)
            self._talk.focus_text()
        self._editing = None

    def _write_on(self) -> None:
        """As the settings are now; what is written again needs another seed, or it would be the same."""
        panel = self._window.sampling_panel
        params = replace(panel.params(), seed=None) if self._anew else panel.params()
        self._talk.went_on()
        self._window.plot_grid.ask()
        self._window.controller.write(
            Write(
                0,
                mode="onward",
                params=params,
                max_tokens=panel.max_tokens(),
                stops=panel.stops(),
                measure=self.tinted,
            )
        )

    def _delete(self, branch: int) -> None:
        """Ask only where other branches depend on it."""
        if not self._talk.branches.has_children(branch):
            self.desk.delete(branch)
            return
        self._window.notices.ask(
            "delete_branch_box",
            self.tr("Delete a branch"),
            self.tr("Other branches began in this one. They stay, with all of their text."),
            self.tr("Delete"),
            partial(self.desk.delete, branch),
        )
