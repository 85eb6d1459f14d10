"""What may be typed: the commands and their options, each with what it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rwkv_backend.cli import looking, measuring, writing

DTYPES = ("auto", "float32", "bfloat16", "float16", "int8", "int4")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rwkv_backend", description="Look into RWKV checkpoints of any version, and run them."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    inspect = _command(commands, "inspect", looking.inspect, "what the file holds, from names and shapes alone")
    inspect.add_argument("--json", action="store_true")

    logits = _command(commands, "logits", looking.logits, "logits after each token, as a .npy file (T, vocabulary)")
    _add_tokens(logits)
    _add_place(logits)
    logits.add_argument("--chunk", type=_positive, metavar="N", help="read N tokens at a time (default: all at once)")

    trace = _command(commands, "trace", looking.trace, "final state and decays, as a .npz file")
    _add_tokens(trace)
    _add_place(trace)

    generate = _command(commands, "generate", writing.generate, "write after a prompt")
    _add_generation(generate)
    _add_place(generate)

    evaluate = _command(commands, "eval", measuring.evaluate, "how well the model foresees a text, in bits per byte")
    evaluate.add_argument("text", type=Path, metavar="TEXTFILE", help="a UTF-8 text")
    evaluate.add_argument("--window", type=_positive, metavar="N", help="start afresh every N tokens")
    evaluate.add_argument("--tokenizer", metavar="T", help=_TOKENIZER_HELP)
    evaluate.add_argument(
        "--quality", action="store_true", help="with every dtype in turn, and how much each loses against float32"
    )
    evaluate.add_argument("--json", action="store_true")
    _add_place(evaluate)

    bench = _command(commands, "bench", measuring.bench, "speed and memory on this machine")
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
    cache.set_defaults(run=measuring.cache)
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
    compare.set_defaults(run=measuring.compare)


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
