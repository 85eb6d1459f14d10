"""Harmless imitations of the few functions that good checkpoints ask for; every other function is refused.

`CALLS` lists them all. An imitation builds what the function would have returned out of plain values and the inert
records of `stand_ins`; nothing that a file names is ever called. What imitations copy is bounded by a `Budget`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from rwkv_backend.checkpoints import words
from rwkv_backend.checkpoints.stand_ins import Named, Record, Storage, TensorRef, kind_of, tensor_of
from rwkv_backend.errors import CheckpointError

MAX_COPIED_BYTES = 16 * 2**20
CONTAINER_SLOT_BYTES = 64
"""About what one entry of a container costs; a set's more than a list's."""
MAX_KEY_PARTS = 16


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

    Tuples only short and of plain values, since hashing tuples shared within tuples takes exponential time; integers
    only of 64 bits, since longer ones can be made to share one hash value.
    """
    if type(value) is tuple and len(value) <= MAX_KEY_PARTS:
        for part in value:
            _plain(part)
        return value
    return _plain(value)


def _plain(value: object) -> object:
    if type(value) not in (str, int, float, bool, bytes, type(None)) or (type(value) is int and abs(value) >= 2**63):
        raise words.damaged(f"a {kind_of(value)} is used as a key")
    return value


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
    """An object of a class, without making one. Classes of Python's own library must be listed in _CLASSES."""
    if not isinstance(kind, Named) or not isinstance(args, tuple):
        raise words.damaged("it describes an object of no class")
    if kind.known_as in _CLASSES:
        return call(budget, kind, args)
    if kind.module.partition(".")[0] in _PYTHONS_OWN:
        raise refusal(kind)
    return Record(kind, args)


_GONE = frozenset({"__builtin__", "commands", "copy_reg", "distutils", "imp", "pip", "setuptools"})
_PYTHONS_OWN = sys.stdlib_module_names | _GONE


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


def _tensor(_budget: Budget, args: Args) -> TensorRef:
    """`_rebuild_tensor(storage, offset, size, stride)`, and v2, whose further arguments matter only to training."""
    storage, offset, shape, strides = args[:4]
    if len(args) > 6 and args[6]:
        raise CheckpointError("The file holds a tensor whose numbers are stored negated or conjugated.")
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise Unfit
    return tensor_of(storage, offset, shape, strides)


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

_CLASSES: dict[str, Call] = {
    **{name: _inert(name) for name in _INERT},
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
}

CALLS: dict[str, Call] = {
    **_CLASSES,
    **_REBUILDERS,
    "torch._tensor._rebuild_from_type_v2": _tensor_of_a_subclass,
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstruct,
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
