"""What the status line of a conversation says: how far the prompt is read, how fast the model wrote, and why it ended.

Plain functions. Their sentences are translated with those of the conversation, whose status line it is.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from app.messages import Written
from rwkv_backend.records import Progress


def reading_words(progress: Progress) -> str:
    """How far the prompt has been read, and how long it will take if that is known."""
    done, total, left = f"{progress.done:,}", f"{progress.total:,}", progress.seconds_left
    if left is None:
        return QCoreApplication.translate("Conversation", "Reading {0} of {1} tokens").format(done, total)
    words = QCoreApplication.translate("Conversation", "Reading {0} of {1} tokens, {2} left")
    return words.format(done, total, duration_words(left))


def duration_words(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return QCoreApplication.translate("Conversation", "{0} s").format(whole)
    return QCoreApplication.translate("Conversation", "{0} min {1} s").format(*divmod(whole, 60))


def ended_words(written: Written, limit: int | None) -> str:
    """Why the writing ended, its speed, tokens in the state (of how many it can hold), and the state's size."""
    seen = f"{written.tokens_seen:,}"
    translate = QCoreApplication.translate
    parts = (
        reason_words(written),
        *read_words(written),
        translate("Conversation", "{0} tokens/s").format(f"{written.rate:,.1f}"),
        translate("Conversation", "{0} of {1} tokens in context").format(seen, f"{limit:,}")
        if limit is not None
        else translate("Conversation", "{0} tokens in context").format(seen),
        translate("Conversation", "state {0}").format(_size(written.state_bytes)),
    )
    return " · ".join(parts)


def read_words(written: Written) -> tuple[str, ...]:
    """How little of a text had to be read, where the rest was known from before."""
    if not 0 < written.prompt_tokens < written.text_tokens:
        return ()
    words = QCoreApplication.translate("Conversation", "read {0} of {1} tokens")
    return (words.format(f"{written.prompt_tokens:,}", f"{written.text_tokens:,}"),)


def reason_words(written: Written) -> str:
    translate = QCoreApplication.translate
    if written.reason == "end of text":
        return translate("Conversation", "the model ended the text")
    if written.reason == "length":
        return translate("Conversation", "stopped: reached the length limit")
    if written.reason == "context full":
        return translate("Conversation", "context is full: {0}").format(written.detail)
    if written.reason == "stop string":
        return translate("Conversation", "stopped: the stop text {0} came").format(_visible(written.detail))
    return translate("Conversation", "stopped by you")


def _visible(stop: str) -> str:
    r"""A stop text as it is typed in: "\n" for a line end."""
    escaped = stop.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _size(count: int) -> str:
    return QLocale().formattedDataSize(count, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
