"""What the tests of comparisons share."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from rwkv_backend.compare.records import CompareSettings

T = TypeVar("T")

TEXT = 'There was a king. "Où?" asked the fox. Once he had a daughter, and she had three feathers – no more! ' * 3

SMALL = CompareSettings(
    prompt="A king",
    max_tokens=12,
    window=16,
    contexts=(8, 24, 4000),
    needle_distances=(0, 5),
    needle_trials=2,
    speed_prompt_tokens=8,
    speed_new_tokens=2,
    speed_runs=2,
    state_tokens=(1, 7, 30),
)


def result_of(steps: Generator[Any, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
