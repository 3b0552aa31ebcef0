"""The people that TMDB names, as the library knows them: by their ids, else by a name that one alone has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.forms import Answers, Form, Json, Question
from core.library.categories import Known
from core.library.enrichment.values import PERSON
from core.library.models import Credit, Person

_AT_ONCE = 400
_FILMS = 100


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


def as_known(session: Session, data: Json, movie_id: int) -> Json:
    """Return the data of cast_crew with each person as the library spells him or her.

    A portrait is that of a person in all movies, so it is given to new people alone, and to those who have none and are
    in no other movie.
    """
    wanted = {item["id"]: item["name"] for items in data.values() for item in items}
    by_id = {person.external_id: person for person in _some(session, Person.external_id, wanted)}
    new = {external_id: name for external_id, name in wanted.items() if external_id not in by_id}
    by_id |= _namesakes(session, new)
    elsewhere = _in_other_movies(session, [person.id for person in by_id.values()], movie_id)

    def known(item: Json) -> Json:
        person = by_id.get(item["id"])
        if person is None:
            return item
        image = person.image_url
        if image is None and person.external_id == item["id"] and person.id not in elsewhere:
            image = item["image"]
        return {**item, "id": person.external_id, "name": person.name, "image": image}

    return {key: list(_each_once(known(item) for item in items)) for key, items in data.items()}


def answers_to(questions: Iterable[Question]) -> Answers:
    """Return who is meant by names that several have: the one who is not of TMDB, else somebody new."""
    answers = {}
    for question in questions:
        others = [one.id for one in question.candidates if not one.id.startswith(PERSON)]
        answers[question.kind, question.wanted] = others[0] if len(others) == 1 else None
    return answers


def _namesakes(session: Session, new: dict[str, str]) -> dict[str, Person]:
    """Return by the new ids those who have the same name, are alone with it, and have no other id of TMDB's."""
    by_name: dict[str, list[Person]] = {}
    for person in _some(session, Person.name, set(new.values())):
        if not person.external_id.startswith(PERSON):
            by_name.setdefault(person.name, []).append(person)
    ids_of = [*new.values()]
    return {
        external_id: by_name[name][0]
        for external_id, name in new.items()
        if len(by_name.get(name, ())) == 1 and ids_of.count(name) == 1
    }


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


def _some(session: Session, column: Any, values: Iterable[str]) -> Iterator[Person]:
    wanted = list(values)
    for start in range(0, len(wanted), _AT_ONCE):
        yield from session.scalars(select(Person).where(column.in_(wanted[start : start + _AT_ONCE])))


def _each_once(items: Iterable[Json]) -> Iterator[Json]:
    seen = set()
    for item in items:
        part = (item["id"], item.get("character"))
        if part not in seen:
            seen.add(part)
            yield item
