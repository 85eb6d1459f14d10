"""What the analyses are asked and what they answer, as frozen records: no torch, so a window may import them.

Arrays are float32 and read-only unless said otherwise. Letters in shapes: L layers, H heads, T tokens of the text looked
at, K words listed. A table over tokens has one column for each token, in the order of the text; what belongs to token t
was computed after the model had read it. Probabilities are fractions, logarithms natural (nats).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]
else:
    IntArray = "numpy.ndarray"

from rwkv_backend.records import FloatArray, Labelled

# Logit lens ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """A token that may come next."""

    token: int
    text: str
    probability: float


@dataclass(frozen=True, eq=False)
class LensTable:
    """What the model would say next if it stopped after each layer.

    layers            the layers looked at, in rising order; the last one's words are the model's own
    tokens, texts     the tokens looked at; their text is in `texts`, as is that of every word listed
    top_tokens        (L, T, K) int64, likeliest first; top_probabilities (L, T, K)
    next_probability  (L, T) of the token that really followed, NaN where the text ends
    next_rank         (L, T) int64: 0 the likeliest, −1 where the text ends
    entropy           (L, T) nats: how undecided the layer is
    note              a sentence about what the table leaves out (the copy head), or ""
    """

    layers: tuple[int, ...]
    tokens: tuple[int, ...]
    texts: Mapping[int, str]
    top_tokens: IntArray
    top_probabilities: FloatArray
    next_probability: FloatArray
    next_rank: IntArray
    entropy: FloatArray
    note: str = ""

    def words(self, row: int, column: int) -> tuple[Word, ...]:
        """The list in one cell; `row` counts in `layers`, `column` in `tokens`."""
        ids, chances = self.top_tokens[row, column].tolist(), self.top_probabilities[row, column].tolist()
        return tuple(Word(i, self.texts.get(i, ""), p) for i, p in zip(ids, chances, strict=True))


# Influence -----------------------------------------------------------------------------------------------------------

InfluenceMeasure = Literal["share", "weight"]
"""share   how large a token's part of the read-out is: |weight|·|value|, each row summing to 1 (with `earlier`)
weight  the number by which the token's value enters the read-out, with its sign; per channel in versions 1 to 4, then
        the mean over the channels"""


@dataclass(frozen=True, eq=False)
class InfluenceMap:
    """How much each earlier token counts in one layer's read-out.

    values   (T, T): row t the token that reads, column u the token that is read; 0 where u > t. All NaN where the layer
             has no such memory.
    earlier  (T,) share of what the state held before the first token; only for "share" and 0 for "weight"
    head     None: all heads together
    note     a sentence where something does not apply, or ""
    """

    tokens: tuple[int, ...]
    layer: int
    head: int | None
    measure: InfluenceMeasure
    values: FloatArray
    earlier: FloatArray
    note: str = ""

    @property
    def labelled(self) -> Labelled:
        unit = "share of the read-out" if self.measure == "share" else "weight"
        return Labelled(f"influence, layer {self.layer}", ("reading token", "read token"), self.values, unit)


@dataclass(frozen=True, eq=False)
class TokenInfluence:
    """How much each token counts in what the model says after the last one.

    overall   (T,) sums to 1 over the tokens: for the bars under the words
    by_layer  (L, T) the last token's read-out: a token's share in each layer; rows sum to 1 (with `earlier`), NaN where
              a layer has no such memory
    by_head   (L, H, T) the same for each head by itself; H is 1 where a version has no heads
    earlier   (L,) share of what the state held before the first token
    note      a sentence where something does not apply, or ""
    about     a sentence about what `overall` measures
    """

    tokens: tuple[int, ...]
    overall: FloatArray
    by_layer: FloatArray
    by_head: FloatArray
    earlier: FloatArray
    note: str = ""
    about: str = ""


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """What changes in the next-token distribution if the model never reads one of the tokens: slow, but the plain truth.

    divergence  (T,) nats, KL(with all tokens ‖ without this one); NaN where not computed (yet)
    change      (T,) nats: log-probability of `target` with all tokens minus without this one: above 0, it helped
    target      the token asked about; by default the likeliest after the whole text
    """

    tokens: tuple[int, ...]
    divergence: FloatArray
    change: FloatArray
    target: int


# Comparing two states ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldDifference:
    """One field of one layer (None: shared) in two states.

    relative is distance / (root of the product of both norms), 0 for equal; cosine is NaN where one of them is all zeros.
    """

    layer: int | None
    field: str
    norm_before: float
    norm_after: float
    distance: float
    relative: float
    cosine: float


@dataclass(frozen=True, eq=False)
class StateDifference:
    """Where two states of one model differ.

    fields    every layer and field that can be compared
    relative  axes ("layer", "field"): FieldDifference.relative, NaN where a layer lacks the field; `names` its columns
    skipped   sentences about fields that cannot be compared (different lengths)
    """

    fields: tuple[FieldDifference, ...]
    names: tuple[str, ...]
    relative: Labelled
    cosine: Labelled
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class WordChange:
    """A token's probability before and after."""

    token: int
    text: str
    before: float
    after: float


@dataclass(frozen=True)
class NextWordChange:
    """What a change does to the next-token distribution.

    forward   nats, KL(before ‖ after); backward KL(after ‖ before)
    words     the largest changes of probability, largest first
    likeliest the likeliest before and after, each with both probabilities
    read      the tokens that both states read before this distribution; () where stored logits are compared
    """

    forward: float
    backward: float
    words: tuple[WordChange, ...]
    likeliest: tuple[WordChange, WordChange]
    read: tuple[int, ...] = ()


# Editing a state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """Which part of a state; None: all. `fields` None: every field of the layers; the copy head's keys must be named."""

    layers: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Zero:
    """As before any token (a tuned initial state: what it starts from). Growing fields keep their length."""


@dataclass(frozen=True)
class Scale:
    """The past counts `factor` times; 0 or more."""

    factor: float


@dataclass(frozen=True)
class Noise:
    """Normal noise of `sigma` times the field's own root mean square, the same for the same seed."""

    sigma: float
    seed: int = 0


@dataclass(frozen=True)
class Replace:
    """What the other state holds there."""


@dataclass(frozen=True)
class Interpolate:
    """(1 − share) of this state and `share` of the other."""

    share: float


StateEdit: TypeAlias = Zero | Scale | Noise | Replace | Interpolate


# Ablation and patching -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class AblationSweep:
    """What is lost when one layer's (or head's) memory is taken away.

    change    axes ("layer",) or ("layer", "head"), nats a token: mean loss without minus `baseline`; NaN: not run yet, or
              nothing to take away
    baseline  mean loss of the following tokens, nats a token; `without_any` with every layer's memory gone (NaN: not yet),
              `without_copy` with the copy head's keys gone (NaN: not yet, or there is none)
    tokens    how many tokens the loss was measured on
    period    the memory was taken away before every so many tokens; None: once, at the cut
    """

    change: Labelled
    baseline: float
    without_any: float
    without_copy: float
    tokens: int
    period: int | None = None


@dataclass(frozen=True, eq=False)
class PatchSweep:
    """What one layer's memory, taken from a run on another text, does to the next token.

    effect    axes ("layer",) or ("layer", "head"), nats: log-probability of `target` with that memory exchanged minus
              `clean`; below 0: the layer held what the target needs, and no other had it as well. NaN: not run yet
    restored  the same the other way round: the run on the other text gets this one memory from the run on the text; minus
              `other`; above 0: this layer alone is enough. Where several layers hold the same, only this shows it
    clean     log-probability of `target` after the text itself, `other` after the other text, `all_layers` after the text
              with every layer's memory exchanged
    read      how many tokens are read after the exchange
    copy_effect, copy_restored  both for the copy head's keys and tokens, which belong to no layer; NaN where there is none
    """

    effect: Labelled
    restored: Labelled
    target: int
    clean: float
    other: float
    all_layers: float
    read: int
    copy_effect: float
    copy_restored: float


@dataclass(frozen=True, eq=False)
class WhereRemembered:
    """Which layer remembers the tokens at `positions`, by two independent looks.

    patch      how the probability of `target` falls when a layer's memory comes from a text with other words there
    influence  (L,) share of these tokens in the last token's read-out, layer by layer; by_head (L, H)
    replaced   the tokens that stood there in the other text
    layer      the layer that matters most to the target: restored minus effect is largest
    copy_head  whether the copy head matters more than any layer
    """

    positions: tuple[int, ...]
    replaced: tuple[int, ...]
    patch: PatchSweep
    influence: FloatArray
    by_head: FloatArray
    layer: int
    copy_head: bool


# Statistics ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class StateStatistics:
    """Numbers behind the pictures.

    norms           axes ("layer", "field"), `fields` its columns; NaN where a layer lacks the field
    effective_rank  axes ("layer", "head"), versions 5 to 7: e to the entropy of the normalised singular values; 1 a single
                    association, head size: all directions alike
    concentration   axes ("layer",): how far the memory is ruled by few numbers; `concentration_about` says which
    outliving       axes ("layer", "tokens"): channels (or heads) that keep more than half for longer than `horizons` tokens
    channels        (L,) how many there are; both None for version 1, whose table does not fade
    """

    fields: tuple[str, ...]
    norms: Labelled
    effective_rank: Labelled | None
    concentration: Labelled
    concentration_about: str
    horizons: tuple[int, ...]
    outliving: Labelled | None
    channels: tuple[int, ...] = field(default=())


# Copy as Python ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What a plot shows, for `recipes.recipe`. Which fields a plot needs is listed there; the others are left alone.

    plot    one of recipes.PLOTS
    model   path of the model's file; dtype as it was opened with
    tokens  all that the model had read when the plot was made
    part    which of an answer's arrays: "relative", "by_layer" …; "" for the first
    """

    plot: str
    model: str
    tokens: tuple[int, ...]
    dtype: str = "float32"
    layer: int = 0
    head: int | None = None
    field: str = ""
    measure: str = ""
    part: str = ""
    first: int = 0
    top: int = 10
    other_tokens: tuple[int, ...] = ()
    target: int | None = None
    read: int = 1
    by_head: bool = False
    period: int | None = None
