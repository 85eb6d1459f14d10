"""How a token is named and measured in words: its text with visible blanks, its surprise, probability and rank.

Plain functions; their sentences are translated with those of the scrubber.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from app.plots.words import percent, visible
from rwkv_backend.records import Alternative, TokenRecord


def token_name(token: int, data: bytes, text: str = "") -> str:
    """Its text, or its bytes where they are no whole characters, or its number where it has none."""
    if text:
        return visible(text)
    if not data:
        return f"#{token}"
    return visible(data.decode("utf-8", errors="backslashreplace"))


def quoted(record: TokenRecord) -> str:
    """“ daughter”, with its blanks as they are."""
    name = record.text if record.text.strip() else token_name(record.token, record.data, record.text)
    return f"“{name}”"


def alternative_name(alternative: Alternative) -> str:
    return token_name(alternative.token, alternative.data)


def surprise(record: TokenRecord) -> float | None:
    """In nats; None where nobody has measured it."""
    return None if record.logprob is None else max(0.0, -record.logprob)


def probability_words(logprob: float) -> str:
    return percent(math.exp(min(0.0, logprob)))


def nats(value: float) -> str:
    return QCoreApplication.translate("Scrubber", "{0} nats").format(f"{value:.2f}" if value < 10 else f"{value:.1f}")


def position_words(position: int, total: int, record: TokenRecord | None) -> str:
    """ "token 143 of 512 · “ daughter”" """
    words = QCoreApplication.translate("Scrubber", "token {0} of {1}").format(f"{position:,}", f"{total:,}")
    return f"{words} · {quoted(record)}" if record is not None else words


def spoken(record: TokenRecord) -> str:
    """All that is known of a token in one sentence, for those who cannot see the colours."""
    value = surprise(record)
    if value is None or record.logprob is None or record.rank is None:
        return quoted(record)
    words = QCoreApplication.translate("Scrubber", "{0}: surprise {1}, probability {2}, rank {3}")
    return words.format(quoted(record), nats(value), probability_words(record.logprob), f"{record.rank:,}")
