"""The memory of a model: copies share nothing, a saved one goes on to the last bit, and no strange file gets through."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from rwkv_backend.errors import StateError
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.state import State
from tests import tiny
from tests.shared import Opened, assert_one_sentence, assert_same_state, every_kind, fields_of, read, text_of

Parts = tuple[dict[str, Tensor], dict[str, str]]
"""A state file's tensors and its metadata."""


def read_some(model: RWKVModel, kind: str, count: int = 19) -> State:
    state = model.new_state()
    read(model, text_of(kind, count), state=state)
    return state


def only(folder: Path) -> list[str]:
    """What lies there beside the model."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".pth")


# Copies


@every_kind
def test_clone_goes_on_without_the_original(kind: str, opened: Opened) -> None:
    model = opened(kind)
    state = read_some(model, kind)
    copy, before = state.clone(), state.clone()
    assert_same_state(copy, state)
    read(model, [1, 2], state=copy)
    assert_same_state(state, before)
    assert copy.tokens_seen == state.tokens_seen + 2
    assert any(not torch.equal(t, dict(fields_of(copy))[name]) for name, t in fields_of(state))


@every_kind
def test_copy_shares_no_memory(kind: str, opened: Opened) -> None:
    state = read_some(opened(kind), kind)
    before = state.clone()
    for copy in (state.clone(), state.to("cpu")):
        assert_same_state(copy, state)
        for _, tensor in fields_of(copy):
            tensor.fill_(77)
        copy.layers[0]["new"] = torch.ones(1)
        copy.shared["new"] = torch.ones(1)
        assert_same_state(state, before)


@every_kind
def test_new_state_is_the_same_each_time_and_shares_nothing(kind: str, opened: Opened) -> None:
    model = opened(kind)
    one, other = model.new_state(), model.new_state()
    for _, tensor in fields_of(one):
        tensor.fill_(77)
    read(model, [1, 2, 3], state=other)
    fresh = model.new_state()
    assert fresh.tokens_seen == 0
    tuned = tiny.SIZES[kind].time_state
    for name, tensor in fields_of(fresh):
        assert (tensor == 77).sum() == 0, name
        assert tuned or not tensor.numel() or tensor.unique().numel() == 1, name


@every_kind
def test_every_tensor_has_its_field_with_as_many_axes(kind: str, opened: Opened) -> None:
    state = read_some(opened(kind), kind)
    for place, tensor in fields_of(state):
        field = state.field(place.partition("/")[2])
        assert len(field.axes) == tensor.dim()
        assert field.about
    with pytest.raises(KeyError):
        state.field("nothing of the kind")


@every_kind
def test_size_in_bytes_is_that_of_all_tensors(kind: str, opened: Opened) -> None:
    state = read_some(opened(kind), kind)
    assert state.nbytes == sum(t.numel() * t.element_size() for _, t in fields_of(state)) > 0


# Files


@every_kind
@pytest.mark.parametrize("count", [0, 19])
def test_saved_state_comes_back_to_the_last_bit_and_goes_on(
    kind: str, count: int, opened: Opened, tmp_path: Path
) -> None:
    model = opened(kind)
    state = model.new_state()
    if count:
        state = read_some(model, kind, count)
    path = tmp_path / "state.safetensors"
    state.save(path)
    loaded = State.load(path)
    assert_same_state(loaded, state)
    assert loaded.fields == state.fields
    assert loaded.model == state.model
    rest = text_of(kind)[count : count + 4]
    assert (read(model, rest, 1, loaded) == read(model, rest, 1, state)).all()
    assert_same_state(loaded, state)
    assert only(tmp_path) == [path.name]


def test_saving_replaces_an_older_state(opened: Opened, tmp_path: Path) -> None:
    model, path = opened("4"), tmp_path / "state"
    model.new_state().save(path)
    state = read_some(model, "4")
    state.save(str(path))
    assert_same_state(State.load(str(path)), state)


@pytest.fixture
def saved_state(opened: Opened, tmp_path: Path) -> Path:
    path = tmp_path / "good.state"
    read_some(opened("3-copy"), "3-copy").save(path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(StateError) as caught:
        State.load(path)
    assert_one_sentence(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"hello" * 50, b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 100, b"PK\3\4" + b"\0" * 99]
)
def test_file_that_is_no_state_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(data)
    refused(path)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.state")
    refused(tmp_path)


def test_file_of_a_model_is_refused_as_that(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file({"emb.weight": torch.ones(2, 2)}, path, metadata={"format": "pt"})
    assert "not a saved state" in refused(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused(kept: float, saved_state: Path) -> None:
    data = saved_state.read_bytes()
    saved_state.write_bytes(data[: int(kept * len(data))])
    refused(saved_state)


def changed(path: Path, change: Callable[[dict[str, Tensor], dict[str, str]], Any]) -> Path:
    """The file with its tensors and metadata changed."""
    with safetensors.safe_open(str(path), framework="pt") as file:
        about = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    change(tensors, about)
    path.write_bytes(safetensors.torch.save(tensors, about))
    return path


@pytest.mark.parametrize(
    "about",
    [
        {"format": "another"},
        {"n_layer": "-1"},
        {"n_layer": "many"},
        {"n_layer": "0"},
        {"n_layer": "1000000"},
        {"tokens_seen": "-5"},
        {"tokens_seen": "9" * 5000},
        {"fields": "no json"},
        {"fields": "5"},
        {"fields": "[1, 2]"},
        {"fields": '{"a": 1}'},
        {"fields": "[" * 100_000},
    ],
    ids=str,
)
def test_damaged_description_is_refused(about: dict[str, str], saved_state: Path) -> None:
    refused(changed(saved_state, lambda _, found: found.update(about)))


@pytest.mark.parametrize("missing", ["model", "fields", "n_layer", "tokens_seen", "format"])
def test_incomplete_description_is_refused(missing: str, saved_state: Path) -> None:
    refused(changed(saved_state, lambda _, about: about.pop(missing)))


@pytest.mark.parametrize("name", ["layers/2/x", "layers/x/y", "nonsense", "layers/"])
def test_tensor_in_no_place_is_refused(name: str, saved_state: Path) -> None:
    refused(changed(saved_state, lambda tensors, _: tensors.update({name: torch.ones(1)})))


def with_nan(tensor: Tensor) -> Tensor:
    tensor.view(-1)[-1] = float("nan")
    return tensor


def with_infinity(tensor: Tensor) -> Tensor:
    tensor.view(-1)[0] = float("inf")
    return tensor


NUMERATOR = "layers/1/att.numerator"
UNFIT: dict[str, Callable[[dict[str, Tensor]], Any]] = {
    "longer": lambda found: found.update({NUMERATOR: torch.zeros(33)}),
    "more axes": lambda found: found.update({NUMERATOR: torch.zeros(32, 1)}),
    "half": lambda found: found.update({NUMERATOR: found[NUMERATOR].half()}),
    "whole numbers": lambda found: found.update({NUMERATOR: found[NUMERATOR].long()}),
    "not a number": lambda found: with_nan(found[NUMERATOR]),
    "infinite": lambda found: with_infinity(found[NUMERATOR]),
    "one field less": lambda found: found.pop(NUMERATOR),
    "one field more": lambda found: found.update({"layers/0/surprise": torch.zeros(3)}),
    "shared field less": lambda found: found.pop("shared/copy.tokens"),
    "keys of another width": lambda found: found.update({"shared/copy.keys": torch.zeros(19, 255)}),
    "tokens that are no numbers": lambda found: found.update({"shared/copy.tokens": torch.zeros(19)}),
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT)
def test_state_that_does_not_fit_is_refused_before_anything_changes(
    change: Callable[[dict[str, Tensor]], Any], saved_state: Path, opened: Opened
) -> None:
    state = State.load(changed(saved_state, lambda tensors, _: change(tensors)))
    before = state.clone()
    model = opened("3-copy")
    for _ in range(2):
        with pytest.raises(StateError) as caught:
            model.forward([1], state)
        assert_one_sentence(caught.value)
    assert state.tokens_seen == before.tokens_seen
    read(model, [1], state=model.new_state())


def test_state_with_a_layer_less_is_refused(saved_state: Path, opened: Opened) -> None:
    def drop(tensors: dict[str, Tensor], about: dict[str, str]) -> None:
        about["n_layer"] = "1"
        for name in [name for name in tensors if name.startswith("layers/1/")]:
            del tensors[name]

    state = State.load(changed(saved_state, drop))
    with pytest.raises(StateError, match="1 layers, the model 2"):
        opened("3-copy").forward([1], state)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("1", lambda tensors, about: about.update(tokens_seen="2")),
        ("1", lambda tensors, about: about.update(tokens_seen="0")),
        ("1", lambda tensors, about: tensors.update({"layers/0/att.keys": tensors["layers/0/att.keys"][:3]})),
        ("3-copy", lambda tensors, about: tensors["shared/copy.tokens"].fill_(1000)),
        ("3-copy", lambda tensors, about: tensors.update({"shared/copy.tokens": tensors["shared/copy.tokens"][:2]})),
        ("4b", lambda tensors, about: tensors.update({"layers/0/qkv.keys": tensors["layers/0/qkv.keys"][:2]})),
    ],
)
def test_state_whose_lengths_contradict_each_other_is_refused(
    kind: str, change: Callable[[dict[str, Tensor], dict[str, str]], Any], opened: Opened, tmp_path: Path
) -> None:
    """One sentence, not an error out of the middle of a formula."""
    model, path = opened(kind), tmp_path / "state"
    read_some(model, kind).save(path)
    state = State.load(changed(path, change))
    with pytest.raises(StateError):
        model.forward([1, 2], state)


def all_channels(fields: list[list[Any]]) -> list[list[Any]]:
    return [[name, ["channel"] * len(axes), text] for name, axes, text in fields]


@pytest.mark.parametrize(
    "change",
    [lambda fields: [], all_channels, lambda fields: [[name, [], text] for name, _, text in fields]],
    ids=["no fields", "other axes", "no axes"],
)
def test_lengths_are_checked_whatever_axes_the_file_tells(
    change: Callable[[list[list[Any]]], list[list[Any]]], opened: Opened, tmp_path: Path
) -> None:
    model, path = opened("1"), tmp_path / "state"
    read_some(model, "1").save(path)

    def lie(_: dict[str, Tensor], about: dict[str, str]) -> None:
        about["fields"] = json.dumps(change(json.loads(about["fields"])))
        about["tokens_seen"] = "2"

    state = State.load(changed(path, lie))
    with pytest.raises(StateError):
        model.forward([1], state)


# Failures to write


def test_failed_write_leaves_the_old_file_and_nothing_else(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = opened("4"), tmp_path / "state"
    old = read_some(model, "4")
    old.save(path)
    newer = old.clone()
    read(model, [1, 2], state=newer)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StateError, match="No space left on device") as caught:
            newer.save(path)
    assert_one_sentence(caught.value)
    assert only(tmp_path) == ["state"]
    assert_same_state(State.load(path), old)
    newer.save(path)
    assert_same_state(State.load(path), newer)


def test_place_that_cannot_be_written_is_named(opened: Opened, tmp_path: Path) -> None:
    state = opened("4").new_state()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "state", tmp_path / "4.pth" / "state"):
        with pytest.raises(StateError) as caught:
            state.save(path)
        assert_one_sentence(caught.value)
        assert str(path) in str(caught.value)
    assert only(tmp_path) == ["folder"]
    assert not only(tmp_path / "folder")


@every_kind
def test_description_tells_every_axis(kind: str, opened: Opened, tmp_path: Path) -> None:
    """Another program can read the file: names, axes and meaning are in it."""
    state, path = read_some(opened(kind), kind), tmp_path / "state"
    state.save(path)
    with safetensors.safe_open(str(path), framework="np") as file:
        about, names = file.metadata(), set(file.keys())
    told = {name: tuple(axes) for name, axes, _ in json.loads(about["fields"])}
    assert told == {field.name: field.axes for field in state.fields}
    assert {name.split("/")[-1] for name in names} == told.keys()
    assert about["tokens_seen"] == str(state.tokens_seen)
