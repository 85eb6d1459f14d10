"""The demo models that ship with the program: seven versions, 3.7 million parameters each, trained on the same tales.

Their provenance, and how their bits per byte were measured, is in resources/demo/PROVENANCE.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "demo"


@dataclass(frozen=True)
class DemoModel:
    """bits_per_byte: on held-out tales, in windows of 512 tokens without carried state."""

    path: Path
    version: str
    bits_per_byte: float

    @property
    def title(self) -> str:
        return f"RWKV-{self.version} tales"


def demo_models() -> tuple[DemoModel, ...]:
    """In the order of the versions; empty if the program was installed without its demo files."""
    catalog = FOLDER / "catalog.json"
    if not catalog.is_file():
        return ()
    entries = json.loads(catalog.read_text(encoding="utf-8"))
    models = (DemoModel(FOLDER / e["file"], e["version"], e["bits_per_byte"]) for e in entries)
    return tuple(model for model in models if model.path.is_file())
