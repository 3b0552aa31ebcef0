"""Defaults in a target's words."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation

from core.databases.creation.draft import NativeType
from core.databases.creation.expressions import translate
from core.databases.creation.families import LeftOutError
from core.databases.creation.literals import bytes_literal, text_literal
from core.databases.schema import Column, ColumnType

Value = str | int | float | bool
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d{1,6})?"
_ZONE = r"(?: ?[+-]\d\d(?::\d\d)?| ?UTC)?"
_SHAPES = {
    "date": re.compile(_DAY),
    "time": re.compile(_CLOCK + _ZONE),
    "timestamp": re.compile(f"{_DAY}(?:[ T]{_CLOCK}{_ZONE})?"),
    "uuid": re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE),
    "interval": re.compile(r"P[-.\dYMDWTHS]+"),
}
_NUMBER = re.compile(r"[-+]?(?:\d{1,1000}(?:\.\d{0,1000})?|\.\d{1,1000})(?:[eE][-+]?\d{1,3})?")
_HEXADECIMAL = re.compile(r"\\x((?:[0-9a-fA-F]{2})*)|[xX]'((?:[0-9a-fA-F]{2})*)'")
_AND_ON_UPDATE = re.compile(
    r"(current_timestamp|now)(\(\d?\))? on update (current_timestamp|now)(\(\d?\))?", re.IGNORECASE
)
_LONG = re.compile(r"LONG|JSON|TEXT|MEDIUM|TINYTEXT")
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_SIZES = {8: 8, 16: 16, 24: 24, 32: 32, 64: 64, None: 64}


def default_clause(column: Column, native: NativeType, source: str, target: str, *, mariadb: bool) -> str:
    """Return what stands after DEFAULT; raise LeftOutError where the target cannot have this default."""
    default = column.default
    if default is None:
        raise LeftOutError("there is none")
    if default.kind == "now":
        return _now(column.type, native, source, target)
    value = default.value
    if default.kind == "sql":
        return _expression(column, str(value), native, source, target)
    if value is None:
        return "NULL"
    said = _literal(column.type, value, native, source, target)
    if target != "mysql" or not _LONG.match(native.sql):
        return said
    if said.startswith("_utf8mb4"):  # MariaDB would not read again what it makes of this for a long text
        return f"(CONVERT({said.removeprefix('_utf8mb4 ')} USING utf8mb4))"
    return said if mariadb else f"({said})"


def _expression(column: Column, sql: str, native: NativeType, source: str, target: str) -> str:
    if column.type.kind == "bytes" and _HEXADECIMAL.fullmatch(sql):
        return _literal(column.type, sql, native, source, target)
    updated = _AND_ON_UPDATE.fullmatch(sql)
    if updated is None:
        return f"({translate(sql, source, target, None, column).sql})"
    now = _now(column.type, native, source, target)
    return f"{now} ON UPDATE {now}" if target == "mysql" else now


def now_clause(native: NativeType) -> str:
    """Return what MariaDB sets a column of this type to with each update."""
    return _now(ColumnType(kind="timestamp"), native, "mysql", "mysql")


def is_updated(column: Column) -> bool:
    """Whether MariaDB sets the column to the time of each update."""
    default = column.default
    return default is not None and default.kind == "sql" and _AND_ON_UPDATE.fullmatch(str(default.value)) is not None


def _now(type_: ColumnType, native: NativeType, source: str, target: str) -> str:
    """Return the time of the insert: in UTC where the source says it so, and where the target keeps UTC."""
    forms = _NOW[target]
    digits = (re.findall(r"\(\d\)", native.sql) or [""])[-1]
    kind = {"any": "text"}.get(type_.kind, type_.kind)
    keeps_utc = target == "mysql" and type_.zoned and native.sql.startswith("DATETIME")
    if kind == "timestamp" and (keeps_utc or (source == "sqlite" and not type_.zoned)):
        kind = "in UTC"
    if kind not in forms:
        raise LeftOutError("a time is none of the column's values")
    return forms[kind].format(digits=digits)


_NOW = {
    "sqlite": {
        "date": "CURRENT_DATE",
        "time": "CURRENT_TIME",
        "timestamp": "CURRENT_TIMESTAMP",
        "in UTC": "CURRENT_TIMESTAMP",
        "text": "CURRENT_TIMESTAMP",
    },
    "postgresql": {
        "date": "CURRENT_DATE",
        "time": "CURRENT_TIME",
        "timestamp": "CURRENT_TIMESTAMP",
        "in UTC": "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')",
        "text": "(TO_CHAR(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))",
    },
    "mysql": {
        "date": "(CURRENT_DATE)",
        "time": "(CURRENT_TIME{digits})",
        "timestamp": "CURRENT_TIMESTAMP{digits}",
        "in UTC": "(UTC_TIMESTAMP{digits})",
        "text": "(CAST(UTC_TIMESTAMP() AS CHAR))",
    },
}


def _literal(type_: ColumnType, value: Value, native: NativeType, source: str, target: str) -> str:
    match type_.kind:
        case "boolean":
            return _boolean(value)
        case "integer" | "decimal" | "float":
            return _number(type_, value, target)
        case "bytes":
            return bytes_literal(target, _bytes(str(value)))
        case "array":
            return _array(str(value), source, target)
        case "any" if not isinstance(value, str) and target == "sqlite":
            return _number(ColumnType(kind="float"), value, target)
    text = _texts(type_, value, source, target)
    if native.length is not None and len(text) > native.length:
        raise LeftOutError(f"it is longer than {native.length}")
    try:
        return text_literal(target, text)
    except ValueError as error:
        raise LeftOutError(str(error)) from error


def _boolean(value: object) -> str:
    truth = _TRUTHS.get(str(value).lower())
    if truth is None:
        raise LeftOutError("it is neither true nor false")
    return "TRUE" if truth else "FALSE"


def _number(type_: ColumnType, value: Value, target: str) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if not _NUMBER.fullmatch(text):
        raise LeftOutError("it is no number")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise LeftOutError("it is no number") from error
    if type_.kind == "integer":
        bits = 64 if target == "sqlite" else _SIZES[type_.bits]
        low, high = (0, 1 << bits) if type_.unsigned and target == "mysql" else (-1 << (bits - 1), 1 << (bits - 1))
        if number != number.to_integral_value() or not low <= number < high:
            raise LeftOutError("the column cannot hold it")
        return str(int(number))
    if (
        type_.kind == "decimal"
        and type_.precision is not None
        and abs(number) >= 10 ** max(type_.precision - (type_.scale or 0), 0)
    ):
        raise LeftOutError("the column cannot hold it")
    if type_.kind == "float" and abs(number) > Decimal("1.7e308"):
        raise LeftOutError("the column cannot hold it")
    return text


def _bytes(text: str) -> bytes:
    hexadecimal = _HEXADECIMAL.fullmatch(text)
    return bytes.fromhex(hexadecimal[1] or hexadecimal[2] or "") if hexadecimal else text.encode()


def _array(text: str, source: str, target: str) -> str:
    if source == target:
        return text_literal(target, text)
    if text == "{}":
        return "'[]'"
    raise LeftOutError("it is an array")


def _texts(type_: ColumnType, value: Value, source: str, target: str) -> str:
    """Return the text of a value, where the column's kind takes it."""
    text = str(value)
    if type_.kind == "enum" and type_.values and text not in type_.values:
        raise LeftOutError("it is none of the enum's values")
    shape = _SHAPES.get(type_.kind)
    if shape is not None and source != target and not shape.fullmatch(text):
        raise LeftOutError(f"it is no {type_.kind} there")
    if type_.kind == "timestamp" and target == "mysql" and re.search(f"{_CLOCK}{_ZONE[:-1]}$", text):
        raise LeftOutError("it has a zone")
    if type_.kind == "json":
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LeftOutError("it is no JSON") from error
    return text
