"""The category awards: what a movie won, and what it was nominated for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from core.documents import said_value
from core.forms.questions import Candidate
from core.forms.strict import Item
from core.library.categories.category import Category
from core.library.categories.fields import (
    MOST_ITEMS,
    Data,
    LongText,
    Name120,
    Name200,
    Text50,
    Text80,
    Text200,
    Text255,
)
from core.library.categories.listed import Listed
from core.library.categories.matching import folded, free_id, slug_of
from core.library.categories.work import Work
from core.library.models import Award, Movie

_LONGEST_ID = 120


class AwardItem(Item):
    """An award won, or a nomination. Without an id, or with an unknown one, it is found by name, category and year."""

    id: Name120 | None = Field(default=None, description="The id of a known award; null, or left out, for a new one.")
    name: Name200 = Field(description='The award, "Academy Award".')
    organization: Text200 | None = Field(default=None, description="Who gives it, or null.")
    ceremony_id: Text80 | None = Field(
        default=None, description='A short name of the ceremony, "oscars-2000", or null.'
    )
    ceremony: Text200 | None = Field(default=None, description='The ceremony, "72nd Academy Awards", or null.')
    year: Annotated[int, Field(ge=1880, le=2200)] = Field(description="The year of the ceremony.")
    category: Name200 = Field(description='For what, "Best Picture".')
    nominee: Text255 | None = Field(default=None, description="Who, or what, was nominated, or null.")
    status: Literal["Winner", "Nominee"] = Field(description="Whether it was won.")
    country: Text50 | None = Field(default=None, description="The country of the award, or null.")
    language: Text50 | None = Field(default=None, description="The language of the award, or null.")
    prestige_level: Literal["national", "state", "industry", "international"] | None = Field(
        default=None, description="How far the award is known, or null."
    )
    notes: LongText | None = Field(default=None, description="What is to be known besides, or null.")


class Awards(Data):
    """What the movie won or was nominated for, in the order in which it is shown."""

    awards: Annotated[list[AwardItem], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="All awards and nominations; the list replaces the present one."
    )


_AWARDS = Listed(attribute="awards", item=AwardItem, row=Award, key=("id",), renamed={"id": "external_id"})


def _load(movie: Movie) -> dict[str, Any]:
    return {"awards": _AWARDS.load(movie)}


def _store(work: Work, data: Awards) -> None:
    if "awards" in data.model_fields_set:
        ids = _ids(work, data.awards)
        work.settle()
        items = [item.model_copy(update={"id": award_id}) for item, award_id in zip(data.awards, ids, strict=True)]
        _AWARDS.store(work, items)


def _ids(work: Work, items: Sequence[AwardItem]) -> list[str]:
    """Return for each item the id that it is stored under."""
    there = {award.external_id: award for award in work.movie.awards}
    taken = {*there, *(item.id for item in items if item.id)}
    used: set[str] = {item.id for item in items if item.id in there}
    seen: set[str] = set()
    ids = []
    for number, item in enumerate(items):
        path = ("awards", number)
        found = item.id if item.id in there else _found_by_name(work, item, number, used)
        if found is None:
            found = item.id or free_id(_wanted_id(work.movie, item), taken, _LONGEST_ID)
            work.note(f"new award {_words(item)}, {found}")
        elif item.id not in {None, found}:
            work.note(f"{said_value(item.id)} is no award's id here: {_words(item)} was found by name, {found}")
        if found in seen:
            work.refuse((*path, "id"), f"{found} once more", "each award once")
        seen.add(found)
        used.add(found)
        taken.add(found)
        ids.append(found)
    return ids


def _found_by_name(work: Work, item: AwardItem, number: int, used: set[str]) -> str | None:
    alike = [
        Candidate(award.external_id, award.name, f"{award.category} {award.year}, {award.nominee or 'no nominee'}")
        for award in work.movie.awards
        if award.external_id not in used
        and _key(award) == _key(item)
        and (not item.nominee or folded(award.nominee or "") == folded(item.nominee))
    ]
    return work.choose_award(_words(item), ("awards", number, "name"), alike)


def _key(award: Award | AwardItem) -> Hashable:
    return folded(award.name), folded(award.category), award.year


def _words(item: AwardItem) -> str:
    return f"{said_value(item.name)}, {said_value(item.category)}, {item.year}"


def _wanted_id(movie: Movie, item: AwardItem) -> str:
    return f"{movie.external_id}-{slug_of(item.ceremony_id or f'{item.name} {item.year}', 60)}"


CATEGORY = Category(
    name="awards",
    title="Awards",
    model=Awards,
    load=_load,
    store=_store,
    filled=Movie.awards.any(),
    list_keys={"awards": ("id", "name", "category", "year", "nominee")},
)
