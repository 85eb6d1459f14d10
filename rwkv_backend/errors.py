"""The errors meant for users. Each says in one sentence what is wrong; `hint` says what to do about it.

`str(error)` is sentence and hint on one line: what the command line prints and the window's dialog shows.
Anything else that is raised is our own mistake. Being cancelled is an outcome, not an error.
"""

from __future__ import annotations


class RWKVError(Exception):
    """Base of every error meant for users."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class CheckpointError(RWKVError):
    """The file cannot be read as a checkpoint: damaged, cut off, not a checkpoint, or hostile."""


class UnknownModelError(RWKVError):
    """The file holds tensors, but not those of a version that we run."""


class LayoutError(UnknownModelError):
    """A tensor of the recognised version is missing, has another shape, or is one too many."""


class UnsupportedError(RWKVError):
    """This machine or this build cannot do what was asked (device, dtype, memory)."""


class ContextFullError(RWKVError):
    """The model has a fixed number of positions and they are used up. Raised before the state changes."""


class TokenError(RWKVError):
    """A token id that the model has no row for, or no tokens at all."""


class StateError(RWKVError):
    """A state that does not belong to this model, or a state file that cannot be read."""


class TokenizerError(RWKVError):
    """No tokenizer fits, or its file cannot be read."""


class SettingError(RWKVError):
    """A setting outside its range."""
