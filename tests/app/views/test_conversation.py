"""The conversation alone, with made-up messages: what it asks for, and what it shows of what it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QProgressBar, QPushButton, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.messages import OpenedModel, Written
from app.views.composer import Composer
from app.views.conversation import Conversation
from app.views.elided_label import ElidedLabel
from app.views.page import Page
from app.views.status_words import duration_words, ended_words, reading_words
from app.views.transcript import LONG_PARAGRAPH, Transcript
from rwkv_backend.records import Progress, StopReason, TokenRecord
from tests.app.views.cards import CARD, opened

Key, Modifier, Button = Qt.Key, Qt.KeyboardModifier, Qt.MouseButton

HALF_READ, READ = Progress(1234, 5000, "tokens", 1.5), Progress(5000, 5000, "tokens", 6.1)


def model(version: str = "6.0", kind: str = "world", path: str = "/models/one.pth", demo: bool = False) -> OpenedModel:
    card = replace(CARD, info=replace(CARD.info, version=version, path=path), tokenizer_kind=kind, demo=demo)
    return opened(card)


def written(reason: StopReason = "length", detail: str = "", rest: str = "") -> Written:
    return Written(
        reason=reason,
        detail=detail,
        rest=rest,
        prompt_tokens=20,
        prompt_rate=812.3,
        tokens=400,
        rate=25.34,
        tokens_seen=1234,
        state_bytes=184_320,
        seed=7,
    )


@pytest.fixture
def view(qtbot: QtBot) -> Conversation:
    """A conversation in a window that has the focus, with a World model."""
    conversation = Conversation()
    qtbot.addWidget(conversation)
    conversation.resize(700, 600)
    conversation.show_model(model())
    with qtbot.waitActive(conversation):
        conversation.show()
        conversation.activateWindow()
    return conversation


def button(view: Conversation, name: str) -> QPushButton:
    found = view.findChild(QPushButton, name)
    assert found is not None
    return found


def composer(view: Conversation) -> Composer:
    found = view.findChild(Composer, "message_editor")
    assert found is not None
    return found


def transcript(view: Conversation) -> Transcript:
    found = view.findChild(Transcript, "transcript")
    assert found is not None
    return found


def page(view: Conversation) -> Page:
    found = view.findChild(Page, "page_editor")
    assert found is not None
    return found


def label(view: Conversation, name: str) -> QLabel:
    found = view.findChild(QLabel, name)
    assert found is not None
    return found


def status(view: Conversation) -> str:
    found = view.findChild(ElidedLabel, "status_line")
    assert found is not None
    return found.full_text()


def picker(view: Conversation) -> QComboBox:
    found = view.findChild(QComboBox, "template_combo")
    assert found is not None
    return found


def asked(view: Conversation) -> list[tuple[str, str, str, str]]:
    """The requests that are made from now on."""
    requests: list[tuple[str, str, str, str]] = []
    view.write_requested.connect(lambda *parts: requests.append(parts))
    return requests


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


# Sending


def test_enter_sends_the_message_in_the_form_of_the_family(view: Conversation, qtbot: QtBot) -> None:
    requests = asked(view)
    QTest.keyClicks(composer(view), "Who are you?")
    QTest.keyClick(composer(view), Key.Key_Return)
    assert requests == [("chat", "Who are you?", "World chat", "")]


def test_shift_enter_begins_a_line_that_is_sent_as_a_plain_line_end(view: Conversation, qtbot: QtBot) -> None:
    requests = asked(view)
    QTest.keyClicks(composer(view), "one")
    QTest.keyClick(composer(view), Key.Key_Return, Modifier.ShiftModifier)
    QTest.keyClicks(composer(view), "two")
    QTest.keyClick(composer(view), Key.Key_Enter, Modifier.KeypadModifier)
    assert [text for _, text, _, _ in requests] == ["one\ntwo"]


def test_with_the_other_setting_only_ctrl_enter_sends(view: Conversation, qtbot: QtBot) -> None:
    requests = asked(view)
    view.set_send_key("ctrl_enter")
    QTest.keyClicks(composer(view), "one")
    QTest.keyClick(composer(view), Key.Key_Return)
    assert not requests
    QTest.keyClick(composer(view), Key.Key_Return, Modifier.ControlModifier)
    assert [text for _, text, _, _ in requests] == ["one\n"]
    assert "Ctrl+Enter" in composer(view).placeholderText()


def test_the_button_sends(view: Conversation, qtbot: QtBot) -> None:
    requests = asked(view)
    composer(view).insertPlainText("你好 😀")
    QTest.mouseClick(button(view, "send_button"), Button.LeftButton)
    assert [text for _, text, _, _ in requests] == ["你好 😀"]


def test_nothing_is_sent_without_a_message(view: Conversation, qtbot: QtBot) -> None:
    requests = asked(view)
    QTest.keyClicks(composer(view), "  ")
    QTest.keyClick(composer(view), Key.Key_Return)
    view.send()
    assert not requests
    assert not button(view, "send_button").isEnabled()
    QTest.keyClicks(composer(view), "a")
    assert button(view, "send_button").isEnabled()


def test_without_a_model_the_empty_widget_stands_there_and_send_says_why_not(view: Conversation) -> None:
    requests, welcome = asked(view), QLabel("Try one of these")
    view.set_empty_widget(welcome)
    assert not welcome.isVisible()
    view.show_model(None)
    view.set_prompt("hello")
    view.send()
    assert welcome.isVisible()
    assert not transcript(view).isVisible()
    assert not requests
    assert not button(view, "send_button").isEnabled()
    assert "open one first" in status(view)
    assert "open one first" in button(view, "send_button").toolTip()
    view.show_model(model())
    assert not welcome.isVisible()
    assert button(view, "send_button").isEnabled()


@pytest.mark.parametrize("until", ["a mode is chosen", "a prompt is set", "a text is sent"])
def test_a_welcome_that_is_kept_stays_over_an_open_model_until_the_user_begins(view: Conversation, until: str) -> None:
    welcome = QLabel("Try one of these")
    view.show_model(None)
    view.set_empty_widget(welcome)
    view.keep_empty_widget()
    view.show_model(model())
    view.set_mode("complete")  # as the settings say, which is not the user's choice
    view.set_mode("chat")
    view.set_busy(True)
    view.set_busy(False)
    composer(view).insertPlainText("hello")
    assert welcome.isVisible()
    assert not transcript(view).isVisible()
    assert button(view, "send_button").isEnabled()
    if until == "a mode is chosen":
        chat = view.findChild(QWidget, "chat_mode_button")
        assert chat is not None
        QTest.mouseClick(chat, Button.LeftButton)
    elif until == "a prompt is set":
        view.set_prompt("Who are you?")
    else:
        QTest.keyClick(composer(view), Key.Key_Return)
        assert welcome.isVisible()  # the request may still be refused
        view.began("hello")
    assert transcript(view).isVisible()
    view.show_model(model(path="/models/two.pth"))
    assert not welcome.isVisible()


def test_the_composer_empties_only_when_the_request_was_accepted(view: Conversation) -> None:
    view.set_prompt("hello")
    view.send()
    assert composer(view).text() == "hello"
    view.began("hello")
    assert composer(view).text() == ""
    assert "hello" in view.text()


def test_the_next_message_can_be_prepared_but_not_sent_while_the_model_writes(view: Conversation, qtbot: QtBot) -> None:
    view.began("hello")
    requests = asked(view)
    QTest.keyClicks(composer(view), "next")
    QTest.keyClick(composer(view), Key.Key_Return)
    view.send()
    assert not requests
    view.ended(written(), False)
    QTest.keyClick(composer(view), Key.Key_Return)
    assert [text for _, text, _, _ in requests] == ["next"]


def test_no_break_spaces_are_sent_as_they_are(view: Conversation) -> None:
    requests = asked(view)
    view.set_prompt("10\u00a0km")
    view.send()
    view.set_mode("complete")
    view.set_prompt("20\u00a0km\r\nfar")
    view.send()
    assert [text for _, text, _, _ in requests] == ["10\u00a0km", "20\u00a0km\nfar"]


def test_the_composer_grows_with_its_text_up_to_six_lines(view: Conversation, qtbot: QtBot) -> None:
    editor = composer(view)
    heights = []
    for lines in (1, 2, 6, 7, 40, 1):
        view.set_prompt("\n".join(["字 line"] * lines))
        heights.append(editor.height())
    one, two, six, seven, forty, again = heights
    assert one < two < six
    assert seven == forty
    assert six <= seven <= 6 * editor.fontMetrics().lineSpacing() + 40
    assert again == one
    view.set_prompt("word " * 60)
    assert editor.height() > one
    for lines in range(1, 7):
        view.set_prompt("\n".join(["line"] * lines))
        around = 2 * editor.frameWidth() + 2 * editor.document().documentMargin()
        assert 0 <= editor.height() - around - lines * editor.fontMetrics().lineSpacing() <= 1
        assert editor.verticalScrollBar().maximum() == 0


# Stopping


def test_stop_takes_the_place_of_send_and_says_that_it_was_heard(view: Conversation, qtbot: QtBot) -> None:
    stop, send = button(view, "stop_button"), button(view, "send_button")
    assert send.isVisible()
    assert not stop.isVisible()
    view.began("hello")
    assert not send.isVisible()
    with qtbot.waitSignal(view.stop_requested):
        QTest.mouseClick(stop, Button.LeftButton)
    assert stop.text() == "Stopping…"
    view.append("still one word")
    assert stop.text() == "Stopping…"
    view.ended(written("stopped"), True)
    assert send.isVisible()
    view.began("again")
    assert stop.text() == "Stop"
    assert stop.isEnabled()


def test_escape_stops_once_and_only_while_the_model_writes(view: Conversation, qtbot: QtBot) -> None:
    stops: list[bool] = []
    view.stop_requested.connect(lambda: stops.append(True))
    composer(view).setFocus()
    QTest.keyClick(composer(view), Key.Key_Escape)
    assert not stops
    view.began("hello")
    QTest.keyClick(composer(view), Key.Key_Escape)
    QTest.keyClick(composer(view), Key.Key_Escape)
    assert len(stops) == 1
    view.ended(written("stopped"), True)
    view.began("again")
    QTest.keyClick(composer(view), Key.Key_Escape)
    assert len(stops) == 2


def test_the_keyboard_goes_back_to_the_composer_when_its_button_goes_away(view: Conversation, qtbot: QtBot) -> None:
    view.set_prompt("hello")
    button(view, "send_button").setFocus()
    view.began("hello")
    assert composer(view).hasFocus()


def test_a_message_that_was_stopped_before_it_was_read_comes_back(view: Conversation) -> None:
    view.set_prompt("a long text")
    view.began("a long text")
    view.show_progress(HALF_READ)
    view.ended(written("stopped"), True)
    assert composer(view).text() == "a long text"
    assert view.text() == ""


def test_a_message_that_was_read_stays_in_the_conversation_when_stopped(view: Conversation) -> None:
    view.set_prompt("a long text")
    view.began("a long text")
    view.show_progress(READ)
    view.ended(written("stopped"), True)
    assert composer(view).text() == ""
    assert "a long text" in view.text()


# What is told


def test_streamed_pieces_and_the_rest_make_the_answer(view: Conversation) -> None:
    view.began("hello")
    for piece in ("I ", "am", " here.\n\n", "两个字 ", "👩", "\u200d", "👩"):
        view.append(piece)
    view.ended(written(rest=" The end"), False)
    assert view.text() == "You\nhello\n\nModel\nI am here.\n\n两个字 👩\u200d👩 The end"
    view.copy_last()
    assert clipboard() == "I am here.\n\n两个字 👩\u200d👩 The end"


def test_text_that_looks_like_html_is_shown_as_it_is(view: Conversation) -> None:
    tags = "<b>bold</b> &amp; <script>alert(1)</script>"
    view.began(tags)
    view.append(tags)
    view.failed("<i>no</i>")
    assert view.text() == f"You\n{tags}\n\nModel\n{tags}"
    assert label(view, "failure_label").textFormat() == Qt.TextFormat.PlainText
    view.set_mode("complete")
    view.set_prompt(tags)
    view.began(tags)
    view.append(tags)
    assert view.text() == tags + tags


def test_signs_that_qt_keeps_for_itself_do_no_harm(view: Conversation) -> None:
    """U+FDD0 and U+FDD1 bound frames inside a QTextDocument, U+FFFC stands for a picture, U+2029 ends a paragraph."""
    view.began("hi")
    for sign in ("\ufdd0", "\ufdd1", "\ufffc", "\u2029", "\x00", "\r", "\n", "\u2028", "\ufffd"):
        view.append(f"a{sign}")
    view.append("end")
    assert view.text().endswith("end")
    view.ended(written(), False)
    view.began("more")
    assert view.text().endswith("You\nmore\n\nModel\n")


def test_the_begun_answer_of_a_template_is_shown_before_what_the_model_writes(view: Conversation) -> None:
    view.show_model(model("7.0"))
    picker(view).setCurrentIndex(picker(view).findData("G1 think"))
    view.began("why?")
    view.append(">Because")
    assert view.text().endswith("Model\n<think>Because")


def test_reading_is_shown_with_the_time_that_is_left(view: Conversation) -> None:
    bar = view.findChild(QProgressBar, "reading_progress")
    assert bar is not None
    view.began("hello")
    view.show_progress(HALF_READ)
    assert bar.isVisible()
    assert (bar.value(), bar.maximum()) == (1234, 5000)
    assert status(view) == "Reading 1,234 of 5,000 tokens, 5 s left"
    view.append("word")
    assert not bar.isVisible()
    view.show_writing(12, 25.34)
    assert status(view) == "The model writes: 12 tokens so far, 25.3 tokens/s"


def test_words_for_times() -> None:
    assert duration_words(3.6) == "4 s"
    assert duration_words(59.7) == "1 min 0 s"
    assert duration_words(192) == "3 min 12 s"
    assert reading_words(Progress(0, 10, "tokens")) == "Reading 0 of 10 tokens"


@pytest.mark.parametrize(
    ("reason", "detail", "words"),
    [
        ("length", "", "stopped: reached the length limit"),
        ("end of text", "", "the model ended the text"),
        ("stop string", "\n\nUser:", 'stopped: the stop text "\\n\\nUser:" came'),
        ("context full", "All 1,024 positions are used.", "context is full: All 1,024 positions are used."),
        ("stopped", "", "stopped by you"),
    ],
)
def test_the_status_line_says_in_words_how_it_ended(reason: StopReason, detail: str, words: str) -> None:
    numbers = "25.3 tokens/s · 1,234 tokens in context · state 184.3 kB"
    assert ended_words(written(reason, detail), None) == f"{words} · {numbers}"


def test_the_status_line_tells_the_limit_of_a_model_that_has_one(view: Conversation) -> None:
    view.show_model(replace(model(), max_tokens=4096))
    view.began("hello")
    view.ended(written(), False)
    assert "1,234 of 4,096 tokens in context" in status(view)


def test_a_status_line_without_room_is_cut_off_at_its_right_and_told_by_the_tooltip(view: Conversation) -> None:
    view.began("hello")
    view.ended(written(), False)
    line = view.findChild(ElidedLabel, "status_line")
    assert line is not None
    view.resize(view.minimumSizeHint())
    assert line.text().endswith("…")
    assert line.fontMetrics().horizontalAdvance(line.text()) <= line.width()
    assert "length limit" in line.toolTip()
    view.resize(900, 600)
    assert line.text() == line.full_text()


def test_the_other_mode_says_whose_the_state_is(view: Conversation) -> None:
    view.set_mode("complete")
    view.set_mode("chat")
    assert "belong" not in status(view), "nothing was read yet"
    view.began("hello")
    view.show_tokens(0, [TokenRecord(0, 5, b"hello", "hello", False)])
    view.append("good day")
    view.ended(written(), False)
    ended = status(view)
    view.set_mode("complete")
    assert status(view) == "State, slider and plots belong to the chat."
    view.set_mode("chat")
    assert status(view) == ended
    view.set_mode("complete")
    view.set_prompt("Once upon a time")
    view.began("Once upon a time")
    view.ended(written(), False)
    assert status(view) == ended
    view.set_mode("chat")
    assert status(view).endswith("belong to Complete.")


# When it fails


def test_after_a_failure_the_message_is_back_in_the_composer(view: Conversation) -> None:
    view.began("one")
    view.append("first answer")
    view.ended(written(), False)
    view.set_prompt("two")
    view.began("two")
    view.failed("The model gave no numbers.")
    assert composer(view).text() == "two"
    assert view.text() == "You\none\n\nModel\nfirst answer"
    assert label(view, "failure_label").isVisible()
    assert label(view, "failure_label").text() == "The model gave no numbers."
    assert button(view, "send_button").isEnabled()
    view.began("two")
    assert not label(view, "failure_label").isVisible()
    assert view.text().endswith("You\ntwo\n\nModel\n")


def test_after_a_failure_a_prepared_message_is_not_overwritten(view: Conversation, qtbot: QtBot) -> None:
    view.began("one")
    QTest.keyClicks(composer(view), "two")
    view.failed("No.")
    assert composer(view).text() == "two"
    assert "one" in view.text()


def test_a_failure_before_anything_began_takes_nothing_back(view: Conversation) -> None:
    view.began("one")
    view.ended(written(), False)
    view.failed("The engine is gone.")
    assert view.text().startswith("You\none")
    assert composer(view).text() == ""


def test_a_failure_in_the_middle_of_an_answer_keeps_what_was_written(view: Conversation) -> None:
    view.began("one")
    view.append("half an ans")
    view.failed("No.")
    assert view.text() == "You\none\n\nModel\nhalf an ans"
    assert composer(view).text() == ""


# Clearing, copying, other models


def test_clear_asks_and_is_done_only_when_told(view: Conversation, qtbot: QtBot) -> None:
    clear = button(view, "clear_button")
    assert not clear.isEnabled()
    view.began("one")
    assert not clear.isEnabled()
    view.ended(written(), False)
    with qtbot.waitSignal(view.clear_requested):
        QTest.mouseClick(clear, Button.LeftButton)
    assert "one" in view.text()
    view.cleared()
    assert view.text() == ""
    view.began("two")
    assert view.text() == "You\ntwo\n\nModel\n"


def test_the_page_comes_back_by_undo_after_clear(view: Conversation, qtbot: QtBot) -> None:
    view.set_mode("complete")
    view.set_prompt("Once upon a time")
    view.cleared()
    assert view.text() == ""
    QTest.keyClick(page(view), Key.Key_Z, Modifier.ControlModifier)
    assert view.text() == "Once upon a time"


def test_everything_and_single_messages_can_be_copied(view: Conversation) -> None:
    view.began("first 😀 question")
    view.append("an\u00a0answer\nin two lines")
    view.ended(written(), False)
    view.began("second question")
    view.append("another")
    view.copy_all()
    assert clipboard() == view.text()
    text = transcript(view)
    actions = {action.text(): action for action in text.menu_at(QPoint(60, 30)).actions()}
    assert not actions["Copy selection"].isEnabled()
    actions["Copy message"].trigger()
    assert clipboard() == "first 😀 question"
    assert [text.message(turn) for turn in range(4)] == [
        "first 😀 question",
        "an\u00a0answer\nin two lines",
        "second question",
        "another",
    ]


def test_a_selection_is_copied_as_plain_text_as_it_stands(view: Conversation, qtbot: QtBot) -> None:
    view.began("😀 one")
    view.append("<b>two</b>\u00a0three")
    text = transcript(view)
    text.selectAll()
    QTest.keyClick(text, Key.Key_C, Modifier.ControlModifier)
    assert clipboard() == view.text()
    assert not QGuiApplication.clipboard().mimeData().hasHtml()
    cursor = text.textCursor()
    cursor.setPosition(text.document().find("one").selectionStart())
    cursor.setPosition(text.document().find("three").selectionStart(), QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    text.copy_selection()
    assert clipboard() == "one\n\nModel\n<b>two</b>\u00a0"


def test_another_model_is_said_not_to_know_what_is_above(view: Conversation) -> None:
    view.began("one")
    view.append("answer")
    view.ended(written(), False)
    view.show_model(model(path="/models/other.pth"))
    assert "other.pth has been opened" in view.text()
    view.copy_last()
    assert clipboard() == "answer"
    view.began("two")
    assert view.text().endswith("\n\nYou\ntwo\n\nModel\n")


def test_another_form_begins_a_new_conversation_and_says_so(view: Conversation, qtbot: QtBot) -> None:
    view.began("one")
    view.ended(written(), False)
    view.began("two")
    view.ended(written(), False)
    assert "new conversation" not in view.text()
    picker(view).setFocus()
    QTest.keyClick(picker(view), Key.Key_Down)
    view.began("three")
    view.ended(written(), False)
    assert view.text().count("new conversation") == 1
    view.set_mode("complete")
    view.began("Once")
    view.ended(written(), False)
    view.set_mode("chat")
    view.began("four")
    assert view.text().count("new conversation") == 2


# Templates and modes


def test_a_second_text_is_asked_for_where_the_template_has_one(view: Conversation, qtbot: QtBot) -> None:
    extra = view.findChild(Composer, "extra_editor")
    assert extra is not None
    assert not extra.isVisible()
    index = picker(view).findData("World instruction")
    picker(view).setFocus()
    for _ in range(index):
        QTest.keyClick(picker(view), Key.Key_Down)
    assert extra.isVisible()
    requests = asked(view)
    QTest.keyClicks(extra, "material")
    view.set_prompt("do it")
    view.send()
    picker(view).setCurrentIndex(0)
    view.send()
    assert requests == [("chat", "do it", "World instruction", "material"), ("chat", "do it", "World chat", "")]


def test_a_template_that_the_user_picked_outlives_a_change_of_model(view: Conversation, qtbot: QtBot) -> None:
    view.show_model(model("7.0"))
    assert picker(view).currentData() == "G1 chat"
    picker(view).setCurrentIndex(picker(view).findData("World chat") - 1)
    QTest.keyClick(picker(view), Key.Key_Down)
    assert picker(view).currentData() == "World chat"
    view.show_model(model("6.0"))
    view.show_model(model("7.0"))
    assert picker(view).currentData() == "World chat"


def test_the_window_hears_of_the_template_in_use(view: Conversation, qtbot: QtBot) -> None:
    told: list[str] = []
    view.template_changed.connect(told.append)
    view.show_model(model("7.0"))
    picker(view).setCurrentIndex(1)
    view.set_mode("complete")
    view.set_mode("chat")
    assert told == ["G1 chat", "G1 think", "", "G1 think"]


def test_the_two_buttons_switch_the_mode(view: Conversation, qtbot: QtBot) -> None:
    switch = view.findChild(QWidget, "complete_mode_button")
    assert switch is not None
    with qtbot.waitSignal(view.mode_changed) as told:
        QTest.mouseClick(switch, Button.LeftButton)
    assert told.args == ["complete"]
    assert page(view).isVisible()
    assert not composer(view).isVisible()
    assert not picker(view).isVisible()
    chat = view.findChild(QWidget, "chat_mode_button")
    assert chat is not None
    chat.setFocus()
    QTest.keyClick(chat, Key.Key_Space)
    assert view.mode() == "chat"
    assert composer(view).isVisible()


def test_the_mode_stays_while_the_model_writes(view: Conversation) -> None:
    view.began("one")
    view.set_mode("complete")
    assert view.mode() == "chat"
    view.ended(written(), False)
    view.set_mode("complete")
    assert view.mode() == "complete"


def test_a_model_without_a_form_of_chat_gets_the_page_and_is_told_why(view: Conversation) -> None:
    view.show_model(model("2.0", "characters"))
    chat = view.findChild(QWidget, "chat_mode_button")
    assert chat is not None
    assert view.mode() == "complete"
    assert not chat.isEnabled()
    assert "No form of chat" in chat.toolTip()
    view.set_mode("chat")
    assert view.mode() == "complete"
    view.show_model(model())
    assert chat.isEnabled()


def test_a_demo_model_gets_its_own_template(view: Conversation) -> None:
    view.show_model(model("4.0", "world", demo=True))
    assert [picker(view).itemData(at) for at in range(picker(view).count())] == ["Demo chat"]


def problem(view: Conversation, qtbot: QtBot, text: str) -> str:
    """What is said of a text shortly after it was typed."""
    said = label(view, "problem_label")
    view.set_prompt("x ")
    view.set_prompt(text)
    qtbot.waitUntil(lambda: not view.is_checking)
    return said.text() if said.isVisible() else ""


def test_only_mistakes_of_the_users_own_text_are_told(view: Conversation, qtbot: QtBot) -> None:
    assert problem(view, qtbot, "hello") == ""
    assert problem(view, qtbot, "a\n\nblank line and a space at the end ") == ""  # the template mends both
    assert "wide colon" in problem(view, qtbot, "Say it:\nUser：hi")
    assert problem(view, qtbot, "") == ""
    view.set_mode("complete")
    assert "ends with a space" in problem(view, qtbot, "Once upon ")
    assert problem(view, qtbot, "Once upon") == ""
    view.show_model(model("4.0", "hf"))
    assert "line break" in problem(view, qtbot, "Once upon")
    assert problem(view, qtbot, "\nOnce upon") == ""


def test_no_mistake_is_told_of_what_the_model_wrote(view: Conversation, qtbot: QtBot) -> None:
    view.set_mode("complete")
    view.set_prompt("Once")
    view.began("Once")
    view.append(" upon ")
    view.ended(written(), False)
    qtbot.waitUntil(lambda: not view.is_checking)
    assert not label(view, "problem_label").isVisible()
    QTest.keyClicks(page(view), "a ")
    qtbot.waitUntil(label(view, "problem_label").isVisible)


def test_mistakes_in_a_message_prepared_meanwhile_are_told_at_the_end(view: Conversation, qtbot: QtBot) -> None:
    view.began("one")
    view.set_prompt("Say:\nUser：hi")
    qtbot.waitUntil(lambda: not view.is_checking)
    assert not label(view, "problem_label").isVisible()
    view.ended(written(), False)
    qtbot.waitUntil(label(view, "problem_label").isVisible)
    view.began("two")
    assert not label(view, "problem_label").isVisible()


# Complete


def colour_at(edit: QPlainTextEdit, position: int) -> str:
    """Of the character before this position; "" for the usual one."""
    cursor = QTextCursor(edit.document())
    cursor.setPosition(position)
    ink = cursor.charFormat().foreground()
    return ink.color().name() if ink.style() != Qt.BrushStyle.NoBrush else ""


@pytest.fixture
def writing(view: Conversation) -> Conversation:
    view.set_mode("complete")
    view.set_prompt("Once")
    page(view).setFocus()
    return view


def test_ctrl_enter_asks_for_more_of_the_whole_text_and_enter_begins_a_line(
    writing: Conversation, qtbot: QtBot
) -> None:
    requests = asked(writing)
    QTest.keyClick(page(writing), Key.Key_Return)
    QTest.keyClicks(page(writing), "upon")
    QTest.keyClick(page(writing), Key.Key_Return, Modifier.ShiftModifier)
    assert not requests
    QTest.keyClick(page(writing), Key.Key_Return, Modifier.ControlModifier)
    QTest.mouseClick(button(writing, "send_button"), Button.LeftButton)
    assert requests == [("complete", "Once\nupon\n", "", "")] * 2
    assert button(writing, "send_button").text() == "Write"


def test_the_written_part_is_coloured_and_what_the_user_types_is_not(writing: Conversation, qtbot: QtBot) -> None:
    writing.began("Once")
    writing.append(" upon")
    writing.append(" a\ntime")
    writing.ended(written(), False)
    text, ink = page(writing), QColor(theme.current().accent).name()
    assert text.text() == "Once upon a\ntime"
    QTest.keyClicks(text, "!?")
    assert [colour_at(text, at) for at in (4, 5, 16, 17, 18)] == ["", ink, ink, "", ""]
    cursor = text.textCursor()
    cursor.setPosition(7)
    text.setTextCursor(cursor)
    QTest.keyClicks(text, "ZZ")
    QGuiApplication.clipboard().setText("PP")
    text.paste()
    text.inputMethodEvent(_commit("字"))
    assert text.text() == "Once upZZPP字on a\ntime!?"
    assert [colour_at(text, at) for at in (7, 8, 9, 10, 11, 12, 13)] == [ink, "", "", "", "", "", ink]


def _commit(text: str) -> QInputMethodEvent:
    event = QInputMethodEvent()
    event.setCommitString(text)
    return event


def test_typing_over_a_selection_of_written_text_is_the_users(writing: Conversation, qtbot: QtBot) -> None:
    writing.began("Once")
    writing.append(" upon a time")
    writing.ended(written(), False)
    text = page(writing)
    cursor = text.document().find("upon")
    text.setTextCursor(cursor)
    QTest.keyClick(text, Key.Key_C, Modifier.ControlModifier)
    assert text.text() == "Once upon a time"
    QTest.keyClicks(text, "in")
    assert text.text() == "Once in a time"
    assert colour_at(text, 7) == ""
    assert colour_at(text, 8) != ""


def test_all_that_was_written_in_one_go_is_undone_at_once(writing: Conversation, qtbot: QtBot) -> None:
    for _ in range(2):
        writing.began(writing.text())
        for piece in (" and", " on", "\nand on"):
            writing.append(piece)
        writing.ended(written(rest="."), False)
    text = page(writing)
    QTest.keyClick(text, Key.Key_Z, Modifier.ControlModifier)
    assert text.text() == "Once and on\nand on."
    QTest.keyClick(text, Key.Key_Z, Modifier.ControlModifier)
    assert text.text() == "Once"


def test_the_page_cannot_be_changed_while_the_model_writes(writing: Conversation, qtbot: QtBot) -> None:
    writing.began("Once")
    QTest.keyClicks(page(writing), "abc")
    QTest.keyClick(page(writing), Key.Key_Return)
    assert writing.text() == "Once"
    writing.ended(written("stopped"), True)
    QTest.keyClicks(page(writing), "abc")
    assert writing.text() == "Onceabc"


def test_a_prompt_from_elsewhere_becomes_the_text(writing: Conversation) -> None:
    writing.began("Another text")
    writing.append(" goes on")
    assert writing.text() == "Another text goes on"
    writing.copy_last()
    assert clipboard() == " goes on"


def test_a_change_of_theme_recolours_what_was_written(writing: Conversation, qtbot: QtBot) -> None:
    writing.began("Once")
    writing.append(" upon")
    writing.ended(written(), False)
    try:
        theme.apply("dark")
        assert colour_at(page(writing), 6) == theme.DARK.accent
        assert colour_at(page(writing), 2) == ""
    finally:
        theme.apply("light")
    assert colour_at(page(writing), 6) == theme.LIGHT.accent


# Scrolling, and long texts


@pytest.mark.parametrize("mode", ["chat", "complete"])
def test_the_view_follows_the_end_unless_the_user_has_scrolled_up(view: Conversation, mode: str, qtbot: QtBot) -> None:
    view.set_mode(mode)
    text: QTextEdit | QPlainTextEdit = transcript(view) if mode == "chat" else page(view)
    bar = text.verticalScrollBar()
    text.setFocus()
    view.began("hello")
    text.moveCursor(QTextCursor.MoveOperation.End)
    for number in range(100):
        view.append(f"line {number}\n")
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    bar.setValue(bar.maximum() // 2)
    kept, seen = bar.value(), text.cursorForPosition(QPoint(5, 5)).position()
    for number in range(100):
        view.append(f"line {number}\n")
    view.ended(written(rest="end"), False)
    view.grab()
    assert (bar.value(), text.cursorForPosition(QPoint(5, 5)).position()) == (kept, seen)
    bar.setValue(bar.maximum())
    for number in range(50):
        view.append(f"line {number}\n")
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    view.resize(400, 500)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    bar.setValue(0)
    view.began("a new message" if mode == "chat" else view.text())
    assert bar.value() == bar.maximum()


def test_a_selection_does_not_grow_with_what_is_written(view: Conversation) -> None:
    view.began("hello")
    view.append("one")
    transcript(view).selectAll()
    view.append(" two")
    view.append(" three")
    transcript(view).copy_selection()
    assert clipboard() == "You\nhello\n\nModel\none"


@pytest.mark.parametrize("mode", ["chat", "complete"])
def test_five_thousand_pieces_arrive_whole(view: Conversation, mode: str) -> None:
    pieces = [f" word{number}" + "\n" * (number % 40 == 39) for number in range(5000)]
    view.set_mode(mode)
    view.began("hello")
    for piece in pieces:
        view.append(piece)
    assert view.text().endswith("".join(pieces).lstrip(" "))


def test_one_endless_paragraph_is_broken_softly_and_copied_without_breaks(view: Conversation) -> None:
    """Laying out one paragraph of 100,000 characters takes tens of milliseconds for each word that is added to it."""
    view.began("hello")
    for _ in range(42):
        view.append(" word" * 400)
    assert view.text() == "You\nhello\n\nModel\n" + (" word" * 400 * 42).lstrip(" ")
    assert transcript(view).document().blockCount() > 400 * 42 * 5 // (LONG_PARAGRAPH * 2)


# For everyone


def test_every_control_has_a_name_for_tools_and_one_for_people(view: Conversation) -> None:
    kinds = (QPushButton, QComboBox, QPlainTextEdit, QTextEdit, QProgressBar)
    controls = [widget for kind in kinds for widget in view.findChildren(kind)]
    names = [widget.objectName() for widget in controls]
    assert len(controls) > 8
    assert all(names)
    assert len(set(names)) == len(names)
    assert all(widget.accessibleName() for widget in controls)


def test_the_keyboard_reaches_everything_and_leaves_the_editors(view: Conversation, qtbot: QtBot) -> None:
    view.began("hello")
    view.ended(written(), False)
    view.set_prompt("next")
    composer(view).setFocus()
    reached = set()
    for _ in range(20):
        focused = QGuiApplication.focusObject()
        assert isinstance(focused, QWidget)
        reached.add(focused.objectName())
        QTest.keyClick(focused, Key.Key_Tab)
    assert reached >= {"message_editor", "transcript", "template_combo", "copy_button", "clear_button", "send_button"}
    assert reached & {"chat_mode_button", "complete_mode_button"}
