"""Measuring how fast a model reads and writes here, by dtype and number of threads."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from app.benchmark_messages import BenchmarkRow, RunBenchmark
from app.jobs.desk import Desk, Jobs, Steps
from rwkv_backend.errors import RWKVError

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel


def run_benchmark(desk: Desk, job: RunBenchmark) -> Steps:
    """Tells a BenchmarkRow as soon as it is known; a dtype that cannot be measured is told with the reason."""
    yield
    import torch

    before = torch.get_num_threads()
    try:
        for dtype in job.dtypes:
            yield from _rows(desk, job, dtype)
    finally:
        torch.set_num_threads(before)
    return None


def _rows(desk: Desk, job: RunBenchmark, dtype: str) -> Generator[None, None, None]:
    """The model is loaded once, and timed with each number of threads."""
    import torch

    from rwkv_backend.bandwidth import read_bandwidth
    from rwkv_backend.bench import Speeds, bytes_per_token, time_model
    from rwkv_backend.loading import load

    try:
        _require_memory(job, dtype)
        began = time.perf_counter()
        model: RWKVModel = yield from desk.with_progress(job, "benchmark", load(job.path, job.device, dtype))
        seconds = time.perf_counter() - began
        for threads in job.threads:
            torch.set_num_threads(threads)
            steps = time_model(model, job.prompt_tokens, job.new_tokens, job.runs)
            found: Speeds = yield from desk.with_progress(job, "benchmark", steps)
            limit = read_bandwidth(model.device) / bytes_per_token(model)
            row = BenchmarkRow(dtype, threads, found.decode, found.prefill, seconds, model.weight_bytes, limit)
            desk.tell(job, row)
    except RWKVError as error:
        desk.tell(job, BenchmarkRow(dtype, job.threads[0], sentence=error.sentence))


def _require_memory(job: RunBenchmark, dtype: str) -> None:
    from rwkv_backend.checkpoints import open_checkpoint
    from rwkv_backend.memory import memory_free, memory_needed
    from rwkv_backend.models import identify

    layout = identify(open_checkpoint(job.path).shapes).layout
    free = memory_free(job.device)
    if free and memory_needed(layout, dtype) > free:
        raise RWKVError("It does not fit into the free memory.")


JOBS: Jobs = {RunBenchmark: run_benchmark}
