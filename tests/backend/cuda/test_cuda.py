"""On a CUDA device: every version in every precision against the slow reference, in chunks and token by token, with the plain
formulas recorded and with the fused kernels. Needs such a device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from rwkv_backend.cuda.stepper import GraphStepper, can_record
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.probe import Probe
from rwkv_backend.sampling import Sampler, SamplingParams
from rwkv_backend.state import State
from tests import tiny
from tests.backend.test_models import ALLOWED, NORMAL, error_in_deviations
from tests.shared import Array, Saved, expected, parts_of, text_of

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

FUSED = ["2-pile", "3", "3-ffnpre", "4", "4-wide", "4-ffnpre", "5.0", "5.1", "5.2", "6.0", "6.0-state", "7.0", "7.0-g1"]
"""Kinds for which there are fused kernels."""

Ready = Callable[..., RWKVModel]


@pytest.fixture
def on_gpu(saved: Saved) -> Iterator[Ready]:
    """A model on the device. fused: wait for its kernels, or leave them away."""
    opened: list[RWKVModel] = []

    def open_there(kind: str, dtype: str = "float32", fused: bool = False) -> RWKVModel:
        model = open_model(saved(kind), "cuda", dtype)
        opened.append(model)
        stepper = model.stepper
        assert isinstance(stepper, GraphStepper) == can_record(model)
        if isinstance(stepper, GraphStepper):
            stepper.settle()
            if fused:
                assert stepper.fused is not None
                assert stepper.fused.ready()
            else:
                stepper.fused = None
        return model

    yield open_there
    torch.cuda.synchronize()


def read(model: RWKVModel, tokens: list[int], chunk: int | None = None, state: State | None = None) -> Array:
    state = model.new_state() if state is None else state
    with torch.no_grad():
        rows = [model.forward(part, state, every=True) for part in parts_of(tokens, chunk or len(tokens))]
    return torch.cat(rows).double().cpu().numpy()


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_float32_equals_the_reference_in_chunks_of_any_size(kind: str, on_gpu: Ready) -> None:
    model, tokens = on_gpu(kind), text_of(kind, 40)
    for chunk in (None, 1, 7):
        assert np.abs(read(model, tokens, chunk) - expected(kind, tokens)).max() < NORMAL


@pytest.mark.parametrize("dtype", ALLOWED)
@pytest.mark.parametrize("kind", ["1", "2", "3", "4", "4-wide", "4a", "5.0", "5.2", "6.0", "6.0a", "7.0"])
def test_fewer_bits_cost_no_more_than_on_a_cpu(kind: str, dtype: str, on_gpu: Ready) -> None:
    model, tokens = on_gpu(kind, dtype), text_of(kind, 24)
    allowed = ALLOWED[dtype][tiny.KINDS[kind] > "4"]
    for chunk in (None, 1):
        assert error_in_deviations(read(model, tokens, chunk), expected(kind, tokens)) < allowed


@pytest.mark.parametrize("kind", FUSED)
def test_fused_steps_equal_the_reference(kind: str, on_gpu: Ready) -> None:
    model, tokens = on_gpu(kind, fused=True), text_of(kind, 40)
    state = model.new_state()
    want = expected(kind, tokens)
    assert np.abs(read(model, tokens[:20], 1, state) - want[:20]).max() < NORMAL
    assert np.abs(read(model, tokens[20:30], 7, state) - want[20:30]).max() < NORMAL
    assert np.abs(read(model, tokens[30:], 1, state) - want[30:]).max() < NORMAL


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8"])
@pytest.mark.parametrize("kind", ["4", "5.2", "6.0", "7.0"])
def test_fused_steps_in_fewer_bits(kind: str, dtype: str, on_gpu: Ready) -> None:
    model, tokens = on_gpu(kind, dtype, fused=True), text_of(kind, 24)
    assert error_in_deviations(read(model, tokens, 1), expected(kind, tokens)) < ALLOWED[dtype][kind > "4"]


@pytest.mark.parametrize("fused", [False, True])
def test_two_states_in_turn_a_clone_and_a_way_back(fused: bool, on_gpu: Ready) -> None:
    model, tokens = on_gpu("6.0", fused=fused), text_of("6.0", 12)
    one, other = model.new_state(), model.new_state()
    for token in tokens[:6]:
        read(model, [token], state=one)
        read(model, [(token + 1) % 50], state=other)
    kept = one.clone()
    first = read(model, tokens[6:], 1, one)
    read(model, tokens, 1, other)
    assert np.abs(read(model, tokens[6:], 1, kept) - first).max() < NORMAL
    assert np.abs(first - expected("6.0", tokens)[6:]).max() < NORMAL


def test_a_probe_finds_what_the_plain_formulas_show(on_gpu: Ready) -> None:
    model = on_gpu("6.0", fused=True)
    state, plain = model.new_state(), model.new_state()
    for token in (3, 5, 7):
        probe, wanted = Probe("att.decay", "residual"), Probe("att.decay", "residual")
        with torch.no_grad():
            model.forward([token], state, probe=probe)
            model.residual(torch.tensor([token], device=model.device), plain, wanted)
        assert probe.found.keys() == wanted.found.keys()
        for place, value in wanted.found.items():
            assert float((probe.found[place] - value).abs().max()) < NORMAL


@pytest.mark.parametrize(
    "params",
    [
        SamplingParams(seed=5),
        SamplingParams(seed=5, temperature=0.0),
        SamplingParams(seed=5, temperature=1.3, top_p=1.0, top_k=40, min_p=0.02),
        SamplingParams(seed=5, temperature=0.7, top_p=0.5, order="common", banned=(3, 4)),
        SamplingParams(seed=5, top_p=1.0),
    ],
)
def test_sampling_on_the_device_draws_what_the_cpu_draws(params: SamplingParams) -> None:
    here, there = Sampler(params), Sampler(params)
    rows = torch.randn(40, 5000, generator=torch.Generator().manual_seed(1)) * 3
    for row in rows:
        mine, wanted = there.next(row.cuda()), here.next(row)
        assert mine.token == wanted.token
        assert mine.logprob == pytest.approx(wanted.logprob, abs=1e-9)
        assert mine.probability == pytest.approx(wanted.probability, rel=1e-9)
        here.accept(wanted.token)
        there.accept(mine.token)
