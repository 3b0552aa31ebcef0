"""Builds ZIP files byte by byte, sound or broken at will, knowing nothing of greenroom's own writer."""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

MTIME = 1_700_000_000
UTF8 = 0x800
DATABASE = b"the database" * 100


@dataclass(frozen=True)
class Raw:
    """One entry; `local` and `central` replace fields of its two headers, `packed` what stands between them."""

    name: str | bytes
    content: bytes = b""
    mode: int = stat.S_IFREG | 0o644
    method: int = 8
    flags: int = UTF8
    uid: int = 33
    gid: int = 34
    extra: bytes | None = None
    packed: bytes | None = None
    behind: bytes = b""
    comment: bytes = b""
    local: Mapping[str, object] = field(default_factory=dict)
    central: Mapping[str, object] = field(default_factory=dict)

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.content
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        return packer.compress(self.content) + packer.flush()

    @property
    def attributes(self) -> bytes:
        if self.extra is not None:
            return self.extra
        time = struct.pack("<HHBl", 0x5455, 5, 1, MTIME)
        return time + struct.pack("<HHBBLBL", 0x7875, 11, 1, 4, self.uid, 4, self.gid)


def folder(name: str, mode: int = 0o755) -> Raw:
    return Raw(name, mode=stat.S_IFDIR | mode, method=0)


def link(name: str, target: str | bytes) -> Raw:
    content = target if isinstance(target, bytes) else target.encode()
    return Raw(name, content, mode=stat.S_IFLNK | 0o777, method=0)


def build(
    members: Sequence[Raw],
    *,
    before: bytes = b"",
    behind: bytes = b"",
    shift: int = 0,
    end: dict[str, int] | None = None,
) -> bytes:
    """Return the ZIP file; `shift` is added to all offsets, `end` replaces fields of the end record."""
    data, directory = bytearray(before), bytearray()
    for one in members:
        offset = len(data) + shift
        data += _local(one) + one.body + one.behind
        directory += _central(one, offset)
    fields = {
        "disk": 0,
        "start_disk": 0,
        "here": len(members),
        "entries": len(members),
        "size": len(directory),
        "offset": len(data) + shift,
        "comment": 0,
    }
    fields |= end or {}
    return bytes(data + directory + struct.pack("<4sHHHHLLH", b"PK\x05\x06", *fields.values()) + behind)


def widened(data: bytes, *, record: Mapping[str, int] | None = None, locator: Mapping[str, int] | None = None) -> bytes:
    """Return a ZIP file with a ZIP64 end record, of which `record` and `locator` replace fields."""
    _, _, _, here, entries, size, offset, _ = struct.unpack("<4sHHHHLLH", data[-22:])
    fields = {
        "magic": 0x06064B50,
        "length": 44,
        "made_by": 45,
        "needed": 45,
        "disk": 0,
        "start_disk": 0,
        "here": here,
        "entries": entries,
        "size": size,
        "offset": offset,
        **(record or {}),
    }
    where = {"magic": 0x07064B50, "disk": 0, "offset": offset + size, "disks": 1, **(locator or {})}
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    wide = struct.pack("<LQHHLLQQQQ", *fields.values()) + struct.pack("<LLQL", *where.values())
    return data[:-22] + wide + end


def native(
    members: Sequence[Raw] = (),
    *,
    keys: Sequence[str] = ("",),
    manifest: dict[str, object] | None = None,
    content_of_database: bytes = DATABASE,
) -> list[Raw]:
    """Return the members of a native archive that holds `members`; `manifest` replaces parts of its manifest."""
    database = Raw("database.db", content_of_database)
    roots = [folder(f"files/{key}/" if key else "files/") for key in keys]
    content = [database, *roots, *members]
    document = {
        "format": "greenroom",
        "format_version": 1,
        "name": "backup_20260131_120000",
        "site": "app",
        "kind": "snapshot",
        "scope": "full",
        "created_at": "2026-01-31T12:00:00Z",
        "time_zone": "UTC",
        "created_by": "root",
        "description": "",
        "greenroom_version": "0.1.0",
        "application_version": None,
        "engine": "sqlite",
        "engine_version": "3.40.1",
        "database": {"member": "database.db", "bytes": len(database.content), "sha256": _sha(database.content)},
        "tables": [{"name": "films", "rows": 40}],
        "files": [_folder_entry(key, content) for key in keys],
    }
    metadata = Raw("metadata.json", json.dumps(document | (manifest or {})).encode())
    return with_checksums([*content, metadata])


def with_checksums(members: Sequence[Raw]) -> list[Raw]:
    """Return the members with a checksums.sha256 that is right for them, and without any other."""
    kept = [one for one in members if one.name != "checksums.sha256"]
    lines = [_sha(one.content).encode() + b"  " + one.raw_name + b"\n" for one in kept if _letter(one) == "f"]
    return [*kept, Raw("checksums.sha256", b"".join(lines))]


def bare(members: Sequence[Raw] = (), *, content_of_database: bytes = DATABASE) -> list[Raw]:
    """Return the members of a bare archive that holds `members`."""
    document = {"created_at": "2025-01-15T10:00:00.123456", "app_version": "0.2.0", "backup_name": "backup_x"}
    return [Raw("database.db", content_of_database), *members, Raw("metadata.json", json.dumps(document).encode())]


def changed(members: Sequence[Raw], name: str, /, **changes: object) -> list[Raw]:
    """Return the members with one of them changed."""
    return [replace(one, **changes) if one.name == name else one for one in members]  # type: ignore[arg-type]


def _folder_entry(key: str, members: Sequence[Raw]) -> dict[str, object]:
    """The manifest's entry of a folder, as docs/archive-format.md defines it."""
    prefix = f"files/{key}/" if key else "files/"
    inside = [one for one in members if one.raw_name.startswith(prefix.encode())]
    lines = b"".join(_line(one, prefix.encode()) for one in inside)
    kinds = [_letter(one) for one in inside]
    return {
        "key": key,
        "path": "/srv/app/uploads",
        "files": kinds.count("f"),
        "folders": kinds.count("d") - 1,
        "links": kinds.count("l"),
        "bytes": sum(len(one.content) for one in inside if _letter(one) == "f"),
        "listing_sha256": _sha(lines),
    }


def _line(one: Raw, prefix: bytes) -> bytes:
    path = one.raw_name.removeprefix(prefix).rstrip(b"/") or b"."
    mode = stat.S_IMODE(one.mode)
    start = f"{_letter(one)} {mode:o} {one.uid} {one.gid} {MTIME} {len(one.content)} {_sha(one.content)} "
    return start.encode() + path + b"\n"


def _letter(one: Raw) -> str:
    if stat.S_ISLNK(one.mode):
        return "l"
    return "d" if one.raw_name.endswith(b"/") else "f"


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _fields(one: Raw) -> dict[str, object]:
    return {
        "flags": one.flags,
        "method": one.method,
        "time": 0,
        "date": 0x21,
        "crc": zlib.crc32(one.content),
        "packed": len(one.body),
        "size": len(one.content),
        "name": one.raw_name,
        "extra": one.attributes,
    }


def _local(one: Raw) -> bytes:
    fields = {**_fields(one), **one.local}
    name, extra = fields.pop("name"), fields.pop("extra")
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    return struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, *fields.values(), len(name), len(extra)) + name + extra


def _central(one: Raw, offset: int) -> bytes:
    fields = {**_fields(one), "disk": 0, "offset": offset, **one.central}
    name, extra = fields.pop("name"), fields.pop("extra")
    disk, where = fields.pop("disk"), fields.pop("offset")
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    header = struct.pack(
        "<4sHHHHHHLLLHHHHHLL",
        b"PK\x01\x02",
        3 << 8 | 20,
        20,
        *fields.values(),
        len(name),
        len(extra),
        len(one.comment),
        disk,
        0,
        one.mode << 16,
        where,
    )
    return header + name + extra + one.comment
