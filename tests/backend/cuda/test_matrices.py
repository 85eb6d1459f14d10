"""Stacked matrices, small tables in 16 bits, and how matrices are cut for the kernels."""

from __future__ import annotations

import pytest
import torch

from rwkv_backend.cuda.matrices import can_stack, compact, stack, tile_for
from rwkv_backend.cuda.sizes import divisor, power_of_two_over
from rwkv_backend.linear import FloatLinear, Int8Linear, pack


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_stacked_matrices_go_on_as_views_of_one(dtype: str) -> None:
    parts = [pack(torch.randn(rows, 8), None, dtype) for rows in (6, 4)]
    x = torch.randn(3, 8)
    want, held = [part(x) for part in parts], sum(part.nbytes for part in parts)
    assert can_stack(*parts)
    stacked = stack(*parts)
    assert stacked.ends == (6, 10)
    for part, result in zip(parts, want, strict=True):
        assert torch.equal(part(x), result)
        numbers = part.whole if isinstance(part, Int8Linear) else part.weight  # type: ignore[attr-defined]
        assert numbers.untyped_storage().data_ptr() == stacked.weight.untyped_storage().data_ptr()
    assert sum(part.nbytes for part in parts) == held


def test_matrices_with_a_bias_or_of_two_kinds_are_not_stacked() -> None:
    weight = torch.randn(4, 4)
    assert not can_stack(FloatLinear(weight, torch.zeros(4)))
    assert not can_stack(FloatLinear(weight, None), Int8Linear(weight, None))
    assert not can_stack(FloatLinear(weight, None), FloatLinear(weight.half(), None))
    assert not can_stack(pack(weight, None, "int4"))


def test_only_tables_that_lose_nothing_become_shorter() -> None:
    table = torch.randn(5, 7)
    assert compact(table).dtype == torch.float32
    for dtype in (torch.bfloat16, torch.float16):
        short = compact(table.to(dtype).float())
        assert short.dtype == dtype
        assert torch.equal(short.float(), table.to(dtype).float())


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(
    ("ends", "columns"), [((8192,), 2048), ((7168, 9216), 2048), ((768,), 3072), ((51, 83), 32), ((9,), 20000)]
)
def test_tiles_fit_the_matrix(ends: tuple[int, ...], columns: int, size: int) -> None:
    tile = tile_for(ends, columns, size)
    assert all(end % tile.rows == 0 for end in ends)
    for number in (tile.rows, tile.columns, tile.warps):
        assert number & (number - 1) == 0
    assert tile.rows * tile.columns <= 128 * 32 * tile.warps, "a program's numbers must fit into its registers"


def test_powers_of_two() -> None:
    assert [power_of_two_over(n) for n in (1, 16, 17, 2048, 2049)] == [16, 16, 32, 2048, 4096]
    assert divisor((12, 20), 16) == 4
    assert divisor((12, 20), 3) == 2
    assert divisor((7,), 8) == 1
