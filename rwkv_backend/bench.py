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
from rwkv_backend.records import Progress, Spread
from rwkv_backend.state import State
from rwkv_backend.steppers import settle

SHORTEST = 1e-9
"""Seconds: a clock may be too coarse for a tiny model."""


@dataclass(frozen=True)
class Speeds:
    """Tokens a second of reading a prompt and of writing one by one, and the tokens of each that there was room for."""

    prefill: Spread
    decode: Spread
    prompt_tokens: int
    new_tokens: int
    state_bytes: int


@dataclass(frozen=True)
class BenchResult:
    load_s: Spread
    prefill_tok_s: Spread
    decode_tok_s: Spread
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
    loads, model = list[float](), None
    for _ in range(runs + 1):
        model = None
        gc.collect()
        seconds, model = _timed(lambda: open_model(path, device, dtype))
        loads.append(seconds)
        yield Progress(done := done + 1, total, "runs")
    assert model is not None
    steps = time_model(model, prompt_tokens, new_tokens, runs)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            speeds: Speeds = end.value
            break
        yield Progress(done + step.done, total, "runs")
    peak = peak_rss_bytes()
    bandwidth = read_bandwidth(model.device)
    limit = bandwidth / bytes_per_token(model)
    return BenchResult(
        bandwidth_gb_s=bandwidth / 1e9,
        limit_tok_s=limit,
        limit_reached=speeds.decode.median / limit,
        load_s=_spread(loads[1:]),
        prefill_tok_s=speeds.prefill,
        decode_tok_s=speeds.decode,
        peak_rss_mb=peak / 1e6,
        weights_mb=model.weight_bytes / 1e6,
        state_mb=speeds.state_bytes / 1e6,
        torch_threads=torch.get_num_threads(),
        prompt_tokens=speeds.prompt_tokens,
        new_tokens=speeds.new_tokens,
        runs=runs,
    )


def time_model(model: RWKVModel, prompt_tokens: int, new_tokens: int, runs: int) -> Generator[Progress, None, Speeds]:
    """Read a prompt and write, `runs` times after once that does not count. Waits for fast paths that are being built."""
    settle(model)
    prompt_tokens, new_tokens = _fitting(model, prompt_tokens, new_tokens)
    prompt = [(i * 7919 + 13) % model.sizes.vocab_size for i in range(prompt_tokens)]
    reading, writing, total = list[float](), list[float](), 2 * (runs + 1)
    for _ in range(runs + 1):
        state = model.new_state()
        began = time.perf_counter()
        _forward(model, prompt, state)
        read = time.perf_counter()
        reading.append(prompt_tokens / max(read - began, SHORTEST))
        yield Progress(len(reading) + len(writing), total, "runs")
        began = time.perf_counter()
        _write(model, state, new_tokens)
        writing.append(new_tokens / max(time.perf_counter() - began, SHORTEST))
        yield Progress(len(reading) + len(writing), total, "runs")
    return Speeds(_spread(reading[1:]), _spread(writing[1:]), prompt_tokens, new_tokens, state.nbytes)


def bytes_per_token(model: RWKVModel) -> int:
    """Bytes of weights that one token reads."""
    tables = [piece for piece in vars(model.weights).values() if isinstance(piece, Embedding)]
    return model.weight_bytes - sum(e.table.nbytes for e in tables) + sum(e.table[0].nbytes for e in tables)


def _fitting(model: RWKVModel, prompt_tokens: int, new_tokens: int) -> tuple[int, int]:
    if model.max_tokens is None:
        return prompt_tokens, new_tokens
    new_tokens = max(1, min(new_tokens, model.max_tokens // 2))
    return max(1, min(prompt_tokens, model.max_tokens - new_tokens)), new_tokens


def _write(model: RWKVModel, state: State, count: int) -> None:
    """Tokens that are known beforehand, so that nothing but the model is measured."""
    for i in range(count):
        _forward(model, [(i * 31 + 7) % model.sizes.vocab_size], state)


def _forward(model: RWKVModel, tokens: list[int], state: State) -> None:
    with torch.no_grad():
        model.forward(tokens, state)
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _timed(work: Callable[[], RWKVModel]) -> tuple[float, RWKVModel]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _spread(values: list[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


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
