"""The menu's entry for packed weights: tells their size, removes them, and knows when there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.packed_weights import PackedWeights
from rwkv_backend import weight_cache


def test_the_entry_tells_the_size_and_removes_the_files(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weight_cache.FOLDER_VARIABLE, str(tmp_path))
    menu = QMenu()
    qtbot.addWidget(menu)
    action = PackedWeights(menu)
    menu.aboutToShow.emit()
    assert not action.isEnabled()
    (tmp_path / "weights").mkdir()
    kept = tmp_path / "weights" / "a-int8.safetensors"
    kept.write_bytes(b"x" * 5_000_000)
    menu.aboutToShow.emit()
    assert action.isEnabled()
    assert "5.0 MB" in action.text()
    with qtbot.waitSignal(action.removed) as told:
        action.trigger()
    assert "5.0 MB" in told.args[0]
    assert not kept.exists()
    assert not action.isEnabled()
