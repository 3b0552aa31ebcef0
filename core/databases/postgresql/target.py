"""Rows into a PostgreSQL database by COPY, in one transaction; foreign keys and triggers are away until its end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

import sqlalchemy.exc
from sqlalchemy import URL, Connection, text

from core.databases.compare import compare_columns
from core.databases.connect import open_server, run_as_it_is
from core.databases.decode import RowError
from core.databases.postgresql import ENGINE
from core.databases.postgresql.copytext import copied_conversion, read_conversion
from core.databases.postgresql.reflect import read_schema
from core.databases.postgresql.without import Removed, take_away
from core.databases.quoting import double_quoted as quoted
from core.databases.schema import Column, Schema, Table
from core.databases.sums import TableSum, sum_rows
from core.databases.target import (
    ForeignKeyPlace,
    LoadResult,
    TargetError,
    Way,
    expect_none,
    find_way,
    missing_keys,
    occupants_of,
    one_transaction,
    pairs_of,
    table_of,
)
from core.databases.textrows import NOTHING, write_rows

_SETTINGS = (
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL jit = off",
)
_NOTHING = NOTHING.encode()
_PLACE = re.compile(r"COPY .*?, line (\d+)(?:, column ([^:]*))?", re.DOTALL)
_NOT_OURS = text("""
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
        AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')
""")
_INHERITED = text("""
    SELECT DISTINCT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relkind = 'r' AND p.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY 1
""")
# What a column counts with, owned by it or only named in its default, and whether it counts up.
_COUNTERS = text("""
    SELECT a.attname, s.oid::regclass::text, q.seqincrement
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        JOIN pg_depend d ON (d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid)
            OR (d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)
        JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (d.objid, d.refobjid)
        JOIN pg_sequence q ON q.seqrelid = s.oid
    WHERE c.relname = :name AND c.relnamespace = quote_ident(current_schema())::regnamespace
    GROUP BY 1, 2, 3 ORDER BY 1, 2
""")


@contextmanager
def open_target(url: URL) -> Iterator[PostgresqlTarget]:
    """Connect, and begin."""
    engine = open_server(url)
    with one_transaction(engine, _driver_error()) as connection:
        for setting in _SETTINGS:
            connection.execute(text(setting))
        yield PostgresqlTarget(connection)


class PostgresqlTarget:
    """Foreign keys are put back at the end, which checks all rows at once, and lets no cascade reach other tables."""

    engine = ENGINE
    mariadb = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._removed: dict[str, Removed] = {}
        self._loaded: set[str] = set()
        self._staged = 0
        self.refresh()

    def refresh(self) -> None:
        self.schema: Schema = read_schema(self._connection)

    def occupants(self) -> list[str]:
        return occupants_of(self.schema)

    def begin_new(self, names: Sequence[str]) -> None:
        """Tables that are made and not committed are gone by themselves."""

    def execute(self, statement: str) -> None:
        with _refusals("PostgreSQL refuses a statement"):
            run_as_it_is(self._connection, statement)

    def problems(self, tables: Iterable[str], *, merge: bool) -> list[str]:
        wanted = list(tables)
        found = [
            f"table {name} has no primary key, so its rows cannot be merged"
            for name in wanted
            if merge and not table_of(self.schema, name).primary_key
        ]
        touched = set(wanted) | {
            one.name for one in self.schema.tables for key in one.foreign_keys if key.table in wanted
        }
        touched |= {key.table for name in wanted for key in table_of(self.schema, name).foreign_keys}
        not_ours = sorted(touched & set(self._connection.execute(_NOT_OURS).scalars()))
        found += [f"table {name} belongs to a role whose rights ours lacks" for name in not_ours]
        return found + [
            f"other tables inherit from {name}, and their rows would go with its own: a snapshot restores them"
            for name in self._connection.execute(_INHERITED).scalars()
            if name in wanted
        ]

    def clear(self, tables: Sequence[str]) -> None:
        if not tables:
            return
        expect_none(self.problems(tables, merge=False))
        self._prepare(tables)
        with _refusals("the tables cannot be cleared"):
            run_as_it_is(self._connection, f"TRUNCATE {', '.join(map(quoted, tables))}")

    def load(self, source: Table, lines: Iterable[bytes], *, merge: bool) -> LoadResult:
        table = table_of(self.schema, source.name)
        expect_none(self.problems([table.name], merge=merge) + compare_columns(source, table, ENGINE)[0])
        self._prepare([table.name])
        self._loaded.add(table.name)
        way = _way(source, table)
        if not merge:
            return LoadResult(way.columns, self._copy(quoted(table.name), way, lines))
        expect_none(missing_keys(table, way))
        keys = self._stage(table, way)
        total = self._copy(f"pg_temp.{keys}", way, lines)
        self._merge(table, way, keys)
        return LoadResult(way.columns, total, keys)

    def finish(self, *, unchecked: Collection[ForeignKeyPlace] = ()) -> None:
        with _refusals("the rows do not agree with each other"):
            self._connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            for removed in self._removed.values():
                removed.put_back(self._connection, unchecked)
        self._removed = {}
        for name in sorted(self._loaded):
            self._count_on(name)
        self._loaded = set()

    def checksum(self, table: Table, columns: Sequence[str], keys: str | None = None) -> TableSum:
        wanted = ", ".join(_expression(table.column(name)) for name in columns)
        query = f"SELECT {wanted} FROM {quoted(table.name)} t"
        if keys is not None:
            same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in table.primary_key)
            query += f" JOIN pg_temp.{keys} s ON {same}"
        with self._cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            return sum_rows(_as_sent([table.column(name) for name in columns], copy))

    def commit(self) -> None:
        if self._removed:
            self.finish()
        self._connection.commit()

    def _cursor(self) -> Any:
        driver: Any = self._connection.connection.driver_connection
        return driver.cursor()

    def _prepare(self, tables: Sequence[str]) -> None:
        """Keep others from writing to the tables, and take away what would act on our rows."""
        for name in tables:
            if name not in self._removed:
                run_as_it_is(self._connection, f"LOCK TABLE {quoted(name)} IN SHARE ROW EXCLUSIVE MODE")
                self._removed[name] = take_away(self._connection, name)

    def _copy(self, place: str, way: Way, lines: Iterable[bytes]) -> TableSum:
        total = TableSum()
        names = ", ".join(map(quoted, way.columns))
        try:
            with self._cursor() as cursor, cursor.copy(f"COPY {place} ({names}) FROM STDIN") as copy:
                for rows in way.rows(lines):
                    total += write_rows(rows, copy.write)
        except _driver_error() as error:
            raise _of_a_row(way.table, error) from error
        return total

    def _stage(self, table: Table, way: Way) -> str:
        """Make a temporary table with the same types and primary key."""
        self._staged += 1
        keys = f"greenroom_staged_{self._staged}"
        wanted = ", ".join(map(quoted, way.columns))
        key = ", ".join(map(quoted, table.primary_key))
        run_as_it_is(
            self._connection,
            f"CREATE TEMPORARY TABLE {keys} ON COMMIT DROP AS SELECT {wanted} FROM {quoted(table.name)} WITH NO DATA",
        )
        run_as_it_is(self._connection, f"ALTER TABLE pg_temp.{keys} ADD PRIMARY KEY ({key})")
        return keys

    def _merge(self, table: Table, way: Way, keys: str) -> None:
        names = ", ".join(map(quoted, way.columns))
        key = ", ".join(map(quoted, table.primary_key))
        others = [name for name in way.columns if name not in table.primary_key]
        change = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in others)
        action = f"UPDATE SET {change}" if others else "NOTHING"
        try:
            self._cursor().execute(
                f"INSERT INTO {quoted(table.name)} ({names}) OVERRIDING SYSTEM VALUE"
                f" SELECT {names} FROM pg_temp.{keys} ON CONFLICT ({key}) DO {action}"
            )
        except _driver_error() as error:
            raise _of_a_row(table.name, error) from error

    def _count_on(self, table: str) -> None:
        """Move sequences past the highest value; never back, for a sequence knows of no rollback."""
        for column, sequence, step in self._connection.execute(_COUNTERS, {"name": table}).all():
            best = "max" if step > 0 else "min"
            beyond = ">" if step > 0 else "<"
            run_as_it_is(
                self._connection,
                f"SELECT setval('{sequence.replace(chr(39), chr(39) * 2)}'::regclass, found.last)"
                f" FROM (SELECT {best}({quoted(column)})::bigint AS last FROM {quoted(table)}) found, {sequence} s"
                f" WHERE found.last {beyond} s.last_value OR (found.last = s.last_value AND NOT s.is_called)",
            )


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Tell of what the server refuses."""
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise TargetError(f"{what}: {_words(error.orig)}", hint="nothing was changed") from error


def _driver_error() -> type[Exception]:
    return cast("type[Exception]", import_module("psycopg").Error)  # the driver is an extra


def _words(error: Any) -> str:
    parts = (error.diag.message_primary, error.diag.message_detail)
    return ": ".join(part for part in parts if part) or str(error)


def _of_a_row(table: str, error: Any) -> RowError:
    place = _PLACE.match(error.diag.context or "")
    column = (place and place[2]) or error.diag.column_name
    return RowError(table, int(place[1]) if place else None, column, _words(error))


def _way(source: Table, table: Table) -> Way:
    found = {one.name: copied_conversion(one.type, other.type) for one, other in pairs_of(source, table)}
    return find_way(source, table, {name: one for name, one in found.items() if one is not None})


def _as_sent(columns: Sequence[Column], copy: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Yield the lines of a COPY as they were when they were sent, without their ends."""
    converts = {at: to for at, column in enumerate(columns) if (to := read_conversion(column.type))}
    for line in copy:
        if not converts:
            yield line[:-1]
            continue
        cells = bytes(line[:-1]).split(b"\t")
        for at, to in converts.items():
            if cells[at] != _NOTHING:
                cells[at] = to(cells[at].decode()).encode()
        yield b"\t".join(cells)


def _expression(column: Column) -> str:
    """A column for COPY to write: numbers of 32 bits with all the digits of 64, and as text what has no kind."""
    name = f"t.{quoted(column.name)}"
    element = column.type.element
    if column.type.kind == "float" and column.type.bits == 32:
        return f"{name}::float8"
    if element is not None and element.kind == "float":
        return f"to_json({name}::float8[])"
    foreign = column.type.kind == "text" and not column.type.native.startswith(("text", "character"))
    return f"{name}::text" if foreign else name
