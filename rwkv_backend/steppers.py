"""Which fast paths read for a model: native code on a CPU, a recorded graph on a CUDA device, or none.

The formulas in `models/` stay what defines a model. A fast path gives the same numbers up to rounding and is left out
wherever it cannot be had: `model.stepper` for single tokens, `model.chunk_reader` for many.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.native.reader import Reader

log = logging.getLogger(__name__)


def equip(model: RWKVModel) -> None:
    """Give the model the fast paths of its device."""
    if model.device.type == "cuda":
        from rwkv_backend.cuda import stepper

        stepper.equip(model)
    elif model.device.type == "cpu":
        model.stepper = model.chunk_reader = native_reader(model)


def settle(model: RWKVModel) -> None:
    """Wait for what is still being built for this model: for measurements. A minute at most, once a machine."""
    if model.device.type == "cuda":
        from rwkv_backend.cuda import stepper

        stepper.settle(model)
    elif model.device.type == "cpu" and model.stepper is not None:
        from rwkv_backend.native import build

        build.wait()


def native_reader(model: RWKVModel) -> Reader | None:
    """Native code for this model; None where it holds what the code does not know."""
    from rwkv_backend.native import build
    from rwkv_backend.native.reader import Reader
    from rwkv_backend.native.tape import CannotTape

    try:
        reader = Reader(model)
    except CannotTape as reason:
        log.info("Tokens are read by the plain formulas: %s", reason)
        return None
    build.kernels()  # begins to compile them, if they are not there
    return reader
