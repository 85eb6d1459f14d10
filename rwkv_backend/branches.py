"""A tree of branches. Each has a timeline that shares its past with the one it left, and its own conversation."""

from __future__ import annotations

from dataclasses import dataclass, field

from rwkv_backend.conversation import Talk
from rwkv_backend.errors import RWKVError
from rwkv_backend.records import BranchInfo
from rwkv_backend.timeline import Timeline


@dataclass
class Branch:
    """parent: the branch that it left after `fork_at` tokens; None: it began by itself."""

    id: int
    parent: int | None
    fork_at: int
    name: str
    timeline: Timeline
    talk: Talk = field(default_factory=Talk)


class Branches:
    """The tree, and which branch is the present one. Only that one has its state at hand."""

    def __init__(self, timeline: Timeline) -> None:
        self._branches = {1: Branch(1, None, 0, "", timeline)}
        self._next_id = 2
        self.current = self._branches[1]

    def infos(self) -> tuple[BranchInfo, ...]:
        """In the order in which they were made."""
        return tuple(
            BranchInfo(b.id, b.parent, b.fork_at, b.name, len(b.timeline), b is self.current)
            for b in self._branches.values()
        )

    def create(self, fork_at: int, name: str, timeline: Timeline, talk: Talk) -> Branch:
        """A branch that leaves the present one; it is the present one from now on."""
        branch = Branch(self._next_id, self.current.id, fork_at, name, timeline, talk)
        self._branches[branch.id] = branch
        self._next_id += 1
        self.switch(branch.id)
        return branch

    def switch(self, id: int) -> None:
        branch = self.get(id)
        if branch is not self.current:
            self.current.timeline.sleep()
            self.current = branch

    def rename(self, id: int, name: str) -> None:
        self.get(id).name = name

    def delete(self, id: int) -> None:
        """The branches that left it stay whole, and become branches of its parent. The only one cannot be deleted.

        If it was the present one, its parent is from now on, or else the oldest.
        """
        gone = self.get(id)
        if len(self._branches) == 1:
            raise RWKVError("The only branch cannot be deleted.", "Clear the text instead.")
        del self._branches[id]
        for branch in self._branches.values():
            if branch.parent == id:
                branch.parent = gone.parent
                branch.fork_at = min(branch.fork_at, gone.fork_at) if gone.parent is not None else 0
        if self.current is gone:
            oldest = next(iter(self._branches))
            self.current = self._branches[gone.parent if gone.parent is not None else oldest]

    def shorten(self, n: int) -> None:
        """The present branch has been changed from `n` on, so it has no more than that in common with its parent.

        What left it further on keeps its tokens, but has no more in common with it either.
        """
        self.current.fork_at = min(self.current.fork_at, n)
        for branch in self._branches.values():
            if branch.parent == self.current.id:
                branch.fork_at = min(branch.fork_at, n)

    def get(self, id: int) -> Branch:
        if id not in self._branches:
            raise RWKVError(f"There is no branch {id}.")
        return self._branches[id]
