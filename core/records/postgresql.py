"""Values of PostgreSQL as JSON: all travel as text, which the server reads by the type of the column."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import ColumnElement

from core.databases.postgresql.reflect import read_schema
from core.databases.quoting import double_quoted
from core.databases.schema import Column, ColumnType, Kind, Schema
from core.records.jsontext import json_of, text_of
from core.records.moments import shown_time, shown_timestamp
from core.records.raw import MOST_BYTES, MOST_TEXT, Reading, kept

NAME = "postgresql"
TAGS: frozenset[str] = frozenset()

_PREPARE = sa.text("""
    SELECT set_config('TimeZone', 'UTC', TRUE), set_config('DateStyle', 'ISO', TRUE),
        set_config('IntervalStyle', 'iso_8601', TRUE), set_config('extra_float_digits', '1', TRUE),
        set_config('bytea_output', 'hex', TRUE)
""")
_PATH = sa.text("SELECT set_config('search_path', :path, TRUE)")
_OWN = sa.text("SELECT current_schema(), current_setting('search_path')")
_SCHEMAS = sa.text("""
    SELECT nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', coalesce(current_schema(), ''))
        AND has_schema_privilege(oid, 'USAGE')
        AND EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_namespace.oid AND relkind IN ('r', 'p', 'v'))
    ORDER BY nspname
""")
_ESTIMATES = sa.text("""
    SELECT CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END, c.reltuples
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.reltuples >= 0
""")
_PLAIN_ELEMENTS = {"boolean", "integer", "float"}
_LARGE: set[Kind] = {"text", "json", "array", "decimal"}


def prepare(session: Session) -> None:
    session.execute(_PREPARE)


def schemas(session: Session) -> Iterator[tuple[str, str | None, Schema]]:
    connection = session.connection()
    own, path = session.execute(_OWN).one()
    if own is not None:
        yield "", own, read_schema(connection)
    try:
        for name in session.execute(_SCHEMAS).scalars().all():
            session.execute(_PATH, {"path": double_quoted(name)})
            yield f"{name}.", name, read_schema(connection)
    finally:
        session.execute(_PATH, {"path": path})


def limits(type_: ColumnType) -> ColumnType:
    return type_


def unsafe(session: Session) -> dict[str, str]:
    del session
    return {}


def estimates(session: Session) -> dict[str, int]:
    return {name: int(rows) for name, rows in session.execute(_ESTIMATES)}


class _Overriding(Insert):
    """An insert whose values stand even in a column that is always counted."""

    inherit_cache = False


@compiles(_Overriding)
def _overriding(element: _Overriding, compiler: SQLCompiler, **words: Any) -> str:
    # The values are the last of the statement, and all of them are parameters.
    said = str(compiler.visit_insert(element, **words))  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
    head, values, tail = said.rpartition(" VALUES (")
    return f"{head} OVERRIDING SYSTEM VALUE{values}{tail}"


def insertion(rows: sa.TableClause, values: Mapping[Any, Any]) -> sa.Executable:
    return _Overriding(rows).values(values)


def label(sql: ColumnElement[Any], most: int) -> ColumnElement[Any]:
    return sa.func.left(sa.cast(sql, sa.Text), most)


def reading(column: Column, sql: ColumnElement[Any]) -> Reading:
    kind = column.type.kind
    if kind == "bytes":
        return _large(sql, sql, MOST_BYTES, _shown_bytes)
    text: ColumnElement[Any] = sa.cast(sql, sa.Text)
    if kind == "array":
        text = _array(column.type, sql)
    shown = _SHOWN.get(kind, str)
    if kind in _LARGE:
        return _large(text, sa.func.convert_to(text, "UTF8"), MOST_TEXT, shown)
    return Reading((text,), lambda raw: None if raw[0] is None else shown(raw[0]))


def _large(value: ColumnElement[Any], as_bytes: ColumnElement[Any], most: int, shown: Callable[[Any], Any]) -> Reading:
    size = sa.func.octet_length(value)
    wanted = (
        sa.case((size <= most, value)),
        sa.case((size > most, size)),
        sa.case((size > most, sa.func.encode(sa.func.sha256(as_bytes), "hex"))),
    )
    return Reading(wanted, partial(_shown_large, shown))


def _shown_large(shown: Callable[[Any], Any], raw: Sequence[Any]) -> Any:
    value, size, digest = raw
    if size is not None:
        return kept(size, digest)
    return None if value is None else shown(value)


def _array(type_: ColumnType, sql: ColumnElement[Any]) -> ColumnElement[Any]:
    """A list, or the text of one whose first index is not 1."""
    text = sa.cast(sql, sa.Text)
    plain = type_.element is not None and type_.element.kind in _PLAIN_ELEMENTS
    # The name of the type is none of a user's.
    items = sql if plain else sa.cast(sql, sa.ARRAY(sa.Text))
    as_json = sa.cast(sa.func.to_json(items), sa.Text)
    odd = sa.cast(sa.func.to_json(text), sa.Text)
    return sa.case((sa.func.left(text, 1) == "[", odd), else_=as_json)


def _shown_bytes(value: bytes) -> Any:
    return {"base64": base64.b64encode(bytes(value)).decode()}


def _shown_float(text: str) -> Any:
    return text if text in {"NaN", "Infinity", "-Infinity"} else float(text)


_SHOWN: dict[Kind, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    "integer": int,
    "float": _shown_float,
    "json": json_of,
    "array": json.loads,
    "timestamp": shown_timestamp,
    "time": shown_time,
}


def bound(column: Column, value: Any) -> Any:
    match column.type.kind:
        case "boolean":
            return "true" if value else "false"
        case "bytes":
            return "\\x" + base64.b64decode(value["base64"]).hex()
        case "json":
            return text_of(value)
        case "array":
            return value if isinstance(value, str) else _literal(value)
        case "float":
            return value if isinstance(value, str) else repr(float(value))
        case _:
            return str(value)


def _literal(items: list[Any]) -> str:
    return "{" + ",".join(map(_element, items)) + "}"


def _element(item: Any) -> str:
    match item:
        case None:
            return "NULL"
        case list():
            return _literal(item)
        case bool():
            return "true" if item else "false"
        case str():
            escaped = item.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return repr(item)
