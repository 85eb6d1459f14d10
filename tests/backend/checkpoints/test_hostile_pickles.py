"""Pickles made to do harm: nothing that they ask for runs, and each is refused in one sentence, quickly."""

from __future__ import annotations

import os
import pickle
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rwkv_backend.checkpoints import open_checkpoint
from tests.backend.checkpoints import building
from tests.backend.checkpoints.building import (
    APPEND,
    BINPERSID,
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    NEWOBJ,
    NEWOBJ_EX,
    OBJ,
    POP,
    PROTO,
    REDUCE,
    SETITEMS,
    STACK_GLOBAL,
    STOP,
    TUPLE,
    called,
    dict_of,
    legacy_with,
    name,
    plain,
    refused,
    state_dict,
    storage,
    tensor,
    zip_with,
)  # fmt: skip

COMMAND = "touch WAS_RUN"
CODE = "open('WAS_RUN', 'w').close()"

CONTAINERS: list[Callable[[Path, bytes], Path]] = [zip_with, legacy_with]


@pytest.fixture(autouse=True)
def _nothing_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs each test in an empty folder and looks afterwards whether the bait left its mark there."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "WAS_RUN").exists()


def test_the_bait_is_real(tmp_path: Path) -> None:
    """Python's own unpickler does run it; else the other tests would prove nothing."""
    pickle.loads(PROTO + called("builtins", "exec", CODE) + STOP)
    assert (tmp_path / "WAS_RUN").exists()
    (tmp_path / "WAS_RUN").unlink()


CALLS = {
    "os.system": called(os.name if os.name == "nt" else "posix", "system", COMMAND),
    "system by its public name": called("os", "system", COMMAND),
    "eval": called("builtins", "eval", f"__import__('os').system('{COMMAND}')"),
    "exec": called("builtins", "exec", CODE),
    "exec of Python 2": called("__builtin__", "exec", CODE),
    "open": called("builtins", "open", "WAS_RUN", "w"),
    "import": called("builtins", "__import__", "os"),
    "getattr": called("builtins", "getattr", "os", "system"),
    "Popen": called("subprocess", "Popen", ("touch", "WAS_RUN")),
    "runpy": called("runpy", "run_path", "evil.py"),
    "partial": called("functools", "partial", "x"),
    "torch.load": called("torch", "load", "WAS_RUN"),
    "torch's nested files": called("torch.storage", "_load_from_bytes", b"x"),
    "torch.hub": called("torch.hub", "load", "x", "y"),
    "numpy's runner": called("numpy.testing._private.utils", "runstring", CODE, {}),
    "a trainer's function": called("src.model", "make", COMMAND),
    "stack global": plain("os") + plain("system") + STACK_GLOBAL + plain((COMMAND,)) + REDUCE,
    "dotted stack global": plain("builtins") + plain("exec.__call__") + STACK_GLOBAL + plain((CODE,)) + REDUCE,
    "INST": MARK + plain(COMMAND) + b"ios\nsystem\n",
    "OBJ": MARK + name("os", "system") + plain(COMMAND) + OBJ,
    "NEWOBJ": name("subprocess", "Popen") + plain((COMMAND,)) + NEWOBJ,
    "NEWOBJ of Python 2": name("__builtin__", "eval") + plain((CODE,)) + NEWOBJ,
    "NEWOBJ_EX": name("subprocess", "Popen") + plain((COMMAND,)) + EMPTY_DICT + NEWOBJ_EX,
    "copyreg": name("copyreg", "_reconstructor")
    + MARK + name("subprocess", "Popen") + name("builtins", "object") + plain(None) + TUPLE + REDUCE,
    "copyreg's newobj": name("copyreg", "__newobj__") + MARK + name("subprocess", "Popen") + plain("x") + TUPLE + REDUCE,
    "within an argument": name("collections", "OrderedDict")
    + MARK + EMPTY_LIST + MARK + plain("a") + called("os", "system", COMMAND) + TUPLE + APPEND + TUPLE + REDUCE,
    "changing a class": name("torch.nn", "Module") + plain({"forward": 1}) + BUILD,
    "calling what was called": called("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE,
    "calling a record": name("src.model", "GPT") + EMPTY_TUPLE + NEWOBJ + EMPTY_TUPLE + REDUCE,
    "calling a storage": storage() + EMPTY_TUPLE + REDUCE,
    "extension registry": b"\x82\x01",
    "text persistent id": b"Pposix\n",
}  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("bait", CALLS.values(), ids=CALLS)
def test_no_call_is_ever_made(tmp_path: Path, container: Callable[[Path, bytes], Path], bait: bytes) -> None:
    refused(container(tmp_path / "model.pth", state_dict(("evil", bait))), "nothing was run")


def test_the_refusal_names_what_was_asked_for(tmp_path: Path) -> None:
    error = refused(zip_with(tmp_path / "model.pth", state_dict(("x", called("posix", "system", COMMAND)))))
    assert error.sentence == (
        "The file asks to call posix.system, which a model file has no need for; nothing was run."
    )
    assert ".safetensors" in error.hint


def test_a_call_whose_result_is_thrown_away_is_refused_too(tmp_path: Path) -> None:
    bait = called("os", "system", COMMAND) + POP
    refused(zip_with(tmp_path / "model.pth", PROTO + bait + state_dict()[2:]), "os.system")


def test_a_subclass_of_tensor_cannot_smuggle_a_call(tmp_path: Path) -> None:
    args = name("os", "system") + name("torch", "Tensor") + plain((COMMAND,)) + plain({})
    bait = name("torch._tensor", "_rebuild_from_type_v2") + MARK + args + TUPLE + REDUCE
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", bait))), "unfit arguments")


def test_a_hostile_name_cannot_break_the_sentence(tmp_path: Path) -> None:
    bait = plain("os\n\x1b[31m\u202e") + plain("system") + STACK_GLOBAL + EMPTY_TUPLE + REDUCE
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", bait))), "os??[31m?.system")


def test_a_name_without_end_is_refused(tmp_path: Path) -> None:
    bait = plain("a" * 100_000) + plain("b") + STACK_GLOBAL
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", bait))), "goes on and on")


def test_names_that_are_only_mentioned_do_no_harm(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "model.pth", state_dict(("x", name("os", "system"))))
    assert list(open_checkpoint(path).tensors) == ["emb.weight"]


# Tensors that lie about themselves

LIES = {
    "stride 0 bomb": tensor(shape=(1_000_000, 1_000_000), strides=(0, 0)),
    "overlapping bomb": tensor(shape=(3, 2), strides=(1, 1)),
    "one axis repeated": tensor(shape=(2, 4), strides=(0, 1)),
    "negative stride": tensor(strides=(-2, 1), offset=3),
    "negative size": tensor(shape=(-2, -2)),
    "negative offset": tensor(offset=-1),
    "offset beyond the storage": tensor(offset=1),
    "huge offset": tensor(offset=2**62),
    "shape too large": tensor(shape=(2, 3), strides=(3, 1)),
    "stride too large": tensor(strides=(4, 1)),
    "huge size": tensor(shape=(2**60, 2**60)),
    "size that is a float": tensor(shape=(2.0, 2)),
    "size that is true": tensor(shape=(True, True)),
    "shape that is text": tensor(shape="ab"),
    "sizes without strides": tensor(strides=(2,)),
    "a hundred axes": tensor(shape=(1,) * 100, strides=(1,) * 100),
    "storage that is a tuple": tensor(stored=plain((1, 2))),
    "storage of negative size": tensor(stored=storage(-4)),
    "storage of no size": tensor(stored=storage(numel=None)),  # type: ignore[arg-type]
    "storage with a number as key": tensor(stored=storage(key=0)),  # type: ignore[arg-type]
    "view beyond its storage": tensor(stored=storage(view=plain(("1", 2, 4)))),
    "view that is none": tensor(stored=storage(view=plain(7))),
    "arguments missing": name("torch._utils", "_rebuild_tensor_v2") + EMPTY_TUPLE + REDUCE,
    "parameter of nothing": called("torch._utils", "_rebuild_parameter", 1, True, {}),
    "reference outside": plain(("storage",)) + BINPERSID,
    "reference to nothing": plain(1) + BINPERSID,
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_tensor_that_cannot_be_is_refused(
    tmp_path: Path, container: Callable[[Path, bytes], Path], lie: bytes
) -> None:
    refused(container(tmp_path / "model.pth", state_dict(("x", lie))), "The file is damaged")


def test_a_storage_larger_than_its_record_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    lie = tensor(shape=(10**6, 10**6), strides=(10**6, 1), stored=storage(10**12))
    path = zip_with(tmp_path / "model.pth", PROTO + dict_of(("x", lie)) + STOP)
    refused(path, "should have 4,000,000,000,000 bytes but has 16")


def test_a_storage_of_two_sizes_is_refused(tmp_path: Path) -> None:
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", tensor(stored=storage(5))))), "two sizes")


def test_a_storage_that_is_not_in_the_archive_is_refused(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "model.pth", state_dict(("x", tensor(stored=storage(key="../../passwd")))))
    refused(path, "storage '../../passwd' are missing")


@pytest.mark.parametrize("kind", ["ComplexFloatStorage", "QInt8Storage", "UntypedStorage", "load"])
def test_numbers_of_a_foreign_kind_are_refused(tmp_path: Path, kind: str) -> None:
    foreign = tensor(stored=storage(kind=name("torch", kind)))
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", foreign))), f"torch.{kind}")


def test_negated_numbers_are_refused(tmp_path: Path) -> None:
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", tensor(extra=plain({"neg": True}))))), "negated")


def test_a_view_of_a_storage_in_an_old_file_is_followed(tmp_path: Path) -> None:
    """Very old torch wrote views of storages; the view's offset adds to the tensor's."""
    viewed = tensor(shape=(2,), strides=(1,), offset=1, stored=storage(view=plain(("view", 1, 3))))
    path = legacy_with(tmp_path / "model.pth", PROTO + dict_of(("x", viewed)) + STOP)
    stored = open_checkpoint(path).tensors["x"]
    assert path.read_bytes()[stored.offset : stored.offset + 8] == building.DATA[8:]


# Pickles that want to exhaust us


def _memo_towers() -> bytes:
    """Lists of ten of the list before, thirty times: 10^30 leaves."""
    tower = plain("laughs") + b"q\0"
    for level in range(30):
        tower += POP + EMPTY_LIST + MARK + (b"h" + bytes([level])) * 10 + b"e" + b"q" + bytes([level + 1])
    return tower


def _copies(call: bytes, times: int) -> bytes:
    """A list of 100,000 numbers, and a call on it over and over."""
    numbers = EMPTY_LIST + MARK + b"K\1" * 100_000 + b"e" + b"q\0" + POP
    return numbers + EMPTY_LIST + (call + b"h\0" + b"\x85" + REDUCE + APPEND) * times


def _lists_appended_outside_in(count: int) -> bytes:
    made = b"".join(EMPTY_LIST + b"r" + struct.pack("<I", index) + POP for index in range(count))
    chained = b"".join(
        b"j" + struct.pack("<I", index) + b"j" + struct.pack("<I", index + 1) + APPEND + POP
        for index in range(count - 1)
    )
    return made + chained + b"j" + struct.pack("<I", 0)


def _nested_dicts(count: int) -> bytes:
    return (EMPTY_DICT + b"K\1") * count + EMPTY_DICT + b"s" * count


def _nested_records(count: int) -> bytes:
    return (name("m", "C") + EMPTY_TUPLE + NEWOBJ) * count + plain(1) + BUILD * count


EXHAUSTING = {
    "nested lists": (EMPTY_LIST * 100_000 + APPEND * 99_999, "nested deeper"),
    "nested tuples": (EMPTY_TUPLE + b"\x85" * 100_000, "nested deeper"),
    "nested dicts": (_nested_dicts(100_000), "nested deeper"),
    "nested objects": (_nested_records(50_000), "nested deeper"),
    "lists nested from the outside": (_lists_appended_outside_in(50_000), "nested deeper"),
    "marks": (MARK * 100_000 + b"N", "takes more from its stack"),
    "deep tuple as a key": (EMPTY_DICT + EMPTY_TUPLE + b"\x85" * 1000 + b"Ns", "as a key"),
    "long tuple as a key": (EMPTY_DICT + MARK + b"N" * 1000 + TUPLE + b"Ns", "as a key"),
    "list as a key": (EMPTY_DICT + EMPTY_LIST + b"Ns", "as a key"),
    "record as a key": (EMPTY_DICT + name("m", "C") + EMPTY_TUPLE + NEWOBJ + b"Ns", "as a key"),
    "long integer as a key": (EMPTY_DICT + plain(2**64) + b"Ns", "as a key"),
    "list in a set": (b"\x8f" + MARK + EMPTY_LIST + b"\x90", "as a key"),
    "tuple in a frozen set": (MARK + plain(((1,),)) + b"\x91", "as a key"),
    "memo index 2^31": (b"N" + b"r" + struct.pack("<I", 2**31), ""),
    "memo index 2^31 not there": (b"j" + struct.pack("<I", 2**31), "does not hold"),
    "text memo index": (b"Np" + b"9" * 50 + b"\n", "absurdly"),
    "negative text memo index": (b"Np-1\n", "absurdly"),
    "huge string": (b"\x8e" + struct.pack("<Q", 2**62) + b"abc", "breaks off"),
    "huge text": (b"\x8d" + struct.pack("<Q", 2**40) + b"abc", "breaks off"),
    "long integer": (b"\x8b" + struct.pack("<i", 100_000) + b"\1" * 100_000, "integer"),
    "integer of a thousand bytes": (b"\x8b" + struct.pack("<i", 1000) + b"\1" * 1000, "integer"),
    "decimal integer": (b"L" + b"9" * 100_000 + b"L\n", "makes no sense"),
    "two million steps": (b"N0" * 1_000_000, "1,000,000 steps"),
    "copies of a list": (_copies(name("builtins", "list"), 5000), "more copies"),
    "copies of a set": (_copies(name("builtins", "tuple"), 5000), "more copies"),
    "constructors of constructors": (
        (name("copyreg", "_reconstructor") + MARK) * 1000 + (b"N" * 3 + TUPLE + REDUCE) * 1000, "no class"
    ),
    "empty stack": (POP * 9, "takes more from its stack"),
    "no mark": (TUPLE, "takes more from its stack"),
    "append to text": (plain("a") + b"N" + APPEND, "not a list"),
    "items of a list": (EMPTY_LIST + MARK + b"NN" + SETITEMS, "not a dict"),
    "odd items": (EMPTY_DICT + MARK + b"NNN" + SETITEMS, "not a dict"),
    "add to a list": (EMPTY_LIST + MARK + b"N\x90", "not a set"),
    "name that is a number": (b"K\1K\1" + STACK_GLOBAL, "not a name"),
    "object of no class": (b"K\1" + EMPTY_TUPLE + NEWOBJ, "no class"),
    "call without arguments": (name("collections", "OrderedDict") + b"N" + REDUCE, "without arguments"),
    "pairs that are none": (called("collections", "OrderedDict", ["ab", "c"]), "unfit arguments"),
    "unknown encoding": (called("_codecs", "encode", "x", "rot13"), "unfit arguments"),
    "not in its encoding": (called("_codecs", "encode", "\u4e2d", "latin1"), "unfit arguments"),
    "state of a number": (b"K\1N" + BUILD, "gives a state"),
    "protocol 9": (b"\x80\x09", "protocol 9"),
    "unknown opcode": (b"\xff", "makes no sense"),
    "buffer outside": (b"\x97", "nothing was run"),
}  # fmt: skip


@pytest.mark.parametrize(("bait", "words"), EXHAUSTING.values(), ids=EXHAUSTING)
def test_an_exhausting_or_senseless_pickle_ends_quickly(tmp_path: Path, bait: bytes, words: str) -> None:
    start = time.process_time()
    path = zip_with(tmp_path / "model.pth", state_dict(("x", bait)))
    if words:
        refused(path, words)
    else:
        open_checkpoint(path)
    assert time.process_time() - start < 15


def test_billion_laughs_open_without_being_told_out(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "model.pth", state_dict(("x", _memo_towers())))
    assert list(open_checkpoint(path).tensors) == ["emb.weight"]


def test_a_list_that_holds_itself_does_no_harm(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "model.pth", state_dict(("x", EMPTY_LIST + b"q\0h\0" + APPEND)))
    assert list(open_checkpoint(path).tensors) == ["emb.weight"]


def test_a_pickle_longer_than_16_mib_is_refused(tmp_path: Path) -> None:
    long = b"B" + struct.pack("<I", 17 * 2**20) + bytes(17 * 2**20)
    refused(zip_with(tmp_path / "model.pth", state_dict(("x", long))), "longer than 16 MiB")


def test_a_pickle_that_stops_early_is_refused(tmp_path: Path) -> None:
    refused(zip_with(tmp_path / "model.pth", PROTO + STOP), "stack")
    refused(zip_with(tmp_path / "model.pth", b""), "pickle")
