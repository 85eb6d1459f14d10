"""States of text beginnings that several texts share, so that a template's head or a long instruction is read once.

A tree over tokens remembers which texts were read. Where a new text leaves an old one after a shared beginning that is worth
it, the state is kept at that very place; and always at the end of a prompt. All within a budget of bytes: what was not used
for longest goes first, but no state goes for the sake of one further on in the same text, since more texts may begin with
the shorter. A kept state is copied when it is handed out, so that none can be changed from outside.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rwkv_backend.pieces import Pieces

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.state import State

SHORTEST = 16
"""Tokens that two texts must share before the state there is kept: reading fewer costs next to nothing."""

BUDGET = 64 * 2**20
"""Bytes for the states and logits, unless said otherwise."""

MOST_TOKENS = 1_000_000
"""Tokens that the tree remembers of texts read, at most; then it begins afresh with the kept states' texts."""


@dataclass(frozen=True)
class _Kept:
    state: State
    logits: Tensor
    pieces: Pieces
    size: int


@dataclass
class _Node:
    """A stretch of tokens below its parent. `kept`: what is known after its last token."""

    tokens: array[int]
    parent: _Node | None
    children: dict[int, _Node] = field(default_factory=dict)
    kept: _Kept | None = None


@dataclass(frozen=True)
class Found:
    """The longest kept beginning of a text: how many tokens, and the state and logits (V,) after them, one's own.

    pieces: in which they were read
    """

    length: int
    state: State
    logits: Tensor
    pieces: Pieces = field(default_factory=Pieces)


class PrefixCache:
    """For one model; `clear` it when that changes."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self.clear()

    @property
    def budget(self) -> int:
        return self._budget

    @budget.setter
    def budget(self, size: int) -> None:
        self._budget = size
        while self.memory_bytes > size:
            self._drop(next(iter(self._used.values())))

    def clear(self) -> None:
        self._root = _Node(array("q"), None)
        self._used: dict[int, _Node] = {}
        """Nodes with a kept state by their id, the one that was not used for longest first."""
        self._remembered = 0
        self.memory_bytes = 0

    def __len__(self) -> int:
        """How many states are kept."""
        return len(self._used)

    def longest(self, tokens: Sequence[int], beyond: int = 0) -> Found | None:
        """The longest beginning of `tokens` whose state is kept, at most all of them; None: none has more than `beyond`."""
        best: tuple[int, _Node] | None = None
        for depth, node, whole in self._along(tokens):
            if whole and node.kept is not None:
                best = depth, node
        if best is None:
            return None
        length, node = best
        self._touch(node)
        if length <= beyond:
            return None
        kept = node.kept
        assert kept is not None
        return Found(length, kept.state.clone(), kept.logits.clone(), kept.pieces)

    def shared(self, tokens: Sequence[int]) -> int:
        """How many tokens this text has in common with the beginning of any text read before."""
        return max((depth for depth, _, _ in self._along(tokens)), default=0)

    def remember(self, tokens: Sequence[int]) -> None:
        """Know that this text was read, without keeping a state."""
        self._node(tokens)

    def keep(self, tokens: Sequence[int], state: State, logits: Tensor, pieces: Pieces | None = None) -> None:
        """Keep copies of the state and logits (V,) after `tokens`, if they fit; pieces: in which the tokens were read."""
        size = state.nbytes + logits.nbytes
        if tokens and self._node(tokens).kept is None and self._make_room(tokens, size):
            node = self._node(tokens)  # making room may have removed it
            own = Pieces() if pieces is None else pieces.until(len(tokens))
            node.kept = _Kept(state.clone(), logits.clone(), own, size)
            self.memory_bytes += size
            self._touch(node)

    def _make_room(self, tokens: Sequence[int], size: int) -> bool:
        """Give up what was not used for longest, but no beginning of `tokens`; nothing at all if that is not enough."""
        beginnings = {id(node) for _, node, whole in self._along(tokens) if whole}
        going, excess = list[_Node](), self.memory_bytes + size - self.budget
        for name, node in self._used.items():
            if excess <= 0:
                break
            if name not in beginnings and node.kept is not None:
                going.append(node)
                excess -= node.kept.size
        if excess > 0:
            return False
        for node in going:
            self._drop(node)
        return True

    def _along(self, tokens: Sequence[int]) -> Iterator[tuple[int, _Node, bool]]:
        """Down the tree as far as `tokens` go: how many agree so far, the node, and whether all of the node's do."""
        node, depth = self._root, 0
        while depth < len(tokens) and tokens[depth] in node.children:
            node = node.children[tokens[depth]]
            common = _common(node.tokens, tokens, depth)
            depth += common
            whole = common == len(node.tokens)
            yield depth, node, whole
            if not whole:
                return

    def _node(self, tokens: Sequence[int]) -> _Node:
        """The node that ends with the last of `tokens`, made if need be."""
        depth, node = 0, self._root
        for agreed, below, whole in self._along(tokens):
            node = below if whole else self._split(below, agreed - depth)
            depth = agreed
        if depth < len(tokens):
            self._remembered += len(tokens) - depth
            node = _Node(array("q", tokens[depth:]), node)
            assert node.parent is not None
            node.parent.children[tokens[depth]] = node
            if self._remembered > MOST_TOKENS:
                self._forget_texts(node)
        return node

    def _split(self, node: _Node, at: int) -> _Node:
        """Cut a node's tokens in two; the upper part, which is new."""
        parent = node.parent
        assert parent is not None
        upper = _Node(node.tokens[:at], parent)
        parent.children[upper.tokens[0]] = upper
        node.tokens, node.parent = node.tokens[at:], upper
        upper.children[node.tokens[0]] = node
        return upper

    def _touch(self, node: _Node) -> None:
        self._used.pop(id(node), None)
        self._used[id(node)] = node

    def _drop(self, node: _Node) -> None:
        assert node.kept is not None
        self.memory_bytes -= node.kept.size
        node.kept = None
        del self._used[id(node)]
        self._prune(node)

    def _prune(self, node: _Node) -> None:
        """Remove a node that leads nowhere, and those above it that then lead nowhere."""
        while node.parent is not None and node.kept is None and not node.children:
            del node.parent.children[node.tokens[0]]
            self._remembered -= len(node.tokens)
            node = node.parent

    def _forget_texts(self, newest: _Node) -> None:
        """Remove all that no kept state needs, except the newest text."""
        waiting = [self._root]
        leaves = []
        while waiting:
            node = waiting.pop()
            waiting.extend(node.children.values())
            if not node.children and node.kept is None and node is not newest:
                leaves.append(node)
        for leaf in leaves:
            self._prune(leaf)


def _common(edge: array[int], tokens: Sequence[int], start: int) -> int:
    """How many tokens of `edge` agree with `tokens` from `start` on."""
    most = min(len(edge), len(tokens) - start)
    return next((i for i in range(most) if edge[i] != tokens[start + i]), most)
