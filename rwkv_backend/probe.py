"""Takes wanted values out of a forward pass: decays, residuals, gates. `forward` is given a Probe, or None and pays nothing.

A version calls `probe.keep(layer, "att.decay", value)` where the value is born; value has one row a token of the chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Probe:
    """Keeps the values named in `wanted`: of the last token, or with `every` of all tokens of the chunk just read.

    Names: "att.decay" the fraction of the memory kept at this token (v6, v7), "residual" the stream after the layer (T, C),
    and what a time mix computes with (see `keep_time_mix`).
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

    def keep_time_mix(self, layer: int, **values: Tensor) -> None:
        """What a layer reads its memory with, each as "att.<name>", one row a token, (T, A) or by head (T, H, N):

        key, value    what is written; the key as an exponent in version 4, e to it in 1 to 3
        gate          what the (normed) read-out is multiplied by; 5.0 has none
        receptance    what the memory is read with, versions 5 to 7; log_decay  of 6 and 7
        erase, rate   version 7: under which direction the memory is emptied (a), and how far (b)
        bonus         version 7: how much of the present value comes on top (T, H, 1)
        read          what comes out of the memory, before norm and gate
        """
        for name, value in values.items():
            self.keep(layer, f"att.{name}", value)
