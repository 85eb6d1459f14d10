"""eval, bench, compare, cache: how well, how fast, one beside another, and what is kept on disk for speed."""

from __future__ import annotations

import argparse
from collections.abc import Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rwkv_backend.cli.talking import (
    open_asked,
    read_text,
    say,
    show_progress,
    tell,
    tell_json,
    tokenizer_for,
    watch,
)
from rwkv_backend.errors import SettingError, TokenError

if TYPE_CHECKING:
    from rwkv_backend.compare.records import CompareEvent, Comparison


def evaluate(options: argparse.Namespace) -> None:
    from rwkv_backend.analysis.loss import text_loss

    if options.quality:
        quality(options)
        return
    text = read_text(options.text)
    model = open_asked(options)
    tokenizer = tokenizer_for(options, model)
    start = tokenizer.start if tokenizer.end_of_text is None else tokenizer.end_of_text
    if start is None:
        raise TokenError("This tokenizer has no token to put before a text.", "Name another with --tokenizer.")
    for warning in tokenizer.warnings_for(text):
        say(warning)
    tokens = [start, *tokenizer.encode_corpus(text)]
    loss = watch("reading", text_loss(model, tokens, len(text.encode("utf-8")), options.window))
    result = {
        "bits_per_byte": loss.bits_per_byte,
        "nats_per_token": loss.nats_per_token,
        "tokens": loss.tokens,
        "bytes": loss.bytes,
        "by_position": [asdict(bucket) for bucket in loss.by_position],
        "window": loss.window,
        "seconds": loss.seconds,
        "tok_s": loss.tokens / loss.seconds,
    }
    if options.json:
        tell_json(result)
        return
    tell(
        f"{loss.bits_per_byte:.4f} bits per byte",
        f"{loss.nats_per_token:.4f} nats per token, {loss.tokens:,} tokens, {loss.bytes:,} bytes",
        "position        nats per token",
        *(f"{b.start:>6,} – {b.end:<6,} {b.nats:.4f}" for b in loss.by_position),
    )


def quality(options: argparse.Namespace) -> None:
    from rwkv_backend.quality import Quality, measure_quality

    text = read_text(options.text)
    steps = measure_quality(options.file, text, options.window, options.device, options.tokenizer)
    cards: tuple[Quality, ...] = watch("reading", steps)
    if options.json:
        tell_json({"window": options.window, "by_dtype": {card.dtype: asdict(card) for card in cards}})
        return
    tell(
        "dtype      bits per byte   against float32    weights",
        *(f"{c.dtype:<10} {c.bits_per_byte:13.4f}   {c.change:+15.3%}   {c.weights_mb:5,.0f} MB" for c in cards),
    )


def bench(options: argparse.Namespace) -> None:
    import torch

    from rwkv_backend.bench import bench

    if options.threads:
        torch.set_num_threads(options.threads)
    steps = bench(options.file, options.device, options.dtype, options.prompt_tokens, options.new_tokens, options.runs)
    result = watch("measuring", steps)
    timed = {name: getattr(result, name) for name in ("load_s", "prefill_tok_s", "decode_tok_s")}
    rest = {name: value for name, value in asdict(result).items() if name not in timed}
    if options.json:
        spread = {f"{name}_range": [m.low, m.high] for name, m in timed.items()}
        tell_json({**{name: m.median for name, m in timed.items()}, **spread, **rest})
        return
    tell(*(f"{name:<14} {m.median:10.2f}   ({m.low:.2f} – {m.high:.2f})" for name, m in timed.items()))
    tell(*(f"{name:<14} {value:10,.2f}" for name, value in rest.items()))
    tell(
        f"Writing reaches {result.limit_reached:.0%} of what reading the weights at {result.bandwidth_gb_s:.1f} GB/s allows."
    )


def compare(options: argparse.Namespace) -> None:
    from rwkv_backend.compare.comparing import compare
    from rwkv_backend.compare.records import CompareSettings, ModelChoice
    from rwkv_backend.compare.report import write_report
    from rwkv_backend.compare.tables import as_numbers

    names = ("prompt", "seed", "max_tokens", "window", "tasks")
    typed = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    choices = [ModelChoice(file, options.device, options.dtype, options.tokenizer) for file in options.files]
    text = read_text(options.text)
    steps = compare(choices, text, CompareSettings(**typed), options.text.name)
    result = watch_models(options.files, steps)
    if all(model.card is None for model in result.models):
        raise SettingError("None of the models could be opened.")
    files = write_report(result, options.out)
    if options.json:
        tell_json({"files": [str(file) for file in files], **as_numbers(result)})
    else:
        tell(str(files[0]))


def watch_models(files: Sequence[Path], steps: Generator[CompareEvent, None, Comparison]) -> Comparison:
    """Run a comparison to its end; each failure is told when it happens."""
    from rwkv_backend.compare.records import ModelOpened, TaskDone, TaskProgress

    while True:
        try:
            event = next(steps)
        except StopIteration as done:
            return done.value
        if isinstance(event, ModelOpened) and event.result.card is not None:
            for note in event.result.card.notes:
                say(f"{files[event.model].name}: {note}")
        elif isinstance(event, TaskProgress):
            show_progress(f"{files[event.model].name}: {event.task or 'loading'}", event.progress)
        elif isinstance(event, TaskDone) and event.result.failures and event.result.failures[-1].task == event.task:
            say(f"{files[event.model].name}: {event.result.failures[-1].sentence}")


def cache(options: argparse.Namespace) -> None:
    from rwkv_backend import weight_cache

    freed = weight_cache.clear() if options.clear else 0
    size, folder = weight_cache.size(), weight_cache.folder()
    if options.json:
        tell_json({"folder": str(folder) if folder else None, "bytes": size, "freed_bytes": freed})
        return
    if options.clear:
        tell(f"{freed / 1e6:,.0f} MB removed.")
    tell(f"{size / 1e6:,.0f} MB in {folder}" if folder else "Nothing is kept.")
