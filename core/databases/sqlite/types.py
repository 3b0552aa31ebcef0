"""The types that columns are declared with in SQLite, where a declaration is a hint and each value says what it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from core.databases.creation.draft import NativeType
from core.databases.creation.literals import is_one_of
from core.databases.creation.native import LONG_TEXT, read_type, told_as_plain
from core.databases.schema import ColumnType, Kind
from core.databases.sqlite.reflect import COLLATIONS, MEANINGS
from core.databases.sqlite.snapshot import ENGINE

_DECLARED = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?: [A-Za-z][A-Za-z0-9_]*)*(?: ?\(\d{1,9}(?:, ?\d{1,9})?\))?")
_CONSTRAINTS = {
    "AS", "AUTOINCREMENT", "CHECK", "COLLATE", "CONSTRAINT", "DEFAULT", "DEFERRABLE", "FOREIGN", "GENERATED",
    "INITIALLY", "MATCH", "NOT", "NULL", "ON", "PRIMARY", "REFERENCES", "UNIQUE",
}  # fmt: skip
_EXACT_DIGITS = 15
_EXACT_INTEGER_DIGITS = 18
_INTEGERS = {8: "TINYINT", 16: "SMALLINT", 24: "MEDIUMINT", 32: "INT", 64: "BIGINT", None: "BIGINT"}
_PLAIN = {"boolean": "BOOLEAN", "date": "DATE", "uuid": "UUID", "json": "JSON TEXT", "any": ""}


def native_type(column: ColumnType, source: str, *, identity: bool) -> NativeType:
    """Return the declared type that reads back as the same kind, with an affinity that leaves the values as they are.

    Decimals are DECIMAL, as applications on SQLite declare them and expect numbers there; SQLite keeps 15 digits of
    those, so that a column with more is in the losses. JSON, enums and arrays have TEXT in their type, for without it
    SQLite would make numbers of texts that look like some. Only an identity is INTEGER: as a primary key that
    counts by itself.
    """
    if identity:
        return NativeType("INTEGER")
    made = _made(column, source)
    if source == ENGINE and column.collation in COLLATIONS:
        return replace(made, sql=f"{made.sql} COLLATE {column.collation}".strip())
    return made


def _made(column: ColumnType, source: str) -> NativeType:
    if source == ENGINE and column.kind != "enum" and _is_declared(column):
        return NativeType(column.native)
    if column.kind in _PLAIN:
        return NativeType(_PLAIN[column.kind])
    return _MAKERS[column.kind](column, source)


def _float(_: ColumnType, source: str) -> NativeType:
    return NativeType("DOUBLE", refuses=("cannot hold NaN",) if source == "postgresql" else ())


def _text(column: ColumnType, source: str) -> NativeType:
    is_long = column.length is None or not 0 < column.length < LONG_TEXT
    return NativeType("TEXT" if is_long else f"VARCHAR({column.length})", told_as_plain(column, source))


def _bytes(column: ColumnType, _: str) -> NativeType:
    return NativeType(f"BLOB({column.length})" if column.length else "BLOB")


def _enum(column: ColumnType, _: str) -> NativeType:
    values = [value for value in column.values if "\0" not in value]
    return NativeType("ENUM TEXT", check=is_one_of(ENGINE, values) if values else "")


def _array(_column: ColumnType, _source: str) -> NativeType:
    return NativeType("JSON TEXT", ("the array becomes JSON",))


def _interval(_: ColumnType, source: str) -> NativeType:
    return NativeType("INTERVAL", () if source == ENGINE else ("the interval is kept as text, as P1DT2H",))


def _time(column: ColumnType, _: str) -> NativeType:
    return NativeType("TIME WITH TIME ZONE" if column.zoned else "TIME")


def _timestamp(column: ColumnType, _: str) -> NativeType:
    return NativeType("TIMESTAMP WITH TIME ZONE" if column.zoned else "DATETIME")


def _is_declared(column: ColumnType) -> bool:
    """Whether its own words are a type and no more than that: SQLite takes any words for one."""
    if column.native == "" and column.kind == "any":
        return True
    words = set(re.findall(r"[A-Z_]+", column.native.upper()))
    return (
        _DECLARED.fullmatch(column.native) is not None
        and not words & _CONSTRAINTS
        and read_type(column.native, MEANINGS, "any").kind == column.kind
    )


def _integer(column: ColumnType, source: str) -> NativeType:
    check, told = "{} >= 0" if column.unsigned else "", told_as_plain(column, source)
    is_large = column.unsigned and column.bits == 64
    refuses = ("holds up to 9223372036854775807, the source up to 18446744073709551615",) if is_large else ()
    return NativeType(_INTEGERS[column.bits], told, refuses, check)


def _decimal(column: ColumnType, _: str) -> NativeType:
    check = "{} >= 0" if column.unsigned else ""
    if column.precision is None:
        refuses = (f"keeps {_EXACT_DIGITS} digits, the source has any number of them",)
        return NativeType("DECIMAL", refuses=refuses, check=check)
    scale = column.scale or 0
    sql = f"DECIMAL({column.precision},{max(scale, 0)})"
    if column.precision <= _EXACT_DIGITS or (scale == 0 and column.precision <= _EXACT_INTEGER_DIGITS):
        return NativeType(sql, check=check)
    refuses = (f"keeps {_EXACT_DIGITS} digits, the source has up to {column.precision}",)
    return NativeType(sql, refuses=refuses, check=check)


_MAKERS: dict[Kind, Callable[[ColumnType, str], NativeType]] = {
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "text": _text,
    "bytes": _bytes,
    "enum": _enum,
    "array": _array,
    "interval": _interval,
    "time": _time,
    "timestamp": _timestamp,
}
