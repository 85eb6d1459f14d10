"""Measures what each dtype costs on each demo model and writes resources/quality.json, which the window shows.

`make quality` runs it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rwkv_backend.demo_models import demo_models
from rwkv_backend.quality import SHIPPED, Quality, measure_quality

TEXT = Path(__file__).parents[1] / "resources" / "texts" / "tales.txt"
WINDOW = 512
"""Tokens, what the demo models were trained on."""


def main() -> None:
    text = TEXT.read_text(encoding="utf-8")
    models: dict[str, Any] = {}
    for demo in demo_models():
        cards = measured(demo.path, text)
        sys.stdout.write(f"{demo.version}: " + ", ".join(f"{c.dtype} {c.change:+.3%}" for c in cards) + "\n")
        models[demo.version] = {"file": demo.path.name, "by_dtype": {c.dtype: rounded(c) for c in cards}}
    about = {"text": f"texts/{TEXT.name}", "bytes": len(text.encode("utf-8")), "window": WINDOW, "models": models}
    SHIPPED.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def measured(path: Path, text: str) -> tuple[Quality, ...]:
    steps = measure_quality(path, text, WINDOW)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            cards: tuple[Quality, ...] = end.value
            return cards


def rounded(card: Quality) -> dict[str, float]:
    numbers = {name: value for name, value in asdict(card).items() if name != "dtype"}
    return {name: round(value, 6) for name, value in numbers.items()}


if __name__ == "__main__":
    main()
