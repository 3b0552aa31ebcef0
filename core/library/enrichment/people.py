"""The people that TMDB names, as the library knows them: by their ids, else by a name that one alone has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.forms import Answers, Form, Json
from core.library.categories import Known
from core.library.categories.matching import Names, folded
from core.library.enrichment.values import PERSON
from core.library.models import Credit, Person

_AT_ONCE: Final = 400
_FILMS: Final = 100


class SharedNames:
    """The names that the library has, kept from one film to the next: of many people they take a second to be read.

    They are read again every hundred films, and where something was rolled back.
    """

    def __init__(self) -> None:
        self._known: Known | None = None
        self._used = 0

    def share(self, form: Form[Any], session: Session) -> Any:
        """Return them for the writes of one form in one session."""
        del form
        return self._of(session)

    def people(self, session: Session) -> Names:
        """Return those of the people."""
        return self._of(session).names("person")

    def _of(self, session: Session) -> Known:
        if self._known is None:
            self._known = Known(session)
        self._known.session = session
        return self._known

    @contextmanager
    def for_film(self) -> Iterator[None]:
        """Let go of the names where the block fails, or after so many films."""
        self._used += 1
        if self._used % _FILMS == 0:
            self._known = None
        try:
            yield
        except BaseException:
            self._known = None
            raise


def as_known(session: Session, data: Json, movie_id: int, names: Names) -> tuple[Json, Answers]:
    """Return the data of cast_crew with each person as the library spells him or her, and who else is meant by names.

    Who has another id of TMDB's is somebody else, whatever the name. A portrait is that of a person in all movies, so
    it is given to new people alone, and to those who have none and are in no other movie.
    """
    wanted = {item["id"]: item["name"] for items in data.values() for item in items}
    by_id = {person.external_id: person for person in _with_ids(session, wanted)}
    new = {external_id: name for external_id, name in wanted.items() if external_id not in by_id}
    by_id |= _namesakes(session, new, names)
    elsewhere = _in_other_movies(session, [person.id for person in by_id.values()], movie_id)

    def known(item: Json) -> Json:
        person = by_id.get(item["id"])
        if person is None:
            return item
        image = person.image_url
        if image is None and person.external_id == item["id"] and person.id not in elsewhere:
            image = item["image"]
        return {**item, "id": person.external_id, "name": person.name, "image": image}

    answers = {("person", name): None for external_id, name in new.items() if external_id not in by_id}
    return {key: list(_each_once(known(item) for item in items)) for key, items in data.items()}, answers


def _namesakes(session: Session, new: dict[str, str], names: Names) -> dict[str, Person]:
    """Return by the new ids those who alone have the same name and no id of TMDB's."""
    times = Counter(folded(name) for name in new.values())
    meant = {}
    for external_id, name in new.items():
        others = [one.id for one in names.alike(name) if not one.id.startswith(PERSON)]
        if len(others) == 1 and times[folded(name)] == 1:
            meant[external_id] = others[0]
    there = {person.external_id: person for person in _with_ids(session, meant.values())}
    return {external_id: there[other] for external_id, other in meant.items() if other in there}


def _in_other_movies(session: Session, ids: Sequence[int], movie_id: int) -> set[int]:
    return {
        number
        for start in range(0, len(ids), _AT_ONCE)
        for number in session.scalars(
            select(Credit.person_id)
            .where(Credit.person_id.in_(ids[start : start + _AT_ONCE]), Credit.movie_id != movie_id)
            .distinct()
        )
    }


def _with_ids(session: Session, ids: Iterable[str]) -> Iterator[Person]:
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        some = select(Person).where(Person.external_id.in_(wanted[start : start + _AT_ONCE]))
        yield from (person for person in session.scalars(some) if person.external_id in wanted)


def _each_once(items: Iterable[Json]) -> Iterator[Json]:
    seen = set()
    for item in items:
        part = (item["id"], item.get("character"))
        if part not in seen:
            seen.add(part)
            yield item
