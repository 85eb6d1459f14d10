"""The only thing that both threads touch: jobs in, batches of reports out.

The worker posts as fast as it likes; the window takes what has come, about 30 times a second, while a job runs. So text is
never lost, a progress that is out of date is dropped, and at most one frame waits: a window that is slow to draw slows
nothing down, and no signal crosses threads. (One signal a token made a 1,000 token/s worker write 195 tokens in 1.5 s.)
"""

from __future__ import annotations

import queue
import threading
import time

from app.messages import Batch, Job, Progressed, Report
from rwkv_backend.records import Frame, FrameSpec


class Link:
    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._reports: list[Report] = []
        self._frame: Frame | None = None
        self._running: dict[int, Job] = {}
        self._spec = FrameSpec()
        self._position: int | None = None
        self._pace = 0.0
        self._last_frame = 0.0

    # The window's side

    def send(self, job: Job) -> None:
        """Put a job at the end of the worker's queue."""
        self.register(job)
        self._jobs.put(job)

    def register(self, job: Job) -> None:
        """Know of a job that runs outside the queue, so that it can be stopped."""
        with self._lock:
            self._running[job.id] = job

    def stop(self, job_id: int) -> None:
        """Ask a job to end early, whether it runs or still waits; nothing happens if it is over."""
        with self._lock:
            job = self._running.get(job_id)
        if job is not None:
            job.stop.set()

    def close(self) -> None:
        """End all jobs and then the worker."""
        with self._lock:
            jobs = list(self._running.values())
        for job in jobs:
            job.stop.set()
        self._jobs.put(None)

    def take(self) -> Batch:
        """All that has come since the last call; empty if nothing has."""
        with self._lock:
            batch = Batch(tuple(self._reports), self._frame)
            self._reports, self._frame = [], None
        return batch

    def want(self, spec: FrameSpec) -> None:
        """From now on, frames as the visible plots need them."""
        self._spec = spec

    def look_at(self, position: int | None) -> None:
        """From now on, frames of the state after so many tokens; None: of the state as it is."""
        self._position = position

    def set_pace(self, seconds: float) -> None:
        """From now on, at least so long between two frames."""
        self._pace = seconds

    # The worker's side

    def next_job(self) -> Job | None:
        """Waits; None: the window has closed."""
        return self._jobs.get()

    @property
    def spec(self) -> FrameSpec:
        return self._spec

    @property
    def position(self) -> int | None:
        return self._position

    def post(self, report: Report) -> None:
        with self._lock:
            last = self._reports[-1] if self._reports else None
            if isinstance(report, Progressed) and isinstance(last, Progressed) and last.job == report.job:
                self._reports[-1] = report
            else:
                self._reports.append(report)

    def wants_frame(self, at_once: bool = False) -> bool:
        """Whether the window has taken the last frame and time enough has passed: only then is the next worth making.

        at_once: somebody has asked for this one, so that it need not keep to the pace.
        """
        return self._frame is None and (at_once or time.monotonic() - self._last_frame >= self._pace)

    def post_frame(self, frame: Frame) -> None:
        with self._lock:
            self._frame = frame
            self._last_frame = time.monotonic()

    def finished(self, job: Job) -> None:
        with self._lock:
            self._running.pop(job.id, None)
