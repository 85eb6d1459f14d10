"""Editing the memory of a session: what comes next follows from it, its past does not, and taking back is exact."""

from __future__ import annotations

import pytest
import torch

from rwkv_backend.analysis import state_edit
from rwkv_backend.analysis.records import Zero
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.session import Session, WriteSettings
from rwkv_backend.state import State
from rwkv_backend.timeline import Timeline
from rwkv_backend.tokenizers import load_tokenizer
from tests import tiny
from tests.shared import Opened

SETTINGS = WriteSettings(SamplingParams(seed=3), max_tokens=6)
TEXT = "Once upon"


def session_of(opened: Opened, kind: str) -> Session:
    session = Session(opened(kind, vocab=256), load_tokenizer("bytes"))
    for _ in session.complete(TEXT, SETTINGS):
        pass
    return session


@pytest.fixture(params=tiny.KINDS)
def session(request: pytest.FixtureRequest, opened: Opened) -> Session:
    return session_of(opened, request.param)


def zeroed(session: Session) -> Timeline:
    """Empty the memory before the last token; the timeline as it was."""
    return session.replace_past(edited_past(session))


def edited_past(session: Session) -> State:
    past, _ = session.timeline.state_at(len(session.timeline) - 1)
    return state_edit.apply(session.model, past, Zero())


def test_what_comes_next_follows_from_the_edited_memory(session: Session) -> None:
    tokens, written = list(session.timeline.tokens), list(session.timeline.written)
    with torch.no_grad():
        want = session.model.forward(tokens[-1:], edited_past(session)).clone()
    zeroed(session)
    assert session.logits is not None
    torch.testing.assert_close(session.logits, want, rtol=0, atol=0)
    assert list(session.timeline.tokens) == tokens
    assert list(session.timeline.written) == written
    assert session.edited_at == (len(tokens) - 1,)


def test_looking_back_before_the_edit_shows_the_past_as_it_was(session: Session) -> None:
    n = len(session.timeline)
    want = session.look(n - 2).logits
    zeroed(session)
    assert want is not None
    found = session.look(n - 2).logits
    assert found is not None
    torch.testing.assert_close(found, want, rtol=0, atol=0)
    at_the_end = session.look(n).logits
    assert at_the_end is not None
    assert session.logits is not None
    torch.testing.assert_close(at_the_end, session.logits)


def test_taking_back_restores_the_very_same_numbers(session: Session) -> None:
    assert session.logits is not None
    want = session.logits.clone()
    session.exchange(zeroed(session))
    assert session.logits is not None
    torch.testing.assert_close(session.logits, want, rtol=0, atol=0)
    assert session.edited_at == ()


def test_rewinding_before_the_edit_forgets_it(session: Session) -> None:
    zeroed(session)
    session.rewind(len(session.timeline) - 3)
    assert session.edited_at == ()
