"""The log file, and the lines kept for reports."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import log as log_file

log = logging.getLogger("some.module")


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    log_file.close()
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_what_is_logged_stands_in_the_file_whose_folder_was_made(tmp_path: Path) -> None:
    path = log_file.setup(tmp_path / "new" / "folder")
    log.info("模型 opened")
    log.debug("too small to mention")
    assert path is not None
    assert path == log_file.path()
    text = path.read_text(encoding="utf-8")
    assert "some.module: 模型 opened" in text
    assert "mention" not in text


def test_without_a_place_for_the_file_the_terminal_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert log_file.setup(tmp_path / "file" / "folder") is None
    assert log_file.path() is None
    log.warning("still heard")
    assert "still heard" in capsys.readouterr().err
    assert "still heard" in log_file.recent_lines()[-1]


def test_setting_up_twice_writes_each_line_once(tmp_path: Path) -> None:
    log_file.setup(tmp_path)
    path = log_file.setup(tmp_path)
    log.info("once")
    assert path is not None
    assert path.read_text(encoding="utf-8").count("once") == 1


def test_a_program_without_a_terminal_logs_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    path = log_file.setup(tmp_path)
    log.error("nobody is watching")
    assert path is not None
    assert "nobody is watching" in path.read_text(encoding="utf-8")


def test_the_newest_lines_are_kept_in_order(tmp_path: Path) -> None:
    log_file.setup(tmp_path)
    for number in range(2 * log_file.KEPT_LINES):
        log.info("line %d", number)
    lines = log_file.recent_lines(3)
    assert [line.rpartition(" ")[2] for line in lines] == [str(2 * log_file.KEPT_LINES - n) for n in (3, 2, 1)]


def test_before_setup_and_after_close_there_is_nothing() -> None:
    assert log_file.path() is None
    assert log_file.recent_lines() == ()


def test_the_file_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 2000)
    log_file.setup(tmp_path)
    for number in range(200):
        log.info("line %d of many", number)
    log_file.close()
    files = list(tmp_path.iterdir())
    assert len(files) == 1 + log_file.OLD_FILES
    assert all(file.stat().st_size <= 2000 for file in files)
