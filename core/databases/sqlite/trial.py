"""A restored SQLite file is tried: do its foreign keys hold, and does each table take one more row?

A table that refuses a row for another reason than a number that is taken says nothing: the row is a copy of one that
is there, and the table's own rules may forbid that.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from core.databases.quoting import double_quoted as quoted
from core.databases.schema import Schema, Table
from core.databases.scratch import Trial
from core.databases.sqlite.connection import cancellable, connect, errors
from core.databases.sqlite.reflect import read_schema
from core.progress import Reporter
from core.words import plural

_FAULTS_OF_THE_PLACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF
_LAST_NUMBER = 2**63 - 1


def try_file(path: Path, reporter: Reporter) -> Trial:
    """Try all tables of a file that nobody else has; nothing of it is kept. Raise GreenroomError where space ends."""
    with connect(path, "rw") as connection, errors("the restored database"):
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        schema = read_schema(connection)
        holding, notices = _foreign_keys(connection, schema, reporter)
        reporter.phase("inserting a row into each table", len(schema.tables), "steps")
        referred = {key.table.lower() for table in schema.tables for key in table.foreign_keys}
        problems, inserts = [], 0
        for table in schema.tables:
            if not connection.in_transaction:
                _begin(connection)
            if _has_no_numbers_left(connection, table):
                notices.append(f"{table.name} has no numbers left, in the source neither: {_LAST_NUMBER} is taken")
            else:
                refused = _try_table(connection, table, referred=table.name.lower() in referred)
                inserts += refused == ""
                problems += [refused] if refused else []
            reporter.advance()
        connection.rollback()
        return Trial(holding, inserts, tuple(problems), tuple(notices))


def _begin(connection: sqlite3.Connection) -> None:
    """Begin what is rolled back: without triggers, for they may call what only the application has."""
    connection.execute("BEGIN IMMEDIATE")
    for (name,) in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER main.{quoted(name)}")


def _has_no_numbers_left(connection: sqlite3.Connection, table: Table) -> bool:
    """Whether an AUTOINCREMENT is at its end: of a further row SQLite would say that the disk is full."""
    if not any(column.identity for column in table.columns) or "reuses numbers" in table.options:
        return False
    last = "SELECT 1 FROM main.sqlite_sequence WHERE name = ? AND typeof(seq) = 'integer' AND seq >= ?"
    return connection.execute(last, (table.name, _LAST_NUMBER)).fetchone() is not None


def _foreign_keys(connection: sqlite3.Connection, schema: Schema, reporter: Reporter) -> tuple[int, list[str]]:
    """SQLite checks them where it is told to only, so rows that break one did so in the source."""
    reporter.phase("checking foreign keys", len(schema.tables), "steps")
    holding, notices = 0, []
    for table in schema.tables:
        broken: Counter[str] = Counter()
        try:
            with cancellable(connection, reporter):
                for _, _, parent, _ in connection.execute(f"PRAGMA main.foreign_key_check({quoted(table.name)})"):
                    broken[parent] += 1
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # which says that it names columns that are no key there
                raise
            notices.append(f"the foreign keys of {table.name} mean nothing, in the source neither: {error}")
            continue
        holding += max(0, len(table.foreign_keys) - len(broken))
        for parent, rows in broken.items():
            notices.append(
                f"{plural(rows, 'row')} of {table.name} broke the foreign key to {parent} in the source already"
            )
        reporter.advance()
    return holding, notices


def _try_table(connection: sqlite3.Connection, table: Table, *, referred: bool) -> str | None:
    """Insert a row; return what speaks against the backup, nothing where it was taken, None where it says nothing."""
    counted = {column.name for column in table.columns if column.identity}
    kept = [column.name for column in table.columns if column.computed is None and column.name not in counted]
    if not kept or (referred and not counted):
        return None
    names = ", ".join(map(quoted, kept))
    place = f"main.{quoted(table.name)}"
    connection.execute("SAVEPOINT trial")
    try:
        key = ", ".join(map(quoted, table.primary_key)) or "rowid"
        first = f"FROM {place} ORDER BY {key} LIMIT 1"
        connection.execute(f"CREATE TEMP TABLE greenroom_drill AS SELECT {names} {first}")
        if not referred:  # so that the new row is not like any other
            connection.execute(f"DELETE FROM {place} WHERE ({key}) IN (SELECT {key} {first})")
        query = f"INSERT INTO {place} ({names}) SELECT {names} FROM temp.greenroom_drill"
        return "" if connection.execute(query).rowcount else None
    except sqlite3.Error as error:
        return _refusal(table, counted, error)
    finally:
        if connection.in_transaction:  # a conflict may have rolled all of it back, where the table says so
            connection.execute("ROLLBACK TO trial")
            connection.execute("RELEASE trial")


def _refusal(table: Table, counted: set[str], error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & _PRIMARY_CODE in _FAULTS_OF_THE_PLACE + _DAMAGE:
        raise error
    taken = code in (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID)
    return f"{table.name} refused a new row: {error}" if taken and counted else None
