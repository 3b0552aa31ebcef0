"""The category basic_info: what stands in the row of a movie, and its genres."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import or_

from core.documents import said_value
from core.library.categories.category import Category
from core.library.categories.fields import (
    LARGEST_INT,
    MOST_ITEMS,
    Data,
    IsoDate,
    LongText,
    Money,
    Name100,
    Name200,
    Rating,
    Score,
    Text10,
    Text50,
    Text500,
    Year,
)
from core.library.categories.listed import as_json
from core.library.categories.lists import arrange, put_list, set_all
from core.library.categories.work import Work
from core.library.models import Movie, MovieGenre


class BasicInfo(Data):
    """The basic information about the movie."""

    title: Name200 = Field(default="", description="The title under which the movie is shown; never null.")
    tagline: Text500 | None = Field(default=None, description="The line on its poster, or null.")
    year: Year | None = Field(default=None, description='The year of release as text, "1999", or null.')
    release_date: IsoDate | None = Field(default=None, description="The first release, as YYYY-MM-DD, or null.")
    runtime: Annotated[int, Field(ge=0, le=LARGEST_INT)] | None = Field(default=None, description="Minutes, or null.")
    rating: Text10 | None = Field(default=None, description='The certificate, such as "R" or "PG-13", or null.')
    language: Text50 | None = Field(default=None, description='The original language, "English", or null.')
    country: Text50 | None = Field(default=None, description='The country of origin, "United States", or null.')
    overview: LongText | None = Field(default=None, description="What it is about, without its end, or null.")
    budget: Money | None = Field(default=None, description="What it cost, in whole US dollars, or null.")
    revenue: Money | None = Field(default=None, description="What it earned, in whole US dollars, or null.")
    status: Literal["released", "upcoming", "in-production"] | None = Field(
        default=None, description="Whether it can be seen yet, or null."
    )
    genres: Annotated[list[Name100], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="Names of genres, the main one first; the list replaces the present one."
    )
    siddu_score: Score | None = Field(default=None, description="The house's own score, 0 to 100, or null.")
    critics_score: Score | None = Field(default=None, description="The score of the critics, 0 to 100, or null.")
    imdb_rating: Rating | None = Field(default=None, description="The rating at IMDb, 0 to 10, or null.")
    rotten_tomatoes_score: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None, description="Per cent at Rotten Tomatoes, a whole number from 0 to 100, or null."
    )


def _load(movie: Movie) -> dict[str, Any]:
    return {
        key: [link.genre.name for link in movie.genre_links] if key == "genres" else as_json(getattr(movie, key))
        for key in BasicInfo.model_fields
    }


def _store(work: Work, data: BasicInfo) -> None:
    present = data.model_fields_set
    slugs = _slugs(work, data.genres) if "genres" in present else []
    work.settle()
    set_all(work.movie, {key: getattr(data, key) for key in present if key != "genres"})
    if "genres" in present:
        genres = work.genres(slugs)
        links = arrange(
            list(work.movie.genre_links),
            slugs,
            row_key=lambda link: link.genre.slug,
            item_key=lambda slug: slug,
            make=lambda slug: MovieGenre(genre=genres[slug]),
            update=lambda _link, _slug: None,
            merge=work.merge,
        )
        put_list(work.movie, "genre_links", links)


def _slugs(work: Work, names: list[str]) -> list[str]:
    """Return the slugs of the genres; one that is named twice is a problem."""
    slugs: list[str] = []
    for number, name in enumerate(names):
        slug = work.genre(name, ("genres", number))
        if slug in slugs:
            work.refuse(("genres", number), f"{said_value(name)} once more", "each genre once")
        elif slug is not None:
            slugs.append(slug)
    return slugs


_NOT_OF_TMDB = {"siddu_score", "critics_score", "imdb_rating", "rotten_tomatoes_score"}

# Every movie has a title, and released is what the application puts where nobody says anything.
_SAY_LITTLE = {"title", "status", "genres"}
_SAYING = sorted(BasicInfo.model_fields.keys() - _SAY_LITTLE)

CATEGORY = Category(
    name="basic_info",
    title="Basic information",
    model=BasicInfo,
    load=_load,
    store=_store,
    filled=or_(*(getattr(Movie, key).is_not(None) for key in _SAYING), Movie.genre_links.any()),
    list_keys={"genres": ()},
    from_tmdb=frozenset(BasicInfo.model_fields.keys() - _NOT_OF_TMDB),
)
