"""Where in a file the weights are: trainers wrap them in dicts, save whole modules, and put prefixes before names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rwkv_backend.checkpoints import words
from rwkv_backend.checkpoints.checkpoint import Checkpoint
from rwkv_backend.checkpoints.stand_ins import Record, TensorRef
from rwkv_backend.errors import CheckpointError

WRAPPERS = ("state_dict", "model_state_dict", "module", "model", "params", "weights")
"""Keys under which trainers put the weights: Lightning, plain loops, DeepSpeed, and others."""
MAX_WRAPPERS = 4

PREFIXES = ("_forward_module.", "module.", "_orig_mod.", "model.")
"""What DeepSpeed, DataParallel, torch.compile and wrapping modules put before every name."""

CONVERTED = ("_strategy", "_version", "_rescale_layer")
"""Marks of the rwkv package's converted files."""

MODULE_PARTS = ("_parameters", "_buffers", "_modules")
"""The dicts in which torch's modules keep their tensors and the modules within them."""

MAX_PARTS = 100_000
MAX_NAME = 512


@dataclass(frozen=True)
class Found:
    """The weights found in an unpickled object."""

    tensors: dict[str, TensorRef]
    notes: tuple[str, ...]
    config: dict[str, object]


def find_tensors(root: object) -> Found:
    """The weights in what a pickle describes. Raises CheckpointError, saying what there is, if there are none."""
    value, keys, notes = root, list[str](), list[str]()
    while len(keys) < MAX_WRAPPERS and (key := _wrapper_key(value)) is not None:
        value = _entries(value)[key]
        keys.append(key)
    if keys:
        path = " in ".join(f"'{key}'" for key in reversed(keys))
        notes.append(f"The weights were found under {path}; the rest of the file was left alone.")
    if isinstance(value, Record) and _is_module(value):
        notes.append(f"The file holds a whole model ({value.kind}); its weights were collected, its code was not run.")
        return Found(_of_module(value), tuple(notes), _config(value))
    tensors = {name: item for name, item in _entries(value).items() if isinstance(item, TensorRef)}
    named = {name: tensor for name, tensor in tensors.items() if isinstance(name, str)}
    if not named:
        raise CheckpointError(f"The file holds no weights: {_what_it_is(value)}.")
    left_out = [str(name) for name in _entries(value) if name not in named]
    if left_out:
        notes.append(f"Entries that are not tensors were left out: {words.listed(left_out)}.")
    return Found(named, tuple(notes), {})


def _entries(value: object) -> dict[object, object]:
    """A dict's entries, or those of an object of a kind of dict."""
    if isinstance(value, Record):
        return value.entries or {}
    return value if isinstance(value, dict) else {}


def _wrapper_key(value: object) -> str | None:
    """The key under which this dict holds the weights; None if it holds them itself, or is none."""
    entries = _entries(value)
    _refuse_converted(entries)
    return next((key for key in WRAPPERS if key in entries and _holds_tensors(entries[key], set())), None)


def _holds_tensors(value: object, seen: set[int]) -> bool:
    if id(value) in seen:
        return False
    seen.add(id(value))
    if isinstance(value, Record) and _is_module(value):
        return True
    entries = _entries(value)
    if any(isinstance(item, TensorRef) for item in entries.values()):
        return True
    return any(_holds_tensors(entries[key], seen) for key in WRAPPERS if key in entries)


def _refuse_converted(entries: Mapping[object, object]) -> None:
    if not any(mark in entries for mark in CONVERTED):
        return
    strategy = entries.get("_strategy")
    named = f" ('{words.shown(strategy)}')" if isinstance(strategy, str) else ""
    raise CheckpointError(
        f"The file was converted by the rwkv package for one strategy{named}, which changed its weights.",
        "Use the original file.",
    )


def _what_it_is(value: object) -> str:
    if isinstance(value, Record) and not value.entries:
        return f"it is an object of {value.kind}"
    if isinstance(value, TensorRef):
        return "it is a single tensor without a name"
    if isinstance(value, (list, tuple)):
        return "it is a list, and weights need names"
    if not _entries(value):
        return "it is empty" if isinstance(value, dict) else "it is not a table of tensors"
    return f"it is a table of {words.listed([str(key) for key in _entries(value)])}"


# Whole modules


def _is_module(record: Record) -> bool:
    attributes = record.attributes
    return all(isinstance(attributes.get(part), dict) for part in MODULE_PARTS)


def _of_module(root: Record) -> dict[str, TensorRef]:
    """What the module's `state_dict()` would give: parameters and lasting buffers of it and of all modules in it."""
    tensors: dict[str, TensorRef] = {}
    for prefix, module in _modules(root):
        for own_name, value in _own_tensors(module):
            name = prefix + own_name
            if name in tensors or len(name) > MAX_NAME:
                raise words.damaged(f"two tensors are named '{words.shown(name)}', or its name is endless")
            tensors[name] = value
    if not tensors:
        raise CheckpointError(f"The file holds no weights: it is an empty {root.kind}.")
    return tensors


def _modules(root: Record) -> Iterator[tuple[str, Record]]:
    """Every module with its dotted prefix, parents before children, in order. One that holds itself is not entered.

    Modules may be shared, so that a small file could describe endless trees: the parts met on the way are counted.
    """
    waiting: list[tuple[str, Record, frozenset[int]]] = [("", root, frozenset())]
    met = 0
    while waiting:
        prefix, module, above = waiting.pop()
        met += 1 + sum(len(_part(module, part)) for part in MODULE_PARTS)
        if met > MAX_PARTS or len(prefix) > MAX_NAME:
            raise words.damaged("its modules hold each other over and over")
        yield prefix, module
        above = above | {id(module)}
        children = [
            (f"{prefix}{name}.", child, above)
            for name, child in _part(module, "_modules").items()
            if isinstance(child, Record) and _is_module(child) and id(child) not in above
        ]
        waiting.extend(reversed(children))


def _own_tensors(module: Record) -> Iterator[tuple[str, TensorRef]]:
    fleeting = module.attributes.get("_non_persistent_buffers_set")
    fleeting = fleeting if isinstance(fleeting, (set, frozenset)) else frozenset()
    for name, value in _part(module, "_parameters").items():
        if isinstance(value, TensorRef):
            yield str(name), value
    for name, value in _part(module, "_buffers").items():
        if isinstance(value, TensorRef) and name not in fleeting:
            yield str(name), value


def _part(module: Record, name: str) -> dict[object, object]:
    part = module.attributes[name]
    return part if isinstance(part, dict) else {}


def _config(module: Record) -> dict[str, object]:
    config = module.attributes.get("config")
    return plain_values(config.attributes if isinstance(config, Record) else config)


def plain_values(table: object) -> dict[str, object]:
    """The entries that are plain numbers, texts, truths or None, under names that can be shown."""
    if not isinstance(table, dict):
        return {}
    return {
        key: words.shown(value, 1000) if isinstance(value, str) else value
        for key, value in table.items()
        if isinstance(key, str) and key.isprintable() and isinstance(value, (bool, int, float, str, type(None)))
    }


# Names


def without_prefixes(checkpoint: Checkpoint) -> Checkpoint:
    """The same with the trainers' prefixes taken off, where every name has them. Refuses names that no model has."""
    for name in checkpoint.tensors:
        if not name.isprintable() or not 0 < len(name) <= MAX_NAME:
            raise words.damaged(f"a tensor is named '{words.shown(name)}'")
    length = _prefix_length(list(checkpoint.tensors))
    if length == 0:
        return checkpoint
    prefix = next(iter(checkpoint.tensors))[:length]
    tensors = {name[length:]: replace(item, name=name[length:]) for name, item in checkpoint.tensors.items()}
    note = f"The prefix '{prefix}' was taken off every name."
    return replace(checkpoint, tensors=tensors, notes=(*checkpoint.notes, note))


def _prefix_length(names: list[str]) -> int:
    length = 0
    while prefix := next((p for p in PREFIXES if all(_goes_on(name, p, length) for name in names)), None):
        length += len(prefix)
    return length


def _goes_on(name: str, prefix: str, length: int) -> bool:
    return name.startswith(prefix, length) and len(name) > length + len(prefix)
