"""Words for the user: the sentences that several readers share, and names from a file made fit to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rwkv_backend.errors import CheckpointError

DOWNLOAD_AGAIN = "Download it again."
ASK_AUTHOR = "Get the file again from its author, or as .safetensors."


def shown(text: str, limit: int = 80) -> str:
    """A name that came from a file, on one line, without control characters, and not endless."""
    line = "".join(letter if letter.isprintable() else "?" for letter in text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def listed(names: list[str], limit: int = 5) -> str:
    """Up to `limit` names in quotes, and how many more there are."""
    line = ", ".join(f"'{shown(name)}'" for name in names[:limit])
    return line if len(names) <= limit else f"{line} and {len(names) - limit:,} more"


def incomplete(there: int, needed: int, at_least: bool = False) -> CheckpointError:
    """The download was cut off."""
    least = "at least " if at_least else ""
    return CheckpointError(f"The file is incomplete: {there:,} of {least}{needed:,} bytes.", DOWNLOAD_AGAIN)


def cut_off(there: int) -> CheckpointError:
    """The download was cut off before the place that says how long it should have been."""
    return CheckpointError(f"The file is incomplete: it breaks off after {there:,} bytes.", DOWNLOAD_AGAIN)


def damaged(what: str) -> CheckpointError:
    """The file contradicts itself. `what` continues "The file is damaged: "."""
    return CheckpointError(f"The file is damaged: {what}.", DOWNLOAD_AGAIN)


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Turns the operating system's refusals to open or read `path` into sentences."""
    place = shown(str(path), 300)
    try:
        yield
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file '{place}'.") from error
    except PermissionError as error:
        raise CheckpointError(f"You are not allowed to read '{place}'.", "Change its permissions.") from error
    except OSError as error:
        raise CheckpointError(f"'{place}' cannot be read: {shown(error.strerror or 'unknown fault')}.") from error
