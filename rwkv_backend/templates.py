"""How a message is wrapped for a model: prompt templates by family, the cleaning of messages, and known mistakes.

RWKV models are sensitive to the form of a prompt, as they cannot look back at it. A blank line ends a turn, so it must not
stand inside a message; and no space may follow "Assistant:", because the space belongs to the token of the first word.

A template says nothing about sampling (`presets`) and nothing about tokens: the tokenizer's start token is put before a
text by `generation`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Family = Literal["any", "demo", "characters", "pile", "raven", "world", "g1", "midi"]

Speaker = Literal["user", "model"]


@dataclass(frozen=True)
class Turn:
    """What one side said."""

    speaker: Speaker
    text: str


@dataclass(frozen=True)
class Template:
    """One form of prompt.

    ask        a message and what follows it up to where the model begins; just "{text}" where the model goes on writing
    opening    read once, before the first message
    closing    stands between an answer and the next message
    begins     the part of the answer that the prompt holds already; to be shown before what the model writes
    extra      name of a second text that the user may give ("" if there is none), such as a system prompt
    ask_extra  `ask` where the second text is given and belongs to the message
    opening_extra  the second text where it comes before the first message
    stops      texts that end an answer
    cleaning   what is done to the user's text, see `clean`
    source     a project and a file in it
    """

    name: str
    family: Family
    about: str
    source: str
    ask: str = "{text}"
    opening: str = ""
    closing: str = "\n\n"
    begins: str = ""
    extra: str = ""
    ask_extra: str = ""
    opening_extra: str = ""
    stops: tuple[str, ...] = ("\n\n",)
    cleaning: Literal["message", "text", "lines"] = "message"

    @property
    def takes_turns(self) -> bool:
        """Whether there are questions and answers; if not, the model goes on with the user's own text."""
        return self.ask != "{text}"

    def clean(self, text: str) -> str:
        """The user's text as the model expects it: a message, a text with plain line ends, or lines without blank ones."""
        return {"message": clean_message, "text": plain_line_ends, "lines": clean_lines}[self.cleaning](text)

    def prompt(self, turns: Sequence[Turn], extra: str = "") -> str:
        """The whole text to read, from the beginning to where the model goes on.

        After a user's turn the answer is open; after a model's turn the model goes on with that answer.
        """
        if not self.takes_turns:
            text = "".join(self.clean(turn.text) if turn.speaker == "user" else turn.text for turn in turns)
            return text if text.startswith(self.opening) else self.opening + text
        extra = clean_message(extra)
        parts = [self.opening]
        if extra and self.opening_extra:
            parts.append(self.opening_extra.replace("{extra}", extra))
        parts += (self._part(turns, place, extra) for place in range(len(turns)))
        return "".join(parts)

    def next_turn(self, text: str, tail: str = "") -> str:
        """What to read after an answer to ask `text` next.

        tail is what the state has read beyond the answer (`Finished.tail`): the stop string, which often is the beginning
        of the next turn already. If it is anything else the state had better be rewound first; the turn then begins anew.
        """
        if not self.takes_turns:
            return self.clean(text)
        following = self.closing + self._asked(text) + self._begun()
        return following.removeprefix(tail)

    def _part(self, turns: Sequence[Turn], place: int, extra: str) -> str:
        turn, last = turns[place], place == len(turns) - 1
        if turn.speaker == "model":
            return self._joint() + clean_message(turn.text)
        asked = self._asked(turn.text, extra if place == 0 else "")
        return (self.closing if place else "") + asked + (self._begun() if last else "")

    def _asked(self, text: str, extra: str = "") -> str:
        form = self.ask_extra if extra and self.ask_extra else self.ask
        before, after = form.split("{text}")
        return before + self.clean(text) + after.replace("{extra}", extra)

    def _begun(self) -> str:
        return self._joint() + self.begins if self.begins else ""

    def _joint(self) -> str:
        """What stands between "Assistant:" and the answer."""
        return "" if self.ask.endswith("\n") else " "


def plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def clean_message(text: str) -> str:
    """Without space around it and without blank lines. Source: API_DEMO_CHAT.py of ChatRWKV."""
    return re.sub(r"\n+", "\n", plain_line_ends(text).strip())


def clean_lines(text: str) -> str:
    """Each line without space around it, blank ones left out. Source: `refine_context` of RWKV-LM and AI-Writer."""
    lines = (line.strip() for line in plain_line_ends(text).split("\n"))
    return "\n".join(line for line in lines if line)


_WORLD_GREETING = (
    "User: hi\n\nAssistant: Hi. I am your assistant and I will provide expert full response in full details. "
    "Please feel free to ask any question and I will always answer it.\n\n"
)
_ASSISTANT = "User: {text}\n\nAssistant:"
_G1 = "RWKV-LM / RWKV-v7/RWKV7-G1x-templates.txt"


def _g1(name: str, about: str, suffix: str = "", begins: str = "") -> Template:
    return Template(
        name,
        "g1",
        about,
        _G1,
        ask=f"User: {{text}}{suffix}\n\nAssistant:",
        begins=begins,
        extra="System",
        opening_extra="System: {extra}\n\n",
        stops=("\n\nUser:",),
    )


TEMPLATES = (
    Template(
        "Demo chat",
        "demo",
        "A talk with one of the small models that come with this program.",
        "this program",
        ask=_ASSISTANT,
    ),
    Template(
        "Demo story",
        "demo",
        "The model goes on with your text. Try a title, a blank line and the first words.",
        "this program",
        stops=(),
        cleaning="text",
    ),
    Template(
        "World chat",
        "world",
        "A talk after one exchange of greetings.",
        "ChatRWKV / API_DEMO_CHAT.py",
        ask=_ASSISTANT,
        opening=_WORLD_GREETING,
    ),
    Template(
        "World question",
        "world",
        "A talk without the greetings, as fits a tuned state.",
        "ChatRWKV / API_DEMO_CHAT.py",
        ask=_ASSISTANT,
    ),
    Template(
        "World instruction",
        "world",
        "A task, and if you like the material that it is about.",
        "BlinkDL/rwkv-4-world / README.md",
        ask="Instruction: {text}\n\nResponse:",
        extra="Input",
        ask_extra="Instruction: {text}\n\nInput: {extra}\n\nResponse:",
    ),
    Template(
        "World question about a text",
        "world",
        "A text, then a question about it.",
        "BlinkDL/rwkv-4-world / README.md",
        ask="Question: {text}\n\nAnswer:",
        extra="Text",
        opening_extra="{extra}\n\n",
    ),
    _g1("G1 chat", "The model answers at once."),
    _g1("G1 think", "The model thinks first, then answers.", begins="<think"),
    _g1("G1 think a bit", "The model thinks briefly first.", " (think a bit)", "<think"),
    _g1("G1 think a lot", "The model thinks at length first.", " (think a lot)", "<think"),
    _g1(
        "G1 fast",
        "The model is told that it has thought already: quick, and better than no thought.",
        "",
        "<think>\n</think",
    ),
    Template(
        "Pile text",
        "pile",
        "The model goes on with your text, which a line break is put before.",
        "RWKV-LM / run.py",
        opening="\n",
        stops=(),
        cleaning="text",
    ),
    Template(
        "Raven instruction",
        "raven",
        "A task in the form that Raven was tuned on (+i in ChatRWKV).",
        "ChatRWKV / v2/chat.py",
        ask="# Instruction:\n{text}\n\n# Response:\n",
        opening="\nBelow is an instruction that describes a task. "
        "Write a response that appropriately completes the request.\n\n",
        stops=("\n\n# Instruction:",),
    ),
    Template(
        "Raven question",
        "raven",
        "A question to be answered freely (+qq in ChatRWKV).",
        "ChatRWKV / v2/chat.py",
        ask="Q: {text}\nA:",
        opening="\n",
        stops=("\n\n", "\nQ:"),
    ),
    Template(
        "Raven chat (Bob and Alice)",
        "raven",
        "A friendly talk after a short introduction.",
        "after ChatRWKV / v2/prompt/default/English-2.py",
        ask="Bob: {text}\n\nAlice:",
        opening="\nBob talks with his friend Alice, who is kind, knows a great deal and answers at length.\n\n"
        "Bob: Good morning, Alice! How are you?\n\n"
        "Alice: Good morning, Bob! I am very well. I have been reading about the stars all week.\n\n",
    ),
    Template(
        "Raven questions (User and Bot)",
        "raven",
        "Questions and factual answers after two examples.",
        "after ChatRWKV / v2/prompt/default/English-1.py",
        ask="User: {text}\n\nBot:",
        opening="\nA user asks an AI assistant called Bot, which knows a great deal and answers precisely and politely.\n\n"
        "User: who wrote hamlet\n\nBot: William Shakespeare wrote Hamlet, around the year 1600.\n\n"
        "User: 12-5=?\n\nBot: The answer is 7.\n\n",
    ),
    Template(
        "Novel",
        "characters",
        "The model goes on with your text; blank lines and the space around lines are removed.",
        "AI-Writer / run.py",
        opening="\n",
        stops=(),
        cleaning="lines",
    ),
    Template(
        "Plain text",
        "any",
        "The model goes on with your text, to which nothing is added.",
        "this program",
        stops=(),
        cleaning="text",
    ),
)


def templates_for(version: str, tokenizer_kind: str, demo: bool = False) -> tuple[Template, ...]:
    """All templates that make sense for such a model, its default first. The arguments are those of `families_for`."""
    families = (*families_for(version, tokenizer_kind, demo), "any")
    return tuple(template for family in families for template in TEMPLATES if template.family == family)


def families_for(version: str, tokenizer_kind: str, demo: bool = False) -> tuple[Family, ...]:
    """The families that a model may belong to, the likeliest first. A Raven file cannot be told from a Pile one.

    version         the generation, "1" to "7", or a variant such as "5.2"
    tokenizer_kind  the tokenizer's `kind`: "world", "hf", "characters", "bytes", "ascii"
    demo            whether it is one of the small models that come with this program
    """
    if demo:
        return ("demo",)
    if tokenizer_kind == "world":
        return ("g1", "world") if version.startswith("7") else ("world",)
    if tokenizer_kind == "hf":
        return ("pile", "raven", "midi") if version.startswith("4") else ("pile", "midi")
    return ("characters",) if tokenizer_kind == "characters" else ()


# Known mistakes


def problems(prompt: str, template: Template) -> list[str]:
    """What is known to make a model write worse after this prompt, in plain sentences; none for a good one."""
    if not prompt:
        return []
    return [sentence for check in _CHECKS if (sentence := check(prompt, template))]


def _line_ends(prompt: str, template: Template) -> str:
    return "The prompt holds Windows line ends; models were trained with plain ones." if "\r" in prompt else ""


def _trailing_space(prompt: str, template: Template) -> str:
    if template.family == "characters" or not prompt.endswith((" ", "\t", "\u3000")):
        return ""
    return "The prompt ends with a space: leave it out, as the model writes the space together with the next word."


def _missing_start(prompt: str, template: Template) -> str:
    if not template.opening.startswith("\n") or prompt.startswith("\n"):
        return ""
    return "The prompt does not begin with a line break, as the texts did that this model has learned from."


def _wide_colon(prompt: str, template: Template) -> str:
    if not template.takes_turns or not re.search(f"^({'|'.join(_names(template))})：", prompt, re.MULTILINE):
        return ""
    return 'A name is followed by the wide colon "：": use ":", which the model was trained with.'


def _closed_tag(prompt: str, template: Template) -> str:
    if not template.begins or not prompt.endswith(("<think>", "</think>")):
        return ""
    return (
        'The prompt ends with a closed tag: leave out the last ">", as the model writes it together with what follows.'
    )


def _blank_end(prompt: str, template: Template) -> str:
    if not re.search(r"\n[ \t]*\n$", prompt):
        return ""
    if template.takes_turns:
        return "The prompt ends with a blank line, which tells the model that the turn is over."
    if template.family in ("pile", "raven"):
        return "The prompt ends with a blank line, which becomes a single token that this model hardly knows."
    return ""


def _blank_inside(prompt: str, template: Template) -> str:
    if not template.takes_turns or "\n\n" not in _last_message(prompt, template):
        return ""
    return "Your message holds a blank line, which the model takes for the end of the turn: use single line breaks."


def _no_answer(prompt: str, template: Template) -> str:
    if not template.takes_turns:
        return ""
    user, model = (prompt.rfind(mark) for mark in _marks(template))
    if model > user:
        return ""
    mark = _marks(template)[1].strip()
    return f'The prompt does not end with "{mark}": the model may go on with your message instead of answering it.'


def _last_message(prompt: str, template: Template) -> str:
    user, model = _marks(template)
    message = prompt.rpartition(user)[2].partition(model)[0]
    if template.ask_extra:
        message = message.partition(f"\n\n{template.extra}:")[0]
    return message.strip()


def _marks(template: Template) -> tuple[str, str]:
    """What stands before a message and before an answer: "User:" and "Assistant:"."""
    before, after = template.ask.split("{text}")
    return before.strip(), after.strip().splitlines()[-1]


def _names(template: Template) -> list[str]:
    return [re.escape(mark.removesuffix(":")) for mark in _marks(template)]


_CHECKS = (
    _line_ends,
    _trailing_space,
    _missing_start,
    _wide_colon,
    _closed_tag,
    _blank_end,
    _blank_inside,
    _no_answer,
)
