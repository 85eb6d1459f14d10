"""Matrices in fewer bits: each form against the plain product, within the error that its number of bits allows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rwkv_backend.errors import SettingError
from rwkv_backend.linear import (
    DTYPES,
    FEW_ROWS,
    FloatLinear,
    Int4Linear,
    Int8Linear,
    fits,
    held_tensors,
    lay,
    lies_by_inputs,
    pack,
    restore,
    stored_dtype,
)
from tests.shared import assert_one_sentence

ROWS = [1, FEW_ROWS, FEW_ROWS + 1, 20]
COLUMNS = [1, 2, 31, 63, 64, 65, 127, 128, 200]
"""int4 keeps groups of 64 columns, two in a byte: odd numbers and rests are the hard ones."""

HALF_STEP = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Largest relative error of one rounded number."""


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32))


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    plain = x.double() @ weight.double().T
    return plain if bias is None else plain + bias.double()


def packed(weight: Tensor, bias: Tensor | None, dtype: str) -> FloatLinear | Int8Linear | Int4Linear:
    """As loading does it."""
    made = pack(weight.to(stored_dtype(dtype)), bias, dtype)
    assert isinstance(made, FloatLinear | Int8Linear | Int4Linear)
    return made


def allowed(x: Tensor, weight: Tensor, dtype: str) -> Tensor:
    """Largest error that rounding can make, (T, out): half a step of each weight times |x|, added up."""
    size = x.double().abs()
    if dtype == "float32":
        return 1e-5 * (size @ weight.double().abs().T) + 1e-6
    if dtype in HALF_STEP:  # the weight, the input and the result are rounded
        return 3.1 * HALF_STEP[dtype] * (size @ weight.double().abs().T) + 1e-6
    if dtype == "int8":
        return size.sum(1, keepdim=True) * (weight.abs().amax(1).double() / 127 / 2) * 1.001 + 1e-6
    low, high = weight.amin(1).clamp(max=0).double(), weight.amax(1).clamp(min=0).double()
    step = (high - low) / 15
    float16_offsets = 2.0**-11 * (16 * step - low)
    return size.sum(1, keepdim=True) * (step / 2 + float16_offsets) + 1e-6


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("with_bias", [False, True], ids=["plain", "bias"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_product_is_as_near_as_the_bits_allow(dtype: str, with_bias: bool, rows: int, columns: int) -> None:
    weight, x = draw(13, columns), draw(rows, columns, seed=1)
    bias = draw(13, seed=2) if with_bias else None
    got = packed(weight, bias, dtype)(x)
    assert got.dtype == torch.float32
    assert got.shape == (rows, 13)
    limit = allowed(x, weight, dtype) + (0 if bias is None else 1e-6 * bias.abs().max())
    assert ((got.double() - product(x, weight, bias)).abs() <= limit).all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8", "int4"])
def test_rounding_is_really_done(dtype: str) -> None:
    weight, x = draw(13, 64), draw(6, 64, seed=1)
    assert (packed(weight, None, dtype)(x).double() - product(x, weight)).abs().max() > 1e-4


@pytest.mark.parametrize("dtype", DTYPES)
def test_many_rows_and_single_rows_agree(dtype: str) -> None:
    """A CPU takes another way for many rows in 16 bits; a text must not read differently for it."""
    weight, x = draw(13, 200), draw(20, 200, seed=1)
    matrix = packed(weight, draw(13, seed=2), dtype)
    single = torch.cat([matrix(row) for row in x.split(1)])
    assert ((matrix(x) - single).abs() <= allowed(x, weight, dtype)).all()


def test_memory_taken_shrinks_with_the_bits() -> None:
    weight, bias = draw(64, 256), draw(64)
    count = weight.numel()
    sizes = {dtype: packed(weight, None, dtype).nbytes for dtype in DTYPES}
    scales = {"int8": 64 * 4, "int4": 64 * 4 * (2 + 2)}
    assert sizes == {
        "float32": 4 * count,
        "bfloat16": 2 * count,
        "float16": 2 * count,
        "int8": count + scales["int8"],
        "int4": count // 2 + scales["int4"],
    }
    assert packed(weight, bias, "float32").nbytes >= sizes["float32"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_bias_counts_as_memory_too(dtype: str) -> None:
    weight, bias = draw(64, 256), draw(64)
    assert packed(weight, bias, dtype).nbytes == packed(weight, None, dtype).nbytes + bias.nbytes


@pytest.mark.parametrize("dtype", ["int8", "int4"])
@pytest.mark.parametrize("value", [0.0, 0.5, -0.5, 1e-9, -3.0, 100.0])
def test_rows_of_one_value_are_kept(dtype: str, value: float) -> None:
    weight = torch.full((3, 70), value)
    got = packed(weight, None, dtype)(torch.ones(2, 70))
    assert torch.allclose(got, torch.full((2, 3), 70 * value), rtol=2e-3, atol=1e-4)


def test_rows_of_very_different_size_do_not_spoil_each_other() -> None:
    weight = draw(3, 64) * torch.tensor([[1e-4], [1.0], [1e3]])
    x = draw(4, 64, seed=1)
    for dtype in ("int8", "int4"):
        off = (packed(weight, None, dtype)(x).double() - product(x, weight)).abs().amax(0)
        assert (off <= allowed(x, weight, dtype).amax(0)).all()


def test_int4_gives_each_group_its_own_scale() -> None:
    weight = draw(2, 128) * torch.cat((torch.full((64,), 1e-3), torch.ones(64)))
    x = torch.cat((draw(1, 64, seed=1), torch.zeros(1, 64)), dim=1)
    got = packed(weight, None, "int4")(x).double()
    assert ((got - product(x, weight)).abs() <= allowed(x[:, :64], weight[:, :64], "int4")).all()


@given(seed=st.integers(0, 999), columns=st.integers(1, 150), size=st.floats(1e-3, 1e3))
def test_int4_keeps_any_weight_within_half_a_step(seed: int, columns: int, size: float) -> None:
    weight = size * draw(5, columns, seed=seed)
    got = packed(weight, None, "int4")(torch.eye(columns)).double().T
    step = (weight.amax(1).clamp(min=0) - weight.amin(1).clamp(max=0)).double() / 15
    limit = step / 2 + 2.0**-11 * (16 * step - weight.amin(1).clamp(max=0).double()) + 1e-6
    assert ((got - weight.double()).abs() <= limit[:, None]).all()


@pytest.mark.parametrize("rows", [1, FEW_ROWS])
def test_inputs_beyond_float16_are_brought_within_it(rows: int) -> None:
    """The squared ReLU of large models passes 65,504."""
    matrix = FloatLinear(torch.full((3, 64), 2.0**-10).half(), None)
    x = torch.zeros(rows, 64)
    x[:, 0] = 1e6
    x[:, 1] = -2e5
    x[:, 2] = 1000.0
    assert torch.allclose(matrix(x), torch.full((rows, 3), (1e6 - 2e5 + 1000) * 2.0**-10), rtol=1e-3)


@pytest.mark.parametrize("rows", [1, FEW_ROWS])
def test_results_beyond_float16_stay_finite(rows: int) -> None:
    matrix = FloatLinear(torch.ones(3, 64).half(), None)
    x = torch.full((rows, 64), 60000.0)
    assert torch.isfinite(matrix(x)).all()


@pytest.mark.parametrize("rows", ROWS)
def test_bfloat16_bears_what_float16_does_not(rows: int) -> None:
    matrix = FloatLinear(torch.ones(3, 64).bfloat16(), None)
    assert torch.allclose(matrix(torch.full((rows, 64), 60000.0)), torch.full((rows, 3), 64 * 60000.0), rtol=0.01)


@pytest.mark.parametrize("dtype", ["float64", "int16", "", "Float32"])
def test_unknown_dtype_is_refused(dtype: str) -> None:
    with pytest.raises(SettingError, match="int4") as caught:
        stored_dtype(dtype)
    assert_one_sentence(caught.value)


def test_packed_matrices_are_read_in_float32() -> None:
    assert {dtype: stored_dtype(dtype) for dtype in DTYPES} == {
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
        "float16": torch.float16,
        "int8": torch.float32,
        "int4": torch.float32,
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_matrix_laid_by_inputs_is_the_same_matrix(dtype: str) -> None:
    matrix, x = packed(draw(13, 70), draw(13, seed=1), dtype), draw(3, 70, seed=2)
    before, size = matrix(x), matrix.nbytes
    lay(matrix, True)
    numbers = (
        matrix.pairs if isinstance(matrix, Int4Linear) else getattr(matrix, "weight", getattr(matrix, "whole", None))
    )
    assert isinstance(numbers, Tensor)
    assert lies_by_inputs(numbers) == (dtype != "int4")
    assert matrix.nbytes == size
    assert torch.allclose(matrix(x), before, atol=1e-5 if dtype in ("float32", "int8", "int4") else 0.2)
    lay(matrix, False)
    assert torch.equal(matrix(x), before)


def test_what_is_one_number_wide_lies_as_it_was() -> None:
    for shape in ((1, 7), (7, 1), (1, 1)):
        weight = draw(*shape)
        matrix = pack(weight, None, "float32")
        lay(matrix, True)
        assert isinstance(matrix, FloatLinear)
        assert not lies_by_inputs(matrix.weight)
        assert torch.equal(matrix.weight, weight)


def test_int8_numbers_that_lie_by_inputs_are_held_in_that_order() -> None:
    matrix = packed(draw(13, 70), None, "int8")
    lay(matrix, True)
    held = held_tensors(matrix)
    assert held["turned"].shape == (70, 13)
    assert held["turned"].is_contiguous()
    assert fits("int8", held, 13, 70)
    assert not fits("int8", held, 70, 13)
    assert not fits("int8", {**held, "whole": held["turned"].T}, 13, 70)
    assert not fits("int4", held, 13, 70)
    again = restore("int8", held, None, 70)
    assert isinstance(again, Int8Linear)
    assert lies_by_inputs(again.whole)
    assert torch.equal(again(draw(3, 70)), matrix(draw(3, 70)))
