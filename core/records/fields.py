"""One column of a table as people edit it: what it may hold, in words and as JSON Schema, and how it is checked."""

from __future__ import annotations

import base64
import binascii
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy.sql.elements import ColumnElement

from core.databases.numbers import single
from core.databases.schema import Column, ColumnType, Kind, Table
from core.databases.values import Conversion, conversion
from core.documents import Path, Problem, said_value
from core.forms.form import Json
from core.records import sqlite
from core.records.engines import Engine
from core.records.jsontext import is_tagged
from core.records.moments import checked_day, line_of_timestamp, shown_time, shown_timestamp
from core.records.raw import MOST_BYTES, Reading, is_kept
from core.records.schemas import schema_of, words_of

_SPECIAL = {"NaN", "Infinity", "-Infinity"}


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A column; `read_only` says why it cannot be changed, and is empty where it can.

    `required` is whether a new row must say it.
    """

    name: str
    column: Column
    sql: ColumnElement[Any]
    reading: Reading
    engine: Engine
    type: ColumnType
    read_only: str
    required: bool
    allowed: str
    schema: Json

    def checked(self, value: Any, path: Path) -> tuple[Any, Problem | None]:
        """Return a value as it is compared and stored, or what is wrong with it."""
        if value is None:
            return None, None if self._may_be_null() else Problem(path, "null", self.allowed)
        if is_kept(value):
            return value, None
        try:
            found = self._normalised(value)
            self.engine.bound(self.column, found)
        except ValueError as error:
            reason = str(error)
            found = said_value(value)
            is_own = reason and not reason.startswith(("'", '"'))  # others only say the value again
            return None, Problem(path, f"{found}, {reason}" if is_own else found, self.allowed)
        return found, None

    def bound(self, value: Any) -> Any:
        """Return a checked value as the driver takes it."""
        return None if value is None else self.engine.bound(self.column, value)

    def _may_be_null(self) -> bool:
        return self.column.nullable or bool(self.read_only)

    def _normalised(self, value: Any) -> Any:
        kind = self.type.kind
        if isinstance(value, dict) and kind != "json" and len(value) == 1:
            ((tag, inner),) = value.items()
            if tag in self.engine.TAGS:
                return _tagged(tag, inner)
        return _CHECKS[kind](self, value)


def _tagged(tag: str, inner: Any) -> Json:
    match tag, inner:
        case "$integer", int() if not isinstance(inner, bool) and abs(inner) < 1 << 64:
            return {tag: inner}
        case "$real", (float() | int()) if not isinstance(inner, bool):
            return {tag: float(inner)}
        case ("$real", "Infinity" | "-Infinity") | ("$text", str()):
            return {tag: inner if tag == "$real" else _whole_text(inner, nul=True)}
        case "base64", str():
            return {tag: _base64(inner)}
        case _:
            raise ValueError(f"what {tag} may not say")


def _whole_text(text: str, *, nul: bool = False) -> str:
    if "\0" in text and not nul:
        raise ValueError("with a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("with half a character") from error
    return text


def _base64(text: str) -> str:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("which is no base64") from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data):,} bytes")
    return base64.b64encode(data).decode()


def _of(kinds: type | tuple[type, ...], value: Any) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise ValueError


def _boolean(_field: Field, value: Any) -> Any:
    _of(bool, value)
    return value


def _integer(field: Field, value: Any) -> Any:
    _of(int, value)
    bits = field.type.bits or 64
    low, high = (0, (1 << bits) - 1) if field.type.unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    if not low <= value <= high:
        raise ValueError
    return value


def _converted(type_: ColumnType, text: str) -> Any:
    """Return what a portable backup would put into a column of that type for a value of the same kind."""
    found = _conversion(type_)
    if found is None:
        raise ValueError
    (value,) = found.column((text,))
    return value


@lru_cache(maxsize=1024)
def _conversion(type_: ColumnType) -> Conversion | None:
    return conversion(ColumnType(kind=type_.kind, zoned=type_.zoned), type_)


def _decimal(field: Field, value: Any) -> Any:
    _of((str, int, float), value)
    text = value if isinstance(value, str) else repr(value)
    if len(text) > 200_000:
        raise ValueError("too many digits")
    digits = str(_converted(field.type, text))
    if digits in _SPECIAL and field.engine.NAME != "postgresql":
        raise ValueError("which this database does not have")
    return digits


def _float(field: Field, value: Any) -> Any:
    if isinstance(value, str) and value in _SPECIAL and field.engine.NAME == "postgresql":
        return value
    _of((int, float), value)
    number = float(value) if abs(value) < 1 << 1023 else math.inf
    if not math.isfinite(single(number) if field.type.bits == 32 else number):
        raise ValueError("too large")
    return number


def _text(field: Field, value: Any) -> Any:
    _of(str, value)
    most = field.type.length
    if most is not None and len(value) > most:
        raise ValueError(f"{len(value):,} characters")
    return _whole_text(value)


def _enum(field: Field, value: Any) -> Any:
    if field.type.values and value not in field.type.values:
        raise ValueError
    return _text(field, value)


def _bytes(field: Field, value: Any) -> Any:
    if not isinstance(value, dict) or value.keys() != {"base64"} or not isinstance(value["base64"], str):
        raise ValueError
    data = _base64(value["base64"])
    size = len(base64.b64decode(data))
    if field.type.length is not None and size > field.type.length:
        raise ValueError(f"{size:,} bytes")
    return {"base64": data}


def _as_sqlite_keeps_it(kind: Kind, value: str) -> str:
    if not sqlite.fits(kind, value):
        raise ValueError
    return _whole_text(value)


def _date(field: Field, value: Any) -> Any:
    _of(str, value)
    if field.engine.NAME == "sqlite":
        return _as_sqlite_keeps_it("date", value)
    return checked_day(str(_converted(field.type, value)))


def _time(field: Field, value: Any) -> Any:
    _of(str, value)
    if field.engine.NAME == "sqlite":
        return _as_sqlite_keeps_it("time", value)
    return shown_time(str(_converted(field.type, value)))


def _timestamp(field: Field, value: Any) -> Any:
    _of(str, value)
    if field.engine.NAME == "sqlite":
        return _as_sqlite_keeps_it("timestamp", value)
    line = line_of_timestamp(value, zoned=field.type.zoned)
    return shown_timestamp(str(_converted(field.type, line)))


def _uuid(field: Field, value: Any) -> Any:
    _of(str, value)
    if field.engine.NAME == "sqlite":
        return _as_sqlite_keeps_it("uuid", value)
    return str(uuid.UUID(value))


def _json(_field: Field, value: Any) -> Any:
    looks = isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$")
    if looks and not is_tagged(value):
        raise ValueError('a lone key that begins with $ must be put into {"$json": ...}')
    try:
        _whole_text(json.dumps(value, ensure_ascii=False), nul=True)
    except RecursionError as error:
        raise ValueError("too many levels") from error
    return value


def _array(field: Field, value: Any) -> Any:
    if isinstance(value, str) and value.startswith("["):
        return _whole_text(value)
    _of(list, value)
    element = field.type.element or ColumnType(kind="text")
    return _items(element, value)


def _items(element: ColumnType, items: list[Any]) -> list[Any]:
    return [_items(element, item) if isinstance(item, list) else _item(element.kind, item) for item in items]


def _item(kind: Kind, item: Any) -> Any:
    if item is None:
        return None
    match kind:
        case "boolean":
            _of(bool, item)
        case "integer":
            _of(int, item)
        case "float":
            _of((int, float, str), item)
            return float(item) if item not in _SPECIAL else item
        case _:
            _of(str, item)
            return _whole_text(item)
    return item


def _any(_field: Field, value: Any) -> Any:
    _of((str, int, float), value)
    return _whole_text(value) if isinstance(value, str) else value


_CHECKS: dict[Kind, Callable[[Field, Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "text": _text,
    "bytes": _bytes,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "interval": _text,
    "uuid": _uuid,
    "json": _json,
    "enum": _enum,
    "array": _array,
    "any": _any,
}


def make_field(engine: Engine, table: Table, column: Column, sql: ColumnElement[Any], *, is_key: bool) -> Field:
    """Return a column of a table as it is edited."""
    why = "it tells the row from the others" if is_key else _why_not(column)
    type_ = engine.limits(column.type)
    refers = next((key for key in table.foreign_keys if key.columns == (column.name,)), None)
    return Field(
        name=column.name,
        column=column,
        sql=sql,
        reading=engine.reading(column, sql),
        engine=engine,
        type=type_,
        read_only=why,
        required=not (column.nullable or column.default or column.identity or column.updated or column.computed),
        allowed=words_of(type_, nullable=column.nullable),
        schema=schema_of(column, type_, read_only=why, refers=refers, tags=engine.TAGS),
    )


def _why_not(column: Column) -> str:
    if column.computed is not None:
        return "the database computes it"
    if column.type.native.lower().startswith(("geom", "point", "linestring", "polygon", "multi", "vector")):
        return f"{column.type.native} has no form that can be edited"
    return ""
