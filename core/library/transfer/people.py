"""A user's recommenders and lists as an import finds, makes and changes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, insert, select, update

from core.batches import in_batches
from core.documents import Path
from core.library.models import CustomList, Recommender
from core.library.models.users import DEFAULT_COLOR, QUICK_RECOMMENDERS
from core.library.transfer.course import BATCH, Course
from core.library.transfer.models import (
    ListRecord,
    PersonRecord,
    PersonRecord1,
    RecommendationRecord,
    RecommendationRecord1,
    Said,
)
from core.library.transfer.proof import quick_problem, twice
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import Tally, decide, known_time

_LONGEST_STEM = 80


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
    """The user's recommenders by name. They are few: all names are held.

    `named` are the ids of those whom the file has, `displaced` the names of those who had to leave them to others.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._by_name = {person.name: person for person in _people(course, ())}
        self._by_file_id: dict[int, str] = {}
        self._renamed: set[int] = set()
        self._seen: dict[int, Path] = {}
        self._quick: dict[str, Path] = {}
        self.displaced: dict[int, str] = {}
        course.marks.append(self._mark)

    @property
    def named(self) -> Collection[int]:
        return self._seen.keys()

    def _mark(self) -> Callable[[], None]:
        by_name, by_file_id, seen = self._by_name.copy(), self._by_file_id.copy(), self._seen.copy()

        def put_back() -> None:
            self._by_name, self._by_file_id, self._seen = by_name, by_file_id, seen

        return put_back

    def take(self, file: LibraryFile) -> None:
        """Take in the people of a file."""
        course = self._course
        if course.overwrite:
            self._give_names_back(file)
        for batch in in_batches(file.records("people", course.tally, course.reporter), BATCH):
            course.take("people", batch, self._take_batch)

    def _take_batch(self, batch: Sequence[tuple[Path, PersonRecord]]) -> None:
        for path, record in batch:
            there = self.find(record.name)
            problem = quick_problem(path, record, self._quick) if self._course.overwrite else None
            if there is not None and there.id in self._seen:
                problem = twice((*path, "name"), record.name, self._seen[there.id])
            if problem is not None:
                self._course.tally.refuse("people", [problem])
                continue
            self._seen[self._merge(path, record, there)] = path
            if isinstance(record, PersonRecord1) and record.id is not None:
                self._by_file_id[record.id] = record.name

    def _give_names_back(self, file: LibraryFile) -> None:
        """Call the quick recommenders what the file calls them, whoever has those names now.

        It may be one of themselves. What is wrong with the file is found when its people are taken.
        """
        wanted: dict[str, str] = {}
        for _, record in file.records("people", Tally(self._course.now), self._course.reporter):
            if record.quick_key in QUICK_RECOMMENDERS:
                wanted.setdefault(record.quick_key, record.name)
        mine = {person.quick_key: person for person in self._by_name.values()}
        moving = {key: mine[key] for key, name in wanted.items() if key in mine and mine[key].name != name}
        for key, person in moving.items():
            moving[key] = self._rename(person, self._free(person.name))
        for key, name in wanted.items():
            other = self.find(name)
            if other is not None and other.id not in self._renamed and self._is_in_the_way(other, key, mine):
                self._displace(other)
            if key in moving and self.find(name) is None:
                self._renamed.add(self._rename(moving[key], name).id)

    def _is_in_the_way(self, person: Person, key: str, mine: Collection[str | None]) -> bool:
        """Whether somebody's name is to be that of another: an ordinary one may become who is not there."""
        return person.quick_key != key and (key in mine or person.quick_key is not None)

    def _displace(self, person: Person) -> None:
        self.displaced[person.id] = person.name
        self._rename(person, self._free(person.name))

    def _rename(self, person: Person, name: str) -> Person:
        self._course.session.execute(update(Recommender).where(Recommender.id == person.id).values(name=name))
        self._by_name = {known: one for known, one in self._by_name.items() if one.id != person.id}
        self._by_name[name] = person._replace(name=name)
        return self._by_name[name]

    def _free(self, name: str) -> str:
        """Return a name like this one that nobody has."""
        names = (f"{name[:_LONGEST_STEM]} ({number})" for number in count(2))
        return next(free for free in names if self.find(free) is None)

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
        if course.overwrite:  # some databases take names for one that are not spelled alike
            values["name"] = record.name
        if course.overwrite and record.quick_key is not None:
            values["quick_key"] = record.quick_key
        verdict = decide(
            stored=known_time(there.last_modified) if there else None,
            incoming=record.last_modified,
            same=there is not None
            and there.id not in self._renamed
            and all(getattr(there, name) == value for name, value in values.items()),
            now=course.now,
            overwrite=course.overwrite,
        )
        course.tally.decided("people", verdict, path, record.name, there)
        course.tally.look_at_time((*path, "last_modified"), record.name, record.last_modified)
        values["last_modified"] = course.now if record.last_modified is None else record.last_modified
        if there is None:
            return self._make(record.name, values).id
        if verdict == "update":
            course.tally.note_replaced(
                "people", path, record.name, known_time(there.last_modified), values["last_modified"]
            )
            course.session.execute(update(Recommender).where(Recommender.id == there.id).values(**values))
            self._by_name[record.name] = self._by_name[there.name] = there._replace(**values)
        return there.id

    def _make(self, name: str, values: dict[str, Any]) -> Person:
        row = {"name": name, "quick_key": None, **values}
        made = self._course.session.execute(insert(Recommender).values(user_id=self._course.user_id, **row))
        key = cast("CursorResult[Any]", made).inserted_primary_key
        person = Person(id=key[0] if key else 0, **row)
        self._by_name[name] = person
        return person


class Lists:
    """The user's lists by id. They are few: all are held.

    `named` are the ids of those that the file has. With `are_of_file` no others may be referred to: a restore of a file
    that has lists leaves no others.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._by_id = {one.id: one for one in _lists(course, ())}
        self._seen: dict[str, Path] = {}
        self.are_of_file = False
        course.marks.append(self._mark)

    @property
    def named(self) -> Collection[str]:
        return self._seen.keys()

    def _mark(self) -> Callable[[], None]:
        by_id, seen = self._by_id.copy(), self._seen.copy()

        def put_back() -> None:
            self._by_id, self._seen = by_id, seen

        return put_back

    def take(self, file: LibraryFile) -> None:
        """Take in the lists of a file."""
        course = self._course
        for batch in in_batches(file.records("lists", course.tally, course.reporter), BATCH):
            course.take("lists", batch, self._take_batch)
        self.are_of_file = course.overwrite and "lists" in file.sections

    def _take_batch(self, batch: Sequence[tuple[Path, ListRecord]]) -> None:
        for path, record in batch:
            there = self.find(record.id)
            key = there.id if there else record.id
            if key in self._seen:
                self._course.tally.refuse("lists", [twice((*path, "id"), record.id, self._seen[key])])
                continue
            self._seen[key] = path
            self._merge(path, record, there)

    def allowed(self, list_id: str) -> OwnList | None:
        """Return the list with this id that an entry may be on."""
        there = self.find(list_id)
        return None if there is not None and self.are_of_file and there.id not in self.named else there

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
            stored=known_time(there.last_modified) if there else None,
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
            course.tally.note_replaced(
                "lists", path, record.name, known_time(there.last_modified), values["last_modified"]
            )
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
