"""Reads the directory of a ZIP file, entry by entry and strictly: what is unusual is refused, not guessed."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from core.archive import zipformat as z
from core.archive.names import LONGEST_TARGET, problem_with_name, shown
from core.archive.source import Source
from core.archive.zipformat import Attributes, Kind, MalformedRecordError, extra_fields
from core.errors import VerificationError

_WINDOW = 256 << 10
_USUAL_EXTRA = 64  # enough for time, owner and ZIP64 numbers: a header is then read at once
_METHODS = frozenset({z.STORED, z.DEFLATED})
_KINDS = {bits: kind for kind, bits in z.KIND_BITS.items()}
_NOT_A_ZIP = "an archive is a ZIP file, beginning with its first entry"


class Entry(NamedTuple):
    """One entry of an archive; the name of a folder ends with `/`.

    `folder` is the key of the folder of files that it belongs to and `relative` its path below that
    folder's root (empty for the root itself); both are None and empty for other members.
    """

    name: str
    kind: Kind
    size: int
    attributes: Attributes | None
    method: int
    flags: int
    crc32: int
    packed: int
    offset: int
    sha256: str | None = None
    folder: str | None = None
    relative: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the directory of a ZIP file is, and how many entries it says it has."""

    offset: int
    size: int
    entries: int


def find_directory(source: Source) -> Directory:
    """Return where the directory is; raise VerificationError unless the file ends right after its end record.

    So a comment is refused, and with it every doubt about where the archive ends.
    """
    end_offset = source.size - z.END.size
    if end_offset < 0 or source.read_at(0, 4) not in {z.LOCAL_MAGIC, z.END_MAGIC}:
        raise VerificationError(f"{source.path} is not an archive", hint=_NOT_A_ZIP)
    magic, *disks, here, entries, size, offset, comment = z.END.unpack(source.read_at(end_offset, z.END.size))
    if magic != z.END_MAGIC or comment:
        raise VerificationError(
            f"{source.path} is truncated, or something follows the end of the archive",
            hint="an archive ends with the end record of its directory, and has no comment",
        )
    directory = Directory(offset, size, entries)
    if z.MAX_16 in {entries, here, *disks} or z.MAX_32 in {size, offset}:
        wide, wide_offset = _find_wide(source, end_offset)
        told = (*disks, here, entries, size, offset)
        full = (0, 0, wide.entries, wide.entries, wide.size, wide.offset)
        unknown = (*[z.MAX_16] * 4, *[z.MAX_32] * 2)
        if any(one not in pair for one, *pair in zip(told, full, unknown, strict=True)):
            raise _ends_disagree(source)
        directory, end_offset = wide, wide_offset
    elif disks != [0, 0] or here != entries:
        raise _several_disks(source)
    if directory.offset + directory.size != end_offset:
        raise VerificationError(f"{source.path} is damaged: its directory is not where its end record says")
    return directory


def read_entries(source: Source, directory: Directory) -> Iterator[Entry]:
    """Yield the entries in the order of the directory; raise VerificationError where one is malformed."""
    stream = _Stream(source, directory)
    for number in range(1, directory.entries + 1):
        try:
            yield _entry(stream)
        except MalformedRecordError as error:
            raise VerificationError(f"{source.path} is refused: entry {number}: {error}") from error
    if not stream.is_used_up():
        raise VerificationError(f"{source.path} is damaged: its directory is too long")


def content_offset(source: Source, entry: Entry) -> int:
    """Return where an entry's content begins; raise VerificationError unless its two headers agree."""
    name = entry.name.encode()
    usual = z.LOCAL.size + len(name) + _USUAL_EXTRA
    header = source.read_at(entry.offset, max(z.LOCAL.size, min(usual, source.size - entry.offset)))
    fixed = z.LOCAL.unpack_from(header)
    magic, _, flags, method, _, _, crc32, packed, size, name_length, extra_length = fixed
    if magic != z.LOCAL_MAGIC:
        raise _disagree(entry)
    variable = header[z.LOCAL.size :][: name_length + extra_length]
    if len(variable) < name_length + extra_length:
        variable = source.read_at(entry.offset + z.LOCAL.size, name_length + extra_length)
    try:
        if z.MAX_32 in {packed, size}:
            fields = extra_fields(variable[name_length:])
            size, packed = struct.unpack("<QQ", fields.get(z.ZIP64_EXTRA, b""))
    except (MalformedRecordError, struct.error) as error:
        raise _disagree(entry) from error
    expected = (entry.crc32, entry.packed, entry.size)
    told_later = entry.flags & z.DESCRIPTOR_FLAG and (crc32, packed, size) == (0, 0, 0)
    same = (flags, method, variable[:name_length]) == (entry.flags, entry.method, name)
    if not same or ((crc32, packed, size) != expected and not told_later):
        raise _disagree(entry)
    return entry.offset + z.LOCAL.size + len(variable)


def entry_end(source: Source, entry: Entry, limit: int) -> int:
    """Return where an entry ends, which `limit` (where the next one begins) bounds.

    Behind the content of a streamed ZIP there may be a descriptor, and nothing else may be anywhere.
    """
    end = content_offset(source, entry) + entry.packed
    if end >= limit or not entry.flags & z.DESCRIPTOR_FLAG:
        return end
    short = struct.pack("<LLL", entry.crc32, entry.packed & z.MAX_32, entry.size & z.MAX_32)
    wide = struct.pack("<LQQ", entry.crc32, entry.packed, entry.size)
    allowed = {short, z.DESCRIPTOR_MAGIC + short, wide, z.DESCRIPTOR_MAGIC + wide}
    length = limit - end
    return limit if length <= 24 and source.read_at(end, length) in allowed else end


def _find_wide(source: Source, end_offset: int) -> tuple[Directory, int]:
    """Given where the end record of a ZIP64 file is, return its directory and where that ends."""
    offset = end_offset - z.LOCATOR_64.size - z.END_64.size
    data = source.read_at(offset, z.END_64.size + z.LOCATOR_64.size) if offset >= 0 else b""
    if not data.startswith(z.END_64_MAGIC) or data[z.END_64.size :][:4] != z.LOCATOR_64_MAGIC:
        raise VerificationError(f"{source.path} is damaged: its ZIP64 end record is missing")
    _, length, _, _, *disks, here, entries, size, start = z.END_64.unpack(data[: z.END_64.size])
    _, disk, record_offset, all_disks = z.LOCATOR_64.unpack(data[z.END_64.size :])
    if disks != [0, 0] or here != entries or disk != 0 or all_disks > 1:
        raise _several_disks(source)
    if record_offset != offset or length != z.END_64.size - 12:
        raise _ends_disagree(source)
    return Directory(start, size, entries), offset


class _Stream:
    """The directory, taken bit by bit, read by windows."""

    def __init__(self, source: Source, directory: Directory) -> None:
        self._source = source
        self._position = directory.offset
        self._end = directory.offset + directory.size
        self._window = b""
        self._used = 0

    def take(self, length: int) -> bytes:
        if len(self._window) - self._used < length:
            self._read_on(length)
        start, self._used = self._used, self._used + length
        return self._window[start : self._used]

    def is_used_up(self) -> bool:
        return self._position == self._end and self._used == len(self._window)

    def _read_on(self, length: int) -> None:
        rest = self._window[self._used :]
        if length - len(rest) > self._end - self._position:
            raise VerificationError(f"{self._source.path} is damaged: its directory is too short")
        more = self._source.read_at(self._position, min(_WINDOW, self._end - self._position))
        self._window, self._used = rest + more, 0
        self._position += len(more)


def _entry(stream: _Stream) -> Entry:
    """Take one record off the directory; raise MalformedRecordError where it is none."""
    fixed = z.CENTRAL.unpack(stream.take(z.CENTRAL.size))
    magic, _, _, flags, method, _, _, crc32, packed, size, name_length, extra_length = fixed[:12]
    comment_length, disk, _, external, offset = fixed[12:]
    if magic != z.CENTRAL_MAGIC:
        raise MalformedRecordError("it has no record in the directory")
    name = stream.take(name_length).decode(errors="surrogateescape")
    extra = stream.take(extra_length)
    if comment_length or disk:
        raise MalformedRecordError("it has a comment of its own" if comment_length else "it is on another disk")
    mode = external >> 16
    wide, attributes = _extras(mode, extra)
    if z.MAX_32 in {size, packed, offset}:
        size, packed, offset = _wide_numbers(wide, (size, packed, offset))
    kind = _kind(name, mode)
    entry = Entry(name, kind, size, attributes, method, flags, crc32, packed, offset)
    _check(entry)
    return entry


@lru_cache(maxsize=256)
def _extras(mode: int, extra: bytes) -> tuple[bytes, Attributes | None]:
    """Return the ZIP64 field and the attributes; files that came together share theirs, so the last ones are kept."""
    fields = extra_fields(extra)
    return fields.get(z.ZIP64_EXTRA, b""), z.read_attributes(mode, fields)


def _wide_numbers(field: bytes, numbers: tuple[int, int, int]) -> tuple[int, int, int]:
    """Given size, packed size and offset, return them with what the ZIP64 field says in their place."""
    found = list(numbers)
    for index, number in enumerate(numbers):
        if number == z.MAX_32:
            if len(field) < 8:
                raise MalformedRecordError("its ZIP64 field is too short")
            found[index], field = int.from_bytes(field[:8], "little"), field[8:]
    return found[0], found[1], found[2]


def _kind(name: str, mode: int) -> Kind:
    by_name = Kind.FOLDER if name.endswith("/") else Kind.FILE
    kind = _KINDS.get(stat.S_IFMT(mode)) if stat.S_IFMT(mode) else by_name
    if kind is None:
        raise MalformedRecordError(f"{shown(name)} is a special file: a device, a pipe or a socket")
    if (kind is Kind.FOLDER) != (by_name is Kind.FOLDER):
        raise MalformedRecordError(f"{shown(name)} is a folder by its name or its mode, but not by both")
    return kind


def _check(entry: Entry) -> None:
    fault = problem_with_name(entry.name)
    if fault:
        raise MalformedRecordError(f"the name {shown(entry.name)} {fault}")
    fault = _fault(entry)
    if fault:
        raise MalformedRecordError(f"{shown(entry.name)} {fault}")


def _fault(entry: Entry) -> str | None:
    fault = None
    if entry.flags & z.ENCRYPTED_FLAGS:
        fault = "is encrypted"
    elif entry.flags & ~z.KNOWN_FLAGS:
        fault = "has flags of an unknown meaning"
    elif entry.method not in _METHODS:
        fault = f"is packed by an unknown method, {entry.method}"
    elif entry.method == z.STORED and entry.packed != entry.size:
        fault = "is not packed, but has two lengths"
    elif entry.kind is Kind.FOLDER and (entry.size or entry.packed or entry.crc32):
        fault = "is a folder with content"
    elif entry.kind is Kind.LINK and entry.size > LONGEST_TARGET:
        fault = "is a link whose target is too long"
    return fault


def _several_disks(source: Source) -> VerificationError:
    return VerificationError(f"{source.path} is one of several disks, or its end record is damaged")


def _ends_disagree(source: Source) -> VerificationError:
    return VerificationError(f"{source.path} is damaged: its two end records disagree")


def _disagree(entry: Entry) -> VerificationError:
    return VerificationError(f"{shown(entry.name)}: its header and the directory disagree")
