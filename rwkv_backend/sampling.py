"""From logits to a token: the settings, the steps as small pure functions, and the `Sampler` that remembers.

Letters: V vocabulary, k a number of tokens. Logits (V,) are in nats up to a constant; probabilities (V,) sum to 1.
A step takes a tensor of any device, float32 or float64, and returns a new one; what it drops becomes 0. The `Sampler`
itself works in float64 and draws its numbers on the CPU, so that one seed draws the same from the same logits wherever the
model runs; of logits on a GPU only a list of the likeliest tokens comes over, if the cuts end within it.

Two orders of the steps are in use, and the same numbers mean different things in them:

    "rwkv"    softmax, top_p, top_k, min_p, then temperature    (`sample_logits` of the rwkv package, rwkv/utils.py)
    "common"  temperature, softmax, top_k, top_p, min_p         (Hugging Face transformers, llama.cpp much the same)

This module imports without torch: the window builds its sampling panel from `controls()`.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from rwkv_backend.errors import RWKVError, SettingError, TokenError
from rwkv_backend.later import shortlists, torch

if TYPE_CHECKING:
    from torch import Tensor

Order = Literal["rwkv", "common"]

FIRST_FLOOR = 1e-4
"""In most texts the cuts end above this probability."""

LARGEST_SEED = 2**31 - 1
"""A seed fits a spin box, so that a user can type in again what a run reported."""


# Settings


@dataclass(frozen=True)
class Control:
    """One setting as a panel shows it: what to call it, what it does, what it may be."""

    name: str
    label: str
    help: str
    kind: Literal["number", "integer", "choice", "seed", "tokens"]
    default: Any
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()


def _about(label: str, help: str, kind: str = "number", **rest: Any) -> dict[str, Any]:
    return {"label": label, "help": help, "kind": kind, **rest}


def _number(label: str, low: float, high: float, step: float, help: str, unit: str = "") -> dict[str, Any]:
    return _about(label, help, min=low, max=high, step=step, unit=unit)


def _whole(label: str, high: int, help: str, kind: str = "integer", unit: str = "") -> dict[str, Any]:
    return _about(label, help, kind, min=0, max=high, step=1, unit=unit)


@dataclass(frozen=True)
class SamplingParams:
    """How the next token is chosen. The defaults are those of the rwkv package (`PIPELINE_ARGS`).

    Raises SettingError, naming the setting and its range, for a value outside it.
    """

    temperature: float = field(
        default=1.0,
        metadata=_number(
            "Temperature", 0.0, 5.0, 0.05, "Higher is more surprising; 0 always takes the likeliest token."
        ),
    )
    top_p: float = field(
        default=0.85,
        metadata=_number(
            "Top p",
            *(0.0, 1.0, 0.01),
            "Draw only from the likeliest tokens that together reach this probability; 1 switches it off.",
        ),
    )
    top_k: int = field(
        default=0,
        metadata=_whole(
            "Top k", 65536, "Draw only from this many of the likeliest tokens; 0 switches it off.", unit="tokens"
        ),
    )
    min_p: float = field(
        default=0.0,
        metadata=_number(
            "Min p",
            *(0.0, 1.0, 0.01),
            "Drop tokens less likely than this fraction of the likeliest one; 0 switches it off.",
        ),
    )
    presence: float = field(
        default=0.2,
        metadata=_number(
            "Presence penalty",
            *(-2.0, 5.0, 0.05),
            "Taken from the logit of every token that was written before, however often.",
            "nats",
        ),
    )
    frequency: float = field(
        default=0.2,
        metadata=_number(
            "Frequency penalty",
            *(-2.0, 5.0, 0.05),
            "Taken from a token's logit once for each time it was written; older times count less.",
            "nats",
        ),
    )
    penalty_decay: float = field(
        default=0.996,
        metadata=_number(
            "Penalty decay",
            *(0.0, 1.0, 0.001),
            "What is left of a count after one more token; 0.996 halves it every 173 tokens.",
            "per token",
        ),
    )
    order: Order = field(
        default="rwkv",
        metadata=_about(
            "Order",
            "rwkv cuts first and then applies the temperature; common, like most other programs, does the reverse.",
            "choice",
            choices=("rwkv", "common"),
        ),
    )
    seed: int | None = field(
        default=None,
        metadata=_whole(
            "Seed",
            LARGEST_SEED,
            "The same seed and text give the same answer; without one every answer is new.",
            "seed",
        ),
    )
    banned: tuple[int, ...] = field(
        default=(), metadata=_about("Banned tokens", "Token ids that are never written.", "tokens")
    )
    exempt: frozenset[int] = field(
        default=frozenset(),
        metadata=_about(
            "Uncounted tokens",
            "Token ids that do not count for the frequency penalty, such as spaces and digits.",
            "tokens",
        ),
    )

    def __post_init__(self) -> None:
        for control in controls():
            _require(control, getattr(self, control.name))

    @property
    def penalty_half_life(self) -> float:
        """After how many tokens a count is halved; infinite where the penalty does not decay."""
        if self.penalty_decay in (0.0, 1.0):
            return 0.0 if self.penalty_decay == 0.0 else math.inf
        return math.log(0.5) / math.log(self.penalty_decay)

    def with_half_life(self, tokens: float) -> SamplingParams:
        """The same settings with a penalty that halves every `tokens` tokens (0: at once; infinite: never)."""
        if not tokens >= 0:
            raise SettingError(f"A half-life must be 0 or more tokens; {tokens} was given.")
        return replace(self, penalty_decay=0.5 ** (1 / tokens) if tokens else 0.0)


def controls() -> tuple[Control, ...]:
    """Every setting of SamplingParams in the order of a panel."""
    return tuple(Control(name=f.name, default=f.default, **f.metadata) for f in fields(SamplingParams))


def _require(control: Control, value: Any) -> None:
    if not _allowed(control, value):
        raise SettingError(f"{control.label} must be {_range(control)}; {value!r} was given.")


def _allowed(control: Control, value: Any) -> bool:
    if control.kind == "choice":
        return value in control.choices
    if control.kind == "tokens":
        return all(_is_number(token, int) and token >= 0 for token in value)
    if control.kind == "seed" and value is None:
        return True
    assert control.min is not None
    assert control.max is not None
    kind = float if control.kind == "number" else int
    return _is_number(value, kind) and control.min <= value <= control.max  # NaN lies in no range


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, (int, kind)) and not isinstance(value, bool)


def _range(control: Control) -> str:
    if control.kind == "choice":
        return " or ".join(control.choices)
    if control.kind == "tokens":
        return "token ids of 0 or more"
    whole = "a whole number " if control.kind in ("integer", "seed") else ""
    unit = f" {control.unit}" if control.unit else ""
    return f"{whole}between {control.min:g} and {control.max:,.10g}{unit}"


class HasBytes(Protocol):
    """What `exempt_tokens` needs of a tokenizer."""

    @property
    def size(self) -> int: ...

    def bytes_of(self, token: int, /) -> bytes: ...


def exempt_tokens(tokenizer: HasBytes) -> frozenset[int]:
    """What the rwkv package's `generate` does not count: pieces of " \\t0123456789", and ids without text."""
    return frozenset(token for token in range(tokenizer.size) if tokenizer.bytes_of(token) in b" \t0123456789")


# Steps on logits


def penalise(logits: Tensor, counts: Mapping[int, float], presence: float, frequency: float) -> Tensor:
    """Take presence + count x frequency (nats) from the logit of each token that `counts` holds, even with a 0."""
    if not counts:
        return logits
    tokens = torch.from_numpy(np.fromiter(counts, np.int64, len(counts)))  # torch.tensor(list) is five times slower
    weights = torch.from_numpy(np.fromiter(counts.values(), np.float64, len(counts)))
    penalties = (presence + frequency * weights).to(logits.dtype)
    return logits.index_add(0, tokens.to(logits.device), -penalties.to(logits.device))


def ban(logits: Tensor, tokens: Iterable[int]) -> Tensor:
    """Make `tokens` impossible. Raises TokenError for an id that the model has no row for."""
    banned = list(tokens)
    if not banned:
        return logits
    if max(banned) >= len(logits):
        raise TokenError(f"Token {max(banned)} cannot be banned: the model has {len(logits):,} tokens.")
    banned_logits = logits.clone()
    banned_logits[banned] = -math.inf
    return banned_logits


def softmax(logits: Tensor) -> Tensor:
    """Probabilities (V,). Raises RWKVError where the logits are no numbers, or leave no token possible."""
    probs = torch.softmax(logits, 0)
    if bool(probs[0].isnan()):  # one look is enough: one NaN or infinity makes all of them NaN
        raise _no_numbers()
    return probs


def _finite(total: float) -> float:
    """log Σ exp of logits; one NaN or infinity among them shows in it."""
    if not math.isfinite(total):
        raise _no_numbers()
    return total


def _no_numbers() -> RWKVError:
    return RWKVError(
        "The model gave no numbers (NaN or infinity) for the next token.",
        "The file may be damaged; in half precision a number may have grown too large: try float32.",
    )


# Steps on probabilities


def keep_top_p(probs: Tensor, top_p: float) -> Tensor:
    """Keep what is at least as likely as the token with which the likeliest ones first reach `top_p`.

    Tokens as likely as that one all stay; 0 keeps the likeliest only (and its equals), 1 keeps everything. Where
    rounding keeps the sum below `top_p`, everything stays (in the rwkv package only the likeliest does then).
    Source: `sample_logits` in rwkv/utils.py.
    """
    if top_p >= 1:
        return probs
    ordered = probs.sort(descending=True).values
    reached = int(torch.searchsorted(ordered.cumsum(0), top_p))
    cutoff = ordered[min(reached, len(ordered) - 1)]
    return probs.where(probs >= cutoff, 0)


def keep_top_k(probs: Tensor, top_k: int) -> Tensor:
    """Keep exactly the `top_k` likeliest; among equals at the edge the lowest ids stay. 0 keeps everything."""
    if not 0 < top_k < len(probs):
        return probs
    least = probs.topk(top_k).values[-1]
    above, equal = probs > least, probs == least
    room = top_k - above.sum()
    return probs.where(above | (equal & (equal.cumsum(0) <= room)), 0)


def keep_min_p(probs: Tensor, min_p: float) -> Tensor:
    """Keep what is at least `min_p` times as likely as the likeliest token. 0 keeps everything."""
    return probs.where(probs >= min_p * probs.max(), 0) if min_p > 0 else probs


def temper(probs: Tensor, temperature: float) -> Tensor:
    """p ** (1 / temperature), summing to 1 again. Above 1 flattens, below 1 sharpens; must not be 0.

    Divided by the largest first: a low temperature would otherwise leave nothing but zeros.
    """
    return normalise((probs / probs.max()) ** (1 / temperature)) if temperature != 1 else normalise(probs)


def normalise(probs: Tensor) -> Tensor:
    return probs / probs.sum()


def cut(probs: Tensor, params: SamplingParams) -> Tensor:
    """All cuts in the order of `params`, and for "rwkv" the temperature after them; sums to 1."""
    if params.order == "rwkv":
        kept = keep_top_k(keep_top_p(probs, params.top_p), params.top_k)
        return temper(keep_min_p(kept, params.min_p), params.temperature)
    kept = normalise(keep_top_k(probs, params.top_k)) if params.top_k else probs  # top_p is a share of what is left
    return normalise(keep_min_p(normalise(keep_top_p(kept, params.top_p)), params.min_p))


def distribution(logits: Tensor, params: SamplingParams) -> Tensor:
    """The probabilities (V,) of the next draw, for a temperature above 0: the plain path, without short cuts."""
    return cut(softmax(_warmed(logits, params)), params)


def _warmed(logits: Tensor, params: SamplingParams) -> Tensor:
    return logits / params.temperature if params.order == "common" else logits


def shortlist(probs: Tensor, params: SamplingParams) -> Tensor | None:
    """Ids, ascending, of few tokens that include all that the cuts will keep; None if there is no such list.

    Each cut keeps the likeliest tokens down to some point. So a list of all tokens above a floor gives the same as the
    whole vocabulary does, if one cut ends within it: top_p if the list reaches the mass, top_k if it has k tokens,
    min_p if the floor is low enough. Why: sorting V = 65,536 takes ten times as long as everything else together.
    """
    for floor in _floors(probs, params):
        ids = (probs >= floor).nonzero()[:, 0]
        if len(ids) and _long_enough(probs[ids], floor, params):
            return ids
    return None


def _floors(probs: Tensor, params: SamplingParams) -> Iterator[float]:
    """Where to end the list: first a guess that does for most texts, then a floor above which a cut surely ends."""
    if params.top_k or params.min_p or params.top_p < 1:
        yield FIRST_FLOOR
    if 0 < params.top_k < len(probs):
        yield float(probs.topk(params.top_k).values[-1])
    elif params.top_p < 1:
        yield (1 - params.top_p) / (2 * len(probs))  # all tokens below it hold less than half of what may go
    elif params.min_p:
        yield params.min_p * float(probs.max())


def _long_enough(listed: Tensor, floor: float, params: SamplingParams) -> bool:
    if 0 < params.top_k <= len(listed):
        return True
    if params.order == "common" and params.top_k:
        return False  # top_k is the first cut there, so it alone decides
    return float(listed.sum()) > params.top_p + 1e-9 or params.min_p * float(listed.max()) >= floor


def pick(probs: Tensor, uniform: float) -> int:
    """Where the running sum of `probs` passes the fraction `uniform` (0 to below 1) of it; never where p = 0."""
    edges = probs.cumsum(0)
    place = int(torch.searchsorted(edges, uniform * float(edges[-1]), right=True))
    return place if place < len(probs) else int(probs.nonzero()[-1])  # rounding pushed the point onto the very end


def top_alternatives(logits: Tensor, n: int) -> list[tuple[int, float]]:
    """The `n` likeliest tokens, best first, each with its log-probability in nats under the model itself."""
    if n <= 0:
        return []
    raw = logits.detach().to(torch.float64) if logits.is_cuda else _on_cpu(logits)
    values, tokens = (raw - raw.logsumexp(0)).topk(min(n, len(raw)))
    return sorted(zip(tokens.tolist(), values.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))


def _on_cpu(logits: Tensor) -> Tensor:
    return logits.detach().cpu().to(torch.float64)


# What remembers


@dataclass(frozen=True)
class Draw:
    """A drawn token: its log-probability under the model itself (nats), and with which probability it was drawn."""

    token: int
    logprob: float
    probability: float


@dataclass(frozen=True)
class SamplerSnapshot:
    """All that a Sampler remembers, about 5 kB: the generator's state and the counts."""

    generator: Tensor
    counts: tuple[tuple[int, float], ...]


class Sampler:
    """Draws tokens one after the other: holds the random generator and how often each token was written.

    `next` draws but does not count; `accept` counts a token as written. `params` may be replaced at any time (a new
    seed there has no effect). `seed` is the one in use, also where the settings left it open.
    """

    def __init__(self, params: SamplingParams | None = None) -> None:
        self.params = params if params is not None else SamplingParams()
        self.seed = secrets.randbelow(LARGEST_SEED + 1) if self.params.seed is None else self.params.seed
        self.counts: dict[int, float] = {}
        """For each written token how often, older times counting less."""
        self._generator = torch.Generator().manual_seed(self.seed)

    def next(self, logits: Tensor) -> Draw:
        """Draw from logits (V,). Raises RWKVError where they hold NaN or infinity."""
        if logits.is_cuda:
            return self._next_on_device(logits.detach().to(torch.float64))
        raw = _on_cpu(logits)
        total = _finite(float(raw.logsumexp(0)))
        changed = self._changed(raw)
        token, probability = self._drawn(changed) if self.params.temperature else _likeliest(changed)
        return Draw(token, float(raw[token]) - total, probability)

    def _next_on_device(self, raw: Tensor) -> Draw:
        """The same for float64 logits on a device: what must come over to the CPU comes in one piece, if it can."""
        changed = self._changed(raw)
        if not self.params.temperature:
            token, logit, total = shortlists.best(raw, changed)
            return Draw(token, logit - _finite(total), 1.0)
        listed = shortlists.shortlist(raw, _warmed(changed, self.params))
        total = _finite(listed.total)
        for part in (listed.above(FIRST_FLOOR), listed):
            count, probs = part.probs.size, torch.from_numpy(part.probs)
            if count == raw.shape[0] or (count and _long_enough(probs, float(part.probs.min()), self.params)):
                chances = cut(probs, self.params)
                place = pick(chances, self._uniform())
                return Draw(int(part.ids[place]), float(part.raw[place]) - total, float(chances[place]))
        token, probability = self._drawn(changed)
        return Draw(token, float(raw[token]) - total, probability)

    def probabilities(self, logits: Tensor) -> Tensor:
        """What `next` would draw from, on the CPU (V,): after penalties, bans and cuts; all on one token at temperature 0."""
        changed = self._changed(_on_cpu(logits))
        if self.params.temperature:
            return distribution(changed, self.params)
        chances = torch.zeros_like(changed)
        chances[_likeliest(changed)[0]] = 1.0
        return chances

    def _changed(self, logits: Tensor) -> Tensor:
        penalised = penalise(logits, self.counts, self.params.presence, self.params.frequency)
        return ban(penalised, self.params.banned)

    def accept(self, token: int) -> None:
        """Count `token` as written: all counts fade, then its own grows by 1.

        An exempt token's grows by 0; the presence penalty applies to it all the same. Source: `generate` in
        rwkv/utils.py.
        """
        for written in self.counts:
            self.counts[written] *= self.params.penalty_decay
        self.counts[token] = self.counts.get(token, 0.0) + (0.0 if token in self.params.exempt else 1.0)

    def replay(self, tokens: Sequence[int]) -> None:
        """Become as if all `tokens` had been drawn and accepted, one after the other."""
        if self.params.temperature:
            torch.rand(len(tokens), dtype=torch.float64, generator=self._generator)
        decay, exempt = self.params.penalty_decay, self.params.exempt
        for written in self.counts:
            self.counts[written] *= decay ** len(tokens)
        for age, token in zip(range(len(tokens) - 1, -1, -1), tokens, strict=True):
            self.counts[token] = self.counts.get(token, 0.0) + (0.0 if token in exempt else decay**age)

    def snapshot(self) -> SamplerSnapshot:
        return SamplerSnapshot(self._generator.get_state(), tuple(self.counts.items()))

    def restore(self, snapshot: SamplerSnapshot) -> None:
        """Go back to what `snapshot` remembers: the same logits then give the same tokens again."""
        self._generator.set_state(snapshot.generator)
        self.counts = dict(snapshot.counts)

    def clone(self) -> Sampler:
        """A sampler that shares nothing with this one and will draw the same."""
        other = Sampler(replace(self.params, seed=self.seed))
        other.params = self.params
        other.restore(self.snapshot())
        return other

    def _drawn(self, logits: Tensor) -> tuple[int, float]:
        probs = softmax(_warmed(logits, self.params))
        ids = shortlist(probs, self.params)
        chances = cut(probs if ids is None else probs[ids], self.params)
        place = pick(chances, self._uniform())
        return place if ids is None else int(ids[place]), float(chances[place])

    def _uniform(self) -> float:
        """The next random number, 0 to below 1: one for each token drawn."""
        return float(torch.rand((), dtype=torch.float64, generator=self._generator))


def _likeliest(logits: Tensor) -> tuple[int, float]:
    """The token with the highest logit, the lowest id among equals."""
    return int(logits.argmax()), 1.0
