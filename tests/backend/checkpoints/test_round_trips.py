"""What torch and safetensors write is read back: names, shapes, positions, numbers; and nothing is imported for it."""

from __future__ import annotations

import collections
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy
import pytest
import safetensors.torch
import torch
from torch import Tensor

from rwkv_backend.checkpoints import Checkpoint, fingerprint, open_checkpoint
from rwkv_backend.checkpoints.reading import read_tensor
from rwkv_backend.records import DTYPE_BYTES
from tests.backend.checkpoints import building

DTYPES = [getattr(torch, name) for name in DTYPE_BYTES]


def weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "emb.weight": torch.randn(7, 5, generator=generator),
        "blocks.0.att.time_decay": torch.randn(5, 1, generator=generator).half(),
        "blocks.0.att.time_mix_k": torch.randn(1, 1, 5, generator=generator).bfloat16(),
        "scalar": torch.tensor(3.5),
        "nothing": torch.zeros(0, 4),
    }


def read_all(checkpoint: Checkpoint) -> dict[str, Tensor]:
    return {name: read_tensor(item, getattr(torch, item.dtype)) for name, item in checkpoint.tensors.items()}


def assert_same(checkpoint: Checkpoint, expected: dict[str, Tensor]) -> None:
    assert list(checkpoint.tensors) == list(expected)
    for name, tensor in read_all(checkpoint).items():
        assert tensor.dtype == expected[name].dtype
        assert torch.equal(tensor, expected[name].detach())


def save(path: Path, container: str, tensors: dict[str, Tensor], protocol: int = 2) -> Path:
    if container == "safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(tensors, path, pickle_protocol=protocol, _use_new_zipfile_serialization=container == "zip")
    return path


@pytest.mark.parametrize("container", ["zip", "legacy", "safetensors"])
def test_every_container_gives_back_names_shapes_and_numbers(tmp_path: Path, container: str) -> None:
    path = save(tmp_path / "model", container, weights())
    checkpoint = open_checkpoint(path)
    found = read_all(checkpoint)
    assert set(found) == set(weights())
    for name, tensor in weights().items():
        assert torch.equal(found[name], tensor)
        assert checkpoint.shapes[name] == tuple(tensor.shape)
    assert container in checkpoint.file_format
    assert checkpoint.file_bytes == path.stat().st_size
    assert checkpoint.notes == ()


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_every_pickle_protocol_is_read_in_the_files_order(tmp_path: Path, container: str, protocol: int) -> None:
    path = save(tmp_path / "model.pth", container, weights(), protocol)
    assert_same(open_checkpoint(path), weights())


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = save(tmp_path / "model.pth", "zip", weights())
    assert open_checkpoint(str(path)).path == path


@pytest.mark.parametrize("container", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_element_type_is_read(tmp_path: Path, container: str, dtype: torch.dtype) -> None:
    tensors = {"a.weight": torch.tensor([[0, 1], [1, 0], [1, 1]]).to(dtype)}
    path = save(tmp_path / "model", container, tensors)
    checkpoint = open_checkpoint(path)
    assert_same(checkpoint, tensors)
    floats = read_tensor(checkpoint.tensors["a.weight"], torch.float32)
    assert torch.equal(floats, tensors["a.weight"].float())


@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_views_parameters_and_shared_storages_are_read(tmp_path: Path, container: str) -> None:
    base = torch.arange(60, dtype=torch.float32).view(6, 10)
    tensors = {
        "whole": base,
        "again": base,
        "transposed": base.t(),
        "columns": base[:, 2:9:3],
        "tail": base[4:],
        "one": base[3, 4],
        "three_axes": base.view(2, 3, 10).permute(2, 0, 1),
        "parameter": torch.nn.Parameter(torch.ones(3)),
        "frozen": torch.nn.Parameter(torch.ones(2, 2).t(), requires_grad=False),
    }
    path = save(tmp_path / "model.pth", container, tensors)
    checkpoint = open_checkpoint(path)
    assert_same(checkpoint, tensors)
    assert checkpoint.tensors["whole"].offset == checkpoint.tensors["again"].offset
    assert checkpoint.tensors["transposed"].strides == (1, 10)


@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_an_ordered_dict_with_metadata_is_read(tmp_path: Path, container: str) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
    path = tmp_path / "model.pth"
    torch.save(module.state_dict(), path, _use_new_zipfile_serialization=container == "zip")
    assert_same(open_checkpoint(path), dict(module.state_dict()))


def test_a_parameter_with_attributes_of_its_own_is_read(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.arange(3.0))
    parameter.decays = True  # type: ignore[attr-defined]
    tensor = torch.arange(4.0)
    tensor.decays = True  # type: ignore[attr-defined]
    torch.save({"a": parameter, "b": tensor}, tmp_path / "model.pth")
    assert_same(open_checkpoint(tmp_path / "model.pth"), {"a": parameter, "b": tensor})


@pytest.mark.parametrize("protocol", [1, 2, 4])
def test_harmless_company_is_left_out_with_a_note(tmp_path: Path, protocol: int) -> None:
    company: dict[str, object] = {
        "counts": collections.Counter("abca"),
        "default": collections.defaultdict(list, {"a": [1]}),
        "queue": collections.deque([1, 2]),
        "set": {1, 2},
        "frozen": frozenset("ab"),
        "bytes": b"\xff\x00",
        "array": bytearray(b"\xff"),
        "no bytes": (b"", bytearray()),
        "complex": 1 + 2j,
        "device": torch.device("cpu"),
        "size": torch.Size([2, 3]),
        "dtype": torch.float16,
        "path": Path("somewhere"),
        "range": range(3),
        "big": 2**100,
        "dict": AttributeDict(n_layer=2),
        "list": ListOfItsOwn([1, 2]),
        "numbers": (numpy.float64(1.5), numpy.arange(3)),
    }
    if protocol != 2:  # which makes such objects by way of functools.partial and getattr, and is refused for it
        company["made by keyword"] = WithKeywords(a=1)
    torch.save({"a.weight": torch.ones(2), **company}, tmp_path / "model.pth", pickle_protocol=protocol)
    checkpoint = open_checkpoint(tmp_path / "model.pth")
    assert list(checkpoint.tensors) == ["a.weight"]
    assert f"left out: 'counts', 'default', 'queue', 'set', 'frozen' and {len(company) - 5} more" in checkpoint.notes[0]


class AttributeDict(dict[str, object]):
    """As Lightning keeps its hyper-parameters."""


class ListOfItsOwn(list[int]):
    """As in many a trainer's records."""


class WithKeywords:
    """Made anew by keyword: NEWOBJ_EX."""

    def __new__(cls, *, a: int) -> WithKeywords:
        return super().__new__(cls)

    def __init__(self, *, a: int) -> None:
        self.a = a

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, int]]:
        return (), {"a": self.a}


def test_weights_in_a_kind_of_dict_are_found(tmp_path: Path) -> None:
    torch.save(AttributeDict(weights()), tmp_path / "model.pth")
    assert_same(open_checkpoint(tmp_path / "model.pth"), weights())


def test_an_ordered_dict_of_pairs_is_read_as_python_2_wrote_it(tmp_path: Path) -> None:
    pair = building.MARK + building.plain("a.weight") + building.tensor() + b"l"
    pairs = building.EMPTY_LIST + pair + building.APPEND
    ordered = building.name("collections", "OrderedDict") + pairs + b"\x85" + building.REDUCE
    path = building.zip_with(tmp_path / "model.pth", building.PROTO + ordered + building.STOP)
    assert open_checkpoint(path).shapes == {"a.weight": (2, 2)}


def test_large_archives_with_64_bit_positions_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(weights(), tmp_path / "model.pth")
    with zipfile.ZipFile(tmp_path / "model.pth") as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    with zipfile.ZipFile(tmp_path / "large.pth", "w") as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    assert b"PK\6\6" in (tmp_path / "large.pth").read_bytes()
    assert_same(open_checkpoint(tmp_path / "large.pth"), weights())


def test_the_same_weights_have_the_same_fingerprint_in_every_file(tmp_path: Path) -> None:
    prints = {fingerprint(open_checkpoint(save(tmp_path / c, c, weights()))) for c in ("zip", "legacy", "safetensors")}
    turned = {key: value.t().contiguous().t() if value.dim() == 2 else value for key, value in weights().items()}
    prints.add(fingerprint(open_checkpoint(save(tmp_path / "turned", "zip", turned))))
    assert len(prints) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"emb.weight": torch.zeros(7, 5)},
        {"emb.weight": weights()["emb.weight"].double()},
        {"emb.weight": weights()["emb.weight"].view(5, 7)},
        {"head.weight": torch.zeros(1)},
    ],
    ids=["numbers", "dtype", "shape", "name"],
)
def test_other_weights_have_another_fingerprint(tmp_path: Path, changed: dict[str, Tensor]) -> None:
    one = fingerprint(open_checkpoint(save(tmp_path / "one", "zip", weights())))
    other = fingerprint(open_checkpoint(save(tmp_path / "other", "zip", weights() | changed)))
    assert one != other


def test_opening_a_checkpoint_imports_neither_torch_nor_numpy(tmp_path: Path) -> None:
    path = save(tmp_path / "model.pth", "zip", weights())
    code = (
        "import sys, rwkv_backend.records; before = 'numpy' in sys.modules;"  # the records may want it for themselves
        "from rwkv_backend.checkpoints import fingerprint, open_checkpoint, reading;"
        "checkpoint = open_checkpoint(sys.argv[1]); assert checkpoint.tensors; fingerprint(checkpoint);"
        "sys.exit('torch' in sys.modules or ('numpy' in sys.modules) > before)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0


@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_two_thousand_tensors_open_without_delay(tmp_path: Path, container: str) -> None:
    tensors = {f"blocks.{index // 20}.att.{index % 20}.weight": torch.zeros(2, 2) for index in range(2000)}
    path = save(tmp_path / "model.pth", container, tensors)
    took = []
    for _ in range(3):
        start = time.process_time()
        assert len(open_checkpoint(path).tensors) == 2000
        took.append(time.process_time() - start)
    assert min(took) < 1.5  # it takes about 0.15 s; the rest is for slow machines
