"""rwkv_backend: opens any RWKV checkpoint of versions 1 to 7.0, runs it exactly, and shows its state.

    import rwkv_backend

    model = rwkv_backend.open_model("RWKV-4-Pile-169M.pth")
    state = model.new_state()
    logits = model.forward([1, 2, 3], state)     # (vocabulary,), for the token that comes next

Names are fetched at their first use: importing the package imports neither torch nor any tokenizer.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rwkv_backend.errors import RWKVError
    from rwkv_backend.generation import generate
    from rwkv_backend.inspection import inspect
    from rwkv_backend.loading import open_model
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.sampling import SamplingParams
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import load_tokenizer

__all__ = ["RWKVError", "RWKVModel", "SamplingParams", "State", "generate", "inspect", "load_tokenizer", "open_model"]

_HOMES = {
    "RWKVError": "errors",
    "RWKVModel": "models.base",
    "SamplingParams": "sampling",
    "State": "state",
    "generate": "generation",
    "inspect": "inspection",
    "load_tokenizer": "tokenizers",
    "open_model": "loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rwkv_backend' has no attribute {name!r}")
    return getattr(importlib.import_module(f"rwkv_backend.{_HOMES[name]}"), name)
