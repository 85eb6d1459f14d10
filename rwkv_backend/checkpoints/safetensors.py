"""The safetensors container: eight bytes of length, a JSON header, and the tensors' numbers one after another.

    {"emb.weight": {"dtype": "F32", "shape": [50277, 768], "data_offsets": [0, 154450944]}, ..., "__metadata__": {...}}

Our own reader, so that the program does not need the package and every fault of a header has its sentence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from rwkv_backend.checkpoints import words
from rwkv_backend.checkpoints.checkpoint import Checkpoint
from rwkv_backend.errors import CheckpointError
from rwkv_backend.records import DTYPE_BYTES, StoredTensor

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 16 * 2**20
"""Room for 100,000 tensors. The format allows 100 MB, which hostile JSON could blow up to gigabytes of objects."""
MAX_AXES = 16
MAX_NUMBER = 2**63

DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def read(file: BinaryIO, path: Path, file_size: int) -> Checkpoint:
    """Opens a file whose ninth byte begins a JSON header."""
    file.seek(0)
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if length > MAX_HEADER_BYTES:
        raise words.damaged(f"its header says that it is {length:,} bytes long")
    if LENGTH_BYTES + length > file_size:
        raise words.incomplete(file_size, LENGTH_BYTES + length, at_least=True)
    header = _parsed(file.read(length))
    metadata = _metadata(header.pop("__metadata__", {}))
    start = LENGTH_BYTES + length
    spans = {name: _span(name, entry) for name, entry in header.items()}
    _check_spans(list(spans.values()), start, file_size)
    tensors = {name: _stored(name, entry, path, start + spans[name][0]) for name, entry in header.items()}
    if not tensors:
        raise CheckpointError("The file holds no weights.")
    return Checkpoint(path, "safetensors", file_size, tensors, metadata=metadata)


def _parsed(text: bytes) -> dict[str, dict[str, object]]:
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise words.damaged("its header is not valid JSON") from error
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise words.damaged("its header is not a table of tensors")
    return header


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise words.damaged("its header holds a name twice")
    return table


def _metadata(entry: dict[str, object]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in entry.values()):
        raise words.damaged("its header's metadata are not texts")
    return {words.shown(key): words.shown(str(value), 1000) for key, value in entry.items()}


def _span(name: str, entry: dict[str, object]) -> tuple[int, int]:
    """The tensor's first byte and the one after its last, from the header's end; checked against shape and dtype."""
    dtype = entry.get("dtype")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        kind = words.shown(dtype) if isinstance(dtype, str) else "unnamed"
        raise CheckpointError(f"The file holds numbers of a kind that this program does not read: {kind}.")
    shape, offsets = _numbers(name, entry.get("shape")), _numbers(name, entry.get("data_offsets"))
    if len(offsets) != 2 or len(shape) > MAX_AXES:
        raise words.damaged(f"the position of '{words.shown(name)}' makes no sense")
    nbytes = DTYPE_BYTES[DTYPES[dtype]]
    for size in shape:
        nbytes *= size
    start, end = offsets
    if end - start != nbytes:
        raise words.damaged(f"'{words.shown(name)}' should have {_digits(nbytes)} bytes but has {end - start:,}")
    return start, end


def _digits(number: int) -> str:
    return f"{number:,}" if number < MAX_NUMBER else "absurdly many"


def _numbers(name: str, values: object) -> Sequence[int]:
    if isinstance(values, list) and all(type(value) is int and 0 <= value < MAX_NUMBER for value in values):
        return values
    raise words.damaged(f"the shape or position of '{words.shown(name)}' makes no sense")


def _check_spans(spans: list[tuple[int, int]], start: int, file_size: int) -> None:
    """The tensors must fill the rest of the file without gaps or overlaps."""
    end = 0
    for first, after in sorted(spans):
        if first != end:
            raise words.damaged("its tensors overlap or leave gaps")
        end = after
    if start + end > file_size:
        raise words.incomplete(file_size, start + end)
    if start + end < file_size:
        raise words.damaged(f"it holds {file_size - start - end:,} bytes that belong to no tensor")


def _stored(name: str, entry: dict[str, object], path: Path, offset: int) -> StoredTensor:
    shape = tuple(_numbers(name, entry["shape"]))
    strides, stride = [], 1
    for size in reversed(shape):
        strides.append(stride)
        stride *= size
    return StoredTensor(name, shape, DTYPES[str(entry["dtype"])], path, offset, tuple(reversed(strides)))
