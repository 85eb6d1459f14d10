"""Measuring how fast a model reads and writes here, by dtype and number of threads."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from app.benchmark_messages import BenchmarkRow, RunBenchmark, Spread
from app.jobs.desk import Desk, Jobs, Steps
from rwkv_backend.errors import RWKVError

if TYPE_CHECKING:
    from rwkv_backend.bench import BenchResult, Measured


def run_benchmark(desk: Desk, job: RunBenchmark) -> Steps:
    """Tells a BenchmarkRow as soon as it is known; a dtype that cannot be measured is told with the reason."""
    yield
    import torch

    before = torch.get_num_threads()
    try:
        for dtype in job.dtypes:
            for threads in job.threads:
                torch.set_num_threads(threads)
                desk.tell(job, (yield from _row(desk, job, dtype, threads)))
    finally:
        torch.set_num_threads(before)
    return None


def _row(desk: Desk, job: RunBenchmark, dtype: str, threads: int) -> Generator[None, None, BenchmarkRow]:
    from rwkv_backend.bench import bench
    from rwkv_backend.checkpoints import open_checkpoint
    from rwkv_backend.memory import memory_free, memory_needed
    from rwkv_backend.models import identify

    try:
        layout = identify(open_checkpoint(job.path).shapes).layout
        free = memory_free(job.device)
        if free and memory_needed(layout, dtype) > free:
            return BenchmarkRow(dtype, threads, sentence="It does not fit into the free memory.")
        steps = bench(job.path, job.device, dtype, job.prompt_tokens, job.new_tokens, job.runs)
        result: BenchResult = yield from desk.with_progress(job, "benchmark", steps)
    except RWKVError as error:
        return BenchmarkRow(dtype, threads, sentence=error.sentence)
    return BenchmarkRow(
        dtype,
        threads,
        writing=_spread(result.decode_tok_s),
        reading=_spread(result.prefill_tok_s),
        load_seconds=result.load_s.median,
        weight_bytes=result.weights_mb * 1e6,
        limit=result.limit_tok_s,
    )


def _spread(measured: Measured) -> Spread:
    return Spread(measured.median, measured.low, measured.high)


JOBS: Jobs = {RunBenchmark: run_benchmark}
