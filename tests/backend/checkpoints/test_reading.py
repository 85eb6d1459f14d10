"""Single tensors are read in blocks, whatever their strides, alignment and dtype."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rwkv_backend.checkpoints import reading
from rwkv_backend.checkpoints.reading import read_tensor
from rwkv_backend.errors import CheckpointError
from rwkv_backend.records import StoredTensor


def stored(
    path: Path, shape: tuple[int, ...], strides: tuple[int, ...], dtype: str = "float32", offset: int = 0
) -> StoredTensor:
    return StoredTensor("a", shape, dtype, path, offset, strides)


def file_of(path: Path, tensor: Tensor, before: int = 0) -> Path:
    path.write_bytes(b"\xee" * before + tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return path


@st.composite
def layouts(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """(shape, strides, numbers needed), with axes in any order, gaps, and strides that mean nothing."""
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=4)))
    strides, extent = [0] * len(shape), 1
    for axis in draw(st.permutations(range(len(shape)))):
        strides[axis] = extent * draw(st.integers(1, 3))
        extent += (shape[axis] - 1) * strides[axis]
    return shape, tuple(strides), extent


@settings(max_examples=200, deadline=None)
@given(layout=layouts(), block=st.integers(4, 80), before=st.integers(0, 7))
def test_any_layout_is_read_in_blocks_of_any_size(
    tmp_path_factory: pytest.TempPathFactory,
    layout: tuple[tuple[int, ...], tuple[int, ...], int],
    block: int,
    before: int,
) -> None:
    shape, strides, extent = layout
    numbers = torch.arange(extent, dtype=torch.float32)
    path = file_of(tmp_path_factory.mktemp("layout") / "numbers", numbers, before)
    counted: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK_BYTES", block)
        found = read_tensor(stored(path, shape, strides, offset=before), torch.float64, on_bytes=counted.append)
    assert torch.equal(found, numbers.as_strided(shape, strides).double())
    assert found.is_contiguous()
    assert sum(counted) == found.numel() * 4
    assert max(counted) <= block


@pytest.mark.parametrize("wanted", [torch.float32, torch.bfloat16, torch.float16, torch.float64], ids=str)
@pytest.mark.parametrize("held", ["float32", "bfloat16", "float16", "float64", "int64", "uint8"])
def test_numbers_are_converted_as_torch_would(tmp_path: Path, held: str, wanted: torch.dtype) -> None:
    numbers = (torch.randn(40, generator=torch.Generator().manual_seed(2)) * 20).abs().to(getattr(torch, held))
    path = file_of(tmp_path / "numbers", numbers, before=3)
    found = read_tensor(stored(path, (8, 5), (5, 1), held, offset=3), wanted)
    assert torch.equal(found, numbers.view(8, 5).to(wanted))


def test_truths_other_than_0_and_1_count_as_true(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_bytes(bytes([0, 1, 2, 255]))
    found = read_tensor(stored(tmp_path / "numbers", (4,), (1,), "bool"), torch.float32)
    assert found.tolist() == [0, 1, 1, 1]


def test_a_tensor_without_elements_reads_nothing(tmp_path: Path) -> None:
    found = read_tensor(stored(tmp_path / "not there", (3, 0), (0, 1)), torch.float32)
    assert found.shape == (3, 0)


def test_a_tensor_is_made_on_the_device_that_is_asked_for(tmp_path: Path) -> None:
    path = file_of(tmp_path / "numbers", torch.zeros(6))
    found = read_tensor(stored(path, (2, 3), (3, 1)), torch.bfloat16, device="meta")
    assert (found.device.type, found.shape, found.dtype) == ("meta", (2, 3), torch.bfloat16)


def test_what_on_bytes_raises_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Exception):
        pass

    def stop(_: int) -> None:
        calls.append(1)
        raise Stopped

    calls: list[int] = []
    path = file_of(tmp_path / "numbers", torch.zeros(100))
    monkeypatch.setattr(reading, "BLOCK_BYTES", 40)
    with pytest.raises(Stopped):
        read_tensor(stored(path, (100,), (1,)), torch.float32, on_bytes=stop)
    assert calls == [1]
    assert read_tensor(stored(path, (100,), (1,)), torch.float32).shape == (100,)


def test_a_file_that_shrinks_after_opening_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = file_of(tmp_path / "numbers", torch.zeros(100))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="has become shorter"):
        read_tensor(stored(path, (100,), (1,)), torch.float32)


def test_a_file_that_shrinks_while_it_is_read_is_an_error_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shorten(_: int) -> None:
        path.write_bytes(b"1234")

    path = file_of(tmp_path / "numbers", torch.zeros(100))
    monkeypatch.setattr(reading, "BLOCK_BYTES", 40)
    with pytest.raises(CheckpointError, match="has become shorter"):
        read_tensor(stored(path, (100,), (1,)), torch.float32, on_bytes=shorten)


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no file"):
        read_tensor(stored(tmp_path / "gone", (100,), (1,)), torch.float32)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures memory as Linux counts it")
def test_reading_takes_no_more_memory_than_the_tensor_and_a_block(tmp_path: Path) -> None:
    megabytes = 128
    with (tmp_path / "numbers").open("wb") as file:
        file.truncate(megabytes * 2**20)
    code = f"""
import resource, torch
from pathlib import Path
from rwkv_backend.checkpoints.reading import read_tensor
from rwkv_backend.records import StoredTensor
stored = StoredTensor("a", ({megabytes}, 2**19), "bfloat16", Path({str(tmp_path / "numbers")!r}), 0, (2**19, 1))
read_tensor(StoredTensor("a", (8,), "bfloat16", stored.path, 0, (1,)), torch.bfloat16)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tensor = read_tensor(stored, torch.bfloat16)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(run.stdout) < megabytes + 16
