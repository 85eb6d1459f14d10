"""Tokenizers: text to the ids that a model reads, and ids to bytes.

    tokenizer = load_tokenizer("world")     # or "bytes", "tokenizer.json", "vocab.json", "rwkv_vocab_special.txt"
    tokenizer = load_tokenizer(vocab_size=6064, model_path=Path("enwik8.pth"))     # chosen by evidence

One module a kind: `hf` (tokenizer.json), `world`, `characters` (vocab.json), `raw_bytes`; `choice` says which one a
model needs, `nearby` finds its file. Importing this loads no vocabulary and no library.
"""

from __future__ import annotations

from rwkv_backend.tokenizers.base import TextStream, Tokenizer
from rwkv_backend.tokenizers.choice import TokenizerChoice, choose_tokenizer, mismatch
from rwkv_backend.tokenizers.load import load_tokenizer

__all__ = ["TextStream", "Tokenizer", "TokenizerChoice", "choose_tokenizer", "load_tokenizer", "mismatch"]
