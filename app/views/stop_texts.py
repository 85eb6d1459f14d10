"""Stop texts as a user types them in one line, and the other way round. Plain functions."""

from __future__ import annotations

import re

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", ",": ","}


def parse_stops(text: str) -> tuple[str, ...]:
    r"""Stop texts as a user types them: commas between them; \n, \t, \\ and \, stand for what cannot be typed."""
    parts = re.findall(r"(?:\\.|[^,\\]|\\$)+", text)
    return tuple(stop for part in parts if (stop := _unescaped(part.strip(" "))))


def _unescaped(part: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), part)


def spell_stops(stops: tuple[str, ...]) -> str:
    """The same stop texts as one would type them."""
    return ", ".join(_escaped(stop) for stop in stops)


def _escaped(stop: str) -> str:
    spelled = {sign: f"\\{letter}" for letter, sign in _ESCAPES.items()}
    return "".join(spelled.get(sign, sign) for sign in stop)
