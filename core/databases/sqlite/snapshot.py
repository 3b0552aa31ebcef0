"""SQLite: a consistent copy beside a running writer, counts, checks, and the lock a restore needs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.databases.facts import DatabaseFacts
from core.databases.quoting import double_quoted
from core.databases.sqlite.connection import (
    DatabaseDamagedError,
    DatabaseMissingError,
    cancellable,
    connect,
    errors,
    integrity_check,
    reading,
)
from core.errors import GreenroomError
from core.progress import Reporter

ENGINE = "sqlite"
SIDE_FILES = ("-wal", "-shm", "-journal")

_PAGES_A_STEP = 2048
_SECONDS_A_TRY = 0.5


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
    with connect(source, "rw", _SECONDS_A_TRY) as connection:
        return _copy_and_check(connection, target, reporter, busy_seconds)


def check_database(path: Path, reporter: Reporter, *, quick: bool = False) -> DatabaseFacts:
    """Given a database file that nobody writes, run SQLite's integrity check and count its tables.

    Nothing is written beside the file. Raise DatabaseDamagedError with what SQLite found.
    """
    with connect(path, "ro", immutable=True) as connection:
        reporter.phase("checking the database", None, "steps")
        integrity_check(connection, reporter, quick=quick)
        return DatabaseFacts(sqlite3.sqlite_version, count_tables(connection, reporter))


def count_database(path: Path, reporter: Reporter) -> dict[str, int]:
    """Given a database file that nobody writes, return the rows of each table; raise DatabaseDamagedError."""
    with connect(path, "ro", immutable=True) as connection:
        return count_tables(connection, reporter)


def probe_database(path: Path, reporter: Reporter) -> None:
    """Look whether a live database can be read at all, without changing a byte of it or its side files' content.

    A database with a journal to roll back is for SQLite to recover first, and passes. Raise DatabaseMissingError,
    DatabaseDamagedError or BusyError.
    """
    journal = path.with_name(f"{path.name}-journal")
    if path.exists() and _size(journal):
        return
    with connect(path, "ro") as connection:
        integrity_check(connection, reporter, quick=True)


def live_counts(path: Path, reporter: Reporter) -> dict[str, int]:
    """Given a live database, return the rows of each table as one reader sees them now."""
    with connect(path, "rw") as connection, reading(connection, reporter):
        return count_tables(connection, reporter)


def count_tables(connection: sqlite3.Connection, reporter: Reporter) -> dict[str, int]:
    """Rows by table; virtual tables are left out, for their rows lie in the tables behind them."""
    with errors("the database"):
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        reporter.phase("counting rows", len(names), "steps")
        counts = {}
        for (name,) in names:
            query = f"SELECT count(*) FROM {double_quoted(str(name))}"
            with cancellable(connection, reporter):
                counts[str(name)] = int(connection.execute(query).fetchone()[0])
            reporter.advance()
        return counts


@contextmanager
def hold_exclusively(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold a healthy database so that no other process reads or writes it, for the block.

    The connection holds SQLite's exclusive lock between its transactions too, so it can be copied meanwhile.
    Leaving the block ends the lock. Raise BusyError where somebody has it, DatabaseDamagedError.
    """
    with connect(path, "rw", busy_seconds=2) as connection:
        with errors(str(path)):
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
        integrity_check(connection, reporter, quick=False)
        raise GreenroomError(
            f"the database is sound, but its copy at {target} failed: {error.__cause__ or error.message}",
            hint="look at the disk of the storage folder (dmesg), and at who may write there",
        ) from error


def _copy_in_transaction(
    connection: sqlite3.Connection, target: Path, reporter: Reporter, busy_seconds: float
) -> float:
    """Copy; return for how many seconds writers had to wait: none in WAL mode."""
    reporter.phase("waiting for the database", None, "steps")
    with errors("the database"), reading(connection, reporter, busy_seconds):
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
