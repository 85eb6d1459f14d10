"""Writes an RWKV-6 checkpoint as a .gguf file with Q8_0 matrices, so that llama.cpp can run the very same weights.

    PYTHON_WITH_GGUF gguf_file.py MODEL.pth OUT.gguf
The vocabulary is made up: only speed is measured, and tokens go in as numbers. Names and shapes follow llama.cpp's RWKV-6.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

PLAIN = {
    "att.receptance.weight": "time_mix_receptance", "att.key.weight": "time_mix_key", "att.value.weight": "time_mix_value",
    "att.gate.weight": "time_mix_gate", "att.output.weight": "time_mix_output", "ffn.key.weight": "channel_mix_key",
    "ffn.receptance.weight": "channel_mix_receptance", "ffn.value.weight": "channel_mix_value",
}  # fmt: skip
"""Matrices, which become Q8_0."""

SMALL = {
    "ln1.weight": "attn_norm.weight", "ln1.bias": "attn_norm.bias", "ln2.weight": "attn_norm_2.weight",
    "ln2.bias": "attn_norm_2.bias", "att.time_maa_x": "time_mix_lerp_x.weight", "att.time_faaaa": "time_mix_first.weight",
    "att.time_decay": "time_mix_decay.weight", "att.ln_x.weight": "time_mix_ln.weight", "att.ln_x.bias": "time_mix_ln.bias",
    "ffn.time_maa_k": "channel_mix_lerp_k.weight", "ffn.time_maa_r": "channel_mix_lerp_r.weight",
}  # fmt: skip

OUTSIDE = {
    "blocks.0.ln0.weight": "token_embd_norm.weight", "blocks.0.ln0.bias": "token_embd_norm.bias",
    "ln_out.weight": "output_norm.weight", "ln_out.bias": "output_norm.bias",
}  # fmt: skip


def write(source: Path, target: Path) -> None:
    import gguf  # type: ignore[import-not-found, unused-ignore]
    import torch

    weights = torch.load(source, map_location="cpu", mmap=True, weights_only=True)
    writer = gguf.GGUFWriter(str(target), "rwkv6")
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    describe(writer, weights, layers)

    def matrix(name: str, tensor: Any) -> None:
        data = gguf.quants.quantize(tensor.float().numpy(), gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, data, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    def numbers(name: str, tensor: Any) -> None:
        writer.add_tensor(name, tensor.float().contiguous().numpy())

    matrix("token_embd.weight", weights["emb.weight"])
    matrix("output.weight", weights["head.weight"])
    for name, other in OUTSIDE.items():
        numbers(other, weights[name])
    for i in range(layers):
        here, there = f"blocks.{i}.", f"blk.{i}."
        for name, other in PLAIN.items():
            matrix(f"{there}{other}.weight", weights[here + name])
        for name, other in SMALL.items():
            tensor = weights[here + name]
            numbers(there + other, tensor if name == "att.time_faaaa" else tensor.squeeze())
        numbers(f"{there}time_mix_w1.weight", weights[f"{here}att.time_maa_w1"].T)
        numbers(f"{there}time_mix_w2.weight", weights[f"{here}att.time_maa_w2"].permute(0, 2, 1))
        numbers(f"{there}time_mix_decay_w1.weight", weights[f"{here}att.time_decay_w1"].T)
        numbers(f"{there}time_mix_decay_w2.weight", weights[f"{here}att.time_decay_w2"].T)
        fused = torch.stack([weights[f"{here}att.time_maa_{j}"].reshape(1, 1, -1) for j in "wkvrg"])
        numbers(f"{there}time_mix_lerp_fused.weight", fused)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe(writer: Any, weights: dict[str, Any], layers: int) -> None:
    words, width = weights["emb.weight"].shape
    writer.add_context_length(1 << 20)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rescale_every_n_layers(0)
    writer.add_wkv_head_size(weights["blocks.0.att.time_faaaa"].shape[1])
    writer.add_time_mix_extra_dim(weights["blocks.0.att.time_maa_w2"].shape[1])
    writer.add_time_decay_extra_dim(weights["blocks.0.att.time_decay_w2"].shape[0])
    writer.add_feed_forward_length(weights["blocks.0.ffn.key.weight"].shape[0])
    writer.add_head_count(0)
    writer.add_file_type(7)  # mostly Q8_0
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([f"w{i}" for i in range(words)])
    writer.add_token_types([1] * words)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
