"""The thread in which the models live. Takes jobs from the link, runs each to its end, reports; knows no Qt.

A job is a generator (app/jobs/): between any two of its steps the worker looks whether it should stop, and a model that reads
many tokens in one step looks by itself (rwkv_backend/interrupting.py). Each job ends with exactly one JobDone or JobFailed,
and the only broad `except Exception` of the program is here.
"""

from __future__ import annotations

import logging
import threading
import traceback

from app.jobs import analysis, benchmark, comparing, models, timeline, writing
from app.jobs.desk import AfterStop, Desk, Jobs
from app.link import Link
from app.messages import InspectFile, Job, JobDone, JobFailed, Result
from rwkv_backend.errors import RWKVError
from rwkv_backend.interrupting import Interrupted, interruptible

log = logging.getLogger(__name__)

ROOMS = (models, writing, timeline, analysis, comparing, benchmark)
JOBS: Jobs = {kind: does for room in ROOMS for kind, does in room.JOBS.items()}
AFTER_STOP: AfterStop = {
    kind: tells for room in (writing, timeline, analysis, comparing) for kind, tells in room.AFTER_STOP.items()
}


class Worker:
    """Runs jobs one after the other in a thread of its own."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._desk = Desk(link)
        self._thread = threading.Thread(target=self._run, name="rwkv-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether the thread has ended within that time. Call `Link.close` first."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def inspect(self, job: InspectFile) -> None:
        """Look at a file in a thread of its own, so that the answer comes while a model writes."""
        self._link.register(job)
        threading.Thread(target=self._finish, args=(job,), name="rwkv-inspect", daemon=True).start()

    def _run(self) -> None:
        while (job := self._link.next_job()) is not None:
            self._finish(job)
        self._desk.clear()

    def _finish(self, job: Job) -> None:
        """Run a job and report how it ended."""
        try:
            stopped, result = self._step_through(job)
            report: JobDone | JobFailed = JobDone(job.id, stopped, result)
        except RWKVError as error:
            report = JobFailed(job.id, error.sentence, error.hint, traceback.format_exc())
        except MemoryError:
            report = JobFailed(
                job.id, "There was not enough memory.", "Choose a smaller dtype.", traceback.format_exc()
            )
        except Exception as error:
            log.exception("job %s failed", type(job).__name__)
            sentence = f"Something went wrong in the program ({type(error).__name__}: {error})."
            report = JobFailed(job.id, sentence, "Please report it, with the details.", traceback.format_exc())
        self._link.finished(job)
        self._link.post(report)

    def _step_through(self, job: Job) -> tuple[bool, Result]:
        steps = JOBS[type(job)](self._desk, job)
        try:
            with interruptible(job.stop.is_set):
                while not job.stop.is_set():
                    next(steps)
        except StopIteration as done:
            return False, done.value
        except Interrupted:
            pass
        finally:
            steps.close()
        after = AFTER_STOP.get(type(job))
        return True, after(self._desk, job) if after is not None else None
