"""Which fast path reads single tokens for a model: native code on a CPU, a recorded graph on a CUDA device, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel, Stepper


def stepper_for(model: RWKVModel) -> Stepper | None:
    """The fast path for this model on its device; None: the plain formulas."""
    if model.device.type == "cuda":
        from rwkv_backend.cuda.stepper import cuda_stepper

        return cuda_stepper(model)
    return None
