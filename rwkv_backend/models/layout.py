"""What a version's file must hold: every tensor's name, shape and use, known before a single weight is read.

A version's `layout()` declares its tensors here one by one; `Layout.check()` then compares them with the file. A tensor
that is missing, has another shape or that no declared formula uses is an error that names it: running a model while
ignoring a part of it gives fluent, wrong text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rwkv_backend.errors import LayoutError
from rwkv_backend.records import Shapes

Use = Literal["linear", "norm", "vector", "table", "embedding"]

BUFFERS = ("copy_mask", "tiny_mask", "att_mask", "attn.mask", "time_mask")
"""Lower-triangular ones that the trainers saved along; their values say nothing."""


@dataclass(frozen=True)
class Recognition:
    """The version that names and shapes show, and what in them shows it."""

    version: str
    variant: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One piece of a model: `path` is where the model finds it, `tensors` what the file calls it.

    sparse      of a matrix: most of what it multiplies is zero
    """

    path: str
    use: Use
    tensors: tuple[str, ...]
    shape: tuple[int, ...]
    sparse: bool = False


@dataclass(frozen=True)
class Sizes:
    """A model's dimensions. None where a version has no such thing."""

    n_layer: int
    n_embd: int
    vocab_size: int
    n_att: int
    n_ffn: int
    n_head: int | None = None
    head_size: int | None = None
    ctx_len: int | None = None
    max_tokens: int | None = None


def is_buffer(name: str) -> bool:
    return any(name == buffer or name.endswith(f".{buffer}") for buffer in BUFFERS)


class Glance:
    """A first look at a file's names: all blocks' tensors under one name each, since block 0 may differ from the rest.

    `glance["att.time_decay"]` is the shape in the first block that has it; KeyError if none has. Full names are known too.
    """

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self._parts: dict[str, tuple[int, ...]] = {}
        for name in sorted(shapes, key=_block_number):
            self._parts.setdefault(_without_block(name), shapes[name])

    def __contains__(self, name: str) -> bool:
        return name in self._parts or name in self.shapes

    def __getitem__(self, name: str) -> tuple[int, ...]:
        return self._parts[name]

    def has(self, *names: str) -> bool:
        return all(name in self for name in names)

    def any(self, *names: str) -> bool:
        return any(name in self for name in names)

    def stem(self, start: str) -> bool:
        """Whether any name begins with `start`."""
        return any(name.startswith(start) for name in self._parts)


def _without_block(name: str) -> str:
    return name.split(".", 2)[2] if _block_number(name) >= 0 else name


def _block_number(name: str) -> int:
    """n of "blocks.n.…"; −1 for a name outside the blocks."""
    parts = name.split(".", 2)
    return int(parts[1]) if len(parts) == 3 and parts[0] == "blocks" and _is_number(parts[1]) else -1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


class Layout:
    """Collects a version's parts and holds them against the file's shapes."""

    def __init__(self, version: str, shapes: Shapes) -> None:
        self.version = version
        self.shapes = shapes
        self.parts: list[Part] = []
        self._known: set[str] = set()
        self._in_blocks = {_without_block(name) for name in shapes}

    # What the file shows about the model's size

    def size(self, name: str, axis: int) -> int:
        """A dimension that the model takes from tensor `name`."""
        shape = self.shapes.get(name)
        if shape is None:
            raise self._missing(name)
        found = dict(enumerate(shape)).get(axis, 0)
        if found < 1:
            raise LayoutError(f"{name} has shape {_text(shape)}, which no RWKV-{self.version} model has.", _DAMAGED)
        return found

    def block_count(self) -> int:
        """How many blocks there are; their numbers must run 0, 1, 2 ... without a gap."""
        numbers = {int(n) for n in self._block_numbers() if len(n) < 6}
        if not numbers:
            raise self._missing("blocks.0.ln1.weight")
        for expected in range(len(numbers)):
            if expected not in numbers:
                raise LayoutError(f"Block {expected} is missing, though block {max(numbers)} is there.", _DAMAGED)
        return len(numbers)

    def _block_numbers(self) -> Iterator[str]:
        for name in self.shapes:
            head, _, rest = name.partition(".")
            if head == "blocks":
                number = rest.partition(".")[0]
                if number.isdigit():
                    yield number

    # What the model is made of

    def linear(self, path: str, rows: int, columns: int, bias: bool = False, sparse: bool = False) -> None:
        """A matrix stored [out, in] that multiplies activations; the part that may be held in fewer bits.

        sparse      its inputs come out of a ReLU, which leaves most of them zero
        """
        names = [f"{path}.weight"]
        self._expect(names[0], (rows, columns))
        if bias:
            names.append(f"{path}.bias")
            self._expect(names[1], (rows,))
        self.parts.append(Part(path, "linear", tuple(names), (rows, columns), sparse))

    def norm(self, path: str, size: int) -> None:
        """Weight and bias of a layer or group normalisation."""
        for end in ("weight", "bias"):
            self._expect(f"{path}.{end}", (size,))
        self.parts.append(Part(path, "norm", (f"{path}.weight", f"{path}.bias"), (size,)))

    def vector(self, path: str, size: int) -> None:
        """`size` numbers, stored as (C), (1, 1, C) or (C, 1); used flat and always in float32."""
        found = self.shapes.get(path)
        if found is not None and [n for n in found if n != 1] == [size] * (size != 1):
            self._known.add(path)
        else:
            self._expect(path, (size,))
        self.parts.append(Part(path, "vector", (path,), (size,)))

    def table(self, path: str, *shape: int) -> None:
        """A small tensor that is used as stored, always in float32."""
        self._expect(path, shape)
        self.parts.append(Part(path, "table", (path,), shape))

    def embedding(self, path: str, rows: int, columns: int) -> None:
        self._expect(f"{path}.weight", (rows, columns))
        self.parts.append(Part(path, "embedding", (f"{path}.weight",), (rows, columns)))

    def unused(self, name: str) -> None:
        """A tensor that official files hold and that the official code never reads."""
        self._known.add(name)

    def has(self, name: str) -> bool:
        return name in self.shapes

    def first_size(self, name: str, axis: int) -> int:
        """A dimension that all blocks which have `name` share: the first such block's."""
        having = [full for full in self.shapes if _without_block(full) == name]
        return self.size(min(having, key=_block_number), axis)

    def any_block_has(self, name: str) -> bool:
        return name in self._in_blocks

    def check(self) -> None:
        """Raise LayoutError if the file holds a tensor that no declared part uses."""
        extra = [n for n in self.shapes if n not in self._known and not is_buffer(n)]
        if extra:
            raise LayoutError(
                f"This looks like RWKV-{self.version}, but nothing in that version uses {_listed(extra)}.",
                "Running it without would give wrong text, so it is not opened; it may be a variant we do not know.",
            )

    def _expect(self, name: str, shape: tuple[int, ...]) -> None:
        found = self.shapes.get(name)
        if found is None:
            raise self._missing(name)
        if found != shape:
            raise LayoutError(f"{name} has shape {_text(found)}; the rest of the file needs {_text(shape)}.", _DAMAGED)
        self._known.add(name)

    def _missing(self, name: str) -> LayoutError:
        return LayoutError(f"The file looks like RWKV-{self.version}, but {name} is missing.", _DAMAGED)


_DAMAGED = "The file is damaged or was changed by another tool; get it again from its author."


def divide(version: str, whole: int, parts: int, least: int = 1) -> int:
    """Head size from width and number of heads, which must divide it and leave each head `least` channels."""
    if parts < 1 or whole % parts or whole // parts < least:
        raise LayoutError(f"A width of {whole} cannot be split into {parts} heads as RWKV-{version} needs.", _DAMAGED)
    return whole // parts


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more tensors"


def _text(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(str(n) for n in shape) + ")"
