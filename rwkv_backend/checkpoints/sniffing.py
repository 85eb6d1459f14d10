"""What a file is that is not a checkpoint, from its first bytes: a failed download, another program's model, a text."""

from __future__ import annotations

import codecs

from rwkv_backend.checkpoints import words
from rwkv_backend.errors import CheckpointError

HEAD_BYTES = 512
"""How much of a file these tests want to see."""

_ORIGINAL = "Open the original .pth or .safetensors file."
_UNPACK = "Unpack it first."
_KNOWN: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    ((b"version https://git-lfs",), "The file is a Git LFS pointer, not the model itself.",
     "Fetch the model with 'git lfs pull', or download it in the browser."),
    ((b"GGUF",), "The file is a GGUF file, made for llama.cpp.", _ORIGINAL),
    ((b"fmgg", b"lmgg", b"tjgg", b"algg"), "The file is a ggml file, made for rwkv.cpp.", _ORIGINAL),
    ((b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd"),
     "The file is a packed archive, not a checkpoint.", _UNPACK),
    ((b"\x93NUMPY",), "The file is a single NumPy array, not a checkpoint.", _ORIGINAL),
    ((b"\x89HDF",), "The file is an HDF5 file, not a torch checkpoint.", _ORIGINAL),
)  # fmt: skip
_TAR_MARK = slice(257, 262)


def refusal(head: bytes) -> CheckpointError:
    """The sentence for a file that begins with `head` and that no reader knows."""
    if not head:
        return CheckpointError("The file is empty.", words.DOWNLOAD_AGAIN)
    for beginnings, sentence, hint in _KNOWN:
        if head.startswith(beginnings):
            return CheckpointError(sentence, hint)
    if head[_TAR_MARK] == b"ustar":
        return CheckpointError("The file is a tar archive, not a checkpoint.", _UNPACK)
    if _is_web_page(head):
        return CheckpointError(
            "The file is a web page, not a model: the download failed.",
            "Open the address in a browser and download the file itself.",
        )
    if _is_text(head):
        return CheckpointError("The file is plain text, not a model.", "Choose a .pth or .safetensors file.")
    return CheckpointError(
        "The file is not a checkpoint that this program knows.", "It reads torch's .pth files and .safetensors."
    )


def _is_web_page(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--"))


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # which lets the head end within a character
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)
