"""The lens's last row is the model's own answer; the rows above are the norm and the head over the reference's stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rwkv_backend.analysis.lens import logit_lens
from rwkv_backend.errors import SettingError, TokenError
from rwkv_backend.tokenizers import load_tokenizer
from tests import reference, tiny
from tests.backend.analysis.helpers import answer_of
from tests.reference.common import Array
from tests.shared import Opened, every_kind, in_numpy, read, text_of


def softmax(logits: Array) -> Array:
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    summed: Array = shifted / shifted.sum(-1, keepdims=True)
    return summed


@every_kind
def test_the_last_layer_says_what_the_model_says(kind: str, opened: Opened) -> None:
    model, tokens = opened(kind), text_of(kind)
    table = answer_of(logit_lens(model, tokens, top=5))
    chances = softmax(read(model, tokens))
    assert table.layers == tuple(range(model.sizes.n_layer))
    np.testing.assert_allclose(table.top_probabilities[-1], -np.sort(-chances, -1)[:, :5], atol=1e-5)
    np.testing.assert_allclose(
        np.take_along_axis(chances, table.top_tokens[-1], -1), table.top_probabilities[-1], atol=1e-5
    )
    followed = chances[np.arange(len(tokens) - 1), tokens[1:]]
    np.testing.assert_allclose(table.next_probability[-1, :-1], followed, atol=1e-5)
    assert np.isnan(table.next_probability[:, -1]).all()
    assert (table.next_rank[:, -1] == -1).all()
    np.testing.assert_array_equal(table.next_rank[-1, :-1], (chances[:-1] > followed[:, None]).sum(-1))
    np.testing.assert_allclose(table.entropy[-1], -(chances * np.log(chances)).sum(-1), atol=1e-4)


@pytest.mark.parametrize("kind", ["1", "2", "3", "4", "5.2", "6.0", "7.0"])
def test_an_earlier_row_is_what_a_model_cut_after_that_layer_says(kind: str, opened: Opened) -> None:
    """A checkpoint without its upper blocks, run by the float64 reference; version 1's copy head taken out as well."""
    model, tokens = opened(kind), text_of(kind)
    table = answer_of(logit_lens(model, tokens, top=model.sizes.vocab_size))
    for layer in range(model.sizes.n_layer - 1):
        tensors = in_numpy(tiny.checkpoint(kind))
        kept = {
            name: tensor
            for name, tensor in tensors.items()
            if not name.startswith("head_") and (name[:7] != "blocks." or int(name.split(".")[1]) <= layer)
        }
        if kind == "2":  # the missing copy head would be taken for the other ε
            kept |= {name: 0 * tensors[name] for name in ("head_q.weight", "head_k.weight")}
        want = softmax(reference.logits(tiny.KINDS[kind], kept, tokens))
        got = np.take_along_axis(table.top_probabilities[layer], np.argsort(table.top_tokens[layer], -1), -1)
        np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.parametrize("kind", ["1", "4-copy", "6.0"])
def test_a_part_of_the_text_has_the_rows_of_the_whole(kind: str, opened: Opened) -> None:
    model, tokens = opened(kind), text_of(kind)
    whole = answer_of(logit_lens(model, tokens, top=3))
    part = answer_of(logit_lens(model, tokens, top=3, first=7, layers=[1]))
    np.testing.assert_allclose(part.top_probabilities[0], whole.top_probabilities[1, 7:], atol=1e-5)
    assert part.tokens == whole.tokens[7:]
    state = model.new_state()
    model.forward(tokens[:7], state)
    after = answer_of(logit_lens(model, tokens[7:], state=state, top=3))
    np.testing.assert_allclose(after.next_probability[:, :-1], whole.next_probability[:, 7:-1], atol=1e-5)
    assert state.tokens_seen == 7


def test_long_texts_are_read_in_chunks_and_words_have_texts(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokens = opened("5.2"), text_of("5.2")
    whole = answer_of(logit_lens(model, tokens, load_tokenizer("bytes"), top=2))
    monkeypatch.setattr("rwkv_backend.analysis.lens.NUMBERS_AT_ONCE", 1)  # chunks of 16
    steps = list(logit_lens(model, tokens, top=2))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert (steps[-1].done, steps[-1].total) == (len(tokens), len(tokens))
    chunked = answer_of(logit_lens(model, tokens, top=2))
    np.testing.assert_allclose(chunked.next_probability, whole.next_probability, atol=1e-5)
    word = whole.words(2, 4)[0]
    assert word.token == whole.top_tokens[2, 4, 0]
    assert word.text == bytes([word.token]).decode("utf-8", errors="backslashreplace")
    assert not whole.top_tokens.flags.writeable


def test_the_copy_head_is_named_where_there_is_one(opened: Opened) -> None:
    assert "copy head" in answer_of(logit_lens(opened("4-copy"), [1, 2, 3])).note
    assert not answer_of(logit_lens(opened("4"), [1, 2, 3])).note


def test_what_is_not_there_is_refused(opened: Opened) -> None:
    model = opened("4")
    with pytest.raises(TokenError):
        answer_of(logit_lens(model, []))
    wrong: tuple[dict[str, Any], ...] = ({"layers": [9]}, {"first": 3}, {"top": 0}, {"layers": []})
    for asked in wrong:
        with pytest.raises(SettingError):
            answer_of(logit_lens(model, [1, 2, 3], **asked))
    assert torch.is_grad_enabled()
