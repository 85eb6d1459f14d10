"""The recurrences: a chunk equals as many single tokens, and both equal the plain formula in float64 loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rwkv_backend import wkv
from tests.shared import Array, assert_near

Inputs: TypeAlias = dict[str, Tensor]
"""Named arguments. Those in `PER_TOKEN` have one row a token."""

BOUND = {torch.float32: 2e-5, torch.float64: 1e-12}
EVERYTHING, NOTHING = -1e20, 0.0
"""Logarithms of decays: of the fraction 0 and of the fraction 1."""

FASTEST_7 = -float(np.exp(-0.5))
HEADS, SIZE = 3, 5
CHANNELS = 11

every_length = pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 48, 70])
every_dtype = pytest.mark.parametrize("dtype", BOUND, ids=str)


class Draw:
    """Random tensors of one dtype, repeatable by seed."""

    def __init__(self, seed: int, dtype: torch.dtype) -> None:
        self.numbers = np.random.default_rng(seed)
        self.dtype = dtype

    def normal(self, *shape: int) -> Tensor:
        return self.tensor(self.numbers.normal(size=shape))

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return self.tensor(self.numbers.uniform(low, high, shape))

    def among(self, values: list[float], *shape: int) -> Tensor:
        return self.tensor(self.numbers.choice(values, shape))

    def tensor(self, values: Any) -> Tensor:
        return torch.as_tensor(np.asarray(values), dtype=self.dtype)


def exact(tensor: Tensor) -> Array:
    return tensor.double().numpy()


# Each recurrence: its plain formula, and how to call ours

Memory: TypeAlias = tuple[Tensor, ...]


def our_sums(inputs: Inputs, memory: Memory) -> tuple[Tensor, Memory]:
    y, *new = wkv.wkv_sums(**inputs, numerator=memory[0], denominator=memory[1], epsilon=1e-8)
    return y, tuple(new)


def plain_sums(inputs: Inputs, memory: Memory) -> tuple[Array, list[Array]]:
    k, v, u = exact(inputs["key"]), exact(inputs["value"]), exact(inputs["bonus"])
    w = np.exp(exact(inputs["decay"]))
    aa, bb = map(exact, memory)
    rows = []
    for t in range(len(k)):
        rows.append((aa + u * k[t] * v[t]) / (bb + u * k[t] + 1e-8))
        aa, bb = w * aa + k[t] * v[t], w * bb + k[t]
    return np.stack(rows), [aa, bb]


def our_log_sums(inputs: Inputs, memory: Memory) -> tuple[Tensor, Memory]:
    return wkv.wkv_log_sums(**inputs, memory=(memory[0], memory[1], memory[2]))


def plain_log_sums(inputs: Inputs, memory: Memory) -> tuple[Array, list[Array]]:
    k, v, u, w = (exact(inputs[name]) for name in ("key", "value", "bonus", "decay"))
    aa, bb, pp = map(exact, memory)
    rows = []
    for t in range(len(k)):
        q = np.maximum(pp, u + k[t])
        past, now = np.exp(pp - q), np.exp(u + k[t] - q)
        rows.append((past * aa + now * v[t]) / (past * bb + now))
        q = np.maximum(pp + w, k[t])
        past, now = np.exp(pp + w - q), np.exp(k[t] - q)
        aa, bb, pp = past * aa + now * v[t], past * bb + now, q
    return np.stack(rows), [aa, bb, pp]


def our_matrix(inputs: Inputs, memory: Memory) -> tuple[Tensor, Memory]:
    y, new = wkv.wkv_matrix(**inputs, memory=memory[0])
    return y, (new,)


def plain_matrix(inputs: Inputs, memory: Memory) -> tuple[Array, list[Array]]:
    r, k, v, u = (exact(inputs[name]) for name in ("r", "k", "v", "bonus"))
    w = np.broadcast_to(np.exp(exact(inputs["decay"])), k.shape)
    S = exact(memory[0]).copy()
    rows = np.zeros_like(v)
    for t in range(len(k)):
        for h in range(len(S)):
            a = np.outer(k[t, h], v[t, h])
            rows[t, h] = r[t, h] @ (u[h][:, None] * a + S[h])
            S[h] = w[t, h][:, None] * S[h] + a
    return rows, [S]


def our_delta(inputs: Inputs, memory: Memory) -> tuple[Tensor, Memory]:
    y, new = wkv.wkv_delta(**inputs, memory=memory[0])
    return y, (new,)


def plain_delta(inputs: Inputs, memory: Memory) -> tuple[Array, list[Array]]:
    r, k, v, a, b = (exact(inputs[name]) for name in ("r", "k", "v", "a", "b"))
    w = np.exp(exact(inputs["decay"]))
    S = exact(memory[0]).copy()
    rows = np.zeros_like(v)
    for t in range(len(k)):
        for h in range(len(S)):
            S[h] = S[h] * w[t, h] + np.outer(S[h] @ a[t, h], b[t, h]) + np.outer(v[t, h], k[t, h])
            rows[t, h] = S[h] @ r[t, h]
    return rows, [S]


PER_TOKEN = {"key", "value", "r", "k", "v", "a", "b"}
Ours: TypeAlias = Callable[[Inputs, Memory], tuple[Tensor, Memory]]
Plain: TypeAlias = Callable[[Inputs, Memory], tuple[Array, list[Array]]]


def one_by_one(ours: Ours, inputs: Inputs, memory: Memory) -> tuple[Tensor, Memory]:
    """The same tokens, each by a call of its own."""
    count = len(next(inputs[name] for name in inputs if name in PER_TOKEN))
    decay_per_token = "r" in inputs and inputs["decay"].dim() == 3
    rows = []
    for t in range(count):
        now = {
            name: x[t : t + 1] if name in PER_TOKEN or (name == "decay" and decay_per_token) else x
            for name, x in inputs.items()
        }
        y, memory = ours(now, memory)
        rows.append(y)
    return torch.cat(rows), memory


def assert_all_three_agree(ours: Ours, plain: Plain, inputs: Inputs, memory: Memory, bound: float) -> None:
    want, want_memory = plain(inputs, memory)
    kept = [x.clone() for x in (*inputs.values(), *memory)]
    for got, new in (ours(inputs, memory), one_by_one(ours, inputs, memory)):
        assert got.dtype == memory[0].dtype
        assert_near(got, want, bound, "read-outs")
        for mine, theirs in zip(new, want_memory, strict=True):
            assert_near(mine, theirs, bound, "memory")
    assert all(torch.equal(x, y) for x, y in zip((*inputs.values(), *memory), kept, strict=True)), "inputs were changed"


# Versions 2 and 3


def sums_case(draw: Draw, count: int, decay: Tensor, keys: tuple[float, float] = (-3.0, 3.0)) -> tuple[Inputs, Memory]:
    inputs = {
        "key": torch.exp(draw.uniform(*keys, count, CHANNELS)),
        "value": draw.normal(count, CHANNELS),
        "decay": decay,
        "bonus": torch.exp(draw.normal(CHANNELS)),
    }
    return inputs, (draw.normal(CHANNELS), draw.uniform(0.5, 2, CHANNELS))


def constant_decays(draw: Draw, *shape: int) -> Tensor:
    return draw.among([EVERYTHING, NOTHING, -1e-7, -1e-3, -0.1, -3.0, -90.0], *shape)


@every_length
@every_dtype
def test_sums_of_a_chunk_equal_single_tokens(count: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    inputs, memory = sums_case(draw, count, constant_decays(draw, CHANNELS))
    assert_all_three_agree(our_sums, plain_sums, inputs, memory, BOUND[dtype])


@every_length
@every_dtype
def test_sums_bear_the_largest_keys_that_the_clamp_lets_through(count: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    inputs, memory = sums_case(draw, count, constant_decays(draw, CHANNELS), keys=(-20.0, 60.0))
    assert_all_three_agree(our_sums, plain_sums, inputs, memory, BOUND[dtype])


@given(seed=st.integers(0, 999), count=st.integers(1, 40), decay=st.floats(-100, 0))
def test_sums_agree_for_any_decay(seed: int, count: int, decay: float) -> None:
    draw = Draw(seed, torch.float32)
    inputs, memory = sums_case(draw, count, torch.full((CHANNELS,), decay))
    assert_all_three_agree(our_sums, plain_sums, inputs, memory, BOUND[torch.float32])


# Version 4


def log_sums_case(
    draw: Draw, count: int, decay: Tensor, largest: float, empty: bool = False
) -> tuple[Inputs, tuple[Tensor, Tensor, Tensor]]:
    inputs = {
        "key": draw.uniform(-largest, largest, count, CHANNELS),
        "value": draw.normal(count, CHANNELS),
        "decay": decay,
        "bonus": draw.normal(CHANNELS),
    }
    if empty:
        return inputs, (torch.zeros_like(decay), torch.zeros_like(decay), torch.full_like(decay, wkv.NEVER))
    return inputs, (draw.normal(CHANNELS), draw.uniform(0.5, 2, CHANNELS), draw.uniform(-5, 5, CHANNELS))


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@every_length
@every_dtype
def test_log_sums_of_a_chunk_equal_single_tokens(count: int, dtype: torch.dtype, empty: bool) -> None:
    draw = Draw(count, dtype)
    inputs, memory = log_sums_case(draw, count, constant_decays(draw, CHANNELS), 3.0, empty)
    assert_all_three_agree(our_log_sums, plain_log_sums, inputs, memory, BOUND[dtype])


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@every_length
@every_dtype
def test_log_sums_bear_keys_of_many_hundreds(count: int, dtype: torch.dtype, empty: bool) -> None:
    """A float32 near 500 has steps of 3e-5, and so has the logarithm of every weight."""
    draw = Draw(count, dtype)
    inputs, memory = log_sums_case(draw, count, constant_decays(draw, CHANNELS), 500.0, empty)
    bound = 5e-4 if dtype == torch.float32 else 1e-10
    assert_all_three_agree(our_log_sums, plain_log_sums, inputs, memory, bound)


@every_length
def test_log_sums_of_equal_huge_keys_are_plain_means(count: int) -> None:
    decay = torch.zeros(CHANNELS)
    inputs, memory = log_sums_case(Draw(count, torch.float32), count, decay, 0.0, empty=True)
    for key in (500.0, -500.0):
        inputs |= {"key": torch.full((count, CHANNELS), key), "bonus": decay}
        got, _ = our_log_sums(inputs, memory)
        assert_near(got, exact(inputs["value"]).cumsum(0) / np.arange(1, count + 1)[:, None], 1e-4)


@given(seed=st.integers(0, 999), count=st.integers(1, 40), decay=st.floats(-100, 0), largest=st.floats(0, 60))
def test_log_sums_agree_for_any_decay(seed: int, count: int, decay: float, largest: float) -> None:
    draw = Draw(seed, torch.float32)
    inputs, memory = log_sums_case(draw, count, torch.full((CHANNELS,), decay), largest)
    assert_all_three_agree(our_log_sums, plain_log_sums, inputs, memory, 2e-4)


# Versions 5 and 6


def matrix_case(draw: Draw, count: int, decay: Tensor) -> tuple[Inputs, Memory]:
    inputs = {name: draw.normal(count, HEADS, SIZE) for name in "rkv"}
    inputs |= {"decay": decay, "bonus": draw.normal(HEADS, SIZE)}
    return inputs, (draw.normal(HEADS, SIZE, SIZE),)


@every_length
@every_dtype
def test_matrix_of_a_chunk_equals_single_tokens_with_constant_decays(count: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    inputs, memory = matrix_case(draw, count, constant_decays(draw, HEADS, SIZE))
    assert_all_three_agree(our_matrix, plain_matrix, inputs, memory, BOUND[dtype])


@every_length
@every_dtype
def test_matrix_of_a_chunk_equals_single_tokens_with_a_decay_for_each(count: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    inputs, memory = matrix_case(draw, count, constant_decays(draw, count, HEADS, SIZE))
    assert_all_three_agree(our_matrix, plain_matrix, inputs, memory, BOUND[dtype])


@pytest.mark.parametrize("total", [-25.0, -300.0, -1e4, -1e7, EVERYTHING])
@pytest.mark.parametrize("place", [0, 3, 14, 15, 16, 20])
def test_matrix_remembers_exactly_after_a_token_that_forgot_all(place: int, total: float) -> None:
    """Differences of running sums would have lost the digits of the mild decays that come after."""
    draw = Draw(place, torch.float32)
    decay = draw.uniform(-0.02, -0.0001, 40, HEADS, SIZE)
    decay[place] = total
    inputs, memory = matrix_case(draw, 40, decay)
    assert_all_three_agree(our_matrix, plain_matrix, inputs, memory, BOUND[torch.float32])


@given(
    seed=st.integers(0, 999),
    decays=st.lists(
        st.one_of(st.floats(-1, 0, width=32), st.sampled_from([EVERYTHING, NOTHING, -1e5, -30.0])),
        min_size=1,
        max_size=40,
    ),
)
def test_matrix_agrees_for_any_decays(seed: int, decays: list[float]) -> None:
    draw = Draw(seed, torch.float32)
    decay = draw.tensor(decays)[:, None, None].expand(-1, HEADS, SIZE)
    inputs, memory = matrix_case(draw, len(decays), decay)
    assert_all_three_agree(our_matrix, plain_matrix, inputs, memory, BOUND[torch.float32])


# Version 7


def delta_case(draw: Draw, count: int, decay: Tensor, rate: Tensor) -> tuple[Inputs, Memory]:
    inputs = {name: draw.normal(count, HEADS, SIZE) for name in "rkv"}
    direction = torch.nn.functional.normalize(draw.normal(count, HEADS, SIZE), dim=-1)
    inputs |= {"decay": decay, "a": -direction, "b": direction * rate}
    return inputs, (draw.normal(HEADS, SIZE, SIZE),)


@every_length
@every_dtype
def test_delta_of_a_chunk_equals_single_tokens(count: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    shape = (count, HEADS, SIZE)
    decay = draw.among([FASTEST_7, NOTHING, -1e-7, -1e-3, -0.3], *shape)
    inputs, memory = delta_case(draw, count, decay, draw.among([0.0, 0.01, 0.5, 1.0], *shape))
    assert_all_three_agree(our_delta, plain_delta, inputs, memory, BOUND[dtype])


@every_length
@every_dtype
def test_delta_bears_the_fastest_decay_in_all_channels(count: int, dtype: torch.dtype) -> None:
    """Inside a block the formula divides by the decay since its beginning: e^9.7 at most."""
    draw = Draw(count, dtype)
    shape = (count, HEADS, SIZE)
    inputs, memory = delta_case(draw, count, draw.among([FASTEST_7], *shape), draw.uniform(0, 1, *shape))
    assert_all_three_agree(our_delta, plain_delta, inputs, memory, BOUND[dtype])


@every_length
def test_delta_replaces_what_a_key_recalls(count: int) -> None:
    """With rate 1 and no decay, writing under one key again and again leaves only the last value there."""
    direction = torch.nn.functional.normalize(torch.ones(SIZE), dim=0).expand(count, HEADS, SIZE)
    value = Draw(count, torch.float32).normal(count, HEADS, SIZE)
    nothing = torch.zeros(count, HEADS, SIZE)
    got, _ = wkv.wkv_delta(direction, direction, value, nothing, -direction, direction, torch.zeros(HEADS, SIZE, SIZE))
    assert_near(got, exact(value), 1e-5)


@given(
    seed=st.integers(0, 999), decays=st.lists(st.floats(FASTEST_7, 0), min_size=1, max_size=40), rate=st.floats(0, 1)
)
def test_delta_agrees_for_any_decays(seed: int, decays: list[float], rate: float) -> None:
    draw = Draw(seed, torch.float32)
    decay = draw.tensor(decays)[:, None, None].expand(-1, HEADS, SIZE)
    inputs, memory = delta_case(draw, len(decays), decay, torch.full((HEADS, SIZE), rate))
    assert_all_three_agree(our_delta, plain_delta, inputs, memory, BOUND[torch.float32])


# Version 1


def plain_window(weights: Array, key_values: Array, key_sums: Array) -> Array:
    """weights (H, T, U): how much position u counts at each of the last T positions."""
    count, positions = weights.shape[1:]
    rows = np.zeros(key_sums.shape)
    for t in range(count):
        for u in range(positions - count + t + 1):
            rows[t] += np.repeat(weights[:, t, u], SIZE) * key_values[u] / key_sums[t]
    return rows


@every_length
@every_dtype
@pytest.mark.parametrize(("before", "room"), [(0, 0), (9, 0), (9, 13)])
def test_window_of_a_chunk_equals_single_tokens(count: int, before: int, room: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    positions, width = before + count, HEADS * SIZE
    table, alpha = draw.normal(HEADS, positions + room), draw.normal(HEADS, positions)
    beta = draw.normal(HEADS, count)
    key_values, key_sums = draw.normal(positions, width), draw.uniform(0.5, 3, count, width)

    weights = np.zeros((HEADS, count, positions))
    for t in range(count):
        for u in range(before + t + 1):
            by_distance = exact(table)[:, -1 - (before + t - u)]
            weights[:, t, u] = by_distance * exact(alpha)[:, u] * exact(beta)[:, t]
    want = plain_window(weights, exact(key_values), exact(key_sums))
    assert_near(wkv.wkv_window(table, alpha, beta, key_values, key_sums), want, BOUND[dtype])
    for t in range(count):
        end, now = before + t + 1, slice(t, t + 1)
        row = wkv.wkv_window(table, alpha[:, :end], beta[:, now], key_values[:end], key_sums[now])
        assert_near(row[0], want[t], BOUND[dtype])


@every_length
@every_dtype
@pytest.mark.parametrize(("before", "room"), [(0, 0), (9, 0), (9, 13)])
def test_folded_window_of_a_chunk_equals_single_tokens(count: int, before: int, room: int, dtype: torch.dtype) -> None:
    draw = Draw(count, dtype)
    positions, width = before + count, HEADS * SIZE
    table = draw.normal(HEADS, positions + room, positions + room)
    key_values, key_sums = draw.normal(positions, width), draw.uniform(0.5, 3, count, width)
    want = plain_window(exact(table)[:, before:positions, :positions], exact(key_values), exact(key_sums))
    assert_near(wkv.wkv_folded_window(table, key_values, key_sums), want, BOUND[dtype])
    for t in range(count):
        end = before + t + 1
        assert_near(wkv.wkv_folded_window(table, key_values[:end], key_sums[t : t + 1])[0], want[t], BOUND[dtype])


# Decays


def test_fading_is_finite_and_falls_for_every_time_decay() -> None:
    time_decay = torch.tensor([-200.0, -90.0, -8.0, 0.0, 3.0, 80.0, 100.0, 1e30])
    log_w = wkv.fading(time_decay)
    assert torch.isfinite(log_w).all()
    assert (log_w.diff() <= 0).all()
    assert_near(log_w[2:5], -np.exp([-8.0, 0.0, 3.0]), 1e-6)
    assert torch.exp(log_w)[0] == 1
    assert torch.exp(log_w)[-1] == 0


@settings(max_examples=20)
@given(seed=st.integers(0, 999), count=st.integers(1, 20))
def test_nothing_kept_means_that_the_past_does_not_matter(seed: int, count: int) -> None:
    """Every recurrence that can forget all, with two different memories before."""
    draw = Draw(seed, torch.float32)
    forgetful = torch.full((CHANNELS,), EVERYTHING)
    cases: list[tuple[Ours, tuple[Inputs, Memory]]] = [
        (our_sums, sums_case(draw, count, forgetful)),
        (our_log_sums, log_sums_case(draw, count, forgetful, 3.0)),
        (our_matrix, matrix_case(draw, count, torch.full((HEADS, SIZE), EVERYTHING))),
    ]
    for ours, (inputs, memory) in cases:
        other = tuple(x + 1 for x in memory)
        assert torch.equal(ours(inputs, memory)[0][1:], ours(inputs, other)[0][1:])
        assert not torch.equal(ours(inputs, memory)[0][:1], ours(inputs, other)[0][:1])
