"""A connection to an SQLite file: its errors in words a person can act on, one moment to read, long work cancelled."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from core.errors import BusyError, CancelledError, GreenroomError
from core.progress import Reporter

_OPCODES_BETWEEN_CHECKS = 100_000
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRIMARY_CODE = 0xFF


class DatabaseMissingError(GreenroomError):
    """There is no database file where the configuration says."""


class DatabaseDamagedError(GreenroomError):
    """The database cannot be read as SQLite, or fails its integrity check."""


@contextmanager
def cancellable(connection: sqlite3.Connection, reporter: Reporter) -> Iterator[None]:
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
def connect(
    path: Path, mode: str, busy_seconds: float = 10, *, immutable: bool = False
) -> Iterator[sqlite3.Connection]:
    """Open a database in SQLite's mode `ro` or `rw`, in no transaction; `immutable` is for one that nobody writes."""
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
def errors(what: str) -> Iterator[None]:
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
        if code == sqlite3.SQLITE_READONLY:
            raise GreenroomError(
                f"{what} cannot be written: {error}",
                hint="greenroom's user must be one who may write to it, also to look at what a change would do",
            ) from error
        raise GreenroomError(f"SQLite refused: {error}", hint="see the message of SQLite") from error


@contextmanager
def reading(connection: sqlite3.Connection, reporter: Reporter, busy_seconds: float = 0) -> Iterator[None]:
    """One read transaction: BEGIN alone takes no lock, the first read does."""
    with errors("the database"):
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


def integrity_check(connection: sqlite3.Connection, reporter: Reporter, *, quick: bool) -> None:
    with errors("the database"), cancellable(connection, reporter):
        findings = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(5)").fetchall()
    if [row[0] for row in findings] != ["ok"]:
        found = "; ".join(str(row[0]) for row in findings)
        raise DatabaseDamagedError(
            f"the database fails its integrity check: {found}",
            hint="restore the last good backup; the damaged file is kept unchanged by a restore",
        )
