"""The folders of a site into an archive, each file as it was at one moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from core.archive import ArchiveWriter, Attributes, FolderEntry, FolderSection
from core.archive.names import problem_with_name
from core.config import Site
from core.progress import Reporter
from core.tree import EntryKind, Fingerprint, TreeEntry, UnreadableTreeError, walk_tree

_BLOCK = 1 << 20
_PAUSES_BETWEEN_TRIES = (0.1, 0.5, 2.0)


class WrittenFolders(NamedTuple):
    """What went into the archive, and what could not; `fingerprints` are those of the folders."""

    entries: tuple[FolderEntry, ...]
    skipped: tuple[str, ...]
    fingerprints: dict[Path, str]


class _ChangedWhileReadError(Exception):
    """A file was written, cut or exchanged between the first and the last byte read of it."""


def write_folders(writer: ArchiveWriter, site: Site, reporter: Reporter) -> WrittenFolders:
    """Write all folders of the site; raise UnreadableTreeError where one cannot be read whole."""
    entries: list[FolderEntry] = []
    skipped: list[str] = []
    fingerprints: dict[Path, str] = {}
    for key, path in sorted(site.files.items()):  # the archive's order
        try:
            section = writer.open_folder(key, str(path), Attributes.of(path.stat()))
        except OSError as error:
            raise UnreadableTreeError(
                f"cannot read the folder {path}: {error.strerror}",
                hint="look at `files` of the site in greenroom.toml; a backup without it would have a hole",
            ) from error
        fingerprint = Fingerprint()
        for entry in walk_tree(path, site.exclude):
            fingerprint.add(entry)
            if entry.kind is EntryKind.SPECIAL:
                skipped.append(f"{entry.location}: a socket, pipe or device, which no archive can hold")
            else:
                _add_entry(section, entry, reporter)
        entries.append(section.entry())
        fingerprints[path.resolve()] = fingerprint.hex
    return WrittenFolders(tuple(entries), tuple(skipped), fingerprints)


def _add_entry(section: FolderSection, entry: TreeEntry, reporter: Reporter) -> None:
    problem = problem_with_name(entry.relative)
    if problem:
        raise UnreadableTreeError(
            f"{entry.location!a} cannot be in an archive: its name {problem}",
            hint="rename it, or leave it out with `exclude`",
        )
    attributes = Attributes.of(entry.status)
    if entry.kind is EntryKind.FOLDER:
        section.add_folder(entry.relative, attributes)
    elif entry.kind is EntryKind.LINK:
        section.add_link(entry.relative, os.fspath(entry.path.readlink()), attributes)
    elif entry.kind is EntryKind.FILE:
        _add_steady_file(section, entry, reporter)


def _add_steady_file(section: FolderSection, entry: TreeEntry, reporter: Reporter) -> None:
    """Add a file as it was at one moment: one that changes or goes while it is read is tried again."""
    for pause in (*_PAUSES_BETWEEN_TRIES, None):
        try:
            with _open_file(entry.location) as descriptor:
                before = os.fstat(descriptor)
                section.add_file(entry.relative, _steady_blocks(descriptor, before), Attributes.of(before))
            return
        except (_ChangedWhileReadError, FileNotFoundError) as error:
            if pause is None:
                what = "goes away" if isinstance(error, FileNotFoundError) else "keeps changing"
                raise UnreadableTreeError(
                    f"{entry.location} {what} while it is read",
                    hint="back up when it rests, or leave it out with `exclude`",
                ) from error
            reporter.pause(pause)
        except OSError as error:
            raise UnreadableTreeError(
                f"cannot read {entry.location}: {error.strerror}",
                hint="greenroom must be able to read all of the site's files; `exclude` leaves some out",
            ) from error


@contextmanager
def _open_file(path: str) -> Iterator[int]:
    """Neither a link nor a pipe that took the file's place is followed or waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _ChangedWhileReadError
        yield descriptor
    finally:
        os.close(descriptor)


def _steady_blocks(descriptor: int, before: os.stat_result) -> Iterator[bytes]:
    done = 0
    while block := os.read(descriptor, _BLOCK):
        done += len(block)
        yield block
    after = os.fstat(descriptor)
    if done != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise _ChangedWhileReadError
