"""The tiny checkpoints: the references run on every kind of them, and every tensor in them matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests import reference, tiny

TOKENS = [3, 17, 3, 58, 0, 17, 41, 3, 60, 58]
BUFFERS = ("copy_mask", "tiny_mask", "att_mask")
UNUSED_IN_V7 = ("blocks.0.att.v0", "blocks.0.att.v1", "blocks.0.att.v2")

every_kind = pytest.mark.parametrize("kind", tiny.KINDS)


def in_numpy(tensors: tiny.Checkpoint) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def logits(kind: str, tensors: tiny.Checkpoint, tokens: list[int] = TOKENS) -> NDArray[np.float64]:
    return reference.logits(tiny.KINDS[kind], in_numpy(tensors), tokens)


@every_kind
def test_logits_are_lively(kind: str) -> None:
    tokens = [(7 * t * t + 3) % 61 for t in range(24)]
    got = logits(kind, tiny.checkpoint(kind), tokens)
    assert got.shape == (24, tiny.SIZES[kind].vocab)
    assert np.isfinite(got).all()
    assert 1 < got.std() < 3


@every_kind
def test_every_tensor_matters(kind: str) -> None:
    tensors = tiny.checkpoint(kind)
    plain = logits(kind, tensors)
    generator = torch.Generator().manual_seed(0)
    without_effect = set()
    for name, tensor in tensors.items():
        nudge = 0.1 * torch.randn(tensor.shape, generator=generator) * tensor.std()
        if np.abs(logits(kind, {**tensors, name: tensor + nudge}) - plain).max() < 1e-3:
            without_effect.add(name)
    assert without_effect == {name for name in tensors if may_be_unused(kind, name)}


def may_be_unused(kind: str, name: str) -> bool:
    return name.endswith(BUFFERS) or (tiny.KINDS[kind] == "7.0" and name in UNUSED_IN_V7)


@every_kind
def test_tensors_are_plain_float32_and_repeatable(kind: str) -> None:
    tensors, again, other = tiny.checkpoint(kind), tiny.checkpoint(kind), tiny.checkpoint(kind, seed=1)
    assert list(tensors) == list(again) == list(other)
    for name, tensor in tensors.items():
        assert tensor.dtype == torch.float32
        assert tensor.is_contiguous()
        assert torch.equal(tensor, again[name])
        assert name.endswith(BUFFERS) or not torch.equal(tensor, other[name])


@every_kind
def test_one_layer_is_enough(kind: str) -> None:
    if tiny.SIZES[kind].ffn_pre:
        with pytest.raises(ValueError, match="no time mix"):
            tiny.checkpoint(kind, n_layer=1)
    else:
        assert np.isfinite(logits(kind, tiny.checkpoint(kind, n_layer=1))).all()


@pytest.mark.parametrize("kind", ["2", "2-pile", "3"])
def test_extreme_keys_reach_the_clamp(kind: str) -> None:
    _, states = reference.run(tiny.KINDS[kind], in_numpy(tiny.checkpoint(kind, extreme=True)), TOKENS)
    largest = np.log(states[-1]["att.denominator"].max())
    assert 59.9 < largest < 60 + np.log(len(TOKENS))


def test_extreme_keys_reach_hundreds_in_v4() -> None:
    tensors = in_numpy(tiny.checkpoint("4", extreme=True))
    scores, states = reference.run("4", tensors, TOKENS)
    assert np.isfinite(scores).all()
    assert states[-1]["att.max_exponent"].max() > 300


def test_extreme_keys_tell_v3_from_v4() -> None:
    """Without them the clamp and the epsilon of v3 hardly show, and its files would pass for v4."""
    for extreme, (low, high) in {False: (0, 1e-4), True: (0.1, 100)}.items():
        tensors = in_numpy(tiny.checkpoint("3", extreme=extreme))
        difference = np.abs(reference.logits("3", tensors, TOKENS) - reference.logits("4", tensors, TOKENS)).max()
        assert low <= difference < high


def test_folded_v1_is_the_same_as_unfolded() -> None:
    """time_ww is nothing but time_w, time_alpha and time_beta multiplied."""
    plain = tiny.checkpoint("1", folded=False)
    folded = tiny.checkpoint("1", folded=True)
    np.testing.assert_allclose(logits("1", plain), logits("1", folded), atol=1e-5)
