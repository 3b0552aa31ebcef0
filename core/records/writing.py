"""A row and the rows that hang on it, written: planned as a whole against what is there, then carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.documents import Path, Problem, said_value, same
from core.errors import GreenroomError
from core.forms.form import Checked, FieldChange, Json, Written
from core.forms.problems import InvalidDataError
from core.records.fields import Field
from core.records.items import problems_of_new
from core.records.layout import Place
from core.records.raw import is_kept
from core.records.record import Child, GoneError, Record, hangs_on, is_left_out, matches
from core.records.removal import in_order, removal_of
from core.words import plural, printable


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """What is done with the rows of one child: keys of those removed, changes by key, new rows; `items` are there."""

    child: Child
    items: Mapping[str, Json]
    removed: tuple[tuple[Any, ...], ...]
    changed: tuple[tuple[tuple[Any, ...], Json], ...]
    new: tuple[Json, ...]

    def __bool__(self) -> bool:
        return bool(self.removed or self.changed or self.new)

    def words(self) -> str:
        """Return how many rows are new, changed and removed."""
        counts = ((self.new, "new"), (self.changed, "changed"), (self.removed, "removed"))
        said = ", ".join(f"{plural(len(rows), 'row')} {word}" for rows, word in counts if rows)
        return f"{said_value(self.child.name)}: {said}"


def write_record(
    session: Session, record: Record, checked: Checked, *, children: Mapping[str, Child], merge: bool, before: Path
) -> Written:
    """Write checked data into a row; raise InvalidDataError, GoneError, GreenroomError, with nothing left half done
    once the caller has rolled back.
    """
    if checked.data is None:
        raise InvalidDataError(checked.problems)
    data: Json = checked.data
    old = record.read()
    problems: list[Problem] = []
    changes = _changes(record.place.by_name, old, data, before, problems)
    plans, notes = [], []
    for name, items in data.items():
        if name in children:
            plan = _plan(children[name], old[name], items, (*before, name), problems, merge=merge)
            if plan is not None and plan:
                plans.append(plan)
                notes.append(plan.words())
    for plan in plans:
        removal = removal_of(session, record.layout, plan.child, old, plan.removed, (*before, plan.child.name))
        problems += removal.problems
        notes += removal.notes
    if problems:
        raise InvalidDataError(dict.fromkeys(problems))
    if not changes and not plans:
        return Written((), ())
    _carry_out(session, record, old, changes, plans)
    new = record.read()
    for plan in plans:
        _require_done(plan, new[plan.child.name])
    notes += _not_stored(record, data, old, new)
    found = tuple(
        FieldChange(name, old[name], new[name], _words(old[name], new[name]))
        for name in new
        if not same(old[name], new[name])
    )
    if not found:
        raise _not_done(record.place, "all as it was")
    return Written(found, tuple(notes))


def _changes(
    fields: Mapping[str, Field], old: Mapping[str, Any], data: Mapping[str, Any], path: Path, problems: list[Problem]
) -> Json:
    """Return the columns whose values become others, and add what may not change to the problems."""
    changes: Json = {}
    for name, value in data.items():
        field = fields.get(name)
        if field is None or field.column.computed is not None or same(value, old[name]):
            continue
        if field.read_only:
            allowed = f"{said_value(old[name])}: it cannot be changed, for {field.read_only}"
            problems.append(Problem((*path, name), said_value(value), allowed))
        elif is_kept(value):
            problems.append(Problem((*path, name), "stands for a value that is not there any more", field.allowed))
        else:
            changes[name] = value
    return changes


def _plan(child: Child, old: Any, items: Any, path: Path, problems: list[Problem], *, merge: bool) -> ChildPlan | None:
    if is_left_out(items) or is_left_out(old):
        if not is_left_out(items):
            problems.append(Problem(path, said_value(items), f"nothing here: {old['left_out']}"))
        return None
    if child.why_not:
        if not same(old, items):
            problems.append(Problem(path, said_value(items), f"the rows as they are: {child.why_not}"))
        return None
    present = {_identity(child.values_of_key(item)): item for item in old}
    seen: set[str] = set()
    changed: list[tuple[tuple[Any, ...], Json]] = []
    new: list[Json] = []
    for index, item in enumerate(items):
        key = child.values_of_key(item)
        there = present.get(_identity(key)) if key is not None else None
        if key is None or there is None:
            problems += problems_of_new(child, item, (*path, index))
            new.append(item)
            continue
        seen.add(_identity(key))
        changes = _changes(child.fields, there, item, (*path, index), problems)
        if changes:
            changed.append((key, changes))
    gone = () if merge else tuple(item for name, item in present.items() if name not in seen)
    removed = tuple(key for key in (child.values_of_key(item) for item in gone) if key is not None)
    return ChildPlan(child, present, removed, tuple(changed), tuple(new))


def _identity(key: tuple[Any, ...] | None) -> str:
    return repr(key)


def _carry_out(session: Session, record: Record, old: Json, changes: Json, plans: Sequence[ChildPlan]) -> None:
    """Remove first, for a new row may take what was unique of an old one."""
    place = record.place
    for plan in plans:
        with _refusals(plan.child.place):
            for some in in_order(session, plan.child, old, plan.removed):
                gone = sa.or_(*(matches(plan.child.key, key) for key in some))
                session.execute(sa.delete(plan.child.place.rows).where(hangs_on(plan.child, old), gone))
    if changes:
        with _refusals(place):
            values = {field.sql: field.bound(changes[name]) for name, field in place.by_name.items() if name in changes}
            session.execute(sa.update(place.rows).where(matches(place.key_fields, record.key)).values(values))
    row = record.row()
    for plan in plans:
        with _refusals(plan.child.place):
            for key, changed in plan.changed:
                _update(session, plan.child, row, key, changed)
            for item in plan.new:
                _insert(session, plan.child, row, item)


def _update(session: Session, child: Child, row: Json, key: tuple[Any, ...], changed: Json) -> None:
    values = {child.fields[name].sql: child.fields[name].bound(value) for name, value in changed.items()}
    where = sa.and_(hangs_on(child, row), matches(child.key, key))
    session.execute(sa.update(child.place.rows).where(where).values(values))


def _insert(session: Session, child: Child, row: Json, item: Json) -> None:
    by_name = child.place.by_name
    said = {
        name: value
        for name, value in item.items()
        if by_name[name].column.computed is None and not (value is None and name in child.place.key)
    }
    values = {by_name[name].sql: by_name[name].bound(value) for name, value in said.items()}
    values |= {by_name[name].sql: value for name, value in child.bound_to(row).items()}
    session.execute(child.layout.engine.insertion(child.place.rows, values))


@contextmanager
def _refusals(place: Place) -> Iterator[None]:
    """Say what the database refuses with the table's name; all else goes to who opened the session."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        said = printable(" ".join(str(error.orig).split()))
        raise GreenroomError(
            f"{printable(place.name)}: the database refused: {said}", hint="nothing was changed; mend the data"
        ) from error


def _require_done(plan: ChildPlan, items: Any) -> None:
    """Raise GreenroomError where rows of a list are not as planned: a trigger, or a rule about rows, keeps them."""
    if is_left_out(items):
        return
    child = plan.child
    there = {_identity(child.values_of_key(item)): item for item in items}
    if any(_identity(key) in there for key in plan.removed):
        raise _not_done(child.place, "a row that was to be removed")
    if any(_identity(key) not in there for key, _ in plan.changed):
        raise GreenroomError(
            f"{printable(child.place.name)}: a row that was to be changed went away with another change",
            hint="nothing was changed; change one after the other",
        )
    for key, changed in plan.changed:
        was, item = plan.items[_identity(key)], there[_identity(key)]
        if all(same(item[name], was[name]) for name in changed):
            raise _not_done(child.place, "a row that was to be changed")
    if len(there.keys() - plan.items.keys()) < len(plan.new):
        raise _not_done(child.place, "a new row out")


def _not_done(place: Place, what: str) -> GreenroomError:
    return GreenroomError(
        f"{printable(place.name)}: the database kept {what}, without saying why",
        hint="nothing was changed; a trigger of the table, or a rule about rows, forbids it",
    )


def _not_stored(record: Record, data: Json, old: Json, new: Json) -> Iterator[str]:
    """Say which columns somebody meant to change are not as was said."""
    for name, field in record.place.by_name.items():
        is_meant = name in data and not same(data[name], old[name])
        if is_meant and not same(data[name], new[name]):
            why = "the database computes it" if field.column.computed is not None else "the database made that of it"
            yield f"{said_value(name)} is {said_value(new[name])}: {why}"


def _words(before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        return f"{plural(len(before), 'item')} before, {len(after):,} now"
    return f"{said_value(before)} -> {said_value(after)}"


__all__ = ["GoneError", "write_record"]
