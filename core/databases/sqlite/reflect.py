"""The schema of an SQLite database in neutral terms, from its PRAGMAs and CREATE TABLE statements."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import cast

from core.databases.defaults import parse_default
from core.databases.native import Meaning, read_type
from core.databases.schema import Action, Check, Column, ForeignKey, Index, Schema, Table, Unique
from core.databases.sqlite.definition import Definition, read_definition
from core.databases.sqlite.snapshot import ENGINE

MEANINGS = (
    Meaning("BOOL(EAN)?", "boolean"),
    Meaning("(SMALL|TINY)INT( UNSIGNED)?|INT2", "integer", bits=16),  # SQLite keeps 64 bits; this is meant to be small
    Meaning("((MEDIUM|BIG)?INT|INT[48]?|INTEGER|UNSIGNED BIG INT|SERIAL)( UNSIGNED)?", "integer", bits=64),
    Meaning("DECIMAL|NUMERIC|DEC|NUMBER", "decimal", "digits"),
    Meaning("REAL|FLOAT|DOUBLE( PRECISION)?", "float", bits=64),
    Meaning("TIMESTAMPTZ|(DATETIME|TIMESTAMP) WITH TIME ZONE", "timestamp", "seconds", zoned=True),
    Meaning("(DATETIME|TIMESTAMP)( WITHOUT TIME ZONE)?", "timestamp", "seconds"),
    Meaning("DATE", "date"),
    Meaning("TIME( WITHOUT TIME ZONE)?", "time", "seconds"),
    Meaning("TIME WITH TIME ZONE", "time", "seconds", zoned=True),
    Meaning("INTERVAL", "interval"),
    Meaning("JSONB?( TEXT)?", "json"),
    Meaning("ENUM TEXT", "enum"),
    Meaning("UUID|GUID", "uuid"),
    Meaning(
        "(NATIVE |VARYING )?CHAR(ACTER)?( VARYING)?|N?VARCHAR2?|NCHAR|(TINY|MEDIUM|LONG)?TEXT|CLOB|STRING",
        "text",
        "length",
    ),
    Meaning("(TINY|MEDIUM|LONG)?BLOB|(VAR)?BINARY|BYTEA", "bytes", "length"),
)
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_LISTED = re.compile(r'"((?:[^"]|"")+)" IN \(((?:\'(?:[^\']|\'\')*\'(?:, )?)+)\)')
_GENERATED = {2: False, 3: True}
_EXPRESSION = -2


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Return the tables by their names; what is no table is named in `left_out`."""
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    kinds = {name: (kind, bool(without_rowid)) for _, name, kind, _, without_rowid, *_ in listed}
    left_out: list[str] = []
    tables = []
    for name in sorted(kinds):
        kind, without_rowid = kinds[name]
        if name.startswith("sqlite_") or kind == "shadow":
            continue
        if kind == "table":
            tables.append(_table(connection, name, without_rowid=without_rowid, left_out=left_out))
        else:
            left_out.append(f"{'virtual table' if kind == 'virtual' else kind} {name}")
    triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").fetchall()
    left_out += [f"trigger {name}" for (name,) in triggers]
    return Schema(engine=ENGINE, tables=tuple(tables), left_out=tuple(left_out))


def _table(connection: sqlite3.Connection, name: str, *, without_rowid: bool, left_out: list[str]) -> Table:
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)).fetchone()
    definition = read_definition(sql)
    rows = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key = tuple(row[1] for row in sorted((row for row in rows if row[5]), key=lambda row: row[5]))
    uniques, indexes = _indexes(connection, name, left_out)
    table = Table(
        name=name,
        columns=tuple(_column(row, definition, counts=len(key) == 1 and not without_rowid) for row in rows),
        primary_key=key,
        uniques=uniques,
        foreign_keys=tuple(_foreign_keys(connection, name)),
        checks=tuple(Check(name=check.name, sql=check.sql) for check in definition.checks),
        indexes=indexes,
    )
    return _with_enums(table)


def _with_enums(table: Table) -> Table:
    """With the values of columns that were declared as enums, which stand in a check of their own."""
    listed = {check: _LISTED.fullmatch(check.sql) for check in table.checks}
    values = {
        match[1].replace('""', '"'): tuple(value.replace("''", "'") for value in _VALUE.findall(match[2]))
        for match in listed.values()
        if match is not None
    }
    columns, enums = [], set()
    for column in table.columns:
        if column.type.kind == "enum" and column.name in values:
            enums.add(column.name)
            type_ = column.type.model_copy(update={"values": values[column.name]})
            columns.append(column.model_copy(update={"type": type_}))
        else:
            columns.append(column)
    checks = (one for one, match in listed.items() if match is None or match[1].replace('""', '"') not in enums)
    return table.model_copy(update={"columns": tuple(columns), "checks": tuple(checks)})


def _column(row: tuple[int, str, str, int, str | None, int, int], definition: Definition, *, counts: bool) -> Column:
    _, name, declared, not_null, default, key, hidden = row
    computed = hidden in _GENERATED
    return Column(
        name=name,
        type=read_type(declared, MEANINGS, "any"),
        nullable=not not_null and not key,
        default=None if computed else parse_default(default),
        identity=bool(key) and counts and declared.upper() == "INTEGER",
        computed=definition.computed.get(name, "") if computed else None,
        stored=_GENERATED.get(hidden, True),
    )


def _foreign_keys(connection: sqlite3.Connection, table: str) -> Iterator[ForeignKey]:
    rows = connection.execute("SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq", (table,)).fetchall()
    for _, group in groupby(rows, key=lambda row: row[0]):
        parts = list(group)
        _, _, other, _, _, on_update, on_delete, _ = parts[0]
        referred = tuple(part[4] for part in parts if part[4] is not None) or _primary_key(connection, other)
        yield ForeignKey(
            columns=tuple(part[3] for part in parts),
            table=other,
            referred=referred,
            on_delete=cast("Action", on_delete),
            on_update=cast("Action", on_update),
        )


def _primary_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    query = "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk"
    return tuple(name for (name,) in connection.execute(query, (table,)))


def _indexes(
    connection: sqlite3.Connection, table: str, left_out: list[str]
) -> tuple[tuple[Unique, ...], tuple[Index, ...]]:
    uniques, indexes = [], []
    rows = connection.execute("SELECT * FROM pragma_index_list(?) ORDER BY seq DESC", (table,)).fetchall()
    for _, name, unique, origin, partial in rows:
        if origin == "pk":
            continue
        query = "SELECT cid, name FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno"
        parts = connection.execute(query, (name,)).fetchall()
        columns = tuple(column for _, column in parts)
        if partial or any(number == _EXPRESSION for number, _ in parts):
            left_out.append(f"index {name}, which is {'partial' if partial else 'of an expression'}")
        elif origin == "u":
            uniques.append(Unique(columns=columns))
        else:
            indexes.append(Index(name=name, columns=columns, unique=bool(unique)))
    return tuple(uniques), tuple(indexes)
