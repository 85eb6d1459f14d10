"""transformers' spelling of RWKV: the same tensors under other names.

`RwkvForCausalLM` (version 4) and the code that the version 5 and 6 exports bring along rename the embedding, the parts
of a block, and the mixing vectors; shapes and values stay. The exports' own code is never needed nor run.
"""

from __future__ import annotations

from dataclasses import replace

from rwkv_backend.checkpoints import folders, words
from rwkv_backend.checkpoints.checkpoint import Checkpoint
from rwkv_backend.errors import CheckpointError

BLOCKS = "rwkv.blocks."
_BEGINNINGS = (("rwkv.embeddings.", "emb."), (BLOCKS, "blocks."), ("rwkv.ln_out.", "ln_out."))
_PARTS = {"pre_ln": "ln0", "attention": "att", "feed_forward": "ffn"}
_MIXES = {
    "time_mix_key": "time_mix_k", "time_mix_value": "time_mix_v",
    "time_mix_receptance": "time_mix_r", "time_mix_gate": "time_mix_g",
}  # fmt: skip
EPSILON = 1e-5


def with_official_names(checkpoint: Checkpoint) -> Checkpoint:
    """The same under the official names; unchanged if it is not a transformers export."""
    if not any(name.startswith(BLOCKS) for name in checkpoint.tensors):
        return checkpoint
    config = folders.config_beside(checkpoint)
    notes = [*checkpoint.notes, "The names are those of the transformers library and were translated."]
    if config is None:
        config = {}
        notes.append("There is no config.json beside it: a layer norm epsilon of 1e-5 was assumed.")
    epsilon = config.get("layer_norm_epsilon", EPSILON)
    if epsilon != EPSILON:
        raise CheckpointError(f"Its config.json asks for a layer norm epsilon of {epsilon}; RWKV's is {EPSILON}.")
    tensors = {}
    for name, tensor in checkpoint.tensors.items():
        official = _official(name)
        if official in tensors:
            raise words.damaged(f"two tensors are named '{official}'")
        tensors[official] = replace(tensor, name=official)
    if config.get("tie_word_embeddings") is True and "head.weight" not in tensors and "emb.weight" in tensors:
        tensors["head.weight"] = replace(tensors["emb.weight"], name="head.weight")
        notes.append("The head shares its weights with the embedding.")
    return replace(checkpoint, tensors=tensors, notes=tuple(notes), config=config)


def _official(name: str) -> str:
    for theirs, official in _BEGINNINGS:
        if name.startswith(theirs):
            name = official + name.removeprefix(theirs)
    if not name.startswith("blocks."):
        return name
    parts = name.split(".")
    parts[2:] = [_MIXES.get(_PARTS.get(part, part), _PARTS.get(part, part)) for part in parts[2:]]
    return ".".join(parts)
