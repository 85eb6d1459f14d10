"""The reference formulas against the official code: recorded logits and states of `../shared/fixtures`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests import reference

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"
TOLERANCE = 2e-4  # the official code computes in float32
FOLDERS = sorted(path.parent for kind in ("cases", "trained") for path in FIXTURES.glob(f"{kind}/*/case.json"))
PICKLED_MODULES = {"v1-pickled-model"}  # not a state dict; torch refuses to read it safely
DEMO_HEAD_SIZE = 8  # of tiny-v6.0-deq, the only case recorded in the v6 demo's form
RECORDED_STATES = [folder for folder in FOLDERS if (folder / "state.npz").exists()]

Arrays = dict[str, NDArray[Any]]

needs_fixtures = pytest.mark.skipif(not FOLDERS, reason=f"needs the recorded cases in {FIXTURES}")


def folder_name(folder: Path) -> str:
    return folder.name


def read_case(folder: Path) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((folder / "case.json").read_text())
    return case


def read_weights(folder: Path) -> Arrays:
    if folder.name in PICKLED_MODULES:
        pytest.skip("a pickled module, not a state dict")
    tensors = torch.load(folder / "model.pth", weights_only=True, map_location="cpu")
    return {name: tensor.float().numpy() for name, tensor in tensors.items()}


@needs_fixtures
@pytest.mark.parametrize("folder", FOLDERS, ids=folder_name)
def test_reference_gives_the_official_logits(folder: Path) -> None:
    case, weights = read_case(folder), read_weights(folder)
    for run in case.get("runs", [{"tokens": case["tokens"], "logits": "logits.npy"}]):
        got = reference.logits(case["version"], weights, run["tokens"])
        want = np.load(folder / run["logits"])
        assert got.shape == want.shape
        assert np.abs(got - want).max() < TOLERANCE


@needs_fixtures
@pytest.mark.parametrize("folder", RECORDED_STATES, ids=folder_name)
def test_reference_ends_in_the_official_state(folder: Path) -> None:
    case, weights = read_case(folder), read_weights(folder)
    _, states = reference.run(case["version"], weights, case["tokens"])
    with np.load(folder / "state.npz") as recorded:
        want = recorded_state(case["version"], dict(recorded))
    assert len(states) == len(want)
    for got_layer, want_layer in zip(states, want, strict=True):
        assert got_layer.keys() == want_layer.keys()
        for name, tensor in want_layer.items():
            np.testing.assert_allclose(got_layer[name], tensor, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def recorded_state(version: str, recorded: Arrays) -> list[Arrays]:
    """state.npz, whichever official program wrote it, under our names."""
    if "state" in recorded:
        return state_of_150_lines(recorded["state"]) if version == "4" else state_of_demo(recorded["state"])
    if "state.0" in recorded:
        return state_of_pip(version, recorded)
    return state_of_model_run(recorded)


def state_of_150_lines(rows: NDArray[Any]) -> list[Arrays]:
    names = ("ffn.last_input", "att.last_input", "att.numerator", "att.denominator", "att.max_exponent")
    return [dict(zip(names, layer, strict=True)) for layer in rows.reshape(-1, 5, rows.shape[1])]


def state_of_demo(rows: NDArray[Any]) -> list[Arrays]:
    """v6 demo: per layer two rows of last inputs, then N rows that hold (H, key, value) flattened."""
    layers = rows.reshape(-1, DEMO_HEAD_SIZE + 2, rows.shape[1])
    shape = (-1, DEMO_HEAD_SIZE, DEMO_HEAD_SIZE)
    return [
        {"ffn.last_input": layer[0], "att.last_input": layer[1], "att.wkv": layer[2:].reshape(shape)}
        for layer in layers
    ]


def state_of_pip(version: str, recorded: Arrays) -> list[Arrays]:
    matrix = ("att.last_input", "att.wkv", "ffn.last_input")
    vector = ("att.last_input", "att.numerator", "att.denominator", "att.max_exponent", "ffn.last_input")
    names = vector if version == "4" else matrix
    layers = len(recorded) // len(names)
    return [{name: recorded[f"state.{i * len(names) + j}"] for j, name in enumerate(names)} for i in range(layers)]


def state_of_model_run(recorded: Arrays) -> list[Arrays]:
    """v2 to v4: "aa.att.1" is the numerator of block 1; "hk", the keys of the copy head, is not a layer's."""
    fields = {"xx": "last_input", "aa": "numerator", "bb": "denominator", "pp": "max_exponent"}
    parts = {"att": "att", "ffn": "ffn", "ffnPre": "ffn_pre"}
    layers: dict[int, Arrays] = {}
    for key, tensor in recorded.items():
        if key != "hk":
            field, part, number = key.split(".")
            layers.setdefault(int(number), {})[f"{parts[part]}.{fields[field]}"] = tensor
    return [layers[number] for number in sorted(layers)]
