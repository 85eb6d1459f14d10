"""Files that hold an RWKV or something like it which this program does not run: recognised, and refused with the reason.

Running such a file with the nearest formula would give fluent, wrong text; a sentence that says what it is does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rwkv_backend.errors import UnknownModelError
from rwkv_backend.models.layout import Glance


@dataclass(frozen=True)
class Refusal:
    """`shown_by` decides from the names alone; `sentence` says what the file is and `hint` what to do."""

    shown_by: Callable[[Glance], bool]
    sentence: str
    hint: str = ""


def _matrix_state(names: Glance) -> bool:
    return names.any("att.ln_x.weight", "att.time_maa_x", "att.r_k")


REFUSALS = (
    Refusal(
        lambda names: names.has("tok_emb.weight", "attn.query.weight"),
        "This file comes from RWKV-1's code but holds a Transformer (attn.query), not an RWKV.",
    ),
    Refusal(
        lambda names: (
            "tok_emb.weight" in names
            and names.any("attn.time_w", "attn.time_ww")
            and not names.any("head_q.weight", "head_q.bias", "head_k.weight", "head_k.bias")
        ),
        "This is an RWKV-1 from before it had a copy head (no head_q and head_k), a form that is not supported.",
    ),
    Refusal(
        lambda names: names.any("ffn.enn.weight", "qkv.ennk.weight", "emb0", "emb1") or names.stem("rosa"),
        "This is an RWKV-8 experiment; this program reads versions 1 to 7.0.",
    ),
    Refusal(
        lambda names: names.any("qkv.qq.weight", "qkv.k_emb.weight", "k_emb.weight", "k_emb"),
        "This is the RWKV-7b test model, which adds attention to version 7 and is not supported.",
        "Plain RWKV-7 files (x070, g1) can be opened.",
    ),
    Refusal(
        lambda names: "att.r_k" in names and names.stem("ffn.s_emb"),
        "This is an RWKV-7a test model (DeepEmbed: ffn.s_emb), which is not supported.",
        "Plain RWKV-7 files (x070, g1) can be opened.",
    ),
    Refusal(
        lambda names: "att.time_maa_rkvw_w1" in names,
        "This is RWKV-6.0b or 6.0c: two formulas with the same tensors, so the file cannot tell which one it needs.",
        "It is not run on a guess.",
    ),
    Refusal(
        lambda names: "att.time_state" in names and not names.any("att.key.weight", "emb.weight"),
        "This file holds only tuned initial states (att.time_state) for an RWKV-6 or 7, not a model.",
        "Open the model that it was tuned for.",
    ),
    Refusal(
        lambda names: names.any("att.A_log", "att.in_proj.weight"),
        "This file holds Mamba blocks from RWKV-LM's trainer, not an RWKV.",
    ),
    Refusal(
        lambda names: names.stem("model.layers.") or names.stem("layers."),
        "This file names its tensors as fla or another library does (model.layers…), which is not supported.",
        "Use the official .pth file of the same model.",
    ),
    Refusal(
        lambda names: (
            names.has("att.ln_x.weight", "att.time_decay", "att.time_mix_k")
            and not names.any("att.time_first", "att.time_faaaa")
        ),
        "This is an RWKV-5 preview of July 2023 without time_first or time_faaaa; its formula was never settled.",
    ),
    Refusal(
        lambda names: (
            names.has("att.time_mix_k", "att.time_decay", "blocks.0.ln1.weight")
            and not names.any("ln0.weight", "ln0.bias", "att.ln_x.weight", "att.time_mix")
        ),
        "This has separate blends as RWKV-3 but no ln0 as RWKV-2: a form that AI-Writer's later models use, not supported.",
    ),
    Refusal(
        lambda names: names.has("emb.weight") and _matrix_state(names) and names.stem("ffn.aa."),
        "This is an experiment of RWKV-5 or later with another channel mix (ffn.aa, MishGLU), which is not supported.",
        "That channel mix is run for version 4 only.",
    ),
    Refusal(
        lambda names: names.has("emb.weight") and _matrix_state(names) and names.stem("ffnPre."),
        "This is an experiment of RWKV-5 or later with a second channel mix (ffnPre), which is not supported.",
        "That variant is run for versions 2 to 4 only.",
    ),
    Refusal(
        lambda names: names.any("att.time_mix_x", "att.time_mix_w1"),
        "This is an RWKV-6 file converted for web-rwkv or Ai00 (att.time_mix_x, some matrices transposed).",
        "Use the official file (att.time_maa_x) instead.",
    ),
)


def refuse_known_strangers(names: Glance) -> None:
    """Raise UnknownModelError if the names are those of a file that we know and do not run."""
    for refusal in REFUSALS:
        if refusal.shown_by(names):
            raise UnknownModelError(refusal.sentence, refusal.hint)
