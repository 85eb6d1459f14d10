"""Starting the engine, looking at files, loading models."""

from __future__ import annotations

import time
from pathlib import Path

from app.jobs.desk import Desk, Jobs, Steps
from app.messages import Card, Engine, FieldLayers, InspectFile, OpenedModel, OpenModel, StartEngine


def start_engine(desk: Desk, job: StartEngine) -> Steps:
    yield
    import torch

    from rwkv_backend.loading import devices

    yield
    torch.set_num_threads(job.threads or steady_threads())
    return Engine(tuple(devices()), torch.get_num_threads(), str(torch.__version__))


def inspect_file(desk: Desk, job: InspectFile) -> Steps:
    yield
    return make_card(job.path)


def open_model(desk: Desk, job: OpenModel) -> Steps:
    yield
    from rwkv_backend.frames import FrameMaker
    from rwkv_backend.loading import load
    from rwkv_backend.session import Session
    from rwkv_backend.tokenizers import load_tokenizer

    began = time.perf_counter()
    card = make_card(job.path)
    rows = card.info.vocab_size
    tokenizer = load_tokenizer(job.tokenizer or None, vocab_size=rows, model_path=job.path)
    model = yield from desk.with_progress(job, "loading", load(job.path, job.device, job.dtype))
    desk.session = Session(model, tokenizer)
    desk.frames = FrameMaker(model, tokenizer)
    return OpenedModel(
        card=card,
        device=str(model.device),
        dtype=model.dtype,
        load_seconds=time.perf_counter() - began,
        weight_bytes=model.weight_bytes,
        max_tokens=model.max_tokens,
        fields=tuple(FieldLayers(f.field, f.layers or ()) for f in model.field_shapes),
        decays_by_token=desk.frames.decays_by_token,
    )


def make_card(path: Path) -> Card:
    """All that can be said of a file without loading it."""
    from rwkv_backend.checkpoints import open_checkpoint
    from rwkv_backend.demo_models import FOLDER
    from rwkv_backend.inspection import describe
    from rwkv_backend.memory import DTYPES, memory_free, memory_needed
    from rwkv_backend.models import identify
    from rwkv_backend.quality import quality_cards
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
        quality=tuple(quality_cards(info.version).items()),
        demo=Path(path).resolve().is_relative_to(FOLDER),
    )


def steady_threads() -> int:
    """One fewer than there are cores: a window that wants a core stalls a barrier over all of them (2 to 29 tok/s)."""
    import os

    return max(1, (os.cpu_count() or 2) - 1)


JOBS: Jobs = {StartEngine: start_engine, InspectFile: inspect_file, OpenModel: open_model}
