"""How much each token changed each layer's memory: the same numbers as `frames.activity`, for every token of a text.

What a layer remembers is copied after each token, which takes microseconds, and compared for many tokens together.

L layers that have a memory, K numbers a layer; in versions 1 to 4 two rows a layer, whose quotient is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.state import State

SMALLEST = 1e-20

BUFFER_BYTES = 2**19
MOST_TOGETHER = 32


class MemoryWatch:
    """Follows one state from token to token. `begin` before the first, `see` after each, `take` what has been found."""

    def __init__(self, blank: State) -> None:
        """blank: any state of the model."""
        self._having = [i for i, layer in enumerate(blank.layers) if "att.wkv" in layer or "att.denominator" in layer]
        self._matrices = any("att.wkv" in layer for layer in blank.layers)
        self._all = len(blank.layers)
        self._buffer: Tensor | None = None  # (moments, 1 or 2, L, K)
        self._indices: list[int] = []
        self._done: list[tuple[list[int], Tensor]] = []
        self.ready = False
        """Whether the state is followed: `see` may be called after the next token."""

    def begin(self, state: State) -> None:
        self.leave()
        if self._having:
            self._write(0, state)
            self.ready = True

    def leave(self) -> None:
        """The state went on without being seen, or was left."""
        self._compare()
        self.ready = False

    def see(self, index: int, state: State) -> None:
        """The token at `index` has been read, alone, since the last time."""
        if not self.ready:
            return
        assert self._buffer is not None
        self._indices.append(index)
        self._write(len(self._indices), state)
        if len(self._indices) + 1 == len(self._buffer):
            self._compare()

    def take(self) -> list[tuple[list[int], Tensor]]:
        """Indices of tokens, and |after − before| / |after| of each and each layer, NaN where there is no memory."""
        self._compare()
        done, self._done = self._done, []
        return done

    def _write(self, moment: int, state: State) -> None:
        rows = self._rows(state)
        if self._buffer is None:
            size = sum(len(part) * part[0].nbytes for part in rows)
            moments = 1 + max(1, min(MOST_TOGETHER, BUFFER_BYTES // size))
            self._buffer = rows[0][0].new_empty((moments, len(rows), len(rows[0]), rows[0][0].numel()))
        for place, part in enumerate(rows):
            torch.stack(part, out=self._buffer[moment, place])

    def _rows(self, state: State) -> list[list[Tensor]]:
        layers = [state.layers[i] for i in self._having]
        if self._matrices:
            return [[layer["att.wkv"].reshape(-1) for layer in layers]]
        return [[_top(layer) for layer in layers], [layer["att.denominator"] for layer in layers]]

    def _compare(self) -> None:
        count = len(self._indices)
        if not count:
            return
        assert self._buffer is not None
        seen = self._buffer[: count + 1]
        memory = seen[:, 0] if self._matrices else torch.where(seen[:, 1] > 0, seen[:, 0] / seen[:, 1], 0.0)
        size = torch.linalg.vector_norm(memory[1:], dim=2).clamp(min=SMALLEST)
        change = torch.linalg.vector_norm(memory[1:] - memory[:-1], dim=2) / size
        table = change.new_full((count, self._all), float("nan"))
        table[:, self._having] = change
        self._done.append((self._indices, table))
        self._buffer[0] = self._buffer[count]
        self._indices = []


def _top(layer: dict[str, Tensor]) -> Tensor:
    return layer["att.numerator"] if "att.numerator" in layer else layer["att.key_values"].sum(0)
