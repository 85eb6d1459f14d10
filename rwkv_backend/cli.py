"""The command line: `python -m rwkv_backend inspect | logits | trace | generate | eval | bench | compare | cache`.

Results go to stdout (with --json one object), progress and messages to stderr. Exit 0: done; 2: the input cannot be used,
said in one sentence; 130: interrupted. Torch is imported by the commands that need it, so `inspect` answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rwkv_backend.errors import RWKVError, SettingError, TokenError
from rwkv_backend.records import Finished, ModelInfo, Progress, Step
from rwkv_backend.writing import write_whole

if TYPE_CHECKING:
    from rwkv_backend.compare.records import CompareEvent, Comparison
    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.sampling import SamplingParams
    from rwkv_backend.tokenizers import Tokenizer, TokenizerChoice

T = TypeVar("T")

DTYPES = ("auto", "float32", "bfloat16", "float16", "int8", "int4")


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
        sys.stdout.flush()
    except RWKVError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:  # the reader of our output has gone; Python would complain again when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


# What may be typed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rwkv_backend", description="Look into RWKV checkpoints of any version, and run them."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    inspect = _command(commands, "inspect", _inspect, "what the file holds, from names and shapes alone")
    inspect.add_argument("--json", action="store_true")

    logits = _command(commands, "logits", _logits, "logits after each token, as a .npy file (T, vocabulary)")
    _add_tokens(logits)
    _add_place(logits)
    logits.add_argument("--chunk", type=_positive, metavar="N", help="read N tokens at a time (default: all at once)")

    trace = _command(commands, "trace", _trace, "final state and decays, as a .npz file")
    _add_tokens(trace)
    _add_place(trace)

    generate = _command(commands, "generate", _generate, "write after a prompt")
    _add_generation(generate)
    _add_place(generate)

    evaluate = _command(commands, "eval", _eval, "how well the model foresees a text, in bits per byte")
    evaluate.add_argument("text", type=Path, metavar="TEXTFILE", help="a UTF-8 text")
    evaluate.add_argument("--window", type=_positive, metavar="N", help="start afresh every N tokens")
    evaluate.add_argument("--tokenizer", metavar="T", help=_TOKENIZER_HELP)
    evaluate.add_argument(
        "--quality", action="store_true", help="with every dtype in turn, and how much each loses against float32"
    )
    evaluate.add_argument("--json", action="store_true")
    _add_place(evaluate)

    bench = _command(commands, "bench", _bench, "speed and memory on this machine")
    bench.add_argument("--prompt-tokens", type=_positive, default=512, metavar="N")
    bench.add_argument("--new-tokens", type=_positive, default=128, metavar="N")
    bench.add_argument("--runs", type=_positive, default=3, metavar="N", help="counted runs (default 3)")
    bench.add_argument("--threads", type=_positive, metavar="N", help="torch's threads (default: as torch chooses)")
    bench.add_argument("--json", action="store_true")
    _add_place(bench)
    _add_compare(commands)
    text = "packed weights (int8, int4) kept on disk: how much there is"
    cache = commands.add_parser("cache", help=text, description=text)
    cache.add_argument("--clear", action="store_true", help="remove them")
    cache.add_argument("--json", action="store_true")
    cache.set_defaults(run=_cache)
    return parser


def _add_compare(commands: Any) -> None:
    text = "the same prompt, text and questions for several models, and a report"
    compare: argparse.ArgumentParser = commands.add_parser("compare", help=text, description=text)
    compare.add_argument("files", type=Path, nargs="+", metavar="FILE", help="checkpoints, or models' folders")
    compare.add_argument("--text", type=Path, required=True, metavar="TEXTFILE", help="a UTF-8 text to measure on")
    compare.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the report goes")
    compare.add_argument("--prompt", metavar="TEXT", help="what each model goes on from")
    compare.add_argument("--seed", type=int, metavar="S", help="of the writing and of the names to recall (default 1)")
    compare.add_argument("--max-tokens", type=_positive, metavar="N", help="how much each writes (default 120)")
    compare.add_argument("--window", type=_positive, metavar="N", help="as in eval (default 512)")
    compare.add_argument("--tasks", type=_words, metavar="A,B", help="only these (default: all)")
    compare.add_argument("--tokenizer", default="", metavar="T", help=_TOKENIZER_HELP)
    compare.add_argument("--json", action="store_true")
    _add_place(compare)
    compare.set_defaults(run=_compare)


_TOKENIZER_HELP = "world, bytes, ascii, or a tokenizer's file (default: chosen by evidence)"


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.add_argument(
        "file", type=Path, metavar="FILE", help="a checkpoint: .pth, .safetensors, or a model's folder"
    )
    command.set_defaults(run=run)
    return command


def _add_tokens(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tokens", type=_tokens, required=True, metavar="3,14,15", help="token ids")
    command.add_argument("--out", type=Path, required=True, metavar="X", help="the file to write")


def _add_place(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or mps (default cpu)")
    command.add_argument("--dtype", default="float32", choices=DTYPES, help="how matrices are held (default float32)")


def _add_generation(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prompt", required=True, metavar="TEXT")
    command.add_argument("--max-tokens", type=_positive, default=256, metavar="N")
    command.add_argument("--seed", type=int, metavar="S", help="same seed and input, same text")
    command.add_argument("--preset", metavar="NAME", help="start from a named preset's settings")
    for name in ("temperature", "top-p", "min-p", "presence", "frequency", "penalty-decay"):
        command.add_argument(f"--{name}", type=float, metavar="X")
    command.add_argument("--penalty-half-life", type=float, metavar="TOKENS", help="penalty decay, said as a half-life")
    command.add_argument("--top-k", type=int, metavar="K")
    command.add_argument("--order", choices=("rwkv", "common"), help="whether temperature comes last (rwkv) or first")
    command.add_argument("--stop", action="append", default=[], metavar="TEXT", help="end before this text; repeatable")
    command.add_argument("--tokenizer", metavar="T", help=_TOKENIZER_HELP)
    command.add_argument("--json", action="store_true")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _tokens(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise argparse.ArgumentTypeError("must be numbers with commas between, such as 3,14,15") from None


# Commands


def _inspect(options: argparse.Namespace) -> None:
    from rwkv_backend.inspection import inspect
    from rwkv_backend.tokenizers import choose_tokenizer

    info = inspect(options.file)
    choice = choose_tokenizer(info.vocab_size, options.file)
    if options.json:
        _print_json(card(info, choice))
    else:
        _print(*card_lines(info, choice))
        for note in (*info.notes, choice.warning):
            _say(note)


def card(info: ModelInfo, choice: TokenizerChoice) -> dict[str, Any]:
    """What `inspect --json` prints."""
    return {
        **asdict(info),
        "variant": info.variant or None,
        "tokenizer": choice.name or None,
        "tokenizer_evidence": list(choice.evidence),
        "tokenizer_warning": choice.warning,
    }


def card_lines(info: ModelInfo, choice: TokenizerChoice) -> list[str]:
    """The version card, for a person."""
    variant = f" ({info.variant})" if info.variant else ""
    heads = f", {info.n_head} heads of {info.head_size}" if info.n_head else ""
    limit = f", context {info.ctx_len:,} tokens" if info.ctx_len else ""
    return [
        f"RWKV-{info.version}{variant}",
        f"  {info.n_layer} layers, width {info.n_embd}{heads}, channel mix {info.n_ffn}{limit}",
        f"  {info.n_params:,} parameters in {info.dtype}, {info.file_bytes / 1e6:,.1f} MB ({info.file_format})",
        f"  state: {info.state_numbers:,} numbers, {info.state_numbers * 4 / 1e6:,.2f} MB",
        f"  vocabulary of {info.vocab_size:,}: {choice.name or 'no tokenizer found'}",
        *(f"  because {fact}" for fact in info.evidence),
    ]


def _logits(options: argparse.Namespace) -> None:
    import numpy as np
    import torch

    model = _open(options)
    chunk = options.chunk or max(1, len(options.tokens))
    state, rows = model.new_state(), []
    with torch.no_grad():
        for start in range(0, max(1, len(options.tokens)), chunk):
            rows.append(model.forward(options.tokens[start : start + chunk], state, every=True).cpu().numpy())
    _write(options.out, lambda file: np.save(file, np.concatenate(rows)))


def _trace(options: argparse.Namespace) -> None:
    import torch

    from rwkv_backend.probe import Probe
    from rwkv_backend.trace import trace_arrays, write_trace

    model = _open(options)
    state, probe = model.new_state(), Probe("att.decay")
    with torch.no_grad():
        model.forward(options.tokens, state, probe=probe)
    _write(options.out, lambda file: write_trace(file, trace_arrays(model, state, probe), state.fields))


def _generate(options: argparse.Namespace) -> None:
    from rwkv_backend.generation import generate

    params = _params(options)
    model = _open(options)
    tokenizer = _tokenizer(options, model)
    for warning in tokenizer.warnings_for(options.prompt):
        _say(warning)
    events = generate(model, tokenizer, options.prompt, params=params, max_tokens=options.max_tokens, stop=options.stop)
    for event in events:
        if isinstance(event, Progress):
            _show_progress("reading", event)
        elif isinstance(event, Step) and not options.json:
            _stream(event.text)
        elif isinstance(event, Finished):
            _finish(options, event)


def _finish(options: argparse.Namespace, end: Finished) -> None:
    if not options.json:
        _stream(end.rest + "\n")
        detail = f": {end.detail!r}" if end.detail else ""
        _say(
            f"{end.reason}{detail}; {len(end.tokens)} tokens, {end.tokens_per_second:,.1f} a second "
            f"(prompt: {end.prompt_tokens}, {end.prompt_tokens_per_second:,.1f} a second); seed {end.seed}"
        )
        return
    _print_json(
        {
            "text": end.text,
            "tokens": list(end.tokens),
            "logprobs": list(end.logprobs),
            "stop_reason": end.reason,
            "stop_detail": end.detail,
            "seed": end.seed,
            "prompt_tokens": end.prompt_tokens,
            "prompt_tok_s": end.prompt_tokens_per_second,
            "decode_tok_s": end.tokens_per_second,
        }
    )


def _params(options: argparse.Namespace) -> SamplingParams:
    """The preset's settings (or the defaults), with what was typed put over them."""
    from rwkv_backend.presets import PRESETS
    from rwkv_backend.sampling import SamplingParams

    params = SamplingParams()
    if options.preset:
        named = {preset.name: preset for preset in PRESETS}
        if options.preset not in named:
            raise SettingError(f"There is no preset {options.preset!r}.", f"There are: {', '.join(named)}.")
        params = named[options.preset].params
    names = ("temperature", "top_p", "top_k", "min_p", "presence", "frequency", "penalty_decay", "order", "seed")
    typed = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    params = replace(params, **typed)
    return params if options.penalty_half_life is None else params.with_half_life(options.penalty_half_life)


def _eval(options: argparse.Namespace) -> None:
    from rwkv_backend.analysis.loss import text_loss

    if options.quality:
        _quality(options)
        return
    text = _read_text(options.text)
    model = _open(options)
    tokenizer = _tokenizer(options, model)
    start = tokenizer.start if tokenizer.end_of_text is None else tokenizer.end_of_text
    if start is None:
        raise TokenError("This tokenizer has no token to put before a text.", "Name another with --tokenizer.")
    for warning in tokenizer.warnings_for(text):
        _say(warning)
    tokens = [start, *tokenizer.encode_corpus(text)]
    loss = _watch("reading", text_loss(model, tokens, len(text.encode("utf-8")), options.window))
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
        _print_json(result)
        return
    _print(
        f"{loss.bits_per_byte:.4f} bits per byte",
        f"{loss.nats_per_token:.4f} nats per token, {loss.tokens:,} tokens, {loss.bytes:,} bytes",
        "position        nats per token",
        *(f"{b.start:>6,} – {b.end:<6,} {b.nats:.4f}" for b in loss.by_position),
    )


def _quality(options: argparse.Namespace) -> None:
    from rwkv_backend.quality import Quality, measure_quality

    text = _read_text(options.text)
    steps = measure_quality(options.file, text, options.window, options.device, options.tokenizer)
    cards: tuple[Quality, ...] = _watch("reading", steps)
    if options.json:
        _print_json({"window": options.window, "by_dtype": {card.dtype: asdict(card) for card in cards}})
        return
    _print(
        "dtype      bits per byte   against float32    weights",
        *(f"{c.dtype:<10} {c.bits_per_byte:13.4f}   {c.change:+15.3%}   {c.weights_mb:5,.0f} MB" for c in cards),
    )


def _bench(options: argparse.Namespace) -> None:
    import torch

    from rwkv_backend.bench import bench

    if options.threads:
        torch.set_num_threads(options.threads)
    steps = bench(options.file, options.device, options.dtype, options.prompt_tokens, options.new_tokens, options.runs)
    result = _watch("measuring", steps)
    timed = {name: getattr(result, name) for name in ("load_s", "prefill_tok_s", "decode_tok_s")}
    rest = {name: value for name, value in asdict(result).items() if name not in timed}
    if options.json:
        spread = {f"{name}_range": [m.low, m.high] for name, m in timed.items()}
        _print_json({**{name: m.median for name, m in timed.items()}, **spread, **rest})
        return
    _print(*(f"{name:<14} {m.median:10.2f}   ({m.low:.2f} – {m.high:.2f})" for name, m in timed.items()))
    _print(*(f"{name:<14} {value:10,.2f}" for name, value in rest.items()))
    _print(
        f"Writing reaches {result.limit_reached:.0%} of what reading the weights at {result.bandwidth_gb_s:.1f} GB/s allows."
    )


def _compare(options: argparse.Namespace) -> None:
    from rwkv_backend.compare.comparing import compare
    from rwkv_backend.compare.records import CompareSettings, ModelChoice
    from rwkv_backend.compare.report import write_report
    from rwkv_backend.compare.tables import as_numbers

    names = ("prompt", "seed", "max_tokens", "window", "tasks")
    typed = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    choices = [ModelChoice(file, options.device, options.dtype, options.tokenizer) for file in options.files]
    text = _read_text(options.text)
    steps = compare(choices, text, CompareSettings(**typed), options.text.name)
    result = _watch_models(options.files, steps)
    if all(model.card is None for model in result.models):
        raise SettingError("None of the models could be opened.")
    files = write_report(result, options.out)
    if options.json:
        _print_json({"files": [str(file) for file in files], **as_numbers(result)})
    else:
        _print(str(files[0]))


def _watch_models(files: Sequence[Path], steps: Generator[CompareEvent, None, Comparison]) -> Comparison:
    """Run a comparison to its end; each failure is told when it happens."""
    from rwkv_backend.compare.records import ModelOpened, TaskDone, TaskProgress

    while True:
        try:
            event = next(steps)
        except StopIteration as done:
            return done.value
        if isinstance(event, ModelOpened) and event.result.card is not None:
            for note in event.result.card.notes:
                _say(f"{files[event.model].name}: {note}")
        elif isinstance(event, TaskProgress):
            _show_progress(f"{files[event.model].name}: {event.task or 'loading'}", event.progress)
        elif isinstance(event, TaskDone) and event.result.failures and event.result.failures[-1].task == event.task:
            _say(f"{files[event.model].name}: {event.result.failures[-1].sentence}")


def _cache(options: argparse.Namespace) -> None:
    from rwkv_backend import weight_cache

    freed = weight_cache.clear() if options.clear else 0
    size, folder = weight_cache.size(), weight_cache.folder()
    if options.json:
        _print_json({"folder": str(folder) if folder else None, "bytes": size, "freed_bytes": freed})
        return
    if options.clear:
        _print(f"{freed / 1e6:,.0f} MB removed.")
    _print(f"{size / 1e6:,.0f} MB in {folder}" if folder else "Nothing is kept.")


# Shared by the commands


def _open(options: argparse.Namespace) -> RWKVModel:
    from rwkv_backend.loading import load

    return _watch("loading", load(options.file, options.device, options.dtype))


def _tokenizer(options: argparse.Namespace, model: RWKVModel) -> Tokenizer:
    from rwkv_backend.tokenizers import choose_tokenizer, load_tokenizer, mismatch

    rows = model.sizes.vocab_size
    if options.tokenizer:
        tokenizer = load_tokenizer(options.tokenizer, vocab_size=rows)
        warning = mismatch(tokenizer, rows)
    else:
        choice = choose_tokenizer(rows, options.file)
        tokenizer, warning = load_tokenizer(choice), choice.warning
    if warning:
        _say(warning)
    return tokenizer


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingError(f"{path.name} is not UTF-8 text (byte {error.start:,}).", "Save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        raise SettingError(f"{path!s} cannot be read: {_reason(error)}.") from error


def _write(path: Path, write: Callable[[Any], None]) -> None:
    try:
        write_whole(path, write)
    except (OSError, ValueError) as error:
        raise SettingError(f"{path!s} cannot be written: {_reason(error)}.") from error


def _reason(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def _watch(what: str, steps: Generator[Progress, None, T]) -> T:
    """Run a job to its end, telling how far it is."""
    while True:
        try:
            _show_progress(what, next(steps))
        except StopIteration as done:
            return done.value


def _show_progress(what: str, progress: Progress) -> None:
    """One line on a terminal that overwrites itself; nothing where stderr is a file."""
    if sys.stderr.isatty():
        share = progress.done / progress.total if progress.total else 1.0
        end = "\r\033[K" if progress.done >= progress.total else ""
        sys.stderr.write(f"\r\033[K{what} {share:4.0%}{end}")
        sys.stderr.flush()


def _stream(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _say(sentence: str) -> None:
    if sentence:
        sys.stderr.write(f"{sentence}\n")


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _print_json(value: dict[str, Any]) -> None:
    _print(json.dumps(value, ensure_ascii=False, indent=2))
