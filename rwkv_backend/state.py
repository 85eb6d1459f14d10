"""The memory of a model: everything it keeps of the text it has read, as named tensors.

`layers[i]["att.numerator"]` is one field of one layer; `shared` holds what belongs to no layer (the copy head's keys).
`fields` tells each field's axes and meaning, and is all that an inspector needs to draw it. A state belongs to the model
that made it: the model's fingerprint travels with it, into files too.

A state is only ever changed by a whole `forward`; if that fails half-way, the state is as before.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from rwkv_backend.errors import StateError
from rwkv_backend.records import StateField
from rwkv_backend.writing import write_whole

GROWING_AXIS = "position"
"""An axis that has one entry for each token read; all other axes have a fixed length."""

FORMAT = "rwkv-playground-state-1"


class State:
    """Named tensors per layer and shared ones, all float32 (token ids: int64)."""

    def __init__(
        self,
        layers: list[dict[str, Tensor]],
        shared: dict[str, Tensor],
        fields: tuple[StateField, ...],
        model: str,
        tokens_seen: int = 0,
    ) -> None:
        self.layers = layers
        self.shared = shared
        self.fields = fields
        self.model = model
        """Fingerprint of the model that this state belongs to."""
        self.tokens_seen = tokens_seen
        self.checked_by: object | None = None
        """The model object that has already compared this state's shapes with its own."""
        self.held: object | None = None
        """What a fast path keeps about this state's own tensors; copies of the state begin without."""

    def field(self, name: str) -> StateField:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def nbytes(self) -> int:
        return sum(t.nbytes for part in (*self.layers, self.shared) for t in part.values())

    def clone(self) -> State:
        """A copy that shares nothing with this state."""
        layers = [{name: t.clone() for name, t in layer.items()} for layer in self.layers]
        return self._like(layers, {name: t.clone() for name, t in self.shared.items()})

    def to(self, device: torch.device | str) -> State:
        """A copy on another device."""
        layers = [{name: t.to(device, copy=True) for name, t in layer.items()} for layer in self.layers]
        return self._like(layers, {name: t.to(device, copy=True) for name, t in self.shared.items()})

    def draft(self) -> State:
        """The same tensors in new dicts: what `forward` writes into before it `adopt`s the result."""
        return self._like([dict(layer) for layer in self.layers], dict(self.shared))

    def adopt(self, draft: State) -> None:
        """Become `draft`, all at once."""
        self.layers, self.shared, self.tokens_seen = draft.layers, draft.shared, draft.tokens_seen

    def _like(self, layers: list[dict[str, Tensor]], shared: dict[str, Tensor]) -> State:
        other = State(layers, shared, self.fields, self.model, self.tokens_seen)
        other.checked_by = self.checked_by
        return other

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a .safetensors file with every field, the axes, the model's fingerprint and the number of tokens read.

        The file appears whole or not at all. Raises StateError if the place cannot be written.
        """
        tensors = {f"layers/{i}/{name}": t for i, layer in enumerate(self.layers) for name, t in layer.items()}
        tensors |= {f"shared/{name}": t for name, t in self.shared.items()}
        about = {
            "format": FORMAT,
            "model": self.model,
            "tokens_seen": str(self.tokens_seen),
            "n_layer": str(len(self.layers)),
            "fields": json.dumps([[f.name, list(f.axes), f.about] for f in self.fields]),
        }
        data = safetensors.torch.save({name: t.cpu().contiguous() for name, t in tensors.items()}, about)
        try:
            write_whole(Path(path), lambda file: file.write(data))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StateError(f"The state cannot be written to {path}: {reason}.") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: torch.device | str = "cpu") -> State:
        """Read what `save` wrote. Whether it fits a model is checked by that model's next `forward`.

        Raises StateError for anything that is not such a file.
        """
        try:
            with safetensors.safe_open(str(path), framework="pt", device=str(device)) as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except (OSError, RuntimeError, safetensors.SafetensorError) as error:
            raise StateError(f"{Path(path).name} cannot be read as a saved state ({error}).") from error
        if about.get("format") != FORMAT:
            raise StateError(f"{Path(path).name} is a .safetensors file, but not a saved state of this program.")
        return cls._from_file(Path(path), tensors, about)

    @classmethod
    def _from_file(cls, path: Path, tensors: dict[str, Tensor], about: dict[str, str]) -> State:
        try:
            fields = tuple(StateField(name, tuple(axes), text) for name, axes, text in json.loads(about["fields"]))
            count, seen, model = int(about["n_layer"]), int(about["tokens_seen"]), about["model"]
            if not 0 <= count <= len(tensors) or seen < 0:
                raise ValueError("impossible counts")
            layers: list[dict[str, Tensor]] = [{} for _ in range(count)]
            shared: dict[str, Tensor] = {}
            for name, tensor in tensors.items():
                room, _, rest = name.partition("/")
                if room == "shared":
                    shared[rest] = tensor
                else:
                    number, _, inner = rest.partition("/")
                    layers[range(count)[int(number)]][inner] = tensor
        except (KeyError, ValueError, TypeError, IndexError, RecursionError) as error:
            raise StateError(f"{path.name} is damaged: its description of the state does not hold together.") from error
        return cls(layers, shared, fields, model, seen)


def require_same_shape(state: State, fresh: State) -> None:
    """Raise StateError unless `state` has exactly the tensors of `fresh`, growing axes apart, and no NaN or infinity."""
    ours = [*fresh.layers, fresh.shared]
    theirs = [*state.layers, state.shared]
    if len(ours) != len(theirs):
        raise StateError(f"The state has {len(state.layers)} layers, the model {len(fresh.layers)}.")
    axes = {field.name: field.axes for field in fresh.fields}
    for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        where = f"layer {place}" if place < len(fresh.layers) else "the shared part"
        if mine.keys() != other.keys():
            raise StateError(f"The state's fields in {where} are not those of the model.")
        for name, tensor in other.items():
            if not _fits(tensor, mine[name], axes[name]):
                raise StateError(f"{name} in {where} of the state does not fit the model.")


def require_consistent_lengths(state: State, fresh: State, window: int | None, vocabulary: int) -> None:
    """Raise StateError unless every field that grows has an entry for each token read (the copy head: the last `window`).

    Which fields grow is for the model's own `fresh` state to say, not for a file.
    """
    axes = {field.name: field.axes for field in fresh.fields}
    for part in (*state.layers, state.shared):
        whole = part is not state.shared or window is None
        expected = state.tokens_seen if whole else min(state.tokens_seen, window or 0)
        for name, tensor in part.items():
            if axes[name][0] == GROWING_AXIS and len(tensor) != expected:
                raise StateError(f"{name} of the state has {len(tensor)} entries; {expected} tokens should be there.")
    words = state.shared.get("copy.tokens")
    if words is not None and len(words) and not 0 <= int(words.min()) <= int(words.max()) < vocabulary:
        raise StateError("The state remembers tokens that the model does not have.")


def _fits(tensor: Tensor, model: Tensor, axes: tuple[str, ...]) -> bool:
    if tensor.dim() != model.dim() or tensor.dtype != model.dtype or tensor.device != model.device:
        return False
    sizes = zip(tensor.shape, model.shape, axes, strict=True)
    if any(a != b for a, b, axis in sizes if axis != GROWING_AXIS):
        return False
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())
