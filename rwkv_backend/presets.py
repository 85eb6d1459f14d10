"""Sampling settings that others recommend, by model family, each with the file it comes from.

The sources contradict each other (two projects' "creative" share hardly a number), so every one is named after its
project and none is the truth. "/" in a source stands between a project and a file in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from rwkv_backend.sampling import SamplingParams
from rwkv_backend.templates import Family, families_for


@dataclass(frozen=True)
class Preset:
    """A name for settings: for which models, where from, and what the settings cannot say."""

    name: str
    family: Family
    source: str
    params: SamplingParams
    note: str = ""


def _params(
    temperature: float,
    top_p: float,
    presence: float = 0.0,
    frequency: float = 0.0,
    decay: float = 0.996,
    top_k: int = 0,
) -> SamplingParams:
    return SamplingParams(
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        presence=presence,
        frequency=frequency,
        penalty_decay=decay,
    )


_RWKVCN = "rwkv.cn documentation / RWKV-Parameters.mdx"
_RWKV_APP = "RWKV_APP / lib/model/decode_param_type.dart"
_API_WORLD = "ChatRWKV / API_DEMO_WORLD.py"
_DEMO = "For the small models that come with this program."
_AFTER_NEWLINE = "The source takes top p 0.9 after a line break."

PRESETS = (
    Preset("Demo chat", "demo", "this program", _params(0.8, 0.5, 0.1, 0.2), _DEMO),
    Preset("Demo story", "demo", "this program", _params(0.9, 0.7, 0.1, 0.2), _DEMO),
    Preset("AI-Writer", "characters", "AI-Writer / run.py", _params(1.0, 0.75), _AFTER_NEWLINE),
    Preset("RWKV-LM characters", "characters", "RWKV-LM / run.py", _params(1.0, 0.7), _AFTER_NEWLINE),
    Preset("RWKV-LM Pile", "pile", "RWKV-LM / run.py", _params(1.0, 0.7)),
    Preset("Raven chat", "raven", "ChatRWKV / v2/chat.py", _params(1.2, 0.5, 0.4, 0.4)),
    Preset("World chat", "world", "ChatRWKV / API_DEMO_CHAT.py", _params(1.0, 0.3, 0.5, 0.5)),
    Preset(
        "World chat, tuned state",
        "world",
        "ChatRWKV / API_DEMO_CHAT.py",
        _params(1.0, 0.2, 0.3, 0.3),
        "For a chat that starts from a state that was trained.",
    ),
    Preset("World questions", "world", _API_WORLD, _params(1.0, 0.2, 0.4, 0.4)),
    Preset("World free text", "world", _API_WORLD, _params(1.5, 0.3, 0.2, 0.2)),
    Preset("G1", "g1", "rwkv package / README.md", _params(1.0, 0.5, decay=0.997, top_k=100)),
    Preset(
        "MIDI",
        "midi",
        "ChatRWKV / music/run.py",
        _params(1.0, 0.8, 0.0, 0.5, 0.997, top_k=8),
        "The source also favours the end token more with each token, weighs token 127 down by 1 nat, and counts the "
        "tokens below 127 for 0.3.",
    ),
    Preset("rwkv package", "any", "rwkv package / rwkv/utils.py", _params(1.0, 0.85, 0.2, 0.2)),
    Preset("RWKV-Runner", "any", "RWKV-Runner / frontend defaults", _params(1.0, 0.3, 0.0, 1.0)),
    Preset(
        "rwkv.cpp chat",
        "any",
        "rwkv.cpp / python/chat_with_bot.py",
        _params(0.8, 0.5, 0.2, 0.2, decay=1.0),
        "Its penalty does not decay.",
    ),
    Preset(
        "Ai00 nucleus",
        "any",
        "ai00_server / core sampler",
        _params(1.0, 0.5, 0.3, 0.3, top_k=128).with_half_life(200),
        "Written there as a half-life of 200 tokens.",
    ),
    Preset("rwkv.cn creative", "any", _RWKVCN, _params(0.6, 0.8, 2.0, 0.2, 0.99)),
    Preset("rwkv.cn default", "any", _RWKVCN, _params(1.0, 0.3, 0.5, 0.5)),
    Preset("rwkv.cn conservative", "any", _RWKVCN, _params(0.3, 0.3)),
    Preset("rwkv.cn mechanical", "any", _RWKVCN, _params(0.0, 0.0)),
    Preset("RWKV_APP creative", "any", _RWKV_APP, _params(1.0, 0.6, 2.0, 0.2, 0.99)),
    Preset("RWKV_APP default", "any", _RWKV_APP, _params(1.0, 0.5, 2.0, 0.2, 0.99)),
    Preset("RWKV_APP comprehensive", "any", _RWKV_APP, _params(1.0, 0.3, 2.0, 0.2, 0.99)),
    Preset("RWKV_APP conservative", "any", _RWKV_APP, _params(0.4, 0.4, 1.0, 0.1, 0.99)),
    Preset("RWKV_APP fixed", "any", _RWKV_APP, _params(0.2, 0.0, decay=0.99)),
)


def presets_for(version: str, tokenizer_kind: str, demo: bool = False) -> tuple[Preset, ...]:
    """All presets that make sense for such a model, its default first. The arguments are those of `families_for`."""
    families = (*families_for(version, tokenizer_kind, demo), "any")
    return tuple(preset for family in families for preset in PRESETS if preset.family == family)
