"""Native products against float64 ones, at the edges of tiles, vectors and int4 groups, alone and with helping threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import Tensor

from rwkv_backend.linear import DTYPES, Int8Linear, Linear, pack, stored_dtype
from rwkv_backend.native import build, codes, strassen
from rwkv_backend.native.compiler import plain
from rwkv_backend.native.tape import Matrix, Tape, matrix_of, table_of
from rwkv_backend.native.tile_vectors import TILE_ROWS
from tests.reference import int8

SHAPES = [
    (count, inner, outer)
    for count in (1, 3, 7, 8, 13, 40)
    for inner, outer in ((1, 1), (31, 17), (32, 16), (64, 64), (67, 13), (200, 150))
]
DEEP = [(1, 7168, 5), (9, 7168, 33), (20, 769, 18)]
"""Rows longer than a tile is deep, with a rest."""


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32))


def multiplied(x: Tensor, matrix: Matrix, helpers: int = 0) -> Tensor:
    """A tape of one product."""
    kernels = build.kernels()
    assert kernels is not None
    tape = Tape()
    source = tape.weight(x)
    tape.product(codes.LOGITS, source, matrix)
    count = len(x)
    result = torch.full((count, matrix.outer), float("nan"))
    shared = torch.empty(kernels.shared_words(count, matrix.inner), dtype=torch.int32)
    size = kernels.own_words(count, matrix.inner)
    own = [torch.empty(size, dtype=torch.int32) for _ in range(helpers + 1)]
    places = np.zeros(tape.count, np.int64)
    for place, tensor in {**tape.weights, codes.LOGITS: result, codes.SHARED: shared, codes.OWN: own[0]}.items():
        places[place] = tensor.data_ptr()
    team = np.zeros(16, np.int64)
    places[codes.TEAM] = team.ctypes.data if helpers else 0
    rows, sizes = tape.array(), np.array([count, count, 0, 0, count], np.int64)
    threads = [threading.Thread(target=kernels.help_out, args=(rows, places, sizes, o.data_ptr())) for o in own[1:]]
    for thread in threads:
        thread.start()
    kernels.run(rows, places, sizes)
    for thread in threads:
        thread.join()
    return result


def weights_of(linear: Linear, inner: int) -> Tensor:
    """The numbers that the matrix stands for, read out one column at a time by the plain product in float32."""
    kind = matrix_of(linear)
    if kind.weight.is_floating_point():
        return kind.weight.double()
    return linear(torch.eye(inner)).double().T


@pytest.mark.parametrize(("count", "inner", "outer"), SHAPES + DEEP)
@pytest.mark.parametrize("dtype", DTYPES)
def test_product_is_that_of_the_numbers_stored(dtype: str, count: int, inner: int, outer: int) -> None:
    weight, bias, x = draw(outer, inner), draw(outer, seed=1), draw(count, inner, seed=2)
    linear = pack(weight.to(stored_dtype(dtype)), None, dtype)
    stored = weights_of(linear, inner)
    allowed = 3e-6 * (x.double().abs() @ stored.abs().T) + 1e-6
    inputs = x.double()
    whole = isinstance(linear, Int8Linear)
    if whole and not int8.in_bytes(count, inner):  # inputs are rounded to steps of 12 to 15 bits
        steps = x.abs().sum(1, keepdim=True).double() * 127 / 2.0e9 + x.abs().amax(1, keepdim=True).double() / 32767
        allowed = allowed + steps / 2 * stored.abs().sum(1)
    elif isinstance(linear, Int8Linear):  # and here to bytes, each in a known way
        inputs = torch.from_numpy(int8.rounded(x.numpy(), linear.whole.numpy())[0])
    got = multiplied(x, matrix_of(linear))
    assert ((got.double() - inputs @ stored.T).abs() <= allowed).all()
    with_bias = pack(weight.to(stored_dtype(dtype)), bias, dtype)
    assert torch.allclose(multiplied(x, matrix_of(with_bias)), got + bias, atol=1e-6)


HALVED = [(256, 768, 768), (511, 768, 896), (512, 1024, 768), (262, 784, 1024), (257, 2064, 768)]
"""Large enough for Strassen's products: with rows missing in the second half, a whole tile of them, a rest of a block, a
rest of a slice."""


@pytest.mark.parametrize(("count", "inner", "outer"), HALVED)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_seven_products_of_halves_are_the_whole_product(dtype: str, count: int, inner: int, outer: int) -> None:
    weight, bias = draw(outer, inner).to(stored_dtype(dtype)), draw(outer, seed=1)
    x = draw(count, inner, seed=2) * torch.logspace(-2, 2, count).unsqueeze(1)
    matrix = matrix_of(pack(weight, bias, dtype))
    assert plain(strassen.pays)(matrix.kind, count, inner, outer)
    want = x.double() @ weight.double().T + bias.double()
    lengths = x.double().norm(dim=1)
    half = TILE_ROWS * int(plain(strassen.half_tiles)(count))
    partner = torch.tensor([(row + half) if row < half else row - half for row in range(count)]).clamp(max=count - 1)
    longer = torch.maximum(lengths, lengths[partner]).unsqueeze(1)
    allowed = 2e-6 * longer * weight.double().norm(dim=1).max()
    got = multiplied(x, matrix)
    assert ((got.double() - want).abs() <= allowed).all()
    for helpers in (1, 3):
        assert torch.equal(multiplied(x, matrix, helpers), got)


@pytest.mark.parametrize(
    ("count", "inner", "outer"), [(255, 768, 768), (256, 767, 768), (256, 776, 768), (256, 768, 832)]
)
def test_what_cannot_be_halved_is_multiplied_whole(count: int, inner: int, outer: int) -> None:
    matrix, x = matrix_of(pack(draw(outer, inner), None, "float32")), draw(count, inner, seed=2)
    assert not plain(strassen.pays)(matrix.kind, count, inner, outer)
    size = x.double().abs() @ matrix.weight.double().abs().T
    assert ((multiplied(x, matrix).double() - x.double() @ matrix.weight.double().T).abs() <= 3e-6 * size).all()


WEIGHTS = {
    "normal": lambda outer, inner: draw(outer, inner),
    "all at their largest": lambda outer, inner: torch.ones(outer, inner),
    "of both signs at their largest": lambda outer, inner: draw(outer, inner).sign(),
    "one of many at its largest": lambda outer, inner: torch.eye(outer, inner) + 1e-3,
    "zeros": lambda outer, inner: torch.zeros(outer, inner),
}
INPUTS = {
    "normal": lambda count, inner: draw(count, inner, seed=1),
    "squared": lambda count, inner: draw(count, inner, seed=1).relu().square(),
    "least and largest in turn": lambda count, inner: draw(count, inner, seed=1).sign() * 1e4,
    "all alike": lambda count, inner: torch.full((count, inner), 3.7),
    "one far away": lambda count, inner: draw(count, inner, seed=1) + 1e3 * torch.eye(count, inner),
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("inner", [192, 197, 255, 256, 257, 1000])
def test_bytes_are_counted_as_said_and_never_overflow(weights: str, inputs: str, inner: int) -> None:
    """Whatever the numbers: the product of what was rounded, and hence within half a step of each input."""
    linear = pack(WEIGHTS[weights](21, inner), None, "int8")
    assert isinstance(linear, Int8Linear)
    x = INPUTS[inputs](13, inner)
    found, units = (torch.from_numpy(numbers) for numbers in int8.rounded(x.numpy(), linear.whole.numpy()))
    stored = linear.whole.double() * linear.scale.double().unsqueeze(1)
    got = multiplied(x, matrix_of(linear)).double()
    slack = 3e-6 * (x.double().abs() @ stored.abs().T) + 1e-6
    assert ((got - found @ stored.T).abs() <= slack).all()
    assert ((got - x.double() @ stored.T).abs() <= units / 2 @ stored.abs().T + slack).all()


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_stays_in_its_row(wrong: float) -> None:
    linear, x = pack(draw(9, 300), None, "int8"), draw(12, 300, seed=1)
    clean = multiplied(x, matrix_of(linear))
    x[3, 17] = wrong
    got = multiplied(x, matrix_of(linear))
    assert not torch.isfinite(got[3]).any()
    rest = [row for row in range(12) if row != 3]
    assert torch.equal(got[rest], clean[rest])


@pytest.mark.parametrize(("count", "inner", "outer"), SHAPES + DEEP)
def test_tables_are_multiplied_from_the_right(count: int, inner: int, outer: int) -> None:
    table, x = draw(inner, outer), draw(count, inner, seed=1)
    allowed = 3e-6 * (x.double().abs() @ table.double().abs()) + 1e-6
    assert ((multiplied(x, table_of(table)).double() - x.double() @ table.double()).abs() <= allowed).all()


@pytest.mark.parametrize("count", [1, 20])
def test_int8_sums_do_not_overflow(count: int) -> None:
    """All weights at their largest and all inputs alike: the largest sum that there can be."""
    linear = pack(torch.ones(4, 16_000), None, "int8")
    for sign in (1.0, -1.0):
        got = multiplied(torch.full((count, 16_000), sign * 3.0), matrix_of(linear))
        assert torch.allclose(got, torch.full((count, 4), sign * 48_000.0), rtol=1e-3)


@pytest.mark.parametrize("count", [1, 20])
def test_rows_of_zeros_and_of_very_different_size_keep_their_digits(count: int) -> None:
    linear = pack(draw(9, 64), None, "int8")
    x = draw(count, 64, seed=1) * torch.logspace(-6, 6, count).unsqueeze(1)
    x[-1] = 0
    got, want = multiplied(x, matrix_of(linear)), x.double() @ weights_of(linear, 64).T
    assert ((got - want).abs() <= 1e-3 * want.abs().amax(1, keepdim=True)).all()


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("count", [1, 5, 64])
@pytest.mark.parametrize("helpers", [1, 3])
def test_threads_share_a_product_without_losing_or_doubling_a_block(count: int, dtype: str, helpers: int) -> None:
    linear = pack(draw(1500, 100), None, dtype)
    x = draw(count, 100, seed=1)
    alone = multiplied(x, matrix_of(linear))
    for _ in range(20):
        assert torch.equal(multiplied(x, matrix_of(linear), helpers), alone)
