"""How the window behaves under load, in numbers.

    xvfb-run -a -s "-screen 0 1280x800x24" python -m tests.measure.window [start gaps speed stop soak] [--minutes 30]

start   process start to first painted window, warm, in s: median of 5
gaps    event-loop gaps in ms while a demo model writes at full speed with all plots open
speed   tokens/s with all plots open against none, median of 5 interleaved pairs: a demo model at full speed, and a random
        model large enough to write about 25 tokens/s
stop    from pressing Stop to the last token, in ms: median and worst of 20
soak    resident memory while writing with all plots open, after 5 minutes and at the end
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from rwkv_backend.demo_models import demo_models

PAIRS = 5
STOPS = 20


def main() -> int:
    options = _options()
    if options.child_start:
        return _child_start()
    os.environ.setdefault("RWKV_PLAYGROUND_CONFIG", str(Path(tempfile.mkdtemp()) / "config.ini"))
    if unknown := set(options.what) - set(MEASURES):
        sys.stderr.write(f"There is no measure {unknown.pop()!r}.\n")
        return 2
    for name in options.what:
        sys.stdout.write(json.dumps({name: MEASURES[name](options)}) + "\n")
        sys.stdout.flush()
    os._exit(0)  # the worker may be inside torch


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["start", "gaps", "speed", "stop"], help=", ".join(MEASURES))
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--version", default="6.0", help="which demo model")
    parser.add_argument("--child-start", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


# Start


def start(options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.measure.window", "--child-start"]
    seconds = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(6)][1:]
    return {"median_s": statistics.median(seconds), "worst_s": max(seconds)}


def _child_start() -> int:
    """Open the window and tell how long after the process began it was painted."""
    from app import theme
    from app.main_window import MainWindow
    from app.settings import Settings

    app = QApplication(sys.argv[:1])
    theme.apply("light")
    window = MainWindow(Settings())
    window.first_painted.connect(app.quit)
    window.show()
    app.exec()
    sys.stdout.write(f"{_seconds_since_process_start():.3f}")
    sys.stdout.flush()
    os._exit(0)


def _seconds_since_process_start() -> float:
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    up = float(Path("/proc/uptime").read_text().split()[0])
    return up - ticks / os.sysconf("SC_CLK_TCK")


# While writing


class Bench:
    """A real window with a model open, and ways to wait without blocking it."""

    def __init__(self, model: Path) -> None:
        from app import theme
        from app.main_window import MainWindow
        from app.settings import Settings

        self.app = QApplication.instance() or QApplication(sys.argv[:1])
        theme.apply("light")
        self.window = MainWindow(Settings())
        self.window.resize(1280, 800)
        self.window.start_after_first_paint()
        self.window.show()
        self.until(self.window.controller.engine_started, 60)
        self.open(model)
        self.window.conversation.set_mode("complete")

    def open(self, model: Path) -> None:
        self.window.open_file(model)
        self.until(self.window.controller.model_opened, 300)

    def until(self, signal: object, seconds: float) -> None:
        loop = QEventLoop()
        signal.connect(loop.quit)  # type: ignore[attr-defined]
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()

    def pause(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()

    def plots(self, shown: bool) -> None:
        self.window.inspector_dock.setVisible(shown)
        self.pause(0.2)

    def begin(self, tokens: int) -> None:
        panel = self.window.sampling_panel
        panel.restore({**panel.state(), "max_tokens": tokens})
        panel.set_params(replace(panel.params(), banned=(0,)))  # no end of text
        self.window.conversation.set_prompt("Once upon a time there was a king who had three sons, and")
        self.window.conversation.send()

    def rate(self, tokens: int) -> float:
        """Tokens a second of one piece of writing."""
        rates: list[float] = []
        keep = lambda written, stopped: rates.append(written.rate)  # noqa: E731
        self.window.controller.write_ended.connect(keep)
        self.begin(tokens)
        self.until(self.window.controller.write_ended, 600)
        self.window.controller.write_ended.disconnect(keep)
        return rates[0]

    def close(self) -> None:
        self.window.close()
        self.window.controller.wait(5)


def _demo(version: str) -> Path:
    return next(m.path for m in demo_models() if m.version == version)


def gaps(options: argparse.Namespace) -> dict[str, float]:
    bench = Bench(_demo(options.version))
    bench.plots(True)
    bench.begin(100_000)
    bench.pause(2)
    times: list[float] = []
    timer = QTimer()
    timer.setInterval(2)
    timer.timeout.connect(lambda: times.append(time.perf_counter()))
    timer.start()
    bench.pause(20)
    timer.stop()
    bench.window.controller.stop_writing()
    bench.until(bench.window.controller.write_ended, 10)
    bench.close()
    between = np.diff(times) * 1000
    return {
        "median_ms": float(np.median(between)),
        "p99_ms": float(np.percentile(between, 99)),
        "worst_ms": float(between.max()),
    }


def speed(options: argparse.Namespace) -> dict[str, object]:
    bench = Bench(_demo(options.version))
    found: dict[str, object] = {"demo": _pairs(bench, 1000)}
    with tempfile.TemporaryDirectory() as folder:
        bench.open(_slow_model(Path(folder)))
        found["about_25_tokens_a_second"] = _pairs(bench, 100)
    bench.close()
    return found


def _pairs(bench: Bench, tokens: int) -> dict[str, float]:
    """Without and with plots in turn; the median of the ratios."""
    bench.rate(max(20, tokens // 10))
    with_plots, without = [], []
    for _ in range(PAIRS):
        bench.plots(False)
        without.append(bench.rate(tokens))
        bench.plots(True)
        with_plots.append(bench.rate(tokens))
    ratios = [a / b for a, b in zip(with_plots, without, strict=True)]
    return {
        "tok_s_without": statistics.median(without),
        "tok_s_with": statistics.median(with_plots),
        "lost": 1 - statistics.median(ratios),
    }


def _slow_model(folder: Path) -> Path:
    """A random RWKV-4 of 12 layers and width 768 with the demo models' vocabulary and tokenizer."""
    import shutil

    import torch

    width, hidden, layers, words = 768, 3072, 12, 2048
    generator = torch.Generator().manual_seed(1)

    def matrix(rows: int, columns: int) -> torch.Tensor:
        return (torch.randn(rows, columns, generator=generator) / columns**0.5).bfloat16()

    tensors = {"emb.weight": matrix(words, width), "head.weight": matrix(words, width)}

    def norm(name: str) -> None:
        tensors[f"{name}.weight"] = torch.ones(width).bfloat16()
        tensors[f"{name}.bias"] = torch.zeros(width).bfloat16()

    norm("ln_out")
    norm("blocks.0.ln0")
    for i in range(layers):
        norm(f"blocks.{i}.ln1")
        norm(f"blocks.{i}.ln2")
        att, ffn = f"blocks.{i}.att", f"blocks.{i}.ffn"
        tensors[f"{att}.time_decay"] = torch.linspace(-5, 3, width)
        tensors[f"{att}.time_first"] = torch.full((width,), -1.2)
        for name in ("k", "v", "r"):
            tensors[f"{att}.time_mix_{name}"] = torch.rand(1, 1, width, generator=generator)
        for name in ("key", "value", "receptance", "output"):
            tensors[f"{att}.{name}.weight"] = matrix(width, width)
        for name in ("k", "r"):
            tensors[f"{ffn}.time_mix_{name}"] = torch.rand(1, 1, width, generator=generator)
        tensors[f"{ffn}.key.weight"] = matrix(hidden, width)
        tensors[f"{ffn}.receptance.weight"] = matrix(width, width)
        tensors[f"{ffn}.value.weight"] = matrix(width, hidden)
    path = folder / "slow.pth"
    torch.save(tensors, path)
    shutil.copy(_demo("4").parent.parent / "tokenizer.json", folder)
    return path


def stop(options: argparse.Namespace) -> dict[str, float]:
    bench = Bench(_demo(options.version))
    bench.plots(True)
    waits = []
    for _ in range(STOPS):
        bench.begin(100_000)
        bench.pause(0.5)
        began = time.perf_counter()
        bench.window.conversation.stop_requested.emit()
        bench.until(bench.window.controller.write_ended, 10)
        waits.append((time.perf_counter() - began) * 1000)
    bench.close()
    return {"median_ms": statistics.median(waits), "worst_ms": max(waits)}


def soak(options: argparse.Namespace) -> dict[str, float]:
    from app.vitals import resident_bytes

    bench = Bench(_demo(options.version))
    bench.plots(True)
    began, first, samples = time.monotonic(), 0.0, []
    while time.monotonic() - began < options.minutes * 60:
        bench.begin(100_000)
        bench.pause(30)
        bench.window.controller.stop_writing()
        bench.until(bench.window.controller.write_ended, 10)
        samples.append(resident_bytes() / 1e6)
        if not first and time.monotonic() - began > 300:
            first = samples[-1]
    bench.close()
    first = first or samples[0]
    return {"after_5_min_mb": first, "end_mb": samples[-1], "most_mb": max(samples), "growth": samples[-1] / first - 1}


MEASURES: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    "start": start,  # type: ignore[dict-item]
    "gaps": gaps,  # type: ignore[dict-item]
    "speed": speed,
    "stop": stop,  # type: ignore[dict-item]
    "soak": soak,  # type: ignore[dict-item]
}

if __name__ == "__main__":
    sys.exit(main())
