"""From a file to an open model: progress, stopping, what is refused and in which words, precision, and memory."""

from __future__ import annotations

import gc
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import rwkv_backend
from rwkv_backend.errors import CheckpointError, LayoutError, RWKVError, SettingError, UnsupportedError
from rwkv_backend.linear import DTYPES, FloatLinear, Int4Linear, Int8Linear, lies_by_inputs
from rwkv_backend.loading import devices, find_device, load, open_model
from rwkv_backend.models import identify
from rwkv_backend.records import Progress
from tests import tiny
from tests.shared import (
    ROOT,
    Opened,
    Saved,
    assert_one_sentence,
    every_kind,
    expected,
    read,
    shapes_of,
    tensors_in,
    text_of,
)

# Progress and stopping


@every_kind
def test_progress_rises_to_the_total(kind: str, saved: Saved) -> None:
    told: list[Progress] = []
    model = open_model(saved(kind), on_progress=told.append)
    assert len(told) > 10
    assert {progress.unit for progress in told} == {"bytes"}
    assert len({progress.total for progress in told}) == 1
    done = [progress.done for progress in told]
    assert done[0] > 0
    assert all(one < other for one, other in itertools.pairwise(done))
    assert done[-1] == told[-1].total
    seconds = [progress.seconds for progress in told]
    assert seconds == sorted(seconds)
    read_bytes = sum(tensor.nbytes for _, tensor in tensors_in(model.weights))
    assert told[-1].total == read_bytes  # a float32 file: what is held is what was read


def test_opening_and_the_generator_give_the_same_model(saved: Saved) -> None:
    steps, path = load(saved("4")), saved("4")
    while True:
        try:
            next(steps)
        except StopIteration as done:
            model = done.value
            break
    want = open_model(path)
    assert model.info == want.info
    assert (read(model, [1, 2, 3]) == read(want, [1, 2, 3])).all()


def live_tensors() -> int:
    gc.collect()
    return sum(type(thing) is Tensor for thing in gc.get_objects())


def open_files() -> list[str]:
    """Where the system tells: what the process has open."""
    folder = Path("/proc/self/fd")
    links = [entry for entry in folder.iterdir() if entry.is_symlink()] if folder.is_dir() else []
    return [os.readlink(link) for link in links if link.exists()]


class Stop(Exception):
    """Raised by whoever watches."""


def stop_after(count: int) -> Callable[[Progress], None]:
    told: list[Progress] = []

    def watch(progress: Progress) -> None:
        told.append(progress)
        if len(told) == count:
            raise Stop

    return watch


@pytest.mark.parametrize("count", [1, 30])
def test_stopping_from_on_progress_leaves_nothing_behind(count: int, saved: Saved) -> None:
    path = saved("5.2")
    open_model(path)
    before = live_tensors()
    try:
        open_model(path, on_progress=stop_after(count))
    except Stop:
        pass
    else:
        pytest.fail("was not stopped")
    assert live_tensors() == before
    assert str(path) not in open_files()
    path.unlink()
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("count", [0, 30])
def test_closing_the_generator_leaves_nothing_behind(count: int, saved: Saved) -> None:
    path = saved("5.2")
    open_model(path)
    before = live_tensors()
    steps = load(path)
    for _ in range(count):
        next(steps)
    assert not count or live_tensors() > before
    steps.close()
    del steps
    assert live_tensors() == before
    assert str(path) not in open_files()
    path.unlink()
    assert not list(path.parent.iterdir())


def test_stopped_load_can_be_started_again(saved: Saved) -> None:
    path = saved("5.2")
    with pytest.raises(Stop):
        open_model(path, on_progress=stop_after(3))
    tokens = text_of("5.2", 20)
    assert np.abs(read(open_model(path), tokens) - expected("5.2", tokens)).max() < 2e-4


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_are_ours_once_the_model_is_open(dtype: str, saved: Saved) -> None:
    """The file may be deleted, overwritten or shortened: nothing is mapped."""
    path, tokens = saved("4"), text_of("4", 20)
    want = read(open_model(path, dtype=dtype), tokens)
    model = open_model(path, dtype=dtype)
    path.write_bytes(b"\xff" * path.stat().st_size)
    assert (read(model, tokens) == want).all()
    path.write_bytes(b"")
    path.unlink()
    assert (read(model, tokens) == want).all()


# Refusals


def refused(error: type[RWKVError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        act()
    assert_one_sentence(caught.value)
    return str(caught.value)


def with_number(kind: str, name: str, number: float) -> tiny.Checkpoint:
    tensors = tiny.checkpoint(kind)
    tensors[name].view(-1)[-1] = number
    return tensors


def names_to_spoil(kind: str) -> list[str]:
    """One tensor of each shape and use."""
    by_use: dict[str, str] = {}
    for name in tiny.checkpoint(kind):
        if not name.endswith("_mask"):
            by_use.setdefault(name.split(".")[-1] + name.split(".")[-2] if "." in name else name, name)
    return list(by_use.values())


@pytest.mark.parametrize("kind", ["1", "4", "6.0"])
def test_weights_that_are_no_numbers_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "nan.pth"
    for name in names_to_spoil(kind):
        torch.save(with_number(kind, name, float("nan")), path)
        assert name in refused(CheckpointError, lambda: open_model(path))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_and_infinity_are_refused_whatever_the_precision(dtype: str, number: float, tmp_path: Path) -> None:
    path = tmp_path / "nan.pth"
    for name in ("emb.weight", "blocks.1.ffn.value.weight", "blocks.0.att.time_decay"):
        torch.save(with_number("4", name, number), path)
        said = refused(CheckpointError, lambda: open_model(path, dtype=dtype))
        assert name in said
        assert "NaN" in said


def test_sums_that_overflow_are_not_mistaken_for_nan(tmp_path: Path) -> None:
    """The quick check adds all numbers up; a sum beyond float32 is no proof."""
    path, tensors = tmp_path / "large.pth", tiny.checkpoint("4")
    tensors["blocks.0.ffn.value.weight"][:] = 3e38
    torch.save(tensors, path)
    open_model(path)


@pytest.mark.parametrize("number", [1e5, -1e5, 1e30])
def test_numbers_too_large_for_float16_are_said_to_be_that(number: float, tmp_path: Path) -> None:
    path = tmp_path / "large.pth"
    torch.save(with_number("4", "blocks.1.att.output.weight", number), path)
    said = refused(UnsupportedError, lambda: open_model(path, dtype="float16"))
    assert "blocks.1.att.output.weight" in said
    assert "too large for float16" in said
    assert "float32" in said
    for dtype in ("float32", "bfloat16", "int8"):
        assert np.isfinite(read(open_model(path, dtype=dtype), [1, 2])).all()


@pytest.mark.parametrize("number", [-1e5, 1e6])
def test_numbers_too_large_for_int4_are_refused_or_bearable(number: float, tmp_path: Path) -> None:
    path = tmp_path / "large.pth"
    torch.save(with_number("4", "blocks.1.att.output.weight", number), path)
    try:
        logits = read(open_model(path, dtype="int4"), [1, 2])
    except UnsupportedError:
        return
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("device", ["cuda:99", "meta", "tpu", "", "gpu", "cpu:x", "cuda:-1"])
def test_unknown_device_is_refused_with_those_there_are(device: str, saved: Saved) -> None:
    for act in (lambda: find_device(device), lambda: open_model(saved("4"), device=device)):
        assert "cpu" in refused(UnsupportedError, act)


def test_devices_that_are_there_are_found() -> None:
    assert devices()[0] == "cpu"
    for name in devices():
        assert str(find_device(name)) == name
    assert find_device(torch.device("cpu")) == torch.device("cpu")
    if not torch.cuda.is_available():
        refused(UnsupportedError, lambda: find_device("cuda"))


@pytest.mark.parametrize("dtype", ["float64", "half", "", "INT8", "int2"])
def test_unknown_dtype_is_refused_with_those_there_are(dtype: str, saved: Saved) -> None:
    said = refused(SettingError, lambda: open_model(saved("4"), dtype=dtype))
    assert all(name in said for name in DTYPES)


def test_missing_file_folder_and_damaged_layout_are_refused(saved: Saved, tmp_path: Path) -> None:
    refused(CheckpointError, lambda: open_model(tmp_path / "nowhere.pth"))
    refused(CheckpointError, lambda: open_model(tmp_path))
    path, tensors = saved("4"), tiny.checkpoint("4")
    del tensors["blocks.1.ffn.key.weight"]
    torch.save(tensors, path)
    assert "blocks.1.ffn.key.weight" in refused(LayoutError, lambda: open_model(path))


def test_all_of_these_are_errors_meant_for_users() -> None:
    assert all(issubclass(kind, rwkv_backend.RWKVError) for kind in (CheckpointError, LayoutError, UnsupportedError))


# Precision


@pytest.mark.parametrize(
    ("kind", "stored"), [*((kind, torch.bfloat16) for kind in tiny.KINDS), ("4", torch.float16), ("7.0", torch.float16)]
)
def test_files_in_16_bits_are_cast_first_and_then_computed(kind: str, stored: torch.dtype, tmp_path: Path) -> None:
    """Not as one official program does it, which layer-norms the embedding in the file's precision."""
    short, long = tmp_path / "short.pth", tmp_path / "long.pth"
    tensors = {name: tensor.to(stored) for name, tensor in tiny.checkpoint(kind).items()}
    torch.save(tensors, short)
    torch.save({name: tensor.float() for name, tensor in tensors.items()}, long)
    tokens, model = text_of(kind, 20), open_model(short)
    assert model.info.dtype == str(stored).removeprefix("torch.")
    assert (read(model, tokens) == read(open_model(long), tokens)).all()
    assert all(tensor.dtype == torch.float32 for _, tensor in tensors_in(model.weights))


HELD = {"bfloat16": torch.bfloat16, "float16": torch.float16, "int8": torch.int8, "int4": torch.uint8}
NUMBERS_OF_A_MATRIX = ("weight", "whole", "pairs")
"""What the forms of a matrix call its numbers; all else in them are scales and offsets."""


@pytest.mark.parametrize("dtype", HELD)
@pytest.mark.parametrize("kind", ["1", "2", "4a", "5.0", "6.0", "7.0"])
def test_only_matrices_and_embedding_are_held_in_fewer_bits(kind: str, dtype: str, opened: Opened) -> None:
    held = {name: tensor.dtype for name, tensor in tensors_in(opened(kind, dtype).weights)}
    for part in identify(shapes_of(kind)).layout.parts:
        if part.use == "linear":
            [found] = [held[f"{part.path}.{name}"] for name in NUMBERS_OF_A_MATRIX if f"{part.path}.{name}" in held]
            packed = dtype in ("int8", "int4") and part.path == "head"
            assert found == (torch.float32 if packed else HELD[dtype]), part.path
            assert held.get(f"{part.path}.bias", torch.float32) == torch.float32
        elif part.use == "embedding":
            assert held[f"{part.path}.table"] == (torch.float16 if dtype == "float16" else torch.bfloat16)
        else:
            ours = [found for name, found in held.items() if name.startswith(part.path)]
            assert ours
            assert set(ours) == {torch.float32}, part.path


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_only_a_small_head_stays_in_float32(dtype: str, saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    small = open_model(saved("6.0"), dtype=dtype).weights.head
    assert isinstance(small, FloatLinear)
    monkeypatch.setattr("rwkv_backend.linear.SMALL_HEAD", small.weight.numel() - 1)
    large = open_model(saved("6.0"), dtype=dtype).weights.head
    assert isinstance(large, Int8Linear | Int4Linear)
    x = torch.eye(small.weight.shape[1])
    assert (large(x) - small(x)).abs().max() < small.weight.abs().max() / 10


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int8"])
@pytest.mark.parametrize("kind", ["1", "2", "4a", "4b", "4-mishglu", "5.0", "6.0", "7.0"])
def test_what_a_squared_relu_feeds_lies_by_inputs_and_nothing_else(kind: str, dtype: str, saved: Saved) -> None:
    for fast in (True, False):
        model = open_model(saved(kind), dtype=dtype, fast=fast)
        turned = {name for name, tensor in tensors_in(model.weights) if lies_by_inputs(tensor)}
        parts = identify(shapes_of(kind)).layout.parts
        fed = {part.path for part in parts if part.path.endswith(".value") and "att" not in part.path}
        expected = fed if fast and kind not in ("1", "4-mishglu") else set()
        assert {name.rpartition(".")[0] for name in turned} == expected


@pytest.mark.parametrize("stored", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_stored_precision_can_be_held_in_any_other(stored: torch.dtype, dtype: str, tmp_path: Path) -> None:
    path, tokens = tmp_path / "m.pth", text_of("4", 20)
    torch.save({name: tensor.to(stored) for name, tensor in tiny.checkpoint("4").items()}, path)
    got, want = read(open_model(path, dtype=dtype), tokens), expected("4", tokens)
    assert np.abs(got - want).mean() / want.std() < 0.3


def test_tensors_with_strides_are_read_as_they_look(tmp_path: Path) -> None:
    """Transposed views, and several tensors in one storage."""
    path, tensors = tmp_path / "m.pth", tiny.checkpoint("4")
    stored: dict[str, Any] = {name: t.T.contiguous().T if t.dim() == 2 else t for name, t in tensors.items()}
    together = torch.cat([tensors["ln_out.weight"], tensors["ln_out.bias"]])
    stored["ln_out.weight"], stored["ln_out.bias"] = together.split(len(together) // 2)
    torch.save(stored, path)
    tokens = text_of("4", 20)
    assert np.abs(read(open_model(path), tokens) - expected("4", tokens)).max() < 2e-4


# Memory

MEASURE = """
import json, sys
from rwkv_backend.loading import open_model

def kilobytes(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))

import torch
torch.set_num_threads(1)
open_model(sys.argv[1])  # what a first use imports and allocates
before = kilobytes("VmHWM")
model = open_model(sys.argv[2])
print(json.dumps({"grown": 1024 * (kilobytes("VmHWM") - before), "weights": model.weight_bytes}))
"""
"""Reads the peak from /proc: what `resource` tells begins with the peak of the process that started this one."""


def large_checkpoint(path: Path) -> None:
    """RWKV-4 of 12 layers and 100 million parameters in bfloat16: 200 MB."""
    width, hidden, words = 720, 2880, 20_000
    noise = torch.randn(10_007).bfloat16()

    def numbers(*shape: int) -> Tensor:
        count = int(np.prod(shape))
        return noise.repeat(count // len(noise) + 1)[:count].reshape(shape).clone()

    tensors = {"emb.weight": numbers(words, width), "head.weight": numbers(words, width)}
    for name in ("ln_out", "blocks.0.ln0"):
        tensors |= {f"{name}.weight": numbers(width), f"{name}.bias": numbers(width)}
    for i in range(12):
        block = {name: numbers(width) for name in ("ln1.weight", "ln1.bias", "ln2.weight", "ln2.bias")}
        block |= {f"att.{name}": numbers(width) for name in ("time_decay", "time_first")}
        block |= {f"att.time_mix_{name}": numbers(1, 1, width) for name in "kvr"}
        block |= {f"ffn.time_mix_{name}": numbers(1, 1, width) for name in "kr"}
        block |= {f"att.{name}.weight": numbers(width, width) for name in ("key", "value", "receptance", "output")}
        block |= {"ffn.key.weight": numbers(hidden, width), "ffn.value.weight": numbers(width, hidden)}
        block |= {"ffn.receptance.weight": numbers(width, width)}
        tensors |= {f"blocks.{i}.{name}": tensor for name, tensor in block.items()}
    torch.save(tensors, path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_opening_a_large_file_takes_little_more_memory_than_its_weights(saved: Saved, tmp_path: Path) -> None:
    path = tmp_path / "large.pth"
    large_checkpoint(path)
    assert path.stat().st_size > 180e6
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, saved("4"), path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    path.unlink()
    told = json.loads(run.stdout)
    assert told["weights"] > 360e6
    assert 0.9 < told["grown"] / told["weights"] < 1.2
