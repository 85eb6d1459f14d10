"""What every tab of analyses does beside the view it shows: it asks when it is seen and its answer is out of date."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.analysis_questions import Desk, Question
from app.messages import OpenedModel


class TabDesk(QObject):
    """Holds the questions of one tab. `widget` is the tab; a subclass says what to `ask` and where answers go."""

    token_picked = Signal(int)
    """The user points at where so many tokens have been read"""
    failed = Signal(str)
    """A sentence for the status bar"""

    def __init__(self, desk: Desk, widget: QWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.widget = widget
        self._desk = desk
        self._questions: list[Question] = []
        self._shown = False
        self._stale = True
        self.opened: OpenedModel | None = None
        self.at: int | None = None
        """Where the scrubber stands, in tokens read; None: at the end"""

    def question(self) -> Question:
        question = Question(self._desk, self)
        self._questions.append(question)
        return question

    # What the window tells

    def show_model(self, opened: OpenedModel | None) -> None:
        """Another model, and nothing has been read by it."""
        self.opened, self.at, self._stale = opened, None, True
        for question in self._questions:
            question.forget()

    def set_shown(self, shown: bool) -> None:
        """Whether the tab can be seen: only then does it cost anything."""
        self._shown = shown
        self._ask_if_needed()

    def text_changed(self) -> None:
        """More has been read or written, or something else."""
        self._stale = True
        self._ask_if_needed()

    def go_to(self, at: int | None) -> None:
        """The scrubber stands there now."""
        if at != self.at:
            self.at = at
            self.text_changed()

    def hold(self, held: bool) -> None:
        """While the model writes nothing is asked."""
        for question in self._questions:
            if held and question.running:
                self._stale = True
            question.hold(held)

    def stop(self) -> None:
        """End what is being computed; it is asked for anew when next needed."""
        for question in self._questions:
            self._stale = self._stale or question.running
            question.stop()

    # What a tab supplies

    def ask(self) -> None:
        """Ask for what the tab shows."""
        raise NotImplementedError

    def ask_again(self) -> None:
        """The choice has changed."""
        self._stale = True
        self._ask_if_needed()

    def _ask_if_needed(self) -> None:
        if self._shown and self._stale and self.opened is not None:
            self._stale = False
            self.ask()
