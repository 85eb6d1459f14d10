"""What window and worker say to each other of measuring a model's speed. Knows no Qt and no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.messages import Job
from rwkv_backend.records import Spread


@dataclass(frozen=True)
class RunBenchmark(Job):
    """Load the model with each dtype, and read and write with each number of threads."""

    path: Path = Path()
    device: str = "cpu"
    dtypes: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1,)
    prompt_tokens: int = 128
    new_tokens: int = 32
    runs: int = 3


NOTHING = Spread(0.0, 0.0, 0.0)
"""Of what was not measured."""


@dataclass(frozen=True)
class BenchmarkRow:
    """What one dtype with one number of threads reached. `limit`: tokens a second if reading the weights took all time.

    sentence: why it could not be measured; then all numbers are 0.
    """

    dtype: str
    threads: int
    writing: Spread = NOTHING
    reading: Spread = NOTHING
    load_seconds: float = 0.0
    weight_bytes: float = 0.0
    limit: float = 0.0
    sentence: str = ""
