"""What the tests of the models share: texts to read, reading in chunks, and the reference's answer to the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import Shapes
from rwkv_backend.state import State
from tests import reference, tiny
from tests.reference.common import State as State64

ROOT = Path(__file__).resolve().parents[1]
LONG_ENOUGH = 50
"""Tokens: three blocks of 16 and a rest, and more than the longest copy window of the tiny checkpoints."""

every_kind = pytest.mark.parametrize("kind", tiny.KINDS)
one_kind_of_each_formula = pytest.mark.parametrize(
    "kind",
    ["1", "1-folded", "2", "3-copy", "4", "4-ffnpre", "4a", "4b", "4-mishglu", "5.0", "5.2", "6.0", "6.0a", "7.0"],
)
"""For tests that would take long over all kinds and gain little."""

Array = NDArray[np.float64]


class Saved(Protocol):
    """Writes a tiny checkpoint of `kind` to a file; `overrides` are fields of `tiny.Sizes`, or `seed`."""

    def __call__(self, kind: str, **overrides: Any) -> Path: ...


class Opened(Protocol):
    """The model in a tiny checkpoint of `kind`, as `Saved` writes it. Other tests use it too: leave it as it is."""

    def __call__(self, kind: str, dtype: str = "float32", **overrides: Any) -> RWKVModel: ...


def room_of(kind: str) -> int | None:
    """How many tokens a tiny model of `kind` can read; None: any number."""
    sizes = tiny.SIZES[kind]
    if sizes.pos_emb:
        return sizes.pos_emb**2 - 1
    return sizes.ctx_len if sizes.version == "1" or sizes.extra_attention else None


def text_of(kind: str, longest: int = LONG_ENOUGH, **overrides: Any) -> list[int]:
    """Tokens for a model of `kind`, as many as it has room for but at most `longest`. Some come more than once."""
    words = overrides.get("vocab", tiny.SIZES[kind].vocab)
    return [(7 * t * t + 3 * t + 5) % words for t in range(min(room_of(kind) or longest, longest))]


def shapes_of(kind: str, **overrides: Any) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in tiny.checkpoint(kind, **overrides).items()}


def in_numpy(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: tensor.float().numpy() for name, tensor in tensors.items()}


def expected(kind: str, tokens: list[int], **overrides: Any) -> Array:
    """The reference's logits (T, V) of the checkpoint that `saved` writes."""
    return expected_run(kind, tuple(tokens), **overrides)[0]


@cache
def expected_run(kind: str, tokens: tuple[int, ...], **overrides: Any) -> tuple[Array, list[State64]]:
    """The reference's logits and, but for version 1, its state of each layer after the last token."""
    weights = in_numpy(tiny.checkpoint(kind, **overrides))
    if tiny.KINDS[kind] == "1":
        return reference.logits("1", weights, list(tokens)), []
    return reference.run(tiny.KINDS[kind], weights, list(tokens))


def read(model: RWKVModel, tokens: list[int], chunk: int | None = None, state: State | None = None) -> Array:
    """Logits after each token (T, V), read `chunk` tokens at a time, or all at once."""
    return read_parts(model, parts_of(tokens, chunk or len(tokens)), state)


def parts_of(tokens: list[int], chunk: int) -> list[list[int]]:
    return [tokens[start : start + chunk] for start in range(0, len(tokens), chunk)]


def read_parts(model: RWKVModel, parts: Iterable[list[int]], state: State | None = None) -> Array:
    state = model.new_state() if state is None else state
    with torch.no_grad():
        rows = [model.forward(part, state, every=True) for part in parts]
    return torch.cat(rows).double().numpy()


def fields_of(state: State) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a state, by place and name."""
    for place, memory in [*enumerate(state.layers), ("shared", state.shared)]:
        for name, tensor in memory.items():
            yield f"{place}/{name}", tensor


def assert_same_state(state: State, other: State) -> None:
    """To the last bit."""
    assert state.tokens_seen == other.tokens_seen
    ours, theirs = dict(fields_of(state)), dict(fields_of(other))
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert tensor.dtype == theirs[name].dtype, name
        assert torch.equal(tensor, theirs[name]), name


def assert_near(got: Any, want: Any, bound: float, about: str = "") -> None:
    """Every number within `bound`, counted in the largest of `want` where that is above 1."""
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape, about
    if want.size:
        worst = np.abs(got - want).max()  # NaN is not below any bound
        assert worst <= bound * max(1.0, np.abs(want).max()), f"{about} off by {worst:.1e}"


def assert_one_sentence(error: BaseException) -> None:
    """What a user may be shown: one line that ends like a sentence."""
    text = str(error)
    assert text
    assert "\n" not in text
    assert text.endswith((".", ".)"))


def tensors_in(node: Any, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a model's tree of weights, by its path."""
    if isinstance(node, Tensor):
        yield path, node
    elif isinstance(node, list):
        for place, child in enumerate(node):
            yield from tensors_in(child, f"{path}.{place}")
    elif hasattr(node, "__dict__"):
        for name, child in vars(node).items():
            yield from tensors_in(child, f"{path}.{name}".lstrip("."))
