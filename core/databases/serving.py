"""What a database server is asked besides rows: who is connected, how much there is, and whether it committed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, cast

from sqlalchemy import URL, Connection, inspect

from core.databases.connect import driver_for
from core.databases.facts import MARKER, DatabaseFacts, OtherConnection, checked_id
from core.databases.mysql import fresh
from core.progress import Reporter

_SECONDS = 30
_COMMITS_EACH_TABLE = ("mysql",)
_MAKE = {
    "postgresql": f"CREATE TABLE IF NOT EXISTS {MARKER} (id text)",
    "mysql": f"CREATE TABLE IF NOT EXISTS {MARKER} (id VARCHAR(100)) ENGINE = InnoDB",
}
# The lock waits until a session that is gone, but not yet for its server, was rolled back or has committed.
_ASK = {
    "postgresql": (f"SET LOCAL lock_timeout = '{_SECONDS}s'", f"LOCK TABLE {MARKER} IN ACCESS EXCLUSIVE MODE"),
    "mysql": (f"SET SESSION lock_wait_timeout = {_SECONDS}", f"LOCK TABLES {MARKER} WRITE"),
}
ANNOUNCE = f"INSERT INTO {MARKER} VALUES ('{{}}')"


class _Server(Protocol):
    """The module `server` of an engine."""

    def connect(self, url: str) -> AbstractContextManager[Connection]: ...

    def connections(self, url: str) -> list[OtherConnection]: ...

    def count_tables(self, url: str, reporter: Reporter) -> DatabaseFacts: ...


def other_connections(url: URL) -> list[OtherConnection]:
    """Return who else is connected to the database; raise GreenroomError where the server cannot be asked."""
    return _server(url).connections(_text(url))


def count_rows(url: URL, reporter: Reporter) -> dict[str, int]:
    """Return the rows of each table, all of one moment; raise GreenroomError."""
    return _server(url).count_tables(_text(url), reporter).tables


def prepare_restore(url: URL) -> None:
    """Make the small table, empty, in which a restore says that it was committed; raise GreenroomError."""
    with _server(url).connect(_text(url)) as connection:
        connection.exec_driver_sql(_MAKE[_engine(url)])
        connection.exec_driver_sql(f"DELETE FROM {MARKER}")
        connection.commit()


def announcement(restore_id: str) -> str:
    """Return the statement that says so, to be run in the transaction of the rows."""
    return ANNOUNCE.format(checked_id(restore_id))


def has_committed(url: URL, restore_id: str) -> bool:
    """Ask the database itself whether a restore was committed; raise GreenroomError where it cannot be asked."""
    with _server(url).connect(_text(url)) as connection:
        if not inspect(connection).has_table(MARKER):
            return False
        connection.rollback()
        for statement in _ASK[_engine(url)]:
            connection.exec_driver_sql(statement)
        found = connection.exec_driver_sql(f"SELECT id FROM {MARKER}").scalars().all()
        return restore_id in found


def forget_restore(url: URL) -> None:
    """Remove what tells of a restore that was committed; what is gone is fine. Raise GreenroomError."""
    with _server(url).connect(_text(url)) as connection:
        if _engine(url) in _COMMITS_EACH_TABLE:
            fresh.remove_note(connection)
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {MARKER}")
        connection.commit()


def take_back_restore(url: URL) -> None:
    """Remove what a restore that was not committed left; what is gone is fine. Raise GreenroomError."""
    with _server(url).connect(_text(url)) as connection:
        if _engine(url) in _COMMITS_EACH_TABLE:
            fresh.remove_noted(connection)
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {MARKER}")
        connection.commit()


def _engine(url: URL) -> str:
    return driver_for(url.drivername).engine


def _server(url: URL) -> _Server:
    return cast("_Server", import_module(f"core.databases.{_engine(url)}.server"))


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
