"""What the model thought of each token of a timeline: kept in compact arrays, told as TokenRecords.

The distribution from which a token came is looked at for several tokens at once, and only when somebody asks or enough
have gathered. So writing goes on at full speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rwkv_backend.checkpoint_store import Counted, Meter
from rwkv_backend.records import Alternative, TokenRecord
from rwkv_backend.tokenizers.base import TextStream

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.state_change import MemoryWatch

ALTERNATIVES = 10
WAITING = 32
"""Tokens whose distributions wait to be looked at together."""

LONGEST_CHARACTER = 4
"""Bytes of UTF-8."""


@dataclass(frozen=True, eq=False)
class Measures:
    """Of T tokens: log-probability (T,), rank (T,), entropy (T,), and the likeliest tokens with theirs (T, 10)."""

    logprob: NDArray[np.float32]
    rank: NDArray[np.int32]
    entropy: NDArray[np.float32]
    best: NDArray[np.int32]
    best_logprob: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in (self.logprob, self.rank, self.entropy, self.best, self.best_logprob))


def measures(logits: Tensor, tokens: Sequence[int]) -> Measures:
    """What the distributions of `logits` (T, V) say of `tokens` (T)."""
    logprobs = logits.detach().float().log_softmax(1)
    own = logprobs.gather(1, torch.tensor(tokens, device=logits.device).unsqueeze(1))
    best = logprobs.topk(min(ALTERNATIVES, logprobs.shape[1]))
    entropy = -(logprobs.exp() * logprobs.clamp(min=-1e4)).sum(1)  # an impossible token counts 0, not 0·∞
    return Measures(
        _array(own[:, 0], np.float32),
        _array((logprobs > own).sum(1) + 1, np.int32),
        _array(entropy, np.float32),
        _array(best.indices, np.int32),
        _array(best.values, np.float32),
    )


def _array(tensor: Tensor, kind: type[Any]) -> NDArray[Any]:
    return tensor.cpu().numpy().astype(kind)


Mark = tuple[Counted[Measures], int]
Change = tuple[Counted[NDArray[np.float32]], int]
"""A row of arrays that several tokens share."""


@dataclass(frozen=True)
class Row:
    """One token, as it can be taken from a log and put back."""

    token: int
    written: bool
    mark: Mark | None
    change: Change | None


class TokenLog:
    """The tokens of one timeline. Rows never change once they are measured, so a fork takes them over."""

    def __init__(self, bytes_of: Callable[[int], bytes], meter: Meter, watch: MemoryWatch) -> None:
        """watch: what it finds is taken over."""
        self.tokens: list[int] = []
        self.written: list[bool] = []
        self._marks: list[Mark | None] = []
        self._changes: list[Change | None] = []
        self._bytes_of = bytes_of
        self._meter = meter
        self._logits: list[tuple[int, Tensor]] = []
        self.watch = watch

    def append(self, token: int, written: bool = False) -> None:
        self.tokens.append(token)
        self.written.append(written)
        self._marks.append(None)
        self._changes.append(None)

    def append_row(self, row: Row) -> None:
        self.append(row.token, row.written)
        self._marks[-1], self._changes[-1] = row.mark, row.change

    def rows(self, start: int, end: int) -> list[Row]:
        self.flush()
        columns = (self.tokens, self.written, self._marks, self._changes)
        return [Row(*row) for row in zip(*(column[start:end] for column in columns), strict=True)]

    def cut(self, n: int) -> None:
        """Forget the tokens from `n` on."""
        self.flush()
        for column in (self.tokens, self.written, self._marks, self._changes):
            del column[n:]

    def fork(self, n: int, watch: MemoryWatch) -> TokenLog:
        self.flush()
        other = TokenLog(self._bytes_of, self._meter, watch)
        other.tokens, other.written = self.tokens[:n], self.written[:n]
        other._marks, other._changes = self._marks[:n], self._changes[:n]
        return other

    # Measuring

    def unmeasured(self, start: int, end: int, changes: bool = False) -> tuple[int, int]:
        """The shortest stretch within start … end that holds all tokens not yet measured; empty: (end, end)."""
        self.flush()
        missing = [
            i for i in range(start, end) if (self._marks[i] is None and i) or (changes and self._changes[i] is None)
        ]
        return (missing[0], missing[-1] + 1) if missing else (end, end)

    def note(self, index: int, logits: Tensor) -> None:
        """Remember the distribution (V,) from which the token at `index` came, until somebody looks."""
        self._logits.append((index, logits))
        if len(self._logits) >= WAITING:
            self.flush()

    def note_all(self, start: int, logits: Tensor) -> None:
        """logits (T, V): the distributions from which the T tokens from `start` on came."""
        found = measures(logits, self.tokens[start : start + len(logits)])
        counted = Counted(found, found.nbytes, self._meter)
        for row in range(len(logits)):
            self._marks[start + row] = (counted, row)

    def choose_instead(self, token: int) -> None:
        """Put `token` in the place of the last one; it came from the same distribution, so much is known of it already."""
        self.flush()
        mark = self._marks[-1]
        self.tokens[-1], self.written[-1], self._marks[-1], self._changes[-1] = token, True, None, None
        if mark is None:
            return
        counted, row = mark
        old = counted.value
        places = np.flatnonzero(old.best[row] == token)
        if not len(places):
            return
        at, one = int(places[0]), slice(row, row + 1)
        logprob = old.best_logprob[one, at].copy()
        rank = np.asarray([int((old.best_logprob[row] > logprob[0]).sum()) + 1], np.int32)
        made = Measures(logprob, rank, old.entropy[one].copy(), old.best[one].copy(), old.best_logprob[one].copy())
        self._marks[-1] = (Counted(made, made.nbytes, self._meter), 0)

    def flush(self) -> None:
        """Look at all that waits."""
        if self._logits:
            places, rows = zip(*self._logits, strict=True)
            self._logits.clear()
            found = measures(torch.stack(rows), [self.tokens[i] for i in places])
            marks = Counted(found, found.nbytes, self._meter)
            for row, place in enumerate(places):
                self._marks[place] = (marks, row)
        for indices, changed in self.watch.take():
            self.note_changes(indices, changed)

    def note_changes(self, indices: Sequence[int], changed: Tensor) -> None:
        """changed (tokens, layers): how much each of these tokens changed the memory."""
        table = _array(changed, np.float32)
        changes = Counted(table, table.nbytes, self._meter)
        for row, place in enumerate(indices):
            self._changes[place] = (changes, row)

    # Telling

    def text(self, start: int, end: int) -> str:
        """What the tokens from `start` to before `end` say; a character that lies across an edge counts where it ends."""
        stream = self._stream_at(start)
        said = stream.feed(b"".join(map(self._bytes_of, self.tokens[start:end])))
        return said + stream.finish() if end >= len(self.tokens) else said

    def unfinished(self) -> bytes:
        """The bytes of a character that the last tokens have begun."""
        data = self._bytes_before(len(self.tokens))
        for length in range(min(LONGEST_CHARACTER - 1, len(data)), 0, -1):
            stream = TextStream()
            if not stream.feed(data[-length:]) and stream.finish() and data[-length] >= 0xC0:
                return data[-length:]
        return b""

    def records(self, start: int, end: int) -> Iterator[TokenRecord]:
        self.flush()
        stream = self._stream_at(start)
        for index in range(start, end):
            yield self._record(index, stream)

    def _record(self, index: int, stream: TextStream) -> TokenRecord:
        token, mark, change = self.tokens[index], self._marks[index], self._changes[index]
        data = self._bytes_of(token)
        plain = TokenRecord(index, token, data, stream.feed(data), self.written[index], change=_numbers(change))
        if mark is None:
            return plain
        found, row = mark[0].value, mark[1]
        return TokenRecord(
            index,
            token,
            data,
            plain.text,
            plain.written,
            float(found.logprob[row]),
            int(found.rank[row]),
            float(found.entropy[row]),
            tuple(self._alternatives(found, row)),
            plain.change,
        )

    def _alternatives(self, found: Measures, row: int) -> Iterator[Alternative]:
        for token, logprob in zip(found.best[row].tolist(), found.best_logprob[row].tolist(), strict=True):
            yield Alternative(token, self._bytes_of(token), logprob)

    def _stream_at(self, n: int) -> TextStream:
        """As it is after the tokens before `n`: all it can still hold is the beginning of one character."""
        stream = TextStream()
        stream.feed(self._bytes_before(n))
        return stream

    def _bytes_before(self, n: int) -> bytes:
        data, place = b"", min(n, len(self.tokens))
        while place and len(data) < LONGEST_CHARACTER:
            place -= 1
            data = self._bytes_of(self.tokens[place]) + data
        return data


def _numbers(change: Change | None) -> tuple[float, ...]:
    return () if change is None else tuple(change[0].value[change[1]].tolist())
