"""The category cast_crew: who made a movie, by role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from core.documents import Path, said_value
from core.forms.strict import Item
from core.library.categories.category import Category
from core.library.categories.fields import MOST_ITEMS, Data, Name50, Name100, Name200, Url255
from core.library.categories.lists import arrange
from core.library.categories.work import Work
from core.library.models import Credit, Movie, Person

_ROLES = {"directors": "director", "writers": "writer", "producers": "producer", "cast": "cast"}


class Credited(Item):
    """A person. Without an id, or with an unknown one, the person is found by name."""

    id: Name50 | None = Field(default=None, description="The id of a known person; null, or left out, for a new one.")
    name: Name100 = Field(description="The full name.")
    image: Url255 | None = Field(
        default=None, description="A portrait, or null; it is the person's, in all movies. Left out, it stays."
    )


class Played(Credited):
    """A person and whom he or she plays; one who plays two characters stands there twice."""

    character: Name200 | None = Field(default=None, description="Who is played, or null.")


class CastCrew(Data):
    """Who made the movie, in the order of the credits. One person may stand in several lists."""

    directors: Annotated[list[Credited], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="Those who directed; the list replaces the present one."
    )
    writers: Annotated[list[Credited], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="Those who wrote it; the list replaces the present one."
    )
    producers: Annotated[list[Credited], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="Those who produced it; the list replaces the present one."
    )
    cast: Annotated[list[Played], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="Those who play in it; the list replaces the present one."
    )


def _load(movie: Movie) -> dict[str, Any]:
    return {key: [_as_item(credit) for credit in _credits(movie, role)] for key, role in _ROLES.items()}


def _as_item(credit: Credit) -> dict[str, Any]:
    person = credit.person
    item = {"id": person.external_id, "name": person.name, "image": person.image_url}
    return item | {"character": credit.character or None} if credit.role == "cast" else item


def _credits(movie: Movie, role: str) -> list[Credit]:
    return sorted((credit for credit in movie.credits if credit.role == role), key=lambda credit: credit.position)


def _store(work: Work, data: CastCrew) -> None:
    images = _Images(work)
    work.fetch_people(item.id for key in _ROLES for item in getattr(data, key))
    wanted: dict[str, list[tuple[Person, str]]] = {}
    for key, role in _ROLES.items():
        if key in data.model_fields_set:
            wanted[role] = _people(work, getattr(data, key), (key,), images)
    work.settle()
    images.store()
    for role, parts in wanted.items():
        _store_role(work, role, parts)


def _people(work: Work, items: Sequence[Credited], at: Path, images: _Images) -> list[tuple[Person, str]]:
    """Return the people of a role with whom they play; one who stands there twice is a problem."""
    parts: list[tuple[Person, str]] = []
    for number, item in enumerate(items):
        path = (*at, number)
        person = work.person(item.id, item.name, path)
        if person is None:
            continue
        part = (person, (item.character or "") if isinstance(item, Played) else "")
        if part in parts:
            work.refuse(path, f"{said_value(item.name)} once more", "each person once, or as another character")
        else:
            parts.append(part)
        if "image" in item.model_fields_set:
            images.want(person, item.image, (*path, "image"))
    return parts


class _Images:
    """The portraits that the data names, at most one a person."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._wanted: dict[Person, str | None] = {}

    def want(self, person: Person, image: str | None, path: Path) -> None:
        if self._wanted.setdefault(person, image) != image:
            allowed = f"{said_value(self._wanted[person])}, as where {said_value(person.name)} stands first"
            self._work.refuse(path, said_value(image), allowed)

    def store(self) -> None:
        for person, image in self._wanted.items():
            if person.image_url != image:
                if person.id is not None:
                    self._work.note(f"the image of {said_value(person.name)} is another now, in all movies")
                person.image_url = image


def _store_role(work: Work, role: str, parts: list[tuple[Person, str]]) -> None:
    movie = work.movie
    present = _credits(movie, role)
    credits_then = arrange(
        present,
        parts,
        row_key=lambda credit: (credit.person, credit.character),
        item_key=lambda part: part,
        make=lambda part: Credit(role=role, person=part[0], character=part[1]),
        update=lambda _credit, _part: None,
        merge=work.merge,
    )
    for credit in present:
        if credit not in credits_then:
            movie.credits.remove(credit)
    movie.credits.extend(credit for credit in credits_then if credit not in present)


_PERSON_KEY = ("id", "name")

CATEGORY = Category(
    name="cast_crew",
    title="Cast and crew",
    model=CastCrew,
    load=_load,
    store=_store,
    filled=Movie.credits.any(),
    list_keys={
        "directors": _PERSON_KEY,
        "writers": _PERSON_KEY,
        "producers": _PERSON_KEY,
        "cast": (*_PERSON_KEY, "character"),
    },
    from_tmdb=frozenset({"directors", "writers", "producers", "cast"}),
)
