"""The program without a window: every demo model introduces itself and writes a tale, one after the other."""

from __future__ import annotations

import textwrap
from typing import TextIO

from rwkv_backend.demo_models import DemoModel, demo_models
from rwkv_backend.errors import RWKVError
from rwkv_backend.records import Finished, Step

PROMPT = "Once upon a time there was"
TOKENS = 120
SEED = 6


def tell_tales(out: TextIO) -> int:
    """Stream a tale from each demo model. Returns the exit code: 0, or 1 if there is none or one fails; 130 on Ctrl+C."""
    models = demo_models()
    if not models:
        out.write("The demo models are missing (resources/demo/models); nothing to show.\n")
        return 1
    import torch

    torch.set_num_threads(1)  # on models this small, more threads only wait for one another
    out.write(f"{len(models)} generations of RWKV, trained on the same tales, go on from: {PROMPT!r}\n")
    try:
        return max([_tell(model, out) for model in models])
    except KeyboardInterrupt:
        out.write("\ninterrupted\n")
        return 130


def _tell(demo: DemoModel, out: TextIO) -> int:
    try:
        _introduce(demo, out)
        end = _write_tale(demo, out)
    except RWKVError as error:
        out.write(f"\n{demo.path.name}: {error}\n")
        return 1
    out.write(
        f"\n  [{len(end.tokens)} tokens at {end.tokens_per_second:,.0f} a second; "
        f"prompt at {end.prompt_tokens_per_second:,.0f}; {end.reason}]\n"
    )
    return 0


def _introduce(demo: DemoModel, out: TextIO) -> None:
    from rwkv_backend.inspection import inspect

    info = inspect(demo.path)
    heads = f", {info.n_head} heads" if info.n_head else ""
    out.write(
        f"\nRWKV-{info.version}: {info.n_layer} layers, width {info.n_embd}{heads}, {info.n_params / 1e6:.2f} M parameters, "
        f"state {info.state_numbers * 4 / 1024:,.0f} kB, {demo.bits_per_byte:.3f} bits per byte\n\n"
    )
    out.flush()


def _write_tale(demo: DemoModel, out: TextIO) -> Finished:
    from rwkv_backend.generation import generate
    from rwkv_backend.loading import open_model
    from rwkv_backend.sampling import SamplingParams
    from rwkv_backend.tokenizers import load_tokenizer

    model = open_model(demo.path)
    tokenizer = load_tokenizer(vocab_size=model.info.vocab_size, model_path=demo.path)
    params = SamplingParams(temperature=0.9, top_p=0.8, presence=0.2, frequency=0.2, seed=SEED)
    lines = _Wrapper(out)
    lines.write(PROMPT)
    for event in generate(model, tokenizer, PROMPT, params=params, max_tokens=TOKENS):
        if isinstance(event, Step):
            lines.write(event.text)
        elif isinstance(event, Finished):
            lines.write(event.rest + "\n")
            return event
    raise AssertionError("a generation that is not closed ends with Finished")


class _Wrapper:
    """Streams text in lines of at most `width` characters, indented, breaking between words as they come."""

    def __init__(self, out: TextIO, width: int = 100, indent: str = "  ") -> None:
        self.out = out
        self.width = width
        self.indent = indent
        self.column = 0
        self.word = ""

    def write(self, text: str) -> None:
        for character in text:
            if character in " \n":
                self._end_word()
                self.out.write("\n" if character == "\n" else "")
                self.column = 0 if character == "\n" else self.column
            else:
                self.word += character
        self.out.flush()

    def _end_word(self) -> None:
        for piece in textwrap.wrap(self.word, self.width - len(self.indent)):
            if self.column and self.column + 1 + len(piece) > self.width:
                self.out.write("\n")
                self.column = 0
            self.out.write((" " if self.column else self.indent) + piece)
            self.column += len(piece) + (1 if self.column else len(self.indent))
        self.word = ""
