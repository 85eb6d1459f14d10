"""Which tokens a text or the next message of a conversation is read as."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rwkv_backend.conversation import Talk
from rwkv_backend.records import TurnRecord
from rwkv_backend.templates import Turn

if TYPE_CHECKING:
    from rwkv_backend.timeline import Timeline
    from rwkv_backend.tokenizers import Tokenizer


def spelled(tokenizer: Tokenizer, text: str) -> tuple[list[int], int]:
    """As a fresh state reads it, and how many tokens that puts before it."""
    tokens, start = tokenizer.encode(text), tokenizer.start
    return ([start, *tokens], 1) if start is not None and tokens[:1] != [start] else (tokens, 0)


def with_message(timeline: Timeline, talk: Talk, message: str) -> tuple[list[int], Talk]:
    """All tokens up to where the answer to `message` begins, and the conversation before it."""
    template, encode = talk.template, timeline.tokenizer.encode
    assert template is not None
    if not talk.turns:
        tokens, added = spelled(timeline.tokenizer, template.prompt([Turn("user", message)], talk.extra))
        return tokens, replace(talk, added=added)
    last, following = talk.turns[-1], template.next_turn(message)
    if following.startswith(last.tail):
        return [*timeline.tokens[: last.end], *encode(following.removeprefix(last.tail))], talk
    end = _whole_tokens(timeline, last)  # the model wrote on into something else: back to where its answer ends
    rest = last.text.removeprefix(timeline.text(last.start, end))
    talk = replace(talk, turns=(*talk.turns[:-1], replace(last, end=end, tail="")))
    return [*timeline.tokens[:end], *encode(rest + following)], talk


def with_pick(talk: Talk, timeline: Timeline) -> Talk:
    """The conversation after a token that was put at the timeline's end: part of the answer, if one was being written."""
    n = len(timeline)
    if talk.turns and talk.turns[-1].end == n - 1:
        answer = talk.turns[-1].start if talk.turns[-1].speaker == "model" else n - 1
        talk = talk.told(timeline.text(answer), answer, n)
    return talk.picked(n)


def _whole_tokens(timeline: Timeline, answer: TurnRecord) -> int:
    """How far the tokens go that say nothing beyond the answer's text."""
    end = answer.end
    while end > answer.start and not answer.text.startswith(timeline.text(answer.start, end)):
        end -= 1
    return end
