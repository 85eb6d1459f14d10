"""A little machine for pickles: it builds what a pickle describes, out of inert records, and never runs anything.

`pickletools` (standard library) splits the pickle into opcodes; we interpret those that good files use. Python's own
machine imports what a pickle names and calls it, so that a pickle is a program; ours looks each name up in a table of
imitations (`stand_ins`) and refuses the rest. Pickles are small, since tensors' numbers lie outside them, and are
refused when they are not.

Nothing here recurses, so that nesting costs no stack; afterwards the result is refused if it is nested too deeply.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from rwkv_backend.checkpoints import words
from rwkv_backend.checkpoints.stand_ins import Budget, Named, Record, Storage, TensorRef, call, key_of
from rwkv_backend.checkpoints.stand_ins import new_object as make_object
from rwkv_backend.errors import CheckpointError

MAX_BYTES = 16 * 2**20
MAX_OPCODES = 1_000_000
MAX_DEPTH = 64
MAX_INTEGER_BITS = 512
MAX_MEMO = 2**32
NEWEST_PROTOCOL = 5


class CutOff(CheckpointError):
    """The pickle goes on beyond the end of what there is."""


class Source:
    """Bytes [start, end) of a file, as `pickletools` wants them: no read passes the end, whatever length is asked."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        self._file = file
        self.position = start
        self.too_long = end - start > MAX_BYTES
        self._end = start + MAX_BYTES if self.too_long else end
        self.ran_out = False

    def read(self, count: int) -> bytes:
        data = self._file.read(min(count, self._end - self.position))
        self.position += len(data)
        self.ran_out = self.ran_out or len(data) < count
        return data

    def readline(self) -> bytes:
        data = self._file.readline(self._end - self.position)
        self.position += len(data)
        self.ran_out = self.ran_out or not data.endswith(b"\n")
        return data

    def tell(self) -> int:
        return self.position


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
        for opcode, argument, _ in pickletools.genops(source):  # type: ignore[arg-type]  # it needs no whole file
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
            raise _STACK
        return self.stack.pop()

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            raise _STACK
        items, self.stack = self.stack, self.marks.pop()
        return items

    @property
    def top(self) -> object:
        if not self.stack:
            raise _STACK
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
            target.elements = target = target.elements or []
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
            target.entries = target = target.entries or {}
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
        module, _, name = module_and_name.partition(" ")
        self.stack.append(Named(module, name))

    def name_from_stack(self, _: None) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(module, str) or not isinstance(name, str):
            raise words.damaged("it names something by what is not a name")
        self.stack.append(Named(module, name))

    def reduce(self, _: None) -> None:
        args, function = self.pop(), self.pop()
        self.stack.append(call(self.budget, function, args))

    def new_object(self, _: None) -> None:
        args, kind = self.pop(), self.pop()
        self.stack.append(make_object(self.budget, kind, args))

    def new_object_with_keywords(self, _: None) -> None:
        keywords, args, kind = self.pop(), self.pop(), self.pop()
        made = make_object(self.budget, kind, args)
        if isinstance(made, Record):
            made.args = (*made.args, keywords)
        self.stack.append(made)

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
        """OBJ: a class and its arguments since the mark."""
        items = self.pop_to_mark()
        raise _call_refusal(items[0] if items else None)

    def call_named(self, module_and_name: str) -> None:
        """INST: a class named by the opcode."""
        module, _, name = module_and_name.partition(" ")
        raise _call_refusal(Named(module, name))

    def persistent(self, _: None) -> None:
        """What torch keeps outside the pickle: storages; in legacy files also classes, with their source code."""
        reference = self.pop()
        tag = reference[0] if isinstance(reference, tuple) and reference else None
        if tag == "storage" and isinstance(reference, tuple):
            storage = storage_of(reference)
            self.storages.setdefault(storage.key, storage)
            self.stack.append(storage)
        elif tag == "module" and isinstance(reference, tuple) and isinstance(reference[1:2], tuple):
            self.stack.append(reference[1] if len(reference) > 1 else None)
        else:
            raise words.damaged("it refers to something outside that is not a storage")

    def protocol(self, number: int) -> None:
        if number > NEWEST_PROTOCOL:
            raise words.damaged(f"its pickle says that it is of protocol {number}, which does not exist")

    def nothing(self, _: object) -> None:
        pass
