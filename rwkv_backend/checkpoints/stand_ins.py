"""What a pickle describes, as inert records.

A name becomes a `Named`, an object of any class a `Record`, a torch storage a `Storage` and a tensor a `TensorRef`.
Nothing that a file names is imported, looked up or called.

Storages and tensors are checked when they are described, before anything is allocated: the elements that a tensor can
reach lie inside its storage, and it is not larger than it. That the storage lies inside the file is for its container
to check (`pth`).
"""

from __future__ import annotations

from dataclasses import dataclass

from rwkv_backend.checkpoints import words
from rwkv_backend.errors import CheckpointError
from rwkv_backend.records import DTYPE_BYTES

MAX_AXES = 16
MAX_SIZE = 2**47
"""Elements along one axis; far beyond any disk, small enough that nothing computed from it grows out of hand."""

MAX_NAME = 512


@dataclass(frozen=True, slots=True)
class Named:
    """A class or function that the file names."""

    module: str
    name: str

    def __str__(self) -> str:
        return words.shown(f"{self.module}.{self.name}")

    @property
    def known_as(self) -> str:
        """The full name under which tables here list it, whichever Python or numpy wrote the file."""
        module = _ALIASES.get(self.module, self.module).replace("numpy._core.", "numpy.core.")
        name = "range" if self.name == "xrange" else self.name
        return f"{module}.{name}"


_ALIASES = {"__builtin__": "builtins", "copy_reg": "copyreg", "pathlib._local": "pathlib"}
"""Protocol 2 writes Python 2's names, Python 3.13 a module of its own for paths."""


def named(module: str, name: str) -> Named:
    """A name that the file gives, unless it is so long that handling it over and over would take forever."""
    if len(module) + len(name) > MAX_NAME:
        raise words.damaged(f"it names {words.shown(module)}, which goes on and on")
    return Named(module, name)


@dataclass(eq=False, slots=True)
class Record:
    """An object of any class: what it was made from, its state, and its entries if it is a kind of dict or list."""

    kind: Named
    args: tuple[object, ...] = ()
    state: object = None
    entries: dict[object, object] | None = None
    elements: list[object] | None = None

    @property
    def attributes(self) -> dict[object, object]:
        """The object's `__dict__`, as far as the state is an ordinary one."""
        state = self.state[0] if isinstance(self.state, tuple) and self.state else self.state
        return state if isinstance(state, dict) else {}

    def keyed(self) -> dict[object, object]:
        """Its entries, as a kind of dict; most objects never get any."""
        self.entries = {} if self.entries is None else self.entries
        return self.entries

    def listed(self) -> list[object]:
        """Its elements, as a kind of list."""
        self.elements = [] if self.elements is None else self.elements
        return self.elements


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of numbers in the container. A view (only in very old files) is the part [first, first + numel) of it."""

    key: str
    dtype: str
    numel_stored: int
    first: int
    numel: int

    @property
    def nbytes_stored(self) -> int:
        return self.numel_stored * DTYPE_BYTES[self.dtype]


@dataclass(frozen=True, eq=False, slots=True)
class TensorRef:
    """A tensor: where in which storage. offset and strides count elements; offset counts from the stored start."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def kind_of(value: object) -> str:
    """What a value is, in a word or two; never the value itself, which may be endless."""
    if isinstance(value, Named):
        return str(value)
    return str(value.kind) if isinstance(value, Record) else type(value).__name__


STORAGE_DTYPES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip


def storage_of(reference: tuple[object, ...]) -> Storage:
    """The storage that ('storage', type, key, location, numel[, view]) names. The location does not matter to us."""
    if len(reference) not in (5, 6):
        raise words.damaged("it describes a storage in a way that torch never did")
    _, kind, key, _location, numel = reference[:5]
    dtype = STORAGE_DTYPES.get(kind.name) if isinstance(kind, Named) else None
    if not isinstance(kind, Named) or dtype is None or kind.module not in ("torch", "torch.cuda"):
        raise CheckpointError(f"The file holds numbers of a kind that this program does not read: {kind_of(kind)}.")
    if not isinstance(key, str):
        raise words.damaged("a storage has no key")
    stored = _count(numel, "a storage's size")
    first, length = _view(reference[5] if len(reference) == 6 else None, stored)
    return Storage(key, dtype, stored, first, length)


def _view(view: object, stored: int) -> tuple[int, int]:
    if view is None:
        return 0, stored
    if not isinstance(view, tuple) or len(view) != 3:
        raise words.damaged("a storage's view is not one")
    first, length = _count(view[1], "a view's offset"), _count(view[2], "a view's size")
    if first + length > stored:
        raise words.damaged("a view reaches beyond its storage")
    return first, length


def _count(value: object, what: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_SIZE:
        raise words.damaged(f"{what} is {value if isinstance(value, int) else 'not a number'}")
    return value


def tensor_of(storage: Storage, offset: object, shape: tuple[object, ...], strides: tuple[object, ...]) -> TensorRef:
    """The tensor that lies in the storage in this way, once it is certain that it can."""
    if len(shape) != len(strides) or len(shape) > MAX_AXES:
        raise words.damaged(f"a tensor has {len(shape)} sizes and {len(strides)} strides")
    sizes = tuple([_count(size, "a tensor's size") for size in shape])
    steps = tuple([_count(stride, "a tensor's stride") for stride in strides])
    first = _count(offset, "a tensor's offset")
    _check_reach(storage, first, sizes, steps)
    return TensorRef(storage, storage.first + first, sizes, steps)


def _check_reach(storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    numel, last = 1, offset
    for size, stride in zip(shape, strides, strict=True):
        numel *= size
        last += (size - 1) * stride
    if numel == 0:
        return
    if last >= storage.numel:
        raise words.damaged(f"a tensor reaches to number {last + 1:,} of a storage of {storage.numel:,}")
    if numel > storage.numel:
        raise words.damaged(f"a tensor of {numel:,} numbers is spread over a storage of {storage.numel:,}")
