"""How much room the columns of a table have in InnoDB: in its keys, and in a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from core.databases.creation.draft import NativeType
from core.databases.mysql.types import BYTES_A_LETTER, LONGEST_VARCHAR, Room
from core.databases.schema import ColumnType, Schema, Table

_KEY_BYTES = 3072
_ROW_BYTES = 60_000
_POINTER = 12
_FIXED_BYTES = 16
_DECIMAL_BYTES = 30
_INTERVAL_BYTES = 64 * BYTES_A_LETTER
_NUMBERED = ("boolean", "integer", "float", "date", "time", "timestamp", "uuid", "enum")
Place = tuple[str, str]


def rooms(schema: Schema) -> dict[Place, Room]:
    """Return the room of each text and each bytes, by table and column, the same on both sides of a foreign key."""
    keys = {place: size for table in schema.tables for place, size in _in_keys(table).items()}
    _level(schema, keys)
    made: dict[Place, Room] = {}
    for table in schema.tables:
        beside = _beside_the_row(table, keys)
        for column in table.columns:
            place = table.name, column.name
            made[place] = Room(keys.get(place), column.name not in beside)
    return made


def _in_keys(table: Table) -> dict[Place, int]:
    """Return the bytes that each column of a key has: what it needs, or an equal share of what the others leave."""
    found: dict[Place, int] = {}
    for key in _keys(table):
        for name, size in _shares(table, key).items():
            place = table.name, name
            found[place] = min(size, found.get(place, _KEY_BYTES))
    return found


def _shares(table: Table, key: tuple[str, ...]) -> dict[str, int]:
    """Return the bytes of each text and each bytes in one key."""
    types = {name: table.column(name).type for name in key}
    left = _KEY_BYTES - sum(_fixed(type_) for type_ in types.values() if not _grows(type_))
    growing = sorted((_needed(type_), name) for name, type_ in types.items() if _grows(type_))
    shares = {}
    for number, (needed, name) in enumerate(growing):
        shares[name] = max(min(needed, left // (len(growing) - number)), 1)
        left -= shares[name]
    return shares


def prefixes(table: Table, key: tuple[str, ...], types: Mapping[str, NativeType]) -> tuple[int | None, ...]:
    """Return how many letters or bytes of each column an index holds, none where it is all of them."""
    shares = _shares(table, key)
    lengths: list[int | None] = []
    for name in key:
        type_ = types[name]
        is_text = table.column(name).type.kind != "bytes"
        most = shares.get(name, _KEY_BYTES // len(key)) // (BYTES_A_LETTER if is_text else 1)
        is_beside = re.match("LONG|MEDIUM|TINYTEXT|TEXT|TINYBLOB|BLOB", type_.sql) is not None
        if is_beside:
            lengths.append(max(min(most, type_.length or most), 1))
        else:
            lengths.append(most if type_.length is not None and most < type_.length else None)
    return tuple(lengths)


def _keys(table: Table) -> Iterator[tuple[str, ...]]:
    yield table.primary_key
    yield from (one.columns for one in table.uniques)
    yield from (one.columns for one in table.indexes if one.unique and not any(one.lengths))
    yield from (one.columns for one in table.foreign_keys)


def _level(schema: Schema, keys: dict[Place, int]) -> None:
    """Give both sides of a foreign key the smaller room of the two."""
    pairs = [
        ((table.name, one), (key.table, other))
        for table in schema.tables
        for key in table.foreign_keys
        for one, other in zip(key.columns, key.referred, strict=True)
    ]
    changed = True
    while changed:
        changed = False
        for pair in pairs:
            smaller = min((keys[place] for place in pair if place in keys), default=None)
            for place in pair:
                if smaller is not None and place in keys and keys[place] > smaller:
                    keys[place] = smaller
                    changed = True


def _beside_the_row(table: Table, keys: dict[Place, int]) -> set[str]:
    """Return the columns whose texts are kept beside the row, the longest first, until the others fit into it."""
    lengths = {
        column.name: _needed(column.type)
        for column in table.columns
        if _grows(column.type) and (table.name, column.name) not in keys and 0 < _letters(column.type) < LONGEST_VARCHAR
    }
    total = sum(lengths.values()) + sum(
        keys.get((table.name, column.name), _fixed(column.type))
        for column in table.columns
        if column.name not in lengths
    )
    beside: set[str] = set()
    for name, length in sorted(lengths.items(), key=lambda item: -item[1]):
        if total <= _ROW_BYTES:
            break
        total -= length - _POINTER
        beside.add(name)
    return beside


def _grows(type_: ColumnType) -> bool:
    return type_.kind in {"text", "bytes", "any"}


def _letters(type_: ColumnType) -> int:
    return type_.length or 0


def _needed(type_: ColumnType) -> int:
    """Return the bytes that all values of a type need in a key, more than there are where they are unlimited."""
    if type_.length is None:
        return _KEY_BYTES * BYTES_A_LETTER
    return type_.length * (1 if type_.kind == "bytes" else BYTES_A_LETTER)


def _fixed(type_: ColumnType) -> int:
    if type_.kind in _NUMBERED:
        return _FIXED_BYTES
    if type_.kind == "interval":
        return _INTERVAL_BYTES
    return _DECIMAL_BYTES if type_.kind == "decimal" else _POINTER
