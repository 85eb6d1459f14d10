"""Made-up cards: what a version card and the model panel are told of a file that does not exist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.messages import Card, Engine, OpenedModel
from rwkv_backend.records import ModelInfo

ENGINE = Engine(devices=("cpu", "cuda:0"), threads=1, torch_version="2.9.0")

MEMORY = (
    ("float32", 6_400_000_000),
    ("bfloat16", 3_300_000_000),
    ("float16", 3_300_000_000),
    ("int8", 2_000_000_000),
    ("int4", 1_200_000_000),
)

INFO = ModelInfo(
    path="/models/RWKV-x060-World-1B6-v2.1-20240328-ctx4096.pth",
    file_format="torch zip",
    version="6.0",
    variant="tuned initial state",
    n_layer=24,
    n_embd=2048,
    n_head=32,
    head_size=64,
    n_att=2048,
    n_ffn=7168,
    vocab_size=65536,
    ctx_len=None,
    dtype="bfloat16",
    n_params=1_599_871_000,
    file_bytes=3_199_743_000,
    evidence=(
        "att.time_maa_x, _w1, _w2: the token decides its own blend",
        "att.time_decay_w1: and its own decay",
    ),
    notes=("Two tensors share their numbers.",),
    state_numbers=3_244_032,
)

CARD = Card(
    info=INFO,
    tokenizer="World",
    tokenizer_kind="world",
    tokenizer_evidence=("65,536 rows, as in the World models",),
    tokenizer_warning="",
    memory_needed=MEMORY,
    memory_free=16_000_000_000,
)


def card(path: str = INFO.path, *, memory_free: int = CARD.memory_free, **info: Any) -> Card:
    """CARD with another path, other free memory, or other fields of its ModelInfo."""
    return replace(CARD, info=replace(INFO, path=path, **info), memory_free=memory_free)


def opened(of: Card = CARD, device: str = "cpu", dtype: str = "float32") -> OpenedModel:
    return OpenedModel(
        card=of,
        device=device,
        dtype=dtype,
        load_seconds=0.31,
        weight_bytes=6_000_000_000,
        max_tokens=None,
        fields=(),
        decays_by_token=True,
    )
