"""A state and its decays as plain arrays in one .npz file, for whoever wants to compute with what the inspector shows.

state/<layer>/<field>     each field of each layer; state/shared/<field> for what belongs to no layer
decay/<layer>             the fraction kept a token: per channel, per head or both; v6 and v7: at the last token;
                          v1: not a fraction but the table of weights by distance, nearest first (heads, distance)
fields.json               each field's axes and meaning
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rwkv_backend.models.base import RWKVModel
from rwkv_backend.probe import Probe
from rwkv_backend.records import StateField
from rwkv_backend.state import State


def trace_arrays(model: RWKVModel, state: State, probe: Probe) -> dict[str, NDArray[Any]]:
    """All arrays by name. `probe` must have kept "att.decay" in the pass that made `state`."""
    arrays = {f"state/{i}/{name}": t for i, layer in enumerate(state.layers) for name, t in layer.items()}
    arrays |= {f"state/shared/{name}": t for name, t in state.shared.items()}
    for i in range(model.sizes.n_layer):
        decay = model.decay(i, probe)
        if decay is not None:
            arrays[f"decay/{i}"] = decay
    return {name: tensor.detach().cpu().numpy() for name, tensor in arrays.items()}


def write_trace(file: IO[bytes], arrays: Mapping[str, NDArray[Any]], fields: Sequence[StateField]) -> None:
    """What numpy.load opens: every array, and fields.json as its own member."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array))
        described = {field.name: {"axes": list(field.axes), "about": field.about} for field in fields}
        archive.writestr("fields.json", json.dumps(described, ensure_ascii=False, indent=2))
