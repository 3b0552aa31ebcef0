"""A table whose rows are edited as JSON, each with the rows that hang on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from core.documents import Path, Problem, said_value
from core.errors import UsageError
from core.forms.envelope import framed_schema
from core.forms.form import TABLE_FORM, Checked, Json, Source, Written
from core.forms.problems import MOST_PROBLEMS, unknown_key
from core.forms.questions import Answers
from core.records.envelope import RecordFrame
from core.records.fields import Field
from core.records.items import checked_items
from core.records.keys import parse_key
from core.records.layout import Hanging, Layout, Place, read_layout
from core.records.record import MOST_ROWS, Child, Record, find_row, is_left_out
from core.records.schemas import definitions
from core.records.writing import write_record

_LABEL = 80


def form_name(table: str) -> str:
    """Return what drafts and log know a table by; without more it could be the name of a category of films."""
    return f"{TABLE_FORM}{table}"


def table_of(name: str) -> str:
    """Return the table that a form's name stands for; raise UsageError where it is none of a table."""
    if not name.startswith(TABLE_FORM):
        raise UsageError(f"{name} is no table: it is a category", hint="`greenroom category` knows it")
    return name.removeprefix(TABLE_FORM)


@dataclass(frozen=True, eq=False)
class RecordForm:
    """A table of a site's database; implements `core.forms.Form` for its rows."""

    layout: Layout
    place: Place

    @property
    def name(self) -> str:
        """What drafts and log know it by."""
        return form_name(self.title)

    @property
    def title(self) -> str:
        """The table's name, with its schema where that is not the one that the role works in."""
        return self.place.name

    @cached_property
    def children(self) -> tuple[Child, ...]:
        """Return what hangs on a row, in the order of names."""
        hangings = [one for one in self.layout.hanging_on(self.place) if one.place.name not in self.layout.hidden]
        hangings.sort(key=lambda one: (one.place.name, one.key.columns))
        several = Counter(one.place.name for one in hangings)
        taken = set(self.place.by_name)
        found = []
        for hanging in hangings:
            name = _name_of(hanging, taken, alone=several[hanging.place.name] == 1)
            taken.add(name)
            found.append(Child(name, hanging, self.place, self.layout))
        return tuple(found)

    @cached_property
    def _children(self) -> dict[str, Child]:
        return {child.name: child for child in self.children}

    @property
    def keys(self) -> list[str]:
        """Return the keys of the data: the columns, and the names of the lists."""
        return [*self.place.by_name, *self._children]

    def schema(self) -> Json:
        """Return the JSON Schema of the data."""
        return {
            "type": "object",
            "title": self.title,
            "properties": {field.name: field.schema for field in self.place.fields}
            | {child.name: _schema_of(child) for child in self.children},
            "additionalProperties": False,
            "$defs": definitions(self.layout.engine.TAGS),
        }

    def envelope_schema(self) -> Json:
        """Return the JSON Schema of the envelope, with that of the data in it."""
        return framed_schema(RecordFrame, self.title, self.schema(), {"table": {"const": self.title}, "key": {}})

    def check(self, data: object, before: Path = ()) -> Checked:
        """Return the data as it is written, or all that is wrong with it, each with its path below `before`."""
        if not isinstance(data, Mapping):
            return Checked(None, (Problem(before, said_value(data), "an object"),))
        result: Json = {}
        problems: list[Problem] = []
        for name, value in data.items():
            if len(problems) >= MOST_PROBLEMS:
                break
            path = (*before, name)
            found: Any = None
            wrong: list[Problem] = []
            if name in self.place.by_name:
                found, problem = self.place.by_name[name].checked(value, path)
                wrong = [problem] if problem else []
            elif name in self._children:
                found, wrong = self._checked_child(self._children[name], value, path)
            else:
                wrong = [unknown_key(path, self.keys)]
            problems += wrong
            result[name] = found
        return Checked(None, tuple(dict.fromkeys(problems))) if problems else Checked(result, ())

    def _checked_child(self, child: Child, value: Any, path: Path) -> tuple[Any, list[Problem]]:
        if is_left_out(value):
            return value, []
        return checked_items(child, value, path)

    def key_of(self, path: Path, item: object) -> Hashable | None:
        """Return what tells an item of the list at `path` in the data from the others: its key."""
        child = self._children.get(str(path[0])) if len(path) == 1 else None
        if child is None or not isinstance(item, Mapping) or child.why_not:
            return None
        values = [_same_key(field, item.get(field.name)) for field in child.key]
        return None if None in values else tuple(map(repr, values))

    @property
    def items_keep(self) -> bool:
        """Tell that a row keeps the columns that are left out."""
        return True

    def are_two(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell that rows with one key are one row."""
        del one, other
        return False

    def find(self, session: Session, key: str) -> Record | None:
        """Return the row with this key, or None."""
        self.layout.engine.prepare(session)
        values = parse_key(self.place.key_fields, key)
        if values is None or find_row(session, self.place, values) is None:
            return None
        return Record(session, self.layout, self.place, self.children, values)

    def read(self, thing: Record) -> Json:
        """Return all of the data as it is now; raise GoneError where the row is no longer there."""
        return thing.read()

    def address(self, thing: Record) -> Json:
        """Return the keys with which the envelope begins."""
        return {"table": self.title, "key": thing.text}

    def describe(self, thing: Record) -> str:
        """Return which row it is, with a text of it that people may know it by."""
        row = thing.row()
        texts = (row[field.name] for field in self.place.fields if field.type.kind == "text" and not field.read_only)
        known_by = next((text for text in texts if isinstance(text, str) and text), "")
        words = f"{self.title} {thing.text}"
        return f"{words}: {known_by[:_LABEL]}" if known_by else words

    def source_of(self, thing: Record, field: str) -> Source | None:
        """Return None: no table says where its values are from."""
        del thing, field
        return None

    def write(
        self,
        session: Session,
        thing: Record,
        data: object,
        *,
        merge_lists: bool = False,
        answers: Answers | None = None,
        known: Any = None,
        before: Path = (),
    ) -> Written:
        """Store the keys that `data` has; see `core.forms.Form.write`.

        Rows of a list are known by their key. Raise InvalidDataError, GoneError, or GreenroomError where the database
        refuses.
        """
        del answers, known
        return write_record(
            session, thing, self.check(data, before), children=self._children, merge=merge_lists, before=before
        )

    def shared(self, session: Session) -> None:
        """Return None: writes of records share nothing."""
        del session


def record_form(session: Session, table: str, *, exclude: Collection[str] = ()) -> RecordForm:
    """Return the form of a table's rows.

    `exclude` are tables that are not offered. Raise UsageError where there is no such table, or its rows cannot be
    edited.
    """
    layout = read_layout(session, exclude=exclude)
    return RecordForm(layout, layout.place(table))


def _name_of(hanging: Hanging, taken: Collection[str], *, alone: bool) -> str:
    name = hanging.place.name if alone else f"{hanging.place.name}.{'.'.join(hanging.key.columns)}"
    while name in taken:
        name += "."
    return name


def _same_key(field: Field, value: Any) -> Any:
    found, problem = field.checked(value, ())
    return value if problem else found


def _schema_of(child: Child) -> Json:
    words = f"The rows of {child.place.name} that name this row by {', '.join(child.hanging.key.columns)}."
    note: Json = {
        "type": "object",
        "properties": {"left_out": {"type": "string", "description": "Why the rows are not shown."}},
        "required": ["left_out"],
        "additionalProperties": False,
    }
    if child.why_not:
        words += f" They cannot be changed: {child.why_not}."
    else:
        words += " One without its key is new, and one that is missing is removed. Their order is not kept."
    items: Json = {
        "type": "object",
        "properties": {field.name: field.schema for field in child.fields.values()},
        "additionalProperties": False,
    }
    return {
        "anyOf": [{"type": "array", "maxItems": MOST_ROWS, "items": items}, note],
        "description": words,
        **({} if not child.why_not else {"readOnly": True}),
    }
