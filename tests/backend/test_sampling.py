"""Sampling: every step on numbers that can be checked by hand, the order of the steps against a plain transcription."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rwkv_backend import sampling
from rwkv_backend.errors import RWKVError, SettingError, TokenError
from rwkv_backend.sampling import Sampler, SamplingParams

PLAIN = SamplingParams(temperature=1.0, top_p=1.0, presence=0.0, frequency=0.0, seed=0)
"""Nothing cut and nothing penalised."""


def probs(*values: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype)


def logs(*values: float) -> Tensor:
    """Logits whose softmax is `values`."""
    return torch.tensor(values, dtype=torch.float64).log()


def close(found: Tensor, *expected: float) -> None:
    torch.testing.assert_close(found, torch.tensor(expected, dtype=found.dtype))


# Cuts


def test_top_p_keeps_the_likeliest_until_they_reach_it() -> None:
    p = probs(0.1, 0.5, 0.25, 0.15)
    close(sampling.keep_top_p(p, 0.6), 0, 0.5, 0.25, 0)
    close(sampling.keep_top_p(p, 0.75), 0, 0.5, 0.25, 0)
    close(sampling.keep_top_p(p, 0.76), 0, 0.5, 0.25, 0.15)
    close(sampling.keep_top_p(p, 1.0), 0.1, 0.5, 0.25, 0.15)


def test_top_p_keeps_all_that_are_as_likely_as_the_last_one() -> None:
    close(sampling.keep_top_p(probs(0.25, 0.4, 0.25, 0.1), 0.5), 0.25, 0.4, 0.25, 0)


def test_top_p_of_zero_keeps_the_likeliest_and_its_equals() -> None:
    close(sampling.keep_top_p(probs(0.2, 0.5, 0.3), 0.0), 0, 0.5, 0)
    close(sampling.keep_top_p(probs(0.4, 0.2, 0.4), 0.0), 0.4, 0, 0.4)


def test_top_p_that_rounding_never_reaches_keeps_everything() -> None:
    """The rwkv package falls back to the likeliest token alone there, as the argmax of nothing but False is 0."""
    p = probs(0.5, 0.3, 0.19)
    close(sampling.keep_top_p(p, 0.999), 0.5, 0.3, 0.19)


def test_top_k_keeps_exactly_k_and_the_lowest_ids_among_equals() -> None:
    p = probs(0.2, 0.3, 0.2, 0.1, 0.2)
    close(sampling.keep_top_k(p, 1), 0, 0.3, 0, 0, 0)
    close(sampling.keep_top_k(p, 2), 0.2, 0.3, 0, 0, 0)
    close(sampling.keep_top_k(p, 3), 0.2, 0.3, 0.2, 0, 0)
    close(sampling.keep_top_k(p, 4), 0.2, 0.3, 0.2, 0, 0.2)


@pytest.mark.parametrize("k", [0, 3, 4])
def test_top_k_of_zero_or_at_least_the_vocabulary_keeps_everything(k: int) -> None:
    close(sampling.keep_top_k(probs(0.2, 0.5, 0.3), k), 0.2, 0.5, 0.3)


def test_min_p_is_a_fraction_of_the_likeliest() -> None:
    p = probs(0.05, 0.5, 0.25, 0.2)
    close(sampling.keep_min_p(p, 0.5), 0, 0.5, 0.25, 0)
    close(sampling.keep_min_p(p, 0.1), 0.05, 0.5, 0.25, 0.2)
    close(sampling.keep_min_p(p, 0.0), 0.05, 0.5, 0.25, 0.2)
    close(sampling.keep_min_p(p, 1.0), 0, 0.5, 0, 0)


def test_temperature_is_a_power_and_the_sum_is_one_again() -> None:
    close(sampling.temper(probs(0.8, 0.2), 0.5), 0.64 / 0.68, 0.04 / 0.68)
    close(sampling.temper(probs(0.64, 0.16, 0.0), 2.0), 0.8 / 1.2, 0.4 / 1.2, 0)
    close(sampling.temper(probs(0.3, 0.1), 1.0), 0.75, 0.25)


def test_a_very_low_temperature_leaves_the_likeliest_not_nothing() -> None:
    close(sampling.temper(probs(0.002, 0.001), 0.001), 1, 0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_steps_keep_the_precision_and_leave_their_input_alone(dtype: torch.dtype) -> None:
    p = probs(0.1, 0.5, 0.4, dtype=dtype)
    before = p.clone()
    for changed in (
        sampling.keep_top_p(p, 0.5),
        sampling.keep_top_k(p, 1),
        sampling.keep_min_p(p, 0.5),
        sampling.temper(p, 0.5),
        sampling.softmax(p),
        sampling.ban(p, [0]),
        sampling.penalise(p, {1: 1.0}, 0.5, 0.5),
    ):
        assert changed.dtype == dtype
        assert not torch.equal(changed, p)
    assert torch.equal(p, before)


# Penalties and bans


def test_penalty_is_presence_plus_count_times_frequency() -> None:
    logits = torch.zeros(4, dtype=torch.float64)
    close(sampling.penalise(logits, {2: 3.0, 0: 0.5}, presence=0.2, frequency=0.4), -0.4, 0, -1.4, 0)
    close(sampling.penalise(logits, {}, presence=0.2, frequency=0.4), 0, 0, 0, 0)


def test_presence_applies_to_a_token_counted_with_zero() -> None:
    close(sampling.penalise(torch.zeros(2), {1: 0.0}, presence=0.3, frequency=9.0), 0, -0.3)


def test_counts_fade_with_each_token_and_the_new_one_adds_one() -> None:
    sampler = Sampler(replace(PLAIN, penalty_decay=0.5))
    for token in (7, 8, 7, 9):
        sampler.accept(token)
    # 7: 1 -> 0.5 -> 0.25 + 1 -> 0.625;  8: 1 -> 0.5 -> 0.25;  9: 1
    assert sampler.counts == {7: 0.625, 8: 0.25, 9: 1.0}


def test_exempt_tokens_are_counted_with_zero() -> None:
    sampler = Sampler(replace(PLAIN, penalty_decay=0.5, exempt=frozenset({7})))
    for token in (7, 8):
        sampler.accept(token)
    assert sampler.counts == {7: 0.0, 8: 1.0}


def test_penalties_change_what_is_drawn_but_not_the_logprob() -> None:
    sampler = Sampler(replace(PLAIN, temperature=0.0, presence=2.0))
    logits = logs(0.6, 0.4)
    assert sampler.next(logits).token == 0
    sampler.accept(0)
    draw = sampler.next(logits)
    assert draw.token == 1
    assert draw.logprob == pytest.approx(math.log(0.4))


def test_penalised_probabilities_by_hand() -> None:
    """Token 0 with p = 2/3 and a penalty of ln 2 weighs as much as token 1 with 1/3."""
    sampler = Sampler(replace(PLAIN, presence=math.log(2)))
    sampler.accept(0)
    assert sampler.next(logs(2 / 3, 1 / 3)).probability == pytest.approx(0.5)


def test_banned_tokens_are_never_drawn() -> None:
    sampler = Sampler(replace(PLAIN, banned=(1, 2)))
    draws = {sampler.next(logs(0.01, 0.5, 0.48, 0.01)).token for _ in range(50)}
    assert draws == {0, 3}


def test_banning_what_the_model_does_not_have_says_so() -> None:
    with pytest.raises(TokenError, match="Token 4 cannot be banned: the model has 4 tokens"):
        Sampler(replace(PLAIN, banned=(4,))).next(torch.zeros(4))


def test_exempt_are_pieces_of_space_tab_and_digits() -> None:
    class Tokenizer:
        size = 7

        def bytes_of(self, token: int) -> bytes:
            return [b"a", b" ", b"\t", b"7", b"12", b"21", b""][token]

    assert sampling.exempt_tokens(Tokenizer()) == {1, 2, 3, 4, 6}


# Drawing


def test_pick_is_the_inverse_of_the_running_sum() -> None:
    p = probs(0.0, 0.25, 0.0, 0.5, 0.25, 0.0)
    assert [sampling.pick(p, u) for u in (0.0, 0.2499, 0.25, 0.7499, 0.75, 0.9999)] == [1, 1, 3, 3, 4, 4]


def test_pick_at_the_very_end_gives_the_last_possible_token() -> None:
    assert sampling.pick(probs(0.25, 0.75, 0.0, 0.0), 1.0) == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 1e-300, 1e-9, 0.1, 0.3]), min_size=1, max_size=30), st.floats(0, 1))
def test_pick_never_gives_a_token_of_probability_zero(values: list[float], uniform: float) -> None:
    p = probs(*values, 0.5)
    assert float(p[sampling.pick(p, uniform)]) > 0


def test_draws_follow_the_probabilities() -> None:
    sampler = Sampler(replace(PLAIN, seed=1))
    tokens = [sampler.next(logs(0.2, 0.5, 0.3)).token for _ in range(4000)]
    shares = np.bincount(tokens, minlength=3) / 4000
    np.testing.assert_allclose(shares, [0.2, 0.5, 0.3], atol=0.025)  # three standard deviations


def test_temperature_zero_takes_the_likeliest_and_the_lowest_id_among_equals() -> None:
    sampler = Sampler(replace(PLAIN, temperature=0.0))
    assert [sampler.next(torch.tensor([0.0, 2.0, 1.0, 2.0])).token for _ in range(5)] == [1] * 5
    assert sampler.next(torch.tensor([0.0, 2.0])).probability == 1.0


def test_a_draw_tells_the_models_logprob_and_the_probability_after_the_cuts() -> None:
    draw = Sampler(replace(PLAIN, top_k=1)).next(logs(0.2, 0.5, 0.3))
    assert draw.token == 1
    assert draw.logprob == pytest.approx(math.log(0.5))
    assert draw.probability == 1.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_no_numbers_are_an_error_for_the_user(bad: float, temperature: float) -> None:
    logits = torch.zeros(100)
    logits[37] = bad
    with pytest.raises(RWKVError, match="no numbers"):
        Sampler(replace(PLAIN, temperature=temperature)).next(logits)
    with pytest.raises(RWKVError, match="no numbers"):
        sampling.softmax(logits)


def test_half_precision_logits_are_drawn_from_too() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        assert Sampler(replace(PLAIN, top_k=1)).next(torch.tensor([0.0, 3.0, 1.0], dtype=dtype)).token == 1


def test_alternatives_come_best_first_with_the_models_logprobs() -> None:
    found = sampling.top_alternatives(logs(0.2, 0.5, 0.1, 0.2), 3)
    assert [token for token, _ in found] == [1, 0, 3]
    assert [logprob for _, logprob in found] == pytest.approx([math.log(0.5), math.log(0.2), math.log(0.2)])
    assert sampling.top_alternatives(logs(0.5, 0.5), 0) == []
    assert len(sampling.top_alternatives(logs(0.5, 0.5), 10)) == 2


# The order of the steps


def documented(
    logits: npt.NDArray[np.float64], temperature: float, top_p: float, top_k: int
) -> npt.NDArray[np.float64]:
    """What the documentation says of the rwkv package's sample_logits, written down plainly."""
    p = np.exp(logits - logits.max())
    p /= p.sum()
    best_first = np.argsort(-p)
    mass, cutoff = 0.0, 0.0
    for token in best_first:
        mass += p[token]
        if mass >= top_p:
            cutoff = p[token]
            break
    p[p < cutoff] = 0
    if top_k:
        p[best_first[top_k:]] = 0
    p **= 1 / temperature
    return np.asarray(p / p.sum())


SETTINGS = [
    {"top_p": 0.85},
    {"top_p": 0.3},
    {"top_p": 0.0},
    {"top_p": 1.0},
    {"top_p": 0.99999},
    {"top_p": 1.0, "temperature": 1.7},
    {"top_p": 0.7, "temperature": 0.4},
    {"top_p": 0.5, "top_k": 20, "temperature": 1.2},
    {"top_p": 1.0, "top_k": 300},
    {"top_p": 0.9, "top_k": 3},
]
SHAPES = [0.01, 1.0, 3.0, 8.0]
"""Spread of the logits in nats: from all alike to one that has nearly everything."""


def some_logits(size: int, spread: float, seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, spread, size))


@pytest.mark.parametrize("spread", SHAPES)
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_rwkv_order_is_the_documented_one(setting: dict[str, Any], spread: float) -> None:
    params = replace(PLAIN, **setting)
    logits = some_logits(500, spread, seed=3)
    expected = documented(logits.numpy(), params.temperature, params.top_p, params.top_k)
    np.testing.assert_allclose(sampling.distribution(logits, params).numpy(), expected, atol=1e-12)


def test_rwkv_order_cuts_before_the_temperature_and_common_after_it() -> None:
    """Temperature 2 turns (0.64, 0.16, 0.2) into weights 0.8, 0.4, 0.447; so only the common order still has all."""
    logits = logs(0.64, 0.16, 0.2)
    setting = replace(PLAIN, temperature=2.0, top_p=0.8)
    root = math.sqrt(0.2)
    close(sampling.distribution(logits, setting), 0.8 / (0.8 + root), 0, root / (0.8 + root))
    whole = 0.8 + 0.4 + root
    close(sampling.distribution(logits, replace(setting, order="common")), 0.8 / whole, 0.4 / whole, root / whole)


def test_common_order_looks_at_what_the_cut_before_has_left() -> None:
    """top_k 2 leaves 0.4 and 0.3, which are 4/7 and 3/7: top_p 0.5 is reached by the first of them alone."""
    logits = logs(0.4, 0.3, 0.2, 0.1)
    setting = replace(PLAIN, top_k=2, top_p=0.5)
    close(sampling.distribution(logits, replace(setting, order="common")), 1, 0, 0, 0)
    close(sampling.distribution(logits, setting), 4 / 7, 3 / 7, 0, 0)


def test_common_order_applies_min_p_to_the_tempered_probabilities() -> None:
    logits = logs(0.8, 0.2)
    setting = replace(PLAIN, temperature=0.5, min_p=0.1)
    close(sampling.distribution(logits, setting), 0.64 / 0.68, 0.04 / 0.68)
    close(sampling.distribution(logits, replace(setting, order="common")), 1, 0)


MORE_SETTINGS = [
    *SETTINGS,
    {"top_p": 1.0, "min_p": 0.05},
    {"top_p": 0.9, "min_p": 0.2, "top_k": 40},
    {"top_p": 1.0, "min_p": 1e-6},
]


@pytest.mark.parametrize("order", ["rwkv", "common"])
@pytest.mark.parametrize("spread", SHAPES)
@pytest.mark.parametrize("setting", MORE_SETTINGS, ids=str)
def test_the_short_list_draws_what_the_plain_path_draws(setting: dict[str, Any], spread: float, order: str) -> None:
    params = replace(PLAIN, order=order, **setting)  # type: ignore[arg-type]
    sampler, numbers = Sampler(params), torch.Generator().manual_seed(PLAIN.seed or 0)
    for seed in range(8):
        logits = some_logits(3000, spread, seed)
        plain = sampling.distribution(logits, params)
        expected = sampling.pick(plain, float(torch.rand((), dtype=torch.float64, generator=numbers)))
        draw = sampler.next(logits)
        assert draw.token == expected
        assert draw.probability == pytest.approx(float(plain[expected]), rel=1e-9)


def test_the_short_list_is_short_where_the_model_is_sure() -> None:
    """Otherwise a draw from 65,536 tokens sorts all of them, which takes ten times as long."""
    logits = some_logits(65536, 3.0, seed=1)
    logits[:50] += 12.0
    listed = sampling.shortlist(sampling.softmax(logits), SamplingParams())
    assert listed is not None
    assert len(listed) < 200


# Memory


def test_the_same_seed_draws_the_same_tokens() -> None:
    logits = some_logits(1000, 2.0, seed=5)

    def run(seed: int) -> list[int]:
        sampler = Sampler(SamplingParams(seed=seed))
        tokens = []
        for _ in range(30):
            tokens.append(sampler.next(logits).token)
            sampler.accept(tokens[-1])
        return tokens

    assert run(4) == run(4)
    assert run(4) != run(5)


def test_without_a_seed_the_one_in_use_can_be_asked_for() -> None:
    logits = some_logits(1000, 2.0, seed=5)
    sampler = Sampler(SamplingParams(seed=None))
    again = Sampler(SamplingParams(seed=sampler.seed))
    assert [sampler.next(logits).token for _ in range(10)] == [again.next(logits).token for _ in range(10)]


def test_a_clone_draws_the_same_and_shares_nothing() -> None:
    logits = some_logits(1000, 2.0, seed=6)
    sampler = Sampler(SamplingParams(seed=1))
    for _ in range(5):
        sampler.accept(sampler.next(logits).token)
    clone = sampler.clone()
    theirs = [clone.next(logits) for _ in range(10)]
    clone.accept(999)
    assert 999 not in sampler.counts
    assert [sampler.next(logits) for _ in range(10)] == theirs


def test_a_snapshot_takes_the_sampler_back() -> None:
    logits = some_logits(1000, 2.0, seed=7)
    sampler = Sampler(SamplingParams(seed=1))
    sampler.accept(3)
    then = sampler.snapshot()

    def write() -> list[int]:
        tokens = []
        for _ in range(10):
            tokens.append(sampler.next(logits).token)
            sampler.accept(tokens[-1])
        return tokens

    first = write()
    sampler.restore(then)
    assert sampler.counts == {3: 1.0}
    assert write() == first
    sampler.restore(then)
    assert write() == first


# Settings


def test_the_defaults_are_those_of_the_rwkv_package() -> None:
    params = SamplingParams()
    assert (params.temperature, params.top_p, params.top_k) == (1.0, 0.85, 0)
    assert (params.presence, params.frequency, params.penalty_decay) == (0.2, 0.2, 0.996)


def test_every_setting_tells_a_panel_all_it_needs() -> None:
    assert [control.name for control in sampling.controls()] == [field.name for field in fields(SamplingParams)]
    for control in sampling.controls():
        assert control.label
        assert control.help.endswith(".")
        if control.kind in ("number", "integer", "seed"):
            assert control.min is not None
            assert control.max is not None
            assert control.step
            assert control.min < control.max
        if control.kind == "choice":
            assert control.default in control.choices


@pytest.mark.parametrize("field", fields(SamplingParams), ids=lambda field: field.name)
def test_the_fields_themselves_carry_it(field: Any) -> None:
    assert {"label", "help", "kind"} <= set(field.metadata)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"temperature": -0.1}, "Temperature must be between 0 and 5; -0.1 was given."),
        ({"temperature": math.nan}, "Temperature must be between 0 and 5; nan was given."),
        ({"temperature": "1"}, "Temperature must be between 0 and 5; '1' was given."),
        ({"top_p": 1.01}, "Top p must be between 0 and 1; 1.01 was given."),
        ({"top_k": 1.5}, "Top k must be a whole number between 0 and 65,536 tokens; 1.5 was given."),
        ({"top_k": True}, "Top k must be a whole number between 0 and 65,536 tokens; True was given."),
        ({"min_p": -1}, "Min p must be between 0 and 1; -1 was given."),
        ({"presence": 6}, "Presence penalty must be between -2 and 5 nats; 6 was given."),
        ({"penalty_decay": 2}, "Penalty decay must be between 0 and 1 per token; 2 was given."),
        ({"order": "llama"}, "Order must be rwkv or common; 'llama' was given."),
        ({"seed": -1}, "Seed must be a whole number between 0 and 2,147,483,647; -1 was given."),
        ({"banned": (-3,)}, "Banned tokens must be token ids of 0 or more; (-3,) was given."),
    ],
)
def test_a_setting_outside_its_range_is_named_with_it(setting: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError) as error:
        SamplingParams(**setting)
    assert str(error.value) == sentence


def test_whole_numbers_will_do_for_fractions() -> None:
    assert SamplingParams(temperature=1, top_p=0).top_p == 0


def test_decay_in_half_lives() -> None:
    assert SamplingParams(penalty_decay=0.996).penalty_half_life == pytest.approx(172.9, abs=0.1)
    assert SamplingParams().with_half_life(200).penalty_decay == pytest.approx(0.99654, abs=1e-5)
    assert SamplingParams().with_half_life(50).penalty_half_life == pytest.approx(50)
    assert SamplingParams().with_half_life(math.inf).penalty_decay == 1.0
    assert SamplingParams().with_half_life(math.inf).penalty_half_life == math.inf
    assert SamplingParams().with_half_life(0).penalty_half_life == 0.0
    assert SamplingParams(top_p=0.5).with_half_life(9).top_p == 0.5
    with pytest.raises(SettingError, match="half-life"):
        SamplingParams().with_half_life(-1)


def test_settings_are_had_without_torch() -> None:
    code = "import sys; from rwkv_backend import sampling, presets, templates; sampling.controls(); "
    subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], check=True)
