"""What stands in the middle of a conversation: the transcript of a chat, the page of Complete, or a welcome.

Its strings are translated with those of the conversation, of which it is a part.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.views.mode_switch import Mode
from app.views.page import Page
from app.views.parts import named
from app.views.transcript import Transcript


class Centre(QStackedWidget):
    """Asks and tells of the field that belongs to `mode`, also while the welcome covers it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        translate = QCoreApplication.translate
        self.mode: Mode = "chat"
        self._welcome = QWidget()
        self.transcript = Transcript()
        self.page = Page()
        named(self.transcript, "transcript", translate("Conversation", "What has been said"))
        named(self.page, "page_editor", translate("Conversation", "Text that the model goes on with"))
        self.transcript.setPlaceholderText(
            translate("Conversation", "Nothing has been said yet. Write a message below.")
        )
        self.page.setPlaceholderText(
            translate(
                "Conversation",
                "Begin a text here. When you press Write, or Ctrl+Enter, the model goes on from its end.",
            )
        )
        for widget in (self._welcome, self.transcript, self.page):
            self.addWidget(widget)

    def set_welcome(self, widget: QWidget) -> None:
        old, self._welcome = self._welcome, widget
        self.insertWidget(0, widget)
        self.removeWidget(old)
        old.deleteLater()

    def show_it(self, welcome: bool) -> None:
        """The welcome, or else what belongs to the mode."""
        field = self.transcript if self.mode == "chat" else self.page
        self.setCurrentWidget(self._welcome if welcome else field)

    @property
    def is_empty(self) -> bool:
        return self.transcript.is_empty if self.mode == "chat" else self.page.document().isEmpty()

    def text(self) -> str:
        """All of it: the conversation with the names of who spoke, or the text."""
        return self.transcript.text() if self.mode == "chat" else self.page.text()

    def last_text(self) -> str:
        """What the model has written last."""
        return self.transcript.last_answer() if self.mode == "chat" else self.page.last_written()

    def begin_turn(self, question: str, answer: str) -> None:
        """The user has asked this, and the model's answer begins with that."""
        self.transcript.begin("user", question)
        self.transcript.begin("model", answer)
        self.transcript.follower.follow()

    def begin_page(self, text: str) -> None:
        """The model is about to go on with this text."""
        if self.page.text() != text:
            self.page.set_text(text)
        self.page.begin()
        self.page.follower.follow()

    def note(self, sentence: str) -> None:
        """A remark below what has been said; where nothing has been, there is nothing to remark on."""
        if not self.transcript.is_empty:
            self.transcript.note(sentence)

    def add(self, text: str) -> None:
        """What the model has written."""
        (self.transcript if self.mode == "chat" else self.page).add(text)

    def empty(self) -> None:
        """In Complete, undo brings the text back."""
        if self.mode == "chat":
            self.transcript.clear_all()
        else:
            self.page.set_text("")
