"""A little machine for pickles: it builds what a pickle describes, out of inert records, and never runs anything.

`pickletools` (standard library) splits the pickle into opcodes; we interpret those that good files use. Python's own
machine imports what a pickle names and calls it, so that a pickle is a program; ours looks each name up in a table of
imitations (`imitations`) and refuses the rest. Pickles are small, since tensors' numbers lie outside them, and are
refused when they are not.

Nothing here recurses, so that nesting costs no stack; afterwards the result is refused if it is nested too deeply.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from rwkv_backend.checkpoints import imitations, words
from rwkv_backend.checkpoints.imitations import Budget, key_of
from rwkv_backend.checkpoints.stand_ins import Named, Record, Storage, TensorRef, named, storage_of
from rwkv_backend.errors import CheckpointError

MAX_BYTES = 16 * 2**20
MAX_OPCODES = 1_000_000
MAX_DEPTH = 64
MAX_INTEGER_BITS = 512
MAX_MEMO = 2**32
NEWEST_PROTOCOL = 5


class CutOff(CheckpointError):
    """The pickle goes on beyond the end of what there is."""


class Source(io.BytesIO):
    """The bytes [start, end) of a file, or as many of them as pickles may take: no read can ask for more."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        super().__init__(file.read(max(0, min(end - start, MAX_BYTES))))
        self._start = start
        self.too_long = end - start > MAX_BYTES

    @property
    def position(self) -> int:
        """In the file, of the next byte."""
        return self._start + self.tell()

    @property
    def ran_out(self) -> bool:
        return self.tell() == self.getbuffer().nbytes


def unpickle(source: Source) -> tuple[object, dict[str, Storage]]:
    """What the pickle at the source's position describes, and the storages it names by key. Raises CheckpointError."""
    machine = _Machine()
    for opcode, argument in _opcodes(source):
        step = _STEPS.get(opcode)
        if step is None:
            raise CheckpointError(
                f"The file's pickle uses {opcode}, which a model file has no need for; nothing was run.",
                words.ASK_AUTHOR,
            )
        step(machine, argument)
    root = machine.pop()
    _refuse_deep(root)
    return root, machine.storages


def _opcodes(source: Source) -> Iterator[tuple[str, Any]]:
    """The opcodes and their arguments, up to and without STOP."""
    count = 0
    try:
        for opcode, argument, _ in pickletools.genops(source):
            if opcode.name == "STOP":
                return
            count += 1
            if count > MAX_OPCODES:
                raise CheckpointError(
                    f"The file's pickle has more than {MAX_OPCODES:,} steps, far more than a model needs.",
                    words.ASK_AUTHOR,
                )
            yield opcode.name, argument
    except ValueError as error:
        raise _unreadable(source) from error


def _unreadable(source: Source) -> CheckpointError:
    if not source.ran_out:
        return words.damaged("its pickle makes no sense")
    if source.too_long:
        return CheckpointError(
            f"The file's pickle is longer than {MAX_BYTES // 2**20} MiB, far more than a model needs.", words.ASK_AUTHOR
        )
    return CutOff("The file is damaged: its pickle breaks off.", words.DOWNLOAD_AGAIN)


def _refuse_deep(root: object) -> None:
    """Goes through the result in rings around the root, each object once."""
    seen: set[int] = set()
    ring, depth = [root], 0
    while ring:
        if depth > MAX_DEPTH:
            raise CheckpointError(f"The file's pickle is nested deeper than {MAX_DEPTH} levels.", words.ASK_AUTHOR)
        following: list[object] = []
        for value in ring:
            if id(value) not in seen:
                seen.add(id(value))
                following.extend(_contents(value))
        ring, depth = [value for value in following if isinstance(value, _CONTAINERS)], depth + 1


_CONTAINERS = (dict, list, tuple, Record)


def _contents(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Record):
        return [value.args, value.state, value.entries, value.elements]
    return []


class _Machine:
    """The stack that the opcodes work on; `marks` holds the stacks below each MARK."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.marks: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.storages: dict[str, Storage] = {}
        self.budget = Budget()

    def pop(self) -> object:
        if not self.stack:
            raise _muddled()
        return self.stack.pop()

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            raise _muddled()
        items, self.stack = self.stack, self.marks.pop()
        return items

    @property
    def top(self) -> object:
        if not self.stack:
            raise _muddled()
        return self.stack[-1]

    # Values

    def push(self, value: object) -> None:
        self.stack.append(value)

    def push_integer(self, value: int) -> None:
        if value.bit_length() > MAX_INTEGER_BITS:
            raise words.damaged("it holds an integer of absurd length")
        self.stack.append(value)

    def mark(self, _: None) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def discard(self, _: None) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_to_mark()

    def discard_to_mark(self, _: None) -> None:
        self.pop_to_mark()

    def duplicate(self, _: None) -> None:
        self.stack.append(self.top)

    # The memo

    def put(self, index: int) -> None:
        if not 0 <= index < MAX_MEMO:
            raise words.damaged("its pickle numbers an object absurdly")
        self.memo[index] = self.top

    def memoize(self, _: None) -> None:
        self.memo[len(self.memo)] = self.top

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise words.damaged("its pickle refers to an object that it does not hold")
        self.stack.append(self.memo[index])

    # Containers

    def tuple_of(self, count: int) -> None:
        items = [self.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def tuple_from_mark(self, _: None) -> None:
        items = self.pop_to_mark()
        self.stack.append(tuple(items))

    def list_from_mark(self, _: None) -> None:
        items = self.pop_to_mark()
        self.stack.append(items)

    def dict_from_mark(self, _: None) -> None:
        pairs = self.pop_to_mark()
        self.stack.append({})
        self._set_items(pairs)

    def frozen_set_from_mark(self, _: None) -> None:
        items = self.pop_to_mark()
        self.stack.append(frozenset([key_of(item) for item in items]))

    def append(self, _: None) -> None:
        self._extend([self.pop()])

    def appends(self, _: None) -> None:
        self._extend(self.pop_to_mark())

    def _extend(self, items: list[object]) -> None:
        target = self.top
        if isinstance(target, Record):
            target = target.listed()
        if not isinstance(target, list):
            raise words.damaged("it appends to something that is not a list")
        target.extend(items)

    def set_item(self, _: None) -> None:
        value, key = self.pop(), self.pop()
        self._set_items([key, value])

    def set_items(self, _: None) -> None:
        self._set_items(self.pop_to_mark())

    def _set_items(self, pairs: list[object]) -> None:
        target = self.top
        if isinstance(target, Record):
            target = target.keyed()
        if not isinstance(target, dict) or len(pairs) % 2:
            raise words.damaged("it sets items of something that is not a dict")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[key_of(key)] = value

    def add_items(self, _: None) -> None:
        items = self.pop_to_mark()
        target = self.top
        if not isinstance(target, set):
            raise words.damaged("it adds to something that is not a set")
        target.update([key_of(item) for item in items])

    # Names, calls and objects

    def name(self, module_and_name: str) -> None:
        self.stack.append(_split(module_and_name))

    def name_from_stack(self, _: None) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(module, str) or not isinstance(name, str):
            raise words.damaged("it names something by what is not a name")
        self.stack.append(named(module, name))

    def reduce(self, _: None) -> None:
        args, function = self.pop(), self.pop()
        self.stack.append(imitations.call(self.budget, function, args))

    def new_object(self, _: None) -> None:
        args, kind = self.pop(), self.pop()
        self.stack.append(imitations.new_object(self.budget, kind, args))

    def new_object_with_keywords(self, _: None) -> None:
        keywords, args, kind = self.pop(), self.pop(), self.pop()
        self.stack.append(imitations.new_object(self.budget, kind, (args, keywords)))

    def build(self, _: None) -> None:
        """Gives an object its state. Dicts (an OrderedDict's `_metadata`) and tensors keep none."""
        state, target = self.pop(), self.top
        if isinstance(target, Record):
            target.state = state
        elif isinstance(target, Named):
            raise CheckpointError(
                f"The file asks to change {target}, which a model file has no need for; nothing was run.",
                words.ASK_AUTHOR,
            )
        elif not isinstance(target, (dict, list, set, TensorRef)):
            raise words.damaged("it gives a state to something that has none")

    def call_on_mark(self, _: None) -> None:
        """OBJ: a class and its arguments since the mark. Only Python 2 wrote it."""
        items = self.pop_to_mark()
        kind = items[0] if items else None
        raise imitations.refusal(kind) if isinstance(kind, Named) else _muddled()

    def call_named(self, module_and_name: str) -> None:
        """INST: the same, with the class named by the opcode."""
        raise imitations.refusal(_split(module_and_name))

    def persistent(self, _: None) -> None:
        """What torch keeps outside the pickle: storages; in legacy files also classes, with their source code."""
        reference = self.pop()
        if not isinstance(reference, tuple) or len(reference) < 4 or reference[0] not in ("storage", "module"):
            raise words.damaged("its pickle refers to something outside that is not a storage")
        if reference[0] == "module":
            self.stack.append(reference[1])
            return
        storage = storage_of(reference)
        if self.storages.setdefault(storage.key, storage).nbytes_stored != storage.nbytes_stored:
            raise words.damaged("it gives two sizes for one storage")
        self.stack.append(storage)

    def protocol(self, number: int) -> None:
        if number > NEWEST_PROTOCOL:
            raise words.damaged(f"its pickle says that it is of protocol {number}, which does not exist")

    def nothing(self, _: object) -> None:
        pass


def _split(module_and_name: str) -> Named:
    module, _, name = module_and_name.partition(" ")
    return named(module, name)


def _muddled() -> CheckpointError:
    return words.damaged("its pickle takes more from its stack than lies on it")


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"), _Machine.push_integer),
    **dict.fromkeys(("FLOAT", "BINFLOAT", "NONE"), _Machine.push),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"), _Machine.push),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "TUPLE": _Machine.tuple_from_mark,
    "LIST": _Machine.list_from_mark,
    "DICT": _Machine.dict_from_mark,
    "FROZENSET": _Machine.frozen_set_from_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "ADDITEMS": _Machine.add_items,
    "MARK": _Machine.mark,
    "POP": _Machine.discard,
    "POP_MARK": _Machine.discard_to_mark,
    "DUP": _Machine.duplicate,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_from_stack,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.new_object,
    "NEWOBJ_EX": _Machine.new_object_with_keywords,
    "BUILD": _Machine.build,
    "OBJ": _Machine.call_on_mark,
    "INST": _Machine.call_named,
    "BINPERSID": _Machine.persistent,
    "PROTO": _Machine.protocol,
    "FRAME": _Machine.nothing,
}
"""Left out, and so refused: EXT1, EXT2, EXT4 (a registry of the reader's own), PERSID and out-of-band buffers."""
