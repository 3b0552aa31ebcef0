"""The store that is a folder: `ROOT/SITE/NAME.zip`, and beside each archive its `NAME.state.json`.

A movie library has copies of its users' libraries beside them: `ROOT/SITE/users/USER_ID/YYYY-MM-DD.json`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Container, Iterator
from datetime import datetime
from pathlib import Path

from core.errors import GreenroomError
from core.filesystem import PRIVATE_FILE, PRIVATE_FOLDER, Filesystem
from core.stores.faults import faults_named
from core.stores.names import checked_name, checked_site, is_name, is_site, timed_name
from core.stores.state import MAX_STATE_BYTES, DamagedStateError, StoredState, parse_state

ARCHIVE = ".zip"
DELETING = ".zip.deleting"
STATE = ".state.json"
_PARTIAL = ".partial"
_ARCHIVE_PARTIAL = ARCHIVE + _PARTIAL
_STATE_PARTIAL = STATE + _PARTIAL
_DATABASE_PARTIAL = ".database" + _PARTIAL
# SQLite puts files of its own beside the copy of a database while it writes it.
_PARTIALS = (
    _ARCHIVE_PARTIAL,
    _STATE_PARTIAL,
    _DATABASE_PARTIAL,
    f"{_DATABASE_PARTIAL}-wal",
    f"{_DATABASE_PARTIAL}-shm",
    f"{_DATABASE_PARTIAL}-journal",
)
_KNOWN = (ARCHIVE, DELETING, STATE, *_PARTIALS)
_USERS = "users"


class FolderStore:
    """Archives in the folder `root`. Who changes a site's part of it holds that site's lock."""

    def __init__(self, root: Path, disk: Filesystem) -> None:
        self.root = root
        self._disk = disk

    def prepare(self, site: str) -> None:
        """Create the folder of a site where it is missing.

        The root must be there: a missing one is a disk that is not mounted, not one to fill the disk below it.
        """
        folder = self._folder(site)
        with faults_named(self.root):
            if not os.path.lexists(folder):
                self._disk.make_folder(folder)
                self._disk.fsync_folder(self.root)
            _require_folder(folder)

    def free_bytes(self) -> int:
        """Return how much greenroom may still write there."""
        with faults_named(self.root):
            status = os.statvfs(self.root)
        return status.f_bavail * status.f_frsize

    def loose_permissions(self) -> list[str]:
        """Return a sentence for each of the sites' folders, and each file in them, that others can get at."""
        found = []
        with faults_named(self.root):
            for folder in map(self._folder, self.sites() if self.root.exists() else ()):
                found += _loose(folder, PRIVATE_FOLDER)
                for entry in self._entries(folder.name):
                    is_users = entry.name == _USERS and entry.is_dir(follow_symlinks=False)
                    found += _loose(Path(entry.path), PRIVATE_FOLDER if is_users else PRIVATE_FILE)
        return found

    def free_name(self, site: str, created_at: datetime, taken: Container[str] = ()) -> str:
        """Given the time of a backup, return a name that neither a file of the store nor `taken` has."""
        return timed_name(created_at, _Either(set(self._names(site, *_KNOWN)), taken))

    def archive_path(self, site: str, name: str) -> Path:
        return self._path(site, name, ARCHIVE)

    def partial_path(self, site: str, name: str) -> Path:
        """Where an archive is written, until it is whole and published."""
        return self._path(site, name, _ARCHIVE_PARTIAL)

    def database_partial_path(self, site: str, name: str) -> Path:
        """Where the copy of a database waits for its place in the archive."""
        return self._path(site, name, _DATABASE_PARTIAL)

    def users_folder(self, site: str) -> Path:
        """Where the copies of users' libraries rest, a folder for each user; no backup of the site is among them."""
        return self._folder(site) / _USERS

    def has_archive(self, site: str, name: str) -> bool:
        """Return whether the archive is there, as a file and not as a link to one."""
        with faults_named(self.root):
            return _is_file(self.archive_path(site, name))

    def why_missing(self, site: str, name: str, size: int | None) -> str | None:
        """Return in words why an archive of `size` bytes is not there, None where it is, or is being deleted."""
        path = self.archive_path(site, name)
        try:
            status = path.lstat()
        except OSError as error:
            deleting = os.path.lexists(self._path(site, name, DELETING))
            return None if deleting else f"{path}: {error.strerror}"
        if not stat.S_ISREG(status.st_mode):
            return f"{path} is not a file"
        if size not in (None, status.st_size):
            return f"{path} has {status.st_size:,} bytes and should have {size:,}"
        return None

    def sites(self) -> list[str]:
        """Return the sites that have a folder here, in order; a link is none."""
        with faults_named(self.root), os.scandir(self.root) as entries:
            return sorted(
                entry.name for entry in entries if is_site(entry.name) and entry.is_dir(follow_symlinks=False)
            )

    def archives(self, site: str) -> Iterator[str]:
        """Yield the names of the site's archives, in order."""
        return self._names(site, ARCHIVE)

    def partials(self, site: str) -> Iterator[str]:
        """Yield the names of which half-made files were left behind."""
        return self._names(site, *_PARTIALS)

    def set_asides(self, site: str) -> Iterator[str]:
        """Yield the names of archives whose deletion began and has not ended."""
        return self._names(site, DELETING)

    def states(self, site: str) -> Iterator[str]:
        """Yield the names that have a sidecar, with or without an archive."""
        return self._names(site, STATE)

    def unknown_entries(self, site: str) -> Iterator[Path]:
        """Yield what lies in the site's folder and is none of greenroom's files: a link, a name not allowed."""
        with faults_named(self.root):
            for entry in self._entries(site):
                if entry.name == _USERS and entry.is_dir(follow_symlinks=False):
                    continue
                if not entry.is_file(follow_symlinks=False) or not any(_stems(entry.name, _KNOWN)):
                    yield Path(entry.path)

    def publish(self, site: str, name: str) -> Path:
        """Give the whole, durable partial archive its name; return that. Raise GreenroomError where it is taken."""
        partial, archive = self.partial_path(site, name), self.archive_path(site, name)
        with faults_named(self.root):
            _require_free(archive)
            self._disk.rename(partial, archive)
            self._disk.fsync_folder(archive.parent)
        return archive

    def discard_partial(self, site: str, name: str) -> None:
        """Remove every half-made file of that name; none is fine."""
        self._remove(site, name, *_PARTIALS)

    def read_state(self, site: str, name: str) -> StoredState | None:
        """Return what the sidecar says, None where there is none; raise DamagedStateError where it can't be read."""
        path = self._path(site, name, STATE)
        with faults_named(self.root):
            if not os.path.lexists(path):
                return None
            if not _is_file(path) or path.stat().st_size > MAX_STATE_BYTES:
                raise DamagedStateError(
                    f"{path} is not a sidecar that greenroom wrote", hint="move it out of the storage"
                )
            data = path.read_bytes()
        return parse_state(data, str(path))

    def write_state(self, site: str, name: str, state: StoredState) -> None:
        """Write the sidecar so that a crash leaves the one before or this one."""
        with faults_named(self.root):
            self._disk.replace_file(self._path(site, name, STATE), state.to_bytes())

    def remove_state(self, site: str, name: str) -> None:
        """Remove the sidecar of a backup that has no archive; none is fine."""
        self._remove(site, name, STATE)

    def set_aside(self, site: str, name: str) -> None:
        """First step of a deletion: the archive is out of sight, and can still be taken back."""
        self._move(self.archive_path(site, name), self._path(site, name, DELETING))

    def take_back(self, site: str, name: str) -> None:
        """Undo `set_aside`."""
        self._move(self._path(site, name, DELETING), self.archive_path(site, name))

    def erase_set_aside(self, site: str, name: str) -> None:
        """Last step of a deletion: the archive set aside is gone, and its sidecar after it; none is fine."""
        self._remove(site, name, DELETING, STATE)

    def _folder(self, site: str) -> Path:
        return self.root / checked_site(site)

    def _path(self, site: str, name: str, suffix: str) -> Path:
        return self._folder(site) / (checked_name(name) + suffix)

    def _entries(self, site: str) -> list[os.DirEntry[str]]:
        folder = self._folder(site)
        if not os.path.lexists(folder):
            self.root.stat()
            return []
        _require_folder(folder)
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)

    def _names(self, site: str, *suffixes: str) -> Iterator[str]:
        with faults_named(self.root):
            entries = [entry for entry in self._entries(site) if entry.is_file(follow_symlinks=False)]
        yield from sorted({name for entry in entries for name in _stems(entry.name, suffixes)})

    def _move(self, source: Path, target: Path) -> None:
        with faults_named(self.root):
            _require_free(target)
            self._disk.rename(source, target)
            self._disk.fsync_folder(target.parent)

    def _remove(self, site: str, name: str, *suffixes: str) -> None:
        paths = [self._path(site, name, suffix) for suffix in suffixes]
        with faults_named(self.root):
            present = [path for path in paths if os.path.lexists(path)]
            for path in present:
                self._disk.unlink(path)
            if present:
                self._disk.fsync_folder(self._folder(site))


class _Either:
    """Holds what either of two containers holds."""

    def __init__(self, one: Container[str], other: Container[str]) -> None:
        self._both = (one, other)

    def __contains__(self, name: object) -> bool:
        return any(name in container for container in self._both)


def _stems(file_name: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Given the name of a file, yield what it is the file of, when it ends in one of the suffixes."""
    for suffix in suffixes:
        if file_name.endswith(suffix) and is_name(stem := file_name.removesuffix(suffix)):
            yield stem


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _require_folder(path: Path) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISDIR(mode):
        number = errno.ELOOP if stat.S_ISLNK(mode) else errno.ENOTDIR
        raise OSError(number, os.strerror(number), str(path))


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        raise GreenroomError(
            f"{path} is there already", hint="greenroom overwrites no archive; move that file away if it is not yours"
        )


def _loose(path: Path, wanted: int) -> list[str]:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode) or not mode & 0o077:  # a link has no permissions of its own
        return []
    return [f"{path} is open to others (mode {mode:04o}): chmod {wanted:o} {path}"]
