"""Takes wanted values out of a forward pass: decays, residuals, gates. `forward` is given a Probe, or None and pays nothing.

A version calls `probe.keep(layer, "att.decay", value)` where the value is born; value has one row a token of the chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Probe:
    """Keeps the values named in `wanted`: of the last token, or with `every` of all tokens of the chunk just read.

    Names: "att.decay" the fraction of the memory kept at this token (v6, v7), "residual" the stream after the layer (T, C).
    `found[layer, name]` is (…) of the last token, or (T, …) with `every`.
    """

    def __init__(self, *wanted: str, every: bool = False) -> None:
        self.wanted = frozenset(wanted)
        self.every = every
        self.found: dict[tuple[int, str], Tensor] = {}

    def wants(self, name: str) -> bool:
        return name in self.wanted

    def keep(self, layer: int, name: str, value: Tensor) -> None:
        if name in self.wanted:
            self.found[layer, name] = (value if self.every else value[-1]).detach()
