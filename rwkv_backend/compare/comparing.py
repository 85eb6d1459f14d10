"""All tasks on all models, one model in memory at a time. What fails leaves a sentence in its place, and the rest goes on.

    for event in compare(choices, text, settings):
        ...     # ModelStarted, TaskProgress while it loads, ModelOpened, then for each task its progress and TaskDone

Closed before its end, a comparison keeps nothing; whoever wants what was there by then keeps the last `TaskDone.result` of
each model and gives them to `assemble`.
"""

from __future__ import annotations

import gc
import hashlib
import os
import platform
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rwkv_backend.checkpoints import open_checkpoint
from rwkv_backend.compare import needle, tasks
from rwkv_backend.compare.differences import features
from rwkv_backend.compare.records import (
    TASKS,
    CompareEvent,
    CompareSettings,
    Comparison,
    DifferenceTable,
    Machine,
    ModelCard,
    ModelChoice,
    ModelOpened,
    ModelResult,
    ModelStarted,
    Result,
    Task,
    TaskDone,
    TaskFailure,
    TaskProgress,
    TokenWritten,
)
from rwkv_backend.errors import RWKVError, SettingError, UnsupportedError
from rwkv_backend.loading import devices, load
from rwkv_backend.memory import memory_free, memory_needed
from rwkv_backend.models import identify
from rwkv_backend.records import Progress, Step
from rwkv_backend.sampling import LARGEST_SEED
from rwkv_backend.steppers import settle
from rwkv_backend.tokenizers import choose_tokenizer, load_tokenizer, mismatch

if TYPE_CHECKING:
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.tokenizers import Tokenizer

LOOK = 0.2
"""Seconds between two looks at what is being compiled, in which a comparison can be stopped."""


def compare(
    choices: Sequence[ModelChoice], text: str, settings: CompareSettings, text_name: str = ""
) -> Generator[CompareEvent, None, Comparison]:
    """Open each model in turn, give it every task of the settings, and let it go before the next."""
    check(choices, text, settings)
    results = []
    for place, choice in enumerate(choices):
        yield ModelStarted(place)
        results.append((yield from _one_model(place, choice, text, settings)))
        gc.collect()
    return assemble(results, text, settings, text_name)


def check(choices: Sequence[ModelChoice], text: str, settings: CompareSettings) -> None:
    """SettingError for what no model could do."""
    if not choices:
        raise SettingError("There is no model to compare.", "Name at least one.")
    if not text.strip() and {"text", "needle", "forgetting"} & set(settings.tasks):
        raise SettingError("The text to measure on is empty.", "Give one of at least some sentences.")
    unknown = [task for task in settings.tasks if task not in TASKS]
    if unknown:
        raise SettingError(f"There is no task {unknown[0]!r}.", f"There are: {', '.join(TASKS)}.")
    _check_numbers(settings)


def _check_numbers(settings: CompareSettings) -> None:
    if not 0 <= settings.seed <= LARGEST_SEED:
        raise SettingError(f"The seed must be from 0 to {LARGEST_SEED:,}; {settings.seed:,} was given.")
    from_one = {
        "window": (settings.window,),
        "contexts": settings.contexts,
        "recall trials": (settings.needle_trials,),
        "prompt tokens of the speed test": (settings.speed_prompt_tokens,),
        "new tokens of the speed test": (settings.speed_new_tokens,),
        "runs of the speed test": (settings.speed_runs,),
        "tokens after which the state is measured": settings.state_tokens,
    }
    for name, numbers in from_one.items():
        if any(number is not None and number < 1 for number in numbers):
            raise SettingError(f"The {name} must be 1 or more.")
    if any(number < 0 for number in (*settings.needle_distances, settings.max_tokens)):
        raise SettingError("Distances of the recall test and tokens to write must be 0 or more.")


def _one_model(
    place: int, choice: ModelChoice, text: str, settings: CompareSettings
) -> Generator[CompareEvent, None, ModelResult]:
    result = ModelResult(choice.path.stem)
    try:
        _require_memory(choice)
        steps = load(choice.path, choice.device, choice.dtype)
        model = yield from _loading(place, steps)
        yield from _until_fast(place, model)
        tokenizer = open_tokenizer(choice, model)
        warning = tokenizer_warning(choice, model, tokenizer)
    except (RWKVError, MemoryError, torch.OutOfMemoryError) as error:
        sentence = _sentence(error).replace(str(choice.path), choice.path.name)  # a report tells no folders
        result = replace(result, failures=(TaskFailure(None, sentence),))
        yield TaskDone(place, None, result)
        return result
    return (yield from measure(model, tokenizer, text, settings, place, choice.dtype, warning))


def _require_memory(choice: ModelChoice) -> None:
    layout = identify(open_checkpoint(choice.path).shapes).layout
    needed, free = memory_needed(layout, choice.dtype), 0
    if choice.device == "cpu" or (choice.device.startswith("cuda") and choice.device in devices()):
        free = memory_free(choice.device)
    if free and needed > free:
        raise UnsupportedError(
            f"{choice.path.name} needs {needed / 1e9:.1f} GB as {choice.dtype}; {free / 1e9:.1f} GB are free.",
            "Close other programs, or hold it in fewer bits.",
        )


def open_tokenizer(choice: ModelChoice, model: RWKVModel) -> Tokenizer:
    rows = model.sizes.vocab_size
    if choice.tokenizer:
        return load_tokenizer(choice.tokenizer, vocab_size=rows)
    return load_tokenizer(choose_tokenizer(rows, choice.path))


def tokenizer_warning(choice: ModelChoice, model: RWKVModel, tokenizer: Tokenizer) -> str:
    """What the user should know of the tokenizer that `open_tokenizer` gave; "": nothing."""
    rows = model.sizes.vocab_size
    return mismatch(tokenizer, rows) if choice.tokenizer else choose_tokenizer(rows, choice.path).warning


def _loading(place: int, steps: Generator[Progress, None, RWKVModel]) -> Generator[CompareEvent, None, RWKVModel]:
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value
        yield TaskProgress(place, None, progress)


def _until_fast(place: int, model: RWKVModel) -> Generator[CompareEvent, None, None]:
    """Wait for native code that is still being compiled, so that one run's numbers are all of one making."""
    if model.device.type != "cpu":
        settle(model)
    if model.device.type != "cpu" or model.chunk_reader is None:
        return
    from rwkv_backend.native import build

    for _ in range(round(build.LONGEST / LOOK)):
        began = time.perf_counter()
        if build.wait(LOOK) or time.perf_counter() - began < LOOK / 2:  # there, or given up
            return
        yield TaskProgress(place, None, Progress(0, 1, "runs"))


def measure(
    model: RWKVModel,
    tokenizer: Tokenizer,
    text: str,
    settings: CompareSettings,
    place: int = 0,
    dtype: str = "float32",
    warning: str = "",
) -> Generator[CompareEvent, None, ModelResult]:
    """Every task of the settings on one open model. `place`: the model's number in the events.

    `warning` is what is known of the tokenizer's choice; it goes into the card, as does what the tokenizer cannot spell.
    """
    notes = tuple(note for note in (warning, *tokenizer.warnings_for(text)) if note)
    card = replace(card_of(model, tokenizer, dtype), notes=notes)
    result = ModelResult(card.title, card, features=features(model))
    yield ModelOpened(place, result)
    for task in TASKS:
        if task not in settings.tasks:
            continue
        steps = _steps(task, model, tokenizer, text, settings)
        try:
            found: dict[str, Any] = {task: (yield from _told(place, task, steps))}
            result = replace(result, **found)
        except (RWKVError, MemoryError, torch.OutOfMemoryError) as error:
            result = replace(result, failures=(*result.failures, TaskFailure(task, _sentence(error))))
        yield TaskDone(place, task, result)
    return result


def _steps(
    task: Task, model: RWKVModel, tokenizer: Tokenizer, text: str, settings: CompareSettings
) -> Generator[Progress | Step, None, Any]:
    match task:
        case "writing":
            return tasks.write(model, tokenizer, settings)
        case "text":
            return tasks.read_text(model, tokenizer, text, settings)
        case "needle":
            return needle.recall(model, tokenizer, text, settings)
        case "speed":
            return tasks.time_speed(model, settings)
        case "memory":
            return tasks.weigh(model, settings)
        case "forgetting":
            return tasks.look_at_decay(model, tokenizer, text)


def _told(
    place: int, task: Task, steps: Generator[Progress | Step, None, Result]
) -> Generator[CompareEvent, None, Result]:
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value
        yield TokenWritten(place, event) if isinstance(event, Step) else TaskProgress(place, task, event)


def card_of(model: RWKVModel, tokenizer: Tokenizer, dtype: str = "float32") -> ModelCard:
    info = replace(model.info, path=Path(model.info.path).name)
    title = f"RWKV-{info.version}"
    return ModelCard(title, info, model.fingerprint, str(model.device), dtype, tokenizer.name)


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, RWKVError) else "There was not enough memory for this."


# The whole


def assemble(
    results: Sequence[ModelResult], text: str, settings: CompareSettings, text_name: str = "", complete: bool = True
) -> Comparison:
    """A comparison of results that are there. Models of one title get their files' names added, so that they can be told."""
    data = text.encode("utf-8")
    named = _with_different_titles(results)
    return Comparison(
        settings=settings,
        text_name=text_name,
        text_bytes=len(data),
        text_digest=hashlib.sha256(data).hexdigest(),
        models=named,
        differences=DifferenceTable(tuple(m.features for m in named if m.features is not None)),
        machine=this_machine(),
        date=date.today().isoformat(),
        complete=complete,
    )


def _with_different_titles(results: Sequence[ModelResult]) -> tuple[ModelResult, ...]:
    titles = [result.title for result in results]
    return tuple(_retitled(r, n) if titles.count(r.title) > 1 else r for n, r in enumerate(results, 1))


def _retitled(result: ModelResult, number: int) -> ModelResult:
    title = f"{number}: {result.title}" if result.card is None else f"{number}: {result.title}, {result.card.dtype}"
    column = None if result.features is None else replace(result.features, title=title)
    card = None if result.card is None else replace(result.card, title=title)
    return replace(result, title=title, card=card, features=column)


def this_machine() -> Machine:
    found = tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        devices=found,
        python=platform.python_version(),
        torch=torch.__version__,
        system=f"{platform.system()} {platform.machine()}",
    )


def _processor() -> str:
    """What the processor calls itself; "" where the system does not tell."""
    if sys.platform == "linux":
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor()
