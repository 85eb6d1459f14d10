"""Edits of a state: zero, scale, noise, replace, interpolate; by layer, head and field. Always a new state; undo is to
keep the old one.

Some fields are one memory written in several: naming one of them means all.

    numerator, denominator (and exponent)   a weighted mean and its weight, versions 2 to 4; keys, key_values and
                                            denominator in version 1. Scaling scales the weight: the past counts that many
                                            times as much beside what comes, the mean stays. Version 4 keeps the weight's
                                            logarithm, so this shifts its exponent and can never overflow. Noise goes to
                                            the mean, measured in the mean's own size; interpolating adds the true sums.
    keys and values of 4b's attention, keys and tokens of the copy head

Zero means "as before any token": an empty exponent of version 4, a tuned initial memory of version 6. Fields that hold an
entry a token keep their length and are filled with zeros.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from zlib import crc32

import torch

from rwkv_backend import wkv
from rwkv_backend.analysis.reading import require_layer
from rwkv_backend.analysis.records import Interpolate, Noise, Replace, Scale, StateEdit, Target, Zero
from rwkv_backend.errors import SettingError, StateError
from rwkv_backend.records import StateField
from rwkv_backend.state import State, require_same_shape

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel

Memory = dict[str, "Tensor"]

TOGETHER = (
    ("att.numerator", "att.denominator", "att.max_exponent"),
    ("att.keys", "att.key_values", "att.denominator"),
    ("qkv.keys", "qkv.values"),
    ("copy.keys", "copy.tokens"),
)
"""Fields that are one memory. Which of them a state has depends on the version."""

WEIGHT_OF = {"att.numerator": "att.denominator", "att.key_values": "att.keys"}
"""Fields that hold a mean times its weight."""

WEIGHTS = ("att.denominator", "att.max_exponent", "att.keys")
"""Fields that must stay positive, or that only set a scale: noise leaves them."""

WHOLE = Target()


def apply(model: RWKVModel, state: State, edit: StateEdit, target: Target = WHOLE, other: State | None = None) -> State:
    """A new state with the edit made; `other` is what Replace and Interpolate take from.

    Raises StateError for a state of another model or lengths that do not match, SettingError for a part that is not there.
    """
    _require_own(model, state)
    if isinstance(edit, Replace | Interpolate):
        if other is None:
            raise SettingError("This edit takes from a second state.", "Choose one.")
        _require_own(model, other)
    _require_sensible(edit)
    new, fresh = state.clone(), model.new_state()
    fields = _fields(model, target)
    places = range(model.sizes.n_layer) if target.layers is None else target.layers
    for layer in places:
        require_layer(model, layer)
        theirs = None if other is None else other.layers[layer]
        _edit_part(model, new.layers[layer], fresh.layers[layer], theirs, edit, fields, target.heads, str(layer))
    if target.fields is not None:
        theirs = None if other is None else other.shared
        _edit_part(model, new.shared, fresh.shared, theirs, edit, fields, target.heads, "shared")
    return new


def editable_fields(model: RWKVModel) -> tuple[StateField, ...]:
    """The memories that can be named in a Target, each once: the first field of those that belong together."""
    names = {item.field.name for item in model.field_shapes}
    return tuple(
        item.field for item in model.field_shapes if item.field.name == _whole_memory(item.field.name, names)[0]
    )


def memory_fields(model: RWKVModel) -> tuple[str, ...]:
    """The fields that hold more than the last token: all but the token shifts and the shared part."""
    return tuple(
        item.field.name
        for item in model.field_shapes
        if item.layers is not None and not item.field.name.endswith("last_input")
    )


def head_count(model: RWKVModel, field: StateField) -> int | None:
    """How many heads a field can be cut into; None: it has none."""
    if "head" in field.axes or (
        model.version == "1" and field.name.startswith("att.") and field.name != "att.last_input"
    ):
        return model.sizes.n_head
    return None


def _whole_memory(name: str, present: set[str]) -> tuple[str, ...]:
    """All fields that `name` is one memory with, itself among them."""
    for group in TOGETHER:
        if name in group and all(part in present or part == "att.max_exponent" for part in group):
            return tuple(part for part in group if part in present)
    return (name,)


def _fields(model: RWKVModel, target: Target) -> frozenset[str]:
    """The names that the target means; with heads alone, only fields that have heads."""
    present = {item.field.name for item in model.field_shapes}
    by_head = {item.field.name for item in model.field_shapes if head_count(model, item.field)}
    if target.heads is not None and not by_head:
        raise SettingError(f"Version {model.info.version} has no heads: its memory has one number a channel.")
    if target.fields is None:
        return frozenset(present if target.heads is None else by_head)
    for name in target.fields:
        if name not in present:
            raise SettingError(f"This model's state has no field {name}.")
    return frozenset(part for name in target.fields for part in _whole_memory(name, present))


def _require_own(model: RWKVModel, state: State) -> None:
    if state.model != model.fingerprint:
        raise StateError("This state was made by another model.", "Open the model that made it, or start afresh.")
    require_same_shape(state, model.new_state())


def _require_sensible(edit: StateEdit) -> None:
    numbers = {Scale: ("factor",), Noise: ("sigma",), Interpolate: ("share",)}.get(type(edit), ())
    for name in numbers:
        value = getattr(edit, name)
        if not math.isfinite(value) or value < 0 or (isinstance(edit, Interpolate) and value > 1):
            limits = "from 0 to 1" if isinstance(edit, Interpolate) else "0 or more"
            raise SettingError(f"The edit's {name} must be {limits}, not {value}.")


def _edit_part(
    model: RWKVModel,
    memory: Memory,
    fresh: Memory,
    other: Memory | None,
    edit: StateEdit,
    fields: frozenset[str],
    heads: tuple[int, ...] | None,
    place: str,
) -> None:
    """Edit one layer (or the shared part) in place: all its fields as edited, then only the picked ones are taken over."""
    edited = _edited(memory, fresh, other, edit, place)
    for name in fields & memory.keys():
        field = next(item.field for item in model.field_shapes if item.field.name == name)
        if edited[name].shape != memory[name].shape and heads is not None:
            raise StateError(f"{name} of the two states have different lengths, so heads cannot be exchanged alone.")
        memory[name] = edited[name] if heads is None else _by_heads(model, field, memory[name], edited[name], heads)


def _by_heads(model: RWKVModel, field: StateField, old: Tensor, new: Tensor, heads: tuple[int, ...]) -> Tensor:
    count = head_count(model, field)
    if count is None:
        raise SettingError(f"{field.name} is not divided into heads.")
    for head in heads:
        if not 0 <= head < count:
            raise SettingError(f"There is no head {head}; this model has heads 0 to {count - 1}.")
    picked = torch.zeros(count, dtype=torch.bool, device=old.device)
    picked[list(heads)] = True
    if "head" in field.axes:
        picked = picked.view(-1, *[1] * (old.dim() - 1))
    else:
        picked = picked.repeat_interleave(old.shape[-1] // count)
    return torch.where(picked, new, old)


def _edited(memory: Memory, fresh: Memory, other: Memory | None, edit: StateEdit, place: str) -> Memory:
    """Every field of a part, edited."""
    if isinstance(edit, Zero):
        return {name: _emptied(tensor, fresh[name]) for name, tensor in memory.items()}
    if isinstance(edit, Scale):
        return _scaled(memory, fresh, edit.factor)
    if isinstance(edit, Noise):
        return _noisy(memory, edit, place)
    assert other is not None
    _require_same_lengths(memory, other)
    if isinstance(edit, Replace):
        return {name: tensor.clone() for name, tensor in other.items()}
    return _between(memory, other, edit.share)


def _emptied(tensor: Tensor, fresh: Tensor) -> Tensor:
    return fresh.clone() if fresh.shape == tensor.shape else torch.zeros_like(tensor)


def _scaled(memory: Memory, fresh: Memory, factor: float) -> Memory:
    if factor == 0:
        return {name: torch.zeros_like(t) if name != "att.max_exponent" else fresh[name] for name, t in memory.items()}
    scaled = {name: tensor * factor if tensor.is_floating_point() else tensor for name, tensor in memory.items()}
    if "att.max_exponent" in memory:
        filled = memory["att.max_exponent"] > wkv.NEVER
        shifted = memory["att.max_exponent"] + math.log(factor)
        scaled["att.max_exponent"] = torch.where(filled, shifted, memory["att.max_exponent"])
        scaled["att.numerator"], scaled["att.denominator"] = memory["att.numerator"], memory["att.denominator"]
    return scaled


def _noisy(memory: Memory, edit: Noise, place: str) -> Memory:
    return {
        name: tensor
        if name in WEIGHTS or not tensor.is_floating_point()
        else tensor + _noise(memory, name, edit, place)
        for name, tensor in memory.items()
    }


def _noise(memory: Memory, name: str, edit: Noise, place: str) -> Tensor:
    """Drawn anew for each place and field, so that the same seed means the same noise whatever else is edited."""
    generator = torch.Generator().manual_seed(crc32(f"{edit.seed}/{place}/{name}".encode()))
    draw = torch.randn(memory[name].shape, generator=generator).to(memory[name].device)
    weight = memory.get(WEIGHT_OF.get(name, ""))
    size = _rms(memory[name]) if weight is None else weight * _rms(_mean(memory[name], weight))
    return edit.sigma * size * draw


def _mean(top: Tensor, bottom: Tensor) -> Tensor:
    return torch.where(bottom > 0, top / bottom, 0.0)


def _rms(tensor: Tensor) -> Tensor:
    return tensor.square().mean().sqrt() if tensor.numel() else tensor.new_zeros(())


def _between(memory: Memory, other: Memory, share: float) -> Memory:
    if share in (0.0, 1.0):
        return {name: tensor.clone() for name, tensor in (other if share else memory).items()}
    mixed = {
        name: torch.lerp(tensor, other[name], share) if tensor.is_floating_point() else tensor
        for name, tensor in memory.items()
    }
    if not torch.equal(memory.get("copy.tokens", torch.zeros(0)), other.get("copy.tokens", torch.zeros(0))):
        raise StateError("The copy heads of the two states have read different tokens, so nothing lies between them.")
    if "att.max_exponent" in memory:
        mixed |= _log_sums_between(memory, other, share)
    return mixed


def _log_sums_between(memory: Memory, other: Memory, share: float) -> Memory:
    """The true sums are numerator·e^exponent; they are added relative to the larger of both exponents."""
    ours, theirs = memory["att.max_exponent"] + math.log(1 - share), other["att.max_exponent"] + math.log(share)
    largest = torch.maximum(ours, theirs)
    a, b = torch.exp(ours - largest), torch.exp(theirs - largest)
    sums = {name: a * memory[name] + b * other[name] for name in ("att.numerator", "att.denominator")}
    return {**sums, "att.max_exponent": largest}


def _require_same_lengths(memory: Memory, other: Memory) -> None:
    for name, tensor in memory.items():
        if other[name].shape != tensor.shape:
            raise StateError(
                f"{name} holds {len(tensor):,} entries in one state and {len(other[name]):,} in the other.",
                "Take states that have read equally many tokens.",
            )
