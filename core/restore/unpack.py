"""An archive onto the targets' own file systems: every entry written new, with its mode, owner and time."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.archive import Archive, Entry, Kind, reading_ahead
from core.databases.sqlite import DatabaseDamagedError, check_database
from core.errors import GreenroomError, VerificationError
from core.filesystem import Filesystem
from core.progress import Reporter
from core.restore.digest import TreeDigest, digest_path
from core.restore.marker import DATABASE, Expected, Target

_DEFAULT_FILE_MODE = 0o644
_DEFAULT_FOLDER_MODE = 0o755
_PERMISSIONS = 0o7777
_PLAIN_PERMISSIONS = 0o777


@dataclass(frozen=True, slots=True)
class Belonging:
    """Mode and owner for what an archive says nothing of."""

    mode: int
    uid: int
    gid: int


@dataclass(slots=True)
class _Unpacking:
    """What is known of one target while its entries arrive in whatever order the archive has them."""

    target: Target
    default: Belonging
    permissions: int
    digest: TreeDigest = field(default_factory=TreeDigest)
    folders: dict[str, tuple[int, int | None]] = field(default_factory=dict)

    def path(self, relative: str) -> Path:
        return self.target.staged / relative if relative else self.target.staged


def unpack(
    archive: Archive, targets: tuple[Target, ...], disk: Filesystem, reporter: Reporter, *, trusted: bool
) -> dict[str, Expected]:
    """Write the archive's content to the targets' `new/`, read it back, and return what each target then holds.

    Of a portable archive the database is left empty: it is built when the restore is applied.
    What is not `trusted`, for it came from elsewhere, gets no setuid, setgid or sticky bit.
    Raise VerificationError where the archive or what was written of it is not what it should be.
    """
    total = archive.total_bytes
    reporter.phase("unpacking", total)
    permissions = _PERMISSIONS if trusted else _PLAIN_PERMISSIONS
    unpackings = {target.name: _begin(target, permissions, disk) for target in targets}
    if not archive.holds_models:  # of those, no entry is a file of the site
        _unpack_entries(archive, unpackings, disk, reporter)
    for unpacking in unpackings.values():
        _finish_folders(unpacking)
        disk.sync_filesystem(unpacking.target.work)
    reporter.phase("reading back", total)
    expected = {
        name: _read_back(unpacking, reporter, trusted=trusted)
        for name, unpacking in unpackings.items()
        if name != DATABASE or not is_portable(archive)
    }
    _compare_counts(archive, expected)
    return expected


def _unpack_entries(archive: Archive, unpackings: dict[str, _Unpacking], disk: Filesystem, reporter: Reporter) -> None:
    with reading_ahead(archive) as entries:
        for entry, blocks in entries:
            unpacking, relative = _home(entry.name, unpackings)
            if unpacking is None:
                deque(blocks, maxlen=0)
            else:
                _unpack_entry(archive, entry, blocks, unpacking, relative, disk, reporter)


def is_portable(archive: Archive) -> bool:
    """Whether the database is rows, which are put into one that is there, and no file."""
    return archive.holds_models or (archive.manifest is not None and archive.manifest.kind == "portable")


def held_names(archive: Archive) -> frozenset[str]:
    """Given an archive, return the names of the targets that it holds something for: the database, folders."""
    if archive.holds_models:
        folders = set()
    elif archive.manifest is not None:
        folders = {folder.prefix.rstrip("/") for folder in archive.manifest.files}
    else:
        folders = {"files"} if any(entry.name.startswith("files/") for entry in archive.entries) else set()
    return frozenset({DATABASE, *folders})


def present_belonging(path: Path, *, folder: bool) -> Belonging:
    """Given a live path, return its mode and owner; where it is missing, its parent's owner."""
    try:
        status = path.stat()
        return Belonging(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    except FileNotFoundError:
        parent = path.parent.stat()
        return Belonging(_DEFAULT_FOLDER_MODE if folder else 0o600, parent.st_uid, parent.st_gid)


def give(path: Path, mode: int | None, uid: int, gid: int) -> None:
    """Set owner (as root only: nobody else may) and mode, in this order, for chown clears setuid."""
    if os.geteuid() == 0:
        os.chown(path, uid, gid, follow_symlinks=False)
    if mode is not None:
        path.chmod(mode & _PERMISSIONS)


def _begin(target: Target, permissions: int, disk: Filesystem) -> _Unpacking:
    disk.make_folder(target.work)
    disk.make_folder(target.new)
    unpacking = _Unpacking(target, present_belonging(target.live, folder=target.kind == "folder"), permissions)
    if target.kind == "folder" and target.by == "rename":
        _make_folder(unpacking, "", disk)
        unpacking.folders[""] = (unpacking.default.mode, None)
    return unpacking


def _home(name: str, unpackings: dict[str, _Unpacking]) -> tuple[_Unpacking | None, str]:
    """Given a member's name, return the target it belongs to and its path there; manifest and hashes have none."""
    if name in unpackings:
        return unpackings[name], ""
    for home in sorted(unpackings, key=len, reverse=True):
        if name.startswith(f"{home}/"):
            return unpackings[home], name[len(home) + 1 :].rstrip("/")
    if name.startswith("files/") and name != "files/":
        raise VerificationError(
            f"the archive holds {name}, which belongs to no folder of this site",
            hint="compare `files` in greenroom.toml with the folders that `greenroom show` lists for the backup",
        )
    return None, ""


def _unpack_entry(
    archive: Archive,
    entry: Entry,
    blocks: Iterator[bytes],
    unpacking: _Unpacking,
    relative: str,
    disk: Filesystem,
    reporter: Reporter,
) -> None:
    if not relative and entry.kind is Kind.FOLDER and unpacking.target.live.exists():
        return  # the root keeps the mode and owner that the live folder has
    path = unpacking.path(relative)
    _make_parents(unpacking, relative, disk)
    attributes = entry.attributes
    uid = attributes.uid if attributes else unpacking.default.uid
    gid = attributes.gid if attributes else unpacking.default.gid
    if entry.kind is Kind.FOLDER:
        _make_folder(unpacking, relative, disk)
        if attributes:
            unpacking.folders[relative] = (attributes.mode & unpacking.permissions, attributes.mtime)
            give(path, None, uid, gid)
    elif entry.kind is Kind.LINK:
        link = archive.read_link(entry)
        disk.symlink(link, path)
        give(path, None, uid, gid)
        unpacking.digest.add(relative, stat.S_IFLNK, 0, link)
    else:
        if unpacking.target.kind == "database":
            belonging = unpacking.default
        else:
            mode = attributes.mode & unpacking.permissions if attributes else _DEFAULT_FILE_MODE
            belonging = Belonging(mode, uid, gid)
        with disk.create(path) as file:
            content = _write(file, blocks, entry.sha256, disk, reporter)
            _give_file(file, belonging, attributes.mtime if attributes else None)
        unpacking.digest.add(relative, stat.S_IFREG | belonging.mode, entry.size, content)


def _write(file: IO[bytes], blocks: Iterator[bytes], sha256: str | None, disk: Filesystem, reporter: Reporter) -> str:
    """Return the SHA-256 of what was written; where it is known, the blocks are proved by it while they are read."""
    hashed = hashlib.sha256()
    for block in blocks:
        disk.write(file, block)
        if sha256 is None:
            hashed.update(block)
        reporter.advance(len(block))
    file.flush()
    return sha256 or hashed.hexdigest()


def _give_file(file: IO[bytes], belonging: Belonging, mtime: int | None) -> None:
    """As `give`, of an open file that is written whole: by its descriptor, and the owner only where it is another."""
    descriptor = file.fileno()
    status = os.fstat(descriptor)
    if os.geteuid() == 0 and (status.st_uid, status.st_gid) != (belonging.uid, belonging.gid):
        os.fchown(descriptor, belonging.uid, belonging.gid)
    os.fchmod(descriptor, belonging.mode & _PERMISSIONS)
    if mtime is not None:
        os.utime(descriptor, (mtime, mtime))


def _make_parents(unpacking: _Unpacking, relative: str, disk: Filesystem) -> None:
    """An archive from elsewhere may name no folders, only files in them."""
    parts = relative.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        _make_folder(unpacking, "/".join(parts[:depth]), disk)


def _make_folder(unpacking: _Unpacking, relative: str, disk: Filesystem) -> None:
    if relative not in unpacking.folders:
        disk.make_folder(unpacking.path(relative))
        give(unpacking.path(relative), None, unpacking.default.uid, unpacking.default.gid)
        unpacking.folders[relative] = (_DEFAULT_FOLDER_MODE, None)


def _finish_folders(unpacking: _Unpacking) -> None:
    """Modes and times of folders come last and from below: a read-only one must be filled first."""
    for relative, (mode, mtime) in sorted(unpacking.folders.items(), reverse=True):
        path = unpacking.path(relative)
        path.chmod(mode)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        if relative:
            unpacking.digest.add(relative, stat.S_IFDIR | mode, 0, "")


def _read_back(unpacking: _Unpacking, reporter: Reporter, *, trusted: bool) -> Expected:
    target = unpacking.target
    if not target.staged.exists():
        raise VerificationError(
            f"the archive holds no {target.name}", hint="`greenroom show` lists what the backup holds"
        )
    found = digest_path(target.staged, reporter)
    if found.hex != unpacking.digest.hex:
        raise GreenroomError(
            f"what was unpacked to {target.work} is not what was written",
            hint="look for errors of the disk (dmesg), then try again",
        )
    tables = _check_staged(target.staged, reporter, quick=trusted) if target.kind == "database" else None
    return Expected(
        digest=found.hex, tables=tables, entries=found.entries, files=found.files, size_bytes=found.size_bytes
    )


def _compare_counts(archive: Archive, expected: dict[str, Expected]) -> None:
    if archive.manifest is None or DATABASE not in expected:
        return
    said = {table.name: table.rows for table in archive.manifest.tables}
    found = expected[DATABASE].tables
    if found != said:
        raise VerificationError(
            "the manifest lies: the database in the archive does not hold the tables and rows that it says",
            hint="restore another backup; nothing was changed",
        )


def _check_staged(database: Path, reporter: Reporter, *, quick: bool) -> dict[str, int]:
    """A database that greenroom backed up has passed the whole check then, and its hash says that it is the same."""
    try:
        return check_database(database, reporter, quick=quick).tables
    except DatabaseDamagedError as error:
        raise VerificationError(
            f"the database in the archive is damaged: {error.message}",
            hint="restore another backup; nothing was changed",
        ) from error
