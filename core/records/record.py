"""One row of a table, with the rows that hang on it, read from the database when asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.documents import MOST_CHARACTERS, MOST_VALUES
from core.errors import GreenroomError
from core.forms.form import Json
from core.records.fields import Field
from core.records.keys import format_key
from core.records.layout import Hanging, Layout, Place

MOST_ROWS: Final = 2_000
MOST_BYTES: Final = MOST_CHARACTERS - (64 << 10)  # what is around the data, and marks left-out lists, is short
MOST_LINES: Final = MOST_VALUES * 3 // 4  # each value has a line
_INDENTED = 8
_AT_ONCE = 100


class GoneError(GreenroomError):
    """A row is no longer there."""


@dataclass(frozen=True, eq=False)
class Child:
    """The rows of another table that hang on a row: `name` is their key in the data.

    Their items have all columns but those that name the row, which cannot be changed.
    """

    name: str
    hanging: Hanging
    parent: Place
    layout: Layout

    @property
    def place(self) -> Place:
        return self.hanging.place

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Return the columns that an item has."""
        return {one.name: one for one in self.place.fields if one.name not in self.hanging.key.columns}

    @cached_property
    def key(self) -> tuple[Field, ...]:
        """Return the columns by which the items of one list are told apart."""
        return tuple(one for one in self.place.key_fields if one.name in self.fields)

    @property
    def why_not(self) -> str:
        """Why the rows cannot be edited; empty where they can."""
        return self.place.why_not

    def values_of_key(self, item: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return the key of a checked item, None where it does not say it."""
        values = tuple(item.get(field.name) for field in self.key)
        return None if None in values else values

    def parent_values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the rows that hang on a row have in the columns that name it, as JSON."""
        key = self.hanging.key
        return {name: row[referred] for name, referred in zip(key.columns, key.referred, strict=True)}

    def bound_to(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same as the driver takes it; the columns may be of another type than those that they name."""
        key = self.hanging.key
        referred = [self.parent.by_name[name] for name in key.referred]
        return {name: field.bound(row[field.name]) for name, field in zip(key.columns, referred, strict=True)}


@dataclass(frozen=True, slots=True)
class _Room:
    """How much may still be in a document, so that what is exported is not too long to be taken back."""

    bytes: int
    lines: int

    def without(self, value: object) -> _Room:
        """Return the room that is left beside a value; there are two levels around it in an envelope, at most three."""
        text = json.dumps(value, ensure_ascii=False, indent=2)
        lines = text.count("\n") + 1
        return _Room(self.bytes - len(text.encode()) - _INDENTED * lines, self.lines - lines)

    @property
    def is_short(self) -> bool:
        return self.bytes < 0 or self.lines < 0


@dataclass(frozen=True, eq=False)
class Record:
    """A row that was found: `key` are the values of the table's key, as JSON."""

    session: Session
    layout: Layout
    place: Place
    children: tuple[Child, ...]
    key: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The key as text."""
        return format_key(self.place.key_fields, self.key)

    def row(self) -> Json:
        """Return the columns of the row as JSON; raise GoneError."""
        self.layout.engine.prepare(self.session)
        found = find_row(self.session, self.place, self.key)
        if found is None:
            raise GoneError(
                f"the row {self.text} of {self.place.name} is no longer there",
                hint="somebody removed it meanwhile; nothing was changed",
            )
        return found

    def read(self) -> Json:
        """Return all of the data; a list that is too long is left out, with a word why."""
        data = self.row()
        left = _Room(MOST_BYTES, MOST_LINES).without(data)
        lists: Json = {}
        for child in self.children:
            lists[child.name], left = self._items(child, data, left)
        return data | lists

    def _items(self, child: Child, row: Json, left: _Room) -> tuple[Any, _Room]:
        items = []
        room = left
        for item in child_rows(self.session, child, row, MOST_ROWS + 1):
            items.append({name: item[name] for name in child.fields})
            room = room.without(items[-1])
            if len(items) > MOST_ROWS:
                return left_out(f"more than {MOST_ROWS:,} rows"), left
            if room.is_short:
                return left_out("the rows are too large"), left
        return items, room


def left_out(why: str) -> Json:
    """Return what stands for a list that is not shown."""
    return {"left_out": f"{why}: not shown, and kept as they are"}


def is_left_out(value: object) -> bool:
    """Tell whether a value stands for a list that is not shown."""
    return isinstance(value, dict) and value.keys() == {"left_out"}


def matches(fields: Sequence[Field], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that columns have these values."""
    return sa.and_(sa.true(), *(field.sql == field.bound(value) for field, value in zip(fields, values, strict=True)))


def hangs_on(child: Child, row: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition that a row of the child's table hangs on that row."""
    by_name = child.place.by_name
    return sa.and_(*(by_name[name].sql == value for name, value in child.bound_to(row).items()))


def find_row(session: Session, place: Place, key: Sequence[Any]) -> Json | None:
    """Return the row with that key, compared exactly: some databases compare without case."""
    query = _select(place).where(matches(place.key_fields, key))
    for raw in session.execute(query):
        row = shown_row(place.fields, raw)
        if tuple(row[name] for name in place.key) == tuple(key):
            return row
    return None


def child_rows(session: Session, child: Child, row: Mapping[str, Any], most: int) -> Iterator[Json]:
    """Yield the rows of a child that hang on a row, by their key."""
    if any(value is None for value in child.parent_values(row).values()):
        return
    order = [field.sql for field in child.place.key_fields] or [field.sql for field in _orderable(child.place)]
    query = _select(child.place).where(hangs_on(child, row)).order_by(*order).limit(most)
    with session.execute(query, execution_options={"yield_per": _AT_ONCE}) as result:
        for raw in result:
            yield shown_row(child.place.fields, raw)


def _orderable(place: Place) -> list[Field]:
    return [field for field in place.fields if field.type.kind not in {"json", "array", "bytes"}]


def _select(place: Place) -> sa.Select[Any]:
    return sa.select(*wanted(place.fields)).select_from(place.rows)


def wanted(fields: Sequence[Field]) -> list[ColumnElement[Any]]:
    """Return what is selected for some columns; `shown_row` reads it."""
    parts = [part for field in fields for part in field.reading.wanted]
    return [part.label(f"v{number}") for number, part in enumerate(parts)]


def shown_row(fields: Sequence[Field], raw: Sequence[Any]) -> Json:
    """Given what was selected for some columns, return them by name, as JSON."""
    row: Json = {}
    start = 0
    for field in fields:
        end = start + len(field.reading.wanted)
        row[field.name] = field.reading.shown(raw[start:end])
        start = end
    return row
