"""The library against the official code: recorded logits and states, and the demo models that we ship."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rwkv_backend import cli
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.errors import RWKVError
from rwkv_backend.inspection import inspect
from rwkv_backend.loading import open_model
from tests.backend.test_references import (
    FOLDERS,
    RECORDED_STATES,
    folder_name,
    needs_fixtures,
    read_case,
    recorded_state,
)
from tests.shared import assert_near, read

Arrays = dict[str, NDArray[Any]]

every_case = pytest.mark.parametrize("folder", FOLDERS, ids=folder_name)
every_demo = pytest.mark.parametrize("demo", demo_models(), ids=lambda demo: demo.path.stem)

PARAMETERS = {
    "1": 3745024,
    "2": 3769728,
    "3": 3773568,
    "4": 3675264,
    "5.2": 3678720,
    "6.0": 3975936,
    "7.0": 3758208,
}
"""Of the demo models, from resources/demo/PROVENANCE.md."""


@needs_fixtures
@every_case
def test_version_is_the_one_recorded(folder: Path) -> None:
    case, info = read_case(folder), inspect(folder / "model.pth")
    assert info.version == case["version"]
    assert (info.n_layer, info.n_embd, info.vocab_size) == (case["n_layer"], case["n_embd"], case["vocab_size"])
    assert info.dtype == case.get("file_dtype", "float32")
    for ours, theirs in (("n_head", "n_head"), ("head_size", "head_size"), ("n_att", "n_att")):
        if case.get(theirs) is not None:
            assert getattr(info, ours) == case[theirs]


@needs_fixtures
@pytest.mark.parametrize("chunk", [None, 1, 7])
@every_case
def test_logits_are_those_of_the_official_code(folder: Path, chunk: int | None) -> None:
    case, model = read_case(folder), open_model(folder / "model.pth")
    for run in case.get("runs", [{"tokens": case["tokens"], "logits": "logits.npy"}]):
        want = np.load(folder / run["logits"])
        got = read(model, run["tokens"], chunk)
        assert got.shape == want.shape
        assert np.abs(got - want).max() < case["tolerance"]


@needs_fixtures
@pytest.mark.parametrize("folder", RECORDED_STATES, ids=folder_name)
def test_trace_ends_in_the_state_of_the_official_code(folder: Path, tmp_path: Path) -> None:
    """Under our names; both sides name the fields of each layer, and the copy head's keys where there are any."""
    case, out = read_case(folder), tmp_path / "x.npz"
    tokens = ",".join(map(str, case["tokens"]))
    assert cli.main(["trace", str(folder / "model.pth"), "--tokens", tokens, "--out", str(out)]) == 0
    with np.load(folder / "state.npz") as archive:
        recorded = dict(archive)
    with np.load(out) as archive:
        traced: Arrays = {name: archive[name] for name in archive.files if name.startswith("state/")}
    want = {
        f"state/{layer}/{field}": array
        for layer, fields in enumerate(recorded_state(case["version"], recorded))
        for field, array in fields.items()
    }
    if "hk" in recorded:
        want["state/shared/copy.keys"] = recorded["hk"]
        assert traced.pop("state/shared/copy.tokens").tolist() == case["tokens"][-len(recorded["hk"]) :]
    assert traced.keys() == want.keys()
    for name, array in want.items():
        assert_near(traced[name], array, case["tolerance"], name)
    assert set(json.loads(zipfile.ZipFile(out).read("fields.json"))) >= {name.split("/")[2] for name in traced}


@needs_fixtures
@every_case
def test_fewer_bits_stay_near_the_official_code(folder: Path) -> None:
    case = read_case(folder)
    want = np.load(folder / "logits.npy")
    for dtype, allowed in (("float16", 0.002), ("bfloat16", 0.016), ("int8", 0.035), ("int4", 0.4)):
        got = read(open_model(folder / "model.pth", dtype=dtype), case["tokens"])
        assert np.abs(got - want).mean() / want.std() < allowed, dtype


# Demo models


def test_all_seven_demo_models_are_there() -> None:
    assert {demo.version for demo in demo_models()} == PARAMETERS.keys()


@every_demo
def test_demo_model_is_what_its_provenance_says(demo: DemoModel, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(demo.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == demo.version
    assert told["n_params"] == PARAMETERS[demo.version]
    assert (told["n_layer"], told["n_embd"], told["vocab_size"]) == (6, 192, 2048)
    assert told["dtype"] == "float16"
    assert told["tokenizer"] == "tokenizer.json"
    assert told["ctx_len"] == (512 if demo.version in ("1", "2", "3") else None)
    assert not told["tokenizer_warning"]


@every_demo
def test_demo_model_foresees_tales_about_as_well_as_measured(
    demo: DemoModel, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the first 2,000 bytes of the held-out tales; over all of them the figure is the one in the catalog."""
    text = tmp_path / "beginning.txt"
    text.write_bytes((shared / "demo" / "corpus" / "val.txt").read_bytes()[:2000])
    assert cli.main(["eval", str(demo.path), str(text), "--window", "512", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bytes"] == 2000
    assert 450 < told["tokens"] < 750
    assert told["bits_per_byte"] == pytest.approx(demo.bits_per_byte, abs=0.1)


@every_demo
def test_demo_model_reads_in_any_chunks(demo: DemoModel) -> None:
    model = open_model(demo.path)
    tokens = [(7 * t * t + 3 * t + 5) % 2048 for t in range(40)]
    whole = read(model, tokens)
    assert np.abs(read(model, tokens, 33) - whole).max() < 1e-3
    assert np.abs(read(model, tokens, 1) - whole).max() < 1e-3


# Damaged files


def bad_files() -> list[str]:
    listing = FOLDERS[0].parents[1] / "bad" / "bad.json" if FOLDERS else None
    if listing is None or not listing.is_file():
        return []
    return sorted(name for name in json.loads(listing.read_text()) if name.endswith((".pth", ".safetensors")))


@needs_fixtures
@pytest.mark.parametrize("name", bad_files())
def test_bad_file_is_refused_in_a_sentence(name: str, shared: Path) -> None:
    folder = shared / "fixtures" / "bad"
    entry = json.loads((folder / "bad.json").read_text())[name]
    with pytest.raises(RWKVError) as caught:
        open_model(folder / name)
    assert "\n" not in str(caught.value)
    if "naming the tensor" in entry["expect"]:
        assert "blocks." in str(caught.value)
