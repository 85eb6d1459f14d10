"""RWKVModel: what every version shares - checking tokens, keeping the state whole, splitting long texts - and what a
version must supply: how to recognise its file, which tensors that holds, its state, and its forward pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rwkv_backend.errors import ContextFullError, StateError, TokenError
from rwkv_backend.interrupting import give_way
from rwkv_backend.later import mixing, torch
from rwkv_backend.models.layout import Glance, Layout, Recognition, Sizes
from rwkv_backend.records import ModelInfo, StateField

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State

SHORT_CHUNK = 64
"""Tokens that a CPU reads at once: some tenths of a second for a model of a billion parameters. States are kept between
them, so a text that was changed is read again from at most so many tokens before the change."""

LONGEST_CHUNK = 512
"""Tokens that go through the layers at once. Longer inputs are split, so that activations never outgrow the weights."""


@dataclass(frozen=True)
class FieldShape:
    """A state field with the shape it starts with, in the layers named (None: shared) and the number it starts from."""

    field: StateField
    shape: tuple[int, ...]
    layers: tuple[int, ...] | None
    start: float = 0.0
    whole_numbers: bool = False


@dataclass(frozen=True)
class Plan:
    """A file, understood: the version that it shows, the sizes, the tensors to load and the state that will be needed."""

    family: type[RWKVModel]
    found: Recognition
    layout: Layout
    sizes: Sizes
    fields: tuple[FieldShape, ...]


class Stepper(Protocol):
    """Reads one token faster than the plain formulas, with the same numbers up to rounding.

    `step` writes into the state's own tensors, all or nothing: whatever can go wrong does so before the first write.
    """

    def serves(self, probe: Probe | None) -> bool:
        """Whether it can keep what `probe` wants; if not, the plain formulas read the token."""

    def step(self, token: int, state: State, probe: Probe | None) -> Tensor:
        """Advance `state` by `token`, its token count too; logits (V,) float32 that no later step overwrites."""


class ChunkReader(Protocol):
    """Reads a chunk of tokens faster than the plain formulas, under the same rules as a Stepper."""

    def serves(self, probe: Probe | None) -> bool: ...

    def read(self, tokens: Tensor, state: State, every: bool, probe: Probe | None) -> Tensor:
        """Advance `state` by `tokens` (T,); logits (T, V) with `every`, else (1, V)."""


class RWKVModel(ABC):
    """An open model. `weights` is a tree that follows the file's names: `weights.blocks[0].att.key` is a matrix to call."""

    version: ClassVar[str]
    """The generation, "1" to "7": what the version's file is called."""

    def __init__(self, info: ModelInfo, plan: Plan, weights: Any, device: torch.device, fingerprint: str) -> None:
        self.info = info
        self.sizes = plan.sizes
        self.field_shapes = plan.fields
        self.weights = weights
        self.device = device
        self.fingerprint = fingerprint
        self.dtype = "float32"
        """How the matrices are held."""
        self.max_tokens = plan.sizes.max_tokens
        """How many tokens the model can read before it is full (v1 and models with learned positions); None: no limit."""
        self.stepper: Stepper | None = None
        """The fast path for single tokens, where this device and version have one."""
        self.chunk_reader: ChunkReader | None = None
        """The fast path for many tokens."""

    # What a version supplies

    @classmethod
    @abstractmethod
    def recognise(cls, names: Glance) -> Recognition | None:
        """Whether these names and shapes are this version's; None if not."""

    @classmethod
    @abstractmethod
    def declare(cls, layout: Layout) -> Sizes:
        """Declare every tensor of the file in `layout` and return the sizes that they show."""

    @classmethod
    @abstractmethod
    def state_shapes(cls, layout: Layout, sizes: Sizes) -> tuple[FieldShape, ...]:
        """The fields of this version's state, in the order in which a reader meets them."""

    @abstractmethod
    def residual(self, tokens: Tensor, state: State, probe: Probe | None) -> Tensor:
        """From token ids (T,) through all layers: the residual stream (T, C). Advances `state`, except its token count."""

    @abstractmethod
    def decay(self, layer: int, probe: Probe | None = None) -> Tensor | None:
        """What layer `layer` keeps of its memory a token, as fractions: per channel (A,), head (H,) or both (H, N).

        v6 and v7 decide this token by token: the probe's last "att.decay", or without one their learned base.
        v1 has no decay but a table: the weight of a token by its distance (H, ctx_len). None: no memory of that kind.
        """

    def head(self, x: Tensor, tokens: Tensor, state: State, every: bool) -> Tensor:
        """From the residual stream (T, C) to logits (T, V), or (1, V) of the last token unless `every`.

        Where the file has a copy head (versions 2 to 4), its scores come on top, and its memory needs every token's key.
        """
        w = self.weights
        if not hasattr(w, "head_q"):
            return w.head(w.ln_out(x if every else x[-1:]))
        y = w.ln_out(x)
        asked = y if every else y[-1:]
        return mixing.add_copy_scores(
            w.head(asked), w.head_q(asked), w.head_k(y), tokens, state.shared, self.copy_window
        )

    # What all versions share

    @property
    def copy_window(self) -> int | None:
        """How many positions the copy head looks back on (versions 2 to 4); None: all."""
        return self.sizes.ctx_len

    @property
    def chunk(self) -> int:
        """Tokens of a prompt that are read at once: enough to keep the device busy, few enough to tell of progress."""
        return LONGEST_CHUNK if self.device.type == "cuda" else SHORT_CHUNK

    @property
    def weight_bytes(self) -> int:
        """Memory that the weights take."""
        return _bytes_of(self.weights)

    def by_head(self, x: Tensor) -> Tensor:
        """(T, A) -> (T, H, N), for versions that have heads."""
        return x.unflatten(1, (self.sizes.n_head, self.sizes.head_size))

    def new_state(self) -> State:
        """The state before any token."""
        from rwkv_backend.state import State

        layers: list[dict[str, Tensor]] = [{} for _ in range(self.sizes.n_layer)]
        shared: dict[str, Tensor] = {}
        for item in self.field_shapes:
            dtype = torch.int64 if item.whole_numbers else torch.float32
            for place in [shared] if item.layers is None else [layers[i] for i in item.layers]:
                place[item.field.name] = torch.full(item.shape, item.start, dtype=dtype, device=self.device)
        state = State(layers, shared, tuple(item.field for item in self.field_shapes), self.fingerprint)
        self.start(state)
        state.checked_by = self
        return state

    def start(self, state: State) -> None:  # noqa: B027 - most versions start from nothing
        """Put learned initial values into a new state (v6's tuned states)."""

    def forward(
        self, tokens: Sequence[int] | Tensor, state: State, every: bool = False, probe: Probe | None = None
    ) -> Tensor:
        """Read `tokens` and advance `state`; any split into chunks gives the same numbers.

        Returns float32 logits for the token that comes next, (V,), or with `every` one row after each token, (T, V).
        Raises TokenError, ContextFullError or StateError before anything changes.
        """
        ids = self._ids(tokens)
        self._require_own(state)
        self._require_room(state, len(ids))
        stepper, reader = (None, None) if _carries_gradients(state) else (self.stepper, self.chunk_reader)
        if len(ids) == 1 and stepper is not None and stepper.serves(probe):
            logits = stepper.step(int(ids), state, probe)
            return logits.unsqueeze(0) if every else logits
        if reader is not None and reader.serves(probe):
            rows_read = reader.read(ids, state, every, probe)
            return rows_read if every else rows_read[0]
        draft = state.draft()
        rows = []
        for chunk in ids.to(self.device).split(LONGEST_CHUNK):
            if draft.tokens_seen > state.tokens_seen:
                give_way()
            x = self.residual(chunk, draft, probe)
            rows.append(self.head(x, chunk, draft, every))
            draft.tokens_seen += len(chunk)
        state.adopt(draft)
        return torch.cat(rows) if every else rows[-1][0]

    def _ids(self, tokens: Sequence[int] | Tensor) -> Tensor:
        """On the CPU: looking at them there does not make a GPU wait."""
        try:
            ids = torch.as_tensor(tokens, dtype=torch.int64, device="cpu").reshape(-1)
        except (OverflowError, RuntimeError, TypeError, ValueError) as error:
            raise TokenError("Tokens must be whole numbers that the model has a row for.") from error
        if not len(ids):
            raise TokenError("There are no tokens to read.")
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= self.sizes.vocab_size:
            wrong = low if low < 0 else high
            raise TokenError(
                f"Token {wrong} is not among the {self.sizes.vocab_size:,} that the model knows.",
                "The text may have been encoded with another model's tokenizer.",
            )
        return ids

    def _require_own(self, state: State) -> None:
        if state.checked_by is self:
            return
        from rwkv_backend.state import require_consistent_lengths, require_same_shape

        if state.model != self.fingerprint:
            raise StateError("This state was made by another model.", "Open the model that made it, or start afresh.")
        fresh = self.new_state()
        require_same_shape(state, fresh)
        require_consistent_lengths(state, fresh, self.copy_window, self.sizes.vocab_size)
        state.checked_by = self

    def _require_room(self, state: State, more: int) -> None:
        if self.max_tokens is not None and state.tokens_seen + more > self.max_tokens:
            raise ContextFullError(
                f"This model has room for {self.max_tokens:,} tokens; {state.tokens_seen:,} are read and {more:,} more wait.",
                "Shorten the text, or let the model re-read only its last part.",
            )


def _carries_gradients(state: State) -> bool:
    """Whether someone wants to know how the state should have been: fast paths write into it."""
    parts = (*state.layers, state.shared)
    return torch.is_grad_enabled() and any(tensor.requires_grad for part in parts for tensor in part.values())


def vector_field(name: str, size: int, layers: Sequence[int], about: str, start: float = 0.0) -> FieldShape:
    """A field with one number a channel."""
    return FieldShape(StateField(name, ("channel",), about), (size,), tuple(layers), start)


def shift_field(name: str, size: int, layers: Sequence[int], whose: str) -> FieldShape:
    """The token shift's memory: the input that `whose` saw last."""
    return vector_field(name, size, layers, f"last input of the {whose}, blended with the next one")


def matrix_field(sizes: Sizes, axes: tuple[str, str, str], about: str) -> FieldShape:
    """The memory of versions 5 to 7: in every layer, a square matrix a head."""
    assert sizes.n_head is not None
    assert sizes.head_size is not None
    shape = (sizes.n_head, sizes.head_size, sizes.head_size)
    return FieldShape(StateField("att.wkv", axes, about), shape, tuple(range(sizes.n_layer)))


def sum_fields(layout: Layout, sizes: Sizes, *more: FieldShape) -> tuple[FieldShape, ...]:
    """The memory of versions 2 to 4: shifts and two fading sums; block 0 may have a second channel mix instead.

    `more` are fields of the time mix that a version adds.
    """
    every = range(sizes.n_layer)
    with_att = layers_with(layout, sizes, "att.time_decay")
    before_ffn = [i for i in every if i not in with_att]
    return (
        shift_field("att.last_input", sizes.n_embd, with_att, "time mix"),
        vector_field("att.numerator", sizes.n_att, with_att, "fading sum of e^k·v"),
        vector_field("att.denominator", sizes.n_att, with_att, "fading sum of e^k"),
        *more,
        *([shift_field("ffn_pre.last_input", sizes.n_embd, before_ffn, "first channel mix")] if before_ffn else []),
        shift_field("ffn.last_input", sizes.n_embd, every, "channel mix"),
        *copy_fields(layout),
    )


def layers_with(layout: Layout, sizes: Sizes, name: str) -> tuple[int, ...]:
    return tuple(i for i in range(sizes.n_layer) if layout.has(f"blocks.{i}.{name}"))


def copy_fields(layout: Layout) -> tuple[FieldShape, ...]:
    """The copy head's memory, where the file has one (versions 1 to 4)."""
    if not layout.has("head_k.weight"):
        return ()
    width = layout.size("head_k.weight", 0)
    keys = StateField("copy.keys", ("position", "feature"), "what each earlier token can be found by")
    words = StateField("copy.tokens", ("position",), "the earlier tokens themselves, as ids")
    return (
        FieldShape(keys, (0, width), None),
        FieldShape(words, (0,), None, whole_numbers=True),
    )


def add_copy_head(layout: Layout, width: int, bias: bool = False) -> None:
    """head_q and head_k, both or neither."""
    if layout.has("head_q.weight") or layout.has("head_k.weight"):
        size = layout.size("head_q.weight", 0)
        layout.linear("head_q", size, width, bias=bias)
        layout.linear("head_k", size, width, bias=bias)


def copy_window(layout: Layout) -> int | None:
    """The number of positions that the copy head looks back on: the size of its mask; None if the file has no mask."""
    return layout.size("copy_mask", 0) if layout.has("copy_mask") else None


def _bytes_of(node: Any) -> int:
    if hasattr(node, "nbytes"):
        return int(node.nbytes)
    children = node if isinstance(node, list) else vars(node).values() if hasattr(node, "__dict__") else ()
    return sum(_bytes_of(child) for child in children)
