"""What stands below a conversation: where the next message is written, what is wrong with it, buttons, and a status line.

It decides nothing: the conversation says what is shown, and connects the buttons. Its strings are translated with those of
the conversation, of which it is a part.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app import theme
from app.views.composer import Composer, SendKey
from app.views.elided_label import ElidedLabel
from app.views.parts import library, named
from app.views.send_or_stop import SendOrStop


class Foot(QVBoxLayout):
    """A layout, not a widget: a change of height then needs one pass less until all is in its place."""

    def __init__(self) -> None:
        super().__init__()
        self._extra_label = QLabel()
        self.extra = Composer(1, 3)
        self.composer = Composer(1, 6)
        self._problem = QLabel()
        self._failure = QLabel()
        self.copy = QPushButton()
        self.clear = QPushButton()
        self.buttons = SendOrStop()
        self.status = ElidedLabel()
        self._name()
        self._lay_out()
        self._dress()
        theme.signals().changed.connect(self._dress)

    def _name(self) -> None:
        translate = QCoreApplication.translate
        named(self.extra, "extra_editor", translate("Conversation", "Second text"))
        named(self.composer, "message_editor", translate("Conversation", "Your message"))
        named(self._problem, "problem_label", translate("Conversation", "Known mistakes in your text"))
        named(self._failure, "failure_label", translate("Conversation", "What went wrong"))
        named(self.copy, "copy_button", translate("Conversation", "Copy"))
        named(self.clear, "clear_button", translate("Conversation", "Clear"))
        named(self.status, "status_line", translate("Conversation", "Status"))

    def _lay_out(self) -> None:
        for label, kind in ((self._extra_label, "muted"), (self._problem, "warning"), (self._failure, "error")):
            label.setProperty("kind", kind)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.hide()
        self._extra_label.setBuddy(self.extra)
        self.status.setProperty("kind", "muted")
        self.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        self.setSpacing(theme.S)
        for widget in (self._extra_label, self.extra, self.composer, self._problem, self._failure):
            self.addWidget(widget)
        self.addLayout(self._row())
        self.addWidget(self.status)

    def _row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(self.copy)
        row.addWidget(self.clear)
        row.addStretch(1)
        row.addWidget(self.buttons)
        return row

    def set_send_key(self, key: SendKey) -> None:
        """Whether Enter sends the message, or only Ctrl+Enter does. In the second text, Enter always begins a line."""
        translate = QCoreApplication.translate
        self.composer.send_key = key
        self.extra.send_key = "ctrl_enter"
        self.composer.setPlaceholderText(
            translate("Conversation", "Your message. Enter sends it, Shift+Enter begins a line.")
            if key == "enter"
            else translate("Conversation", "Your message. Ctrl+Enter sends it, Enter begins a line.")
        )

    def show_extra(self, name: str, read_only: bool) -> None:
        """Ask for a second text of this name; "": for none."""
        self.extra.setVisible(bool(name))
        self.extra.setReadOnly(read_only)
        self._extra_label.setVisible(bool(name))
        self._extra_label.setText(QCoreApplication.translate("Conversation", "{0} (optional)").format(library(name)))

    def show_buttons(self, empty: bool, busy: bool) -> None:
        """What can be done with the text: nothing with an empty one."""
        self.clear.setEnabled(not empty and not busy)
        self.copy.setEnabled(not empty)

    def show_send(self, chat: bool, why_not: str) -> None:
        """The button that sends a message, or lets the model go on with a text; why_not: why it cannot be pressed."""
        translate = QCoreApplication.translate
        enter, ctrl_enter = translate("Conversation", "Enter"), translate("Conversation", "Ctrl+Enter")
        if chat:
            keys = enter if self.composer.send_key == "enter" else ctrl_enter
            self.buttons.show_send(translate("Conversation", "Send"), why_not, keys)
        else:
            self.buttons.show_send(translate("Conversation", "Write"), why_not, ctrl_enter)

    def show_problems(self, found: list[str]) -> None:
        """Known mistakes in the user's text, in the library's sentences."""
        self._problem.setText("\n".join(library(sentence) for sentence in found))
        self._problem.setVisible(bool(found))

    def show_failure(self, sentence: str) -> None:
        self._failure.setText(sentence)
        self._failure.show()

    def hide_failure(self) -> None:
        self._failure.hide()

    def _dress(self) -> None:
        """Icons in the colours of the theme."""
        for button, icon in ((self.copy, "copy"), (self.clear, "eraser")):
            button.setIcon(theme.icon(icon))
            button.setText(button.accessibleName())
        self.clear.setToolTip(QCoreApplication.translate("Conversation", "Clear what is shown; the model forgets it"))
