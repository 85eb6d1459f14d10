"""What stands in the middle of a conversation: the transcript of a chat, the page of Complete, or a welcome.

Its strings are translated with those of the conversation, of which it is a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QCoreApplication, QRect, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.views.mode_switch import Mode
from app.views.page import Page
from app.views.parts import named
from app.views.token_layer import TokenLayer
from app.views.transcript import Transcript
from rwkv_backend.records import TokenRecord, TurnRecord


class Centre(QStackedWidget):
    """Asks and tells of the field that belongs to `mode`, also while the welcome covers it."""

    token_pointed = Signal(int, QRect)
    """A token under the mouse and its place in the window; -1: none"""
    token_clicked = Signal(int)

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
        for layer in (self.transcript.tokens, self.page.tokens):
            layer.hovered.connect(self._pointed)
            layer.clicked.connect(self._clicked)

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

    # Tokens

    @property
    def layer(self) -> TokenLayer:
        """Of the field that belongs to the mode."""
        return self.transcript.tokens if self.mode == "chat" else self.page.tokens

    def told_to(self, chat: bool) -> None:
        """Tokens are those of the chat, or else those of the page: the other field's text was not read."""
        self.transcript.tokens.set_told(chat)
        self.page.tokens.set_told(not chat)

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, these were read."""
        self.transcript.show_tokens(first, records)
        self.page.show_tokens(first, records)

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These are better known now."""
        for layer in (self.transcript.tokens, self.page.tokens):
            layer.show_measured(first, records)

    def set_tinted(self, tinted: bool) -> None:
        for layer in (self.transcript.tokens, self.page.tokens):
            layer.set_tinted(tinted)

    def set_marked(self, token: int) -> None:
        """Frame the token that is looked at; -1: none."""
        for layer in (self.transcript.tokens, self.page.tokens):
            layer.set_marked(token)

    def place_of(self, token: int) -> QRect | None:
        """Where in the window a token stands that can be seen."""
        place = self.layer.place_of(token)
        return self._in_window(place) if place is not None else None

    def show_turns(self, turns: Sequence[TurnRecord], begins: str) -> None:
        """Another conversation; the beginning of each answer was in its prompt."""
        self.transcript.clear_all()
        for turn in turns:
            if turn.speaker == "user":
                self.transcript.begin("user", turn.text.strip())
            else:
                self.transcript.begin("model", begins)
                self.transcript.add(turn.text.lstrip(" "))

    def show_page(self, records: Sequence[TokenRecord]) -> None:
        """Another text, with what the model has written of it in its colour."""
        self.page.set_parts(_parts(records))

    def begin_answer(self, begins: str) -> bool:
        """The model is about to go on; whether that begins an answer, instead of making one longer."""
        return self.transcript.begin_answer(begins)

    def follow(self) -> None:
        """Stay at the end."""
        if self.mode == "chat":
            self.transcript.follower.follow()
        else:
            self.page.begin()
            self.page.follower.follow()

    def _in_window(self, place: QRect) -> QRect:
        viewport = (self.transcript if self.mode == "chat" else self.page).viewport()
        return QRect(viewport.mapTo(self.window(), place.topLeft()), place.size())

    def _pointed(self, token: int, place: QRect) -> None:
        self.token_pointed.emit(token, self._in_window(place) if token >= 0 else place)

    def _clicked(self, token: int) -> None:
        """Where a text can be edited, a click sets the cursor; only with the tint it also looks at the word."""
        if self.mode == "chat" or self.page.tokens.tinted:
            self.token_clicked.emit(token)


def _parts(records: Sequence[TokenRecord]) -> list[tuple[str, bool]]:
    """The text in as few parts as there are changes of the writer."""
    return [("".join(r.text for r in part), written) for written, part in groupby(records, key=lambda r: r.written)]
