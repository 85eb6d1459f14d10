"""Which tape reads a model: one writer a version."""

from __future__ import annotations

from rwkv_backend.models.base import RWKVModel
from rwkv_backend.native.matrix_programs import V5, V6, V7
from rwkv_backend.native.sums_programs import V1, V2, V3, V4
from rwkv_backend.native.tape import CannotTape, Tape

WRITERS = {"1": V1, "2": V2, "3": V3, "4": V4, "5": V5, "6": V6, "7": V7}


def tape_for(model: RWKVModel) -> Tape:
    """Raises CannotTape for what has no operations here."""
    if model.version not in WRITERS or not model.weights.blocks:
        raise CannotTape(f"version {model.version}")
    return WRITERS[model.version](model).write()
