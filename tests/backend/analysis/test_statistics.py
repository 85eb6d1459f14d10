"""The numbers behind the pictures, against numpy and against what is known of made-up states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rwkv_backend.analysis.read_out import WANTED, channel_weights, layer_of
from rwkv_backend.analysis.reading import read_probed
from rwkv_backend.analysis.statistics import effective_rank, state_statistics
from rwkv_backend.decay import half_life
from rwkv_backend.probe import Probe
from tests.backend.analysis.helpers import answer_of
from tests.shared import Opened, every_kind, text_of


@every_kind
def test_every_version_has_its_numbers(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state, probe = model.new_state(), Probe("att.decay")
    model.forward(text_of(kind), state, probe=probe)
    found = state_statistics(model, state, probe=probe, horizons=(2, 20))
    layers = range(model.sizes.n_layer)
    for layer in layers:
        for column, name in enumerate(found.fields):
            if name in state.layers[layer]:
                want = np.linalg.norm(state.layers[layer][name].double().numpy())
                assert found.norms.values[layer, column] == pytest.approx(want, rel=1e-5)
    shares = found.concentration.values
    assert ((shares[~np.isnan(shares)] >= 0) & (shares[~np.isnan(shares)] <= 1)).all()
    assert found.concentration_about
    if model.version == "1":
        assert found.outliving is None
        return
    assert found.outliving is not None
    for layer in layers:
        kept = model.decay(layer, probe)
        if kept is not None:
            lives = half_life(kept.double().numpy())
            assert found.outliving.values[layer].tolist() == [(lives > 2).sum(), (lives > 20).sum()]
            assert found.channels[layer] == lives.size


def test_effective_rank_counts_directions() -> None:
    one = torch.outer(torch.arange(1.0, 9), torch.ones(8))
    generator = torch.Generator().manual_seed(0)
    some = torch.randn(8, 8, generator=generator)
    values = np.linalg.svd(some.double().numpy(), compute_uv=False)
    shares = values / values.sum()
    ranks = effective_rank(torch.stack((one, torch.eye(8), some, torch.zeros(8, 8))))
    np.testing.assert_allclose(ranks[:3], [1, 8, np.exp(-(shares * np.log(shares)).sum())], rtol=1e-6)
    assert torch.isnan(ranks[3])


@pytest.mark.parametrize("kind", ["1", "4", "4-wide"])
def test_channels_ruled_by_one_token_are_counted_right(kind: str, opened: Opened) -> None:
    """Against the weights of every token: for version 4 those of the memory alone, without the present token's bonus."""
    model, tokens = opened(kind), text_of(kind)
    state = model.new_state()
    found = answer_of(read_probed(model, tokens, state, WANTED))
    got = state_statistics(model, state).concentration.values
    for number in range(model.sizes.n_layer):
        layer = layer_of(model, number, found, model.new_state())
        assert layer is not None
        if model.version == "1":
            share = layer.tokens["key"] / layer.tokens["key"].sum(0)
        else:
            distance = torch.arange(len(tokens) - 1, -1, -1).view(-1, 1, 1)
            share = torch.softmax(layer.tokens["key"].double() - distance * torch.exp(layer.weights.time_decay), 0)
        assert got[number] == pytest.approx(float((share.amax(0) > 0.5).double().mean()), abs=1e-6)
        assert channel_weights(layer, slice(0, 1)).shape[1] == len(tokens)


def test_a_memory_of_one_association_is_concentrated(opened: Opened) -> None:
    model = opened("5.2")
    state = model.new_state()
    for layer in state.layers:
        layer["att.wkv"] = torch.ones_like(layer["att.wkv"])
    found = state_statistics(model, state)
    np.testing.assert_allclose(found.concentration.values, 1, atol=1e-6)
    assert found.effective_rank is not None
    np.testing.assert_allclose(found.effective_rank.values, 1, atol=1e-5)
    assert found.effective_rank.axes == ("layer", "head")
    empty = state_statistics(model, model.new_state())
    assert empty.effective_rank is not None
    assert np.isnan(empty.effective_rank.values).all()
