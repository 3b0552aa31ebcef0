"""Back a site up: its database and files into one archive, read back before it counts.

The steps are those of docs/atomicity.md, "Backup".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core import __version__
from core.archive import ArchiveWriter, Limits, Manifest, open_archive
from core.backup.database import WrittenDatabase, write_dump, write_snapshot
from core.backup.folders import WrittenFolders, write_folders
from core.backup.portable import write_tables
from core.backup.space import SpaceEstimate, check_space
from core.catalog import CANCELLED, BackupRecord, Kind, Role
from core.config import Site, application_version
from core.context import Context
from core.errors import CancelledError, GreenroomError, UsageError, VerificationError
from core.progress import Reporter
from core.recovery import note_complete, refuse_half_restored, tidy
from core.stores import StoredState


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """What is wanted: the kind, of a portable backup perhaps only some tables, and the words of who asked.

    `scheduled_for` is the instant of the schedule that it is made for.
    """

    kind: Kind = "snapshot"
    tables: tuple[str, ...] = ()
    description: str = ""
    role: Role = "manual"
    safety_for: str | None = None
    scheduled_for: datetime | None = None

    def check(self) -> None:
        """Return, or raise UsageError where it makes no sense."""
        if not self.description.isprintable():
            raise UsageError(
                "a description is one line of printable text", hint="leave line breaks and control characters out"
            )
        if self.tables and self.kind != "portable":
            raise UsageError("a snapshot holds all tables", hint="a portable backup can hold some: --kind portable")
        if not all(self.tables):
            raise UsageError("a table has no empty name", hint="`--table NAME`, once for each table")


@dataclass(frozen=True, slots=True)
class BackupOutcome:
    """A finished backup.

    `skipped` names the special files that no archive can hold; `notices` what else is not in it or stands out;
    `writers_waited` are the seconds for which the application could not write, because its database has a rollback
    journal; `fingerprints` are those of the folders.
    """

    record: BackupRecord
    skipped: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    writers_waited: float = 0.0
    fingerprints: Mapping[Path, str] = field(default_factory=dict)


_PLAIN = BackupRequest()


def create_backup(context: Context, site: Site, reporter: Reporter, request: BackupRequest = _PLAIN) -> BackupOutcome:
    """Back the site up and return the completed backup, read back and verified.

    On any failure nothing half-made stays and the catalog's row says `failed` and why. Raise UsageError without a row
    where the request makes no sense, BusyError, CancelledError, GreenroomError.
    """
    context.require_writable("make a backup")
    request.check()
    with context.lock(site, "backup"):
        tidy(context, site)
        refuse_half_restored(context, site)
        return back_up_held(context, site, reporter, request)


def back_up_held(
    context: Context,
    site: Site,
    reporter: Reporter,
    request: BackupRequest,
    database: sqlite3.Connection | None = None,
) -> BackupOutcome:
    """As `create_backup`, with the site's lock held; `database` is a connection that holds it, for a safety backup."""
    now = context.clock()
    context.store.prepare(site.name)
    name = context.store.free_name(site.name, now, taken=context.catalog.names(site.name))
    record = context.catalog.begin_backup(
        name=name,
        site=site.name,
        kind=request.kind,
        scope="partial" if request.tables else "full",
        role=request.role,
        description=request.description,
        created_by=context.actor,
        created_at=now,
        scheduled_for=request.scheduled_for,
    )
    work = _Work(context, site, request, record, reporter)
    try:
        return work.run(database)
    except BaseException as error:
        if context.store.has_archive(site.name, name):
            raise  # whole and published; only its row is not said yet, which the next verb does
        with suppress(OSError):
            work.clean_up()
        if isinstance(error, UsageError):
            context.catalog.withdraw_backup(record.id)
            raise
        reason = CANCELLED if isinstance(error, CancelledError | KeyboardInterrupt) else str(error)
        context.catalog.fail_backup(record.id, reason)
        if isinstance(error, OSError):
            raise GreenroomError(
                f"the backup of {site.name} failed: {error}", hint="nothing half-made was kept; clear the cause"
            ) from error
        raise


@dataclass(frozen=True, slots=True)
class _Work:
    """One backup on its way; the properties are the files that a failure must not leave."""

    context: Context
    site: Site
    request: BackupRequest
    record: BackupRecord
    reporter: Reporter

    @property
    def partial(self) -> Path:
        return self.context.store.partial_path(self.site.name, self.record.name)

    @property
    def copy(self) -> Path:
        return self.context.store.database_partial_path(self.site.name, self.record.name)

    def run(self, held: sqlite3.Connection | None) -> BackupOutcome:
        space = check_space(self.context, self.site)
        with ArchiveWriter(self.partial, self.context.disk, self.reporter) as writer:
            database = self._write_database(writer, held, space)
            version = self._application_version()
            if self.request.kind == "portable" or self.site.sqlite_path is None:
                self.reporter.phase("writing the files", space.files)
            folders = write_folders(writer, self.site, self.reporter)
            manifest = self._manifest(version, database, folders)
            finished = writer.finish(manifest)
        self._read_back(finished.manifest_sha256)
        store = self.context.store
        state = StoredState(
            role=self.record.role,
            origin="made",
            verified_at=self.context.clock(),
            description=self.record.description,
            safety_for=self.request.safety_for,
            manifest_sha256=finished.manifest_sha256,
        )
        store.write_state(self.site.name, self.record.name, state)
        store.publish(self.site.name, self.record.name)
        record = note_complete(self.context, self.record, manifest, finished.manifest_sha256, state)
        return BackupOutcome(record, folders.skipped, database.notices, database.writers_waited, folders.fingerprints)

    def clean_up(self) -> None:
        self.context.store.discard_partial(self.site.name, self.record.name)
        self.context.store.remove_state(self.site.name, self.record.name)

    def _write_database(
        self, writer: ArchiveWriter, held: sqlite3.Connection | None, space: SpaceEstimate
    ) -> WrittenDatabase:
        if self.request.kind == "snapshot":
            return self._write_snapshot(writer, held, space)
        excluded = self.site.exclude_tables if self.request.safety_for is None else ()  # an undo needs all of them
        now = self.record.created_at
        return write_tables(writer, self.site, self.request.tables, excluded, now, self.reporter)

    def _write_snapshot(
        self, writer: ArchiveWriter, held: sqlite3.Connection | None, space: SpaceEstimate
    ) -> WrittenDatabase:
        disk, reporter, source = self.context.disk, self.reporter, self.site.sqlite_path
        if source is None:
            return write_dump(writer, self.site, self.record.created_at, reporter)
        return write_snapshot(writer, source, self.copy, held, disk, reporter, space.content)

    def _application_version(self) -> str | None:
        """An application that is broken may not tell its version; it is just then that a restore is wanted."""
        try:
            return application_version(self.site)
        except GreenroomError:
            if self.request.safety_for is None:
                raise
            return None

    def _manifest(self, version: str | None, database: WrittenDatabase, folders: WrittenFolders) -> Manifest:
        return Manifest(
            name=self.record.name,
            site=self.site.name,
            kind=self.record.kind,
            scope=self.record.scope,
            created_at=self.record.created_at,
            time_zone=str(self.site.time_zone),
            created_by=self.context.actor,
            description=self.record.description,
            greenroom_version=__version__,
            application_version=version,
            engine=database.engine,
            engine_version=database.engine_version,
            database=database.entry,
            tables=database.tables,
            excluded_tables=database.excluded,
            files=folders.entries,
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
