"""The tables of a site's database as records are read of them: their columns, keys, and what hangs on what."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import quoted_name

from core.databases.facts import MARKER
from core.databases.schema import ForeignKey, Schema, Table
from core.documents import said_value
from core.errors import UsageError
from core.records.engines import Engine, engine_of
from core.records.fields import Field, make_field
from core.records.raw import AsItIs


@dataclass(frozen=True, eq=False)
class Place:
    """One table: `name` is what people call it, with its schema where that is not the one that the role works in.

    `key` are the columns that tell a row from all others: the primary key, else a unique rule that allows no NULL;
    empty where there is neither. `why_not` says why its rows cannot be edited, and is empty where they can.
    """

    name: str
    table: Table
    rows: sa.TableClause
    engine: Engine
    key: tuple[str, ...]
    why_not: str
    prefix: str = ""

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Return the columns in their order; made when they are asked for, for a database may have many tables."""
        return tuple(
            make_field(self.engine, self.table, column, sql, is_key=column.name in self.key)
            for column, sql in zip(self.table.columns, self.rows.c, strict=True)
        )

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Return the fields by the names of their columns."""
        return {one.name: one for one in self.fields}

    @property
    def key_fields(self) -> tuple[Field, ...]:
        return tuple(self.by_name[name] for name in self.key)


@dataclass(frozen=True, slots=True)
class Hanging:
    """Rows of `place` that name a row of another table by `key`."""

    place: Place
    key: ForeignKey


@dataclass(frozen=True, eq=False)
class Layout:
    """The tables of a database by name, those that are `hidden` too: rows of theirs may hang on others.

    `others` are what has no rows of its own, with what it is.
    """

    engine: Engine
    places: dict[str, Place]
    hidden: frozenset[str]
    others: dict[str, str]
    _hanging: dict[str, list[Hanging]] = field(default_factory=dict)

    @property
    def offered(self) -> list[Place]:
        """Return the tables that are not hidden."""
        return [place for name, place in self.places.items() if name not in self.hidden]

    def place(self, name: str) -> Place:
        """Return a table by its name; raise UsageError where there is none, or its rows cannot be edited."""
        names = [place.name for place in self.offered]
        if name in self.others:
            raise UsageError(f"{said_value(name)} is a {self.others[name]}", hint="edit the tables that it is made of")
        if name not in names:
            close = difflib.get_close_matches(name, names, n=3) or names[:8]
            hint = f"there are, for example: {', '.join(map(said_value, close))}" if close else "there is none at all"
            raise UsageError(f"there is no table {said_value(name)}", hint=hint)
        if self.places[name].why_not:
            raise UsageError(f"{said_value(name)} cannot be edited", hint=self.places[name].why_not)
        return self.places[name]

    def hanging_on(self, place: Place) -> list[Hanging]:
        """Return by which foreign keys rows of all tables name rows of this one."""
        return self._hanging.get(place.name, [])


def read_layout(session: Session, *, exclude: Collection[str] = ()) -> Layout:
    """Read which tables a session's database has; greenroom's own and those named in `exclude` are hidden."""
    engine = engine_of(session)
    engine.prepare(session)
    unsafe = engine.unsafe(session)
    places: dict[str, Place] = {}
    others: dict[str, str] = {}
    for prefix, schema_name, schema in engine.schemas(session):
        others |= {f"{prefix}{name}": kind for name, kind in _others(schema) if f"{prefix}{name}" not in exclude}
        for table in schema.tables:
            place = _place(engine, prefix, schema_name, table, unsafe.get(table.name, ""))
            places[place.name] = place
    hidden = frozenset(name for name, place in places.items() if name in exclude or place.table.name == MARKER)
    return Layout(engine, places, hidden, others, _hangings(places.values()))


def _others(schema: Schema) -> Iterable[tuple[str, str]]:
    for what in schema.left_out:
        for kind in ("view", "materialised view", "virtual table", "foreign table"):
            if what.startswith(f"{kind} "):
                yield what.removeprefix(f"{kind} "), kind


def _place(engine: Engine, prefix: str, schema: str | None, table: Table, unsafe: str) -> Place:
    rows = sa.Table(
        quoted_name(table.name, quote=True),
        sa.MetaData(),
        *(
            # The names of parameters are made of these, so that no column's own name gets into one.
            sa.Column(quoted_name(column.name, quote=True), AsItIs(), key=f"c{number}")
            for number, column in enumerate(table.columns)
        ),
        schema=quoted_name(schema, quote=True) if schema else None,
        quote=True,
    )
    key = _key_of(table)
    keyless = "" if key else "its rows cannot be told apart: it has neither a primary key nor a unique rule"
    return Place(prefix + table.name, table, rows, engine, key, unsafe or keyless, prefix)


def aliased(place: Place) -> Place:
    """Return the same table under another name, so that it can be joined with itself."""
    # It is selected from in the same way.
    return replace(place, rows=cast("sa.TableClause", place.rows.alias()))


def _key_of(table: Table) -> tuple[str, ...]:
    if table.primary_key:
        return table.primary_key
    sure = {column.name for column in table.columns if not column.nullable}
    return next((one.columns for one in table.uniques if one.columns and set(one.columns) <= sure), ())


def _hangings(places: Iterable[Place]) -> dict[str, list[Hanging]]:
    named = {place.name: place for place in places}
    # A key that leads to another schema says which.
    outside = {f"{place.rows.schema}.{place.table.name}": place for place in named.values()}
    found: dict[str, list[Hanging]] = {}
    for place in named.values():
        for key in place.table.foreign_keys:
            other = named.get(place.prefix + key.table) or outside.get(key.table)
            if other is None:
                other = named.get(_alike(named, place.prefix + key.table))
            if other is None or not key.referred:
                continue
            columns = {column.name for column in other.table.columns}
            referred = tuple(name if name in columns else _alike(columns, name) for name in key.referred)
            if set(referred) <= columns:
                exact = key.model_copy(update={"table": other.name, "referred": referred})
                found.setdefault(other.name, []).append(Hanging(place, exact))
    return found


def _alike(names: Iterable[str], wanted: str) -> str:
    """Return the name that is meant: SQLite knows its tables and columns without case."""
    return next((name for name in names if name.lower() == wanted.lower()), "")
