"""Modules that are imported at their first use, not where they are named.

`inspect` answers from names and shapes alone, in a fraction of the second that importing torch takes; yet each version's
file should hold both its tensor names and its formulas. So the files in `models/` take torch, and our own modules that
need it, from here. After the first use an access is an ordinary attribute look-up.

Type checkers see the real modules.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any


class _Later:
    """Stands in for a module; looks each attribute up once, in the real one, and keeps it."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        self.__dict__[attribute] = value
        return value


if TYPE_CHECKING:
    import torch

    from rwkv_backend import linear, mixing, wkv
    from rwkv_backend.cuda import shortlists
else:
    torch = _Later("torch")
    linear = _Later("rwkv_backend.linear")
    mixing = _Later("rwkv_backend.mixing")
    wkv = _Later("rwkv_backend.wkv")
    shortlists = _Later("rwkv_backend.cuda.shortlists")

__all__ = ["linear", "mixing", "shortlists", "torch", "wkv"]
