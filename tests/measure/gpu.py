"""Our speed on a CUDA device, and that of the `rwkv` package where it is installed, measured in turn on one checkpoint.

    python -m tests.measure.gpu MODEL.pth [--dtypes float16,int8] [--rounds 5] [--no-peer] [--json OUT.json]

Decode: tokens known beforehand, one by one, the device waited for after each. Write: each token drawn from the logits before,
as a user has it. Prefill: a prompt from nothing. Medians of the rounds; a ratio holds within one run only. The model must not
be named so that the package takes it for another version; it loads only what it knows (versions 4 to 7).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rwkv_backend import open_model
from rwkv_backend.cuda.stepper import GraphStepper
from rwkv_backend.sampling import Sampler, SamplingParams

WORK = {"decode": 128, "write": 128, "prefill 512": 512, "prefill 64": 64}
"""Tokens of each kind of work."""

SHARP = 6.0
"""Random weights give flat logits; times this they are about as sharp as a trained model's."""


class Ours:
    def __init__(self, path: str, dtype: str, recorded: bool = False) -> None:
        """recorded: without fused kernels, as it is where there is no Triton."""
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        self.model = open_model(path, device="cuda", dtype=dtype)
        torch.cuda.synchronize()
        self.loaded = time.perf_counter() - began
        stepper = self.model.stepper
        if isinstance(stepper, GraphStepper):
            stepper.settle()
            if recorded:
                stepper.fused = None
        self.peak = torch.cuda.max_memory_allocated() - before
        self.state = self.model.new_state()
        self.sampler = Sampler(SamplingParams(seed=1))

    def decode(self, tokens: list[int]) -> None:
        for token in tokens:
            self.model.forward([token], self.state)
            torch.cuda.synchronize()

    def write(self, tokens: list[int]) -> None:
        logits = self.model.forward([tokens[0]], self.state)
        for _ in tokens:
            draw = self.sampler.next(logits * SHARP)
            self.sampler.accept(draw.token)
            logits = self.model.forward([draw.token], self.state)
        torch.cuda.synchronize()

    def prefill(self, tokens: list[int]) -> None:
        self.model.forward(tokens, self.model.new_state())
        torch.cuda.synchronize()


class Package:
    """The `rwkv` package with its CUDA kernels, which it compiles on its first start."""

    def __init__(self, path: str) -> None:
        os.environ.setdefault("RWKV_JIT_ON", "1")
        os.environ.setdefault("RWKV_CUDA_ON", "1")
        began = time.perf_counter()
        self.model: Any = importlib.import_module("rwkv.model").RWKV(
            path.removesuffix(".pth"), "cuda fp16", verbose=False
        )
        torch.cuda.synchronize()
        self.loaded, self.peak = time.perf_counter() - began, 0
        torch.backends.cuda.matmul.allow_tf32 = False  # the package switches it on for everybody
        self.state: Any = None

    def decode(self, tokens: list[int]) -> None:
        for token in tokens:
            _, self.state = self.model.forward([token], self.state)
            torch.cuda.synchronize()

    def write(self, tokens: list[int]) -> None:
        """With the package's own way to draw a token."""
        sample = importlib.import_module("rwkv.utils").PIPELINE.sample_logits
        logits, self.state = self.model.forward([tokens[0]], self.state)
        for _ in tokens:
            token = int(sample(None, logits.float() * SHARP, temperature=1.0, top_p=0.85))
            logits, self.state = self.model.forward([token], self.state)
        torch.cuda.synchronize()

    def prefill(self, tokens: list[int]) -> None:
        self.model.forward(list(tokens), None)
        torch.cuda.synchronize()


Program = Ours | Package


def measure(programs: dict[str, Program], rounds: int) -> dict[str, dict[str, float]]:
    """Tokens a second: medians by program and kind of work."""
    found: dict[str, dict[str, list[float]]] = {name: {work: [] for work in WORK} for name in programs}
    for round_number in range(rounds + 2):  # two that do not count
        for work, count in WORK.items():
            for name, program in programs.items():
                speed = count / spent(program, work, [(i * 7919 + 13) % 2000 for i in range(count)])
                if round_number > 1:
                    found[name][work].append(speed)
    return {name: {work: statistics.median(v) for work, v in speeds.items()} for name, speeds in found.items()}


def spent(program: Program, work: str, tokens: list[int]) -> float:
    run: Callable[[list[int]], None] = getattr(program, work.split()[0])
    torch.cuda.synchronize()
    began = time.perf_counter()
    with torch.no_grad():
        run(tokens)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--dtypes", default="float16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    programs: dict[str, Program] = {dtype: Ours(asked.model, dtype) for dtype in asked.dtypes.split(",")}
    programs["float16, recorded only"] = Ours(asked.model, "float16", recorded=True)
    if not asked.no_peer:
        try:
            programs["rwkv package"] = Package(asked.model)
        except ImportError as error:
            sys.stderr.write(f"without the rwkv package: {error}\n")
    speeds = measure(programs, asked.rounds)
    report = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "model": Path(asked.model).name,
        "tok_s": speeds,
        "load_s": {name: program.loaded for name, program in programs.items()},
        "peak_mb": {name: program.peak / 1e6 for name, program in programs.items() if program.peak},
    }
    if "rwkv package" in speeds:
        peer = speeds["rwkv package"]
        report["times_the_package"] = {
            name: {w: v / peer[w] for w, v in found.items()} for name, found in speeds.items()
        }
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
