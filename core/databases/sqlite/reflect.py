"""The schema of an SQLite database in neutral terms, from its PRAGMAs and CREATE TABLE statements."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, cast

from core.databases.creation.defaults import parse_default
from core.databases.creation.native import Meaning, read_type
from core.databases.schema import Action, Check, Column, ColumnType, ForeignKey, Index, LeftOut, Schema, Table, Unique
from core.databases.sqlite.definition import Definition, KeyClause, read_definition, read_where
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
COLLATIONS = ("NOCASE", "RTRIM")  # besides BINARY, which every SQLite has
Option = Literal["strict", "without rowid", "reuses numbers"]


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Return the tables by their names; what is no table is named in `left_out`."""
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    kinds = {name: (kind, bool(without_rowid), bool(strict)) for _, name, kind, _, without_rowid, strict in listed}
    left_out: list[str] = []
    tables = []
    for name in sorted(kinds):
        kind, without_rowid, strict = kinds[name]
        if name.startswith("sqlite_") or kind == "shadow":
            continue
        if kind == "table":
            tables.append(_table(connection, name, without_rowid=without_rowid, strict=strict))
        else:
            left_out.append(f"{'virtual table' if kind == 'virtual' else kind} {name}")
    triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").fetchall()
    left_out += [f"trigger {name}" for (name,) in triggers]
    return Schema(engine=ENGINE, tables=tuple(tables), left_out=tuple(left_out))


def _table(connection: sqlite3.Connection, name: str, *, without_rowid: bool, strict: bool) -> Table:
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)).fetchone()
    definition = read_definition(sql)
    rows = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key = tuple(row[1] for row in sorted((row for row in rows if row[5]), key=lambda row: row[5]))
    found = [_read_index(connection, *row[1:]) for row in _index_list(connection, name)]
    counts = len(key) == 1 and not any(one.origin == "pk" for one in found)  # such a key has no index of its own
    columns = tuple(_column(row, definition, counts=counts) for row in rows)
    neutral = [one for one in found if None not in one.columns and not _differs(one, definition)]
    options: dict[Option, bool] = {
        "strict": strict,
        "without rowid": without_rowid,
        "reuses numbers": any(column.identity for column in columns) and not definition.autoincrement,
    }
    table = Table(
        name=name,
        columns=columns,
        primary_key=key,
        uniques=tuple(Unique(columns=one.columns) for one in neutral if one.origin == "u"),
        foreign_keys=tuple(_foreign_keys(connection, name, definition)),
        checks=tuple(Check(name=check.name, sql=check.sql) for check in definition.checks),
        indexes=tuple(
            Index(
                name=one.name,
                columns=one.columns,
                unique=one.unique,
                where=read_where(one.sql) if one.partial else None,
                descending=one.descending,
            )
            for one in neutral
            if one.origin == "c"
        ),
        options=tuple(option for option, is_so in options.items() if is_so),
        left_out=tuple(_left_out(definition, [one for one in found if one not in neutral])),
    )
    return _with_enums(table)


def _differs(index: _Index, definition: Definition) -> bool:
    """Whether an index compares otherwise than its columns do."""
    return any(
        name is not None and collation.upper() != definition.collations.get(name, "BINARY")
        for name, collation in zip(index.columns, index.collations, strict=True)
    )


def _left_out(definition: Definition, indexes: Sequence[_Index]) -> Iterator[LeftOut]:
    for column, collation in definition.collations.items():
        if collation not in {"BINARY", *COLLATIONS}:
            yield LeftOut(column=column, what=f"the collation {collation} is left out: texts are compared otherwise")
    for said, action in definition.conflicts:
        yield LeftOut(column=said, what=f"a row that breaks a rule is refused, the source has ON CONFLICT {action}")
    for one in indexes:
        what = "primary key" if one.origin == "pk" else "unique rule" if one.unique else "index"
        is_kept = "compares by other collations" if one.origin == "pk" else "is left out"
        parts = ", ".join(
            f"{name or 'an expression'} COLLATE {by}" for name, by in zip(one.columns, one.collations, strict=True)
        )
        yield LeftOut(what=f"the {what} {one.name} {is_kept}: {one.sql.partition(' ON ')[2] or parts}")


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
        type=_type(declared, definition.collations.get(name, "")),
        nullable=not not_null and not key,
        default=None if computed else parse_default(default),
        identity=bool(key) and counts and declared.upper() == "INTEGER",
        computed=definition.computed.get(name, "") if computed else None,
        stored=_GENERATED.get(hidden, True),
    )


def type_of(declared: str) -> ColumnType:
    """Return what a column that is declared so is meant for."""
    return read_type(declared.partition(" COLLATE ")[0], MEANINGS, "any")


def _type(declared: str, collation: str) -> ColumnType:
    type_ = type_of(declared)
    return type_.model_copy(update={"collation": collation}) if collation in COLLATIONS else type_


def _foreign_keys(connection: sqlite3.Connection, table: str, definition: Definition) -> Iterator[ForeignKey]:
    """SQLite numbers them from the last to the first."""
    rows = connection.execute("SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq", (table,)).fetchall()
    for number, group in groupby(rows, key=lambda row: row[0]):
        clause = definition.keys[-1 - number] if number < len(definition.keys) else KeyClause()
        parts = list(group)
        _, _, other, _, _, on_update, on_delete, _ = parts[0]
        referred = tuple(part[4] for part in parts if part[4] is not None) or _primary_key(connection, other)
        yield ForeignKey(
            columns=tuple(part[3] for part in parts),
            table=other,
            referred=referred,
            on_delete=cast("Action", on_delete),
            on_update=cast("Action", on_update),
            deferrable=clause.deferrable,
            deferred=clause.deferred,
        )


def _primary_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    query = "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk"
    return tuple(name for (name,) in connection.execute(query, (table,)))


@dataclass(frozen=True, slots=True)
class _Index:
    """An index as SQLite tells it; `origin` is `c` where it was made as one, `u` and `pk` where a rule needs it.

    A part that is an expression has no name.
    """

    name: str
    unique: bool
    origin: str
    partial: bool
    sql: str
    columns: tuple[str, ...]
    descending: tuple[str, ...]
    collations: tuple[str, ...]


def _index_list(connection: sqlite3.Connection, table: str) -> list[tuple[int, str, int, str, int]]:
    return connection.execute("SELECT * FROM pragma_index_list(?) ORDER BY seq DESC", (table,)).fetchall()


def _read_index(connection: sqlite3.Connection, name: str, unique: int, origin: str, partial: int) -> _Index:
    query = 'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno'
    parts = connection.execute(query, (name,)).fetchall()
    made = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", (name,)).fetchone()
    return _Index(
        name=name,
        unique=bool(unique),
        origin=origin,
        partial=bool(partial),
        sql=(made and made[0]) or "",
        columns=tuple(column for column, _, _ in parts),
        descending=tuple(column for column, is_descending, _ in parts if is_descending),
        collations=tuple(collation for _, _, collation in parts),
    )
