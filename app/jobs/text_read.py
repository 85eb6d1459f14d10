"""What the present session has read and written, as the analyses take it: tokens, words, and the state at any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rwkv_backend.errors import RWKVError

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.session import Session
    from rwkv_backend.state import State


class TextRead:
    """The first `at` tokens of the present branch; None: all of them."""

    def __init__(self, session: Session, at: int | None = None) -> None:
        self._session = session
        tokens = session.timeline.tokens
        self.tokens: tuple[int, ...] = tuple(tokens[: len(tokens) if at is None else min(at, len(tokens))])

    def __len__(self) -> int:
        return len(self.tokens)

    def begins_with_edit(self, first: int) -> bool:
        """Whether looking begins where it does because of an edit."""
        return first in self._session.edited_at

    @property
    def edited(self) -> bool:
        """Whether the memory was edited before the last of these tokens."""
        return any(place < len(self.tokens) for place in self._session.edited_at)

    def require(self, least: int = 1) -> None:
        """An error for the user if there is less text than that."""
        if not self.tokens:
            raise RWKVError("Nothing has been read yet.", "Let the model read or write a text first.")
        if len(self.tokens) < least:
            raise RWKVError(f"This needs a text of at least {least} tokens; {len(self.tokens)} have been read.")

    def first_of(self, last: int) -> int:
        """How many tokens come before the `last` ones.

        Where the memory was edited nothing before the edit is looked at: reading from there on would not meet the edit.
        """
        edits = [place for place in self._session.edited_at if place < len(self.tokens)]
        return max(0, len(self.tokens) - last, *edits)

    def words(self, first: int = 0) -> tuple[str, ...]:
        """The text of each token from `first` on; a character in several tokens is split into its bytes."""
        return tuple(self.word(token) for token in self.tokens[first:])

    def word(self, token: int) -> str:
        data = self._session.tokenizer.bytes_of(token)
        return data.decode("utf-8", errors="backslashreplace") if data else f"<{token}>"

    def state(self, tokens: int) -> State:
        """A copy of the state after so many tokens."""
        return self.moment(tokens)[0]

    def moment(self, tokens: int) -> tuple[State, Tensor | None]:
        """The same, with the logits after them."""
        return self._session.timeline.state_at(tokens)
