"""torch's containers: the zip archive of today's `torch.save`, and the legacy format of before 2020.

Both hold a pickle that describes the tensors, and the tensors' numbers beside it as raw little-endian storages.

    zip      <root>/data.pkl, <root>/data/<key> for each storage, sometimes <root>/byteorder
    legacy   five pickles (magic number, protocol, system, object, storage keys), then for each key, in that order,
             an int64 count and the raw numbers
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from rwkv_backend.checkpoints import words, wrappers, zips
from rwkv_backend.checkpoints.checkpoint import Checkpoint
from rwkv_backend.checkpoints.pickles import CutOff, Source, unpickle
from rwkv_backend.checkpoints.stand_ins import Storage, TensorRef
from rwkv_backend.errors import CheckpointError
from rwkv_backend.records import DTYPE_BYTES, StoredTensor

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
COUNT_BYTES = 8


def read_zip(file: BinaryIO, path: Path, file_size: int) -> Checkpoint:
    """Opens a file that begins like a zip archive."""
    place = zips.find_directory(file, file_size)
    if place is None:
        raise _incomplete_zip(file, file_size)
    entries = zips.read_directory(file, *place)
    prefix = _prefix(entries)
    _refuse_torchscript(entries, prefix)
    _refuse_big_endian(file, file_size, entries.get(f"{prefix}byteorder"))
    data = entries[f"{prefix}data.pkl"]
    start = zips.data_offset(file, file_size, data)
    root, _ = unpickle(Source(file, start, start + data.size))
    positions: dict[str, int] = {}

    def position(storage: Storage) -> int:
        """Where the storage starts. Each one's local header is read once."""
        if storage.key not in positions:
            entry = entries.get(f"{prefix}data/{storage.key}")
            if entry is None:
                raise words.damaged(f"the numbers of storage '{words.shown(storage.key)}' are missing")
            if storage.nbytes_stored > entry.size:
                raise words.damaged(
                    f"storage '{words.shown(storage.key)}' should have {storage.nbytes_stored:,} bytes but has {entry.size:,}"
                )
            positions[storage.key] = zips.data_offset(file, file_size, entry)
        return positions[storage.key]

    return _checkpoint(path, "torch zip", file_size, root, position)


def _prefix(entries: dict[str, zips.Entry]) -> str:
    """What stands before "data.pkl" in the archive, the slash included."""
    found = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(found) > 1:
        raise words.damaged("it holds more than one data.pkl")
    if not found:
        held = words.listed(list(entries)) or "nothing"
        raise CheckpointError(
            f"The file is a zip archive but not a torch checkpoint: it holds {held}.",
            "If a model is packed in it, unpack it first.",
        )
    return found[0].removesuffix("data.pkl")


def _refuse_torchscript(entries: dict[str, zips.Entry], prefix: str) -> None:
    if f"{prefix}constants.pkl" in entries or any(name.startswith(f"{prefix}code/") for name in entries):
        raise CheckpointError(
            "The file is a TorchScript program (torch.jit), not a checkpoint.",
            "Open the checkpoint that it was made from.",
        )


def _refuse_big_endian(file: BinaryIO, file_size: int, entry: zips.Entry | None) -> None:
    if entry is None:
        return
    order = zips.read_at(file, zips.data_offset(file, file_size, entry), min(entry.size, 16))
    if order != b"little":
        raise _foreign_order()


def _foreign_order() -> CheckpointError:
    return CheckpointError(
        "The file was written on a big-endian machine, whose numbers this program does not read.",
        "Save it again on an ordinary machine.",
    )


def _incomplete_zip(file: BinaryIO, file_size: int) -> CheckpointError:
    """How much is missing, as far as the first record, which is the pickle, can tell."""
    first = zips.first_record(file)
    if first is None or not first[0].endswith("data.pkl"):
        return words.cut_off(file_size)
    name, start = first
    try:
        source = Source(file, start, file_size)
        _, storages = unpickle(source)
    except CheckpointError:
        return words.cut_off(file_size)
    prefix = name.removesuffix("data.pkl")
    records = [zips.overhead(f"{prefix}data/{key}") + storage.nbytes_stored for key, storage in storages.items()]
    needed = source.position + sum(records) + zips.END_BYTES
    return words.incomplete(file_size, needed, at_least=True) if needed > file_size else words.cut_off(file_size)


def read_legacy(file: BinaryIO, path: Path, file_size: int) -> Checkpoint:
    """Opens a file that begins like a pickle."""
    source = Source(file, 0, file_size)
    try:
        magic, _ = unpickle(source)
        if magic != MAGIC:
            raise CheckpointError(
                "The file is a Python pickle but not one of torch's, so that it holds no weights that can be read safely.",
                "Save the weights with torch.save or as .safetensors.",
            )
        protocol, _ = unpickle(source)
        if protocol != PROTOCOL:
            raise words.damaged("its version number is not torch's")
        system, _ = unpickle(source)
        if isinstance(system, dict) and system.get("little_endian") is False:
            raise _foreign_order()
        root, storages = unpickle(source)
        keys, _ = unpickle(source)
    except CutOff as error:
        raise words.cut_off(file_size) from error
    positions = _legacy_positions(file, source.position, file_size, keys, storages)

    def position(storage: Storage) -> int:
        if storage.key not in positions:
            raise words.damaged(f"the numbers of storage '{words.shown(storage.key)}' are missing")
        return positions[storage.key]

    return _checkpoint(path, "torch legacy", file_size, root, position)


def _legacy_positions(
    file: BinaryIO, start: int, file_size: int, keys: object, storages: dict[str, Storage]
) -> dict[str, int]:
    if not isinstance(keys, list):
        raise words.damaged("it lists no storages")
    listed = [storages[key] for key in keys if isinstance(key, str) and key in storages]
    if len(listed) != len(keys) or len(set(keys)) != len(keys):
        raise words.damaged("it lists storages that it does not describe")
    needed = start + sum(COUNT_BYTES + storage.nbytes_stored for storage in listed)
    if needed > file_size:
        raise words.incomplete(file_size, needed)
    positions = {}
    for storage in listed:
        count = int.from_bytes(zips.read_at(file, start, COUNT_BYTES), "little", signed=True)
        if count != storage.numel_stored:
            raise words.damaged(
                f"storage '{words.shown(storage.key)}' should have {storage.numel_stored:,} numbers but has {count:,}"
            )
        positions[storage.key] = start + COUNT_BYTES
        start += COUNT_BYTES + storage.nbytes_stored
    return positions


def _checkpoint(
    path: Path, file_format: str, file_size: int, root: object, position: Callable[[Storage], int]
) -> Checkpoint:
    found = wrappers.find_tensors(root)
    tensors = {name: _stored(name, ref, path, position(ref.storage)) for name, ref in found.tensors.items()}
    return Checkpoint(path, file_format, file_size, tensors, found.notes, found.config)


def _stored(name: str, ref: TensorRef, path: Path, storage_start: int) -> StoredTensor:
    dtype = ref.storage.dtype
    return StoredTensor(name, ref.shape, dtype, path, storage_start + ref.offset * DTYPE_BYTES[dtype], ref.strides)
