"""Answers that come in parts: generators of the library that yield, between their Progress, what is known so far."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from app.jobs.desk import Desk
from app.messages import Job, Progressed
from rwkv_backend.records import Progress


def with_parts(desk: Desk, job: Job, what: str, steps: Generator[Any, None, Any]) -> Generator[None, None, Any]:
    """Run a generator of the library that yields, between its Progress, the answer as far as it is known."""
    try:
        while True:
            try:
                found = next(steps)
            except StopIteration as done:
                return done.value
            if isinstance(found, Progress):
                desk.link.post(Progressed(job.id, what, found))
            else:
                desk.tell(job, found)
            yield
    finally:
        steps.close()
