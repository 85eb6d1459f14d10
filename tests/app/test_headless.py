"""The program without a window: every demo model writes, and words stay whole."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import headless
from app.headless import _Wrapper, tell_tales
from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.errors import RWKVError


@pytest.fixture(autouse=True)
def _short_tales(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "TOKENS", 5)


class Watched(io.StringIO):
    """Remembers what had been written at each flush: what someone at the terminal saw, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def flush(self) -> None:
        self.seen.append(len(self.getvalue()))


def test_every_demo_model_tells_a_tale_as_it_writes_it() -> None:
    out = Watched()
    assert tell_tales(out) == 0
    text = out.getvalue()
    models = demo_models()
    assert len(models) == 7
    places = [text.index(f"RWKV-{model.version}:") for model in models]
    assert places == sorted(places)
    assert text.count(headless.PROMPT) == 1 + len(models)
    assert text.count("[5 tokens at") == len(models)
    assert len(set(out.seen)) > 3 * len(models), "all came at once"
    assert "Traceback" not in text
    for model in models:
        assert f"{model.bits_per_byte:.3f} bits per byte" in text


def test_the_same_tales_are_told_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "demo_models", lambda: demo_models()[-1:])
    tales = []
    for _ in range(2):
        out = io.StringIO()
        assert tell_tales(out) == 0
        tales.append([line for line in out.getvalue().splitlines() if "a second" not in line])
    assert tales[0] == tales[1]


def test_missing_demo_models_are_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "demo_models", lambda: ())
    out = io.StringIO()
    assert tell_tales(out) == 1
    assert "missing" in out.getvalue()


def test_one_broken_model_does_not_keep_the_others_from_writing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = DemoModel(tmp_path / "broken.pth", "4", 1.0)
    broken.path.write_bytes(b"nothing")
    monkeypatch.setattr(headless, "demo_models", lambda: (broken, demo_models()[-1]))
    out = io.StringIO()
    assert tell_tales(out) == 1
    assert "broken.pth: " in out.getvalue()
    assert "[5 tokens at" in out.getvalue()


def test_interruption_ends_the_tales_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(headless, "_write_tale", interrupted)
    out = io.StringIO()
    assert tell_tales(out) == 130
    assert out.getvalue().endswith("interrupted\n")


def test_errors_that_are_not_meant_for_users_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("our own mistake")

    assert not issubclass(RuntimeError, RWKVError)
    monkeypatch.setattr(headless, "_write_tale", wrong)
    with pytest.raises(RuntimeError):
        tell_tales(io.StringIO())


# Wrapping


def wrapped(pieces: list[str], width: int = 30) -> str:
    out = io.StringIO()
    wrapper = _Wrapper(out, width=width)
    for piece in [*pieces, "\n"]:
        wrapper.write(piece)
    return out.getvalue()


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@given(lines=st.lists(st.lists(words, max_size=20), max_size=5), cuts=st.sets(st.integers(0, 300), max_size=30))
def test_words_stay_whole_and_lines_short_however_the_text_comes(lines: list[list[str]], cuts: set[int]) -> None:
    text = "\n".join(" ".join(line) for line in lines)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    got = wrapped(pieces)
    assert got == wrapped([text])
    assert got.split() == text.split()
    assert all(len(line) <= 30 for line in got.splitlines())
    assert all(line.startswith("  ") for line in got.splitlines() if line)


@given(line=st.lists(words, min_size=1, max_size=20))
def test_no_line_ends_before_it_is_full(line: list[str]) -> None:
    rows = wrapped([" ".join(line)]).splitlines()
    for row, following in itertools.pairwise(rows):
        assert len(row) + 1 + len(following.split()[0]) > 30


def test_line_ends_of_the_text_are_kept() -> None:
    assert wrapped(["One.\n\nTwo,\nthree."]) == "  One.\n\n  Two,\n  three.\n"


def test_last_word_waits_for_its_end() -> None:
    out = io.StringIO()
    wrapper = _Wrapper(out)
    wrapper.write("once upo")
    assert out.getvalue() == "  once"
    wrapper.write("n ")
    assert out.getvalue() == "  once upon"


def test_word_longer_than_a_line_is_cut_to_the_width() -> None:
    rows = wrapped(["a" * 70]).splitlines()
    assert "".join(row.strip() for row in rows) == "a" * 70
    assert max(map(len, rows)) <= 30
