"""What all reference formulas share: activations, normalisation, the copy head and looking up tensors by name.

Everything under `tests/reference` is written for reading, in float64 numpy, one token after another, and knows nothing
of the library it checks.

Letters: T tokens, V vocabulary, C n_embd, A attention width, F hidden width, H heads, N = A / H, D the width of a copy
head or of another small matrix. Matrices are stored [out, in] and used as `weight @ x`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = Mapping[str, NDArray[Any]]  # as stored in a file, any dtype
Tensors: TypeAlias = dict[str, Array]  # the same in float64, perhaps one block of it
State: TypeAlias = dict[str, Array]  # what one layer remembers

NORM_EPSILON = 1e-5


def sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(x / 2))  # the same as 1 / (1 + exp(-x)), but exp(-x) cannot overflow


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def mish(x: Array) -> Array:
    return x * np.tanh(np.logaddexp(0, x))  # logaddexp(0, x) = ln(1 + exp(x))


def relu_squared(x: Array) -> Array:
    return np.maximum(x, 0) ** 2


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float = NORM_EPSILON) -> Array:
    """Normalise the last axis; biased variance."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    normed: Array = centred / np.sqrt(variance + epsilon)
    return normed * weight + bias


def group_norm(x: Array, heads: int, weight: Array, bias: Array, epsilon: float) -> Array:
    """Normalise each of `heads` groups of consecutive channels of x (A) by itself; weight and bias are per channel."""
    groups = x.reshape(heads, -1)
    centred = groups - groups.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1, keepdims=True)
    normed: Array = (centred / np.sqrt(variance + epsilon)).ravel()
    return normed * weight + bias


def norm(x: Array, tensors: Tensors, name: str) -> Array:
    """LayerNorm with the tensors `name.weight` and `name.bias`."""
    return layer_norm(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def as_float64(weights: Weights) -> Tensors:
    return {name: np.asarray(tensor, dtype=np.float64) for name, tensor in weights.items()}


def part(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors below `prefix`, without it: part(w, "blocks.0.")["ln1.weight"]."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def blocks_of(tensors: Tensors) -> list[Tensors]:
    numbers = {int(name.split(".")[1]) for name in tensors if name.startswith("blocks.")}
    return [part(tensors, f"blocks.{number}.") for number in sorted(numbers)]


def copy_scores(tensors: Tensors, outputs: Array, tokens: list[int]) -> Array:
    """The copy head of v2, v3 and v4: (T, V) added to the logits; zeros without head_q. `outputs` (T, C) follow ln_out.

    Each token seen in the last ctx_len positions gains q[t] . k[u] / D; there is no softmax and repeated tokens add up.
    """
    scores = np.zeros((len(tokens), len(tensors["head.weight"])))
    if "head_q.weight" not in tensors:
        return scores
    q = outputs @ tensors["head_q.weight"].T  # (T, D)
    k = outputs @ tensors["head_k.weight"].T
    width = q.shape[1]
    window = len(tensors["copy_mask"])
    for t in range(len(tokens)):
        for u in range(max(0, t - window + 1), t + 1):
            scores[t, tokens[u]] += q[t] @ k[u] / width
    return scores
