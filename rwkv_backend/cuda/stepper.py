"""Single tokens on a CUDA device: the whole step recorded as one graph over the page on which the state lives.

At first the plain formulas are recorded. Where Triton is there, fused kernels are made ready in a thread meanwhile, and the
step is recorded anew with them as soon as they are: the same numbers up to rounding.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from rwkv_backend.cuda.graphs import GraphRecorder, Recorder
from rwkv_backend.cuda.pages import Page
from rwkv_backend.probe import Probe
from rwkv_backend.state import GROWING_AXIS, State

if TYPE_CHECKING:
    from rwkv_backend.cuda.fused import FusedModel
    from rwkv_backend.models.base import RWKVModel

log = logging.getLogger(__name__)

MOST_RECORDINGS = 4
"""Kinds of probe for which a recording is kept."""


class FusedStep(Protocol):
    """A step made of few large kernels, made ready in the background."""

    def ready(self) -> bool:
        """Whether it can be recorded now. False as long as it is being built, and for ever if that failed."""

    def wait(self) -> None:
        """Until it is built, or has failed."""

    def run(self, page: Page, token: Tensor) -> Tensor:
        """Advance the state on the page by `token` (1,); logits (V,) float32."""


@dataclass(frozen=True)
class Recording:
    replay: Callable[[], object]
    logits: Tensor
    found: dict[tuple[int, str], Tensor]


def cuda_stepper(model: RWKVModel) -> GraphStepper | None:
    """The stepper of a model on a CUDA device; None where every step needs other shapes."""
    if not can_record(model):
        return None
    return GraphStepper(model, GraphRecorder(model.device), fused_step(model))


def fused_step(model: RWKVModel) -> FusedModel | None:
    """The model's step in fused kernels, being built; None without Triton, or where no kernels fit."""
    try:
        from rwkv_backend.cuda.fused import FusedModel, can_fuse
    except ImportError:
        return None
    if not can_fuse(model):
        return None
    fused = FusedModel(model, overlap=False)
    fused.build()
    return fused


def can_record(model: RWKVModel) -> bool:
    """Whether a step of this model does the same at every position: no field that grows, no learned positions."""
    return model.max_tokens is None and all(GROWING_AXIS not in item.field.axes for item in model.field_shapes)


class GraphStepper:
    """The Stepper of CUDA devices. It serves one thread."""

    def __init__(self, model: RWKVModel, recorder: Recorder, fused: FusedStep | None = None) -> None:
        self.model = model
        self.fused = fused
        self._recorder = recorder
        self._page = Page(model.new_state())
        self._token = torch.zeros(1, dtype=torch.int64, device=model.device)
        self._plain: dict[tuple[frozenset[str], bool], Recording] = {}
        self._fused: Recording | None = None

    def serves(self, probe: Probe | None) -> bool:
        return probe is None or type(probe) is Probe

    def step(self, token: int, state: State, probe: Probe | None) -> Tensor:
        with torch.no_grad():
            recording = self._recording(probe)
            self._page.hold(state)
            self._token.fill_(token)
            recording.replay()
            state.tokens_seen += 1
            if probe is not None:
                probe.found.update({place: value.clone() for place, value in recording.found.items()})
            return recording.logits.clone()

    def settle(self) -> None:
        """Wait until nothing will become faster any more: for measurements."""
        if self.fused is not None:
            self.fused.wait()

    def _recording(self, probe: Probe | None) -> Recording:
        if probe is None or not probe.wanted:
            if self._fused is None and self.fused is not None and self.fused.ready():
                self._fused = self._recorded(self._run_fused)
                self._plain.pop((frozenset(), False), None)
            if self._fused is not None:
                return self._fused
        wanted = (frozenset(), False) if probe is None else (probe.wanted, probe.every)
        if wanted not in self._plain:
            while len(self._plain) >= MOST_RECORDINGS:
                self._plain.pop(next(iter(self._plain)))
            self._plain[wanted] = self._recorded(lambda: self._run_plain(*wanted))
        return self._plain[wanted]

    def _recorded(self, work: Callable[[], tuple[Tensor, dict[tuple[int, str], Tensor]]]) -> Recording:
        """The page is left as it was: recording runs the work several times."""
        before = self._page.numbers.clone()
        try:
            replay, (logits, found) = self._recorder.record(work)
        finally:
            self._page.numbers.copy_(before)
        return Recording(replay, logits, found)

    def _run_plain(self, wanted: frozenset[str], every: bool) -> tuple[Tensor, dict[tuple[int, str], Tensor]]:
        draft, probe = self._page.view(), Probe(*wanted, every=every) if wanted else None
        x = self.model.residual(self._token, draft, probe)
        logits = self.model.head(x, self._token, draft, every=False)[0]
        self._page.keep(draft)
        return logits, {} if probe is None else probe.found

    def _run_fused(self) -> tuple[Tensor, dict[tuple[int, str], Tensor]]:
        assert self.fused is not None
        return self.fused.run(self._page, self._token), {}
