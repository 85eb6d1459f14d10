"""Prompt templates: the exact texts, turns that follow each other, and warnings about known mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rwkv_backend import templates
from rwkv_backend.templates import TEMPLATES, Template, Turn, problems, templates_for

BY_NAME = {template.name: template for template in TEMPLATES}
TURN_TAKING = [template for template in TEMPLATES if template.takes_turns]


def asks(text: str) -> Turn:
    return Turn("user", text)


def answers(text: str) -> Turn:
    return Turn("model", text)


# The texts

GREETING = (
    "User: hi\n\nAssistant: Hi. I am your assistant and I will provide expert full response in full details. "
    "Please feel free to ask any question and I will always answer it.\n\n"
)

PROMPTS = [
    ("Demo chat", "User: Why?\n\nAssistant:"),
    ("Demo story", "Why?"),
    ("World chat", GREETING + "User: Why?\n\nAssistant:"),
    ("World question", "User: Why?\n\nAssistant:"),
    ("World instruction", "Instruction: Why?\n\nResponse:"),
    ("World question about a text", "Question: Why?\n\nAnswer:"),
    ("G1 chat", "User: Why?\n\nAssistant:"),
    ("G1 think", "User: Why?\n\nAssistant: <think"),
    ("G1 think a bit", "User: Why? (think a bit)\n\nAssistant: <think"),
    ("G1 think a lot", "User: Why? (think a lot)\n\nAssistant: <think"),
    ("G1 fast", "User: Why?\n\nAssistant: <think>\n</think"),
    ("Pile text", "\nWhy?"),
    (
        "Raven instruction",
        "\nBelow is an instruction that describes a task. Write a response that appropriately completes the request."
        "\n\n# Instruction:\nWhy?\n\n# Response:\n",
    ),
    ("Raven question", "\nQ: Why?\nA:"),
    ("Novel", "\nWhy?"),
    ("Plain text", "Why?"),
]


@pytest.mark.parametrize(("name", "prompt"), PROMPTS)
def test_the_exact_prompt(name: str, prompt: str) -> None:
    assert BY_NAME[name].prompt([asks("Why?")]) == prompt


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("Raven chat (Bob and Alice)", "\n\nBob: Why?\n\nAlice:"),
        ("Raven questions (User and Bot)", "\n\nUser: Why?\n\nBot:"),
    ],
)
def test_introductions_start_with_a_line_break_and_end_with_the_question(name: str, end: str) -> None:
    prompt = BY_NAME[name].prompt([asks("Why?")])
    assert prompt.startswith("\n")
    assert prompt.endswith(end)
    assert "\n\n\n" not in prompt


def test_every_template_is_covered() -> None:
    introduced = ["Raven chat (Bob and Alice)", "Raven questions (User and Bot)"]
    assert sorted([name for name, _ in PROMPTS] + introduced) == sorted(BY_NAME)
    assert len(BY_NAME) == len(TEMPLATES)
    for template in TEMPLATES:
        assert template.about.endswith(".")
        assert template.source == "this program" or " / " in template.source


def test_the_second_text_stands_where_it_belongs() -> None:
    why = [asks("Why?")]
    assert BY_NAME["G1 chat"].prompt(why, "Be brief.") == "System: Be brief.\n\nUser: Why?\n\nAssistant:"
    instruction = BY_NAME["World instruction"].prompt(why, "The sky is blue.")
    assert instruction == "Instruction: Why?\n\nInput: The sky is blue.\n\nResponse:"
    about = BY_NAME["World question about a text"].prompt(why, "The sky\n\nis blue.")
    assert about == "The sky\nis blue.\n\nQuestion: Why?\n\nAnswer:"
    for template in TEMPLATES:
        assert bool(template.extra) == ("{extra}" in template.ask_extra + template.opening_extra)


def test_several_turns() -> None:
    turns = [asks("One?"), answers("First."), asks("Two?"), answers("Second."), asks("Three?")]
    assert BY_NAME["World question"].prompt(turns) == (
        "User: One?\n\nAssistant: First.\n\nUser: Two?\n\nAssistant: Second.\n\nUser: Three?\n\nAssistant:"
    )
    thought = [asks("One?"), answers("<think>Hm.</think> First."), asks("Two?")]
    assert BY_NAME["G1 think"].prompt(thought, "Be brief.") == (
        "System: Be brief.\n\nUser: One?\n\nAssistant: <think>Hm.</think> First.\n\nUser: Two?\n\nAssistant: <think"
    )


def test_an_answer_at_the_end_is_gone_on_with() -> None:
    turns = [asks("One?"), answers("It is ")]
    assert BY_NAME["World question"].prompt(turns) == "User: One?\n\nAssistant: It is"
    assert BY_NAME["G1 think"].prompt(turns) == "User: One?\n\nAssistant: It is"
    assert BY_NAME["Plain text"].prompt([asks("Once "), answers("upon")]) == "Once upon"


@pytest.mark.parametrize("template", TURN_TAKING, ids=lambda template: template.name)
def test_reading_turn_by_turn_reads_what_the_whole_prompt_holds(template: Template) -> None:
    """A chat that goes on from the state must not differ from one that is read again from the beginning."""
    joint = "" if template.begins or template.ask.endswith("\n") else " "
    read = template.prompt([asks("One?")], "Extra.") + joint + "First." + template.next_turn("Two?")
    turns = [asks("One?"), answers(template.begins + "First."), asks("Two?")]
    assert read == template.prompt(turns, "Extra.")


@pytest.mark.parametrize("template", TURN_TAKING, ids=lambda template: template.name)
def test_what_the_stop_string_said_already_is_not_said_again(template: Template) -> None:
    following = template.next_turn("Two?")
    fitting = [stop for stop in template.stops if following.startswith(stop)]
    assert fitting
    for stop in fitting:
        assert stop + template.next_turn("Two?", tail=stop) == following


def test_after_a_tail_that_does_not_fit_the_turn_begins_anew() -> None:
    template = BY_NAME["World question"]
    assert template.next_turn("Two?", tail="\n\nBob") == "\n\nUser: Two?\n\nAssistant:"


def test_text_templates_simply_go_on() -> None:
    assert BY_NAME["Plain text"].next_turn(" and then") == " and then"
    assert BY_NAME["Pile text"].prompt([asks("\nOnce")]) == "\nOnce"


# Cleaning


def test_messages_lose_blank_lines_and_the_space_around() -> None:
    assert templates.clean_message("  a\r\n\r\nb\n\n\n c \n") == "a\nb\n c"


def test_lines_lose_the_space_around_them_and_blank_ones_go() -> None:
    assert templates.clean_lines("\u3000\u3000a \r\n\n  b\n") == "a\nb"


def test_a_text_keeps_its_form() -> None:
    assert BY_NAME["Plain text"].clean("Title\r\n\r\n  a ") == "Title\n\n  a "


@settings(deadline=None)
@given(st.text("a \n\r\t{}\u3000"))
def test_a_cleaned_message_ends_no_turn_and_stays_as_it_is(text: str) -> None:
    cleaned = templates.clean_message(text)
    assert "\n\n" not in cleaned
    assert "\r" not in cleaned
    assert cleaned == cleaned.strip() == templates.clean_message(cleaned)


def test_braces_in_a_message_are_only_braces() -> None:
    assert BY_NAME["World instruction"].prompt([asks("{text} {extra} {0}")], "{text}") == (
        "Instruction: {text} {extra} {0}\n\nInput: {text}\n\nResponse:"
    )


# Choice


@pytest.mark.parametrize(
    ("version", "tokenizer_kind", "demo", "default"),
    [
        ("1", "hf", True, "Demo chat"),
        ("1", "characters", False, "Novel"),
        ("3", "hf", False, "Pile text"),
        ("4", "hf", False, "Pile text"),
        ("4", "world", False, "World chat"),
        ("5.2", "world", False, "World chat"),
        ("6", "world", False, "World chat"),
        ("7", "world", False, "G1 chat"),
        ("4", "bytes", False, "Plain text"),
        ("5", "ascii", False, "Plain text"),
    ],
)
def test_each_kind_of_model_has_its_default_first(version: str, tokenizer_kind: str, demo: bool, default: str) -> None:
    found = templates_for(version, tokenizer_kind, demo)
    assert found[0].name == default
    assert found[-1].name == "Plain text"


def test_raven_templates_are_for_version_4_with_the_pile_tokenizer() -> None:
    def has_raven(version: str, kind: str) -> bool:
        return any(template.family == "raven" for template in templates_for(version, kind))

    assert has_raven("4", "hf")
    assert not has_raven("3", "hf")
    assert not has_raven("4", "world")


# Known mistakes


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_no_template_makes_a_prompt_with_known_mistakes(template: Template) -> None:
    for turns in (
        [asks("Tell me\n\n of the sea. ")] if template.takes_turns else [asks("Once upon")],
        [asks("Hello."), answers("Hi."), asks("Why?")] if template.takes_turns else [asks("Once"), answers(" upon")],
    ):
        assert problems(template.prompt(turns, "A text."), template) == []
    assert problems("", template) == []


@pytest.mark.parametrize(
    ("name", "prompt", "part"),
    [
        ("World chat", "User: Why?\n\nAssistant: ", "ends with a space"),
        ("Plain text", "Once upon ", "ends with a space"),
        ("Pile text", "\nOnce upon\t", "ends with a space"),
        ("World chat", "User: Why?\r\n\r\nAssistant:", "Windows line ends"),
        ("Pile text", "Once upon", "does not begin with a line break"),
        ("Raven question", "Q: Why?\nA:", "does not begin with a line break"),
        ("World chat", "User：Why?\n\nAssistant:", "wide colon"),
        ("G1 think", "User: Why?\n\nAssistant: <think>", "closed tag"),
        ("G1 fast", "User: Why?\n\nAssistant: <think>\n</think>", "closed tag"),
        ("World chat", "User: Why?\n\nAssistant:\n\n", "the turn is over"),
        ("Pile text", "\nOnce upon a time.\n\n", "a single token"),
        ("World chat", "User: Why?\n\nAnd how?\n\nAssistant:", "single line breaks"),
        ("World chat", "User: Why?", 'does not end with "Assistant:"'),
        ("World instruction", "Do it.", 'does not end with "Response:"'),
    ],
)
def test_known_mistakes_are_named(name: str, prompt: str, part: str) -> None:
    found = problems(prompt, BY_NAME[name])
    assert any(part in sentence for sentence in found)
    assert all(sentence.endswith(".") for sentence in found)


def test_space_at_the_end_is_no_mistake_for_a_model_of_characters() -> None:
    assert problems("\nOnce ", BY_NAME["Novel"]) == []


def test_one_mistake_gives_one_sentence() -> None:
    assert len(problems("User: Why?\n\nAssistant: ", BY_NAME["World chat"])) == 1
    assert len(problems("User: Why?\n\nAnd how?\n\nAssistant:", BY_NAME["World chat"])) == 1
