"""Stopping in the middle of a long call.

What takes long here is a generator: it is stopped by closing it between two steps. But one step may be many tokens through
a large model. So whoever runs the steps says how to find out that he wants to stop (`interruptible`), and what takes long
asks now and then (`give_way`), only where it leaves nothing half done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(GeneratorExit):
    """Raised in a generator that would have been closed, had it come to its next step."""


class _Asked(threading.local):
    wanted: Callable[[], bool] | None = None


_asked = _Asked()


@contextmanager
def interruptible(wanted: Callable[[], bool]) -> Iterator[None]:
    """In this thread, calls within may end with Interrupted as soon as `wanted()` is true; whoever asked before still may."""
    before = _asked.wanted
    _asked.wanted = wanted if before is None else lambda: before() or wanted()
    try:
        yield
    finally:
        _asked.wanted = before


def give_way() -> None:
    """Raise Interrupted if whoever runs this thread's work wants it to stop."""
    if _asked.wanted is not None and _asked.wanted():
        raise Interrupted
