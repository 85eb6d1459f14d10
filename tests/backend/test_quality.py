"""What fewer bits cost: measured as `eval` measures, and shipped for the demo models."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from rwkv_backend.demo_models import demo_models
from rwkv_backend.errors import CheckpointError
from rwkv_backend.loading import open_model
from rwkv_backend.quality import DTYPES, SHIPPED, Quality, measure_quality, quality_cards
from rwkv_backend.records import Progress
from rwkv_backend.tokenizers import load_tokenizer
from tests.shared import Saved

TEXT = "Once upon a time there was a king who had a daughter, and the daughter had a golden ball. " * 3
DEMOS = pytest.mark.skipif(not demo_models(), reason="needs the demo models")
LARGEST_LOSS_OF_INT8 = 0.005


def run(path: Path, text: str, tokenizer: str | None = None) -> tuple[tuple[Quality, ...], list[Progress]]:
    steps, seen = measure_quality(path, text, tokenizer=tokenizer), list[Progress]()
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


@DEMOS
def test_each_dtype_gives_what_eval_gives() -> None:
    demo = next(m for m in demo_models() if m.version == "6.0")
    cards, seen = run(demo.path, TEXT)
    assert [card.dtype for card in cards] == list(DTYPES)
    assert seen[-1].done == seen[-1].total
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    for card in cards[::3]:
        model = open_model(demo.path, dtype=card.dtype)
        tokenizer = load_tokenizer(None, vocab_size=model.sizes.vocab_size, model_path=demo.path)
        tokens = [tokenizer.end_of_text or 0, *tokenizer.encode_corpus(TEXT)]
        with torch.no_grad():
            logits = model.forward(tokens[:-1], model.new_state(), every=True)
        nats = torch.nn.functional.cross_entropy(logits.double(), torch.tensor(tokens[1:]), reduction="sum")
        bits = float(nats) / math.log(2) / len(TEXT.encode())
        assert card.bits_per_byte == pytest.approx(bits, rel=1e-5)
        assert card.change == pytest.approx(card.bits_per_byte / cards[0].bits_per_byte - 1)
    assert cards[-1].weights_mb < cards[-2].weights_mb < cards[0].weights_mb


@DEMOS
def test_a_model_too_large_for_float16_is_measured_without_it(tmp_path: Path) -> None:
    demo = next(m for m in demo_models() if m.version == "4")
    path = tmp_path / "large.pth"
    weights = torch.load(demo.path)
    weights["blocks.0.att.key.weight"] = weights["blocks.0.att.key.weight"].float()
    weights["blocks.0.att.key.weight"][0, 0] = 1e6
    torch.save(weights, path)
    cards, _ = run(path, "a few words", str(demo.path.parents[1] / "tokenizer.json"))
    assert "float16" not in [card.dtype for card in cards]
    assert "bfloat16" in [card.dtype for card in cards]


def test_a_damaged_model_is_an_error(saved: Saved) -> None:
    path = saved("4")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError):
        run(path, "a few words")


@DEMOS
def test_the_shipped_cards_cover_every_demo_model_and_int8_costs_next_to_nothing() -> None:
    assert SHIPPED.exists()
    for demo in demo_models():
        cards = quality_cards(demo.version)
        assert set(cards) == set(DTYPES)
        assert cards["float32"] == 0
        assert cards["int8"] <= LARGEST_LOSS_OF_INT8
        assert cards["int4"] > cards["int8"]


def test_an_unknown_version_has_no_cards() -> None:
    assert quality_cards("99") == {}
