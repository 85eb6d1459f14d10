"""What a column's head says, as plain words."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.compare_messages import ColumnStatus
from app.views.parts import library
from app.views.version_card import BYTES_OF_A_STATE_NUMBER, count_text, size_text
from rwkv_backend.records import StopReason


def title(status: ColumnStatus) -> str:
    """ "RWKV-4", or the file's name while it has not been looked at."""
    if status.card is None:
        return status.choice.path.stem
    return f"RWKV-{status.card.info.version}"


def model_line(status: ColumnStatus) -> str:
    """Size, state and memory: "3.72 million · state 23.0 kB · 14.7 MB float32"."""
    if status.card is None:
        return ""
    translate = QCoreApplication.translate
    info = status.card.info
    state = status.state_bytes or info.state_numbers * BYTES_OF_A_STATE_NUMBER
    parts = [count_text(info.n_params), translate("CompareColumn", "state {0}").format(size_text(state))]
    return " · ".join(parts)


def memory_line(status: ColumnStatus) -> str:
    """What it holds in memory and how: "14.7 MB float32 on cpu"."""
    choice = status.choice
    held = f"{choice.dtype}, {choice.device}"
    if status.opened is None:
        return QCoreApplication.translate("CompareColumn", "not loaded ({0})").format(held)
    return f"{size_text(status.opened.weight_bytes + status.state_bytes)} ({held})"


def speed_line(status: ColumnStatus) -> str:
    """How fast it reads and writes, or what it is doing."""
    translate = QCoreApplication.translate
    if status.phase == "loading" and status.progress is not None:
        share = status.progress.done / max(status.progress.total, 1)
        return translate("CompareColumn", "loading, {0} %").format(f"{100 * share:.0f}")
    if status.phase == "reading" and status.progress is not None:
        words = translate("CompareColumn", "reading, {0} of {1} tokens")
        return words.format(f"{status.progress.done:,}", f"{status.progress.total:,}")
    if not status.prompt_rate and not status.rate:
        return translate("CompareColumn", "has not written yet")
    words = translate("CompareColumn", "reads {0}, writes {1} tok/s")
    return words.format(_rate(status.prompt_rate), _rate(status.rate))


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def end_line(status: ColumnStatus) -> str:
    """How the writing stands: "writing, 34 tokens", "120 tokens, length reached"."""
    translate = QCoreApplication.translate
    tokens = f"{status.tokens:,}"
    if status.phase == "writing":
        return translate("CompareColumn", "writing, {0} tokens").format(tokens)
    if status.phase == "ended" and status.written is not None:
        reason = reason_words(status.written.reason)
        return translate("CompareColumn", "{0} tokens, {1}").format(tokens, reason)
    return ""


def reason_words(reason: StopReason | str) -> str:
    translate = QCoreApplication.translate
    known = {
        "end of text": translate("CompareColumn", "end of text"),
        "stop string": translate("CompareColumn", "stop text"),
        "length": translate("CompareColumn", "length reached"),
        "context full": translate("CompareColumn", "context full"),
        "stopped": translate("CompareColumn", "stopped"),
    }
    return known.get(reason, reason)


def tooltip(status: ColumnStatus) -> str:
    """The file and all that its card says in short."""
    lines = [Path(status.choice.path).name]
    if status.card is not None:
        info = status.card.info
        lines.append(
            QCoreApplication.translate("CompareColumn", "{0} layers of width {1}, {2} tokens in the vocabulary").format(
                info.n_layer, info.n_embd, f"{info.vocab_size:,}"
            )
        )
        lines += [library(line) for line in (*info.notes, status.card.tokenizer_warning) if line]
    return "\n".join(lines)
