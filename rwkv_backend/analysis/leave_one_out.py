"""Leave one out: what the model would say next had it never read one of the tokens. Slow, but the plain truth.

For each token the text is read again without it, from the state just before it: T readings of on average T/2 tokens. All
that follows moves one position nearer, and the token shift meets another neighbour; both belong to "not having read it".
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rwkv_backend.analysis.reading import begin, divergence, frozen, log_probabilities, read_on, require_tokens
from rwkv_backend.analysis.records import LeaveOneOut
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State


def leave_one_out(
    model: RWKVModel, tokens: Sequence[int], *, target: int | None = None, state: State | None = None
) -> Generator[Progress | LeaveOneOut, None, LeaveOneOut]:
    """For every token but none of those in `state`, which is what was read before (it stays as it is).

    target: the token whose log-probability is followed; by default the likeliest after the whole text.
    """
    require_tokens(tokens, least=2)
    before, began = begin(model, state), time.perf_counter()
    whole = log_probabilities(read_on(model, tokens, before.clone()))
    target = int(whole.argmax()) if target is None else target
    apart, change = (np.full(len(tokens), np.nan) for _ in range(2))

    def so_far() -> LeaveOneOut:
        return LeaveOneOut(tuple(int(token) for token in tokens), frozen(apart), frozen(change), target)

    for place, token in enumerate(tokens):
        rest = tokens[place + 1 :]
        if rest:
            end = read_on(model, rest, before.clone())
            read_on(model, [token], before)
        else:  # the last token: the answer after the one before it
            end = read_on(model, tokens[:-1], begin(model, state))
        without = log_probabilities(end)
        apart[place] = divergence(whole, without)
        change[place] = float(whole[target] - without[target])
        yield Progress(place + 1, len(tokens), "tokens", time.perf_counter() - began)
        yield so_far()
    return so_far()
