"""A restored MariaDB database is tried: is each table whole, do foreign keys hold, does it take one more row?

A table that refuses a row for another reason than a number that is taken says nothing: the row is a copy of one that
is there, and the table's own rules may forbid that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.databases.connect import run_as_it_is
from core.databases.mysql.reflect import read_schema
from core.databases.orphans import orphans_query
from core.databases.quoting import back_quoted as quoted
from core.databases.schema import Schema, Table
from core.databases.scratch import Trial
from core.progress import Reporter
from core.words import plural

_DUPLICATE = 1062
_KEY = re.compile(r"for key '(?:[^']*\.)?([^'.]+)'")
_FAULTS_OF_THE_SERVER = (1021, 1030, 1114, 1205, 2006, 2013)


def try_tables(connection: Connection, reporter: Reporter) -> Trial:
    """Try all tables of the database that is connected, which has no triggers any more."""
    run_as_it_is(connection, "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'")  # a value that is there is taken again
    schema = read_schema(connection)
    reporter.phase("checking the tables", len(schema.tables), "steps")
    problems: list[str] = []
    notices: list[str] = []
    for table in schema.tables:
        problems += _damages(connection, table)
        notices += _orphans(connection, table)
        reporter.advance()
    reporter.phase("inserting a row into each table", len(schema.tables), "steps")
    referred = {key.table for table in schema.tables for key in table.foreign_keys}
    inserts = 0
    for table in schema.tables:
        refused = _try_table(connection, table, referred=table.name in referred)
        inserts += refused == ""
        problems += [refused] if refused else []
        reporter.advance()
    return Trial(_count_keys(schema) - len(notices), inserts, tuple(problems), tuple(notices))


def _count_keys(schema: Schema) -> int:
    return sum(len(table.foreign_keys) for table in schema.tables)


def _damages(connection: Connection, table: Table) -> Iterator[str]:
    for row in run_as_it_is(connection, f"CHECK TABLE {quoted(table.name)}").mappings():
        if str(row["Msg_type"]).lower() == "error":
            yield f"the table {table.name} fails its check: {row['Msg_text']}"


def _orphans(connection: Connection, table: Table) -> Iterator[str]:
    """A dump is loaded without a look at foreign keys, so rows that break one did so in the source."""
    for key in table.foreign_keys:
        found = int(run_as_it_is(connection, orphans_query(table, key, quoted)).scalar_one())
        if found:
            columns = ", ".join(key.columns)
            yield f"{plural(found, 'row')} of {table.name} broke the foreign key {columns} in the source already"


def _try_table(connection: Connection, table: Table, *, referred: bool) -> str | None:
    """Insert a row; return what speaks against the backup, nothing where it was taken, None where it says nothing."""
    counted = _counted(table)
    kept = [one.name for one in table.columns if one.computed is None and one.name not in counted]
    if not table.primary_key or not kept or (referred and not counted):
        return None
    names = ", ".join(map(quoted, kept))
    first = f"{quoted(table.name)} ORDER BY {', '.join(map(quoted, table.primary_key))} LIMIT 1"
    statements = ["START TRANSACTION", f"CREATE TEMPORARY TABLE greenroom_drill AS SELECT {names} FROM {first}"]
    if not referred:
        statements.append(f"DELETE FROM {first}")  # so that the new row is not like any other
    try:
        for statement in statements:
            run_as_it_is(connection, statement)
        insert = f"INSERT INTO {quoted(table.name)} ({names}) SELECT {names} FROM greenroom_drill"
        return "" if run_as_it_is(connection, insert).rowcount else None
    except DBAPIError as error:
        return _refusal(table, counted, error)
    finally:
        run_as_it_is(connection, "ROLLBACK")
        run_as_it_is(connection, "DROP TEMPORARY TABLE IF EXISTS greenroom_drill")


def _counted(table: Table) -> set[str]:
    return {
        column.name
        for column in table.columns
        if column.identity or (column.default is not None and "nextval" in str(column.default.value).lower())
    }


def _refusal(table: Table, counted: set[str], error: DBAPIError) -> str | None:
    number, *said = getattr(error.orig, "args", (0, ""))
    if number in _FAULTS_OF_THE_SERVER:
        raise error
    key = _KEY.search(str(said[-1])) if number == _DUPLICATE and said else None
    if key is None:
        return None
    unique = {one.name: one.columns for one in table.uniques}
    columns = table.primary_key if key[1] == "PRIMARY" else unique.get(key[1], ())
    return f"{table.name} refused a new row: {said[-1]}" if counted & set(columns) else None
