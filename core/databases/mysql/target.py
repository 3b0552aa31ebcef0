"""Rows into a MariaDB or MySQL database by LOAD DATA, in one transaction without any statement that would commit it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError

from core.databases.compare import compare_columns
from core.databases.connect import open_server, run_as_it_is
from core.databases.decode import Row, RowError
from core.databases.mysql import ENGINE
from core.databases.mysql.bulk import Bulk, words_of
from core.databases.mysql.fresh import noted_tables, remove_note, remove_noted, write_note
from core.databases.mysql.loadtext import loaded_conversion, read_conversion
from core.databases.mysql.reflect import read_schema
from core.databases.quoting import back_quoted as quoted
from core.databases.schema import Column, ForeignKey, Schema, Table
from core.databases.sums import TableSum
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
from core.databases.textrows import NOTHING, sum_cells

# A value that does not fit is an error; 0 in a column that counts up stays 0; dates that a source holds are taken.
_MODE = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_AUTO_VALUE_ON_ZERO'"
_SETTINGS = (
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION foreign_key_checks = 0",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION",
)
_TRIGGERS = text("""
    SELECT event_object_table, trigger_name FROM information_schema.triggers WHERE event_object_schema = DATABASE()
    ORDER BY 1, 2
""")
_ENGINES = text("""
    SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() AND engine <> 'InnoDB'
""")


@contextmanager
def open_target(url: URL) -> Iterator[MysqlTarget]:
    """Connect, and begin."""
    engine = open_server(url, init_command=_MODE, local_infile="1")
    with one_transaction(engine, import_module("pymysql.err").MySQLError) as connection:  # the driver is an extra
        for setting in _SETTINGS:
            connection.execute(text(setting))
        target = MysqlTarget(connection)
        try:
            yield target
        finally:
            with suppress(DBAPIError):  # where the connection is lost the next restore finds the note
                target.take_back()


class MysqlTarget:
    """Foreign keys are not looked at in the session, so no cascade reaches another table; `finish` looks at them."""

    engine = ENGINE

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
        self._making = False
        self._touched: set[str] = set()
        self._staged = 0
        self.refresh()

    def refresh(self) -> None:
        self.schema: Schema = read_schema(self._connection)

    def occupants(self) -> list[str]:
        return [name for name in occupants_of(self.schema) if name not in noted_tables(self._connection)]

    def begin_new(self, names: Sequence[str]) -> None:
        write_note(self._connection, names)
        self._making = True

    def take_back(self) -> None:
        """Remove the tables that were begun and not committed; after a kill the next restore does."""
        if self._making:
            self._connection.rollback()
            remove_noted(self._connection)

    def execute(self, statement: str) -> None:
        self._run("the server refuses a statement", statement)

    def problems(self, tables: Iterable[str], *, merge: bool) -> list[str]:
        wanted = [table_of(self.schema, name) for name in tables]
        names = {table.name for table in wanted}
        found = [
            f"table {table.name} has no primary key, so its rows cannot be merged"
            for table in wanted
            if merge and not table.primary_key
        ]
        found += [
            f"table {table} has the trigger {trigger}, which would change what is restored: drop it, and make it again"
            for table, trigger in self._connection.execute(_TRIGGERS)
            if table in names
        ]
        return found + [
            f"table {table} is of the engine {engine}, which cannot roll back: make it InnoDB"
            for table, engine in self._connection.execute(_ENGINES)
            if table in names
        ]

    def clear(self, tables: Sequence[str]) -> None:
        expect_none(self.problems(tables, merge=False))
        for name in tables:
            self._run(f"table {name} cannot be cleared", f"DELETE FROM {quoted(name)}")
        self._touched.update(tables)

    def load(self, source: Table, lines: Iterable[bytes], *, merge: bool) -> LoadResult:
        table = table_of(self.schema, source.name)
        expect_none(self.problems([table.name], merge=merge) + compare_columns(source, table, ENGINE)[0])
        self._touched.add(table.name)
        way = _way(source, table)
        if not merge:
            total = Bulk(self._driver, quoted(table.name), table).fill(way, lines)
            return LoadResult(way.columns, total)
        expect_none(missing_keys(table, way))
        keys = self._stage(table, way)
        total = Bulk(self._driver, keys, table).fill(way, lines)
        self._merge(table, way, keys)
        return LoadResult(way.columns, total, keys)

    def finish(self, *, unchecked: Collection[ForeignKeyPlace] = ()) -> None:
        """AUTO_INCREMENT goes on by itself."""
        self.refresh()  # for a foreign key that was added meanwhile has looked at no row
        for table in self.schema.tables:
            for key in table.foreign_keys:
                if {table.name, key.table} & self._touched and (table.name, key.columns) not in unchecked:
                    self._expect_parents(table, key)
        self._touched = set()

    def checksum(self, table: Table, columns: Sequence[str], keys: str | None = None) -> TableSum:
        wanted = ", ".join(_expression(table.column(name)) for name in columns)
        query = f"SELECT {wanted} FROM {quoted(table.name)} t"
        if keys is not None:
            query += f" JOIN {keys} s ON {_same_key(table)}"
        return sum_cells(_as_sent([table.column(name) for name in columns], self._rows_as_text(query)))

    def commit(self) -> None:
        if self._touched:
            self.finish()
        self._connection.commit()
        if self._making:
            remove_note(self._connection)
            self._making = False

    @property
    def _driver(self) -> Any:
        return self._connection.connection.driver_connection

    def _run(self, what: str, statement: str) -> None:
        try:
            run_as_it_is(self._connection, statement)
        except DBAPIError as error:
            raise TargetError(f"{what}: {words_of(error)}", hint="nothing was changed") from error

    def _rows_as_text(self, query: str) -> Iterator[Row]:
        """Yield rows as the server writes them, one by one."""
        driver = self._driver
        decoders, driver.decoders = driver.decoders, {}
        try:
            with driver.cursor(import_module("pymysql.cursors").SSCursor) as cursor:  # the driver is an extra
                cursor.execute(query)
                yield from cursor
        finally:
            driver.decoders = decoders

    def _stage(self, table: Table, way: Way) -> str:
        """Make a temporary table with the same columns and primary key, which commits nothing."""
        self._staged += 1
        keys = quoted(f"greenroom_staged_{self._staged}")
        wanted = ", ".join(map(quoted, way.columns))
        key = ", ".join(map(quoted, table.primary_key))
        self._run(
            f"the rows of {table.name} cannot be staged",
            f"CREATE TEMPORARY TABLE {keys} (PRIMARY KEY ({key})) ENGINE=InnoDB"
            f" SELECT {wanted} FROM {quoted(table.name)} LIMIT 0",
        )
        return keys

    def _merge(self, table: Table, way: Way, keys: str) -> None:
        """Change the rows that are there, then add the others: another unique key that is hurt is an error."""
        place = quoted(table.name)
        names = ", ".join(map(quoted, way.columns))
        wanted = ", ".join(f"s.{quoted(name)}" for name in way.columns)
        change = ", ".join(
            f"t.{quoted(name)} = s.{quoted(name)}" for name in way.columns if name not in table.primary_key
        )
        statements = [f"UPDATE {place} t JOIN {keys} s ON {_same_key(table)} SET {change}"] if change else []
        statements.append(
            f"INSERT INTO {place} ({names}) SELECT {wanted} FROM {keys} s LEFT JOIN {place} t ON {_same_key(table)}"
            f" WHERE t.{quoted(table.primary_key[0])} IS NULL"
        )
        try:
            for statement in statements:
                run_as_it_is(self._connection, statement)
        except DBAPIError as error:
            raise RowError(
                table.name, None, None, f"the rows do not fit beside those there: {words_of(error)}"
            ) from error

    def _expect_parents(self, table: Table, key: ForeignKey) -> None:
        same = " AND ".join(
            f"p.{quoted(there)} = c.{quoted(here)}" for here, there in zip(key.columns, key.referred, strict=True)
        )
        given = " AND ".join(f"c.{quoted(name)} IS NOT NULL" for name in key.columns)
        values = ", ".join(f"c.{quoted(name)}" for name in key.columns)
        query = (
            f"SELECT {values} FROM {quoted(table.name)} c LEFT JOIN {quoted(key.table)} p ON {same}"
            f" WHERE {given} AND p.{quoted(key.referred[0])} IS NULL LIMIT 1"
        )
        for row in run_as_it_is(self._connection, query):
            raise TargetError(
                f"table {table.name}: {', '.join(key.columns)} names {tuple(row)}, which {key.table} does not have",
                hint="nothing was changed; restore both tables, or mend the row first",
            )


def _way(source: Table, table: Table) -> Way:
    found = {one.name: loaded_conversion(one.type, other.type) for one, other in pairs_of(source, table)}
    return find_way(source, table, {name: one for name, one in found.items() if one is not None})


def _same_key(table: Table) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in table.primary_key)


def _as_sent(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows that the server wrote as the cells that were sent."""
    converts = [(at, to) for at, column in enumerate(columns) if (to := read_conversion(column))]
    for row in rows:
        cells = [NOTHING if cell is None else cell for cell in row]
        for at, to in converts:
            if row[at] is not None:
                cells[at] = to(row[at])
        yield tuple(cells)


def _expression(column: Column) -> str:
    """A column as its text shows all of it."""
    name = f"t.{quoted(column.name)}"
    if column.type.kind == "float":
        return f"CAST({name} AS DOUBLE)"
    native = column.type.native.lower()
    return f"{name} + 0" if native.startswith("bit") or "zerofill" in native else name
