"""What a checkpoint is, from names and shapes alone: `inspect` reads no weights, imports no torch, and takes milliseconds."""

from __future__ import annotations

import os
from collections import Counter
from math import prod
from pathlib import Path

from rwkv_backend.checkpoints import Checkpoint, open_checkpoint
from rwkv_backend.models import identify
from rwkv_backend.models.base import FieldShape, Plan
from rwkv_backend.models.layout import is_buffer
from rwkv_backend.records import ModelInfo, StoredTensor


def inspect(path: str | os.PathLike[str]) -> ModelInfo:
    """Raises CheckpointError, UnknownModelError or LayoutError, each with a sentence for the user."""
    checkpoint = open_checkpoint(path)
    return describe(checkpoint, identify(checkpoint.shapes))


def describe(checkpoint: Checkpoint, plan: Plan) -> ModelInfo:
    sizes, tensors = plan.sizes, _weights(checkpoint)
    return ModelInfo(
        path=str(Path(checkpoint.path)),
        file_format=checkpoint.file_format,
        version=plan.found.version,
        variant=plan.found.variant,
        n_layer=sizes.n_layer,
        n_embd=sizes.n_embd,
        n_head=sizes.n_head,
        head_size=sizes.head_size,
        n_att=sizes.n_att,
        n_ffn=sizes.n_ffn,
        vocab_size=sizes.vocab_size,
        ctx_len=sizes.ctx_len,
        dtype=_main_dtype(tensors),
        n_params=sum(t.numel for t in tensors),
        file_bytes=checkpoint.file_bytes,
        evidence=plan.found.evidence,
        notes=checkpoint.notes,
        state_numbers=sum(_numbers(item, sizes.ctx_len, sizes.n_layer) for item in plan.fields),
    )


def _weights(checkpoint: Checkpoint) -> list[StoredTensor]:
    return [t for name, t in checkpoint.tensors.items() if not is_buffer(name)]


def _main_dtype(tensors: list[StoredTensor]) -> str:
    """The precision that most of the file is in."""
    numbers: Counter[str] = Counter()
    for tensor in tensors:
        numbers[tensor.dtype] += tensor.numel
    return numbers.most_common(1)[0][0]


def _numbers(item: FieldShape, ctx_len: int | None, n_layer: int) -> int:
    """How many numbers a field holds; a growing one when it is full."""
    full = (ctx_len or 0) if item.shape[0] == 0 else item.shape[0]
    return prod((full, *item.shape[1:])) * (1 if item.layers is None else len(item.layers))
