"""One request of a conversation and what comes of it: what was asked, how much of it is read, what the model has answered.

It writes into the centre, the reading bar and the status line; modes, buttons and signals are the conversation's. Its strings
are translated with those of the conversation, of which it is a part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from app.messages import Written
from app.views.conversation_centre import Centre
from app.views.conversation_foot import Foot
from app.views.mode_switch import Mode
from app.views.reading_bar import ReadingBar
from app.views.status_words import ended_words, reading_words
from rwkv_backend.records import Progress


@dataclass(frozen=True)
class Sent:
    """What was asked."""

    mode: Mode
    text: str
    template: str
    extra: str


class Exchange:
    def __init__(self, centre: Centre, bar: ReadingBar, foot: Foot) -> None:
        self._centre, self._bar, self._foot = centre, bar, foot
        self._sent: Sent | None = None
        self._asked = self._read = self._answering = False

    def forget(self) -> None:
        """The model knows nothing of what was asked."""
        self._sent = None

    def clear(self) -> None:
        """Nor is an answer awaited."""
        self._sent, self._asked = None, False

    def begin(self, sent: Sent, begins: str) -> None:
        """The model reads this; `begins` is the part of an answer that the prompt holds already."""
        before, self._sent = self._sent, sent
        self._asked, self._read, self._answering = True, False, False
        self._foot.hide_failure()
        self._centre.told_to(chat=sent.mode == "chat")
        if sent.mode == "chat":
            self._begin_turn(before, sent, begins)
        else:
            self._centre.begin_page(sent.text)
        self._foot.status.set_text(QCoreApplication.translate("Conversation", "The model reads your text."))

    def _begin_turn(self, before: Sent | None, sent: Sent, begins: str) -> None:
        goes_on = before is None or replace(before, text=sent.text) == sent
        if not goes_on:
            translate = QCoreApplication.translate
            self._centre.note(
                translate("Conversation", "A new conversation begins: the model does not know what is above.")
            )
        self._centre.begin_turn(sent.text.strip(), begins)
        if self._foot.composer.text() == sent.text:
            self._foot.composer.clear()

    def go_on(self, begins: str) -> None:
        """The model writes on from where the text ends."""
        self._asked, self._read = False, True
        self._answering = self._centre.mode != "chat" or not self._centre.begin_answer(begins)
        self._foot.hide_failure()
        self._centre.follow()
        self._foot.status.set_text(QCoreApplication.translate("Conversation", "The model goes on."))

    def show_progress(self, progress: Progress) -> None:
        """How much of the text has been read."""
        self._read = progress.done >= progress.total
        self._bar.show_progress(progress)
        self._foot.status.set_text(reading_words(progress))

    def add(self, text: str) -> None:
        """What the model has written since the last call."""
        if not text:
            return
        if not self._answering:
            self._answering = True
            self._bar.hide()
            self._foot.status.set_text(QCoreApplication.translate("Conversation", "The model writes."))
            if self._centre.mode == "chat":
                text = text.lstrip(" ")  # the first word's token brings the space that stands after "Assistant:"
        self._centre.add(text)

    def end(self, written: Written | None, stopped: bool, limit: int | None) -> None:
        """The model has stopped. written: None if it never began to read; limit: tokens that it can hold, if there is one."""
        if written is not None:
            self.add(written.rest)
            self._centre.transcript.link_end()
        if stopped and not self._read:
            self.take_back()
        self._asked = False
        by_you = QCoreApplication.translate("Conversation", "Stopped by you.")
        self._foot.status.set_text(ended_words(written, limit) if written is not None else by_you)

    def take_back(self) -> None:
        """Put a message that was not answered back where it was written, unless the next one stands there already."""
        unanswered, self._asked = self._asked and not self._answering, False
        chatting = self._centre.mode == "chat"
        if unanswered and chatting and self._sent is not None and not self._foot.composer.text():
            self._centre.transcript.take_back()
            self._foot.composer.set_text(self._sent.text)
