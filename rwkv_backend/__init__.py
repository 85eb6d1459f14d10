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
    from rwkv_backend.analysis.ablation import ablation_sweep
    from rwkv_backend.analysis.finish import finish
    from rwkv_backend.analysis.influence import influence_map, token_influence
    from rwkv_backend.analysis.leave_one_out import leave_one_out
    from rwkv_backend.analysis.lens import logit_lens
    from rwkv_backend.analysis.patching import patch_sweep, where_remembered
    from rwkv_backend.analysis.state_diff import change_after, compare_states, difference_map
    from rwkv_backend.analysis.state_edit import apply as edit_state
    from rwkv_backend.analysis.statistics import state_statistics
    from rwkv_backend.errors import RWKVError
    from rwkv_backend.frames import FrameMaker, activity, memories, state_map
    from rwkv_backend.generation import generate
    from rwkv_backend.inspection import inspect
    from rwkv_backend.loading import open_model
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.sampling import SamplingParams
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import load_tokenizer

__all__ = [
    "FrameMaker",
    "Probe",
    "RWKVError",
    "RWKVModel",
    "SamplingParams",
    "State",
    "ablation_sweep",
    "activity",
    "change_after",
    "compare_states",
    "difference_map",
    "edit_state",
    "finish",
    "generate",
    "influence_map",
    "inspect",
    "leave_one_out",
    "load_tokenizer",
    "logit_lens",
    "memories",
    "open_model",
    "patch_sweep",
    "state_map",
    "state_statistics",
    "token_influence",
    "where_remembered",
]

_HOMES = {
    "FrameMaker": "frames",
    "Probe": "probe",
    "RWKVError": "errors",
    "RWKVModel": "models.base",
    "SamplingParams": "sampling",
    "State": "state",
    "ablation_sweep": "analysis.ablation",
    "activity": "frames",
    "change_after": "analysis.state_diff",
    "compare_states": "analysis.state_diff",
    "difference_map": "analysis.state_diff",
    "edit_state": "analysis.state_edit",
    "finish": "analysis.finish",
    "generate": "generation",
    "influence_map": "analysis.influence",
    "inspect": "inspection",
    "leave_one_out": "analysis.leave_one_out",
    "load_tokenizer": "tokenizers",
    "logit_lens": "analysis.lens",
    "memories": "frames",
    "open_model": "loading",
    "patch_sweep": "analysis.patching",
    "state_map": "frames",
    "state_statistics": "analysis.statistics",
    "token_influence": "analysis.influence",
    "where_remembered": "analysis.patching",
}

_OTHERWISE_CALLED = {"edit_state": "apply"}
"""Names that say less where they live."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rwkv_backend' has no attribute {name!r}")
    home = importlib.import_module(f"rwkv_backend.{_HOMES[name]}")
    return getattr(home, _OTHERWISE_CALLED.get(name, name))
