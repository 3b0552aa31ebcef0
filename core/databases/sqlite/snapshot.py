"""SQLite: a consistent copy beside a running writer, counts, checks, and the lock a restore needs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from core.errors import BusyError, CancelledError, GreenroomError
from core.progress import Reporter

ENGINE = "sqlite"
SIDE_FILES = ("-wal", "-shm", "-journal")

_PAGES_A_STEP = 2048
_SECONDS_A_TRY = 0.5
_OPCODES_BETWEEN_CHECKS = 100_000
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRIMARY_CODE = 0xFF


class DatabaseMissingError(GreenroomError):
    """There is no database file where the configuration says."""


class DatabaseDamagedError(GreenroomError):
    """The database cannot be read as SQLite, or fails its integrity check."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What a copy of a database holds: the engine's version, and rows by table."""

    engine_version: str
    tables: dict[str, int]


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A checked copy; `writers_waited` are the seconds for which nobody could write to the source."""

    facts: DatabaseFacts
    writers_waited: float


def database_files(path: Path) -> list[Path]:
    """Given a database, return it and the side files that exist with it."""
    return [file for file in (path, *(path.with_name(path.name + side) for side in SIDE_FILES)) if file.exists()]


def database_bytes(path: Path) -> int:
    """The space that a copy needs at most: the file with what still waits in its side files."""
    return sum(map(_size, database_files(path)))


def _size(path: Path) -> int:
    """A writer's journal comes and goes."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def copy_database(
    source: Path | sqlite3.Connection, target: Path, reporter: Reporter, *, busy_seconds: float = 60
) -> DatabaseCopy:
    """Copy a live database into the new file `target`, in one read transaction, check the copy, count it.

    The read transaction is what makes the copy end: a stepped online backup starts again whenever another
    process writes. In WAL mode no writer waits for it; with a rollback journal writers wait. A database that
    is locked is waited for, `busy_seconds` at most.
    Raise DatabaseMissingError, DatabaseDamagedError, BusyError or CancelledError.
    """
    if isinstance(source, sqlite3.Connection):
        return _copy_and_check(source, target, reporter)
    with _connect(source, "rw", _SECONDS_A_TRY) as connection:
        return _copy_and_check(connection, target, reporter, busy_seconds)


def check_database(path: Path, reporter: Reporter, *, quick: bool = False) -> DatabaseFacts:
    """Given a database file that nobody writes, run SQLite's integrity check and count its tables.

    Nothing is written beside the file. Raise DatabaseDamagedError with what SQLite found.
    """
    with _connect(path, "ro", immutable=True) as connection:
        reporter.phase("checking the database", None, "steps")
        _integrity_check(connection, reporter, quick=quick)
        return DatabaseFacts(sqlite3.sqlite_version, count_tables(connection, reporter))


def count_database(path: Path, reporter: Reporter) -> dict[str, int]:
    """Given a database file that nobody writes, return the rows of each table; raise DatabaseDamagedError."""
    with _connect(path, "ro", immutable=True) as connection:
        return count_tables(connection, reporter)


def probe_database(path: Path, reporter: Reporter) -> None:
    """Look whether a live database can be read at all, without changing a byte of it or its side files' content.

    A database with a journal to roll back is for SQLite to recover first, and passes. Raise DatabaseMissingError,
    DatabaseDamagedError or BusyError.
    """
    journal = path.with_name(f"{path.name}-journal")
    if path.exists() and _size(journal):
        return
    with _connect(path, "ro") as connection:
        _integrity_check(connection, reporter, quick=True)


def live_counts(path: Path, reporter: Reporter) -> dict[str, int]:
    """Given a live database, return the rows of each table as one reader sees them now."""
    with _connect(path, "rw") as connection, _reading(connection, reporter):
        return count_tables(connection, reporter)


def count_tables(connection: sqlite3.Connection, reporter: Reporter) -> dict[str, int]:
    """Rows by table; virtual tables are left out, for their rows lie in the tables behind them."""
    with _errors("the database"):
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        reporter.phase("counting rows", len(names), "steps")
        counts = {}
        for (name,) in names:
            quoted = str(name).replace('"', '""')
            query = f'SELECT count(*) FROM "{quoted}"'  # noqa: S608 - a table's name can be no parameter; it is quoted
            with _cancellable(connection, reporter):
                counts[str(name)] = int(connection.execute(query).fetchone()[0])
            reporter.advance()
        return counts


@contextmanager
def hold_exclusively(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold a healthy database so that no other process reads or writes it, for the block.

    The connection holds SQLite's exclusive lock between its transactions too, so it can be copied meanwhile.
    Leaving the block ends the lock. Raise BusyError where somebody has it, DatabaseDamagedError.
    """
    with _connect(path, "rw", busy_seconds=2) as connection:
        with _errors(str(path)):
            # Asked before the first read, so that a WAL database is opened without shared memory:
            # this fails while any other process has it open.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        yield connection


def _copy_and_check(
    connection: sqlite3.Connection, target: Path, reporter: Reporter, busy_seconds: float = 0
) -> DatabaseCopy:
    """SQLite does not say which side failed: the source is called damaged only where it fails its own check."""
    try:
        waited = _copy_in_transaction(connection, target, reporter, busy_seconds)
        return DatabaseCopy(check_database(target, reporter), waited)
    except (DatabaseDamagedError, DatabaseMissingError) as error:
        _integrity_check(connection, reporter, quick=False)
        raise GreenroomError(
            f"the database is sound, but its copy at {target} failed: {error.__cause__ or error.message}",
            hint="look at the disk of the storage folder (dmesg), and at who may write there",
        ) from error


def _copy_in_transaction(
    connection: sqlite3.Connection, target: Path, reporter: Reporter, busy_seconds: float
) -> float:
    """Copy; return for how many seconds writers had to wait: none in WAL mode."""
    reporter.phase("waiting for the database", None, "steps")
    with _errors("the database"), _reading(connection, reporter, busy_seconds):
        started = time.monotonic()
        in_wal_mode = connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
        pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
        reporter.phase("copying the database", pages * page_bytes, "bytes")
        done = 0

        def step(_status: int, remaining: int, total: int) -> None:
            nonlocal done
            reporter.advance((total - remaining - done) * page_bytes)
            done = total - remaining

        copy = sqlite3.connect(target)
        try:
            copy.execute("PRAGMA synchronous = OFF")  # the copy is read back and made durable with the archive
            connection.backup(copy, pages=_PAGES_A_STEP, progress=step)
        finally:
            copy.close()
    return 0.0 if in_wal_mode else time.monotonic() - started


@contextmanager
def _reading(connection: sqlite3.Connection, reporter: Reporter, busy_seconds: float = 0) -> Iterator[None]:
    """One read transaction: BEGIN alone takes no lock, the first read does."""
    with _errors("the database"):
        connection.execute("BEGIN")
        try:
            _read_first(connection, reporter, time.monotonic() + busy_seconds)
            yield
        finally:
            connection.execute("ROLLBACK")


def _read_first(connection: sqlite3.Connection, reporter: Reporter, deadline: float) -> None:
    """Try in short turns until the deadline, for SQLite's own waiting cannot be cancelled."""
    while True:
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & _PRIMARY_CODE) not in _BUSY or time.monotonic() >= deadline:
                raise
            reporter.check()


def _integrity_check(connection: sqlite3.Connection, reporter: Reporter, *, quick: bool) -> None:
    with _errors("the database"), _cancellable(connection, reporter):
        findings = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(5)").fetchall()
    if [row[0] for row in findings] != ["ok"]:
        found = "; ".join(str(row[0]) for row in findings)
        raise DatabaseDamagedError(
            f"the database fails its integrity check: {found}",
            hint="restore the last good backup; the damaged file is kept unchanged by a restore",
        )


@contextmanager
def _cancellable(connection: sqlite3.Connection, reporter: Reporter) -> Iterator[None]:
    """Let a long statement be interrupted; SQLite calls back every so many of its steps."""

    def asked_to_stop() -> int:
        try:
            reporter.check()
        except CancelledError:
            return 1
        return 0

    connection.set_progress_handler(asked_to_stop, _OPCODES_BETWEEN_CHECKS)
    try:
        yield
    except sqlite3.OperationalError:
        reporter.check()
        raise
    finally:
        connection.set_progress_handler(None, 0)


@contextmanager
def _connect(
    path: Path, mode: str, busy_seconds: float = 10, *, immutable: bool = False
) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        raise DatabaseMissingError(
            f"there is no database at {path}",
            hint="look at `database` of the site in greenroom.toml; a restore can bring it back",
        )
    flags = f"mode={mode}" + ("&immutable=1" if immutable else "")
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?{flags}", uri=True, timeout=busy_seconds, isolation_level=None
        )
    except sqlite3.OperationalError as error:
        raise DatabaseDamagedError(
            f"cannot open {path}: {error}", hint="check that it is a file and who may read it"
        ) from error
    try:
        yield connection
    finally:
        with suppress(sqlite3.Error):
            connection.close()


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """Turn what SQLite raises into what a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _BUSY:
            raise BusyError(
                f"{what} is in use: {error}", hint="stop the application that has it open, then try again"
            ) from error
        if code == sqlite3.SQLITE_FULL:
            raise GreenroomError(
                "no space left while copying the database", hint="free some space in the storage folder"
            ) from error
        if code in _DAMAGE:
            raise DatabaseDamagedError(
                f"{what} cannot be read: {error}",
                hint="restore the last good backup; the damaged file is kept unchanged by a restore",
            ) from error
        raise GreenroomError(f"SQLite refused: {error}", hint="see the message of SQLite") from error
