"""Weights are found wherever trainers put them: in dicts of dicts, in whole pickled models, behind prefixes."""

from __future__ import annotations

import argparse
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from rwkv_backend.checkpoints import Checkpoint, open_checkpoint
from rwkv_backend.checkpoints.reading import read_tensor
from tests.backend.checkpoints.building import refused

STATE = {"emb.weight": torch.arange(6.0).view(3, 2), "blocks.0.ln1.weight": torch.ones(2)}


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def opened(tmp_path: Path, content: object) -> Checkpoint:
    return open_checkpoint(saved(tmp_path / "model.pth", content))


WRAPPED = {
    "Lightning": {"epoch": 3, "state_dict": STATE, "optimizer_states": [{"state": {0: torch.ones(5)}}]},
    "DeepSpeed": {"module": STATE, "dp_world_size": 8, "ds_config": {"a": [1, 2]}},
    "model": {"model": STATE, "optimizer": {"param_groups": []}},
    "model_state_dict": {"model_state_dict": STATE, "loss": 0.5},
    "params": {"params": STATE},
    "weights": {"weights": STATE},
    "two wrappers": {"model": {"state_dict": STATE}},
    "arguments": {"state_dict": STATE, "hyper_parameters": argparse.Namespace(n_layer=2, where=Path("x"))},
}


@pytest.mark.parametrize("content", WRAPPED.values(), ids=WRAPPED)
def test_the_weights_are_found_in_their_wrapper(tmp_path: Path, content: object) -> None:
    checkpoint = opened(tmp_path, content)
    assert list(checkpoint.tensors) == list(STATE)
    assert "were found under '" in checkpoint.notes[0]


def test_the_note_tells_the_wrappers_from_the_inside_out(tmp_path: Path) -> None:
    assert "under 'state_dict' in 'model';" in opened(tmp_path, WRAPPED["two wrappers"]).notes[0]


@pytest.mark.parametrize(
    "prefix",
    ["_forward_module.", "module.", "_orig_mod.", "model.", "_forward_module.model.", "module._orig_mod.module."],
)
def test_a_prefix_that_every_name_has_is_taken_off(tmp_path: Path, prefix: str) -> None:
    checkpoint = opened(tmp_path, {prefix + name: tensor for name, tensor in STATE.items()})
    assert list(checkpoint.tensors) == list(STATE)
    assert [tensor.name for tensor in checkpoint.tensors.values()] == list(STATE)
    assert f"The prefix '{prefix}' was taken off" in checkpoint.notes[0]


def test_a_prefix_that_some_names_have_stays(tmp_path: Path) -> None:
    names = ["model.emb.weight", "head.weight"]
    assert list(opened(tmp_path, {name: torch.ones(1) for name in names}).tensors) == names


def test_a_name_that_is_only_a_prefix_stays(tmp_path: Path) -> None:
    assert list(opened(tmp_path, {"model.": torch.ones(1)}).tensors) == ["model."]


@pytest.mark.parametrize("mark", ["_strategy", "_version", "_rescale_layer"])
def test_a_file_converted_by_the_rwkv_package_is_refused(tmp_path: Path, mark: str) -> None:
    path = saved(tmp_path / "model.pth", {**STATE, mark: "cuda fp16i8\n"})
    error = refused(path, "converted by the rwkv package for one strategy")
    assert error.hint == "Use the original file."


NO_WEIGHTS = {
    "numbers": ({"epoch": 3, "loss": 0.1}, "it is a table of 'epoch', 'loss'"),
    "empty": ({}, "it is empty"),
    "list": ([torch.ones(2)], "weights need names"),
    "single tensor": (torch.ones(2), "a single tensor without a name"),
    "text": ("hello", "it is not a table of tensors"),
    "numbered": ({0: torch.ones(2)}, "it is a table of '0'"),
    "object": (argparse.Namespace(a=1), "an object of argparse.Namespace"),
    "empty module": (nn.Identity(), "an empty torch.nn.modules.linear.Identity"),
}


@pytest.mark.parametrize(("content", "words"), NO_WEIGHTS.values(), ids=NO_WEIGHTS)
def test_a_file_without_weights_is_refused_with_what_it_holds(tmp_path: Path, content: object, words: str) -> None:
    refused(saved(tmp_path / "model.pth", content), "holds no weights", words)


@pytest.mark.parametrize("name", ["", "two\nlines", "\x1b[31m", "a" * 1000, "\ud800"], ids=ascii)
def test_a_tensor_with_an_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    refused(saved(tmp_path / "model.pth", {"a": torch.ones(1), name: torch.ones(1)}), "a tensor is named '")


# Whole models


@pytest.fixture
def gpt() -> Iterator[Callable[[], nn.Module]]:
    """A model of the class src.model.GPT, as the v1 trainer saved them; the class exists only within the test."""
    module = types.ModuleType("src.model")

    class GPTConfig:
        def __init__(self) -> None:
            self.n_layer, self.vocab_size, self.model_type, self.rate = 2, 11, "RWKV", 0.5
            self.betas = (0.9, 0.99)

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln1 = nn.LayerNorm(4)
            self.key = nn.Linear(4, 6, bias=False)
            self.activation = torch.nn.functional.mish

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb = nn.Embedding(11, 4)
            self.time_out = nn.Parameter(torch.arange(5.0)[:, None])
            self.blocks = nn.Sequential(*[Block() for _ in range(12)])
            self.register_buffer("mask", torch.ones(3, 3).tril())
            self.register_buffer("fleeting", torch.ones(3), persistent=False)
            self.config = GPTConfig()

    for made in (GPTConfig, Block, GPT):
        made.__module__, made.__qualname__ = "src.model", made.__name__
        setattr(module, made.__name__, made)
    sys.modules["src"], sys.modules["src.model"] = types.ModuleType("src"), module
    yield GPT
    sys.modules.pop("src", None)
    sys.modules.pop("src.model", None)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_a_whole_pickled_model_gives_its_state_dict_without_its_code(
    tmp_path: Path, gpt: Callable[[], nn.Module], container: str, protocol: int
) -> None:
    model = gpt()
    path = tmp_path / "model.pth"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # legacy torch wants to store the source code as well, and finds none
        torch.save(model, path, pickle_protocol=protocol, _use_new_zipfile_serialization=container == "zip")
    del sys.modules["src.model"], sys.modules["src"]
    checkpoint = open_checkpoint(path)
    expected = model.state_dict()
    assert list(checkpoint.tensors) == list(expected)
    for name, tensor in expected.items():
        assert torch.equal(read_tensor(checkpoint.tensors[name], torch.float32), tensor)
    assert "whole model (src.model.GPT)" in checkpoint.notes[0]
    assert checkpoint.config == {"n_layer": 2, "vocab_size": 11, "model_type": "RWKV", "rate": 0.5}
    assert "src" not in sys.modules


def test_a_whole_model_in_a_wrapper_is_found(tmp_path: Path, gpt: Callable[[], nn.Module]) -> None:
    model = gpt()
    checkpoint = opened(tmp_path, {"model": model, "epoch": 1})
    assert list(checkpoint.tensors) == list(model.state_dict())
    assert len(checkpoint.notes) == 2


def test_a_module_used_twice_has_both_names(tmp_path: Path) -> None:
    shared = nn.Linear(2, 2)
    model = nn.ModuleDict({"one": shared, "two": shared})
    assert list(opened(tmp_path, model).tensors) == ["one.weight", "one.bias", "two.weight", "two.bias"]


def test_a_module_that_holds_itself_is_not_entered_again(tmp_path: Path) -> None:
    model = nn.Linear(2, 2)
    model._modules["again"] = model
    assert list(opened(tmp_path, model).tensors) == ["weight", "bias"]


def test_modules_that_double_at_each_level_are_refused(tmp_path: Path) -> None:
    level: nn.Module = nn.Linear(1, 1)
    for _ in range(15):
        level = nn.ModuleDict({"a": level, "b": level})
    refused(saved(tmp_path / "model.pth", level), "hold each other over and over")


def test_two_tensors_of_one_name_in_a_module_are_refused(tmp_path: Path) -> None:
    model = nn.ModuleDict({"a": nn.ModuleDict({"b": nn.Linear(1, 1)})})
    model._modules["a.b"] = nn.Linear(1, 1)
    refused(saved(tmp_path / "model.pth", model), "two tensors are named 'a.b.weight'")
