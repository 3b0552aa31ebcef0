"""Back a site up: its database and files into one archive, read back before it counts.

The steps are those of docs/atomicity.md, "Backup".
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core import __version__
from core.archive import (
    ArchiveWriter,
    Attributes,
    DatabaseEntry,
    FolderEntry,
    FolderSection,
    Limits,
    Manifest,
    TableCount,
    Written,
    open_archive,
)
from core.archive.names import problem_with_name
from core.catalog import BackupRecord, Role
from core.config import Site, application_version
from core.context import Context
from core.databases.sqlite import ENGINE, DatabaseFacts, copy_database, database_bytes
from core.errors import CancelledError, GreenroomError, UsageError, VerificationError
from core.progress import Reporter
from core.recovery import note_complete, refuse_half_restored, tidy
from core.sizes import format_size
from core.stores import StoredState
from core.tree import EntryKind, Fingerprint, TreeEntry, UnreadableTreeError, walk_tree

_BLOCK = 1 << 20
_PAUSES_BETWEEN_TRIES = (0.1, 0.5, 2.0)
_DATABASE_SHRINKS_TO = 0.25


@dataclass(frozen=True, slots=True)
class BackupOutcome:
    """A finished backup.

    `skipped` names the special files that no archive can hold; `writers_waited` are the seconds for which the
    application could not write, because its database has a rollback journal; `fingerprints` are those of the folders.
    """

    record: BackupRecord
    skipped: tuple[str, ...] = ()
    writers_waited: float = 0.0
    fingerprints: Mapping[Path, str] = field(default_factory=dict)


class _ChangedWhileReadError(Exception):
    """A file was written, cut or exchanged between the first and the last byte read of it."""


def create_backup(
    context: Context, site: Site, reporter: Reporter, *, description: str = "", role: Role = "manual"
) -> BackupOutcome:
    """Back the site up and return the completed backup, read back and verified.

    On any failure nothing half-made stays and the catalog's row says `failed` and why. Raise BusyError,
    CancelledError, GreenroomError.
    """
    context.require_writable("make a backup")
    if not description.isprintable():
        raise UsageError(
            "a description is one line of printable text", hint="leave line breaks and control characters out"
        )
    with context.lock(site, "backup"):
        tidy(context, site)
        refuse_half_restored(context, site)
        return back_up_held(context, site, reporter, role=role, description=description)


def back_up_held(
    context: Context,
    site: Site,
    reporter: Reporter,
    *,
    role: Role,
    description: str,
    database: sqlite3.Connection | None = None,
    safety_for: str | None = None,
) -> BackupOutcome:
    """As `create_backup`, with the site's lock held; `database` is a connection that holds it, for a safety backup."""
    now = context.clock()
    context.store.prepare(site.name)
    name = context.store.free_name(site.name, now, taken=context.catalog.names(site.name))
    record = context.catalog.begin_backup(
        name=name,
        site=site.name,
        kind="snapshot",
        scope="full",
        role=role,
        description=description,
        created_by=context.actor,
        created_at=now,
    )
    work = _Work(context, site, record, reporter, safety_for)
    try:
        return work.run(database)
    except BaseException as error:
        if context.store.has_archive(site.name, name):
            raise  # whole and published; only its row is not said yet, which the next verb does
        with suppress(OSError):
            work.clean_up()
        reason = "cancelled" if isinstance(error, CancelledError | KeyboardInterrupt) else str(error)
        context.catalog.fail_backup(record.id, reason)
        if isinstance(error, OSError):
            raise GreenroomError(
                f"the backup of {site.name} failed: {error}", hint="nothing half-made was kept; clear the cause"
            ) from error
        raise


@dataclass(slots=True)
class _Work:
    """One backup on its way; the properties are the files that a failure must not leave."""

    context: Context
    site: Site
    record: BackupRecord
    reporter: Reporter
    safety_for: str | None
    fingerprints: dict[Path, str] = field(default_factory=dict)

    @property
    def partial(self) -> Path:
        return self.context.store.partial_path(self.site.name, self.record.name)

    @property
    def copy(self) -> Path:
        return self.context.store.database_partial_path(self.site.name, self.record.name)

    def run(self, database: sqlite3.Connection | None) -> BackupOutcome:
        source = _database_path(self.site)
        content_bytes = _check_space(self.context, self.site)
        copied = copy_database(database or source, self.copy, self.reporter)
        version = self._application_version()
        skipped: list[str] = []
        with ArchiveWriter(self.partial, self.context.disk, self.reporter) as writer:
            self.reporter.phase("writing the archive", content_bytes)
            member = writer.add_file("database.db", _read_blocks(self.copy), Attributes.of(source.stat()))
            self.context.disk.unlink(self.copy)
            folders = self._write_folders(writer, skipped)
            manifest = self._manifest(version, copied.facts, member, folders)
            finished = writer.finish(manifest)
        self._read_back(finished.manifest_sha256)
        store = self.context.store
        state = StoredState(
            role=self.record.role,
            origin="made",
            verified_at=self.context.clock(),
            description=self.record.description,
            safety_for=self.safety_for,
            manifest_sha256=finished.manifest_sha256,
        )
        store.write_state(self.site.name, self.record.name, state)
        store.publish(self.site.name, self.record.name)
        record = note_complete(self.context, self.record, manifest, finished.manifest_sha256, state)
        waited = 0.0 if database else copied.writers_waited
        return BackupOutcome(record, tuple(skipped), waited, self.fingerprints)

    def clean_up(self) -> None:
        self.context.store.discard_partial(self.site.name, self.record.name)
        self.context.store.remove_state(self.site.name, self.record.name)

    def _write_folders(self, writer: ArchiveWriter, skipped: list[str]) -> tuple[FolderEntry, ...]:
        entries = []
        for key, path in sorted(self.site.files.items()):  # the archive's order
            try:
                section = writer.open_folder(key, str(path), Attributes.of(path.stat()))
            except OSError as error:
                raise UnreadableTreeError(
                    f"cannot read the folder {path}: {error.strerror}",
                    hint="look at `files` of the site in greenroom.toml; a backup without it would have a hole",
                ) from error
            fingerprint = Fingerprint()
            for entry in walk_tree(path, self.site.exclude):
                fingerprint.add(entry)
                if entry.kind is EntryKind.SPECIAL:
                    skipped.append(f"{entry.location}: a socket, pipe or device, which no archive can hold")
                else:
                    _add_entry(section, entry, self.reporter)
            entries.append(section.entry())
            self.fingerprints[path.resolve()] = fingerprint.hex
        return tuple(entries)

    def _application_version(self) -> str | None:
        """An application that is broken may not tell its version; it is just then that a restore is wanted."""
        try:
            return application_version(self.site)
        except GreenroomError:
            if self.safety_for is None:
                raise
            return None

    def _manifest(
        self, version: str | None, facts: DatabaseFacts, member: Written, folders: tuple[FolderEntry, ...]
    ) -> Manifest:
        return Manifest(
            name=self.record.name,
            site=self.site.name,
            kind="snapshot",
            scope="full",
            created_at=self.record.created_at,
            time_zone=str(self.site.time_zone),
            created_by=self.context.actor,
            description=self.record.description,
            greenroom_version=__version__,
            application_version=version,
            engine=ENGINE,
            engine_version=facts.engine_version,
            database=DatabaseEntry(member="database.db", bytes=member.bytes, sha256=member.sha256),
            tables=tuple(TableCount(name=name, rows=rows) for name, rows in facts.tables.items()),
            files=folders,
        )

    def _read_back(self, manifest_sha256: str) -> None:
        """The archive counts only once it was read from the disk and every hash agreed."""
        limits = Limits(max_bytes=self.site.max_archive_bytes)
        with open_archive(self.partial, limits, allow_leaving_links=True) as archive:
            archive.verify(self.reporter)
            if archive.manifest_sha256 != manifest_sha256:
                raise VerificationError(
                    f"{self.partial} does not read as it was written", hint="look for errors of the disk (dmesg)"
                )


def _database_path(site: Site) -> Path:
    path = site.sqlite_path
    if path is None:
        raise GreenroomError(f"{site.name} has no SQLite database", hint="look at `database` in greenroom.toml")
    return path


@dataclass(frozen=True, slots=True)
class SpaceEstimate:
    """Bytes that go into an archive, and bytes that the storage needs meanwhile."""

    content: int
    needed: int


def estimate_space(site: Site) -> SpaceEstimate:
    """Given a site, return what a backup of it takes now.

    Images do not shrink; a database does, to how much nobody knows before, so the estimate is a low one.
    """
    database_size = database_bytes(_database_path(site))
    files_size = sum(
        entry.status.st_size
        for path in site.files.values()
        if path.is_dir()
        for entry in walk_tree(path, site.exclude)
        if entry.kind is EntryKind.FILE
    )
    return SpaceEstimate(
        content=database_size + files_size, needed=int(database_size * (1 + _DATABASE_SHRINKS_TO)) + files_size
    )


def _check_space(context: Context, site: Site) -> int:
    """Return the bytes that go into the archive; raise GreenroomError where there is no space for them."""
    space = estimate_space(site)
    if space.content > site.max_archive_bytes:
        raise GreenroomError(
            f"{site.name} holds {format_size(space.content)}, more than max_archive_bytes allows to restore",
            hint="raise `max_archive_bytes` in greenroom.toml",
        )
    free = context.store.free_bytes()
    if space.needed > free:
        raise GreenroomError(
            f"no space for the backup: about {format_size(space.needed)} needed, {format_size(free)} free",
            hint="free some space in the storage folder; no old backup is removed for it",
        )
    return space.content


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


def _read_blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
