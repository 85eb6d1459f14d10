"""Comparisons of tiny models, with few tokens of everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

from rwkv_backend.compare.comparing import compare
from rwkv_backend.compare.records import CompareEvent, CompareSettings, Comparison, ModelChoice
from tests.backend.compare.helpers import SMALL, TEXT
from tests.shared import Saved


class Compared(Protocol):
    """Runs a comparison of byte models of these kinds, or of files as they are, to its end."""

    def __call__(
        self, *models: str | Path, settings: CompareSettings = SMALL, text: str = TEXT
    ) -> tuple[Comparison, list[CompareEvent]]: ...


@pytest.fixture
def compared(saved: Saved) -> Compared:
    def run(
        *models: str | Path, settings: CompareSettings = SMALL, text: str = TEXT
    ) -> tuple[Comparison, list[CompareEvent]]:
        files = [saved(m, vocab=256) if isinstance(m, str) else m for m in models]
        return run_to_end(files, settings, text)

    return run


def run_to_end(files: Sequence[Path], settings: CompareSettings, text: str) -> tuple[Comparison, list[CompareEvent]]:
    steps, events = compare([ModelChoice(file) for file in files], text, settings, "tale.txt"), []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events
