"""A view of a site's data that a person edits as JSON: how a thing is found, checked, read and written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeVar

from sqlalchemy.orm import Session

from core.documents import Path, Problem
from core.forms.questions import Answers
from core.words import printable

Json = dict[str, Any]
Source = Literal["tmdb", "omdb", "manual", "llm-generated"]
"""Where a value is from, as it is noted; an envelope tells it as far as its format has a word for it."""
T = TypeVar("T")
TABLE_FORM: Final = "table "


class Subject(NamedTuple):
    """What one document is about: the name of its form, and which thing of it, "tmdb-550" or a row's key.

    The name of a table's form begins with a word of its own, for a table may be called as a category is.
    """

    form: str
    key: str

    def __str__(self) -> str:
        """Return it as people read it: "trivia of tmdb-550", "row 12 of table customers"."""
        of_a_row = self.form.startswith(TABLE_FORM)
        return printable(f"row {self.key} of {self.form}" if of_a_row else f"{self.form} of {self.key}")


@dataclass(frozen=True, slots=True)
class Checked:
    """Data that was checked: `data` as its form takes it where nothing is wrong with it, else None and `problems`."""

    data: Any
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One key of the data whose stored value is another now; `words` say how."""

    field: str
    before: Any
    after: Any
    words: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the keys that changed, and in words who and what was created or matched."""

    changes: tuple[FieldChange, ...]
    notes: tuple[str, ...]

    @property
    def updated_fields(self) -> tuple[str, ...]:
        """The keys that changed, in the order of the form."""
        return tuple(change.field for change in self.changes)


class Form(Protocol[T]):
    """One view of the things of a kind: a category of films, a table with its rows.

    `T` is the thing itself, as it is found in a session.
    """

    @property
    def name(self) -> str:
        """The name under which drafts and log know it: "cast_crew", a table's name."""

    @property
    def title(self) -> str:
        """The name that people read."""

    def schema(self) -> Json:
        """Return the JSON Schema of the data."""

    def envelope_schema(self) -> Json:
        """Return the JSON Schema of the envelope, with that of the data in it."""

    def check(self, data: object, before: Path = ()) -> Checked:
        """Return the data as it is written, or all that is wrong with it, each with its path below `before`."""

    def key_of(self, path: Path, item: object) -> Hashable | None:
        """Return what tells an item of the list at `path` in the data from the others; see `core.documents.KeyOf`."""

    @property
    def items_keep(self) -> bool:
        """Whether an item of a list that takes the place of the present one keeps what it leaves out."""

    def are_two(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell whether two items of a list of the data, alike by `key_of`, certainly are not the same one."""

    def find(self, session: Session, key: str) -> T | None:
        """Return the thing that has this key, or None."""

    def read(self, thing: T) -> Json:
        """Return all of its data; what `write` takes as it is."""

    def address(self, thing: T) -> Json:
        """Return the keys with which its envelope begins, which say what it is about."""

    def describe(self, thing: T) -> str:
        """Return in a few words which thing it is: "Fight Club (1999)"."""

    def source_of(self, thing: T, field: str) -> Source | None:
        """Return where a value that is not empty comes from as far as the site itself tells; None where it does not."""

    def write(
        self,
        session: Session,
        thing: T,
        data: object,
        *,
        merge_lists: bool = False,
        answers: Answers | None = None,
        known: Any = None,
        before: Path = (),
    ) -> Written:
        """Store the keys that `data` has, and flush; the caller commits, or rolls back on any error.

        A list takes the place of the present one, or with `merge_lists` changes the items with its keys and adds the
        others. `answers` settle names that several have; `known` is what `shared` gave for this session, so that many
        writes of one transaction need not each find it out. Raise InvalidDataError or AmbiguousError with all that is
        wrong or open, with nothing changed.
        """

    def shared(self, session: Session) -> Any:
        """Return what writes of one transaction may share as `known`; to be thrown away after a rollback."""


def applied(form: Form[Any], live: Mapping[str, Any], data: Mapping[str, Any], *, merge_lists: bool) -> Json:
    """Return the live data as it would look with `data` in it, as far as that is known without the site's database."""
    result = dict(live)
    for field, value in data.items():
        present = result.get(field)
        if isinstance(present, list) and isinstance(value, list) and (merge_lists or form.items_keep):
            result[field] = _brought(form, (field,), present, value, merge=merge_lists)
        else:
            result[field] = value
    return result


def _brought(form: Form[Any], path: Path, present: list[Any], items: list[Any], *, merge: bool) -> list[Any]:
    """Return the items, each in what is present with its key; with `merge` all present ones, and then the new ones."""
    merged, given = list(present), []
    places: dict[Hashable, list[int]] = {}
    for index, item in enumerate(present):
        places.setdefault(_identity(form, path, item), []).append(index)
    for item in items:
        free = places.get(_identity(form, path, item), [])
        same = next((index for index in free if not _are_two(form, present[index], item)), None)
        if same is None:
            merged.append(item)
            given.append(item)
            continue
        free.remove(same)
        old = present[same]
        merged[same] = {**old, **item} if isinstance(old, dict) and isinstance(item, dict) else item
        given.append(merged[same])
    return merged if merge else given


def _are_two(form: Form[Any], old: object, item: object) -> bool:
    return isinstance(old, dict) and isinstance(item, dict) and form.are_two(old, item)


def _identity(form: Form[Any], path: Path, item: object) -> Hashable:
    key = form.key_of(path, item)
    return ("value", repr(item)) if key is None else ("key", key)
