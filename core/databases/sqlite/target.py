"""Rows into an SQLite database: one transaction, foreign keys checked at its end, triggers away meanwhile."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import quote

import msgspec
from sqlalchemy import URL

from core.databases.compare import compare_columns
from core.databases.decode import Row, RowError
from core.databases.quoting import double_quoted as quoted
from core.databases.schema import Schema, Table
from core.databases.sqlite.reflect import read_schema
from core.databases.sqlite.snapshot import ENGINE
from core.databases.sqlite.stored import stored_conversion
from core.databases.sums import TableSum, sum_rows
from core.databases.target import (
    ForeignKeyPlace,
    LoadResult,
    ParentMissingError,
    TargetError,
    Way,
    expect_none,
    find_way,
    missing_keys,
    occupants_of,
    pairs_of,
    table_of,
)
from core.errors import BusyError

_CACHE_KIB = 16 << 10
_COLUMN_OF = re.compile(r"NOT NULL constraint failed: .*\.(.*)|cannot store \w+ value in \w+ column .*\.(.*)")
_pack = msgspec.msgpack.Encoder().encode


@contextmanager
def open_target(url: URL) -> Iterator[SqliteTarget]:
    """Open the file, which must exist, and begin to write; raise BusyError where another process writes."""
    path = url.database or ""
    address = f"file:{quote(path)}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute("BEGIN IMMEDIATE")
            yield SqliteTarget(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BusyError(f"{path} cannot be written: {error}", hint="stop what writes to it") from error
        raise TargetError(f"{path}: {error}", hint="nothing was changed") from error
    except sqlite3.DatabaseError as error:
        raise TargetError(f"{path}: {error}", hint="nothing was changed") from error


class SqliteTarget:
    """The connection is without foreign keys, so that no row of another table goes or changes with one of ours."""

    engine = ENGINE
    mariadb = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._triggers: list[str] = []
        self._touched: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        self.schema: Schema = read_schema(self._connection)

    def occupants(self) -> list[str]:
        return occupants_of(self.schema)

    def begin_new(self, names: Sequence[str]) -> None:
        """Tables that are made and not committed are gone by themselves."""

    def execute(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            raise TargetError(f"SQLite refuses a statement: {error}", hint=statement) from error

    def problems(self, tables: Iterable[str], *, merge: bool) -> list[str]:
        return [
            f"table {name} has no primary key, so its rows cannot be merged"
            for name in tables
            if merge and not table_of(self.schema, name).primary_key
        ]

    def clear(self, tables: Sequence[str]) -> None:
        self._begin_changes(tables)
        for name in tables:
            self._connection.execute(f"DELETE FROM main.{quoted(table_of(self.schema, name).name)}")

    def load(self, source: Table, lines: Iterable[bytes], *, merge: bool) -> LoadResult:
        table = table_of(self.schema, source.name)
        expect_none(self.problems([source.name], merge=merge) + compare_columns(source, table, ENGINE)[0])
        self._begin_changes([table.name])
        way = _way(source, table)
        if not merge:
            return LoadResult(way.columns, self._insert(f"main.{quoted(table.name)}", way, lines))
        expect_none(missing_keys(table, way))
        keys = self._stage(table, way)
        total = self._insert(f"temp.{quoted(keys)}", way, lines)
        self._merge(table, way, keys)
        return LoadResult(way.columns, total, keys)

    def finish(self, *, unchecked: Collection[ForeignKeyPlace] = ()) -> None:
        """AUTOINCREMENT goes on by itself."""
        for sql in self._triggers:
            self._connection.execute(sql)
        self._triggers = []
        for table, rowid, parent, number in self._connection.execute("PRAGMA main.foreign_key_check"):
            columns = self._connection.execute(
                'SELECT "from" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq', (table, number)
            )
            place = (table, tuple(name for (name,) in columns))
            if {table.lower(), parent.lower()} & self._touched and place not in unchecked:
                raise ParentMissingError(
                    f"table {table}: {', '.join(place[1])} of the row {rowid} names a row that {parent} does not have",
                    place,
                )

        self._touched = set()

    def checksum(self, table: Table, columns: Sequence[str], keys: str | None = None) -> TableSum:
        wanted = ", ".join(f"t.{quoted(name)}" for name in columns) or "NULL"
        query = f"SELECT {wanted} FROM main.{quoted(table.name)} t"
        if keys is not None:
            same = " AND ".join(f"t.{quoted(name)} IS s.{quoted(name)}" for name in table.primary_key)
            query += f" JOIN temp.{quoted(keys)} s ON {same}"
        rows = self._connection.execute(query)
        return sum_rows(map(_pack, rows) if columns else (_pack(()) for _ in rows))

    def commit(self) -> None:
        if self._touched:
            self.finish()
        self._connection.execute("COMMIT")

    def _begin_changes(self, tables: Iterable[str]) -> None:
        """Put triggers away, for they would change what is loaded; `finish` makes them again as they were."""
        self._touched.update(name.lower() for name in tables)
        query = "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'"
        for name, sql in self._connection.execute(query).fetchall():
            self._triggers.append(sql)
            self._connection.execute(f"DROP TRIGGER main.{quoted(name)}")

    def _insert(self, place: str, way: Way, lines: Iterable[bytes]) -> TableSum:
        total = TableSum()
        for rows in way.rows(lines):
            self._insert_rows(place, way, rows, total.rows)
            total += sum_rows(map(_pack, rows))
        return total

    def _insert_rows(self, place: str, way: Way, rows: Sequence[Row], before: int) -> None:
        sent = before

        def counted() -> Iterator[Row]:
            nonlocal sent
            for sent, row in enumerate(rows, before + 1):  # noqa: B007 - looked at when SQLite refuses one
                yield row

        names = ", ".join(map(quoted, way.columns))
        values = ", ".join("?" * len(way.columns))
        statement = f"INSERT INTO {place} ({names}) VALUES ({values})"
        if not way.columns:
            statement = f"INSERT INTO {place} DEFAULT VALUES"
        try:
            self._connection.executemany(statement, counted())
        except (sqlite3.Error, UnicodeEncodeError) as error:
            found = _COLUMN_OF.match(str(error))
            raise RowError(way.table, sent, found and (found[1] or found[2]), str(error)) from error

    def _stage(self, table: Table, way: Way) -> str:
        """Make a temporary table that stores values as the table does, with its primary key."""
        name = f"staged {table.name}"
        wanted = ", ".join(map(quoted, way.columns))
        key = ", ".join(map(quoted, table.primary_key))
        self._connection.execute(
            f"CREATE TEMP TABLE {quoted(name)} AS SELECT {wanted} FROM main.{quoted(table.name)} WHERE FALSE"
        )
        self._connection.execute(f"CREATE UNIQUE INDEX temp.{quoted(f'key of {name}')} ON {quoted(name)} ({key})")
        return name

    def _merge(self, table: Table, way: Way, keys: str) -> None:
        names = ", ".join(map(quoted, way.columns))
        key = ", ".join(map(quoted, table.primary_key))
        others = [name for name in way.columns if name not in table.primary_key]
        change = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in others)
        action = f"UPDATE SET {change}" if others else "NOTHING"
        try:
            self._connection.execute(
                f"INSERT INTO main.{quoted(table.name)} ({names}) SELECT {names} FROM temp.{quoted(keys)}"
                f" WHERE TRUE ON CONFLICT ({key}) DO {action}"
            )
        except sqlite3.Error as error:
            raise RowError(table.name, None, None, f"the rows do not fit beside those there: {error}") from error


def _way(source: Table, table: Table) -> Way:
    found = {one.name: stored_conversion(one.type, other.type) for one, other in pairs_of(source, table)}
    return find_way(source, table, {name: one for name, one in found.items() if one is not None})
