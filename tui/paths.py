"""Paths that a person types: completed as a shell does, and the archives of a folder. All of it reads the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from core.errors import UsageError

MOST_ENTRIES = 2000
_SUFFIXES = (".zip", ".json")  # the second of what a Django project exports
_SIDECAR = ".state.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, or an archive with its size in bytes and the time of its last change."""

    path: Path
    size: int | None = None
    changed: datetime | None = None

    @property
    def is_folder(self) -> bool:
        return self.size is None


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's folders and archives, the newest archive first; `cut` where it holds more than are looked at."""

    folder: Path
    places: tuple[Place, ...]
    cut: bool


def working_folder() -> Path:
    """Return the folder that the app was started in; where it is gone, the root."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def typed_path(text: str) -> Path:
    """Given what was typed, return the absolute path that it means; raise UsageError where it means none."""
    if not text.strip() or "\0" in text:
        raise UsageError("no path was given", hint="type one, for example /mnt/usb")
    try:
        return Path(os.path.abspath(Path(text.strip()).expanduser()))  # noqa: PTH100 (resolve() would follow links)
    except RuntimeError as error:
        raise UsageError(f"{text.strip()}: there is no such home folder", hint="type the whole path") from error


def complete_path(text: str) -> str:
    """Given the beginning of a path, return as much more of it as is certain; a folder ends in a slash."""
    head, tail = os.path.split(text)
    try:
        folder = typed_path(head or ".")
        with os.scandir(folder) as entries:
            found = [(one.name, one.is_dir()) for one in islice(entries, MOST_ENTRIES) if one.name.startswith(tail)]
    except (OSError, UsageError):
        return text
    found = [one for one in found if tail or not one[0].startswith(".")]
    if not found:
        return text
    names = [name for name, _ in found]
    first, last = min(names), max(names)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    common = first[:same]
    ending = "/" if len(found) == 1 and found[0][1] else ""
    return os.path.join(head, common) + ending  # noqa: PTH118 (what was typed is kept as it is)


def list_folder(folder: Path) -> Listing:
    """Given a folder, return its folders and archives; raise UsageError where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            read = list(islice(entries, MOST_ENTRIES + 1))
    except OSError as error:
        raise UsageError(f"cannot look into {folder}: {error.strerror}", hint="name another folder") from error
    places = [place for entry in read[:MOST_ENTRIES] for place in _place(entry)]
    folders = sorted((one for one in places if one.is_folder), key=lambda one: one.path.name)
    archives = sorted((one for one in places if not one.is_folder), key=_age)
    return Listing(folder, (*folders, *archives), cut=len(read) > MOST_ENTRIES)


def look_at(path: Path) -> Listing | Path:
    """Given a path, return the listing of a folder, or a file's path; raise UsageError where there is neither."""
    if path.is_dir():
        return list_folder(path)
    if path.exists():
        return path
    raise UsageError(f"{path} is not there", hint="tab completes what is")


def _age(place: Place) -> tuple[float, str]:
    return (-place.changed.timestamp() if place.changed else 0.0, place.path.name)


def _may_be_archive(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.endswith(_SIDECAR)


def _place(entry: os.DirEntry[str]) -> Iterator[Place]:
    if entry.name.startswith("."):
        return
    try:
        status = entry.stat()
    except OSError:  # a dangling link, or gone meanwhile
        return
    if stat.S_ISDIR(status.st_mode):
        yield Place(Path(entry.path))
    elif stat.S_ISREG(status.st_mode) and _may_be_archive(entry.name.lower()):
        yield Place(Path(entry.path), status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
