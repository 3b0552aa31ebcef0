"""The rows of a MariaDB or MySQL database as JSON lines, made by the server, all of them as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, text

from core.databases.connect import open_server, run_as_it_is
from core.databases.lines import Line, Reader, in_pieces, json_value
from core.databases.mysql.reflect import read_schema
from core.databases.orphans import orphans_query, with_broken
from core.databases.quoting import back_quoted as quoted
from core.databases.schema import Column, ForeignKey, Kind, Schema, Table
from core.progress import Reporter

# Said when the connection is made, for SQLAlchemy asks then how names are quoted.
_MODE = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'"
_SIZE = text(
    "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()"
)
_LONG_BYTES = 4 << 20  # PyMySQL holds what the server sends three times
_SETTINGS = (
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


def size(url: URL) -> int:
    """Return about how many bytes the database takes."""
    engine = open_server(url)
    with engine.connect() as connection:
        return int(connection.execute(_SIZE).scalar_one())


@contextmanager
def open_reader(url: URL, _reporter: Reporter) -> Iterator[Reader]:
    """Read a database as it is now, whatever is written to it meanwhile; its tables must be InnoDB's."""
    engine = open_server(url, init_command=_MODE)
    try:
        with engine.connect() as connection:
            for setting in _SETTINGS:
                connection.execute(text(setting))
            version = str(connection.execute(text("SELECT VERSION()")).scalar_one())
            schema = read_schema(connection)
            yield Reader(
                version,
                schema,
                rows_of=partial(_lines, connection),
                count=partial(_count, connection),
                broken_keys=partial(_broken_keys, connection),
            )
    finally:
        engine.dispose()


def _broken_keys(connection: Connection, schema: Schema) -> Schema:
    """With `foreign_key_checks` off anything goes in, and nothing is checked when they are on again."""

    def count(table: Table, key: ForeignKey) -> int:
        return int(connection.execute(text(orphans_query(table, key, quoted).replace(":", r"\:"))).scalar_one())

    return with_broken(schema, count)


def _count(connection: Connection, table: Table) -> int:
    return int(run_as_it_is(connection, f"SELECT COUNT(*) FROM {quoted(table.name)}").scalar_one())


def _lines(connection: Connection, table: Table) -> Iterator[Line]:
    """A line that is long, or longer than the server lets any text of its own be, is made here, out of the values."""
    columns = [column for column in table.columns if column.computed is None]
    parts = ", ',', ".join(f"{_literal(column.name)}, {_or_null(column)}" for column in columns)
    line = f"CONCAT('{{', {parts}, '}}')"
    endless = [quoted(one.name) for one in columns if one.type.kind in _MADE_HERE and one.type.length is None]
    if endless:
        length = " + ".join(f"COALESCE(LENGTH({name}), 0)" for name in endless)
        line = f"IF({length} > {_LONG_BYTES}, NULL, {line})"
    source = f"FROM {quoted(table.name)}"
    too_long = False
    for (made,) in _rows(connection, f"SELECT CAST({line} AS BINARY) {source}"):
        if made is None:
            too_long = True
        else:
            yield made
    if too_long:
        values = ", ".join(quoted(one.name) if one.type.kind in _MADE_HERE else _or_null(one) for one in columns)
        for row in _rows(connection, f"SELECT {values} {source} WHERE {line} IS NULL"):
            yield _long_line(columns, row)


def _rows(connection: Connection, query: str) -> Iterator[tuple[Any, ...]]:
    raw: Any = connection.connection.driver_connection
    unbuffered = import_module("pymysql.cursors").SSCursor  # the driver is an extra
    with raw.cursor(unbuffered) as cursor:
        cursor.execute(query)
        yield from cursor


def _or_null(column: Column) -> str:
    return f"IF({quoted(column.name)} IS NULL, 'null', {_expression(column)})"


def _long_line(columns: Sequence[Column], row: Sequence[Any]) -> Line:
    values: dict[str, object] = {}
    for column, value in zip(columns, row, strict=True):
        make = _MADE_HERE.get(column.type.kind)
        if make is None:
            values[column.name] = msgspec.Raw(value if isinstance(value, bytes) else str(value).encode())
        else:
            values[column.name] = None if value is None else make(value)
    return in_pieces(values)


def _literal(name: str) -> str:
    """A column's name as the key of a JSON object, in an SQL literal."""
    key = msgspec.json.encode(name).decode().replace("'", "''")
    return f"'{key}:'"


def _expression(column: Column) -> str:
    """SQL that makes what lines.py says of a value, or NULL."""
    form = _FORMS.get(column.type.kind, _TEXT)
    native = column.type.native.lower()
    if native.startswith("bit"):
        form = _BITS
    if "zerofill" in native:
        form = form.replace("{c}", "({c} + 0)")  # without the zeros before it
    if column.type.kind == "timestamp" and column.type.zoned:
        form = _ZONED
    return form.replace("{c}", quoted(column.name))


_MADE_HERE: dict[Kind, Callable[[Any], object]] = {"bytes": bytes, "text": str, "json": json_value}
_TEXT = "JSON_QUOTE(CAST({c} AS CHAR CHARACTER SET utf8mb4))"
_TAGGED = f"""CONCAT('{{"$text":', {_TEXT}, '}}')"""
_QUOTED = """CONCAT('"', {c}, '"')"""
_BITS = "CAST({c} + 0 AS CHAR)"
_ZONED = f"""IF({{c}} = 0, {_TAGGED}, CONCAT('"', {{c}}, '+00"'))"""
_NEVER_ZERO = f"IF({{c}} = 0, {_TAGGED}, {_QUOTED})"  # these engines allow the date 0000-00-00
_FORMS: dict[Kind, str] = {
    "boolean": """CASE WHEN {c} IS NULL THEN NULL WHEN {c} = 0 THEN 'false' WHEN {c} = 1 THEN 'true'
        ELSE CONCAT('{"$integer":', {c}, '}') END""",
    "integer": "{c}",
    "float": "CAST({c} AS DOUBLE)",
    "bytes": """CONCAT('"', LOWER(HEX({c})), '"')""",
    "date": _NEVER_ZERO,
    "timestamp": _NEVER_ZERO,
    "time": _QUOTED,
    "decimal": _QUOTED,
    "uuid": _QUOTED,
    # JSON as it stands, where it is on one line and means nothing else there.
    "json": f"""CASE WHEN {{c}} IS NULL THEN NULL
        WHEN {{c}} REGEXP '[\\n\\r]' OR NOT JSON_VALID({{c}}) THEN {_TAGGED}
        WHEN JSON_TYPE({{c}}) = 'NULL' OR {{c}} REGEXP '^[ \\t]*[{{][ \\t]*"([$]|.u0024)'
            THEN CONCAT('{{"$json":', {{c}}, '}}')
        ELSE {{c}} END""",
}
