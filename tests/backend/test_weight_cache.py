"""Packed weights on disk: found again only for the very file they were made from, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from rwkv_backend import linear, open_model, weight_cache
from rwkv_backend.checkpoints import Checkpoint, fingerprint, open_checkpoint
from rwkv_backend.checkpoints.reading import read_tensor
from rwkv_backend.records import DTYPE_BYTES, StoredTensor
from rwkv_backend.weight_cache import Key, key_of
from tests.shared import Saved

PIECES = {
    "blocks.0.att.key": {
        "whole": torch.arange(-6, 6, dtype=torch.int8).view(3, 4),
        "scale": torch.tensor([0.5, 1.0, 2.0]),
    },
    "head": {
        "pairs": torch.arange(10, dtype=torch.uint8),
        "low": torch.tensor([1.5, -3.0]).half(),
        "none": torch.empty(0),
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(weight_cache.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(weight_cache, "SMALLEST", 0)
    return tmp_path / "cache" / "weights"


@pytest.fixture
def checkpoint(saved: Saved) -> Checkpoint:
    return open_checkpoint(saved("4"))


def key(checkpoint: Checkpoint, dtype: str = "int8") -> Key:
    found = key_of(checkpoint, fingerprint(checkpoint), dtype)
    assert found is not None
    return found


def test_what_was_kept_is_found_again(checkpoint: Checkpoint) -> None:
    assert weight_cache.find(key(checkpoint)) is None
    assert weight_cache.keep(key(checkpoint), PIECES)
    found = weight_cache.find(key(checkpoint))
    assert found is not None
    for path, tensors in PIECES.items():
        again = found.read(path)
        assert again.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert again[name].dtype == tensor.dtype
            assert torch.equal(again[name], tensor)
    assert found.read("blocks.0.att") == {}


def test_the_file_is_one_that_the_safetensors_library_reads(checkpoint: Checkpoint, folder: Path) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    [path] = folder.iterdir()
    again = safetensors.torch.load_file(path)
    assert torch.equal(again["head/low"], PIECES["head"]["low"])


def test_tensors_begin_where_their_numbers_may_and_outlive_their_file(checkpoint: Checkpoint, folder: Path) -> None:
    """They lie in the mapped file: neither its removal nor another one in its place changes them, nor do they change it."""
    odd = {
        "a": {"whole": torch.ones(3, dtype=torch.int8), "scale": torch.arange(5.0)},
        "b": {"low": torch.ones(3).half()},
    }
    assert weight_cache.keep(key(checkpoint), odd)
    [path] = folder.iterdir()
    for tensor in open_checkpoint(path).tensors.values():
        assert tensor.offset % DTYPE_BYTES[tensor.dtype] == 0
    found = weight_cache.find(key(checkpoint))
    assert found is not None
    held, before = found.read("a"), path.read_bytes()
    held["whole"] += 1
    assert path.read_bytes() == before
    assert weight_cache.keep(
        key(checkpoint), {"a": {"whole": torch.zeros(3, dtype=torch.int8), "scale": torch.zeros(5)}}
    )
    assert weight_cache.clear() > 0
    del found
    assert torch.equal(held["scale"], torch.arange(5.0))
    assert held["whole"].tolist() == [2, 2, 2]


def test_another_dtype_or_a_changed_file_finds_nothing(checkpoint: Checkpoint) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    assert weight_cache.find(key(checkpoint, "int4")) is None
    [path] = {tensor.path for tensor in checkpoint.tensors.values()}
    os.utime(path, ns=(1, 1))
    assert weight_cache.find(key(checkpoint)) is None


@pytest.mark.parametrize("content", [b"", b"12345", b"\xff" * 40, b"\x08\0\0\0\0\0\0\0[1, 2 ] "])
def test_a_damaged_file_is_as_good_as_none(checkpoint: Checkpoint, folder: Path, content: bytes) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    [path] = folder.iterdir()
    path.write_bytes(content)
    assert weight_cache.find(key(checkpoint)) is None
    assert weight_cache.keep(key(checkpoint), PIECES), "and it can be made anew"
    assert weight_cache.find(key(checkpoint)) is not None


def test_a_folder_that_cannot_be_written_is_no_error(checkpoint: Checkpoint, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    assert not weight_cache.keep(key(checkpoint), PIECES)
    assert weight_cache.find(key(checkpoint)) is None
    assert weight_cache.size() == weight_cache.clear() == 0


def test_a_full_disk_is_left_alone(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_cache, "SPARE", 10**12)
    assert not weight_cache.keep(key(checkpoint), PIECES)
    assert weight_cache.size() == 0


def test_the_size_is_told_and_all_can_be_removed(checkpoint: Checkpoint, folder: Path) -> None:
    weight_cache.keep(key(checkpoint), PIECES)
    weight_cache.keep(key(checkpoint, "int4"), PIECES)
    assert weight_cache.size() == sum(path.stat().st_size for path in folder.iterdir()) > 0
    freed = weight_cache.size()
    assert weight_cache.clear() == freed
    assert weight_cache.size() == 0
    assert list(folder.iterdir()) == []


def test_nothing_is_kept_where_no_folder_is_wanted(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weight_cache.FOLDER_VARIABLE, "")
    assert weight_cache.folder() is None
    assert not weight_cache.keep(key(checkpoint), PIECES)


@pytest.mark.parametrize("dtype", ["int8", "int4"])
@pytest.mark.parametrize("kind", ["1", "4", "6.0"])
def test_a_second_load_reads_the_packed_weights_and_is_the_same_model(
    saved: Saved, kind: str, dtype: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, tokens = saved(kind), [1, 2, 3, 5, 8]
    monkeypatch.setattr("rwkv_backend.linear.ROWS_AT_ONCE", 100)
    first = open_model(path, dtype=dtype)
    assert len(list(folder.iterdir())) == 1

    def packed_again(*_: object) -> None:
        raise AssertionError("the matrix was packed again")

    monkeypatch.setattr("rwkv_backend.linear.pack_rows", packed_again)
    read: list[str] = []

    def noted(stored: StoredTensor, *rest: Any) -> torch.Tensor:
        read.append(stored.name)
        return read_tensor(stored, *rest)

    monkeypatch.setattr("rwkv_backend.loading.read_tensor", noted)
    second = open_model(path, dtype=dtype)
    assert not read, "the checkpoint's own numbers"
    with torch.no_grad():
        assert torch.equal(first.forward(tokens, first.new_state()), second.forward(tokens, second.new_state()))


def test_what_lies_by_inputs_is_kept_so_and_found_by_those_who_want_it_otherwise(saved: Saved, folder: Path) -> None:
    path, tokens = saved("6.0"), [1, 2, 3, 5, 8]
    first = open_model(path, dtype="int8")
    [kept] = folder.iterdir()
    assert "blocks.0.ffn.value/turned" in safetensors.torch.load_file(kept)
    written = kept.stat().st_mtime_ns
    plain = open_model(path, dtype="int8", fast=False)
    value = [model.weights.blocks[0].ffn.value.whole for model in (first, plain)]
    assert [linear.lies_by_inputs(whole) for whole in value] == [True, False]
    assert torch.equal(*value)
    with torch.no_grad():
        one, other = (model.forward(tokens, model.new_state()) for model in (first, plain))
    assert torch.allclose(one, other, atol=0.05)
    assert kept.stat().st_mtime_ns >= written


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_packing_in_blocks_of_rows_gives_the_same_numbers_as_at_once(dtype: str) -> None:
    weight = torch.randn(37, 130, generator=torch.Generator().manual_seed(1))
    whole, pieces = linear.pack(weight, None, dtype), linear.pack_rows(weight.split(8), 37, None, dtype)
    held = linear.held_tensors(pieces)
    assert linear.fits(dtype, held, 37, 130)
    for name, tensor in linear.held_tensors(whole).items():
        assert torch.equal(held[name], tensor)


def test_one_block_of_large_weights_costs_the_others_nothing() -> None:
    """int4 holds the scales of that block in float32, and then those of all."""
    weight = torch.randn(37, 130, generator=torch.Generator().manual_seed(1))
    weight[20] *= 1e6
    pieces = linear.pack_rows(weight.split(8), 37, None, "int4")
    assert linear.fits("int4", linear.held_tensors(pieces), 37, 130)
    steps = (weight.amax(1) - weight.amin(1)) / 15
    assert bool(((pieces(torch.eye(130)).T - weight).abs() <= 0.6 * steps.unsqueeze(1)).all())


def test_tensors_of_another_shape_or_kind_are_packed_anew(saved: Saved, folder: Path) -> None:
    """Native code reads them by address: one that is too short must never get there."""
    path = saved("4")
    expected = open_model(path, dtype="int8").weights.blocks[0].att.value.whole
    [kept] = folder.iterdir()
    tensors = safetensors.torch.load_file(kept)
    with safetensors.safe_open(kept, framework="pt") as file:
        about = file.metadata()
    tensors["blocks.0.att.value/whole"] = tensors["blocks.0.att.value/whole"][:-1].clone()
    tensors["unpacked/emb.weight"] = tensors["unpacked/emb.weight"][:, :-1].clone()
    tensors["unpacked/ln_out.weight"] = tensors["unpacked/ln_out.weight"][:-1].clone()
    tensors["unpacked/ln_out.bias"] = tensors["unpacked/ln_out.bias"].double()
    tensors["blocks.0.att.key/scale"] = tensors["blocks.0.att.key/scale"].double()
    safetensors.torch.save_file(tensors, kept, about)
    again = open_model(path, dtype="int8")
    assert torch.equal(again.weights.blocks[0].att.value.whole, expected)
    assert again.weights.blocks[0].att.key.scale.dtype == torch.float32
    assert tuple(again.weights.emb.table.shape) == (again.sizes.vocab_size, again.sizes.n_embd)
    norm = again.weights.ln_out
    assert tuple(norm.weight.shape) == tuple(norm.bias.shape) == (again.sizes.n_embd,)
    assert norm.bias.dtype == torch.float32


def test_small_models_are_not_worth_it(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_cache, "SMALLEST", 10**9)
    assert key_of(checkpoint, "", "int8") is None
