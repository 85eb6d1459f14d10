"""Reads tokens with a tape: the model's fast path on a CPU.

A state is advanced whole or not at all. What is soon done is written into the state's own tensors: before the first write
everything is checked and every address is known, and the native call itself cannot fail. What takes longer is done in parts,
between which it may be interrupted, on a draft that the state becomes at the end.

A tensor that somebody else put into the state is copied before it is written to, since others may hold it too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rwkv_backend.interrupting import give_way
from rwkv_backend.models.base import LONGEST_CHUNK
from rwkv_backend.native import build, codes
from rwkv_backend.native.programs import tape_for
from rwkv_backend.state import GROWING_AXIS

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.native.object_code import Kernels
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State

PROBED = frozenset({"att.decay", "residual"})
"""What a tape can keep for a probe."""

ROOM = 64
"""Entries that a growing field has room for at first; then twice as many each time."""

LINE = 16
"""float32 numbers in a line of the cache: buffers begin at one."""

WORTH_A_THREAD = 4_000_000
"""Multiplications in a call below which starting a thread costs more than it saves."""

SOON_DONE = 3_000_000_000
"""Multiplications of a thread that nobody needs to interrupt: some hundredths of a second."""

Key = tuple[int | None, str]


@dataclass
class Room:
    """A growing field inside a larger buffer: `view` is what the state holds, from entry `start` on."""

    buffer: Tensor
    start: int
    view: Tensor


@dataclass
class Held:
    """What the reader keeps about one state; it is never copied with the state."""

    owner: Reader
    tensors: dict[Key, Tensor] = field(default_factory=dict)
    rooms: dict[Key, Room] = field(default_factory=dict)
    addresses: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class Reader:
    """Reads tokens of one model. Raises CannotTape for a model that no tape can hold."""

    def __init__(self, model: RWKVModel) -> None:
        self.model = model
        self.tape = tape_for(model)
        self.rows = self.tape.array()
        self.places = np.zeros(self.tape.count, np.int64)
        for place, weight in self.tape.weights.items():
            self.places[place] = weight.data_ptr()
        axes = {item.field.name: item.field.axes for item in model.field_shapes}
        self.growing = [key for key in self.tape.memory if axes[key[1]][0] == GROWING_AXIS]
        self.fixed = [key for key in self.tape.memory if axes[key[1]][0] != GROWING_AXIS]
        self.fixed_places = np.array([self.tape.memory[key] for key in self.fixed], np.int64)
        self.work = sum(inner * outer for inner, outer in self.tape.largest)
        self.ends = _ends_of_products(self.rows)
        self.buffers, self.shared = torch.empty(0), torch.empty(0, dtype=torch.int32)
        self.own: list[Tensor] = []
        self.room_for = 0
        self.lock = threading.Lock()

    def serves(self, probe: Probe | None) -> bool:
        """Whether it is ready, can keep what the probe wants, and nobody asks for gradients."""
        if probe is not None and not (probe.wanted <= PROBED and not probe.every):
            return False
        return not (torch.is_grad_enabled() and self._trains()) and build.kernels() is not None

    def _trains(self) -> bool:
        return any(weight.requires_grad for weight in self.tape.weights.values())

    def step(self, token: int, state: State, probe: Probe | None) -> Tensor:
        return self.read(torch.tensor([token]), state, False, probe)[0]

    def read(self, tokens: Tensor, state: State, every: bool, probe: Probe | None) -> Tensor:
        """Advance `state` by `tokens` (int64); logits (T, V) with `every`, else (1, V)."""
        if len(tokens) <= LONGEST_CHUNK and not self._takes_long(len(tokens)):
            return self._read(tokens, state, every, probe, [self.rows])
        draft = state.draft()
        found = [self._read(part, draft, every, probe, self._parts(len(part))) for part in tokens.split(LONGEST_CHUNK)]
        state.adopt(draft)
        state.held = draft.held
        return torch.cat(found) if every else found[-1]

    def _read(
        self, tokens: Tensor, state: State, every: bool, probe: Probe | None, parts: Iterable[NDArray[np.int64]]
    ) -> Tensor:
        """`parts`: of the tape; with more than one the state may be left half read."""
        kernels = build.kernels()
        assert kernels is not None, "ask `serves` first"
        count = len(tokens)
        tokens = tokens.contiguous()
        logits = torch.empty(count if every else 1, self.model.sizes.vocab_size)
        with self.lock:
            self._make_room(kernels, count, state.tokens_seen + count)
            held = self._hold(state)
            places, rooms = self.places, [self._room(state, held, key, count) for key in self.growing]
            copied = len(state.shared.get("copy.tokens", ()))
            places[self.fixed_places] = held.addresses
            for key, room in zip(self.growing, rooms, strict=True):
                places[self.tape.memory[key]] = room.buffer[room.start :].data_ptr()
            found = self._lay_out_probe(probe)
            places[codes.INPUT], places[codes.LOGITS] = tokens.data_ptr(), logits.data_ptr()
            near = min(count, len(logits) + 1)
            sizes = np.array([count, len(logits), state.tokens_seen, copied, near], np.int64)
            for part in parts:
                self._run(kernels, part, sizes)
            for key, room in zip(self.growing, rooms, strict=True):
                self._grow(state, held, key, room, count)
            state.tokens_seen += count
        if probe is not None:
            probe.found.update(found)
        return logits

    def _takes_long(self, count: int) -> bool:
        return count > 1 and self.work * count > self._soon_done()

    def _soon_done(self) -> int:
        return SOON_DONE * torch.get_num_threads()

    def _parts(self, count: int) -> Iterator[NDArray[np.int64]]:
        """The tape, cut where enough has been done for it to give way."""
        ends, done = [], 0
        for end, work in self.ends:
            done += work * count
            if done > self._soon_done():
                ends.append(end)
                done = 0
        for part in np.split(self.rows, ends):
            give_way()
            yield part

    # Working memory

    def _make_room(self, kernels: Kernels, count: int, positions: int) -> None:
        if count > self.room_for:
            self._lay_out_buffers(kernels, count)
        if self.tape.scores and positions > self.own_scores.numel():
            self.own_scores = torch.empty(2 * positions)
            self.places[self.tape.scores] = self.own_scores.data_ptr()

    own_scores = torch.empty(0)

    def _lay_out_buffers(self, kernels: Kernels, count: int) -> None:
        ends, at = {}, 0
        for place, width in self.tape.buffers.values():
            ends[place] = at
            at += -(-width * count // LINE) * LINE
        self.buffers = torch.empty(at)
        for place, offset in ends.items():
            self.places[place] = self.buffers.data_ptr() + 4 * offset
        deepest = max(inner for inner, _ in self.tape.largest)
        self.shared = torch.empty(kernels.shared_words(count, deepest), dtype=torch.int32)
        self.own = [_own_memory(kernels, count, deepest)]
        self.places[codes.SHARED], self.places[codes.OWN] = self.shared.data_ptr(), self.own[0].data_ptr()
        self.room_for, self.deepest = count, deepest

    # The state

    def _hold(self, state: State) -> Held:
        held = state.held
        if not isinstance(held, Held) or held.owner is not self:
            held = Held(self)
        if len(held.tensors) != len(self.fixed) or any(
            _part(state, key[0])[key[1]] is not tensor for key, tensor in held.tensors.items()
        ):
            for key in self.fixed:
                held.tensors[key] = self._owned(state, held, key)
            held.addresses = np.array([held.tensors[key].data_ptr() for key in self.fixed], np.int64)
        state.held = held
        return held

    def _owned(self, state: State, held: Held, key: Key) -> Tensor:
        part = _part(state, key[0])
        if part[key[1]] is not held.tensors.get(key):
            part[key[1]] = part[key[1]].detach().clone(memory_format=torch.contiguous_format)
        return part[key[1]]

    def _room(self, state: State, held: Held, key: Key, more: int) -> Room:
        """Where the field lies, with room for `more` entries behind it."""
        present, room = _part(state, key[0])[key[1]], held.rooms.get(key)
        have = len(present)
        if room is not None and room.view is present and room.start + have + more <= len(room.buffer):
            return room
        buffer = present.new_empty((max(ROOM, 2 * (have + more)), *present.shape[1:])).detach()
        buffer[:have] = present.detach()
        return Room(buffer, 0, buffer[:have])

    def _grow(self, state: State, held: Held, key: Key, room: Room, more: int) -> None:
        window = self.model.copy_window if key[0] is None else None
        end = room.start + len(room.view) + more
        start = room.start if window is None else max(room.start, end - window)
        view = room.buffer[start:end]
        held.rooms[key] = Room(room.buffer, start, view)
        _part(state, key[0])[key[1]] = view

    # What is asked for

    def _lay_out_probe(self, probe: Probe | None) -> dict[tuple[int, str], Tensor]:
        found: dict[tuple[int, str], Tensor] = {}
        for (layer, name), (place, width) in self.tape.probes.items():
            self.places[place] = 0
            if probe is not None and probe.wants(name):
                found[layer, name] = torch.empty(width)
                self.places[place] = found[layer, name].data_ptr()
        heads = self.model.sizes.n_head
        if heads is None:
            return found
        return {key: t.view(heads, -1) if key[1] == "att.decay" else t for key, t in found.items()}

    # Threads

    def _run(self, kernels: Kernels, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
        helpers = torch.get_num_threads() - 1 if self.work * int(sizes[0]) >= WORTH_A_THREAD else 0
        self.places[codes.TEAM] = 0
        with self._helped(kernels, rows, sizes, helpers):
            kernels.run(rows, self.places, sizes)

    @contextmanager
    def _helped(
        self, kernels: Kernels, rows: NDArray[np.int64], sizes: NDArray[np.int64], helpers: int
    ) -> Iterator[None]:
        """Threads that take their share of each product. They live as long as the call."""
        if helpers < 1:
            yield
            return
        team = np.zeros(32, np.int64)
        line = team[-team.ctypes.data % 64 // 8 :]
        self.places[codes.TEAM] = line.ctypes.data
        while len(self.own) <= helpers:
            self.own.append(_own_memory(kernels, self.room_for, self.deepest))
        arguments = (rows, self.places, sizes)
        threads = [
            threading.Thread(target=kernels.help_out, args=(*arguments, own.data_ptr()), daemon=True)
            for own in self.own[1 : helpers + 1]
        ]
        try:
            for thread in threads:
                thread.start()
            yield
        finally:
            line[0] = -1
            for thread in threads:
                thread.join()


def _ends_of_products(rows: NDArray[np.int64]) -> list[tuple[int, int]]:
    """For each product of a tape the index behind it, and its multiplications for a token.

    Up to where only the last rows matter: an operation cannot know that from the ones before it in another part.
    """
    found = []
    for i, row in enumerate(rows):
        if row[0] == codes.NARROW:
            break
        if row[0] == codes.PRODUCT:
            found.append((i + 1, int(row[7] * row[8])))
    return found


def _own_memory(kernels: Kernels, count: int, deepest: int) -> Tensor:
    return torch.empty(kernels.own_words(count, deepest), dtype=torch.int32)


def _part(state: State, layer: int | None) -> dict[str, Tensor]:
    return state.shared if layer is None else state.layers[layer]
