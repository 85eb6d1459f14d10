"""Model folders: one checkpoint among other files, shards with an index, and transformers' names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from rwkv_backend.checkpoints import open_checkpoint
from rwkv_backend.checkpoints.reading import read_tensor
from tests.backend.checkpoints.building import refused

ATTENTION = ["key.weight", "value.weight", "receptance.weight", "output.weight"]
V4 = {
    "rwkv.embeddings.weight": "emb.weight",
    "rwkv.blocks.0.pre_ln.bias": "blocks.0.ln0.bias",
    "rwkv.blocks.0.ln1.weight": "blocks.0.ln1.weight",
    "rwkv.blocks.11.ln2.bias": "blocks.11.ln2.bias",
    "rwkv.blocks.0.attention.time_decay": "blocks.0.att.time_decay",
    "rwkv.blocks.0.attention.time_first": "blocks.0.att.time_first",
    "rwkv.blocks.0.attention.time_mix_key": "blocks.0.att.time_mix_k",
    "rwkv.blocks.0.attention.time_mix_value": "blocks.0.att.time_mix_v",
    "rwkv.blocks.0.attention.time_mix_receptance": "blocks.0.att.time_mix_r",
    **{f"rwkv.blocks.0.attention.{name}": f"blocks.0.att.{name}" for name in ATTENTION},
    "rwkv.blocks.0.feed_forward.time_mix_key": "blocks.0.ffn.time_mix_k",
    "rwkv.blocks.0.feed_forward.time_mix_receptance": "blocks.0.ffn.time_mix_r",
    "rwkv.blocks.0.feed_forward.key.weight": "blocks.0.ffn.key.weight",
    "rwkv.ln_out.weight": "ln_out.weight",
    "head.weight": "head.weight",
}
V5 = {
    "rwkv.blocks.0.attention.time_mix_gate": "blocks.0.att.time_mix_g",
    "rwkv.blocks.0.attention.gate.weight": "blocks.0.att.gate.weight",
    "rwkv.blocks.0.attention.ln_x.weight": "blocks.0.att.ln_x.weight",
    "rwkv.blocks.0.attention.time_faaaa": "blocks.0.att.time_faaaa",
}
V6 = {
    "rwkv.blocks.0.attention.time_maa_x": "blocks.0.att.time_maa_x",
    "rwkv.blocks.0.attention.time_maa_w1": "blocks.0.att.time_maa_w1",
    "rwkv.blocks.0.attention.time_decay_w2": "blocks.0.att.time_decay_w2",
    "rwkv.blocks.0.feed_forward.time_maa_k": "blocks.0.ffn.time_maa_k",
}
CONFIG = {"model_type": "rwkv", "layer_norm_epsilon": 1e-5, "tie_word_embeddings": False, "num_hidden_layers": 12}


def tensors(names: list[str]) -> dict[str, Tensor]:
    return {name: torch.full((2, 3), float(index)) for index, name in enumerate(names)}


def model_folder(folder: Path, names: list[str], **config: object) -> Path:
    folder.mkdir(exist_ok=True)
    safetensors.torch.save_file(tensors(names), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def shards(folder: Path, names: list[str], torch_files: bool = False) -> Path:
    """Two shards, the odd tensors in one and the even ones in the other."""
    folder.mkdir()
    ending = "bin" if torch_files else "safetensors"
    weight_map: dict[str, str] = {}
    for part in (0, 1):
        file_name = f"model-0000{part + 1}-of-00002.{ending}"
        held = dict(list(tensors(names).items())[part::2])
        if torch_files:
            torch.save(held, folder / file_name)
        else:
            safetensors.torch.save_file(held, folder / file_name)
        weight_map |= dict.fromkeys(held, file_name)
    stem = "pytorch_model.bin" if torch_files else "model.safetensors"
    (folder / f"{stem}.index.json").write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


@pytest.mark.parametrize("names", [V4, V4 | V5, V6 | V5], ids=["v4", "v5", "v6"])
def test_transformers_names_become_the_official_ones(tmp_path: Path, names: dict[str, str]) -> None:
    folder = model_folder(tmp_path / "model", list(names))
    for path in (folder, folder / "model.safetensors"):
        checkpoint = open_checkpoint(path)
        assert set(checkpoint.tensors) == set(names.values())
        for index, official in enumerate(names.values()):
            assert checkpoint.tensors[official].name == official
            assert read_tensor(checkpoint.tensors[official], torch.float32)[0, 0] == index
        assert checkpoint.config["num_hidden_layers"] == 12
        assert any("transformers" in note for note in checkpoint.notes)


@pytest.mark.parametrize("torch_files", [False, True])
def test_shards_are_put_together(tmp_path: Path, torch_files: bool) -> None:
    folder = shards(tmp_path / "model", list(V4), torch_files)
    checkpoint = open_checkpoint(folder)
    assert set(checkpoint.tensors) == set(V4.values())
    assert checkpoint.file_format == ("torch shards" if torch_files else "safetensors shards")
    assert checkpoint.file_bytes == sum(path.stat().st_size for path in folder.glob("*-of-*"))
    for index, official in enumerate(V4.values()):
        assert read_tensor(checkpoint.tensors[official], torch.float32)[0, 0] == index


def test_the_head_of_a_tied_model_is_its_embedding(tmp_path: Path) -> None:
    names = [name for name in V4 if name != "head.weight"]
    checkpoint = open_checkpoint(model_folder(tmp_path / "tied", names, tie_word_embeddings=True))
    assert checkpoint.tensors["head.weight"].offset == checkpoint.tensors["emb.weight"].offset
    assert any("head shares" in note for note in checkpoint.notes)
    assert "head.weight" not in open_checkpoint(model_folder(tmp_path / "untied", names)).tensors


def test_another_epsilon_is_refused(tmp_path: Path) -> None:
    refused(model_folder(tmp_path / "model", list(V4), layer_norm_epsilon=1e-6), "epsilon of 1e-06")


def test_without_a_config_the_usual_is_assumed_with_a_note(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", list(V4))
    (folder / "config.json").unlink()
    checkpoint = open_checkpoint(folder)
    assert checkpoint.config == {}
    assert "There is no config.json" in checkpoint.notes[-1]


def test_two_names_that_become_the_same_are_refused(tmp_path: Path) -> None:
    names = ["rwkv.blocks.0.attention.key.weight", "rwkv.blocks.0.att.key.weight"]
    refused(model_folder(tmp_path / "model", names), "two tensors are named 'blocks.0.att.key.weight'")


@pytest.mark.parametrize("text", ["{", "[]", '{"a": NaN', "\xff"])
def test_a_broken_config_is_refused(tmp_path: Path, text: str) -> None:
    folder = model_folder(tmp_path / "model", list(V4))
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    refused(folder, "'config.json'")


def test_official_names_need_no_config(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", ["emb.weight", "head.weight"])
    (folder / "config.json").write_text("broken")
    checkpoint = open_checkpoint(folder)
    assert list(checkpoint.tensors) == ["emb.weight", "head.weight"]
    assert checkpoint.notes == ()


def test_what_trainers_leave_beside_a_model_is_not_taken_for_one(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", ["emb.weight"])
    for name in ("training_args.bin", "optimizer.pt", "rng_state.pth", "scheduler.pt", ".hidden.pth"):
        (folder / name).write_bytes(b"x")
    (folder / "folder.pth").mkdir()
    assert open_checkpoint(folder).path == folder / "model.safetensors"


def test_a_folder_with_two_checkpoints_lists_them(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", ["emb.weight"])
    torch.save(tensors(["emb.weight"]), folder / "rwkv-0.pth")
    refused(folder, "more than one checkpoint: 'model.safetensors', 'rwkv-0.pth'")


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello")
    refused(tmp_path, "holds no checkpoint")


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = shards(tmp_path / "model", list(V4))
    (folder / "model-00002-of-00002.safetensors").unlink()
    refused(folder, "model-00002-of-00002.safetensors: There is no file")


def test_a_faulty_shard_is_named(tmp_path: Path) -> None:
    folder = shards(tmp_path / "model", list(V4))
    shard = folder / "model-00001-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    refused(folder, "model-00001-of-00002.safetensors: The file is incomplete")


def test_a_tensor_missing_from_its_shard_is_named(tmp_path: Path) -> None:
    folder = shards(tmp_path / "model", list(V4))
    safetensors.torch.save_file(tensors(["other"]), folder / "model-00001-of-00002.safetensors")
    refused(folder, "lack what their index lists: 'rwkv.embeddings.weight'")


@pytest.mark.parametrize("shard", ["../model.pth", "/etc/passwd", "a/b.pth", "..", "", "a\\b.pth", "c:b.pth", 7, None])
def test_an_index_cannot_point_outside_its_folder(tmp_path: Path, shard: object) -> None:
    torch.save(tensors(["a"]), tmp_path / "model.pth")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    refused(folder, "points outside its folder")


@pytest.mark.parametrize("index", ["{}", '{"weight_map": {}}', '{"weight_map": [1]}', "[", "[" * 100_000])
def test_a_broken_index_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(index)
    refused(tmp_path, "'model.safetensors.index.json'")


def test_the_same_weights_in_two_formats_are_no_riddle(tmp_path: Path) -> None:
    """Hugging Face repositories often hold both; refusing them would refuse most folders."""
    folder = model_folder(tmp_path / "model", ["emb.weight"])
    torch.save(tensors(["emb.weight"]), folder / "pytorch_model.bin")
    assert open_checkpoint(folder).path == folder / "model.safetensors"
