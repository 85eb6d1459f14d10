"""One program with one model, kept loaded: reads a command a line and answers each with a line of JSON.

    prefill N    read N tokens from nothing          decode N    read N tokens one by one, going on
    load N       open the model N times more, beside the one that is open

Run by __main__.py, each program with the Python that has it. Stands alone: imports nothing of the project but what it runs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol


class Program(Protocol):
    def prefill(self, tokens: list[int]) -> None: ...

    def decode(self, token: int) -> None: ...


class Ours:
    def __init__(self, model: str, choice: str, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        from rwkv_backend import open_model

        device, dtype = choice.split()
        self.torch = torch
        self.model = open_model(model, device=device, dtype=dtype)
        self.state = self.model.new_state()

    def prefill(self, tokens: list[int]) -> None:
        with self.torch.no_grad():
            self.model.forward(tokens, self.model.new_state())
        self.wait()

    def decode(self, token: int) -> None:
        with self.torch.no_grad():
            self.model.forward([token], self.state)
        self.wait()

    def wait(self) -> None:
        if self.model.device.type == "cuda":
            self.torch.cuda.synchronize()


class RwkvPackage:
    """The `rwkv` package with one of its strategies, "cpu fp32" or "cuda fp16"."""

    def __init__(self, model: str, choice: str, threads: int) -> None:
        os.environ.setdefault("RWKV_JIT_ON", "1")
        os.environ.setdefault("RWKV_CUDA_ON", "1" if "cuda" in choice else "0")
        import torch

        torch.set_num_threads(threads)
        from rwkv.model import RWKV  # type: ignore[import-not-found, unused-ignore]

        self.torch = torch
        self.model = RWKV(model.removesuffix(".pth"), choice, verbose=False)
        self.state: Any = None

    def prefill(self, tokens: list[int]) -> None:
        self.model.forward(list(tokens), None)
        self.wait()

    def decode(self, token: int) -> None:
        _, self.state = self.model.forward([token], self.state)
        self.wait()

    def wait(self) -> None:
        if self.torch.cuda.is_available():
            self.torch.cuda.synchronize()


class LlamaCpp:
    def __init__(self, model: str, choice: str, threads: int) -> None:
        from llama_cpp import Llama  # type: ignore[import-not-found, unused-ignore]

        self.model = Llama(model, n_ctx=4096, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)

    def prefill(self, tokens: list[int]) -> None:
        self.model.reset()
        self.model.eval(tokens)

    def decode(self, token: int) -> None:
        if self.model.n_tokens > 4000:
            self.model.reset()
        self.model.eval([token])


PROGRAMS: dict[str, Callable[[str, str, int], Program]] = {"ours": Ours, "rwkv": RwkvPackage, "llama.cpp": LlamaCpp}


def main(name: str, model: str, choice: str, threads: int) -> None:
    began = time.perf_counter()
    program = PROGRAMS[name](model, choice, threads)
    loaded = time.perf_counter() - began
    for i in range(6):
        program.decode(i + 2)
    program.prefill(list(range(2, 18)))
    answer({"load_s": loaded, "peak_rss_mb": peak_rss_mb()})
    for line in sys.stdin:
        kind, count = line.split()
        if kind == "load":
            answer({"tok_s": int(count) / reloading(lambda: PROGRAMS[name](model, choice, threads), int(count))})
            continue
        tokens = [(i * 7919 + 13) % 2000 for i in range(int(count))]
        answer({"tok_s": len(tokens) / spent(program, kind, tokens, threads), "peak_rss_mb": peak_rss_mb()})


def spent(program: Program, kind: str, tokens: list[int], threads: int) -> float:
    """Seconds. With one thread the process's own, which other work on the machine hardly changes."""
    clock = time.process_time if threads == 1 else time.perf_counter
    began = clock()
    if kind == "prefill":
        program.prefill(tokens)
    else:
        for token in tokens:
            program.decode(token)
    return clock() - began


def reloading(load: Callable[[], Program], times: int) -> float:
    """Seconds by the clock on the wall: what waits for the disk counts."""
    began = time.perf_counter()
    for _ in range(times):
        load()
    return time.perf_counter() - began


def answer(values: dict[str, float]) -> None:
    sys.__stdout__.write(json.dumps(values) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def peak_rss_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what the programs print is not an answer
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
