"""What the analyses share: reading a text in chunks with a probe, frozen arrays, token texts, log-probabilities."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rwkv_backend.errors import SettingError, TokenError
from rwkv_backend.probe import Probe
from rwkv_backend.records import FloatArray, Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

NUMBERS_AT_ONCE = 2**23
"""In the largest array of logits: 32 MB, whatever the vocabulary."""

NUMBERS_NEAR = 2**19
"""In the largest array of a calculation that goes block by block: 2 MB, so that it stays in the processor's cache."""

CHUNK = 128
"""Tokens read at once with a probe: enough for speed, few enough that stopping is prompt and little is kept in vain."""

Found = dict[tuple[int, str], "Tensor"]
"""What a probe kept of a whole text: (layer, name) -> one row a token."""


def begin(model: RWKVModel, state: State | None) -> State:
    """The state to read on from: a copy of `state`, or that before any token."""
    return model.new_state() if state is None else state.clone()


def read_probed(
    model: RWKVModel,
    tokens: Sequence[int],
    state: State,
    wanted: Sequence[str],
    *,
    only_layer: int | None = None,
    last_only: Sequence[str] = (),
) -> Generator[Progress, None, Found]:
    """Read `tokens`, which advances `state`, and return what a probe keeps of each of them.

    only_layer: let go of all other layers'. last_only: names of which the last token's row is enough.
    """
    require_tokens(tokens)
    parts: dict[tuple[int, str], list[Tensor]] = {}
    began = time.perf_counter()
    for start in range(0, len(tokens), CHUNK):
        probe = Probe(*wanted, every=True)
        part = tokens[start : start + CHUNK]
        with torch.no_grad():
            model.forward(part, state, probe=probe)
        for (layer, name), value in probe.found.items():
            if only_layer in (None, layer):
                kept = [] if name in last_only else parts.setdefault((layer, name), [])
                kept.append(value[-1:].clone() if name in last_only else value)
                parts[layer, name] = kept
        yield Progress(start + len(part), len(tokens), "tokens", time.perf_counter() - began)
    return {place: values[0] if len(values) == 1 else torch.cat(values) for place, values in parts.items()}


def read_on(model: RWKVModel, tokens: Sequence[int], state: State) -> Tensor:
    """A copy of the logits after `tokens` (V,) float32; advances `state`."""
    with torch.no_grad():
        return model.forward(tokens, state).clone()


def blocks(count: int, row_numbers: int) -> Iterator[slice]:
    """Slices of `count` rows, each so short that its rows of `row_numbers` numbers fit NUMBERS_NEAR."""
    size = max(1, NUMBERS_NEAR // max(1, row_numbers))
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def log_probabilities(logits: Tensor) -> Tensor:
    """float64, on the CPU."""
    return torch.log_softmax(logits.detach().cpu().double(), -1)


def divergence(log_p: Tensor, log_q: Tensor) -> float:
    """KL(p ‖ q) in nats, never below 0."""
    return max(0.0, float((log_p.exp() * (log_p - log_q)).sum()))


def text_of(tokenizer: Tokenizer | None, token: int) -> str:
    data = b"" if tokenizer is None else tokenizer.bytes_of(token)
    return data.decode("utf-8", errors="backslashreplace") if data else f"<{token}>"


def require_tokens(tokens: Sequence[int], least: int = 1) -> None:
    if len(tokens) < least:
        raise TokenError(
            "There are no tokens to look at." if least == 1 else f"At least {least} tokens are needed here.",
        )


def require_layer(model: RWKVModel, layer: int) -> None:
    count = model.sizes.n_layer
    if not 0 <= layer < count:
        raise SettingError(f"There is no layer {layer}; this model has layers 0 to {count - 1}.")


def frozen(values: NDArray[Any] | Tensor) -> FloatArray:
    """float32, contiguous, read-only."""
    if isinstance(values, torch.Tensor):
        values = values.detach().float().cpu().numpy()
    array = np.array(values, dtype=np.float32, order="C")
    array.flags.writeable = False
    return array


def frozen_ids(values: Tensor) -> NDArray[np.int64]:
    array = np.array(values.cpu().numpy(), dtype=np.int64, order="C")
    array.flags.writeable = False
    return array
