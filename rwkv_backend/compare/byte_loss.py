"""From losses of tokens to losses of bytes, in which models with different tokenizers can be compared.

A token's loss is spread evenly over its bytes. A token that stands for no bytes counts in the total but has no place here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rwkv_backend.compare.arrays import frozen, frozen_ints
from rwkv_backend.compare.records import ByteLoss

if TYPE_CHECKING:
    from rwkv_backend.tokenizers import Tokenizer

FIRST_BUCKET = 16
"""Bytes in the first bucket; each that follows ends at twice as many."""

Ints = NDArray[np.int64]


def spans(tokenizer: Tokenizer, tokens: Sequence[int], size: int) -> tuple[Ints, Ints]:
    """Where each token's bytes begin and end in a text of `size` bytes; (n,) each.

    The end of text is spelled out in a text file, so it takes the place of its name.
    """
    lengths = {token: len(tokenizer.bytes_of(token)) for token in set(tokens)}
    if tokenizer.end_of_text in lengths:
        lengths[tokenizer.end_of_text] = len(tokenizer.end_of_text_name.encode())
    edges = np.concatenate(([0], np.cumsum([lengths[token] for token in tokens], dtype=np.int64)))
    edges = np.minimum(edges, size)
    return edges[:-1], edges[1:]


def loss_by_byte(nats: NDArray[np.float64], starts: Ints, ends: Ints, window: int | None) -> ByteLoss:
    """Means over all windows of `window` tokens, by the byte's place in its window. All arguments but the last: (tokens,)."""
    firsts = np.arange(len(nats)) // (window or len(nats)) * (window or len(nats))  # first token of each one's window
    lengths = ends - starts
    each = np.repeat(nats / math.log(2) / np.maximum(lengths, 1), lengths)  # bits of every byte
    within = np.arange(len(each)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.repeat(starts - starts[firsts], lengths) + within
    buckets = bucket_of(places)
    count = int(buckets.max(initial=0)) + 1
    counts, sums = np.bincount(buckets, minlength=count), np.bincount(buckets, each, minlength=count)
    last = int(places.max(initial=0)) + 1
    return ByteLoss(
        starts=frozen_ints([bucket_start(b) for b in range(count)]),
        ends=frozen_ints([min(bucket_start(b + 1), last) for b in range(count)]),
        counts=frozen_ints(counts),
        bits=frozen(sums / np.maximum(counts, 1)),
        so_far=frozen(np.cumsum(sums) / np.maximum(np.cumsum(counts), 1)),
    )


def bucket_of(places: Ints) -> Ints:
    """0 for 0–15, 1 for 16–31, 2 for 32–63 …"""
    _, exponents = np.frexp(places // FIRST_BUCKET)  # x = m · 2^e with ½ ≤ m < 1; 0 for 0
    return np.asarray(exponents, dtype=np.int64)


def bucket_start(bucket: int) -> int:
    return FIRST_BUCKET * 2 ** (bucket - 1) if bucket else 0
