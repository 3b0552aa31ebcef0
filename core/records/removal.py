"""What hangs on rows that are to be removed: what forbids it, and what goes with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.databases.schema import Action
from core.documents import Path, Problem, said_value
from core.forms.form import Json
from core.records.keys import format_key
from core.records.layout import Hanging, Layout, Place, aliased
from core.records.record import Child, hangs_on, shown_row, wanted
from core.words import plural

AT_ONCE: Final = 200
_FORBIDS: tuple[Action, ...] = ("NO ACTION", "RESTRICT")
_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """What is wrong with a removal, and what goes with it."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def removal_of(session: Session, layout: Layout, child: Child, row: Json, keys: Sequence[_Key], path: Path) -> Removal:
    """Return what hangs on rows of a child, which are to be removed."""
    problems: list[Problem] = []
    notes: list[str] = []
    if not keys:
        return Removal((), ())
    for hanging in layout.hanging_on(child.place):
        counts = _counts(session, child, hanging, row, keys)
        if not counts:
            continue
        name = said_value(hanging.place.name)
        if hanging.key.on_delete in _FORBIDS:
            problems += [
                Problem(
                    path,
                    f"the row {_said(child, key)} is missing, and {_hang(count, name)} on it",
                    "to keep that row, or to remove those first",
                )
                for key, count in counts.items()
            ]
            continue
        total = plural(counts.total(), "row")
        if hanging.key.on_delete == "CASCADE":
            more = ", and what hangs on them" if layout.hanging_on(hanging.place) else ""
            notes.append(
                f"{said_value(child.name)}: {total} of {name} removed with them, for the database cascades{more}"
            )
        else:
            notes.append(f"{said_value(child.name)}: {total} of {name} no longer name them")
    return Removal(tuple(problems), tuple(notes))


def _hang(count: int, table: str) -> str:
    return f"{plural(count, 'row')} of {table} {'hangs' if count == 1 else 'hang'}"


def _said(child: Child, key: _Key) -> str:
    return said_value(format_key(child.key, key))


def _counts(session: Session, child: Child, hanging: Hanging, row: Json, keys: Sequence[_Key]) -> Counter[_Key]:
    """Count by key how many rows hang on each, without those that are removed themselves."""
    if hanging.place is child.place:
        going = set(map(repr, keys))
        return Counter(on for own, on in _own(session, child, hanging, row, keys) if repr(own) not in going)
    return _grouped(session, child, hanging, row, keys)


def _own(
    session: Session, child: Child, hanging: Hanging, row: Json, keys: Sequence[_Key]
) -> Iterator[tuple[_Key | None, _Key]]:
    """Yield rows of the child's own table that hang on one of these: the key of those in the list, and on which."""
    other = aliased(child.place)
    query = (
        sa.select(*wanted([*child.key, *other.key_fields]))
        .select_from(child.place.rows.join(other.rows, _joined(child, other, hanging)))
        .where(hangs_on(child, row))
    )
    going = set(map(repr, keys))
    parents = child.parent_values(row)
    width = len(wanted(child.key))
    for raw in session.execute(query):
        on = tuple(shown_row(child.key, raw).values())
        if repr(on) in going:
            values = shown_row(other.key_fields, raw[width:])
            is_in_list = all(values[name] == value for name, value in parents.items() if name in values)
            yield (tuple(values[field.name] for field in child.key) if is_in_list else None), on


def _grouped(session: Session, child: Child, hanging: Hanging, row: Json, keys: Sequence[_Key]) -> Counter[_Key]:
    other = aliased(hanging.place)
    query = (
        sa.select(*wanted(child.key), sa.func.count().label("many"))
        .select_from(child.place.rows.join(other.rows, _joined(child, other, hanging)))
        .where(hangs_on(child, row))
        .group_by(*(field.sql for field in child.place.key_fields))
    )
    going = {repr(key): key for key in keys}
    counts: Counter[_Key] = Counter()
    for raw in session.execute(query):
        key = going.get(repr(tuple(shown_row(child.key, raw).values())))
        if key is not None:
            counts[key] += int(raw.many)
    return counts


def _joined(child: Child, other: Place, hanging: Hanging) -> Any:
    pairs = zip(hanging.key.columns, hanging.key.referred, strict=True)
    return sa.and_(*(other.by_name[name].sql == child.place.by_name[referred].sql for name, referred in pairs))


def in_order(session: Session, child: Child, row: Json, keys: Sequence[_Key]) -> Iterator[list[_Key]]:
    """Yield keys of rows to remove, some at a time, those that hang on others of them before these."""
    waiting = {repr(key): key for key in keys}
    below: dict[str, set[str]] = {name: set() for name in waiting}
    for hanging in child.layout.hanging_on(child.place):
        if hanging.place is child.place and waiting:
            for own, on in _own(session, child, hanging, row, keys):
                if own != on and repr(own) in waiting:
                    below[repr(on)].add(repr(own))
    while waiting:
        free = [name for name in waiting if not below[name] & waiting.keys()] or list(waiting)
        for start in range(0, len(free), AT_ONCE):
            yield [waiting[name] for name in free[start : start + AT_ONCE]]
        for name in free:
            del waiting[name]
