"""Rows that Hypothesis makes for the tables of a schema, as lines of an archive; they keep its rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from core.databases.schema import Column, ColumnType, Schema, Table

Row = dict[str, Any]
_TEXTS = ("", "a", "B", "é🎬", "two\nlines", "tab\t", "back\\slash", "\\N", "NULL", "it's", '"q"', "%s", "{}", "0")
_DATES = ("2026-03-29", "1000-01-01", "9999-12-31", "2024-02-29")
_TIMES = ("00:00:00", "23:59:59", "14:05:00")
_UUIDS = ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000")
_JSON = ({"a": [1, None, "é"]}, [], "text", 1.5, True, {"$json": None}, {"$json": {"$text": 1}})
_PLAIN: dict[str, Sequence[Any]] = {
    "boolean": (True, False),
    "date": _DATES,
    "uuid": _UUIDS,
    "json": _JSON,
    "any": (1, 1.5, "text", "007", {"$bytes": "00ff"}),
}


def values_of(column: Column, engine: str) -> Sequence[Any]:
    """Return values that a column of that engine holds, as lines have them."""
    return tuple(_special(column.type, engine)) + tuple(_common(column.type, engine))


def _common(type_: ColumnType, engine: str) -> Sequence[Any]:  # noqa: PLR0911 - a table of kinds
    if type_.kind in _PLAIN:
        return _PLAIN[type_.kind]
    match type_.kind:
        case "integer":
            return (0, 1, 2, 7, 1 << ((type_.bits or 64) - 3))  # of which a computed column may be twice as much
        case "decimal":
            return _decimals(type_, engine)
        case "float":
            return (0.5, -1.25, 0, 1e10 if type_.bits == 32 else 0.1)
        case "text":
            return [text for text in _TEXTS if type_.length is None or len(text) <= type_.length]
        case "bytes":
            return [raw for raw in ("", "00ff0a5c", "27") if type_.length is None or len(raw) <= 2 * type_.length]
        case "time" | "timestamp":
            day = "" if type_.kind == "time" else "2026-03-29 "
            return [f"{day}{time}{'+00' if type_.zoned else ''}" for time in _TIMES]
        case "interval":
            return ("P1DT2H", "PT0S", "P1Y2M") if engine == "postgresql" else ("P1DT2H",)
        case "enum":
            return type_.values or ("",)
    whole = type_.element is not None and type_.element.kind == "integer"
    return ([], [1, None, 7], None) if whole else ([], ["a", None, "", 'é,{}"\\'], None)


def _special(type_: ColumnType, engine: str) -> Sequence[Any]:
    """What other engines may refuse, or keep otherwise."""
    if type_.kind == "float":
        return {"postgresql": ("NaN", "-Infinity", -0.0), "sqlite": ("Infinity",), "mysql": ()}[engine]
    if type_.kind == "text" and engine == "sqlite":
        return ("nul\0", {"$bytes": "00ff"})
    if type_.kind == "date" and engine == "postgresql":
        return ("infinity", "0044-03-15 BC")
    if type_.kind == "integer" and engine == "sqlite":
        return ((1 << 63) - 1, {"$text": "many"})
    return ()


def _decimals(type_: ColumnType, engine: str) -> Sequence[Any]:
    if engine == "sqlite":
        return ("1.5", "0", "12")
    if type_.precision is None:
        return ("0.1", "12345678901234567890.5", "-3")
    scale = type_.scale or 0
    zeros = "0" * scale
    return [f"{whole}.{zeros}" if scale else whole for whole in ("0", "7", "9" * (type_.precision - scale))]


@st.composite
def rows_of(draw: st.DrawFn, schema: Schema) -> dict[str, list[bytes]]:
    """Up to four rows for each table, or none; those that would break a rule are not among them."""
    made = {table.name: draw(st.lists(_rows(table, schema.engine), max_size=4)) for table in schema.tables}
    for table in schema.tables:
        for number, row in enumerate(made[table.name], 1):
            for column in table.columns:
                if column.identity:
                    row[column.name] = number * 3
    for table in schema.tables:
        for row in made[table.name]:
            for key in table.foreign_keys:
                parents = made[key.table]
                parent = draw(st.sampled_from(parents)) if parents else None
                for one, other in zip(key.columns, key.referred, strict=True):
                    row[one] = parent[other] if parent is not None else None
    while any([_remove_wrong(table, made) for table in schema.tables]):  # noqa: C419 - each of them
        pass
    return {name: [json.dumps(row, ensure_ascii=False).encode() for row in rows] for name, rows in made.items()}


@st.composite
def _rows(draw: st.DrawFn, table: Table, engine: str) -> Row:
    row: Row = {}
    for column in table.columns:
        if column.computed is None:
            values = values_of(column, engine)
            row[column.name] = draw(st.sampled_from((*values, None) if column.nullable else values))
    return row


def _remove_wrong(table: Table, made: dict[str, list[Row]]) -> bool:
    rows = made[table.name]
    kept: list[Row] = []
    seen: set[str] = set()
    keys = [table.primary_key, *(one.columns for one in table.uniques)]
    keys += [one.columns for one in table.indexes if one.unique]
    for row in rows:
        told = {f"{key}{[_comparable(row[name]) for name in key]}" for key in keys if key and None not in _at(row, key)}
        wants = any(row[one.name] is None and not one.nullable for one in table.columns if one.computed is None)
        if not (told & seen or wants or any(_is_orphan(row, key, made[key.table]) for key in table.foreign_keys)):
            kept.append(row)
            seen |= told
    made[table.name] = kept
    return len(kept) < len(rows)


def _at(row: Row, names: Sequence[str]) -> list[Any]:
    return [row.get(name, "computed") for name in names]


def _comparable(value: Any) -> str:
    """Of true and 1 SQLite makes the same."""
    return json.dumps(int(value) if isinstance(value, bool) else value)


def _is_orphan(row: Row, key: Any, parents: Sequence[Row]) -> bool:
    mine = _at(row, key.columns)
    return None not in mine and all(_at(parent, key.referred) != mine for parent in parents)
