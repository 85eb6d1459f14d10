"""Ours against other programs on one checkpoint, all loaded at once and asked in turn; prints medians and ratios.

    python -m tests.measure.peers MODEL.pth --python PYTHON_WITH_THE_PEERS [--gguf MODEL.gguf] [--rounds 5] [--threads 1]

PYTHON_WITH_THE_PEERS is an environment that holds `rwkv` and, where it could be built, `llama-cpp-python`; the .gguf file
is made from the same checkpoint by gguf_file.py. A ratio holds only within one run: other work slows all alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

RUNNER = Path(__file__).with_name("runner.py")
ROOT = Path(__file__).parents[3]


@dataclass
class Contestant:
    """One program with one way to hold the weights, and what it has reached so far in tokens a second."""

    name: str
    choice: str
    process: subprocess.Popen[str]
    loaded: dict[str, float] = field(default_factory=dict)
    speeds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.name} {self.choice}"

    def median(self, work: str) -> float:
        return statistics.median(self.speeds[work])

    def answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.title} ended early; its messages stand above.")
        return json.loads(line)

    def ask(self, work: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(work + "\n")
        self.process.stdin.flush()
        self.speeds.setdefault(work, []).append(self.answer()["tok_s"])


def main() -> None:
    options = read_options()
    contestants = [start(options, *who) for who in wanted(options)]
    works = [f"decode {options.new_tokens}", f"prefill {options.prompt_tokens}"]
    if options.loads:
        works = ["load 1"]
    for number in range(options.rounds + 1):
        for work in works:
            for one in contestants:
                one.ask(work)
        if number == 0:
            for one in contestants:
                one.speeds.clear()  # the first round warms up
        sys.stderr.write(f"round {number} of {options.rounds}\n")
    for one in contestants:
        one.process.stdin.close()  # type: ignore[union-attr]
        one.process.wait()
    text = json.dumps(numbers(contestants), indent=1) if options.json else table(contestants, works)
    sys.stdout.write(text + "\n")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--python", type=Path, help="the Python that has the peers; without it only ours runs")
    parser.add_argument("--gguf", type=Path, help="the same checkpoint for llama.cpp")
    parser.add_argument("--ours", nargs="+", default=["cpu float32", "cpu int8"], metavar="'DEVICE DTYPE'")
    parser.add_argument("--rwkv", nargs="*", default=["cpu fp32"], metavar="STRATEGY")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--loads", action="store_true", help="open the model again and again instead: loads a second")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def wanted(options: argparse.Namespace) -> list[tuple[str, str]]:
    found = [("ours", choice) for choice in options.ours]
    if options.python:
        found += [("rwkv", strategy) for strategy in options.rwkv]
    if options.python and options.gguf:
        found.append(("llama.cpp", "Q8_0"))
    return found


def start(options: argparse.Namespace, name: str, choice: str) -> Contestant:
    """One after the other, so that each loads undisturbed."""
    python = sys.executable if name == "ours" else str(options.python)
    model = options.gguf if name == "llama.cpp" else options.model
    command = [python, str(RUNNER), name, str(model), choice, str(options.threads)]
    environment = {"OMP_NUM_THREADS": str(options.threads), "PYTHONPATH": str(ROOT) if name == "ours" else ""}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=inherited() | environment
    )
    one = Contestant(name, choice, process)
    one.loaded = one.answer()
    sys.stderr.write(f"{one.title}: loaded in {one.loaded['load_s']:.1f} s\n")
    return one


def inherited() -> dict[str, str]:
    import os

    return {
        k: v
        for k, v in os.environ.items()
        if k in ("HOME", "PATH", "LD_LIBRARY_PATH", "CUDA_HOME", "XDG_CACHE_HOME", "RWKV_PLAYGROUND_CACHE")
    }


def numbers(contestants: list[Contestant]) -> dict[str, object]:
    return {one.title: {**one.loaded, "tok_s": one.speeds} for one in contestants}


def table(contestants: list[Contestant], works: list[str]) -> str:
    """A row a program: load, peak memory, and for each work the median, its spread and our ratio to it."""
    ours = [one for one in contestants if one.name == "ours"]
    lines = []
    for one in contestants:
        parts = [f"{one.title:16}", f"load {one.loaded['load_s']:6.1f} s", f"peak {one.loaded['peak_rss_mb']:6.0f} MB"]
        for work in works:
            speeds = one.speeds[work]
            unit = "loads/s" if work.startswith("load") else "tok/s"
            parts.append(f"{work} {one.median(work):8.2f} ({min(speeds):.2f}–{max(speeds):.2f}) {unit}")
        lines.append("  ".join(parts))
    for us in ours:
        for peer in (one for one in contestants if one.name != "ours"):
            ratios = ", ".join(f"{work} {us.median(work) / peer.median(work):.2f}×" for work in works)
            lines.append(f"{us.title} / {peer.title}: {ratios}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
