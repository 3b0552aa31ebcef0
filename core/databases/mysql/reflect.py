"""The schema of a MariaDB or MySQL database in neutral terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Connection

from core.databases.creation.defaults import parse_default
from core.databases.creation.native import Meaning, read_type
from core.databases.mysql import ENGINE
from core.databases.mysql.catalog import ACTIONS, CHECKS, COLUMNS, INDEXES, KEYS, OTHERS, TABLES
from core.databases.schema import (
    Action,
    Check,
    Column,
    ColumnType,
    Default,
    ForeignKey,
    Index,
    LeftOut,
    Schema,
    Table,
    Unique,
)

Row = Any  # of the catalog, with its columns by their names

_BOOLEAN = re.compile(r"(tinyint\(1\)|bool|boolean)", re.IGNORECASE)
_BITS = re.compile(r"bit\((?:[1-9]|[1-5]\d|6[0-3])\)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"'": "''", "0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
_LISTED = re.compile(r"enum\((.*)\)", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_JSON_CHECK = re.compile(r"json_valid\(`((?:[^`]|``)+)`\)", re.IGNORECASE)
_UNSIGNED = "( ZEROFILL)? UNSIGNED( ZEROFILL)?"
_MEANINGS = (
    Meaning("TINYINT", "integer", bits=8),
    Meaning(f"TINYINT{_UNSIGNED}", "integer", bits=8, unsigned=True),
    Meaning("SMALLINT|YEAR", "integer", bits=16),
    Meaning(f"SMALLINT{_UNSIGNED}", "integer", bits=16, unsigned=True),
    Meaning("MEDIUMINT", "integer", bits=24),
    Meaning(f"MEDIUMINT{_UNSIGNED}", "integer", bits=24, unsigned=True),
    Meaning("INT(EGER)?", "integer", bits=32),
    Meaning(f"INT(EGER)?{_UNSIGNED}", "integer", bits=32, unsigned=True),
    Meaning("BIGINT", "integer", bits=64),
    Meaning(f"BIGINT{_UNSIGNED}|BIT", "integer", bits=64, unsigned=True),
    Meaning(f"DECIMAL({_UNSIGNED})?", "decimal", "digits"),
    Meaning(f"FLOAT({_UNSIGNED})?", "float", bits=32),
    Meaning(f"DOUBLE({_UNSIGNED})?", "float", bits=64),
    Meaning("DATETIME", "timestamp", "seconds"),
    Meaning("TIMESTAMP", "timestamp", "seconds", zoned=True),
    Meaning("TIME", "time", "seconds"),
    Meaning("DATE", "date"),
    Meaning("UUID", "uuid"),
    Meaning("JSON", "json"),
    Meaning("(VAR)?CHAR", "text", "length"),
    Meaning("TINYTEXT", "text", length=255),
    Meaning("TEXT", "text", length=(1 << 16) - 1),
    Meaning("MEDIUMTEXT", "text", length=(1 << 24) - 1),
    Meaning("(VAR)?BINARY", "bytes", "length"),
    Meaning("TINYBLOB", "bytes", length=255),
    Meaning("BLOB", "bytes", length=(1 << 16) - 1),
    Meaning("MEDIUMBLOB", "bytes", length=(1 << 24) - 1),
    Meaning("LONGBLOB", "bytes"),
)
_BINARY = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_LOOKS_BY_ITSELF = ("FULLTEXT", "SPATIAL", "RTREE")
_CHARACTERS = re.compile(r" CHARACTER SET \w+ COLLATE \w+\Z")
_NUMBERS = ("boolean", "integer", "decimal", "float")
_COMPUTED = re.compile(r"(?:stored|virtual|persistent) generated")
_UPDATED = re.compile(r"on update \S+")
_SYSTEM_PERIOD = ("ROW START", "ROW END")


def read_schema(connection: Connection) -> Schema:
    """Return the tables of the database; what else there is is named in `left_out`."""
    is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    actions = {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(ACTIONS)}
    columns, indexes, keys, checks = (
        _by_table(connection.execute(query)) for query in (COLUMNS, INDEXES, KEYS, CHECKS[is_mariadb])
    )
    tables = []
    for row in sorted(connection.execute(TABLES), key=lambda row: str(row.name)):
        found = _Found(
            row, columns.get(row.name, []), indexes.get(row.name, []), keys.get(row.name, []), checks.get(row.name, [])
        )
        tables.append(_table(found, actions, is_mariadb=is_mariadb))
    others = connection.execute(OTHERS).scalars()
    return Schema(engine=ENGINE, tables=tuple(tables), left_out=tuple(others))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the catalog has of one table."""

    table: Row
    columns: Sequence[Row]
    indexes: Sequence[Row]
    keys: Sequence[Row]
    checks: Sequence[Row]


def _by_table(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.table_name, []).append(row)
    return found


def _table(found: _Found, actions: Mapping[tuple[str, str], tuple[str, str]], *, is_mariadb: bool) -> Table:
    """A check of MariaDB that says that a column's text is JSON makes JSON of it, and is none."""
    matches = {check: _JSON_CHECK.fullmatch(check.clause) for check in found.checks}
    json = {match[1].replace("``", "`") for check, match in matches.items() if match and check.name is None}
    rules = [check for check, match in matches.items() if not (match and check.name is None)]
    period = {row.name for row in found.columns if (row.computed or "").upper() in _SYSTEM_PERIOD}
    keys = [(name, [row for row in rows if row.column_name not in period]) for name, rows in _grouped(found.indexes)]
    return Table(
        name=found.table.name,
        columns=tuple(_column(row, is_json=row.name in json, is_mariadb=is_mariadb) for row in found.columns),
        primary_key=tuple(row.column_name for name, rows in keys for row in rows if name == "PRIMARY"),
        uniques=tuple(
            Unique(name=name, columns=tuple(row.column_name for row in rows))
            for name, rows in keys
            if name != "PRIMARY" and _is_rule(rows)
        ),
        foreign_keys=tuple(_foreign_key(name, rows, actions) for name, rows in _grouped(found.keys)),
        checks=tuple(Check(name=check.name, sql=check.clause) for check in rules if check.proved),
        indexes=tuple(
            _index(name, rows) for name, rows in keys if name != "PRIMARY" and not _is_rule(rows) and _is_neutral(rows)
        ),
        left_out=tuple(_left_out(found, keys, rules)),
    )


def _grouped(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    return [(name, list(some)) for name, some in groupby(rows, key=lambda row: str(row.name))]


def _is_neutral(rows: Sequence[Row]) -> bool:
    return all(row.kind not in _LOOKS_BY_ITSELF and row.column_name is not None for row in rows)


def _is_rule(rows: Sequence[Row]) -> bool:
    return _is_neutral(rows) and all(row.is_unique and row.length is None for row in rows)


def _index(name: str, rows: Sequence[Row]) -> Index:
    lengths = tuple(row.length for row in rows)
    return Index(
        name=name,
        columns=tuple(row.column_name for row in rows),
        unique=bool(rows[0].is_unique),
        lengths=lengths if any(lengths) else (),
        descending=tuple(row.column_name for row in rows if row.descending),
    )


def _foreign_key(name: str, rows: Sequence[Row], actions: Mapping[tuple[str, str], tuple[str, str]]) -> ForeignKey:
    on_delete, on_update = actions.get((rows[0].table_name, name), ("NO ACTION", "NO ACTION"))
    return ForeignKey(
        name=name,
        columns=tuple(row.column_name for row in rows),
        table=rows[0].other,
        referred=tuple(row.referred for row in rows),
        on_delete=_action(on_delete),
        on_update=_action(on_update),
    )


def _action(said: str) -> Action:
    """InnoDB knows no difference between these two, and says RESTRICT where nothing was said."""
    return "NO ACTION" if said == "RESTRICT" else cast("Action", said)


def _left_out(found: _Found, keys: Sequence[tuple[str, Sequence[Row]]], checks: Sequence[Row]) -> Iterator[LeftOut]:
    yield from (LeftOut(what=what) for what in _habits(found.table))
    for row in found.columns:
        if "invisible" in row.extra:
            yield LeftOut(column=row.name, what="is hidden in the source, and seen by SELECT * afterwards")
        if row.native.lower().startswith(_BINARY) and not _is_sure(row.said):
            yield LeftOut(column=row.name, what="its default is left out: the bytes of it cannot be read")
    for name, rows in keys:
        if not _is_neutral(rows):
            columns = ", ".join(row.column_name or "an expression" for row in rows)
            what = "unique rule" if rows[0].is_unique else "index"
            yield LeftOut(what=f"the {what} {name} is left out: {rows[0].kind} ({columns})")
    for check in checks:
        if not check.proved:
            yield LeftOut(what=f"the check {check.name} is left out, for rows may break it: {check.clause}")


def _habits(table: Row) -> Iterator[str]:
    if table.versioned:
        yield "keeps its history: only what is valid now is in the backup, and none is kept afterwards"
    if table.partitioned:
        yield "is made as one table, without its partitions"
    if table.engine != "InnoDB":
        yield f"is {table.engine}'s, not InnoDB's: it may be of a later moment than the others"


def _is_sure(default: str | None) -> bool:
    """Whether a default of bytes is as it was: what is no text the catalog shows as a question mark."""
    return default is None or (default.isascii() and "?" not in default)


def _column(row: Row, *, is_json: bool, is_mariadb: bool) -> Column:
    type_ = _type(row.native)
    if is_json:
        type_ = ColumnType(kind="json", native=row.native)
    elif type_.kind in {"text", "enum"}:
        type_ = type_.model_copy(update={"collation": row.collation})
    identity, computed = "auto_increment" in row.extra, _COMPUTED.search(row.extra) is not None
    has_default = not identity and not computed and (type_.kind != "bytes" or _is_sure(row.said))
    return Column(
        name=row.name,
        type=type_,
        nullable=bool(row.nullable),
        default=_default(row, type_, is_mariadb=is_mariadb) if has_default else None,
        identity=identity,
        updated=_UPDATED.search(row.extra) is not None,
        computed=row.computed if computed else None,
        stored=not computed or "virtual" not in row.extra,
    )


def _default(row: Row, type_: ColumnType, *, is_mariadb: bool) -> Default | None:
    """MariaDB shows the SQL of a default; MySQL does of expressions, and of all else the value alone."""
    if row.said is None:
        return None
    if is_mariadb or "default_generated" in row.extra or type_.kind in _NUMBERS or row.native.startswith("bit"):
        return parse_default(_standard(row.said) if "'" in row.said else row.said)
    return Default(kind="literal", value=row.said)


def type_of(declared: str) -> ColumnType:
    """Return the type of a column that is declared so."""
    native = _CHARACTERS.sub("", declared)
    listed = _LISTED.fullmatch(native)
    return _type(native if listed else native.lower().removesuffix(" null"))


def _type(native: str) -> ColumnType:
    """What has no neutral form travels as text; TINYINT(1) is what these servers make of BOOLEAN."""
    if _BOOLEAN.fullmatch(native):
        return ColumnType(kind="boolean", native=native)
    if _BITS.fullmatch(native):
        return ColumnType(kind="integer", bits=64, native=native)
    listed = _LISTED.fullmatch(native)
    if listed is not None:
        values = tuple(value.replace("''", "'") for value in _VALUE.findall(_standard(listed[1])))
        return ColumnType(kind="enum", values=values, native=native)
    return read_type(native, _MEANINGS, "text")


def _standard(sql: str) -> str:
    """Texts as standard SQL has them, without the backslashes in which these servers show some signs."""
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), sql)
