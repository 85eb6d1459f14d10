"""A model folder: one checkpoint file among others, or one checkpoint in several shards with an index."""

from __future__ import annotations

import json
from pathlib import Path

from rwkv_backend.checkpoints import files, words, wrappers
from rwkv_backend.checkpoints.checkpoint import Checkpoint
from rwkv_backend.errors import CheckpointError
from rwkv_backend.records import StoredTensor

ENDINGS = (".pth", ".pt", ".bin", ".ckpt", ".safetensors", ".st")
INDEX_ENDINGS = (".safetensors.index.json", ".bin.index.json")
NOT_WEIGHTS = ("training_args", "optimizer", "scheduler", "scaler", "rng_state")
"""What trainers leave beside a model under the same endings."""
MAX_JSON_BYTES = 16 * 2**20
MAX_SHARDS = 1000


def read_folder(folder: Path) -> Checkpoint:
    """The one checkpoint in the folder. Raises CheckpointError if there is none, or more than one."""
    with words.speaking_of(folder):
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    indexes = {name: _weight_map(folder / name) for name in names if name.endswith(INDEX_ENDINGS)}
    shards = {shard for weight_map in indexes.values() for shard in weight_map.values()}
    single = [name for name in names if _may_be_weights(name) and name not in shards]
    candidates = _without_twin([*indexes, *single])
    if not candidates:
        raise CheckpointError(
            "The folder holds no checkpoint.", "A checkpoint is a .pth, .safetensors, .pt, .bin or .ckpt file."
        )
    if len(candidates) > 1:
        held = words.listed(candidates)
        raise CheckpointError(f"The folder holds more than one checkpoint: {held}.", "Open one of them.")
    if candidates[0] in indexes:
        return _read_shards(folder, indexes[candidates[0]])
    return files.read_file(folder / candidates[0])


def _without_twin(candidates: list[str]) -> list[str]:
    """Hugging Face folders often hold the same weights twice: of model.safetensors and pytorch_model.bin, the first."""
    starts = {name.partition(".")[0] for name in candidates}
    if len(candidates) == 2 and starts == {"model", "pytorch_model"}:
        return [name for name in candidates if name.startswith("model.")]
    return candidates


def _may_be_weights(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith((*NOT_WEIGHTS, "."))


def read_json(path: Path) -> dict[str, object]:
    """A JSON file that must hold a table."""
    with words.speaking_of(path):
        with path.open("rb") as file:
            text = file.read(MAX_JSON_BYTES + 1)
        if len(text) > MAX_JSON_BYTES:
            raise CheckpointError(f"'{words.shown(path.name)}' is far too long.")
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"'{words.shown(path.name)}' is not valid JSON.", words.DOWNLOAD_AGAIN) from error
    if not isinstance(table, dict):
        raise CheckpointError(f"'{words.shown(path.name)}' does not hold a table.", words.DOWNLOAD_AGAIN)
    return table


def _weight_map(index: Path) -> dict[str, str]:
    """Which shard holds which tensor. The shards must lie in the index's own folder."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"'{words.shown(index.name)}' lists no weights.", words.DOWNLOAD_AGAIN)
    for shard in set(map(_text, weight_map.values())):
        if not shard or shard != Path(shard).name or "\\" in shard or ":" in shard or "\0" in shard or shard == "..":
            raise CheckpointError(f"'{words.shown(index.name)}' points outside its folder: '{words.shown(shard)}'.")
    return weight_map


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _read_shards(folder: Path, weight_map: dict[str, str]) -> Checkpoint:
    shard_names = sorted(set(weight_map.values()))
    if len(shard_names) > MAX_SHARDS:
        raise CheckpointError(f"The folder's index lists {len(shard_names):,} files, far more than a model has.")
    shards = [_read_shard(folder / name) for name in shard_names]
    tensors: dict[str, StoredTensor] = {}
    for name, shard in zip(shard_names, shards, strict=True):
        tensors.update({key: item for key, item in shard.tensors.items() if weight_map.get(key) == name})
    missing = [key for key in weight_map if key not in tensors]
    if missing:
        lacking = words.listed(missing)
        raise CheckpointError(f"The folder's files lack what their index lists: {lacking}.", words.DOWNLOAD_AGAIN)
    kind = "safetensors" if shards[0].file_format == "safetensors" else "torch"
    return Checkpoint(
        path=folder,
        file_format=f"{kind} shards",
        file_bytes=sum(shard.file_bytes for shard in shards),
        tensors=tensors,
        notes=tuple(dict.fromkeys(note for shard in shards for note in shard.notes)),
        metadata=shards[0].metadata,
    )


def _read_shard(path: Path) -> Checkpoint:
    """A shard, whose faults are told with its name."""
    try:
        return files.read_file(path)
    except CheckpointError as error:
        raise CheckpointError(f"{words.shown(path.name)}: {error.sentence}", error.hint) from error


def config_beside(checkpoint: Checkpoint) -> dict[str, object] | None:
    """The plain values of the config.json in the checkpoint's folder; None if there is no such file."""
    folder = checkpoint.path if files.is_folder(checkpoint.path) else checkpoint.path.parent
    path = folder / "config.json"
    return wrappers.plain_values(read_json(path)) if path.is_file() else None
