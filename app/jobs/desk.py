"""What lies on the worker's desk from one job to the next: the open model, its session, and the way back to the window.

A job is a generator that is given the desk: it yields wherever it may be stopped and returns what it came to. Each module
of this folder offers `JOBS`, from the kind of message to the generator that does it. They import the library only inside,
since the window is painted before torch is read from disk.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from app.link import Link
from app.messages import Job, Partial, Progressed, Result
from rwkv_backend.errors import RWKVError
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from rwkv_backend.frames import FrameMaker
    from rwkv_backend.session import Session

Steps = Generator[None, None, Result]
"""A running job."""

Jobs = Mapping[type[Job], Callable[["Desk", Any], Steps]]
"""Who does which kind of job."""


AfterStop = Mapping[type[Job], Callable[["Desk", Any], Result]]
"""What a stopped job still has to tell, for those that have something to tell."""


class Desk:
    def __init__(self, link: Link) -> None:
        self.link = link
        self.session: Session | None = None
        self.frames: FrameMaker | None = None
        self.kept: dict[str, Any] = {}
        """What a kind of work keeps between its own jobs, under its module's name."""

    def clear(self) -> None:
        """Let go of all models."""
        self.session = self.frames = None
        self.kept.clear()

    def opened(self) -> tuple[Session, FrameMaker]:
        """The open model's session and frames; an error for the user if none is open."""
        if self.session is None or self.frames is None:
            raise RWKVError("No model is open.", "Choose one under Model, then press Load.")
        return self.session, self.frames

    def tell(self, job: Job, result: object) -> None:
        """A part of what the job comes to, before its end; `result` is a frozen record."""
        self.link.post(Partial(job.id, result))

    def with_progress(self, job: Job, what: str, steps: Generator[Progress, None, Any]) -> Generator[None, None, Any]:
        """Run the library's generator `steps`, telling its progress; its result."""
        with closing(steps):
            while True:
                try:
                    self.link.post(Progressed(job.id, what, next(steps)))
                except StopIteration as done:
                    return done.value
                yield
