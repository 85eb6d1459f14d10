"""Copies of states for going back, and what they may take.

A checkpoint packs a state's fields of fixed size into one tensor. A field that grows with the text (version 1, 4b, copy
heads) is kept as rows that never change once they are there; a later checkpoint adds its new rows to those of the one
before. So no row is stored twice, and forks share everything with what they left.

A `Shelf` holds the checkpoints of one timeline in order. All shelves of a `CheckpointStore` share its budget. When it is
passed, checkpoints go, oldest first, so that the longest gap between two grows as little as possible: gaps double where
they have to, near the beginning before near the end. If not even one fits, going back means reading from the start.
"""

from __future__ import annotations

import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from rwkv_backend.later import torch

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.state import State

SPACING = 16
"""Tokens from one checkpoint to the next while the budget allows it."""

FILLED = 64
"""Tokens between checkpoints that are added where a text is read again and none had been."""

LEFT_AFTER_THINNING = 0.9
"""Part of the budget that is used after thinning, so that it is not done for every token."""

V = TypeVar("V")
Place = tuple[int, str]
"""A field of a state: the layer (−1: shared) and the name."""


class Meter:
    """How many bytes are in use."""

    def __init__(self) -> None:
        self.bytes = 0


class Counted(Generic[V]):
    """Something that never changes and that several may hold; the meter counts it once, as long as anyone does."""

    __slots__ = ("_bytes", "_meter", "value")

    def __init__(self, value: V, size: int, meter: Meter) -> None:
        self.value, self._bytes, self._meter = value, size, meter
        meter.bytes += size

    def __del__(self) -> None:
        self._meter.bytes -= self._bytes


Rows = tuple[Counted["Tensor"], ...]


class Checkpoint:
    """A state after `position` tokens, and the logits after them. A pinned one is never thinned out."""

    def __init__(
        self,
        position: int,
        state: State,
        logits: Tensor | None,
        meter: Meter,
        before: Checkpoint | None = None,
        pinned: bool = False,
    ) -> None:
        """before: an earlier checkpoint of the same text, with which rows are shared."""
        self.position = position
        self.tokens_seen = state.tokens_seen
        self.pinned = pinned
        fixed = [tensor.reshape(-1) for _, tensor in fields_of(state, growing=False)]
        self._fixed = _counted(torch.cat(fixed) if fixed else torch.zeros(0), meter)
        self._logits = None if logits is None else _counted(logits.detach().clone(), meter)
        self._rows: dict[Place, tuple[int, Rows]] = {
            place: (len(tensor), self._shared(place, tensor, before, meter))
            for place, tensor in fields_of(state, growing=True)
        }

    @property
    def logits(self) -> Tensor | None:
        return None if self._logits is None else self._logits.value

    def restore(self, model_of: State) -> State:
        """The state again, sharing nothing with the checkpoint. model_of: any state of the same model."""
        state = model_of.draft()
        rest = self._fixed.value
        for (layer, name), like in fields_of(model_of, growing=False):
            own, rest = rest[: like.numel()], rest[like.numel() :]
            _part(state, layer)[name] = own.clone().view(like.shape)
        for (layer, name), (length, rows) in self._rows.items():
            blocks = [block.value for block in rows]
            whole = torch.cat(blocks)
            _part(state, layer)[name] = whole[len(whole) - length :]
        state.tokens_seen = self.tokens_seen
        return state

    def _shared(self, place: Place, tensor: Tensor, before: Checkpoint | None, meter: Meter) -> Rows:
        """The rows of one field: those of the checkpoint before, as far as they are still in the state, and the new ones."""
        if before is not None:
            length, rows = before._rows[place]
            new = self.tokens_seen - before.tokens_seen
            if length + new >= len(tensor) >= new:
                added = (_counted(tensor[len(tensor) - new :].clone(), meter),) if new else ()
                return _last_rows((*rows, *added), len(tensor))
        return (_counted(tensor.clone(), meter),)


def fields_of(state: State, growing: bool) -> Iterator[tuple[Place, Tensor]]:
    """The tensors of a state that grow with the text, or those that do not, always in the same order."""
    from rwkv_backend.state import GROWING_AXIS

    grows = {field.name for field in state.fields if field.axes[0] == GROWING_AXIS}
    for layer, part in [*enumerate(state.layers), (-1, state.shared)]:
        for name, tensor in part.items():
            if (name in grows) == growing:
                yield (layer, name), tensor


def _part(state: State, layer: int) -> dict[str, Tensor]:
    return state.shared if layer < 0 else state.layers[layer]


def _counted(tensor: Tensor, meter: Meter) -> Counted[Tensor]:
    return Counted(tensor, tensor.nbytes, meter)


def _last_rows(rows: Rows, length: int) -> Rows:
    """As many of the last blocks as hold `length` rows."""
    held = sum(len(block.value) for block in rows)
    first = 0
    while first < len(rows) - 1 and held - len(rows[first].value) >= length:
        held -= len(rows[first].value)
        first += 1
    return rows[first:]


class Shelf:
    """The checkpoints of one timeline, in the order of their positions."""

    def __init__(self, store: CheckpointStore, held: list[Checkpoint]) -> None:
        self._store = store
        self._held = held
        store.shelves.add(self)

    @property
    def positions(self) -> tuple[int, ...]:
        return tuple(checkpoint.position for checkpoint in self._held)

    @property
    def last(self) -> Checkpoint | None:
        return self._held[-1] if self._held else None

    def nearest(self, n: int) -> Checkpoint | None:
        """The last one at or before `n`; None: the beginning."""
        place = bisect_right(self._held, n, key=_position)
        return self._held[place - 1] if place else None

    def add(self, position: int, state: State, logits: Tensor | None, pinned: bool = False) -> None:
        """Keep a copy after all that are held already; a pinned one shares no rows, as it may have been edited."""
        while self._held and self._held[-1].position >= position:
            if not pinned:
                return
            self._held.pop()
        before = None if pinned else self.last
        self._held.append(Checkpoint(position, state, logits, self._store.meter, before, pinned))
        self._store.thin()

    def fill(self, position: int, state: State, logits: Tensor | None) -> None:
        """Keep a copy amid the others where they are far apart, if the budget has room for it."""
        before = self.nearest(position)
        if position - (before.position if before is not None else 0) < FILLED:
            return
        made = Checkpoint(position, state, logits, self._store.meter, before)
        if self._store.meter.bytes <= self._store.budget:
            self._held.insert(bisect_left(self._held, position, key=_position), made)

    def cut(self, n: int) -> None:
        """Forget those after `n`."""
        del self._held[bisect_right(self._held, n, key=_position) :]

    def fork(self, n: int) -> Shelf:
        return Shelf(self._store, self._held[: bisect_right(self._held, n, key=_position)])

    def gap_without(self, checkpoint: Checkpoint) -> float:
        """From the one before to the one after it; 0 if it is not here. The last one is given up last."""
        place = bisect_left(self._held, checkpoint.position, key=_position)
        if place == len(self._held) or self._held[place] is not checkpoint:
            return 0
        if place + 1 == len(self._held):
            return float("inf")
        return self._held[place + 1].position - (self._held[place - 1].position if place else 0)

    def __contains__(self, position: int) -> bool:
        nearest = self.nearest(position)
        return nearest is not None and nearest.position == position

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(list(self._held))

    def remove(self, checkpoint: Checkpoint) -> None:
        place = bisect_left(self._held, checkpoint.position, key=_position)
        if place < len(self._held) and self._held[place] is checkpoint:
            del self._held[place]


def _position(checkpoint: Checkpoint) -> int:
    return checkpoint.position


class CheckpointStore:
    """The budget of all branches. `meter` counts what their checkpoints take together, `records` what else they keep."""

    def __init__(self, budget: int) -> None:
        self.meter = Meter()
        self.records = Meter()
        self.shelves: weakref.WeakSet[Shelf] = weakref.WeakSet()
        self._budget = budget

    @property
    def budget(self) -> int:
        return self._budget

    @budget.setter
    def budget(self, size: int) -> None:
        self._budget = size
        self.thin()

    def shelf(self) -> Shelf:
        return Shelf(self, [])

    def thin(self) -> None:
        """Give up checkpoints until the budget holds."""
        if self.meter.bytes <= self._budget:
            return
        target = LEFT_AFTER_THINNING * self._budget
        widest: float = 2 * SPACING
        longest = max(self._end, widest)
        while self.meter.bytes > target:
            self._sweep(widest, target)
            if widest == float("inf"):
                return
            widest = 2 * widest if widest <= longest else float("inf")

    @property
    def _end(self) -> int:
        return max((shelf.last.position for shelf in self.shelves if shelf.last is not None), default=0)

    def _sweep(self, widest: float, target: float) -> None:
        """From the oldest on, take out those whose loss leaves no gap wider than `widest`."""
        shelves = list(self.shelves)
        for shelf in shelves:
            for checkpoint in shelf:
                if self.meter.bytes <= target:
                    return
                if not checkpoint.pinned and all(other.gap_without(checkpoint) <= widest for other in shelves):
                    for other in shelves:
                        other.remove(checkpoint)
