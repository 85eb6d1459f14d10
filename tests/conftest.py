"""Fixtures for all tests: tiny checkpoints in files, open models, the shared folder, and no thread left behind."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch

from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.native import build
from tests import tiny
from tests.shared import ROOT, Opened, Saved

THREAD_GRACE = 2.0
"""Seconds that a thread may take to end after its test."""


def pytest_configure() -> None:
    hypothesis.settings.register_profile("project", deadline=None)  # a busy machine is not an error
    hypothesis.settings.load_profile("project")


@pytest.fixture(scope="session", autouse=True)
def _one_thread_a_process() -> None:
    """The models here are so small that torch's threads only get in each other's way."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _kernels_are_compiled() -> None:
    """Else some test would begin with the plain formulas and end with the native ones. Takes a minute after a change."""
    build.wait()


@pytest.fixture(autouse=True)
def _no_thread_is_left_running() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = _new_threads(before)
    deadline = time.monotonic() + THREAD_GRACE
    while left and time.monotonic() < deadline:
        left[0].join(0.01)
        left = _new_threads(before)
    if left:
        pytest.fail(f"threads left running: {', '.join(thread.name for thread in left)}")


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Those that Python started. One that was only seen passing through (a Qt thread's) is listed for ever."""
    return [t for t in threading.enumerate() if t not in before and not isinstance(t, threading._DummyThread)]


@pytest.fixture
def shared() -> Path:
    """The folder with recorded cases of the official code, which lies beside the project on developers' machines."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the recorded cases in {folder}")
    return folder


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    def save(kind: str, **overrides: Any) -> Path:
        path = tmp_path / f"{kind}{''.join(f'-{name}{value}' for name, value in overrides.items())}.pth"
        path.write_bytes(_file_content(kind, **overrides))
        return path

    return save


@cache
def _file_content(kind: str, **overrides: Any) -> bytes:
    file = io.BytesIO()
    torch.save(tiny.checkpoint(kind, **overrides), file)
    return file.getvalue()


@pytest.fixture
def opened(saved: Saved, _open_models: dict[object, RWKVModel]) -> Opened:
    """Reading does not change a model, so tests share them. One that changes a model opens its own from `saved`."""

    def open_saved(kind: str, dtype: str = "float32", **overrides: Any) -> RWKVModel:
        asked = (kind, dtype, *sorted(overrides.items()))
        if asked not in _open_models:
            _open_models[asked] = open_model(saved(kind, **overrides), dtype=dtype)
        return _open_models[asked]

    return open_saved


@pytest.fixture(scope="session")
def _open_models() -> dict[object, RWKVModel]:
    return {}
