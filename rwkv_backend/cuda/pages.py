"""A page: room for one state at fixed addresses on the device, which is what a recorded graph needs to go on from it.

A state that is stepped moves in: its tensors are then the page's own, so the next step copies nothing. When another state
comes, the one that lives there moves out first, into tensors of its own. Clones never live in a page.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rwkv_backend.state import State

ALIGNED = 32
"""Every field begins at a multiple of this many numbers, so that it can be read 16 bytes at a time."""


class Page:
    """Room for a state with the fields of `fresh`, all float32 and of fixed length."""

    def __init__(self, fresh: State) -> None:
        self._fresh = fresh
        parts = [*fresh.layers, fresh.shared]
        sizes = [t.numel() + -t.numel() % ALIGNED for part in parts for t in part.values()]
        device = next((t.device for part in parts for t in part.values()), torch.device("cpu"))
        self.numbers = torch.zeros(sum(sizes), dtype=torch.float32, device=device)
        self._cells = self._cut(self.numbers)
        self._tenant: list[dict[str, Tensor]] | None = None
        self._fill(parts)

    def hold(self, state: State) -> None:
        """Let `state` live here; its fields become tensors of the page."""
        parts = [*state.layers, state.shared]
        if self._lives_here(parts):
            return
        self.move_out()
        self._fill(parts)
        for place, name, cell in self._cells:
            parts[place][name] = cell
        self._tenant = parts

    def move_out(self) -> None:
        """Give the state that lives here tensors of its own, whoever else holds its dictionaries."""
        if self._tenant is None:
            return
        for (place, name, cell), (_, _, kept) in zip(self._cells, self._cut(self.numbers.clone()), strict=True):
            if self._tenant[place].get(name) is cell:
                self._tenant[place][name] = kept
        self._tenant = None

    def view(self) -> State:
        """A state whose tensors are the page's, in new dictionaries: for the formulas that a graph records."""
        draft = self._fresh.draft()
        parts = [*draft.layers, draft.shared]
        for place, name, cell in self._cells:
            parts[place][name] = cell
        return draft

    def keep(self, draft: State) -> None:
        """Copy the new values of `draft` into the page."""
        self._fill([*draft.layers, draft.shared])

    def _cut(self, numbers: Tensor) -> list[tuple[int, str, Tensor]]:
        """The fields' places in `numbers`: which part of the state, name, tensor."""
        cells, start = [], 0
        for place, part in enumerate([*self._fresh.layers, self._fresh.shared]):
            for name, model in part.items():
                cells.append((place, name, numbers[start : start + model.numel()].view(model.shape)))
                start += model.numel() + -model.numel() % ALIGNED
        return cells

    def _fill(self, parts: list[dict[str, Tensor]]) -> None:
        pairs = [(cell, parts[place][name]) for place, name, cell in self._cells if parts[place][name] is not cell]
        if pairs:
            torch._foreach_copy_([cell for cell, _ in pairs], [source for _, source in pairs])

    def _lives_here(self, parts: list[dict[str, Tensor]]) -> bool:
        tenant = self._tenant
        if tenant is None or len(tenant) != len(parts) or any(a is not b for a, b in zip(tenant, parts, strict=True)):
            return False
        return all(parts[place][name] is cell for place, name, cell in self._cells)
