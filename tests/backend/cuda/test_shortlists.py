"""Sampling from logits on a device, with the device's path taken on the CPU: the same tokens as by the ordinary one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rwkv_backend.cuda import shortlists
from rwkv_backend.errors import RWKVError
from rwkv_backend.sampling import Draw, Sampler, SamplingParams

SETTINGS = [
    SamplingParams(seed=5),
    SamplingParams(seed=5, temperature=0.0),
    SamplingParams(seed=5, temperature=1.3, top_p=1.0, top_k=40, min_p=0.02),
    SamplingParams(seed=5, temperature=0.7, top_p=0.5, order="common", banned=(3, 4)),
    SamplingParams(seed=5, top_p=1.0),
    SamplingParams(seed=5, top_p=1.0, min_p=0.001),
]


def rows(count: int, words: int, loud: float, round_to: float = 0.0) -> Tensor:
    found = torch.randn(count, words, generator=torch.Generator().manual_seed(1)) * loud
    return (found / round_to).round() * round_to if round_to else found


@pytest.mark.parametrize("params", SETTINGS)
@pytest.mark.parametrize(
    "logits", [rows(25, 900, 3.0), rows(25, 5000, 4.0), rows(25, 5000, 0.5), rows(25, 5000, 4.0, 0.5)]
)
def test_the_device_path_draws_what_the_ordinary_one_draws(params: SamplingParams, logits: Tensor) -> None:
    """Vocabularies below and above the list's length, sharp, flat, and with many equals."""
    here, there = Sampler(params), Sampler(params)
    for row in logits:
        wanted = here.next(row)
        mine = drawn_as_on_a_device(there, row)
        assert mine.token == wanted.token
        assert mine.logprob == pytest.approx(wanted.logprob, abs=1e-9)
        assert mine.probability == pytest.approx(wanted.probability, rel=1e-9)
        here.accept(wanted.token)
        there.accept(mine.token)


def drawn_as_on_a_device(sampler: Sampler, logits: Tensor) -> Draw:
    return sampler._next_on_device(logits.double())


def test_equals_at_the_end_of_the_list_are_left_out_together() -> None:
    logits = torch.zeros(3000, dtype=torch.float64)
    logits[[7, 2500]] = torch.tensor([2.0, 1.0], dtype=torch.float64)
    assert shortlists.shortlist(logits, logits).ids.tolist() == [7, 2500]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_refused(temperature: float, wrong: float) -> None:
    logits = torch.zeros(3000)
    logits[5] = wrong
    with pytest.raises(RWKVError, match="no numbers"):
        drawn_as_on_a_device(Sampler(SamplingParams(seed=1, temperature=temperature)), logits)
