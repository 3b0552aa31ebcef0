"""The course of a drill: every hash, every file unpacked and read back, the database restored, counted and tried.

What speaks against the backup is a VerificationError; any other GreenroomError, and an OSError, says that the scratch
place lacks something, which is no news of the backup.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.archive import Archive, Entry, Manifest
from core.catalog import BackupRecord
from core.config import Site
from core.context import Context
from core.databases import scratch
from core.databases.connect import driver_for
from core.databases.decode import RowError
from core.databases.facts import expect_counts
from core.databases.schema import Schema
from core.databases.scratch import Trial
from core.databases.sqlite import ENGINE, DatabaseDamagedError, check_database
from core.databases.sqlite.trial import try_file
from core.databases.target import ParentMissingError, open_target
from core.drill.outcome import Compared
from core.drill.scratch import scratch_place
from core.errors import CancelledError, GreenroomError, VerificationError
from core.progress import Reporter
from core.restore.loading import NotAsSentError, fill_new, plan_tables
from core.restore.marker import DATABASE, Target
from core.restore.tables import open_tables
from core.restore.unpack import held_names, is_portable, unpack
from core.secrets import file_url
from core.words import plural

_IN_A_FILE = "an SQLite file"
_BESIDE = "a database beside the site's"
_ROWS_GROW_TO = 2  # rows as JSON against a file with indexes
_ANY_TOKEN = "0" * 12
_SPARE = 10  # the tenth part more than is needed
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
_OF_THE_PLACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN)
_PRIMARY_CODE = 0xFF


@dataclass
class Course:
    """One drill on its way; `compared` and `notices` are what is known so far, however it ends."""

    context: Context
    site: Site
    backup: BackupRecord
    archive: Archive
    reporter: Reporter
    compared: Compared = field(default_factory=Compared)
    notices: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Go through all of it; raise VerificationError, GreenroomError, OSError or CancelledError."""
        self._verify()
        obstacle = self._obstacle()
        if obstacle:
            raise GreenroomError(obstacle)
        with (
            faults_of_the_place(),
            scratch_place(self.context, self.site, self._needed(), on_server=self._is_dump) as (folder, database),
        ):
            restored = self._unpack(folder)
            if database is not None:
                self._restore_dump(database)
            elif is_portable(self.archive):
                self._restore_rows(folder / DATABASE)
            else:
                self._found(_IN_A_FILE, restored or {}, try_file(_database(folder).staged, self.reporter))

    @property
    def _manifest(self) -> Manifest | None:
        return self.archive.manifest

    @property
    def _is_dump(self) -> bool:
        return self._manifest is not None and self._manifest.database.member in {"database.dump", "database.sql"}

    def _verify(self) -> None:
        try:
            verified = self.archive.verify(self.reporter)
        except (CancelledError, VerificationError):
            raise
        except GreenroomError as error:
            raise VerificationError(error.message, hint=error.hint) from error
        hashed = verified.files if verified.hashed else 0
        self.compared = replace(self.compared, hashed=hashed, archive_bytes=verified.bytes)
        if not verified.hashed:
            self.notices.append("a foreign archive carries no hashes: it could be read, not compared")

    def _obstacle(self) -> str | None:
        """Return why there is no scratch place for such a backup."""
        if self.archive.holds_models:
            return "records of a Django project go only into a site that has its tables"
        if not self._is_dump or self._manifest is None:
            return None
        if not self.backup.trusted:
            return "its dump was not made here, and is SQL that would run with all rights of the site's user"
        url = self.site.database_url()
        engine = driver_for(url.drivername).engine
        if engine != self._manifest.engine:
            return f"it is a snapshot of {self._manifest.engine}, and the site's database is on {engine}"
        first = next(self.archive.read(self._dump(self._manifest)), b"")
        return "; ".join(scratch.find_problems(url, scratch.scratch_name(url, _ANY_TOKEN), first, self.site.tools))

    def _needed(self) -> int:
        if self._manifest is None:
            needed = self.archive.total_bytes
        else:
            needed = sum(folder.bytes for folder in self._manifest.files)
            if not self._is_dump:
                database = sum(size for size, _ in self._manifest.members.values())
                needed += database * (_ROWS_GROW_TO if is_portable(self.archive) else 1)
        return needed + needed // _SPARE

    def _unpack(self, folder: Path) -> dict[str, int] | None:
        """Unpack files, and a database that is a file; each is read back. Return the rows of that database."""
        names = held_names(self.archive)
        if self._is_dump or is_portable(self.archive):
            names -= {DATABASE}
        targets = tuple(_target(folder, number, name) for number, name in enumerate(sorted(names)))
        if not targets:
            return None
        expected = unpack(self.archive, targets, self.context.disk, self.reporter, trusted=False)
        kept = {name: one for name, one in expected.items() if name != DATABASE}
        files = sum(one.files for one in kept.values())
        for folder_said in self._manifest.files if self._manifest is not None else ():
            name, said = folder_said.prefix.rstrip("/"), folder_said.files + folder_said.links
            if kept[name].files != said:
                raise VerificationError(f"{name} holds {kept[name].files:,} files, and the manifest says {said:,}")
            files -= folder_said.links  # which the digest of a folder counts, and a person does not
        self.compared = replace(self.compared, files=files, file_bytes=sum(one.size_bytes for one in kept.values()))
        return expected[DATABASE].tables if DATABASE in expected else None

    def _restore_dump(self, database: str) -> None:
        manifest, url, tools = self._manifest, self.site.database_url(), self.site.tools
        if manifest is None:
            return
        rows = {table.name: table.rows for table in manifest.tables}
        scratch.load(url, database, self.archive.read(self._dump(manifest)), rows, self.reporter, tools)
        self._found(_BESIDE, rows, scratch.try_out(url, database, self.reporter))

    def _restore_rows(self, path: Path) -> None:
        found = open_tables(self.archive)
        path.touch(mode=0o600)
        with faults_of_rows(found.schema), open_target(file_url(path)) as target:
            rows = fill_new(found, target, plan_tables(found.schema, target), self.reporter)
            target.commit()
        expect_counts(rows, check_database(path, self.reporter).tables)
        self.compared = replace(self.compared, checksums=len(rows))
        self.notices += [
            f"{plural(key.broken, 'row')} of {table.name} broke the foreign key to {key.table} in the source already"
            for table in found.schema.tables
            for key in table.foreign_keys
            if key.broken
        ]
        self._found(_IN_A_FILE, rows, try_file(path, self.reporter))

    def _dump(self, manifest: Manifest) -> Entry:
        return next(one for one in self.archive.entries if one.name == manifest.database.member)

    def _found(self, place: str, rows: dict[str, int], trial: Trial) -> None:
        self.compared = replace(
            self.compared,
            place=place,
            tables=len(rows),
            records=sum(rows.values()),
            foreign_keys=trial.foreign_keys,
            inserts=trial.inserts,
        )
        self.notices += trial.notices
        if trial.problems:
            raise VerificationError("; ".join(trial.problems))


def _target(folder: Path, number: int, name: str) -> Target:
    """What it replaces is not there: modes and owners are those of the archive, as far as this user may set them."""
    if name == DATABASE:
        return _database(folder)
    key = name.removeprefix("files").removeprefix("/")
    return Target(kind="folder", key=key, live=folder / "files", work=folder / str(number), by="rename")


def _database(folder: Path) -> Target:
    return Target(kind="database", key="", live=folder / DATABASE, work=folder / "database", by="rename")


@contextmanager
def faults_of_the_place() -> Iterator[None]:
    """Tell a database that is damaged from a disk on which it could not be read."""
    try:
        yield
    except (VerificationError, DatabaseDamagedError, RowError) as error:
        if _is_of_the_place(error):
            raise GreenroomError(error.message, hint=error.hint) from error
        raise VerificationError(error.message, hint=error.hint) from error


@contextmanager
def faults_of_rows(schema: Schema) -> Iterator[None]:
    """Tell rows that are wrong from rows that are right where they come from, and that SQLite cannot hold."""
    at_home = schema.engine == ENGINE
    try:
        yield
    except RowError as error:
        refused = isinstance(error.__cause__, (sqlite3.Error, ValueError))
        if refused and not at_home and not isinstance(error.__cause__, UnicodeDecodeError):
            raise GreenroomError(f"SQLite, in which it was tried, does not take a row: {error.message}") from error
        raise
    except ParentMissingError as error:
        table, columns = error.place
        kinds = {schema.table(table).column(name).type.kind for name in columns}
        if "text" in kinds and not at_home:
            raise GreenroomError(f"SQLite, which compares texts letter by letter, says: {error.message}") from error
        raise VerificationError(error.message, hint=error.hint) from error
    except NotAsSentError as error:
        raise VerificationError(error.message, hint=error.hint) from error


def _is_of_the_place(error: BaseException) -> bool:
    """Whether somewhere below the error there is one of a disk or of memory."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _OF_THE_DISK:
            return True
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE in _OF_THE_PLACE:
            return True
        cause = cause.__cause__
    return False
