"""A folder of uploaded files as a sequence of entries: what a backup holds of it, and what it leaves alone."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.errors import GreenroomError

WORK_FOLDER_PREFIX = ".greenroom-"
FAILED_FOLDER_PREFIX = ".restore-failed-"
_RUN_NAMES = 4096
_NAME = re.compile(r"[^/]+")
_OURS = re.compile(r"\.(greenroom|restore-failed)-.+-\d{8}T\d{6}Z-[0-9a-f]{6}-\d+(_\d+)?")


class UnreadableTreeError(GreenroomError):
    """A folder of the site, or something in it, cannot be read as it must be for a whole backup."""


class EntryKind(Enum):
    """What an entry is; a backup holds files, folders and links, and leaves the others alone."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"
    EXCLUDED = "excluded"


class TreeEntry(NamedTuple):
    """One name under a folder; `relative` is its path below the folder's root, with `/`, `location` the whole path."""

    relative: str
    location: str
    kind: EntryKind
    status: os.stat_result

    @property
    def path(self) -> Path:
        return Path(self.location)


def walk_tree(
    root: Path, exclude: Sequence[str] = (), *, skip: Callable[[UnreadableTreeError], None] | None = None
) -> Iterator[TreeEntry]:
    """Yield all entries below `root`, in order of their names, a folder before its content; follow no link.

    An excluded folder is one EXCLUDED entry; greenroom's own work folders in the root are not yielded.
    Raise UnreadableTreeError where a folder cannot be read, or hand it to `skip` and go on.
    """
    yield from _walk(os.fspath(root), "", exclude, skip or _refuse)


def is_ours(name: str) -> bool:
    """Given a name in the root of a folder, tell whether it is a work folder of a restore."""
    return _OURS.fullmatch(name) is not None


def free_name(path: Path) -> Path:
    """Given a path, return it, or one with a number added where it is taken."""
    candidate, number = path, 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}_{number}")
    return candidate


class Fingerprint:
    """What a folder looked like at one walk: names, kinds, modes, sizes and times. Two are equal if nothing changed.

    What is excluded or special counts for nothing, nor do the times of folders, which change with what they hold.
    """

    def __init__(self) -> None:
        self._total = 0

    def add(self, entry: TreeEntry) -> None:
        """Count an entry; in whatever order they come."""
        if entry.kind in (EntryKind.EXCLUDED, EntryKind.SPECIAL):
            return
        status = entry.status
        seen = f"{entry.relative}\0{status.st_mode}"
        if entry.kind is not EntryKind.FOLDER:
            seen += f"\0{status.st_size}\0{status.st_mtime_ns}"
        self._total ^= int.from_bytes(hashlib.sha256(seen.encode(errors="surrogateescape")).digest(), "big")

    @property
    def hex(self) -> str:
        return f"{self._total:064x}"


def fingerprint(root: Path, exclude: Sequence[str]) -> str | None:
    """Return the fingerprint of a folder, or None where it cannot be read whole."""
    found = Fingerprint()
    try:
        for entry in walk_tree(root, exclude):
            found.add(entry)
    except UnreadableTreeError:
        return None
    return found.hex


def is_excluded(relative: str, patterns: Sequence[str]) -> bool:
    """Given a path below a root, tell whether a pattern matches the whole path or the last name of it."""
    if not patterns:
        return False
    name = relative.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(relative, one) or fnmatch.fnmatchcase(name, one) for one in patterns)


def mount_points_below(root: Path) -> list[Path]:
    """Given a folder, return the mount points inside it (not itself), bind mounts included."""
    inside = str(root) + "/"
    return sorted(path for path in _mount_points() if str(path).startswith(inside))


def is_mount_point(path: Path) -> bool:
    return path in set(_mount_points()) or os.path.ismount(path)


def _mount_points() -> list[Path]:
    """As the kernel lists them (proc(5), mountinfo, fifth field; octal escapes for blanks)."""
    table = Path("/proc/self/mountinfo")
    if not table.exists():
        return []
    fields = (line.split(" ")[4] for line in table.read_text(errors="surrogateescape").splitlines())
    return [
        Path(field.encode(errors="surrogateescape").decode("unicode_escape", errors="surrogateescape"))
        if "\\" in field
        else Path(field)
        for field in fields
    ]


def _walk(
    folder: str, below: str, exclude: Sequence[str], skip: Callable[[UnreadableTreeError], None]
) -> Iterator[TreeEntry]:
    for name in _names(folder, skip):
        relative, location = f"{below}{name}", f"{folder}/{name}"
        if not below and is_ours(name):
            continue
        try:
            status = os.stat(location, follow_symlinks=False)  # noqa: PTH116 - a Path a file costs more than the call
        except FileNotFoundError:
            continue  # gone since the folder was read: it is no longer part of the site
        except OSError as error:
            skip(_unreadable(location, error))
            continue
        kind = EntryKind.EXCLUDED if is_excluded(relative, exclude) else _kind(status)
        yield TreeEntry(relative, location, kind, status)
        if kind is EntryKind.FOLDER:
            yield from _walk(location, f"{relative}/", exclude, skip)


def _names(folder: str, skip: Callable[[UnreadableTreeError], None]) -> Iterator[str]:
    """The names alone, in order: sorted run by run, each packed into one string, for a folder may hold very many."""
    runs: list[str] = []
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries)
            while run := sorted(islice(names, _RUN_NAMES)):
                runs.append("/".join(run))
    except OSError as error:
        skip(_unreadable(folder, error))
        return iter(())
    return merge(*map(_unpacked, runs)) if len(runs) > 1 else _unpacked("".join(runs))


def _unpacked(run: str) -> Iterator[str]:
    return (match[0] for match in _NAME.finditer(run))


def _refuse(error: UnreadableTreeError) -> None:
    raise error


def _kind(status: os.stat_result) -> EntryKind:
    if stat.S_ISREG(status.st_mode):
        return EntryKind.FILE
    if stat.S_ISDIR(status.st_mode):
        return EntryKind.FOLDER
    if stat.S_ISLNK(status.st_mode):
        return EntryKind.LINK
    return EntryKind.SPECIAL


def _unreadable(path: str, error: OSError) -> UnreadableTreeError:
    return UnreadableTreeError(
        f"cannot read {path}: {error.strerror}",
        hint="greenroom must be able to read all of the site's files; `exclude` leaves some out",
    )
