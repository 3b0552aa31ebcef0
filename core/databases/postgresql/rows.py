"""The rows of a PostgreSQL database as JSON lines, made by the server, all of them as of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, text

from core.databases.connect import open_server, run_as_it_is
from core.databases.lines import LONG_BYTES, Line, Reader
from core.databases.orphans import orphans_query, with_broken
from core.databases.postgresql.catalog import PARTITIONED
from core.databases.postgresql.reflect import read_schema
from core.databases.quoting import double_quoted as quoted
from core.databases.schema import Column, ForeignKey, Schema, Table
from core.progress import Reporter

# COPY's binary form has a text as it is: a header before the first row, in each how many columns and how long.
_HEADER = 19
_BEFORE_TEXT = 6
_NO_ROWS = b"\xff\xff"
_UNPROVED = text("""
    SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND NOT k.convalidated AND k.connamespace = quote_ident(current_schema())::regnamespace
""")
_SIZE = text("SELECT pg_database_size(current_database())")
_SETTINGS = (
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL jit = off",
    "SET LOCAL row_security = off",  # a policy that would hide rows is an error then
)
_AS_THEY_ARE = {"boolean", "integer", "text"}
_ELEMENTS_AS_THEY_ARE = {"boolean", "integer", "float"}


def size(url: URL) -> int:
    """Return about how many bytes the database takes."""
    engine = open_server(url)
    with engine.connect() as connection:
        return int(connection.execute(_SIZE).scalar_one())


@contextmanager
def open_reader(url: URL, _reporter: Reporter) -> Iterator[Reader]:
    """Read a database as it is now, whatever is written to it meanwhile."""
    engine = open_server(url)
    try:
        with engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            for setting in _SETTINGS:
                connection.execute(text(setting))
            version = str(connection.execute(text("SHOW server_version")).scalar_one())
            schema = read_schema(connection)
            partitioned = frozenset(connection.execute(PARTITIONED).scalars())
            yield Reader(
                version,
                schema,
                rows_of=partial(_lines, connection, partitioned),
                count=partial(_count, connection, partitioned),
                broken_keys=partial(_broken_keys, connection),
            )
    finally:
        engine.dispose()


def _broken_keys(connection: Connection, schema: Schema) -> Schema:
    """Only a key that was never validated can be broken."""
    unproved = {(row[0], row[1]) for row in connection.execute(_UNPROVED)}

    def count(table: Table, key: ForeignKey) -> int:
        if (table.name, key.name) not in unproved:
            return 0
        return int(connection.execute(text(orphans_query(table, key, quoted).replace(":", r"\:"))).scalar_one())

    return with_broken(schema, count)


def _place(table: Table, partitioned: frozenset[str]) -> str:
    """A table without those that inherit from it, which are tables of their own; partitions are none."""
    return quoted(table.name) if table.name in partitioned else f"ONLY {quoted(table.name)}"


def _count(connection: Connection, partitioned: frozenset[str], table: Table) -> int:
    return int(run_as_it_is(connection, f"SELECT COUNT(*) FROM {_place(table, partitioned)}").scalar_one())


def _lines(connection: Connection, partitioned: frozenset[str], table: Table) -> Iterator[Line]:
    columns = [column for column in table.columns if column.computed is None]
    wanted = ", ".join(f"{_expression(column)} AS {quoted(column.name)}" for column in columns)
    rows = f"SELECT row_to_json(r)::text FROM (SELECT {wanted} FROM {_place(table, partitioned)}) r"
    raw: Any = connection.connection.driver_connection
    begin = _HEADER + _BEFORE_TEXT
    with raw.cursor() as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT WITH (FORMAT binary)") as copy:
        for message in copy:
            if len(message) > LONG_BYTES:
                yield _pieces(memoryview(message)[begin:])
            elif message[-2:] != _NO_ROWS:
                yield bytes(message[begin:])
            begin = _BEFORE_TEXT


def _pieces(line: memoryview) -> Iterator[bytes]:
    for start in range(0, len(line), LONG_BYTES):
        yield bytes(line[start : start + LONG_BYTES])


def _expression(column: Column) -> str:
    """What row_to_json writes as lines.py says; all other types have a text that means the same everywhere."""
    name, kind = quoted(column.name), column.type.kind
    if kind in _AS_THEY_ARE and not _has_a_form_of_its_own(column):
        return name
    if kind == "float":  # whose zero below nothing is written as -0, which is an integer in JSON
        return f"CASE WHEN {name} = 0 AND {name}::text = '-0' THEN '-0.0'::json ELSE to_json({name}) END"
    if kind == "bytes":
        return f"encode({name}, 'hex')"
    if kind == "array":
        element = column.type.element
        is_plain = element is not None and element.kind in _ELEMENTS_AS_THEY_ARE
        return name if is_plain else f"{name}::text[]"
    return _json(name) if kind == "json" else f"{name}::text"


def _has_a_form_of_its_own(column: Column) -> bool:
    """A type that travels as text for want of a neutral kind may be one that row_to_json writes in its own way."""
    return column.type.kind == "text" and not column.type.native.startswith(("text", "character"))


def _json(name: str) -> str:
    """JSON as it stands, where it is on one line and means nothing else there."""
    return f"""CASE
        WHEN {name} IS NULL THEN NULL
        WHEN {name}::text ~ '[\\n\\r]' THEN json_build_object('$text', {name}::text)
        WHEN {name}::text ~ '^[ \\t]*null[ \\t]*$' OR {name}::text ~ '^[ \\t]*[{{][ \\t]*"(\\$|\\\\u0024)'
            THEN json_build_object('$json', {name})
        ELSE {name}::json END"""
