"""How much one token changed each layer's memory: the same numbers as `frames.activity`, for every token that is written.

All layers go through torch together, since this is computed while a text is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.state import State

SMALLEST = 1e-20


def memory_rows(state: State) -> Tensor | None:
    """One row of numbers for each layer that has a memory, as in `frames.memories`; a copy. None: no layer has one."""
    layers = [layer for layer in state.layers if "att.wkv" in layer]
    if layers:
        return torch.stack([layer["att.wkv"] for layer in layers]).flatten(1)
    layers = [layer for layer in state.layers if "att.denominator" in layer]
    if not layers:
        return None
    bottom = torch.stack([layer["att.denominator"] for layer in layers])
    top = torch.stack([_top(layer) for layer in layers])
    return torch.where(bottom > 0, top / bottom, 0.0)


def _top(layer: dict[str, Tensor]) -> Tensor:
    return layer["att.numerator"] if "att.numerator" in layer else layer["att.key_values"].sum(0)


def has_memory(state: State) -> list[bool]:
    """Of each layer."""
    return ["att.wkv" in layer or "att.denominator" in layer for layer in state.layers]


def change(before: Tensor, after: Tensor, layers: list[bool]) -> Tensor:
    """|after − before| / |after| by layer, NaN where `layers` (see `has_memory`) says that there is no memory."""
    values = (after - before).norm(dim=1) / after.norm(dim=1).clamp(min=SMALLEST)
    if all(layers):
        return values
    every = torch.full((len(layers),), float("nan"), device=values.device)
    every[torch.tensor(layers, device=values.device)] = values
    return every
