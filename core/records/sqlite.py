"""Values of SQLite as JSON: each as it is stored, for a column holds what it was given, whatever its type says.

What is not of its column's type says what it is: {"$integer": 5}, {"$real": 1.5}, {"$text": "maybe"}.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.databases.schema import Column, ColumnType, Kind, Schema
from core.databases.sqlite.reflect import read_schema
from core.databases.sqlite.stored import stored_conversion
from core.databases.values import Conversion
from core.errors import GreenroomError
from core.records.jsontext import json_of
from core.records.raw import MOST_BYTES, MOST_TEXT, Reading, kept

NAME = "sqlite"
TAGS = frozenset({"$integer", "$real", "$text", "base64"})

_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_DIGEST = "greenroom_sha256"
_STATISTICS = sa.text("SELECT tbl, stat FROM sqlite_stat1")


def _raw_connection(session: Session) -> sqlite3.Connection:
    return cast("sqlite3.Connection", session.connection().connection.driver_connection)


def prepare(session: Session) -> None:
    known = session.connection().info
    if _DIGEST not in known:  # it cannot be made anew while rows are being read
        known[_DIGEST] = True
        _raw_connection(session).create_function(
            _DIGEST, 1, lambda value: sha256(value).hexdigest(), deterministic=True
        )


def schemas(session: Session) -> Iterator[tuple[str, str | None, Schema]]:
    connection = _raw_connection(session)
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        raise GreenroomError(
            f"the database keeps its text as {encoding}", hint="records are edited where text is kept as UTF-8"
        )
    yield "", None, read_schema(connection)


def limits(type_: ColumnType) -> ColumnType:
    """SQLite heeds neither lengths nor digits."""
    nothing = {"length": None, "precision": None, "scale": None, "unsigned": False}
    return type_.model_copy(update={**nothing, "bits": 64 if type_.kind in {"integer", "float"} else None})


def unsafe(session: Session) -> dict[str, str]:
    del session
    return {}


def estimates(session: Session) -> dict[str, int]:
    """SQLite knows them where somebody ran ANALYZE."""
    known = session.execute(sa.text("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")).first()
    found = session.execute(_STATISTICS).all() if known else []
    return {str(name): int(str(said).split()[0]) for name, said in found if str(said).split()[0].isdecimal()}


def insertion(rows: sa.TableClause, values: Mapping[Any, Any]) -> sa.Executable:
    return sa.insert(rows).values(values)


def label(sql: ColumnElement[Any], most: int) -> ColumnElement[Any]:
    """Bytes, and text that is not UTF-8, must not come as text: the driver would refuse them."""
    return sa.case((sa.func.typeof(sql) == "blob", None), else_=sa.cast(sa.func.substr(sql, 1, most), sa.BLOB))


def reading(column: Column, sql: ColumnElement[Any]) -> Reading:
    stored = sa.func.typeof(sql)
    as_bytes = sa.cast(sql, sa.BLOB)
    size = sa.func.length(as_bytes)
    is_large = sa.or_(
        sa.and_(stored == "text", size > MOST_TEXT),
        sa.and_(stored == "blob", size > MOST_BYTES),
    )
    value = sa.case((is_large, None), (stored == "text", as_bytes), else_=sql)
    return Reading(
        (
            stored,
            value,
            sa.case((is_large, size)),
            sa.case((is_large, getattr(sa.func, _DIGEST)(as_bytes))),
        ),
        partial(_shown, column.type),
    )


def _shown(type_: ColumnType, raw: Sequence[Any]) -> Any:
    stored, value, size, digest = raw
    if size is not None:
        return kept(size, digest)
    if stored == "text":
        return _shown_text(type_, value)
    if stored == "blob":
        return {"base64": base64.b64encode(value).decode()}
    if stored == "integer":
        return _shown_integer(type_.kind, value)
    return _shown_real(type_.kind, value) if stored == "real" else None


def _shown_integer(kind: Kind, value: int) -> Any:
    if kind in {"integer", "any", "json"}:
        return value
    if kind == "boolean" and value in {0, 1}:
        return bool(value)
    return str(value) if kind == "decimal" else {"$integer": value}


def _shown_real(kind: Kind, value: float) -> Any:
    if not math.isfinite(value):
        return {"$real": "Infinity" if value > 0 else "-Infinity"}
    if kind in {"float", "any", "json"}:
        return value
    return repr(value) if kind == "decimal" else {"$real": value}


def _shown_text(type_: ColumnType, stored: bytes) -> Any:
    try:
        text = stored.decode()
    except UnicodeDecodeError:
        return kept(len(stored), sha256(stored).hexdigest())
    if type_.kind == "json":
        return json_of(text)
    fits = _FITS.get(type_.kind)
    is_one = fits is not None and "\0" not in text and fits(text)
    return text if is_one and (not type_.values or text in type_.values) else {"$text": text}


def _is_time(text: str) -> bool:
    return _reads(dt.time.fromisoformat, text)


def is_timestamp(text: str) -> bool:
    """Tell whether a text is a time as Python's drivers, and others, keep it in SQLite."""
    return len(text) > len("2026-01-01") and _reads(dt.datetime.fromisoformat, text)


def _is_day(text: str) -> bool:
    return len(text) == len("2026-01-01") and _reads(dt.date.fromisoformat, text)


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _always(_text: str) -> bool:
    return True


_FITS: dict[Kind, Callable[[str], bool]] = {
    "text": _always,
    "any": _always,
    "enum": _always,
    "interval": _always,
    "date": _is_day,
    "time": _is_time,
    "timestamp": is_timestamp,
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
}


def fits(kind: Kind, text: str) -> bool:
    """Tell whether a text is one of a column of that kind, as SQLite keeps it."""
    check = _FITS.get(kind)
    return check is None or check(text)


def bound(column: Column, value: Any) -> Any:
    type_ = column.type
    if type_.kind == "json":
        return _converted("json", type_, json.dumps(value, ensure_ascii=False))
    if isinstance(value, dict):
        ((tag, inner),) = value.items()
        value = base64.b64decode(inner) if tag == "base64" else float(inner) if tag == "$real" else inner
        return _converted("any", type_, value)
    if type_.kind == "decimal":
        return _converted("decimal", type_, value)
    return _converted("any", type_, value)


def _converted(kind: Kind, type_: ColumnType, value: Any) -> Any:
    conversion = _conversion(kind, type_)
    if conversion is None:
        raise ValueError(f"{kind} in a column for {type_.kind}")
    (stored,) = conversion.column((value,))
    return stored


@lru_cache(maxsize=1024)
def _conversion(kind: Kind, type_: ColumnType) -> Conversion | None:
    """Of a value that is neither JSON nor a decimal, it only counts how SQLite would store it."""
    target = type_.model_copy(update={"kind": "any"}) if kind == "any" else type_
    return stored_conversion(ColumnType(kind=kind), target)
