"""Compiled code: kept for the next start, built by one process at a time, and missed by nobody when it cannot be had."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from rwkv_backend.loading import open_model
from rwkv_backend.native import build, object_code
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
    fresh: Path, saved: Saved, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(build, "version", missing)
    with caplog.at_level(logging.WARNING):
        model = open_model(saved("6.0"))
    assert model.stepper is not None
    assert not model.stepper.serves(None)
    assert model.forward([1, 2], model.new_state()).isfinite().all()
    assert "slower" in caplog.text
    assert "numba" in caplog.text


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
    """Those of this session, in another process, which needs no compiler for them."""
    assert build.wait()
    code = (
        "import sys\n"
        "from rwkv_backend.native import build\n"
        "kernels = build.kernels()\n"
        "assert kernels is not None\n"
        "assert kernels.shared_words(5, 512) > 5 * 512\n"
        "assert 'numba' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert not done.returncode, done.stderr


@pytest.mark.parametrize(
    "harm", [lambda whole: whole[:-1], lambda whole: whole[:9] + b"x" + whole[10:], lambda whole: b""]
)
def test_damaged_code_is_not_run_but_compiled_again(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[bytes], bytes]
) -> None:
    folder, started = build.cache_folder(), []
    build.write_code(folder, b"code")
    assert build.read_code(folder) == b"code"
    (folder / build.CODE).write_bytes(harm((folder / build.CODE).read_bytes()))
    assert build.read_code(folder) is None

    def start(folder: Path) -> subprocess.Popen[bytes]:
        started.append(folder)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(build, "start_compiler", start)
    assert build.kernels() is None
    assert started == [folder]
    assert build._builder.process is not None
    build._builder.process.wait()


def test_threads_that_ask_at_once_load_the_code_once(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.write_code(build.cache_folder(), b"code")
    loads, both = [], threading.Barrier(2)

    def load(code: bytes) -> object:
        loads.append(code)
        return object()

    def ask() -> None:
        both.wait()
        build.kernels()

    monkeypatch.setattr(build, "loaded", load)
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [b"code"]


def test_code_that_would_call_python_is_refused() -> None:
    """It would end the program where Python is not there to be called."""
    llvm.initialize_native_target()
    module = llvm.parse_assembly(
        "declare void @PyErr_Clear() declare float @sqrtf(float) "
        "define i64 @rwkv_run() { call void @PyErr_Clear() call float @sqrtf(float 1.0) ret i64 0 } "
        "define void @wrapper() { call void @unknown() ret void } declare void @unknown()"
    )
    with pytest.raises(RuntimeError, match=r"calls PyErr_Clear$"):
        object_code._leave_only_exported(module, llvm.Target.from_default_triple().create_target_machine())
