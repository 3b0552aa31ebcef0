"""The records of a ZIP file as bytes: what stands before a member, in the directory and at the end."""

from __future__ import annotations

import datetime as dt
import os
import stat
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LOCAL = struct.Struct("<4sHHHHHLLLHH")
CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
END = struct.Struct("<4sHHHHLLH")
END_64 = struct.Struct("<4sQHHLLQQQQ")
LOCATOR_64 = struct.Struct("<4sLQL")
_EXTRA = struct.Struct("<HH")

LOCAL_MAGIC = b"PK\x03\x04"
CENTRAL_MAGIC = b"PK\x01\x02"
DESCRIPTOR_MAGIC = b"PK\x07\x08"
END_MAGIC = b"PK\x05\x06"
END_64_MAGIC = b"PK\x06\x06"
LOCATOR_64_MAGIC = b"PK\x06\x07"

STORED = 0
DEFLATED = 8
VERSION = 45  # the first that knows ZIP64
_MADE_ON_UNIX = 3 << 8

ENCRYPTED_FLAGS = 1 << 0 | 1 << 6 | 1 << 13
LEVEL_FLAGS = 1 << 1 | 1 << 2
DESCRIPTOR_FLAG = 1 << 3
UTF8_FLAG = 1 << 11
KNOWN_FLAGS = LEVEL_FLAGS | DESCRIPTOR_FLAG | UTF8_FLAG

MAX_16 = 0xFFFF
MAX_32 = 0xFFFFFFFF

ZIP64_EXTRA = 0x0001
NTFS_EXTRA = 0x000A
TIME_EXTRA = 0x5455
OWNER_EXTRA = 0x7875

_FOLDER_BIT = 0x10
_SECONDS_1601_TO_1970 = 11_644_473_600
_TICKS = 10_000_000  # NTFS counts in 100 ns
_EARLIEST, _LATEST = -_SECONDS_1601_TO_1970, (1 << 64) // _TICKS - _SECONDS_1601_TO_1970 - 1


class Kind(StrEnum):
    """What an entry of an archive is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


KIND_BITS = {Kind.FILE: stat.S_IFREG, Kind.FOLDER: stat.S_IFDIR, Kind.LINK: stat.S_IFLNK}


class Attributes(NamedTuple):
    """Mode (permission bits only), owner and modification time (whole seconds) of an entry."""

    mode: int
    uid: int
    gid: int
    mtime: int

    @classmethod
    def of(cls, status: os.stat_result) -> Attributes:
        """Given what the system says of a file, return what an archive keeps of it.

        A time that no ZIP can hold, before 1601 or after the year 60000, becomes the nearest that it can.
        """
        mtime = min(max(status.st_mtime_ns // 1_000_000_000, _EARLIEST), _LATEST)
        return cls(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, mtime)

    @classmethod
    def ours(cls, when: dt.datetime) -> Attributes:
        """Return those of what greenroom itself wrote into an archive: private to the user who runs it."""
        return cls(0o600, os.geteuid(), os.getegid(), int(when.timestamp()))


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is known of a member's content once it is packed."""

    crc32: int
    packed: int
    size: int


class MalformedRecordError(Exception):
    """Bytes that are no such record; the message says which part."""


def local_header(name: bytes, method: int, attributes: Attributes, sizes: Sizes, *, zip64: bool) -> bytes:
    """Return the header before a member; with `zip64` its length does not depend on the sizes."""
    extra = _attribute_extras(attributes)
    packed, size = sizes.packed, sizes.size
    if zip64:
        extra = struct.pack("<HHQQ", ZIP64_EXTRA, 16, size, packed) + extra
        packed = size = MAX_32
    date, time = _dos_time(attributes.mtime)
    lengths = (len(name), len(extra))
    header = LOCAL.pack(LOCAL_MAGIC, VERSION, UTF8_FLAG, method, time, date, sizes.crc32, packed, size, *lengths)
    return header + name + extra


def central_header(name: bytes, kind: Kind, method: int, attributes: Attributes, sizes: Sizes, *, offset: int) -> bytes:
    """Return a member's record in the directory."""
    wide = [number for number in (sizes.size, sizes.packed, offset) if number >= MAX_32]
    extra = struct.pack(f"<HH{len(wide)}Q", ZIP64_EXTRA, 8 * len(wide), *wide) if wide else b""
    extra += _attribute_extras(attributes)
    date, time = _dos_time(attributes.mtime)
    external = (KIND_BITS[kind] | attributes.mode) << 16 | (_FOLDER_BIT if kind is Kind.FOLDER else 0)
    return (
        CENTRAL.pack(
            CENTRAL_MAGIC,
            _MADE_ON_UNIX | VERSION,
            VERSION,
            UTF8_FLAG,
            method,
            time,
            date,
            sizes.crc32,
            min(sizes.packed, MAX_32),
            min(sizes.size, MAX_32),
            len(name),
            len(extra),
            0,
            0,
            0,
            external,
            min(offset, MAX_32),
        )
        + name
        + extra
    )


def end_records(entries: int, directory_size: int, directory_offset: int) -> bytes:
    """Return what stands after the directory."""
    wide = b""
    if entries >= MAX_16 or directory_size >= MAX_32 or directory_offset >= MAX_32:
        wide = END_64.pack(
            END_64_MAGIC,
            END_64.size - 12,  # the record does not count its magic and this field
            _MADE_ON_UNIX | VERSION,
            VERSION,
            0,
            0,
            entries,
            entries,
            directory_size,
            directory_offset,
        ) + LOCATOR_64.pack(LOCATOR_64_MAGIC, 0, directory_offset + directory_size, 1)
    count = min(entries, MAX_16)
    return wide + END.pack(END_MAGIC, 0, 0, count, count, min(directory_size, MAX_32), min(directory_offset, MAX_32), 0)


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """Given the extra part of a header, return its fields; raise MalformedRecordError where it is none."""
    fields: dict[int, bytes] = {}
    position, end = 0, len(extra)
    while position < end:
        if position + 4 > end:
            raise MalformedRecordError("its extra fields are cut off")
        tag, length = _EXTRA.unpack_from(extra, position)
        start, position = position + 4, position + 4 + length
        if position > end:
            raise MalformedRecordError("one of its extra fields is too long")
        if tag in fields:
            raise MalformedRecordError(f"its extra field {tag:#06x} is there twice")
        fields[tag] = extra[start:position]
    return fields


def read_attributes(mode: int, fields: dict[int, bytes]) -> Attributes | None:
    """Given an entry's mode and its extra fields, return its attributes; None where one is not there."""
    owner = _read_owner(fields.get(OWNER_EXTRA))
    mtime = _read_mtime(fields)
    if not mode or owner is None or mtime is None:
        return None
    return Attributes(stat.S_IMODE(mode), *owner, mtime)


def _attribute_extras(attributes: Attributes) -> bytes:
    """Time and owner as Info-ZIP keeps them; times outside 1901 to 2038 only fit NTFS' field."""
    if -(1 << 31) <= attributes.mtime < 1 << 31:
        time = struct.pack("<HHBl", TIME_EXTRA, 5, 1, attributes.mtime)
    else:
        ticks = (attributes.mtime + _SECONDS_1601_TO_1970) * _TICKS
        time = struct.pack("<HHLHHQQQ", NTFS_EXTRA, 32, 0, 1, 24, ticks, ticks, ticks)
    return time + struct.pack("<HHBBLBL", OWNER_EXTRA, 11, 1, 4, attributes.uid, 4, attributes.gid)


def _read_owner(field: bytes | None) -> tuple[int, int] | None:
    if field is None or len(field) != 11 or field[0] != 1 or field[1] != 4 or field[6] != 4:
        return None
    return int.from_bytes(field[2:6], "little"), int.from_bytes(field[7:11], "little")


def _read_mtime(fields: dict[int, bytes]) -> int | None:
    time, ntfs = fields.get(TIME_EXTRA), fields.get(NTFS_EXTRA)
    if time is not None and len(time) >= 5 and time[0] & 1:
        return int.from_bytes(time[1:5], "little", signed=True)
    if ntfs is not None and len(ntfs) == 32 and ntfs[4:8] == b"\x01\x00\x18\x00":
        return int.from_bytes(ntfs[8:16], "little") // _TICKS - _SECONDS_1601_TO_1970
    return None


def _dos_time(mtime: int) -> tuple[int, int]:
    """The two old fields, in UTC, for tools that read no extra fields; they reach from 1980 to 2107."""
    earliest, latest = 315_532_800, 4_354_819_198
    moment = dt.datetime.fromtimestamp(min(max(mtime, earliest), latest), dt.UTC)
    date = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    return date, moment.hour << 11 | moment.minute << 5 | moment.second // 2
