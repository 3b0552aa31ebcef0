"""The types of columns in PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.databases.creation.draft import NativeType
from core.databases.creation.native import LONG_TEXT, told_as_plain
from core.databases.postgresql import ENGINE
from core.databases.postgresql.reflect import COLLATIONS
from core.databases.schema import ColumnType, Kind

_LONGEST_TEXT = 10_485_760
_MOST_DIGITS = 1000
_SECONDS_DIGITS = 6
_LONGEST_LABEL = 63
_OWN_TEXTS = re.compile(
    r"inet|cidr|macaddr8?|bit(?: varying)?(?:\(\d{1,8}\))?|money|xml|tsvector|tsquery|point|line|lseg|box|path|polygon|"
    r"circle|(?:int4|int8|num|ts|tstz|date)(?:multi)?range|oid|pg_lsn|jsonpath|character\(\d{1,8}\)|character varying"
)
_INTERVAL = re.compile(
    r"interval(?: (?:year|month|day|hour|minute|second)(?: to (?:month|hour|minute|second))?)?(?:\([0-6]\))?"
)
_UNSORTABLE = {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "jsonpath", "circle"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What else decides a column's type: where it comes from, whether it counts (or refers to what does), whether it
    is in a key, and the quoted name of the type that was made for its enum.
    """

    source: str
    counts: bool = False
    in_key: bool = False
    enum: str = ""


def native_type(column: ColumnType, setting: Setting) -> NativeType:
    """Return the type that holds all values of a column.

    JSON of another engine is JSON here, which keeps its text as it is; only in a key it is JSONB.
    """
    made = _PLAIN[column.kind] if column.kind in _PLAIN else _MAKERS[column.kind](column, setting)
    if column.kind == "text" and setting.source == ENGINE and column.collation in COLLATIONS:
        return replace(made, sql=f'{made.sql} COLLATE "{column.collation}"')
    return made


def is_enum(column: ColumnType) -> bool:
    """Whether the values can be those of a type of their own."""
    values = column.values
    return bool(values) and all(0 <= len(value.encode()) <= _LONGEST_LABEL and "\0" not in value for value in values)


def is_sortable(type_: str) -> bool:
    """Whether a column of this type can be in a key or an index."""
    return type_.lower() not in _UNSORTABLE


def _integer(column: ColumnType, setting: Setting) -> NativeType:
    check, told = "{} >= 0" if column.unsigned else "", told_as_plain(column, setting.source)
    bits = (column.bits or 64) + (1 if column.unsigned else 0)
    if bits > 64 and not setting.counts:
        return NativeType("NUMERIC(20)", told, check=check)
    refuses = ("holds up to 9223372036854775807, the source up to 18446744073709551615",) if bits > 64 else ()
    return NativeType("SMALLINT" if bits <= 16 else "INTEGER" if bits <= 32 else "BIGINT", told, refuses, check)


def _float(column: ColumnType, _: Setting) -> NativeType:
    return NativeType("REAL" if column.bits == 32 else "DOUBLE PRECISION")


def _decimal(column: ColumnType, _: Setting) -> NativeType:
    check = "{} >= 0" if column.unsigned else ""
    if column.precision is None:
        return NativeType("NUMERIC", check=check)
    scale = column.scale or 0
    if 1 <= column.precision <= _MOST_DIGITS and -_MOST_DIGITS <= scale <= _MOST_DIGITS:
        return NativeType(f"NUMERIC({column.precision},{scale})", check=check)
    return NativeType("NUMERIC", (f"is not held to {column.precision} digits",), check=check)


def _text(column: ColumnType, setting: Setting) -> NativeType:
    if setting.source == ENGINE and _OWN_TEXTS.fullmatch(column.native):
        return NativeType(column.native)
    length = column.length
    if length is not None and 1 <= length <= _LONGEST_TEXT and length < LONG_TEXT:
        return NativeType(f"VARCHAR({length})", length=length)
    return NativeType("TEXT", told_as_plain(column, setting.source))


def _time(column: ColumnType, _: Setting) -> NativeType:
    digits = "" if column.precision is None else f"({min(max(column.precision, 0), _SECONDS_DIGITS)})"
    zone = " WITH TIME ZONE" if column.zoned else ""
    return NativeType(f"{column.kind.upper()}{digits}{zone}")


def _interval(column: ColumnType, setting: Setting) -> NativeType:
    own = setting.source == ENGINE and _INTERVAL.fullmatch(column.native)
    return NativeType(column.native if own else "INTERVAL")


def _json(column: ColumnType, setting: Setting) -> NativeType:
    if setting.source == ENGINE:
        return NativeType("JSONB" if column.native == "jsonb" else "JSON")
    if setting.in_key:
        return NativeType("JSONB", ("JSON keeps its meaning, not its spacing and order",))
    return NativeType("JSON")


def _enum(_: ColumnType, setting: Setting) -> NativeType:
    if setting.enum:
        return NativeType(setting.enum)
    return NativeType("TEXT", ("the enum becomes text, for its values are none that PostgreSQL has",))


def _array(column: ColumnType, setting: Setting) -> NativeType:
    if column.element is None or column.element.kind in {"array", "any"}:
        return NativeType("JSON", ("the array becomes JSON",))
    element = native_type(column.element, Setting(setting.source, enum=setting.enum))
    return NativeType(f"{element.sql}[]", element.losses)


_PLAIN = {
    "boolean": NativeType("BOOLEAN"),
    "date": NativeType("DATE"),
    "uuid": NativeType("UUID"),
    "bytes": NativeType("BYTEA"),
    "any": NativeType("TEXT", ("any value becomes text",)),
}
_MAKERS: dict[Kind, Callable[[ColumnType, Setting], NativeType]] = {
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "text": _text,
    "time": _time,
    "timestamp": _time,
    "interval": _interval,
    "json": _json,
    "enum": _enum,
    "array": _array,
}
