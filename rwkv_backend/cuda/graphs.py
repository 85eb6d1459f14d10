"""Recording work on a CUDA device once, to run it again with one call: the launches cost more than the kernels otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import torch

T = TypeVar("T")

WARM_UPS = 2
"""Runs before the recording, in which libraries make their workspaces: a recording must not allocate outside its pool."""


class Recorder(Protocol):
    def record(self, work: Callable[[], T]) -> tuple[Callable[[], object], T]:
        """Run `work`, which must not wait for the device; returns what runs it again, and its result, written anew then."""


class GraphRecorder:
    """Records CUDA graphs that share one pool of memory: results hold only until another graph of it runs."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._pool: Any = None

    def record(self, work: Callable[[], T]) -> tuple[Callable[[], object], T]:
        with torch.cuda.device(self.device):
            self._warm_up(work)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                result = work()
            self._pool = graph.pool()
        return self._replayer(graph), result

    def _warm_up(self, work: Callable[[], object]) -> None:
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                work()
        here.wait_stream(aside)

    def _replayer(self, graph: torch.cuda.CUDAGraph) -> Callable[[], object]:
        def replay() -> None:
            with torch.cuda.device(self.device):
                graph.replay()

        return replay
