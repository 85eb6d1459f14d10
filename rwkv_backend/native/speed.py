"""How fast native code multiplies matrices with a vector here: what foresees the speed of writing."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch

from rwkv_backend.linear import Linear
from rwkv_backend.native import build, codes
from rwkv_backend.native.tape import Tape, matrix_of


def seconds(matrices: Sequence[Linear], runs: int) -> float | None:
    """The least of `runs` times that one thread needs for all `matrices`, of one shape; None while nothing is compiled."""
    kernels = build.kernels()
    if kernels is None:
        return None
    tape, held = Tape(), [matrix_of(matrix) for matrix in matrices]
    inner, outer = held[0].inner, held[0].outer
    x = torch.ones((1, inner))
    source = tape.weight(x)
    for matrix in held:
        tape.product(codes.LOGITS, source, matrix)
    shared = torch.empty(kernels.shared_words(1, inner), dtype=torch.int32)
    own = torch.empty(kernels.own_words(1, inner), dtype=torch.int32)
    result, places = torch.empty(1, outer), np.zeros(tape.count, np.int64)
    for place, tensor in {**tape.weights, codes.LOGITS: result, codes.SHARED: shared, codes.OWN: own}.items():
        places[place] = tensor.data_ptr()
    rows, sizes = tape.array(), np.array([1, 1, 0, 0, 1], np.int64)
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        kernels.run(rows, places, sizes)
        times.append(time.perf_counter() - began)
    return min(times)
