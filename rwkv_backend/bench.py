"""Speed and memory of one model on this machine, as numbers: medians of several runs after a warm-up, with their spread.

A figure holds for this machine at this moment. To compare two programs, run them in turn and compare the ratios
(tests/measure/peers does). How near writing comes to what the memory allows is a figure that travels better: each token
reads all weights but the embedding, of which it reads one row.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import torch

from rwkv_backend.bandwidth import read_bandwidth
from rwkv_backend.errors import SettingError
from rwkv_backend.loading import open_model
from rwkv_backend.mixing import Embedding
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import Progress
from rwkv_backend.steppers import settle


@dataclass(frozen=True)
class Measured:
    """Median, lowest and highest of the runs."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class BenchResult:
    load_s: Measured
    prefill_tok_s: Measured
    decode_tok_s: Measured
    bandwidth_gb_s: float
    """What this machine reads a second with that many threads, measured just before."""
    limit_tok_s: float
    """Tokens a second if reading the weights took all of the time."""
    limit_reached: float
    """decode_tok_s as a fraction of that."""
    peak_rss_mb: float
    weights_mb: float
    state_mb: float
    torch_threads: int
    prompt_tokens: int
    new_tokens: int
    runs: int


def bench(
    path: str | Path, device: str, dtype: str, prompt_tokens: int = 512, new_tokens: int = 128, runs: int = 3
) -> Generator[Progress, None, BenchResult]:
    """Load, read a prompt and write, `runs` times each after one that does not count.

    A model with a limited context gets a prompt that leaves room for the new tokens.
    """
    if min(prompt_tokens, new_tokens, runs) < 1:
        raise SettingError("Prompt tokens, new tokens and runs must each be 1 or more.")
    total, done = 3 * runs + 3, 0
    loads, model = [], None
    for _ in range(runs + 1):
        model = None
        gc.collect()
        seconds, model = _timed(lambda: open_model(path, device, dtype))
        loads.append(seconds)
        yield Progress(done := done + 1, total, "runs")
    assert model is not None
    settle(model)
    prompt_tokens, new_tokens = _fitting(model, prompt_tokens, new_tokens)
    prompt = [(i * 7919 + 13) % model.sizes.vocab_size for i in range(prompt_tokens)]
    reading, writing = [], []
    for _ in range(runs + 1):
        state = model.new_state()
        reading.append(prompt_tokens / _timed(lambda: _forward(model, prompt, state))[0])  # noqa: B023 - used at once
        yield Progress(done := done + 1, total, "runs")
        writing.append(new_tokens / _timed(lambda: _write(model, state, new_tokens))[0])  # noqa: B023 - used at once
        yield Progress(done := done + 1, total, "runs")
    peak = peak_rss_bytes()
    bandwidth = read_bandwidth(model.device)
    limit = bandwidth / bytes_per_token(model)
    return BenchResult(
        bandwidth_gb_s=bandwidth / 1e9,
        limit_tok_s=limit,
        limit_reached=statistics.median(writing[1:]) / limit,
        load_s=_measured(loads[1:]),
        prefill_tok_s=_measured(reading[1:]),
        decode_tok_s=_measured(writing[1:]),
        peak_rss_mb=peak / 1e6,
        weights_mb=model.weight_bytes / 1e6,
        state_mb=state.nbytes / 1e6,
        torch_threads=torch.get_num_threads(),
        prompt_tokens=prompt_tokens,
        new_tokens=new_tokens,
        runs=runs,
    )


def bytes_per_token(model: RWKVModel) -> int:
    """Bytes of weights that one token reads."""
    tables = [piece for piece in vars(model.weights).values() if isinstance(piece, Embedding)]
    return model.weight_bytes - sum(e.table.nbytes for e in tables) + sum(e.table[0].nbytes for e in tables)


def _fitting(model: RWKVModel, prompt_tokens: int, new_tokens: int) -> tuple[int, int]:
    if model.max_tokens is None:
        return prompt_tokens, new_tokens
    new_tokens = max(1, min(new_tokens, model.max_tokens // 2))
    return max(1, min(prompt_tokens, model.max_tokens - new_tokens)), new_tokens


def _write(model: RWKVModel, state: object, count: int) -> None:
    """Tokens that are known beforehand, so that nothing but the model is measured."""
    for i in range(count):
        _forward(model, [(i * 31 + 7) % model.sizes.vocab_size], state)


def _forward(model: RWKVModel, tokens: list[int], state: object) -> None:
    with torch.no_grad():
        model.forward(tokens, state)  # type: ignore[arg-type]
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _timed(work: Callable[[], RWKVModel | None]) -> tuple[float, RWKVModel | None]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _measured(values: list[float]) -> Measured:
    return Measured(statistics.median(values), min(values), max(values))


def peak_rss_bytes() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not tell.

    On Linux from /proc: what `getrusage` says there begins with the peak of the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
