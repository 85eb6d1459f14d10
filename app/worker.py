"""The thread in which the model lives. Takes jobs from the link, runs each to its end, reports; knows no Qt.

A job is a generator: between any two of its steps the worker looks whether it should stop. Each job ends with exactly one
JobDone or JobFailed, and the only broad `except Exception` of the program is here. The library is imported by the first
job, so the window is painted before torch is read from disk.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.link import Link
from app.messages import (
    Card,
    ClearSession,
    Engine,
    FieldLayers,
    InspectFile,
    Job,
    JobDone,
    JobFailed,
    OpenedModel,
    OpenModel,
    Progressed,
    Result,
    ShowState,
    StartEngine,
    Write,
    Written,
    Wrote,
)
from rwkv_backend.errors import RWKVError
from rwkv_backend.records import Finished, Progress, Step

if TYPE_CHECKING:
    from rwkv_backend.frames import FrameMaker
    from rwkv_backend.session import Session

log = logging.getLogger(__name__)

Steps = Generator[None, None, Result]
"""A running job: yields wherever it may be stopped, returns what it came to."""


class Worker:
    """Runs jobs one after the other in a thread of its own."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._thread = threading.Thread(target=self._run, name="rwkv-worker", daemon=True)
        self._session: Session | None = None
        self._frames: FrameMaker | None = None

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
        self._session = self._frames = None

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
        steps = self._begin(job)
        try:
            while not job.stop.is_set():
                next(steps)
        except StopIteration as done:
            return False, done.value
        finally:
            steps.close()
        return True, self._after_stop(job)

    def _begin(self, job: Job) -> Steps:
        kinds: dict[type[Job], Callable[[Any], Steps]] = {
            StartEngine: self._start_engine,
            InspectFile: self._inspect,
            OpenModel: self._open,
            Write: self._write,
            ClearSession: self._clear,
            ShowState: self._show_state,
        }
        return kinds[type(job)](job)

    # Jobs

    def _start_engine(self, job: StartEngine) -> Steps:
        yield
        import torch

        from rwkv_backend.loading import devices

        yield
        torch.set_num_threads(job.threads or steady_threads())
        return Engine(tuple(devices()), torch.get_num_threads(), str(torch.__version__))

    def _inspect(self, job: InspectFile) -> Steps:
        yield
        return make_card(job.path)

    def _open(self, job: OpenModel) -> Steps:
        yield
        from rwkv_backend.frames import FrameMaker
        from rwkv_backend.loading import load
        from rwkv_backend.session import Session
        from rwkv_backend.tokenizers import load_tokenizer

        began = time.perf_counter()
        card = make_card(job.path)
        rows = card.info.vocab_size
        tokenizer = load_tokenizer(job.tokenizer or None, vocab_size=rows, model_path=job.path)
        model = yield from self._with_progress(job, "loading", load(job.path, job.device, job.dtype))
        self._session = Session(model, tokenizer)
        self._frames = FrameMaker(model, tokenizer)
        return OpenedModel(
            card=card,
            device=str(model.device),
            dtype=job.dtype,
            load_seconds=time.perf_counter() - began,
            weight_bytes=model.weight_bytes,
            max_tokens=model.max_tokens,
            fields=tuple(FieldLayers(f.field, f.layers or ()) for f in model.field_shapes),
            decays_by_token=self._frames.decays_by_token,
        )

    def _with_progress(self, job: Job, what: str, steps: Generator[Progress, None, Any]) -> Generator[None, None, Any]:
        with closing(steps):
            while True:
                try:
                    self._link.post(Progressed(job.id, what, next(steps)))
                except StopIteration as done:
                    return done.value
                yield

    def _write(self, job: Write) -> Steps:
        yield
        from rwkv_backend.frames import memories

        session, frames = self._opened()
        before: Sequence[Any] = ()
        with closing(self._events(session, job)) as events:
            for event in events:
                if isinstance(event, Finished):
                    self._show_end(session, frames, event)
                    return self._written(session, event)
                if isinstance(event, Progress):
                    self._link.post(Progressed(job.id, "reading", event))
                else:
                    self._link.post(Wrote(job.id, event))
                self._show(session, frames, event, before)
                before = memories(session.state) if self._link.spec.activity else ()
                self._prepare_probe(session, frames)
                yield
        raise AssertionError("writing that is not stopped ends with Finished")

    def _events(self, session: Session, job: Write) -> Generator[Progress | Step | Finished, None, None]:
        from rwkv_backend.session import WriteSettings
        from rwkv_backend.templates import TEMPLATES

        settings = WriteSettings(job.params, job.max_tokens, job.stops)
        if job.mode == "complete":
            return session.complete(job.text, settings)
        named = {template.name: template for template in TEMPLATES}
        return session.chat(job.text, named[job.template], job.extra, settings)

    def _clear(self, job: ClearSession) -> Steps:
        yield
        if self._session is not None:
            self._session.clear()
        return None

    def _show_state(self, job: ShowState) -> Steps:
        yield
        if self._session is not None and self._frames is not None and self._link.spec.wants_anything:
            self._make_frame(self._session, self._frames, None, ())
        return None

    # What the jobs share

    def _opened(self) -> tuple[Session, FrameMaker]:
        if self._session is None or self._frames is None:
            raise RWKVError("No model is open.", "Choose one under Model, then press Load.")
        return self._session, self._frames

    def _prepare_probe(self, session: Session, frames: FrameMaker) -> None:
        """Ask the next forward pass for what frames need beyond the state; it costs little, so every token keeps it."""
        session.watched.probe = frames.probe(self._link.spec)

    def _show(self, session: Session, frames: FrameMaker, event: Progress | Step, before: Sequence[Any]) -> None:
        """Make a frame of the state as it is now, if the window waits for one."""
        if self._link.spec.wants_anything and self._link.wants_frame():
            token = event.token if isinstance(event, Step) else None
            self._make_frame(session, frames, token, before if token is not None else ())

    def _show_end(self, session: Session, frames: FrameMaker, end: Finished) -> None:
        """The last frame is of the state as it stays, whatever the pace of those before."""
        if self._link.spec.wants_anything:
            self._make_frame(session, frames, end.tokens[-1] if end.tokens else None, ())

    def _make_frame(self, session: Session, frames: FrameMaker, token: int | None, before: Sequence[Any]) -> None:
        spec, writer = self._link.spec, session.writer
        probe = session.watched.kept
        if probe is None and token is not None and frames.probe(spec) is not None:
            return  # the plots have only just asked for decays, so this token's own were not kept
        frame = frames.make(
            spec,
            session.state,
            token=token,
            before=before,
            probe=probe,
            logits=writer.logits if writer is not None else None,
            sampler=writer.sampler if writer is not None else None,
        )
        self._link.post_frame(frame)

    def _after_stop(self, job: Job) -> Result:
        """What a stopped job still has to tell."""
        if isinstance(job, Write) and self._session is not None and self._session.ended is not None:
            if self._frames is not None:
                self._show_end(self._session, self._frames, self._session.ended)
            return self._written(self._session, self._session.ended)
        return None

    def _written(self, session: Session, end: Finished) -> Written:
        return Written(
            reason=end.reason,
            detail=end.detail,
            rest=end.rest,
            prompt_tokens=end.prompt_tokens,
            prompt_rate=end.prompt_tokens_per_second,
            tokens=len(end.tokens),
            rate=end.tokens_per_second,
            tokens_seen=session.state.tokens_seen,
            state_bytes=session.state.nbytes,
            seed=end.seed,
        )


def make_card(path: Path) -> Card:
    """All that can be said of a file without loading it."""
    from rwkv_backend.checkpoints import open_checkpoint
    from rwkv_backend.demo_models import FOLDER
    from rwkv_backend.inspection import describe
    from rwkv_backend.memory import DTYPES, memory_free, memory_needed
    from rwkv_backend.models import identify
    from rwkv_backend.tokenizers import choose_tokenizer

    checkpoint = open_checkpoint(path)
    plan = identify(checkpoint.shapes)
    info = describe(checkpoint, plan)
    choice = choose_tokenizer(info.vocab_size, path)
    return Card(
        info=info,
        tokenizer=choice.name,
        tokenizer_kind=choice.kind or "",
        tokenizer_evidence=choice.evidence,
        tokenizer_warning=choice.warning,
        memory_needed=tuple((dtype, memory_needed(plan.layout, dtype)) for dtype in DTYPES),
        memory_free=memory_free(),
        demo=Path(path).resolve().is_relative_to(FOLDER),
    )


def steady_threads() -> int:
    """One fewer than there are cores: a window that wants a core stalls a barrier over all of them (2 to 29 tok/s)."""
    import os

    return max(1, (os.cpu_count() or 2) - 1)
