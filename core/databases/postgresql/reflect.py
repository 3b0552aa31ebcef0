"""The schema of a PostgreSQL database in neutral terms: the tables of the schema that its role works in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from core.databases.creation.defaults import parse_default
from core.databases.creation.native import Meaning, read_type
from core.databases.postgresql import ENGINE
from core.databases.postgresql.catalog import COLUMNS, CONSTRAINTS, HABITS, INDEXES, OTHERS, TABLES
from core.databases.schema import (
    Action,
    Check,
    Column,
    ColumnType,
    ForeignKey,
    Index,
    LeftOut,
    Schema,
    Table,
    Unique,
)

Row = Any  # of the catalog, with its columns by their names
_LONG_WORDS = {
    "varchar": "character varying",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
}
_SHORT = re.compile(r"\A(varchar|timestamp|time)(\(\d+\))?\Z")
COLLATIONS = ("C", "POSIX", "ucs_basic")  # which every database has
_ACTIONS: dict[str, Action] = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}

_MEANINGS = (
    Meaning("BOOLEAN", "boolean"),
    Meaning("SMALLINT", "integer", bits=16),
    Meaning("INTEGER", "integer", bits=32),
    Meaning("BIGINT", "integer", bits=64),
    Meaning("NUMERIC", "decimal", "digits"),
    Meaning("REAL", "float", bits=32),
    Meaning("DOUBLE PRECISION", "float", bits=64),
    Meaning("TIMESTAMP WITHOUT TIME ZONE", "timestamp", "seconds"),
    Meaning("TIMESTAMP WITH TIME ZONE", "timestamp", "seconds", zoned=True),
    Meaning("TIME WITHOUT TIME ZONE", "time", "seconds"),
    Meaning("TIME WITH TIME ZONE", "time", "seconds", zoned=True),
    Meaning("DATE", "date"),
    Meaning("INTERVAL( .*)?", "interval", "seconds"),
    Meaning("UUID", "uuid"),
    Meaning("JSONB?", "json"),
    Meaning("BYTEA", "bytes"),
    Meaning("TEXT|CHARACTER VARYING|CHARACTER", "text", "length"),
)


def read_schema(connection: Connection) -> Schema:
    """Return the tables of the current schema; what else there is is named in `left_out`."""
    found = {
        kind: _by_table(connection.execute(query))
        for kind, query in (("columns", COLUMNS), ("constraints", CONSTRAINTS), ("indexes", INDEXES))
    }
    habits = list(connection.execute(HABITS))
    tables = [
        _table(
            name,
            found["columns"].get(name, []),
            found["constraints"].get(name, []),
            found["indexes"].get(name, []),
            [LeftOut(what=what) for table, what in habits if table == name],
        )
        for name in connection.execute(TABLES).scalars()
    ]
    return Schema(engine=ENGINE, tables=tuple(tables), left_out=tuple(connection.execute(OTHERS).scalars()))


def _by_table(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    return found


def _table(
    name: str, columns: Sequence[Row], constraints: Sequence[Row], indexes: Sequence[Row], left_out: list[LeftOut]
) -> Table:
    of = {kind: [one for one in constraints if one.kind == kind] for kind in "pufcx"}
    left_out += [one for column in columns for one in _of_column(column)]
    left_out += [
        LeftOut(what="the primary key is checked at once: it was deferrable") for one in of["p"] if one.deferrable
    ]
    left_out += [one for key in of["f"] for one in _of_key(key)]
    left_out += [
        LeftOut(what=f"the check {one.name} is left out, for rows may break it: {one.definition}")
        for one in of["c"]
        if not one.proved
    ]
    left_out += [LeftOut(what=f"the exclusion {one.name} is left out: {one.definition}") for one in of["x"]]
    left_out += [_of_index(one) for one in indexes if not _is_neutral(one)]
    return Table(
        name=name,
        columns=tuple(map(_column, columns)),
        primary_key=tuple(name for one in of["p"] for name in one.columns),
        uniques=tuple(
            Unique(
                name=one.name,
                columns=tuple(one.columns),
                nulls_distinct=not one.nulls_same,
                deferrable=one.deferrable,
                deferred=one.deferred,
            )
            for one in of["u"]
        ),
        foreign_keys=tuple(map(_foreign_key, of["f"])),
        checks=tuple(Check(name=one.name, sql=one.sql) for one in of["c"] if one.proved),
        indexes=tuple(map(_index, filter(_is_neutral, indexes))),
        left_out=tuple(left_out),
    )


def _column(row: Row) -> Column:
    type_ = _type(row.native, row.values, row.elements, row.type)
    if type_.kind == "text" and row.collation in COLLATIONS:
        type_ = type_.model_copy(update={"collation": row.collation})
    identity = row.identity or _is_counted(row)
    return Column(
        name=row.name,
        type=type_,
        nullable=not row.required,
        default=None if identity or row.computed else parse_default(row.said),
        identity=identity,
        always=row.always,
        computed=row.said if row.computed else None,
        stored=not row.computed or row.stored,
    )


def _is_counted(row: Row) -> bool:
    return not row.computed and str(row.said).startswith("nextval(")


def _of_column(row: Row) -> Iterator[LeftOut]:
    if row.domain:
        rules = f", without its {row.domain_rules}" if row.domain_rules else ""
        yield LeftOut(column=row.name, what=f"the domain {row.domain} becomes {row.native}{rules}")
    if row.native == "citext" or not row.exact:
        what = "texts that the source takes for the same, as those that differ in case, are different"
        yield LeftOut(column=row.name, what=what)
    elif row.collation and row.collation not in COLLATIONS:
        yield LeftOut(column=row.name, what=f"the collation {row.collation} is left out: texts may have another order")
    if _is_counted(row) and row.step is None:
        yield LeftOut(column=row.name, what=f"counts by itself, the source by a sequence of others, too: {row.said}")
    if row.step not in {None, 1}:
        yield LeftOut(column=row.name, what=f"counts in steps of 1, the source of {row.step}")


def _foreign_key(row: Row) -> ForeignKey:
    return ForeignKey(
        name=row.name,
        columns=tuple(row.columns),
        table=row.other,
        referred=tuple(row.referred),
        on_delete="NO ACTION" if row.sets_some else _ACTIONS[row.on_delete],
        on_update=_ACTIONS[row.on_update],
        deferrable=row.deferrable,
        deferred=row.deferred,
    )


def _of_key(row: Row) -> Iterator[LeftOut]:
    key = f"the foreign key ({', '.join(row.columns)}) to {row.other}"
    if row.whole:
        yield LeftOut(what=f"{key} is held to only where none of its columns is NULL: it was MATCH FULL")
    if row.sets_some:
        yield LeftOut(what=f"{key} refuses a delete, instead of setting some columns: {row.definition}")


def _is_neutral(row: Row) -> bool:
    return row.valid and row.ordered and row.plain and None not in row.columns


def _index(row: Row) -> Index:
    pairs = zip(row.columns, row.descending, strict=False)
    return Index(
        name=row.name,
        columns=tuple(row.columns),
        unique=row.unique,
        nulls_distinct=not row.nulls_same,
        where=row.where,
        descending=tuple(name for name, is_descending in pairs if is_descending),
    )


def _of_index(row: Row) -> LeftOut:
    what = "unique rule" if row.unique else "index"
    why = "" if row.valid else ", for it was never finished"
    return LeftOut(what=f"the {what} {row.name} is left out{why}: {row.definition.partition(' USING ')[2]}")


def type_of(declared: str) -> ColumnType:
    """Return the type of a column that is declared so; of an enum, which has any name, that it is text."""
    native = declared.partition(" COLLATE ")[0].lower()
    if not native.endswith("[]"):
        native = _SHORT.sub(lambda match: _LONG_WORDS[match[1]] + (match[2] or ""), native)
    return _type(native, None, None, "")


def _type(native: str, values: list[str] | None, elements: list[str] | None, name: str) -> ColumnType:
    """Of a domain, `native` is the type that it rests on. What has no neutral form travels as text."""
    if native.endswith("[]"):
        element = _type(native[:-2], elements, None, name.removeprefix("_"))
        return ColumnType(kind="array", element=element, native=native)
    if values is not None:
        return ColumnType(kind="enum", values=tuple(values), name=name, native=native)
    return read_type(native, _MEANINGS, "text")
