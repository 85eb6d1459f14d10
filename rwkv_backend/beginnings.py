"""A prompt on its way into a timeline: what of it is known from other texts, and what of it is worth keeping for more.

A text that begins anew takes over the longest beginning whose state is kept. While it is read, the state is kept where it
leaves an earlier text, and at its end. A prompt that only goes on from what its timeline holds is remembered, no more: a long
conversation shall not push out what others begin with. Neither happens where the memory was edited.
"""

from __future__ import annotations

from collections.abc import Sequence

from rwkv_backend.prefix_cache import BUDGET, SHORTEST, Found, PrefixCache
from rwkv_backend.timeline import Timeline

SHARE = 4
"""One part in so many of the budget for going back is what beginnings may take besides, up to the cache's own limit."""


def budget_beside(budget: int) -> int:
    """Bytes for beginnings where going back may take `budget`."""
    return min(BUDGET, budget // SHARE)


class Beginning:
    """What `cache` knows of the text that `tokens` make after those of `timeline`."""

    def __init__(self, cache: PrefixCache, timeline: Timeline, tokens: Sequence[int], take: bool = True) -> None:
        """take: False: what is kept must not be used, only added to."""
        self._cache, self._timeline = cache, timeline
        self._text = [*timeline.tokens, *tokens] if tokens and not timeline.edited_at else []
        self.found: Found | None = cache.longest(self._text, len(timeline)) if take else None
        self._start = len(timeline) if self.found is None else self.found.length
        self.known: int = self._start - len(timeline)
        """How many of the tokens need not be read."""
        self._keeping = self._places() if self.found is not None or not len(timeline) else ()

    @property
    def pauses(self) -> tuple[int, ...]:
        """After how many of the tokens that remain to be read the state is wanted."""
        return tuple(place - self._start for place in self._keeping)

    def take(self) -> None:
        """Put what was found in place of what the timeline has."""
        if self.found is not None:
            self._timeline.begin_with(self._text[: self.found.length], self.found)

    def reached(self) -> None:
        """A chunk was read: keep the state if the timeline is at the right place."""
        timeline, place = self._timeline, len(self._timeline)
        if place in self._keeping and timeline.logits is not None:
            self._cache.keep(self._text[:place], timeline.state, timeline.logits, timeline.pieces)
        elif place == len(self._text):
            self._cache.remember(self._text)

    def _places(self) -> tuple[int, ...]:
        """Where this text leaves another, if that is worth it, and its end, as far as they are still to be read."""
        shared = self._cache.shared(self._text)
        places = (shared if shared >= SHORTEST else 0, len(self._text))
        return tuple(dict.fromkeys(place for place in places if place > self._start))
