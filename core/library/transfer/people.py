"""A user's recommenders and lists as an import finds, makes and changes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, insert, select, update

from core.documents import Path, Problem, said_path, said_value
from core.library.models import CustomList, Recommender
from core.library.models.users import DEFAULT_COLOR
from core.library.transfer.models import (
    ListRecord,
    PersonRecord,
    PersonRecord1,
    RecommendationRecord,
    RecommendationRecord1,
    Said,
)
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import decide
from core.library.transfer.work import Course


class Person(NamedTuple):
    """A recommender as the database has it."""

    id: int
    name: str
    is_trusted: bool
    color: str
    emoji: str | None
    quick_key: str | None
    last_modified: float


class OwnList(NamedTuple):
    """A user's list as the database has it."""

    id: str
    name: str
    color: str
    icon: str
    position: int
    created_at: float
    last_modified: float


class People:
    """The user's recommenders by name. They are few: all names are held."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._by_name = {person.name: person for person in _people(course, ())}
        self._by_file_id: dict[int, str] = {}
        self.named: set[int] = set()

    def take(self, file: LibraryFile) -> None:
        """Take in the people of a file."""
        tally = self._course.tally
        seen: dict[int, Path] = {}
        for path, record in file.records("people", tally, self._course.reporter):
            there = self.find(record.name)
            if there is not None and there.id in seen:
                tally.refuse("people", [twice((*path, "name"), record.name, seen[there.id])])
                continue
            seen[self._merge(path, record, there)] = path
            if isinstance(record, PersonRecord1) and record.id is not None:
                self._by_file_id[record.id] = record.name
        self.named.update(seen)

    def find(self, name: str) -> Person | None:
        """Return who has this name, by the rules of the database."""
        if name not in self._by_name and self._course.compares_loosely:
            found = next(_people(self._course, (Recommender.name == name,)), None)
            if found is not None:
                self._by_name[name] = found
        return self._by_name.get(name)

    def name_in(self, said: Said) -> str | None:
        """Return who recommends; None where version 1 names nobody that its file has."""
        if not isinstance(said, RecommendationRecord1):
            return said.person_name if isinstance(said, RecommendationRecord) else None
        named = said.person_name or said.person
        return self._by_file_id.get(said.person_id) if named is None and said.person_id is not None else named

    def ensure(self, name: str) -> int:
        """Return the id of who has this name, made now where nobody has it."""
        there = self.find(name)
        if there is not None:
            return there.id
        self._course.tally.make_person(name)
        values = {"is_trusted": False, "color": DEFAULT_COLOR, "emoji": None, "last_modified": self._course.now}
        return self._make(name, values).id

    def _merge(self, path: Path, record: PersonRecord, there: Person | None) -> int:
        course = self._course
        values: dict[str, Any] = {"is_trusted": record.is_trusted, "color": record.color, "emoji": record.emoji}
        verdict = decide(
            stored=there.last_modified if there else None,
            incoming=record.last_modified,
            same=there is not None and (there.is_trusted, there.color, there.emoji) == tuple(values.values()),
            now=course.now,
            overwrite=course.overwrite,
        )
        course.tally.decided("people", verdict, path, record.name, there)
        course.tally.look_at_time((*path, "last_modified"), record.name, record.last_modified)
        values["last_modified"] = course.now if record.last_modified is None else record.last_modified
        if there is None:
            return self._make(record.name, values).id
        if verdict == "update":
            course.tally.note_newer(path, record.name, there.last_modified, values["last_modified"])
            course.session.execute(update(Recommender).where(Recommender.id == there.id).values(**values))
            self._by_name[record.name] = self._by_name[there.name] = there._replace(**values)
        return there.id

    def _make(self, name: str, values: dict[str, Any]) -> Person:
        made = self._course.session.execute(
            insert(Recommender).values(user_id=self._course.user_id, name=name, quick_key=None, **values)
        )
        key = cast("CursorResult[Any]", made).inserted_primary_key
        person = Person(id=key[0] if key else 0, name=name, quick_key=None, **values)
        self._by_name[name] = person
        return person


class Lists:
    """The user's lists by id. They are few: all are held."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._by_id = {one.id: one for one in _lists(course, ())}
        self.named: set[str] = set()

    def take(self, file: LibraryFile) -> None:
        """Take in the lists of a file."""
        course, seen = self._course, dict[str, Path]()
        for path, record in file.records("lists", course.tally, course.reporter):
            there = self.find(record.id)
            key = there.id if there else record.id
            if key in seen:
                course.tally.refuse("lists", [twice((*path, "id"), record.id, seen[key])])
                continue
            seen[key] = path
            self._merge(path, record, there)
        self.named.update(seen)

    def find(self, list_id: str) -> OwnList | None:
        """Return the user's list with this id, by the rules of the database."""
        if list_id not in self._by_id and self._course.compares_loosely:
            found = next(_lists(self._course, (CustomList.id == list_id,)), None)
            if found is not None:
                self._by_id[list_id] = found
        return self._by_id.get(list_id)

    def _merge(self, path: Path, record: ListRecord, there: OwnList | None) -> None:
        course = self._course
        values: dict[str, Any] = {
            "name": record.name,
            "color": record.color,
            "icon": record.icon,
            "position": record.position,
            "created_at": record.created_at,
        }
        if record.created_at is None:
            values["created_at"] = there.created_at if there else course.now
        verdict = decide(
            stored=there.last_modified if there else None,
            incoming=record.last_modified,
            same=there is not None and there[1:-1] == tuple(values.values()),
            now=course.now,
            overwrite=course.overwrite,
        )
        course.tally.decided("lists", verdict, path, record.name, there)
        course.tally.look_at_time((*path, "last_modified"), record.name, record.last_modified)
        values["last_modified"] = course.now if record.last_modified is None else record.last_modified
        if there is None:
            course.session.execute(insert(CustomList).values(user_id=course.user_id, id=record.id, **values))
            self._by_id[record.id] = OwnList(id=record.id, **values)
        elif verdict == "update":
            course.tally.note_newer(path, record.name, there.last_modified, values["last_modified"])
            mine = (CustomList.user_id == course.user_id, CustomList.id == there.id)
            course.session.execute(update(CustomList).where(*mine).values(**values))
            self._by_id[there.id] = there._replace(**values)


def _people(course: Course, where: tuple[Any, ...]) -> Iterator[Person]:
    columns = [getattr(Recommender, name) for name in Person._fields]
    rows = course.session.execute(select(*columns).where(Recommender.user_id == course.user_id, *where))
    return (Person(*row) for row in rows)


def _lists(course: Course, where: tuple[Any, ...]) -> Iterator[OwnList]:
    columns = [getattr(CustomList, name) for name in OwnList._fields]
    rows = course.session.execute(select(*columns).where(CustomList.user_id == course.user_id, *where))
    return (OwnList(*row) for row in rows)


def twice(path: Path, key: str, first: Path) -> Problem:
    """Return the problem that what `path` names stood in the file already."""
    return Problem(path, f"{said_value(key)} a second time", f"each one once; the first is {said_path(first)}")
