"""Runs a job to its end where nobody watches: what scripts put around an analysis."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def finish(job: Generator[Any, None, Answer]) -> Answer:
    """What the generator returns; what it yields on the way is let go."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value
