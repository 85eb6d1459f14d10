"""From a checkpoint to an open model: one tensor at a time, each straight into the precision and device where it will stay.

`load` is a generator of Progress, so that anyone can watch it or stop it by closing it; `open_model` runs it to its end.
Peak memory is the weights as held plus one matrix.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from rwkv_backend import linear, mixing, weight_cache
from rwkv_backend.auto import choose_dtype
from rwkv_backend.checkpoints import Checkpoint, fingerprint, open_checkpoint
from rwkv_backend.checkpoints.reading import read_tensor
from rwkv_backend.errors import CheckpointError, RWKVError, UnsupportedError
from rwkv_backend.inspection import describe
from rwkv_backend.memory import memory_free
from rwkv_backend.models import identify
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.models.layout import Part
from rwkv_backend.records import DTYPE_BYTES, Progress
from rwkv_backend.steppers import equip

UNPACKED = "unpacked"
"""Under this name the tensors of a packed model that are not packed are kept too, so that its file need not be read again."""


def open_model(
    path: str | os.PathLike[str],
    device: str | torch.device = "cpu",
    dtype: str = "float32",
    on_progress: Callable[[Progress], None] | None = None,
    *,
    fast: bool = True,
) -> RWKVModel:
    """Open any supported checkpoint (.pth, .safetensors, or a model's folder).

    dtype is how the matrices are held: float32, bfloat16, float16, int8, int4, or auto (see `auto`), which becomes one of
    them; `model.dtype` tells. Everything else stays float32.
    `fast=False` leaves out the device's fast paths, so that the plain formulas read everything.
    Raises a RWKVError whose text says what is wrong. `on_progress` may raise to stop; nothing is left behind.
    """
    steps = load(path, device, dtype, fast=fast)
    while True:
        try:
            progress = next(steps)
        except StopIteration as done:
            return done.value
        if on_progress is not None:
            on_progress(progress)


def load(
    path: str | os.PathLike[str], device: str | torch.device = "cpu", dtype: str = "float32", *, fast: bool = True
) -> Generator[Progress, None, RWKVModel]:
    """Yields Progress in bytes of the file after every tensor; returns the model.

    Packed weights (int8, int4) of a large model are kept on disk, and found there the next time (`weight_cache`).
    """
    place = find_device(device)
    checkpoint = open_checkpoint(path)
    plan = identify(checkpoint.shapes)
    info = describe(checkpoint, plan)
    if dtype == "auto":
        dtype = choose_dtype(plan.layout, info.dtype, memory_free(str(place)), str(place)).dtype
    wanted = linear.stored_dtype(dtype)
    name_of_all = fingerprint(checkpoint)
    key = weight_cache.key_of(checkpoint, name_of_all, dtype) if dtype in linear.PACKED else None
    kept = weight_cache.find(key)
    reader = _Reader(checkpoint, place, wanted, dtype, kept, by_inputs=fast and place.type == "cpu")
    total = sum(checkpoint.tensors[name].nbytes for part in plan.layout.parts for name in part.tensors)
    start, done = time.perf_counter(), 0
    pieces: dict[str, Any] = {}
    for part in plan.layout.parts:
        pieces[part.path] = reader.piece(part)
        done += sum(checkpoint.tensors[name].nbytes for name in part.tensors)
        yield Progress(done, total, "bytes", time.perf_counter() - start)
    if kept is None:
        packed = {path: linear.held_tensors(piece) for path, piece in pieces.items()}
        weight_cache.keep(key, {**packed, UNPACKED: reader.unpacked})
    model = plan.family(info, plan, weight_tree(pieces), place, name_of_all)
    model.dtype = dtype
    if fast:
        equip(model)
    return model


def find_device(device: str | torch.device) -> torch.device:
    """The device of that name, if this machine has it; else UnsupportedError says what there is."""
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise UnsupportedError(f"There is no device {device!r}.", f"Choose one of {', '.join(devices())}.") from error
    if place.type == "cpu":
        return torch.device("cpu")
    if place.type == "cuda" and place.index is None and torch.cuda.is_available():
        place = torch.device("cuda", torch.cuda.current_device())
    if str(place) not in devices():
        raise UnsupportedError(f"This machine has no device {device}.", f"Choose one of {', '.join(devices())}.")
    return place


def devices() -> list[str]:
    """Names of the devices that a model can run on here."""
    found = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    return [*found, "mps", "mps:0"] if torch.backends.mps.is_available() else found


class _Reader:
    """Makes a part of the model out of its tensors in the file."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: torch.device,
        wanted: torch.dtype,
        dtype: str,
        kept: weight_cache.Kept | None,
        by_inputs: bool,
    ) -> None:
        """kept: packed weights on disk. by_inputs: matrices whose inputs are mostly zero are laid so that this helps."""
        self.checkpoint = checkpoint
        self.kept = kept
        self.device = device
        self.wanted = wanted
        self.dtype = dtype
        self.by_inputs = by_inputs
        self.unpacked: dict[str, Tensor] = {}
        """Of a packed model: what was read whole from its file."""
        self._known = self._kept_piece(UNPACKED)

    def piece(self, part: Part) -> Any:
        if part.use == "linear":
            matrix = self._matrix(part)
            linear.lay(matrix, part.sparse and self.by_inputs)
            return matrix
        if part.use == "norm":
            return mixing.Norm(*(self.read(name, torch.float32) for name in part.tensors))
        if part.use == "embedding":
            return mixing.Embedding(self.read(part.tensors[0], self._embedding_dtype()))
        tensor = self.read(part.tensors[0], torch.float32)
        return tensor.flatten() if part.use == "vector" else tensor

    def _matrix(self, part: Part) -> linear.Linear:
        bias = self.read(part.tensors[1], torch.float32) if len(part.tensors) > 1 else None
        rows, columns = part.shape
        small_head = part.path == "head" and rows * columns <= linear.SMALL_HEAD
        if self.dtype not in linear.PACKED or small_head:
            return linear.FloatLinear(self.read(part.tensors[0], self.wanted), bias)
        return self._kept(part, bias) or linear.pack_rows(self._rows(part.tensors[0]), rows, bias, self.dtype)

    def _kept(self, part: Part, bias: Tensor | None) -> linear.Linear | None:
        """The matrix as it was packed before; None if it cannot be had."""
        held = self._kept_piece(part.path)
        if not linear.fits(self.dtype, held, *part.shape):
            return None
        return linear.restore(self.dtype, {name: t.to(self.device) for name, t in held.items()}, bias, part.shape[1])

    def _kept_piece(self, path: str) -> dict[str, Tensor]:
        """Empty if it cannot be had."""
        try:
            return {} if self.kept is None else self.kept.read(path)
        except RWKVError:
            return {}

    def _rows(self, name: str) -> Iterator[Tensor]:
        """The matrix in float32, a block of rows at a time, so that packing needs little memory beside its result."""
        stored = self.checkpoint.tensors[name]
        rows, columns = stored.shape
        count = max(1, linear.ROWS_AT_ONCE // columns)
        for start in range(0, rows, count):
            offset = stored.offset + start * stored.strides[0] * DTYPE_BYTES[stored.dtype]
            block = replace(stored, shape=(min(count, rows - start), columns), offset=offset)
            yield self._checked(name, read_tensor(block, self.wanted, self.device), stored.dtype)

    def _embedding_dtype(self) -> torch.dtype:
        """Rows are only looked up, so packing them gains no speed: packed models hold them in 16 bits."""
        return torch.bfloat16 if self.dtype in ("int8", "int4") else self.wanted

    def read(self, name: str, dtype: torch.dtype) -> Tensor:
        """The whole tensor, from the file or as it was kept."""
        stored, known = self.checkpoint.tensors[name], self._known.get(name)
        if known is not None and known.dtype == dtype and tuple(known.shape) == tuple(stored.shape):
            return known.to(self.device)
        tensor = self._checked(name, read_tensor(stored, dtype, self.device), stored.dtype)
        if self.dtype in linear.PACKED:
            self.unpacked[name] = tensor
        return tensor

    def _checked(self, name: str, tensor: Tensor, stored: str) -> Tensor:
        if not bool(torch.isfinite(tensor.sum(dtype=torch.float32))) and not bool(torch.isfinite(tensor).all()):
            raise self._not_numbers(name, stored, tensor.dtype)
        return tensor

    def _not_numbers(self, name: str, stored: str, dtype: torch.dtype) -> CheckpointError | UnsupportedError:
        if dtype == torch.float16 and stored != "float16":
            whole = read_tensor(self.checkpoint.tensors[name], torch.float32)
            if bool(torch.isfinite(whole).all()):
                return UnsupportedError(f"{name} has numbers too large for float16.", "Use bfloat16 or float32.")
        return CheckpointError(
            f"{name} has values that are not numbers (NaN or infinity): the file is damaged.",
            "Get it again from its author; a model that diverged in training cannot be used.",
        )


def weight_tree(pieces: dict[str, Any]) -> Any:
    """A tree that follows the dotted names: `tree.blocks[0].att.key`."""
    root = SimpleNamespace()
    for path, piece in pieces.items():
        *branches, leaf = path.split(".")
        node = root
        for branch in branches:
            if not hasattr(node, branch):
                setattr(node, branch, SimpleNamespace())
            node = getattr(node, branch)
        setattr(node, leaf, piece)
    numbered = vars(root.blocks)
    root.blocks = [numbered[str(i)] for i in range(len(numbered))]
    return root
