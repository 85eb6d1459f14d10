"""Products of inputs most of which are zero, against float64 ones: at the edges of panels, lines and lists."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rwkv_backend.linear import FloatLinear, Int8Linear, Linear, lay, pack, stored_dtype
from rwkv_backend.native import products, stored
from rwkv_backend.native.compiler import plain
from rwkv_backend.native.products import BYTES, FEW_LISTED, LISTED
from rwkv_backend.native.sparse_vectors import FOUR, PANEL_COLUMNS, PANEL_INPUTS
from rwkv_backend.native.tape import Matrix, matrix_of
from tests.backend.native.test_products import draw, multiplied
from tests.reference import int8

DTYPES = ("float32", "bfloat16", "float16", "int8")
SHAPES = [
    (count, inner, outer)
    for count in (1, 2, 7, 8, 30)
    for inner, outer in (
        (1, 1), (2, 8), (63, 32), (64, 33), (65, 64), (129, 65), (200, 96), (130, 97), (70, 192), (300, 231), (64, 128),
    )
]  # fmt: skip
KEPT = {"most": 0.1, "half": 0.5, "all": 1.0}


def sparse(count: int, inner: int, kept: float, seed: int = 0) -> Tensor:
    """Numbers of which that part is not zero, as many of one sign as of the other."""
    chosen = torch.special.ndtr(draw(count, inner, seed=seed + 1)) < kept
    return draw(count, inner, seed=seed) * chosen


def packed(outer: int, inner: int, dtype: str, by_inputs: bool = True, bias: Tensor | None = None) -> Linear:
    linear = pack(draw(outer, inner).to(stored_dtype(dtype)), bias, dtype)
    lay(linear, by_inputs)
    return linear


def numbers_of(linear: Linear) -> Tensor:
    if isinstance(linear, Int8Linear):
        return linear.whole.double() * linear.scale.double().unsqueeze(1)
    assert isinstance(linear, FloatLinear)
    return linear.weight.double()


def way(x: Tensor, matrix: Matrix) -> int:
    """How `products` multiplies these."""
    return int(plain(products.way_of)(matrix.kind, x.data_ptr(), len(x), matrix.inner, matrix.outer))


@pytest.mark.parametrize(("count", "inner", "outer"), SHAPES)
@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_product_is_that_of_the_numbers_stored(dtype: str, kept: float, count: int, inner: int, outer: int) -> None:
    linear, x = packed(outer, inner, dtype), sparse(count, inner, kept)
    numbers = numbers_of(linear)
    got, inputs = multiplied(x, matrix_of(linear)), x.double()
    allowed = 3e-6 * (x.double().abs() @ numbers.abs().T) + 1e-6
    if dtype == "int8" and count < stored.FEW:
        steps = x.abs().sum(1, keepdim=True).double() * 127 / 2.0e9 + x.abs().amax(1, keepdim=True).double() / 32767
        allowed = allowed + steps / 2 * numbers.abs().sum(1)
    elif isinstance(linear, Int8Linear) and inner >= int8.SHORTEST_ROW and 4 * int((x != 0).sum()) >= x.numel():
        inputs = torch.from_numpy(int8.rounded(x.numpy(), linear.whole.numpy())[0])
    assert ((got.double() - inputs @ numbers.T).abs() <= allowed).all()
    for helpers in (1, 3):
        assert torch.equal(multiplied(x, matrix_of(linear), helpers), got)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("inner", "outer"), [(64, 64), (333, 77), (1000, 200)])
def test_few_rows_of_int8_are_the_very_product_by_outputs(count: int, inner: int, outer: int) -> None:
    """Both sum the same whole numbers, and round once; only the order of two factors may differ."""
    x = sparse(count, inner, 0.4)
    one, other = (multiplied(x, matrix_of(packed(outer, inner, "int8", by_inputs))) for by_inputs in (True, False))
    assert torch.allclose(one, other, rtol=3e-7, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 3, 9])
def test_rows_without_any_input_become_zero(count: int, dtype: str) -> None:
    linear, x = packed(45, 200, dtype), sparse(count, 200, 0.2)
    x[0] = 0
    x[-1] *= -0.0
    got = multiplied(x, matrix_of(linear))
    assert torch.equal(got[0], torch.zeros(45))
    assert torch.equal(got[-1].abs(), torch.zeros(45))


@pytest.mark.parametrize("dtype", DTYPES[:3])
@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_zero(wrong: float, count: int, dtype: str) -> None:
    linear, x = packed(100, 300, dtype), sparse(count, 300, 0.3)
    clean = multiplied(x, matrix_of(linear))
    x[0, 123] = wrong
    got = multiplied(x, matrix_of(linear))
    assert not torch.isfinite(got[0]).any()
    assert torch.equal(got[1:], clean[1:])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 12])
def test_weights_of_a_zero_are_not_touched(count: int, dtype: str) -> None:
    """What could not be multiplied without a trace stands where no input looks."""
    linear, x = packed(100, 256, dtype), torch.zeros(count, 256)
    looked_at = [3, 64, 65, 130, 255]
    x[:, looked_at] = draw(count, len(looked_at))
    want = multiplied(x, matrix_of(linear))
    other = [i for i in range(256) if i not in looked_at]
    if isinstance(linear, Int8Linear):
        linear.whole[:, other] = 127
    else:
        assert isinstance(linear, FloatLinear)
        linear.weight[:, other] = math.nan
    assert torch.equal(multiplied(x, matrix_of(linear)), want)


def test_a_number_too_small_to_be_halved_is_not_zero() -> None:
    x = torch.zeros(9, 70)
    x[:, 69] = 2.0**-149
    linear = FloatLinear(torch.full((33, 70), 2.0**127), None)
    lay(linear, True)
    for count in (1, 9):
        assert torch.equal(multiplied(x[:count], matrix_of(linear)), torch.full((count, 33), 2.0**-22))


def test_each_way_is_taken_where_it_is_meant() -> None:
    few, half = sparse(40, 256, 0.1), sparse(40, 256, 0.5)
    for dtype in DTYPES:
        matrix = matrix_of(packed(50, 256, dtype))
        assert way(half[:1], matrix) == way(few[:7], matrix) == FEW_LISTED
        assert way(half[:7], matrix) == way(few, matrix) == LISTED
        assert way(half, matrix) == (BYTES if dtype == "int8" else LISTED)
        other = way(few, matrix_of(packed(50, 256, dtype, by_inputs=False)))
        assert other not in (FEW_LISTED, LISTED)


@pytest.mark.parametrize("inner", [192, 197, 255, 256, 300])
@pytest.mark.parametrize("outer", [16, 21, 130])
def test_bytes_do_not_mind_how_a_matrix_lies(inner: int, outer: int) -> None:
    x = draw(13, inner, seed=1)
    one, other = (multiplied(x, matrix_of(packed(outer, inner, "int8", by_inputs))) for by_inputs in (True, False))
    assert torch.equal(one, other)


def test_bias_is_added_too() -> None:
    bias = draw(77)
    for dtype in DTYPES:
        for count in (2, 20):
            x = sparse(count, 150, 0.3)
            without, got = (multiplied(x, matrix_of(packed(77, 150, dtype, bias=b))) for b in (None, bias))
            assert torch.allclose(got, without + bias, atol=1e-6)


def test_sizes_that_the_vectors_are_written_for() -> None:
    assert PANEL_COLUMNS % 32 == 0
    assert 4 * PANEL_COLUMNS * (PANEL_INPUTS - 1) < 2**16, "where a row of a panel lies is written in 16 bits"
    assert FOUR % 2 == 0, "int8 takes rows in pairs"
