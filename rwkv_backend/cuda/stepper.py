"""Tokens on a CUDA device: whole steps, and chunks, recorded as graphs over the page on which the state lives.

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

Found = dict[tuple[int, str], Tensor]
"""What a probe found, by layer and name."""

LENGTHS = (512, 64, 8, 1)
"""Tokens of the parts in which a text is read."""

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
    found: Found


def equip(model: RWKVModel) -> None:
    """Give a model on a CUDA device its fast paths, unless every step of it needs other shapes."""
    if can_record(model):
        model.stepper = stepper = GraphStepper(model, GraphRecorder(model.device), fused_step(model))
        model.chunk_reader = GraphReader(stepper)


def settle(model: RWKVModel) -> None:
    """Wait until nothing will become faster any more: for measurements."""
    if isinstance(model.stepper, GraphStepper):
        model.stepper.settle()


def fused_step(model: RWKVModel) -> FusedModel | None:
    """The model's step in fused kernels, being built; None without Triton, or where no kernels fit."""
    try:
        from rwkv_backend.cuda.fused import FusedModel, can_fuse
    except ImportError:
        return None
    if not can_fuse(model):
        return None
    hopper = torch.cuda.get_device_capability(model.device) >= (9, 0)
    try:
        fused = FusedModel(model, overlap=hopper)
    except torch.cuda.OutOfMemoryError:
        log.info("The GPU has no room left to lay out the weights for faster writing.")
        return None
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
        self.page = Page(model.new_state())
        self._token = torch.zeros(1, dtype=torch.int64, device=model.device)
        self._plain: dict[tuple[frozenset[str], bool], Recording] = {}
        self._fused: Recording | None = None

    def serves(self, probe: Probe | None) -> bool:
        return probe is None or type(probe) is Probe

    def step(self, token: int, state: State, probe: Probe | None) -> Tensor:
        with torch.no_grad():
            recording = self._recording(probe)
            self.page.hold(state)
            self._token.fill_(token)
            recording.replay()
            state.tokens_seen += 1
            if probe is not None:
                probe.found.update({place: value.clone() for place, value in recording.found.items()})
            return recording.logits.clone()

    def settle(self) -> None:
        """Wait until the fused kernels are built."""
        if self.fused is not None:
            self.fused.wait()

    def _recording(self, probe: Probe | None) -> Recording:
        if probe is None or not probe.wanted:
            if self._fused is None and self.fused is not None and self.fused.ready():
                self._fused = self.recorded(self._run_fused)
                self._plain.pop((frozenset(), False), None)
            if self._fused is not None:
                return self._fused
        wanted = (frozenset(), False) if probe is None else (probe.wanted, probe.every)
        if wanted not in self._plain:
            while len(self._plain) >= MOST_RECORDINGS:
                self._plain.pop(next(iter(self._plain)))
            self._plain[wanted] = self.recorded(lambda page: self._run_plain(page, *wanted))
        return self._plain[wanted]

    def recorded(self, work: Callable[[Page], tuple[Tensor, Found]]) -> Recording:
        """The page is left as it was: recording runs the work several times."""
        before = self.page.numbers.clone()
        try:
            replay, (logits, found) = self._recorder.record(lambda: work(self.page))
        finally:
            self.page.numbers.copy_(before)
        return Recording(replay, logits, found)

    def _run_plain(self, page: Page, wanted: frozenset[str], every: bool) -> tuple[Tensor, Found]:
        probe = Probe(*wanted, every=every) if wanted else None
        logits = run_formulas(self.model, page, self._token, False, probe)[0]
        return logits, {} if probe is None else probe.found

    def _run_fused(self, page: Page) -> tuple[Tensor, Found]:
        assert self.fused is not None
        return self.fused.run(page, self._token), {}


class GraphReader:
    """The ChunkReader of CUDA devices: texts in parts of a few lengths, each recorded when it is first needed."""

    def __init__(self, stepper: GraphStepper) -> None:
        self.stepper = stepper
        self.model = stepper.model
        self._recordings: dict[tuple[int, bool], Recording] = {}
        self._tokens: dict[int, Tensor] = {}

    def serves(self, probe: Probe | None) -> bool:
        return probe is None

    def read(self, tokens: Tensor, state: State, every: bool, probe: Probe | None) -> Tensor:
        parts = list(tokens.split(parts_of(len(tokens))))
        with torch.no_grad():
            recordings = [self._recording(len(part), every) if len(part) > 1 else None for part in parts]
            rows = [
                self.stepper.step(int(part), state, None).unsqueeze(0)
                if recording is None
                else self._read_part(recording, part, state)
                for part, recording in zip(parts, recordings, strict=True)
            ]
        return torch.cat(rows) if every else rows[-1]

    def _read_part(self, recording: Recording, part: Tensor, state: State) -> Tensor:
        self.stepper.page.hold(state)
        self._tokens[len(part)].copy_(part)
        recording.replay()
        state.tokens_seen += len(part)
        return recording.logits.clone()

    def _recording(self, count: int, every: bool) -> Recording:
        if (count, every) not in self._recordings:
            place = self._tokens.setdefault(count, torch.zeros(count, dtype=torch.int64, device=self.model.device))
            self._recordings[count, every] = self.stepper.recorded(
                lambda page: (run_formulas(self.model, page, place, every, None), {})
            )
        return self._recordings[count, every]


def parts_of(count: int) -> list[int]:
    """`count` as a sum of LENGTHS, the longest first."""
    parts = []
    for length in LENGTHS:
        parts += [length] * (count // length)
        count %= length
    return parts


def run_formulas(model: RWKVModel, page: Page, tokens: Tensor, every: bool, probe: Probe | None) -> Tensor:
    """Advance the state on the page by the plain formulas; logits (T, V) with `every`, else (1, V)."""
    draft = page.view()
    x = model.residual(tokens, draft, probe)
    logits = model.head(x, tokens, draft, every)
    page.keep(draft)
    return logits
