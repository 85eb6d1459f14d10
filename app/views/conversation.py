"""The middle of the window: a talk with the model, or one text that user and model write together.

Chat wraps each message in a template of the model's family. Complete goes on from the end of a text and adds nothing to it:
what small and old models need. The view holds no model and no truth: it asks by signals, and shows what it is told.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QCoreApplication, QLocale, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.messages import OpenedModel, Written
from app.views.transcript import Composer, Page, SendKey, Transcript, copy_text
from rwkv_backend.records import Progress
from rwkv_backend.templates import Template, Turn, problems, templates_for

Mode = Literal["chat", "complete"]

LIBRARY = "rwkv_backend"
"""The translation context of the names and sentences that the library gives."""

CHECK_AFTER = 200
"""Milliseconds after the last key until the user's text is looked through for known mistakes."""


# Parts


class ModeSwitch(QFrame):
    """Two buttons, one of which is down."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mode_switch")
        self.chat = self._button("chat_mode_button", self.tr("Chat"))
        self.complete = self._button("complete_mode_button", self.tr("Complete"))
        self.complete.setToolTip(self.tr("Write a text together: the model goes on from its end, nothing is added"))
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        for button in (self.chat, self.complete):
            self._group.addButton(button)
            layout.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)
        self.setStyleSheet(_SWITCH)

    def show_mode(self, mode: Mode) -> None:
        (self.chat if mode == "chat" else self.complete).setChecked(True)

    def set_chat_possible(self, possible: bool) -> None:
        self.chat.setEnabled(possible)
        self.chat.setToolTip(
            self.tr("Talk with the model in the form that it was trained on")
            if possible
            else self.tr("No form of chat is known for this model. Use Complete instead.")
        )

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setAccessibleName(text)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _clicked(self, button: QAbstractButton) -> None:
        self.chosen.emit("chat" if button is self.chat else "complete")


_SWITCH = """
    QFrame#mode_switch { border: 1px solid palette(mid); border-radius: 7px; }
    QToolButton { border: 2px solid transparent; border-radius: 5px; padding: 2px 10px; }
    QToolButton:hover { background: palette(button); }
    QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }
    QToolButton:focus { border-color: palette(text); }
"""


class SendOrStop(QStackedWidget):
    """One button in the place of the other, so that nothing moves when the model begins or ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.send = QPushButton()
        self.send.setObjectName("send_button")
        self.send.setProperty("kind", "primary")
        self.stop = QPushButton()
        self.stop.setObjectName("stop_button")
        for button in (self.send, self.stop):
            self.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_stop(False)
        self._dress()
        theme.signals().changed.connect(self._dress)

    def show_send(self, label: str, why_not: str, keys: str) -> None:
        self.send.setText(label)
        self.send.setAccessibleName(label)
        self.send.setEnabled(not why_not)
        self.send.setToolTip(why_not or self.tr("{0} ({1})").format(label, keys))
        self.setCurrentWidget(self.send)

    def show_stop(self, stopping: bool) -> None:
        self.stop.setText(self.tr("Stopping…") if stopping else self.tr("Stop"))
        self.stop.setAccessibleName(self.stop.text())
        self.stop.setToolTip(self.tr("Let the model stop after the present word (Esc)"))
        self.stop.setEnabled(not stopping)
        self.setCurrentWidget(self.stop)

    @property
    def has_focus(self) -> bool:
        return self.send.hasFocus() or self.stop.hasFocus()

    def _dress(self) -> None:
        self.send.setIcon(theme.icon("send", colour=theme.current().on_accent))
        self.stop.setIcon(theme.icon("square"))


class ElidedLabel(QLabel):
    """One row, cut off at the right where there is no room; the tooltip has all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str) -> None:
        self._full = text
        self.setToolTip(_tip(text))
        self.setAccessibleDescription(text)
        self._fit()

    def full_text(self) -> str:
        return self._full

    def sizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().lineSpacing())

    minimumSizeHint = sizeHint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, self.width()))


# Words


def reading_words(progress: Progress) -> str:
    """How far the prompt has been read, and how long it will take if that is known."""
    done, total, left = f"{progress.done:,}", f"{progress.total:,}", progress.seconds_left
    if left is None:
        return QCoreApplication.translate("Conversation", "Reading {0} of {1} tokens").format(done, total)
    words = QCoreApplication.translate("Conversation", "Reading {0} of {1} tokens, {2} left")
    return words.format(done, total, duration_words(left))


def duration_words(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return QCoreApplication.translate("Conversation", "{0} s").format(whole)
    return QCoreApplication.translate("Conversation", "{0} min {1} s").format(*divmod(whole, 60))


def ended_words(written: Written, limit: int | None) -> str:
    """Speed, tokens in the state (of how many it can hold), the state's size, and why the writing ended."""
    seen = f"{written.tokens_seen:,}"
    translate = QCoreApplication.translate
    parts = (
        translate("Conversation", "{0} tokens/s").format(f"{written.rate:,.1f}"),
        translate("Conversation", "{0} of {1} tokens in context").format(seen, f"{limit:,}")
        if limit is not None
        else translate("Conversation", "{0} tokens in context").format(seen),
        translate("Conversation", "state {0}").format(_size(written.state_bytes)),
        reason_words(written),
    )
    return " · ".join(parts)


def reason_words(written: Written) -> str:
    translate = QCoreApplication.translate
    if written.reason == "end of text":
        return translate("Conversation", "the model ended the text")
    if written.reason == "length":
        return translate("Conversation", "stopped: reached the length limit")
    if written.reason == "context full":
        return translate("Conversation", "context is full: {0}").format(written.detail)
    if written.reason == "stop string":
        return translate("Conversation", "stopped: the stop text {0} came").format(_visible(written.detail))
    return translate("Conversation", "stopped by you")


def _visible(stop: str) -> str:
    r"""A stop text as it is typed in: "\n" for a line end."""
    escaped = stop.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _size(count: int) -> str:
    return QLocale().formattedDataSize(count, 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def _tip(text: str) -> str:
    """A tooltip that is broken into lines, as Qt does with rich text only."""
    return f"<qt>{html.escape(text, quote=False)}</qt>" if text else ""


def _named(widget: QWidget, name: str, accessible: str) -> None:
    widget.setObjectName(name)
    widget.setAccessibleName(accessible)


def _templates(opened: OpenedModel | None) -> tuple[Template, ...]:
    if opened is None:
        return ()
    card = opened.card
    return templates_for(card.info.version, card.tokenizer_kind, card.demo)


@dataclass(frozen=True)
class _Sent:
    """What was asked last."""

    mode: Mode
    text: str
    template: str
    extra: str


# The view


class Conversation(QWidget):
    """Chat and Complete; see the module's docstring for what they are."""

    write_requested = Signal(str, str, str, str)
    """mode, text, name of the template, second text"""
    stop_requested = Signal()
    clear_requested = Signal()
    mode_changed = Signal(str)
    template_changed = Signal(str)
    """Name of the template that the next message is wrapped in; "" in Complete, where nothing is added."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode: Mode = "chat"
        self._opened: OpenedModel | None = None
        self._templates: tuple[Template, ...] = ()
        self._picked = ""  # the template that the user has chosen; a model without it gets its own default
        self._sent: _Sent | None = None
        self._busy = self._stopping = False
        self._asked = self._prompt_read = self._answering = False
        self._build()
        self._name()
        self._lay_out()
        self._connect()
        self._dress()
        self.set_send_key("enter")
        self.show_model(None)

    def _build(self) -> None:
        self._switch = ModeSwitch()
        self._picker = QComboBox()
        self._empty = QWidget()
        self._welcoming = False
        self._transcript = Transcript()
        self._page = Page()
        self._centre = QStackedWidget()
        self._progress = QProgressBar()
        self._extra_label = QLabel()
        self._extra = Composer(1, 3)
        self._composer = Composer(1, 6)
        self._problem = QLabel()
        self._failure = QLabel()
        self._copy = QPushButton()
        self._clear = QPushButton()
        self._buttons = SendOrStop()
        self._status = ElidedLabel()
        self._check = QTimer(self)
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)

    def _name(self) -> None:
        _named(self, "conversation", self.tr("Conversation"))
        _named(self._picker, "template_combo", self.tr("Form of the messages"))
        _named(self._transcript, "transcript", self.tr("What has been said"))
        _named(self._page, "page_editor", self.tr("Text that the model goes on with"))
        _named(self._progress, "reading_progress", self.tr("How much of your text has been read"))
        _named(self._extra, "extra_editor", self.tr("Second text"))
        _named(self._composer, "message_editor", self.tr("Your message"))
        _named(self._problem, "problem_label", self.tr("Known mistakes in your text"))
        _named(self._failure, "failure_label", self.tr("What went wrong"))
        _named(self._copy, "copy_button", self.tr("Copy"))
        _named(self._clear, "clear_button", self.tr("Clear"))
        _named(self._status, "status_line", self.tr("Status"))

    def _lay_out(self) -> None:
        for widget in (self._empty, self._transcript, self._page):
            self._centre.addWidget(widget)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(theme.XS)
        self._progress.setStyleSheet(_PROGRESS)
        place = self._progress.sizePolicy()
        place.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(place)
        self._progress.hide()
        for label, kind in ((self._extra_label, "muted"), (self._problem, "warning"), (self._failure, "error")):
            label.setProperty("kind", kind)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.hide()
        self._extra_label.setBuddy(self._extra)
        self._status.setProperty("kind", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        layout.addWidget(self._centre, 1)
        layout.addWidget(self._progress)
        layout.addLayout(self._foot())

    def _head(self) -> QHBoxLayout:
        self._picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._picker.setMinimumContentsLength(8)
        self._picker.setMaximumWidth(40 * self.fontMetrics().averageCharWidth())
        self._picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        head.setSpacing(theme.S)
        head.addWidget(self._switch)
        head.addStretch(1)
        head.addWidget(self._picker, 1)
        return head

    def _foot(self) -> QVBoxLayout:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addWidget(self._copy)
        buttons.addWidget(self._clear)
        buttons.addStretch(1)
        buttons.addWidget(self._buttons)
        foot = QVBoxLayout()
        foot.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        foot.setSpacing(theme.S)
        for widget in (self._extra_label, self._extra, self._composer, self._problem, self._failure):
            foot.addWidget(widget)
        foot.addLayout(buttons)
        foot.addWidget(self._status)
        return foot

    def _connect(self) -> None:
        self._switch.chosen.connect(self._chosen_mode)
        self._picker.currentIndexChanged.connect(self._template_changed)
        self._picker.activated.connect(self._template_picked)
        for editor in (self._composer, self._page, self._extra):
            editor.send_requested.connect(self.send)
            editor.textChanged.connect(self._edited)
        self._buttons.send.clicked.connect(self.send)
        self._buttons.stop.clicked.connect(self.stop)
        self._escape.activated.connect(self.stop)
        self._clear.clicked.connect(self.clear_requested)
        menu = QMenu(self)
        menu.addAction(self.tr("Copy the model's last text"), self.copy_last)
        menu.addAction(self.tr("Copy everything"), self.copy_all)
        self._copy.setMenu(menu)
        self._check.setSingleShot(True)
        self._check.setInterval(CHECK_AFTER)
        self._check.timeout.connect(self._show_problems)
        theme.signals().changed.connect(self._dress)

    # What the window sets

    def set_empty_widget(self, widget: QWidget) -> None:
        """What stands in the middle as long as no model is open."""
        old, self._empty = self._empty, widget
        self._centre.insertWidget(0, widget)
        self._centre.removeWidget(old)
        old.deleteLater()
        self._refresh()

    def keep_empty_widget(self) -> None:
        """Leave it there also when a model is open, until the user chooses a mode or a text comes."""
        self._welcoming = True
        self._refresh()

    def _chosen_mode(self, mode: str) -> None:
        self._welcoming = False
        self.set_mode(mode)
        self._refresh()

    def set_send_key(self, key: SendKey) -> None:
        """Whether Enter sends a message, or only Ctrl+Enter does. Elsewhere Enter always begins a line."""
        self._composer.send_key = key
        self._extra.send_key = "ctrl_enter"
        self._refresh()

    def set_prompt(self, text: str) -> None:
        """Fill in what is to be sent: the message, or in Complete the whole text."""
        self._welcoming = False
        (self._composer if self._mode == "chat" else self._page).set_text(text)
        self._refresh()

    def set_mode(self, mode: str) -> None:
        """ "chat" or "complete". Nothing happens while the model writes, or for a chat that the model has no form for."""
        possible = not self._busy and (mode == "complete" or self._can_chat)
        changed = possible and mode != self._mode
        if changed:
            self._mode = "complete" if mode == "complete" else "chat"
        self._refresh()
        if changed:
            self._failure.hide()
            self._show_problems()
            self.mode_changed.emit(self._mode)
            self.template_changed.emit(self._template_name())

    def show_model(self, opened: OpenedModel | None) -> None:
        """This model is open now; None: none is. It has read nothing yet."""
        if opened is not None and opened is not self._opened and not self._transcript.is_empty:
            sentence = self.tr("{0} has been opened. It does not know what is above.")
            self._transcript.note(sentence.format(Path(opened.card.info.path).name))
        self._opened, self._sent = opened, None
        self._templates = _templates(opened)
        self._fill_picker()
        self._status.set_text(self._idle_words())
        if self._templates and not self._templates[0].takes_turns:
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
        self._welcoming = False
        before, self._sent = self._sent, _Sent(self._mode, user_text, self._template_name(), self._extra_text())
        self._asked, self._prompt_read, self._answering = True, False, False
        self._failure.hide()
        if self._mode == "chat":
            self._begin_turn(before, self._sent)
        else:
            self._begin_page(user_text)
        self._status.set_text(self.tr("The model reads your text."))
        self.set_busy(True)

    def show_progress(self, progress: Progress) -> None:
        """How much of the text has been read."""
        self._prompt_read = progress.done >= progress.total
        self._progress.setRange(0, max(1, progress.total))
        self._progress.setValue(progress.done)
        self._progress.setVisible(not self._prompt_read)
        self._status.set_text(reading_words(progress))

    def append(self, text: str) -> None:
        """What the model has written since the last call."""
        if not text:
            return
        if not self._answering:
            self._answering = True
            self._progress.hide()
            self._status.set_text(self.tr("The model writes."))
        (self._transcript if self._mode == "chat" else self._page).add(text)

    def show_writing(self, tokens: int, tokens_per_second: float) -> None:
        """How fast the model writes now."""
        sentence = self.tr("The model writes: {0} tokens so far, {1} tokens/s")
        self._status.set_text(sentence.format(f"{tokens:,}", f"{tokens_per_second:,.1f}"))

    def ended(self, written: Written | None, stopped: bool) -> None:
        """The model has stopped writing. written: None if it never began to read."""
        if written is not None:
            self.append(written.rest)
        if stopped and not self._prompt_read:
            self._take_back()
        self._asked = False
        limit = self._opened.max_tokens if self._opened is not None else None
        self._status.set_text(ended_words(written, limit) if written is not None else self.tr("Stopped by you."))
        self.set_busy(False)

    def failed(self, sentence: str) -> None:
        """Nothing came of the request, and why. The user gets back what was written, unless it was partly answered."""
        self._take_back()
        self._failure.setText(sentence)
        self._failure.show()
        self._status.set_text("")
        self.set_busy(False)

    def cleared(self) -> None:
        """The model has forgotten everything, and so does what is shown. In Complete, undo brings the text back."""
        if self._mode == "chat":
            self._transcript.clear_all()
        else:
            self._page.set_text("")
        self._sent, self._asked = None, False
        self._failure.hide()
        self._status.set_text(self._idle_words())
        self._refresh()

    # What the user does

    def send(self) -> None:
        """As the button does; nothing happens where it cannot be pressed."""
        if not self._busy and not self._why_not():
            self.write_requested.emit(self._mode, self._own_text(), self._template_name(), self._extra_text())

    def stop(self) -> None:
        if self._busy and not self._stopping:
            self._leave_buttons()
            self._stopping = True
            self._refresh()
            self.stop_requested.emit()

    def text(self) -> str:
        """All that stands in the middle: the conversation with the names of who spoke, or the text."""
        return self._transcript.text() if self._mode == "chat" else self._page.text()

    def mode(self) -> Mode:
        return self._mode

    @property
    def is_checking(self) -> bool:
        """Whether known mistakes of the present text are still to be looked for."""
        return self._check.isActive()

    def copy_last(self) -> None:
        copy_text(self._last_text())

    def copy_all(self) -> None:
        copy_text(self.text())

    # Inside

    @property
    def _can_chat(self) -> bool:
        return not self._templates or any(template.takes_turns for template in self._templates)

    def _leave_buttons(self) -> None:
        """A button that goes away or cannot be pressed any more would give the keyboard to whatever is next."""
        if self._buttons.has_focus:
            (self._composer if self._mode == "chat" else self._page).setFocus()

    def _own_text(self) -> str:
        return self._composer.text() if self._mode == "chat" else self._page.text()

    def _last_text(self) -> str:
        return self._transcript.last_answer() if self._mode == "chat" else self._page.last_written()

    def _template(self) -> Template | None:
        """That of the chat; in Complete the one that says how a plain text should look for this model."""
        name = self._picker.currentData() if self._mode == "chat" else None
        for template in self._templates:
            if template.name == name or (name is None and not template.takes_turns):
                return template
        return None

    def _template_name(self) -> str:
        return str(self._picker.currentData() or "") if self._mode == "chat" else ""

    def _extra_text(self) -> str:
        return self._extra.text() if self._extra_name() else ""

    def _extra_name(self) -> str:
        template = self._template() if self._mode == "chat" else None
        return template.extra if template is not None else ""

    def _why_not(self) -> str:
        """Why nothing can be sent now; "" if it can."""
        if self._opened is None:
            return self.tr("No model is open: open one first.")
        if self._mode == "chat" and not self._composer.text().strip():
            return self.tr("Write a message first.")
        return ""

    def _idle_words(self) -> str:
        return self.tr("Ready.") if self._opened is not None else self.tr("No model is open: open one first.")

    def _begin_turn(self, before: _Sent | None, sent: _Sent) -> None:
        goes_on = before is None or replace(before, text=sent.text) == sent
        if not goes_on and not self._transcript.is_empty:
            self._transcript.note(self.tr("A new conversation begins: the model does not know what is above."))
        template = self._template()
        self._transcript.begin("user", sent.text.strip())
        self._transcript.begin("model", template.begins if template is not None else "")
        self._transcript.follower.follow()
        if self._composer.text() == sent.text:
            self._composer.clear()

    def _begin_page(self, text: str) -> None:
        if self._page.text() != text:
            self._page.set_text(text)
        self._page.begin()
        self._page.follower.follow()

    def _take_back(self) -> None:
        """Put a message that was not answered back where it was written, unless the next one stands there already."""
        unanswered, self._asked = self._asked and not self._answering, False
        if unanswered and self._mode == "chat" and self._sent is not None and not self._composer.text():
            self._transcript.take_back()
            self._composer.set_text(self._sent.text)

    def _fill_picker(self) -> None:
        self._picker.blockSignals(True)
        self._picker.clear()
        for template in self._templates:
            if template.takes_turns:
                self._picker.addItem(QCoreApplication.translate(LIBRARY, template.name), template.name)
                about = self.tr("{0} Source: {1}").format(
                    QCoreApplication.translate(LIBRARY, template.about), template.source
                )
                self._picker.setItemData(self._picker.count() - 1, _tip(about), Qt.ItemDataRole.ToolTipRole)
        self._picker.setCurrentIndex(max(0, self._picker.findData(self._picked)))
        self._picker.blockSignals(False)
        self._template_changed()

    def _template_picked(self) -> None:
        self._picked = str(self._picker.currentData())

    def _template_changed(self) -> None:
        self._picker.setToolTip(str(self._picker.currentData(Qt.ItemDataRole.ToolTipRole) or ""))
        self._refresh()
        self._show_problems()
        self.template_changed.emit(self._template_name())

    def _edited(self) -> None:
        self._refresh_buttons()
        if not self._busy:
            self._check.start()

    def _show_problems(self) -> None:
        found = self._problems() if not self._busy and self._opened is not None else []
        self._problem.setText("\n".join(QCoreApplication.translate(LIBRARY, sentence) for sentence in found))
        self._problem.setVisible(bool(found))

    def _problems(self) -> list[str]:
        """What the user could mend in the text. Much of it the template mends in a chat."""
        template, text = self._template(), self._own_text()
        if template is None or not text:
            return []
        if self._mode == "complete":
            return [] if self._page.ends_with_written else problems(text, template)
        return problems(template.prompt([Turn("user", text)], self._extra_text()), template)

    # What is seen

    def _refresh(self) -> None:
        """Show what belongs to the present mode, model and job."""
        chat, extra = self._mode == "chat", self._extra_name()
        welcoming = self._opened is None or self._welcoming
        self._centre.setCurrentWidget(self._empty if welcoming else self._transcript if chat else self._page)
        self._switch.show_mode(self._mode)
        self._switch.set_chat_possible(self._can_chat)
        self._switch.setEnabled(not self._busy)
        self._picker.setVisible(chat and self._picker.count() > 0)
        self._picker.setEnabled(not self._busy)
        self._composer.setVisible(chat)
        self._extra.setVisible(bool(extra))
        self._extra.setReadOnly(self._busy)
        self._extra_label.setVisible(bool(extra))
        name = QCoreApplication.translate(LIBRARY, extra)
        self._extra_label.setText(self.tr("{0} (optional)").format(name))
        self._page.setReadOnly(self._busy)
        self._escape.setEnabled(self._busy)
        self._say_what_to_do()
        self._refresh_buttons()

    def _say_what_to_do(self) -> None:
        self._composer.setPlaceholderText(
            self.tr("Your message. Enter sends it, Shift+Enter begins a line.")
            if self._composer.send_key == "enter"
            else self.tr("Your message. Ctrl+Enter sends it, Enter begins a line.")
        )
        self._transcript.setPlaceholderText(self.tr("Nothing has been said yet. Write a message below."))
        self._page.setPlaceholderText(
            self.tr("Begin a text here. When you press Write, or Ctrl+Enter, the model goes on from its end.")
        )

    def _refresh_buttons(self) -> None:
        empty = self._transcript.is_empty if self._mode == "chat" else self._page.document().isEmpty()
        self._clear.setEnabled(not empty and not self._busy)
        self._copy.setEnabled(not empty)
        if self._busy:
            self._buttons.show_stop(self._stopping)
        elif self._mode == "chat":
            keys = self.tr("Enter") if self._composer.send_key == "enter" else self.tr("Ctrl+Enter")
            self._buttons.show_send(self.tr("Send"), self._why_not(), keys)
        else:
            self._buttons.show_send(self.tr("Write"), self._why_not(), self.tr("Ctrl+Enter"))

    def _dress(self) -> None:
        """Icons in the colours of the theme."""
        for button, icon in ((self._copy, "copy"), (self._clear, "eraser")):
            button.setIcon(theme.icon(icon))
            button.setText(button.accessibleName())
        self._clear.setToolTip(self.tr("Clear what is shown; the model forgets it"))


_PROGRESS = """
    QProgressBar { border: none; background: palette(button); }
    QProgressBar::chunk { background: palette(highlight); }
"""
