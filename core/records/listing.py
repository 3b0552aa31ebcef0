"""Tables and rows for lists: which there are, and some of them at a time, quick on tables of any size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.documents import said_value
from core.errors import UsageError
from core.records.fields import Field
from core.records.keys import format_key, parse_key
from core.records.layout import Place, read_layout
from core.records.record import matches, shown_row, wanted
from core.words import printable

SURELY_COUNTED: Final = 10_000
SEARCHED: Final = 100_000  # rows looked at for one page
_LABELS = 3
_LABEL = 80
_NAMES = ("name", "title", "label", "username", "email", "subject", "code", "slug")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table in a list. `rows` is a count, or an estimate where not `exact`, None where nobody knows.

    `why_not` says why it cannot be edited, and is empty where it can.
    """

    name: str
    rows: int | None
    exact: bool
    key_columns: tuple[str, ...]
    why_not: str

    @property
    def editable(self) -> bool:
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Row:
    """A row in a list: its key as text, and the beginning of some columns that people may know it by."""

    key: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows; `after` is where the next page begins, None where there is none.

    A search looks at 100,000 rows at most, so that a page may be short, or empty, with more to come.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    after: str | None


def tables(session: Session, *, exclude: Collection[str] = ()) -> list[TableRow]:
    """Return the tables and views of a database by name, without those named in `exclude`, and greenroom's own."""
    layout = read_layout(session, exclude=exclude)
    estimates = layout.engine.estimates(session)
    found = [_table_row(session, place, estimates.get(place.name)) for place in layout.offered]
    found += [
        TableRow(name, None, exact=False, key_columns=(), why_not=f"it is a {kind}")
        for name, kind in layout.others.items()
    ]
    return sorted(found, key=lambda row: row.name)


def _table_row(session: Session, place: Place, estimate: int | None) -> TableRow:
    some = sa.select(sa.literal_column("1").label("one")).select_from(place.rows).limit(SURELY_COUNTED + 1).subquery()
    count = int(session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
    exact = count <= SURELY_COUNTED
    rows = count if exact else (None if estimate is None else max(estimate, count))
    return TableRow(place.name, rows, exact, place.key, place.why_not)


def rows(
    session: Session,
    table: str,
    *,
    search: str | None = None,
    after: str | None = None,
    limit: int = 500,
    exclude: Collection[str] = (),
) -> Page:
    """Return rows of a table by their key, those behind `after`; `search` is a key, or part of a text in the labels.

    Raise UsageError where there is no such table, its rows cannot be edited, or `after` is none.
    """
    layout = read_layout(session, exclude=exclude)
    place = layout.place(table)
    layout.engine.prepare(session)
    labels = _label_fields(place)
    start = None if after is None else parse_key(place.key_fields, after)
    if after is not None and start is None:
        raise UsageError(
            f"{said_value(after)} is no key of {said_value(table)}", hint="give a key that a page ended with"
        )
    columns = tuple(field.name for field in labels)
    if search is None or not search.strip():
        found = _read(session, place, labels, _behind(place, start), limit + 1)
        return Page(columns, tuple(found[:limit]), found[limit - 1].key if len(found) > limit else None)
    return _searched(session, place, labels, search.strip(), start, limit)


def _searched(
    session: Session, place: Place, labels: Sequence[Field], search: str, start: tuple[Any, ...] | None, limit: int
) -> Page:
    columns = tuple(field.name for field in labels)
    first: list[Row] = []
    key = parse_key(place.key_fields, search)
    if start is None and key is not None:
        first = _read(session, place, labels, [matches(place.key_fields, key)], 1)
    end = _end_of_window(session, place, start)
    conditions = [*_behind(place, start)]
    if end is not None:
        conditions.append(sa.not_(sa.and_(*_behind(place, end))))
    likes = [_contains(field, search) for field in _searchable(place, labels)]
    found = _read(session, place, labels, [*conditions, sa.or_(*likes)], limit + 1) if likes else []
    here = tuple(dict.fromkeys([*first, *found[:limit]]))
    if len(found) > limit:
        return Page(columns, here, found[limit - 1].key)
    return Page(columns, here, None if end is None else format_key(place.key_fields, end))


def _end_of_window(session: Session, place: Place, start: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """Return the key up to which a search looks; None where that is the end of the table."""
    query = _keys(place).where(*_behind(place, start)).order_by(*_order(place)).offset(SEARCHED - 1).limit(2)
    found = session.execute(query).all()
    return _key_of(place, found[0]) if len(found) == 2 else None


def _read(
    session: Session, place: Place, labels: Sequence[Field], where: Sequence[ColumnElement[bool]], limit: int
) -> list[Row]:
    engine = labels[0].engine if labels else None
    shown = (
        [engine.label(field.sql, _LABEL).label(f"l{number}") for number, field in enumerate(labels)] if engine else []
    )
    query = _keys(place).add_columns(*shown).where(*where).order_by(*_order(place)).limit(limit)
    width = len(wanted(place.key_fields))
    return [
        Row(format_key(place.key_fields, _key_of(place, raw)), tuple(map(_said, raw[width:])))
        for raw in session.execute(query)
    ]


def _said(value: Any) -> str:
    if value is None:
        return ""
    return printable(value.decode(errors="replace") if isinstance(value, bytes) else str(value))


def _keys(place: Place) -> sa.Select[Any]:
    query = sa.select(*wanted(place.key_fields)).select_from(place.rows)
    # SQLite allows NULL in a primary key; such a row has no key that says it.
    unsure = [field.sql.is_not(None) for field in place.key_fields if field.column.nullable]
    return query.where(*unsure)


def _key_of(place: Place, raw: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(shown_row(place.key_fields, raw).values())


def _order(place: Place) -> list[ColumnElement[Any]]:
    return [field.sql for field in place.key_fields]


def _behind(place: Place, start: tuple[Any, ...] | None) -> list[ColumnElement[bool]]:
    """Return the condition that a row comes after a key, so said that the index of the key is used."""
    if start is None:
        return []
    pairs = [(field.sql, field.bound(value)) for field, value in zip(place.key_fields, start, strict=True)]
    options = [
        sa.and_(*(sql == value for sql, value in pairs[:number]), pairs[number][0] > pairs[number][1])
        for number in range(len(pairs))
    ]
    if len(options) == 1:
        return [options[0]]
    return [pairs[0][0] >= pairs[0][1], sa.or_(*options)]


def _label_fields(place: Place) -> list[Field]:
    """Return the columns that people may know a row by: those called a name first, then short texts."""
    candidates = [field for field in place.fields if field.name not in place.key and field.type.kind in _SHOWABLE]

    def rank(field: Field) -> tuple[bool, bool]:
        return (field.name.lower() not in _NAMES, field.type.kind not in {"text", "enum"})

    return sorted(candidates, key=rank)[:_LABELS]


_SHOWABLE = {"text", "enum", "any", "integer", "decimal", "date", "timestamp", "uuid", "boolean"}


def _searchable(place: Place, labels: Sequence[Field]) -> list[Field]:
    keys = [field for field in place.key_fields if field.type.kind == "text"]
    return [*keys, *(field for field in labels if field.type.kind in {"text", "enum", "any"})]


def _contains(field: Field, search: str) -> ColumnElement[bool]:
    pattern = "%" + search.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    return sa.func.lower(sa.cast(field.sql, sa.Text)).like(sa.func.lower(sa.cast(pattern, sa.Text)), escape="!")
