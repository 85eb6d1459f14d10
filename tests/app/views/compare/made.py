"""Made-up columns, steps and frames for the compare page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.compare_messages import ColumnFrame, ColumnStatus, Look
from rwkv_backend.compare.records import ModelChoice
from rwkv_backend.records import Frame, FrameSpec, Step
from tests.app.views import cards


def status(column: int, version: str = "6.0", layers: int = 4) -> ColumnStatus:
    info = replace(cards.INFO, version=version, n_layer=layers, n_head=2)
    card = replace(cards.CARD, info=info)
    return ColumnStatus(column, ModelChoice(Path(f"/models/v{version}-{column}.pth")), card)


def step(index: int, text: str, nats: float = 1.0) -> Step:
    return Step(index, 10 + index, text.encode(), text, -nats, tokens_per_second=100.0)


def column_frame(column: int, look: Look, **parts: Any) -> ColumnFrame:
    spec = FrameSpec(layer=look.layer, head=look.head)
    return ColumnFrame(column, look.position or 0, look, Frame(spec, 10, " x", **parts))
