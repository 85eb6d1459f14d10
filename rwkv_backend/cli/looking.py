"""inspect, logits, trace: what a file holds, and what the model in it computes."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rwkv_backend.cli.talking import open_asked, say, tell, tell_json, write_file
from rwkv_backend.records import ModelInfo

if TYPE_CHECKING:
    from rwkv_backend.tokenizers import TokenizerChoice


def inspect(options: argparse.Namespace) -> None:
    from rwkv_backend.inspection import inspect
    from rwkv_backend.tokenizers import choose_tokenizer

    info = inspect(options.file)
    choice = choose_tokenizer(info.vocab_size, options.file)
    if options.json:
        tell_json(card(info, choice))
    else:
        tell(*card_lines(info, choice))
        for note in (*info.notes, choice.warning):
            say(note)


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


def logits(options: argparse.Namespace) -> None:
    import numpy as np
    import torch

    model = open_asked(options)
    chunk = options.chunk or max(1, len(options.tokens))
    state, rows = model.new_state(), []
    with torch.no_grad():
        for start in range(0, max(1, len(options.tokens)), chunk):
            rows.append(model.forward(options.tokens[start : start + chunk], state, every=True).cpu().numpy())
    write_file(options.out, lambda file: np.save(file, np.concatenate(rows)))


def trace(options: argparse.Namespace) -> None:
    import torch

    from rwkv_backend.probe import Probe
    from rwkv_backend.trace import trace_arrays, write_trace

    model = open_asked(options)
    state, probe = model.new_state(), Probe("att.decay")
    with torch.no_grad():
        model.forward(options.tokens, state, probe=probe)
    write_file(options.out, lambda file: write_trace(file, trace_arrays(model, state, probe), state.fields))
