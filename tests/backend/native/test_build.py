"""Compiled code: kept for the next start, built by one process at a time, and missed by nobody when it cannot be had."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rwkv_backend.loading import open_model
from rwkv_backend.native import build
from tests.shared import Saved


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A process in which nothing is compiled yet, with an empty cache."""
    monkeypatch.setattr(build, "_builder", build._Builder())
    monkeypatch.setenv(build.FOLDER, str(tmp_path))
    return tmp_path


def test_plain_formulas_serve_while_another_process_compiles(fresh: Path, saved: Saved) -> None:
    (build.cache_folder() / build.BUSY).touch()
    model = open_model(saved("6.0"))
    assert model.stepper is not None
    assert not model.stepper.serves(None)
    assert model.forward([1, 2], model.new_state()).isfinite().all()
    assert build._builder.process is None, "a second compiler was started"


def test_a_compiler_that_fails_is_told_of_once(
    fresh: Path, saved: Saved, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(folder: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

    monkeypatch.setattr(build, "start_compiler", fails)
    model = open_model(saved("6.0"))
    with caplog.at_level(logging.WARNING):
        assert not build.wait(30)
        model.forward([1], model.new_state())
        open_model(saved("6.0"))
    assert len(caplog.records) == 1
    assert "plain formulas" in caplog.text


def test_without_numba_the_plain_formulas_read(
    saved: Saved, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in [name for name in sys.modules if name.startswith("rwkv_backend.native")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    with caplog.at_level(logging.WARNING):
        model = open_model(saved("6.0"))
    assert model.stepper is None
    assert model.forward([1, 2], model.new_state()).isfinite().all()
    assert "slower" in caplog.text


def test_a_folder_that_cannot_be_written_is_replaced_by_a_temporary_one(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv(build.FOLDER, str(blocked / "below"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    assert build.cache_folder().is_relative_to(tmp_path / "temporary")


def test_other_sources_have_another_folder(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build.cache_folder()
    monkeypatch.setattr(build, "SOURCES", build.SOURCES[:-1])
    assert build.cache_folder() != before


def test_compiled_modules_are_all_named() -> None:
    """Else a change in one of them would leave old code in use."""
    folder = Path(build.__file__).parent
    using = {path.stem for path in folder.glob("*.py") if "import kernel" in path.read_text(encoding="utf-8")}
    assert {*using, "vectors", "heads", "team", "codes", "compiler"} <= {*build.SOURCES, "reader"}


def test_the_next_start_finds_the_kernels_at_once() -> None:
    """Those of this session, in another process; numba must not compile anything."""
    assert build.wait()
    code = (
        "from rwkv_backend.native import build\n"
        "kernels = build.kernels()\n"
        "assert kernels is not None\n"
        "assert not kernels.run.stats.cache_misses, kernels.run.stats\n"
        "assert kernels.run.stats.cache_hits and kernels.help_out.stats.cache_hits\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert not done.returncode, done.stderr
