"""What stands above a conversation: its mode, and the form that the messages of a chat have.

It decides nothing: the conversation says what is shown. Its strings are translated with those of the conversation, of which
it is a part.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout

from app import theme
from app.views.mode_switch import Mode, ModeSwitch
from app.views.parts import named
from app.views.template_picker import TemplatePicker


class Head(QHBoxLayout):
    """A layout, as the foot is."""

    def __init__(self) -> None:
        super().__init__()
        self.switch = ModeSwitch()
        self.picker = TemplatePicker()
        named(self.picker, "template_combo", QCoreApplication.translate("Conversation", "Form of the messages"))
        self.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        self.setSpacing(theme.S)
        self.addWidget(self.switch)
        self.addStretch(1)
        self.addWidget(self.picker, 1)

    def show_mode(self, mode: Mode, busy: bool) -> None:
        """Neither the mode nor the form changes while the model writes."""
        self.switch.show_mode(mode)
        self.switch.set_chat_possible(self.picker.can_chat)
        self.switch.setEnabled(not busy)
        self.picker.setVisible(mode == "chat" and self.picker.count() > 0)
        self.picker.setEnabled(not busy)

    def template_name(self, mode: Mode) -> str:
        """Of the form that the next message gets; "" where nothing is added to the text."""
        return self.picker.name() if mode == "chat" else ""

    def extra_name(self, mode: Mode) -> str:
        """What the form calls its second text; "" if it has none."""
        template = self.picker.template(chat=True) if mode == "chat" else None
        return template.extra if template is not None else ""

    def begins(self) -> str:
        """The part of a chat's answer that the prompt holds already."""
        template = self.picker.template(chat=True)
        return template.begins if template is not None else ""
