"""Values of MariaDB and MySQL as JSON."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.databases.mysql.reflect import read_schema
from core.databases.schema import Column, ColumnType, Kind, Schema
from core.records.jsontext import json_of, text_of
from core.records.moments import line_of_timestamp, shown_time, shown_timestamp
from core.records.raw import MOST_BYTES, MOST_TEXT, Reading, kept

NAME = "mysql"
TAGS = frozenset({"$integer", "$text"})

_SHAPES = ("geometry", "point", "linestring", "polygon", "multi", "geom", "vector")
# Else a value that does not fit is cut, and said to be stored.
_PREPARE = sa.text("SET SESSION time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
_ESTIMATES = sa.text(
    "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_rows >= 0"
)
_UNSAFE = sa.text(
    "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() AND engine <> 'InnoDB'"
)
_NEVER = "0000-00-00"


def prepare(session: Session) -> None:
    session.execute(_PREPARE)


def schemas(session: Session) -> Iterator[tuple[str, str | None, Schema]]:
    yield "", None, read_schema(session.connection())


def limits(type_: ColumnType) -> ColumnType:
    return type_


def unsafe(session: Session) -> dict[str, str]:
    return {name: f"its engine, {engine}, knows no transactions" for name, engine in session.execute(_UNSAFE)}


def estimates(session: Session) -> dict[str, int]:
    return {name: int(rows) for name, rows in session.execute(_ESTIMATES)}


def insertion(rows: sa.TableClause, values: Mapping[Any, Any]) -> sa.Executable:
    return sa.insert(rows).values(values)


def label(sql: ColumnElement[Any], most: int) -> ColumnElement[Any]:
    return sa.func.left(sa.cast(sql, CHAR(charset="utf8mb4")), most)


def reading(column: Column, sql: ColumnElement[Any]) -> Reading:
    kind, native = column.type.kind, column.type.native.lower()
    if kind == "bytes" or native.startswith(_SHAPES):
        most = MOST_BYTES if kind == "bytes" else -1
        return _large(sql, sql, most, _shown_bytes)
    if native.startswith("bit") or "zerofill" in native:
        return _plain(sql.op("+")(sa.literal_column("0")), int if kind == "integer" else str)
    if kind in {"boolean", "integer"}:
        return _plain(sql, _SHOWN[kind])
    if kind == "float":
        return _plain(sql.op("+")(sa.literal_column("0e0")), float)
    text = sa.cast(sql, CHAR(charset="utf8mb4"))
    shown = _SHOWN.get(kind, str)
    if kind == "timestamp" and column.type.zoned:
        shown = partial(_shown_timestamp, "+00")
    return _large(text, text, MOST_TEXT, shown) if kind in {"text", "json"} else _plain(text, shown)


def _plain(sql: ColumnElement[Any], shown: Callable[[Any], Any]) -> Reading:
    return Reading((sql,), lambda raw: None if raw[0] is None else shown(raw[0]))


def _large(value: ColumnElement[Any], as_bytes: ColumnElement[Any], most: int, shown: Callable[[Any], Any]) -> Reading:
    size = sa.func.octet_length(value)
    wanted = (
        sa.case((size <= most, value)),
        sa.case((size > most, size)),
        sa.case((size > most, sa.func.sha2(as_bytes, 256))),
    )
    return Reading(wanted, partial(_shown_large, shown))


def _shown_large(shown: Callable[[Any], Any], raw: Sequence[Any]) -> Any:
    value, size, digest = raw
    if size is not None:
        return kept(size, digest.decode() if isinstance(digest, bytes) else digest)
    return None if value is None else shown(value)


def _shown_bytes(value: bytes) -> Any:
    return {"base64": base64.b64encode(value).decode()}


def _shown_boolean(value: int) -> Any:
    return bool(value) if value in {0, 1} else {"$integer": int(value)}


def _shown_day(text: str) -> Any:
    return {"$text": text} if text.startswith(_NEVER) else text


def _shown_timestamp(zone: str, text: str) -> Any:
    return {"$text": text} if text.startswith(_NEVER) else shown_timestamp(text + zone)


_SHOWN: dict[Kind, Callable[[Any], Any]] = {
    "boolean": _shown_boolean,
    "integer": int,
    "json": json_of,
    "date": _shown_day,
    "time": shown_time,
    "timestamp": partial(_shown_timestamp, ""),
}


def bound(column: Column, value: Any) -> Any:
    kind = column.type.kind
    if isinstance(value, dict) and kind != "json":
        ((tag, inner),) = value.items()
        return base64.b64decode(inner) if tag == "base64" else inner
    match kind:
        case "json":
            return text_of(value)
        case "decimal":
            return Decimal(value)  # which is compared as a number, and not as one with a floating point
        case "boolean":
            return int(value)
        case "timestamp":
            return line_of_timestamp(value, zoned=column.type.zoned).removesuffix("+00")
        case _:
            return value
