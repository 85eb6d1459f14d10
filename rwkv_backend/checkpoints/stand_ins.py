"""What a pickle describes, as inert records; and harmless imitations of the few functions that good checkpoints call.

Nothing here imports or calls anything that a file names. A name becomes a `Named`, an object of any class a `Record`, a
torch storage a `Storage` and a tensor a `TensorRef`. `CALLS` lists the functions that are imitated; every other
function is refused by the machine in `pickles`.

A tensor is checked when it is described, before anything is allocated: the elements that it can reach lie inside its
storage, and it is not larger than it. That the storage lies inside the file is for its container to check (`pth`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from rwkv_backend.checkpoints import words
from rwkv_backend.errors import CheckpointError
from rwkv_backend.records import DTYPE_BYTES

MAX_AXES = 16
MAX_SIZE = 2**47
"""Elements along one axis; far beyond any disk, small enough that nothing computed from it grows out of hand."""
MAX_COPIED_BYTES = 16 * 2**20
CONTAINER_SLOT_BYTES = 64
"""About what one entry of a container costs; a set's more than a list's."""


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
        return f"{module}.{self.name}"


_ALIASES = {"__builtin__": "builtins", "copy_reg": "copyreg", "pathlib._local": "pathlib"}


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


class Unfit(Exception):
    """Arguments that the imitated function would not have taken. The machine makes a sentence of it."""


class Budget:
    """Bounds what imitated calls may copy: a file could ask a million times for a copy of the same long list."""

    def __init__(self) -> None:
        self._left = MAX_COPIED_BYTES

    def spend(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left < 0:
            raise CheckpointError("The file asks for more copies of its contents than a model needs.", words.ASK_AUTHOR)


Args = tuple[object, ...]
Call = Callable[[Budget, Args], object]


# Plain containers


def key_of(value: object) -> object:
    """`value`, if it may be a dict's key or a set's member.

    Tuples only of plain values, since the hash of tuples shared within tuples takes exponential time; integers only of
    64 bits, since longer ones can be made to share one hash value.
    """
    if type(value) is tuple:
        for part in value:
            _plain(part)
        return value
    return _plain(value)


def _plain(value: object) -> object:
    if type(value) not in (str, int, float, bool, bytes, type(None)) or (type(value) is int and abs(value) >= 2**63):
        raise words.damaged(f"a {_kind(value)} is used as a key")
    return value


def _kind(value: object) -> str:
    return str(value.kind) if isinstance(value, Record) else type(value).__name__


def _items(budget: Budget, args: Args) -> list[object]:
    if not args:
        return []
    (given,) = args
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise Unfit
    budget.spend(len(given) * CONTAINER_SLOT_BYTES)
    return list(given)


def _mapping(budget: Budget, args: Args) -> dict[object, object]:
    if args and isinstance(args[0], dict) and len(args) == 1:
        budget.spend(len(args[0]) * CONTAINER_SLOT_BYTES)
        return dict(args[0])
    made: dict[object, object] = {}
    for pair in _items(budget, args):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise Unfit
        made[key_of(pair[0])] = pair[1]
    return made


def _default_dict(budget: Budget, args: Args) -> dict[object, object]:
    return _mapping(budget, args[1:])


def _set(budget: Budget, args: Args) -> set[object]:
    return {key_of(item) for item in _items(budget, args)}


def _tuple(budget: Budget, args: Args) -> tuple[object, ...]:
    return tuple(_items(budget, args))


def _complex(_budget: Budget, args: Args) -> complex:
    real, imaginary = args
    if isinstance(real, (int, float)) and isinstance(imaginary, (int, float)):
        return complex(real, imaginary)
    raise Unfit


def _encode(budget: Budget, args: Args) -> bytes:
    """`_codecs.encode(text, encoding)`: how protocol 2 writes bytes."""
    text, encoding = args if len(args) == 2 else (*args, "utf-8")
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "iso-8859-1", "ascii", "utf-8"):
        raise Unfit
    budget.spend(len(text))
    return text.encode(str(encoding))


def _byte_array(budget: Budget, args: Args) -> bytes:
    if not args:
        return b""
    if isinstance(args[0], bytes) and len(args) == 1:
        return args[0]
    return _encode(budget, args)


# Objects


def new_object(budget: Budget, kind: object, args: object) -> object:
    """An object of a class, without making one. Classes of Python's own library must be listed in CALLS."""
    if not isinstance(kind, Named) or not isinstance(args, tuple):
        raise words.damaged("it describes an object of no class")
    if kind.known_as in CALLS:
        return call(budget, kind, args)
    if kind.module.partition(".")[0] in _PYTHONS_OWN:
        raise refusal(kind)
    return Record(kind, args)


_PYTHONS_OWN = sys.stdlib_module_names | {"__builtin__", "commands", "copy_reg", "distutils", "imp", "pip", "setuptools"}


def _new_object(budget: Budget, args: Args) -> object:
    return new_object(budget, args[0], args[1:])


def _new_object_with_keywords(budget: Budget, args: Args) -> object:
    kind, positional, keywords = args
    return new_object(budget, kind, (*_items(budget, (positional,)), keywords))


def _reconstruct(budget: Budget, args: Args) -> object:
    """`copyreg._reconstructor(class, base, state)`: how protocols 0 and 1 write objects; state is a base's value."""
    kind, _base, state = args
    made = new_object(budget, kind, ())
    if isinstance(made, Record):
        if isinstance(state, dict):
            made.entries = _mapping(budget, (state,))
        elif isinstance(state, (list, tuple)):
            made.elements = _items(budget, (state,))
    return made


def _inert(kind: str) -> Call:
    module, _, name = kind.rpartition(".")
    named = Named(module, name)
    return lambda _budget, args: Record(named, args)


# Tensors

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
        raise CheckpointError(f"The file holds numbers of a kind that this program does not read: {words.shown(kind)}.")
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
        raise words.damaged(f"{what} is {words.shown(value)}")
    return value


def _tensor(_budget: Budget, args: Args) -> TensorRef:
    """`_rebuild_tensor(storage, offset, size, stride)`, and v2, whose further arguments matter only to training."""
    storage, offset, shape, strides = args[:4]
    if len(args) > 6 and args[6]:
        raise CheckpointError("The file holds a tensor whose numbers are stored negated or conjugated.")
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise Unfit
    if len(shape) != len(strides) or len(shape) > MAX_AXES:
        raise words.damaged(f"a tensor has {len(shape)} sizes and {len(strides)} strides")
    shape = tuple([_count(size, "a tensor's size") for size in shape])
    strides = tuple([_count(stride, "a tensor's stride") for stride in strides])
    offset = _count(offset, "a tensor's offset")
    _check_reach(storage, offset, shape, strides)
    return TensorRef(storage, storage.first + offset, shape, strides)


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


def _parameter(_budget: Budget, args: Args) -> TensorRef:
    if args and isinstance(args[0], TensorRef):
        return args[0]
    raise Unfit


def _tensor_of_a_subclass(budget: Budget, args: Args) -> object:
    """`_rebuild_from_type_v2(function, class, arguments, state)`."""
    function, _kind_of_tensor, inner, _state = args
    if not isinstance(function, Named) or function.known_as not in _REBUILDERS or not isinstance(inner, tuple):
        raise Unfit
    return _REBUILDERS[function.known_as](budget, inner)


_REBUILDERS: dict[str, Call] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
}

_INERT = (
    "argparse.Namespace", "types.SimpleNamespace", "builtins.object", "builtins.slice", "builtins.range",
    "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
    "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath",
    "pathlib.WindowsPath", "torch.device", "numpy.dtype", "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct", "numpy.core.numeric._frombuffer",
)  # fmt: skip

CALLS: dict[str, Call] = {
    **{name: _inert(name) for name in _INERT},
    **_REBUILDERS,
    "torch._tensor._rebuild_from_type_v2": _tensor_of_a_subclass,
    "torch.Size": _tuple,
    "collections.OrderedDict": _mapping,
    "collections.Counter": _mapping,
    "collections.defaultdict": _default_dict,
    "collections.deque": lambda budget, args: _items(budget, args[:1]),
    "builtins.dict": _mapping,
    "builtins.list": _items,
    "builtins.tuple": _tuple,
    "builtins.set": _set,
    "builtins.frozenset": lambda budget, args: frozenset(_set(budget, args)),
    "builtins.bytearray": _byte_array,
    "builtins.bytes": _byte_array,
    "builtins.complex": _complex,
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstruct,
    "copyreg.__newobj__": _new_object,
    "copyreg.__newobj_ex__": _new_object_with_keywords,
}
"""What a file may ask to call: everything here is imitated, nothing is called."""


def call(budget: Budget, function: object, args: object) -> object:
    """What the function would have returned, if it is one that we imitate; else a refusal."""
    if not isinstance(function, Named):
        raise CheckpointError("The file asks to call something that it made itself; nothing was run.", words.ASK_AUTHOR)
    if function.known_as not in CALLS:
        raise refusal(function)
    if not isinstance(args, tuple):
        raise words.damaged(f"it calls {function} without arguments")
    try:
        return CALLS[function.known_as](budget, args)
    except (Unfit, ValueError, IndexError) as error:
        raise words.damaged(f"it calls {function} with unfit arguments") from error


def refusal(function: Named) -> CheckpointError:
    """Of a call that we do not imitate: a part of torch or numpy that we do not know, or something worse."""
    if function.module.partition(".")[0] in ("torch", "numpy"):
        return CheckpointError(
            f"The file needs {function}, which this program does not know; nothing was run.",
            "Save the plain weights (a state_dict) and open that.",
        )
    return CheckpointError(
        f"The file asks to call {function}, which a model file has no need for; nothing was run.", words.ASK_AUTHOR
    )
