"""Checkpoints: from a file, or a model folder, to names, shapes and positions; then single tensors on demand.

Opening reads no weights, imports neither torch nor numpy, and never runs anything that a file asks for: a pickle is
interpreted by a small machine of our own (`pickles`), which builds inert records instead of calling functions.

    checkpoint = open_checkpoint("RWKV-4-Pile-169M.pth")
    checkpoint.tensors["emb.weight"].shape                          # (50277, 768)
    reading.read_tensor(checkpoint.tensors["emb.weight"], torch.float32)

    files        one file: which container is it?       sniffing     ... and if none, what is it?
    pth          torch's zip and legacy containers      safetensors  the safetensors container
    zips         a zip archive's directory              pickles      what a pickle describes, by way of
    stand_ins    inert records for what it names, and   imitations   of the few functions that it may ask for
    wrappers     where in all that the weights are      folders      shards with an index
    huggingface  transformers' names for the tensors    reading      a tensor's numbers (this one needs torch)

A new container is one file here and one line in `files.READERS`.
"""

from __future__ import annotations

import os
from pathlib import Path

from rwkv_backend.checkpoints import files, folders, huggingface, wrappers
from rwkv_backend.checkpoints.checkpoint import Checkpoint, fingerprint

__all__ = ["Checkpoint", "fingerprint", "open_checkpoint"]


def open_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """What the file or model folder at `path` holds, under the official names. Raises CheckpointError."""
    path = Path(path)
    checkpoint = folders.read_folder(path) if files.is_folder(path) else files.read_file(path)
    return huggingface.with_official_names(wrappers.without_prefixes(checkpoint))
