"""The middle of the window: a talk with the model, or one text that user and model write together.

Chat wraps each message in a template of the model's family. Complete goes on from the end of a text and adds nothing to it:
what small and old models need. The view holds no model and no truth: it asks by signals, and shows what it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app.messages import OpenedModel, Written
from app.views.branch_panel import BranchPanel
from app.views.composer import Composer, SendKey
from app.views.conversation_centre import Centre
from app.views.conversation_exchange import Exchange, Sent
from app.views.conversation_foot import Foot
from app.views.conversation_head import Head
from app.views.mode_switch import Mode
from app.views.page import Page
from app.views.parts import named
from app.views.reading_bar import ReadingBar
from app.views.scrubber import Scrubber
from app.views.text_tools import copy_text
from rwkv_backend.records import Progress, TokenRecord, TurnRecord
from rwkv_backend.templates import Turn, problems

CHECK_AFTER = 200
"""Milliseconds after the last key until the user's text is looked through for known mistakes."""


class Conversation(QWidget):
    """Chat and Complete; see the module's docstring for what they are."""

    write_requested = Signal(str, str, str, str)
    """mode, text, name of the template, second text"""
    stop_requested = Signal()
    clear_requested = Signal()
    mode_changed = Signal(str)
    template_changed = Signal(str)
    """Name of the template that the next message is wrapped in; "" in Complete, where nothing is added."""
    token_pointed = Signal(int, QRect)
    """A token under the mouse and its place in the window; -1: none"""
    token_clicked = Signal(int)
    cut_requested = Signal(int)
    """Forget all after so many tokens"""
    fork_requested = Signal(int)
    """A new branch after so many tokens"""
    edit_requested = Signal(int)
    """The message of this number is to be written anew"""
    again_requested = Signal(int)
    """The answer of this number is to be written again"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._opened: OpenedModel | None = None
        self._welcoming = self._busy = self._stopping = False
        self._set_aside: str | None = None
        """The status of the other mode, while that one's text is the one that was read"""
        self._head = Head()
        self._centre = Centre()
        self._progress = ReadingBar()
        self.scrubber = Scrubber()
        self.branches = BranchPanel()
        self._foot = Foot()
        self._exchange = Exchange(self._centre, self._progress, self._foot)
        self._check = QTimer(self)
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        named(self, "conversation", self.tr("Conversation"))
        named(self._progress, "reading_progress", self.tr("How much of your text has been read"))
        self._lay_out()
        self._connect()
        self.set_send_key("enter")
        self.show_model(None)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head)
        layout.addWidget(self._centre, 1)
        layout.addWidget(self._progress)
        layout.addWidget(self.branches)
        layout.addWidget(self.scrubber)
        layout.addLayout(self._foot)

    def _connect(self) -> None:
        self._head.switch.chosen.connect(self._chosen_mode)
        self._head.picker.changed.connect(self._template_changed)
        for editor in (self._foot.composer, self._centre.page, self._foot.extra):
            editor.send_requested.connect(self.send)
            editor.textChanged.connect(self._edited)
        self._foot.buttons.send.clicked.connect(self.send)
        self._foot.buttons.stop.clicked.connect(self.stop)
        self._escape.activated.connect(self.stop)
        self._foot.clear.clicked.connect(self.clear_requested)
        self._centre.token_pointed.connect(self.token_pointed)
        self._centre.token_clicked.connect(self.token_clicked)
        self.scrubber.tint_requested.connect(self._centre.set_tinted)
        for field in (self._centre.transcript, self._centre.page):
            field.cut_requested.connect(self.cut_requested)
            field.fork_requested.connect(self.fork_requested)
        self._centre.transcript.edit_requested.connect(self.edit_requested)
        self._centre.transcript.again_requested.connect(self.again_requested)
        menu = QMenu(self)
        menu.addAction(self.tr("Copy the model's last text"), self.copy_last)
        menu.addAction(self.tr("Copy everything"), self.copy_all)
        self._foot.copy.setMenu(menu)
        self._check.setSingleShot(True)
        self._check.setInterval(CHECK_AFTER)
        self._check.timeout.connect(self._show_problems)

    # What the window sets

    def set_empty_widget(self, widget: QWidget) -> None:
        """What stands in the middle as long as no model is open."""
        self._centre.set_welcome(widget)
        self._refresh()

    def keep_empty_widget(self) -> None:
        """Leave it there also when a model is open, until the user chooses a mode or a text comes."""
        self._welcoming = True
        self._refresh()

    def set_send_key(self, key: SendKey) -> None:
        """Whether Enter sends a message, or only Ctrl+Enter does. Elsewhere Enter always begins a line."""
        self._foot.set_send_key(key)
        self._refresh()

    def set_prompt(self, text: str) -> None:
        """Fill in what is to be sent: the message, or in Complete the whole text."""
        self._welcoming = False
        self._editor.set_text(text)
        self._refresh()

    def set_mode(self, mode: str) -> None:
        """ "chat" or "complete". Nothing happens while the model writes, or for a chat that the model has no form for."""
        possible = not self._busy and (mode == "complete" or self._head.picker.can_chat)
        changed = possible and mode != self._centre.mode
        if changed:
            self._centre.mode = "complete" if mode == "complete" else "chat"
        self._refresh()
        if changed:
            self._foot.hide_failure()
            self._show_problems()
            self._tell_whose_state_it_is()
            self.mode_changed.emit(self._centre.mode)
            self.template_changed.emit(self._template_name())

    def show_model(self, opened: OpenedModel | None) -> None:
        """This model is open now; None: none is. It has read nothing yet."""
        if opened is not None and opened is not self._opened:
            sentence = self.tr("{0} has been opened. It does not know what is above.")
            self._centre.note(sentence.format(Path(opened.card.info.path).name))
        self._opened = opened
        self._set_aside = None
        self._exchange.forget()
        self._head.picker.offer(opened)
        self._foot.status.set_text(self._idle_words())
        if self._head.picker.prefers_plain_text:
            self.set_mode("complete")
        self._refresh()
        self._show_problems()

    def set_busy(self, busy: bool) -> None:
        """While the model writes, Stop takes the place of Send."""
        self._leave_buttons()
        self._busy, self._stopping = busy, False
        if busy:
            self._show_problems()
        else:
            self._progress.hide()
            self._check.start()
        self._refresh()

    # What becomes of a request

    def began(self, user_text: str) -> None:
        """The request was accepted: the model reads `user_text`."""
        self._leave_buttons()
        self._set_aside = None
        self._welcoming = False
        sent = Sent(self.mode(), user_text, self._template_name(), self._extra_text())
        self._exchange.begin(sent, self._head.begins())
        self.set_busy(True)

    def went_on(self) -> None:
        """The model writes on from where the text ends, without a new text from the user."""
        self._leave_buttons()
        self._welcoming = False
        self._exchange.go_on(self._head.begins())
        self.set_busy(True)

    def show_progress(self, progress: Progress) -> None:
        """How much of the text has been read."""
        self._exchange.show_progress(progress)

    def append(self, text: str) -> None:
        """What the model has written since the last call."""
        self._exchange.add(text)

    def show_writing(self, tokens: int, tokens_per_second: float) -> None:
        """How fast the model writes now."""
        sentence = self.tr("The model writes: {0} tokens so far, {1} tokens/s")
        self._foot.status.set_text(sentence.format(f"{tokens:,}", f"{tokens_per_second:,.1f}"))

    def ended(self, written: Written | None, stopped: bool) -> None:
        """The model has stopped writing. written: None if it never began to read."""
        limit = self._opened.max_tokens if self._opened is not None else None
        self._exchange.end(written, stopped, limit)
        self.set_busy(False)

    def failed(self, sentence: str) -> None:
        """Nothing came of the request, and why. The user gets back what was written, unless it was partly answered."""
        self._exchange.take_back()
        self._foot.show_failure(sentence)
        self._foot.status.set_text("")
        self.set_busy(False)

    def cleared(self) -> None:
        """The model has forgotten everything, and so does what is shown. In Complete, undo brings the text back."""
        self._centre.empty()
        self._set_aside = None
        self._exchange.clear()
        self._foot.hide_failure()
        self._foot.status.set_text(self._idle_words())
        self._refresh()

    # Its tokens

    def show_tokens(self, first: int, records: Sequence[TokenRecord]) -> None:
        """From the token `first` on, these were read and written."""
        self._centre.show_tokens(first, records)
        self.scrubber.show_tokens(first, records)

    def show_measured(self, first: int, records: Sequence[TokenRecord]) -> None:
        """These are better known now."""
        self._centre.show_measured(first, records)
        self.scrubber.show_measured(first, records)

    def show_turns(self, turns: Sequence[TurnRecord]) -> None:
        """Which tokens the turns of the conversation take."""
        self._centre.transcript.show_ranges([(turn.start, turn.end) for turn in turns])

    def show_position(self, position: int, live: bool) -> None:
        """Where in the text one looks."""
        self.scrubber.show_position(position, live)
        self._centre.set_marked(-1 if live else position - 1)

    def show_text(self, records: Sequence[TokenRecord], turns: Sequence[TurnRecord]) -> None:
        """Another branch's text is the present one. In Complete, undo brings the old one back."""
        self._foot.hide_failure()
        if turns:
            self.set_mode("chat")
        elif records:
            self.set_mode("complete")
        self._centre.told_to(chat=self._chatting)
        self._tell_whose_state_it_is()
        if self._chatting:
            self._centre.show_turns(turns, self._head.begins())
        else:
            self._centre.show_page(records)
        self._refresh()

    def place_of(self, token: int) -> QRect | None:
        """Where in the window a token stands, if it can be seen."""
        return self._centre.place_of(token)

    def show_reading_again(self, progress: Progress) -> None:
        """How much has been read of what going elsewhere makes necessary."""
        if not self._busy:
            self._progress.show_progress(progress)

    def show_arrived(self, tokens: int) -> None:
        """The text is so long after going elsewhere, and its state is at hand."""
        if not self._busy:
            self._progress.hide()
            self._foot.status.set_text(self.tr("{0} tokens in context").format(f"{tokens:,}"))

    # What the user does

    def send(self) -> None:
        """As the button does; nothing happens where it cannot be pressed."""
        if not self._busy and not self._why_not():
            self.write_requested.emit(self.mode(), self._editor.text(), self._template_name(), self._extra_text())

    def stop(self) -> None:
        if self._busy and not self._stopping:
            self._leave_buttons()
            self._stopping = True
            self._refresh()
            self.stop_requested.emit()

    def text(self) -> str:
        """All that stands in the middle: the conversation with the names of who spoke, or the text."""
        return self._centre.text()

    def mode(self) -> Mode:
        return self._centre.mode

    @property
    def is_checking(self) -> bool:
        """Whether known mistakes of the present text are still to be looked for."""
        return self._check.isActive()

    def copy_last(self) -> None:
        copy_text(self._centre.last_text())

    def copy_all(self) -> None:
        copy_text(self.text())

    # Inside

    @property
    def _chatting(self) -> bool:
        return self._centre.mode == "chat"

    @property
    def _editor(self) -> Composer | Page:
        """Where the user writes."""
        return self._foot.composer if self._chatting else self._centre.page

    def _leave_buttons(self) -> None:
        """A button that goes away or cannot be pressed any more would give the keyboard to whatever is next."""
        if self._foot.buttons.has_focus:
            self._editor.setFocus()

    def _template_name(self) -> str:
        return self._head.template_name(self.mode())

    def _extra_name(self) -> str:
        return self._head.extra_name(self.mode())

    def _extra_text(self) -> str:
        return self._foot.extra.text() if self._extra_name() else ""

    def _why_not(self) -> str:
        """Why nothing can be sent now; "" if it can."""
        if self._opened is None:
            return self.tr("No model is open: open one first.")
        if self._chatting and not self._editor.text().strip():
            return self.tr("Write a message first.")
        return ""

    def _idle_words(self) -> str:
        return self.tr("Ready.") if self._opened is not None else self.tr("No model is open: open one first.")

    def _tell_whose_state_it_is(self) -> None:
        """The other mode's text stays until this one's is sent, and slider and plots are of it."""
        elsewhere = self.scrubber.isVisibleTo(self) and not self._centre.layer.is_told
        if not elsewhere:
            if self._set_aside is not None:
                self._foot.status.set_text(self._set_aside)
            self._set_aside = None
            return
        if self._set_aside is None:
            self._set_aside = self._foot.status.full_text()
        self._foot.status.set_text(
            self.tr("State, slider and plots belong to Complete.")
            if self._chatting
            else self.tr("State, slider and plots belong to the chat.")
        )

    def _chosen_mode(self, mode: str) -> None:
        self._welcoming = False
        self.set_mode(mode)
        self._refresh()
        self.focus_text()

    def focus_text(self) -> None:
        """Let what is typed go into the text."""
        (self._foot.composer if self._centre.mode == "chat" else self._centre.page).setFocus()

    def _template_changed(self) -> None:
        self._refresh()
        self._show_problems()
        self.template_changed.emit(self._template_name())

    def _edited(self) -> None:
        self._refresh_buttons()
        if not self._busy:
            self._check.start()

    # What is seen

    def _show_problems(self) -> None:
        self._foot.show_problems(self._problems() if not self._busy and self._opened is not None else [])

    def _problems(self) -> list[str]:
        """What the user could mend in the text. Much of it the template mends in a chat."""
        template, text = self._head.picker.template(chat=self._chatting), self._editor.text()
        if template is None or not text:
            return []
        if not self._chatting:
            return [] if self._centre.page.ends_with_written else problems(text, template)
        return problems(template.prompt([Turn("user", text)], self._extra_text()), template)

    def _refresh(self) -> None:
        """Show what belongs to the present mode, model and job."""
        self._centre.show_it(welcome=self._opened is None or self._welcoming)
        self._centre.page.setReadOnly(self._busy)
        self._head.show_mode(self.mode(), self._busy)
        self._foot.composer.setVisible(self._chatting)
        self._foot.show_extra(self._extra_name(), read_only=self._busy)
        self._escape.setEnabled(self._busy)
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        self._foot.show_buttons(empty=self._centre.is_empty, busy=self._busy)
        if self._busy:
            self._foot.buttons.show_stop(self._stopping)
        else:
            self._foot.show_send(self._chatting, self._why_not())
