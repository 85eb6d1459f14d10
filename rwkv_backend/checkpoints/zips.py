"""The directory of a zip archive: which records it holds, and where their bytes lie.

Not the standard `zipfile`, which reads as many entries as the directory's bytes hold, whatever count the archive states
and however many there are, and meets damage with half a dozen kinds of exception. torch's archives need little of the
format: records stored as they are, on one disk, with 64-bit positions in large files (zip64).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from rwkv_backend.checkpoints import words
from rwkv_backend.errors import CheckpointError

MAX_ENTRIES = 65_536
MAX_DIRECTORY_BYTES = 32 * 2**20
MAX_COMMENT_BYTES = 65_535

_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_IN_ZIP64_16, _IN_ZIP64_32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _NAME_IS_UTF8 = 0x1, 0x800


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as the directory lists it. `header` is the position of its local header; the bytes come after that."""

    name: str
    raw_name: bytes
    header: int
    size: int


def find_directory(file: BinaryIO, file_size: int) -> tuple[int, int, int] | None:
    """(position, bytes, number of entries) of the directory; None if the archive's end is missing."""
    tail_start = max(0, file_size - MAX_COMMENT_BYTES - _END.size)
    tail = read_at(file, tail_start, file_size - tail_start)
    place = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
    if place < 0:
        return None
    _, _, _, _, entries, nbytes, start, _ = _END.unpack_from(tail, place)
    end = tail_start + place
    if _IN_ZIP64_32 in (nbytes, start) or entries == _IN_ZIP64_16:
        end, start, nbytes, entries = _end_64(file, end)
    if start + nbytes > end:
        raise words.damaged("its directory reaches beyond its end")
    return start, nbytes, entries


def _end_64(file: BinaryIO, end: int) -> tuple[int, int, int, int]:
    """(its own position, directory's position, bytes, entries) from the end record of large archives."""
    locator_start = end - _END_64_LOCATOR.size
    if locator_start < 0:
        raise words.damaged("its directory cannot be found")
    signature, _, place, _ = _END_64_LOCATOR.unpack(read_at(file, locator_start, _END_64_LOCATOR.size))
    if signature != b"PK\6\7" or place + _END_64.size > locator_start:
        raise words.damaged("its directory cannot be found")
    signature, _, _, _, _, _, _, entries, nbytes, start = _END_64.unpack(read_at(file, place, _END_64.size))
    if signature != b"PK\6\6":
        raise words.damaged("its directory cannot be found")
    return place, start, nbytes, entries


def read_directory(file: BinaryIO, start: int, nbytes: int, entries: int) -> dict[str, Entry]:
    """The records by name. Raises CheckpointError for duplicates, compression, encryption and absurd numbers."""
    if entries > MAX_ENTRIES or nbytes > MAX_DIRECTORY_BYTES:
        raise CheckpointError(f"The file is an archive of {entries:,} parts, far more than a model has.")
    found: dict[str, Entry] = {}
    for entry in _entries(read_at(file, start, nbytes), entries):
        if entry.name in found:
            raise words.damaged(f"it holds '{words.shown(entry.name)}' twice")
        found[entry.name] = entry
    return found


def _entries(directory: bytes, count: int) -> Iterator[Entry]:
    place = 0
    for _ in range(count):
        if place + _ENTRY.size > len(directory):
            raise words.damaged("its directory breaks off")
        fields = _ENTRY.unpack_from(directory, place)
        signature, _, _, flags, method, _, _, _, packed, size, name_length, extra_length, comment_length = fields[:13]
        header = fields[-1]
        name_end = place + _ENTRY.size + name_length
        extra_end = name_end + extra_length
        if signature != b"PK\1\2" or extra_end + comment_length > len(directory):
            raise words.damaged("its directory makes no sense")
        raw_name = directory[place + _ENTRY.size : name_end]
        size, packed, header = _wide(directory[name_end:extra_end], size, packed, header)
        entry = Entry(_decoded(raw_name, flags), raw_name, header, size)
        _refuse_packed(entry, flags, method, packed)
        yield entry
        place = extra_end + comment_length


def _wide(extra: bytes, *values: int) -> list[int]:
    """The 64-bit values, in the extra field, of those that did not fit into 32 bits."""
    wide = list(values)
    if _IN_ZIP64_32 not in wide:
        return wide
    block = _extra_block(extra, 1)
    for index, value in enumerate(values):
        if value == _IN_ZIP64_32:
            if len(block) < 8:
                raise words.damaged("its directory lacks a record's size")
            wide[index], block = int.from_bytes(block[:8], "little"), block[8:]
    return wide


def _extra_block(extra: bytes, wanted: int) -> bytes:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == wanted:
            return extra[place + 4 : place + 4 + length]
        place += 4 + length
    return b""


def _decoded(raw_name: bytes, flags: int) -> str:
    try:
        return raw_name.decode("utf-8" if flags & _NAME_IS_UTF8 else "cp437")
    except UnicodeDecodeError as error:
        raise words.damaged("a record's name cannot be read") from error


def _refuse_packed(entry: Entry, flags: int, method: int, packed: int) -> None:
    if flags & _ENCRYPTED:
        raise CheckpointError("The file is an encrypted archive.", "Unpack it with its password first.")
    if method != 0:
        raise CheckpointError(
            "The file is a compressed archive, and torch never compresses checkpoints.",
            "If a model was zipped, unpack it first.",
        )
    if packed != entry.size:
        raise words.damaged(f"it gives two sizes for '{words.shown(entry.name)}'")


def data_offset(file: BinaryIO, file_size: int, entry: Entry) -> int:
    """Where the record's bytes start: after its local header, whose length only that header knows."""
    header = read_at(file, entry.header, _LOCAL.size + len(entry.raw_name))
    if len(header) < _LOCAL.size + len(entry.raw_name) or header[:4] != b"PK\3\4":
        raise words.damaged(f"'{words.shown(entry.name)}' does not lie where its directory says")
    name_length, extra_length = _LOCAL.unpack_from(header)[-2:]
    if header[_LOCAL.size :] != entry.raw_name or name_length != len(entry.raw_name):
        raise words.damaged(f"another record lies where '{words.shown(entry.name)}' should")
    start = entry.header + _LOCAL.size + name_length + extra_length
    if start + entry.size > file_size:
        raise words.damaged(f"'{words.shown(entry.name)}' reaches beyond the file's end")
    return start


def first_record(file: BinaryIO) -> tuple[str, int] | None:
    """(name, position of its bytes) of the first record: all that is left to read when the directory is missing."""
    header = read_at(file, 0, _LOCAL.size)
    if len(header) < _LOCAL.size:
        return None
    fields = _LOCAL.unpack(header)
    flags, name_length, extra_length = fields[2], fields[-2], fields[-1]
    return _decoded(read_at(file, _LOCAL.size, name_length), flags), _LOCAL.size + name_length + extra_length


def overhead(name: str) -> int:
    """How many bytes an archive needs at least for one record of this name, besides the record itself."""
    return _LOCAL.size + _ENTRY.size + 2 * len(name.encode(errors="replace"))


END_BYTES = _END.size


def read_at(file: BinaryIO, start: int, count: int) -> bytes:
    """Up to `count` bytes; fewer at the file's end, none beyond it."""
    if start > os.fstat(file.fileno()).st_size:
        return b""
    file.seek(start)
    return file.read(count)
