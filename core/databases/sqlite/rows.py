"""The rows of an SQLite database as JSON lines, all of them as one reader saw them at one moment."""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sys import getsizeof
from typing import cast

import msgspec
from sqlalchemy import URL

from core.databases.decode import is_plain
from core.databases.lines import (
    BLOCK_BYTES,
    LONG_BYTES,
    SEPARATOR,
    Block,
    Line,
    Reader,
    in_pieces,
    json_value,
    not_text,
)
from core.databases.orphans import with_broken
from core.databases.quoting import double_quoted as quoted
from core.databases.schema import Column, ColumnType, ForeignKey, Kind, Schema, Table
from core.databases.sqlite.connection import cancellable, connect, errors, reading
from core.databases.sqlite.reflect import read_schema
from core.databases.sqlite.snapshot import database_bytes
from core.databases.together import all_match
from core.progress import Reporter

_SECONDS_A_TRY = 0.5
_BUSY_SECONDS = 60.0

Value = int | float | str | bytes | None
_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "date": re.compile(_DAY),
    "time": re.compile(_CLOCK),
    "timestamp": re.compile(f"{_DAY} {_CLOCK}"),
    "uuid": re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
_ZONED: dict[Kind, re.Pattern[str]] = {
    "time": re.compile(rf"{_CLOCK}[+-][0-9]{{2}}(?::[0-5][0-9]){{0,2}}"),
    "timestamp": re.compile(rf"{_DAY} {_CLOCK}\+00"),
}
_AS_THEY_ARE: dict[Kind, type] = {"integer": int, "text": str, "enum": str, "interval": str}
_NOTHING = type(None)
_encode_lines = msgspec.json.Encoder().encode_lines


def size(url: URL) -> int:
    """Return how many bytes the database takes, with what waits in its side files."""
    return database_bytes(Path(str(url.database)))


@contextmanager
def open_reader(url: URL, reporter: Reporter) -> Iterator[Reader]:
    """Read a live database as it is now, whatever is written to it meanwhile; a locked one is waited for.

    Raise DatabaseMissingError, DatabaseDamagedError, BusyError, CancelledError.
    """
    path = Path(str(url.database))
    with connect(path, "rw", _SECONDS_A_TRY) as connection, errors(str(path)):
        reporter.phase("waiting for the database", None, "steps")
        with reading(connection, reporter, _BUSY_SECONDS):
            schema = read_schema(connection)
            yield Reader(
                sqlite3.sqlite_version,
                schema,
                rows_of=partial(_lines, connection),
                count=partial(_count, connection, reporter),
                broken_keys=partial(_broken_keys, connection),
            )


def _broken_keys(connection: sqlite3.Connection, schema: Schema) -> Schema:
    """SQLite keeps foreign keys only for connections that ask for it."""
    broken = {table.name: _broken_of(connection, table) for table in schema.tables}

    def count(table: Table, key: ForeignKey) -> int:
        return broken[table.name][table.foreign_keys.index(key)]

    return with_broken(schema, count)


def _broken_of(connection: sqlite3.Connection, table: Table) -> Counter[int]:
    """Rows that break each key of a table, by the key's number; a key that leads to no unique columns has none."""
    try:
        found = connection.execute("SELECT fkid FROM pragma_foreign_key_check(?)", (table.name,))
        return Counter(number for (number,) in found)
    except sqlite3.OperationalError as error:
        if "mismatch" in str(error):
            return Counter()
        raise


def _count(connection: sqlite3.Connection, reporter: Reporter, table: Table) -> int:
    with cancellable(connection, reporter):
        return int(connection.execute(f"SELECT count(*) FROM main.{quoted(table.name)}").fetchone()[0])


def _lines(connection: sqlite3.Connection, table: Table) -> Iterator[Line]:
    columns = [column for column in table.columns if column.computed is None]
    names = [column.name for column in columns]
    as_object = _object_of(names)
    query = f"SELECT {', '.join(map(quoted, names))} FROM main.{quoted(table.name)}"
    try:
        for rows in _blocks(connection.execute(query)):
            values = [_written(column, of) for column, of in zip(columns, zip(*rows, strict=True), strict=True)]
            count = len(rows)
            rows.clear()
            if any(bytes in set(map(type, of)) for of in values):
                yield from (in_pieces(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True))
            else:
                yield Block(count, _encode_lines(list(map(as_object, *values)))[:-1].replace(b"\n", SEPARATOR))
    except sqlite3.OperationalError as error:
        if "UTF-8" in str(error):
            raise not_text(table.name, str(error)) from error
        raise


def _object_of(names: Sequence[str]) -> Callable[..., object]:
    """Return what makes an object of values that are in the order of the names."""
    if not all(map(is_plain, names)):
        return lambda *values: dict(zip(names, values, strict=True))
    fields = [f"f{number}" for number in range(len(names))]
    return msgspec.defstruct("Row", fields, rename=dict(zip(fields, names, strict=True)), gc=False)


def _blocks(rows: Iterable[tuple[Value, ...]]) -> Iterator[list[tuple[Value, ...]]]:
    """Yield rows together, about as much memory each time; what is yielded may be emptied."""
    block: list[tuple[Value, ...]] = []
    size = 0
    for row in rows:
        block.append(row)
        size += sum(map(getsizeof, row))
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _written(column: Column, values: Sequence[Value]) -> Sequence[object]:
    kinds = set(map(type, values)) - {_NOTHING}
    if kinds <= {_AS_THEY_ARE.get(column.type.kind)}:
        return values
    many = _written_together(column.type, kinds, values)
    return list(map(_writer(column.type), values)) if many is None else many


def _written_together(type_: ColumnType, kinds: set[type], values: Sequence[Value]) -> Sequence[object] | None:
    """Write many values by one look at all; None where each must be looked at."""
    there = values if None not in values else [value for value in values if value is not None]
    if type_.kind in {"float", "decimal"} and kinds <= {float, int}:
        if not all(map(math.isfinite, cast("Sequence[float]", there))) or (type_.kind == "float" and int in kinds):
            return None
        return values if type_.kind == "float" else [value if value is None else repr(value) for value in values]
    if type_.kind == "boolean" and kinds == {int} and set(there) <= {0, 1}:
        return [value if value is None else value == 1 for value in values]
    pattern = _pattern_of(type_)
    if pattern is not None and kinds == {str} and all_match(pattern.pattern)(cast("Sequence[str]", there)) is not None:
        return values
    return None


def _tagged(value: Value) -> object:
    """A value that says what it is, for it is not what its column is meant for."""
    match value:
        case int():
            return {"$integer": value}
        case float():
            return {"$real": _float(value)}
        case str():
            return {"$text": value}
        case bytes():
            return {"$bytes": value.hex()}
        case _:
            return None


def _float(value: float) -> object:
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def _write_boolean(value: Value) -> object:
    return value == 1 if isinstance(value, int) and value in (0, 1) else _tagged(value)


def _write_integer(value: Value) -> object:
    return value if isinstance(value, int) else _tagged(value)


def _write_decimal(value: Value) -> object:
    """SQLite keeps a decimal as a number: its shortest digits give back every bit."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else _tagged(value)
    return str(value) if isinstance(value, int) else _tagged(value)


def _write_float(value: Value) -> object:
    return _float(value) if isinstance(value, float) else _tagged(value)


def _write_text(value: Value) -> object:
    return value if isinstance(value, str) else _tagged(value)


def _write_bytes(value: Value) -> object:
    """What is long is made digits of later, piece by piece."""
    if not isinstance(value, bytes):
        return _tagged(value)
    return value if len(value) > LONG_BYTES else value.hex()


def _write_json(value: Value) -> object:
    """Of JSON that is only a number, SQLite makes a number by itself in a column that was declared so."""
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return json_value(value) if isinstance(value, str) else _tagged(value)


def _write_any(value: Value) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return _tagged(value)
    return _tagged(value) if isinstance(value, bytes) else value


def _write_matching(pattern: re.Pattern[str]) -> Callable[[Value], object]:
    matches = pattern.fullmatch
    return lambda value: value if isinstance(value, str) and matches(value) else _tagged(value)


def _pattern_of(type_: ColumnType) -> re.Pattern[str] | None:
    return (_ZONED if type_.zoned else _PATTERNS).get(type_.kind)


def _writer(type_: ColumnType) -> Callable[[Value], object]:
    pattern = _pattern_of(type_)
    return _WRITERS[type_.kind] if pattern is None else _write_matching(pattern)


_WRITERS: dict[Kind, Callable[[Value], object]] = {
    "boolean": _write_boolean,
    "integer": _write_integer,
    "decimal": _write_decimal,
    "float": _write_float,
    "text": _write_text,
    "enum": _write_text,
    "interval": _write_text,
    "array": _write_json,
    "bytes": _write_bytes,
    "json": _write_json,
    "any": _write_any,
}
