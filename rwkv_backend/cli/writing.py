"""generate: a text, streamed as it is written."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from rwkv_backend.cli.talking import open_asked, say, show_progress, stream, tell_json, tokenizer_for
from rwkv_backend.errors import SettingError
from rwkv_backend.records import Finished, Progress, Step

if TYPE_CHECKING:
    from rwkv_backend.sampling import SamplingParams


def generate(options: argparse.Namespace) -> None:
    from rwkv_backend.generation import generate

    params = params_of(options)
    model = open_asked(options)
    tokenizer = tokenizer_for(options, model)
    for warning in tokenizer.warnings_for(options.prompt):
        say(warning)
    events = generate(model, tokenizer, options.prompt, params=params, max_tokens=options.max_tokens, stop=options.stop)
    for event in events:
        if isinstance(event, Progress):
            show_progress("reading", event)
        elif isinstance(event, Step) and not options.json:
            stream(event.text)
        elif isinstance(event, Finished):
            finish(options, event)


def finish(options: argparse.Namespace, end: Finished) -> None:
    if not options.json:
        stream(end.rest + "\n")
        detail = f": {end.detail!r}" if end.detail else ""
        say(
            f"{end.reason}{detail}; {len(end.tokens)} tokens, {end.tokens_per_second:,.1f} a second "
            f"(prompt: {end.prompt_tokens}, {end.prompt_tokens_per_second:,.1f} a second); seed {end.seed}"
        )
        return
    tell_json(
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


def params_of(options: argparse.Namespace) -> SamplingParams:
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
