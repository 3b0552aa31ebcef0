"""Answers of services as far as they are used: each value checked by itself, one that is wrong is left out and told."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core.core_schema import ValidationInfo, ValidatorFunctionWrapHandler

S = TypeVar("S", bound="Shape")
T = TypeVar("T")


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return handler(value)
    except ValidationError:
        if info.context is not None and value is not None:
            info.context["odd"].append(info.field_name or "an item")
        return None


LENIENT = WrapValidator(_or_none)
Text = Annotated[str | None, LENIENT]
Whole = Annotated[int | None, LENIENT]
Number = Annotated[float | None, LENIENT]
Id = Annotated[int, Field(ge=1, lt=2**31)]


class Shape(BaseModel):
    """An object of a service; keys that nobody uses are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Named(Shape):
    name: Text = None


class Language(Shape):
    iso_639_1: Text = None
    english_name: Text = None


class Credited(Shape):
    """A person in a role. Of series the roles of all episodes are lists."""

    id: Id
    name: Annotated[str, Field(min_length=1)]
    profile_path: Text = None
    character: Text = None
    job: Text = None
    department: Text = None
    roles: Annotated[list[Annotated[Role | None, LENIENT]] | None, LENIENT] = None
    jobs: Annotated[list[Annotated[Role | None, LENIENT]] | None, LENIENT] = None


class Role(Shape):
    character: Text = None
    job: Text = None


class Credits(Shape):
    cast: Annotated[list[Annotated[Credited | None, LENIENT]] | None, LENIENT] = None
    crew: Annotated[list[Annotated[Credited | None, LENIENT]] | None, LENIENT] = None


class Video(Shape):
    key: str
    site: str
    type: Text = None
    official: Annotated[bool | None, LENIENT] = None


class Videos(Shape):
    results: Annotated[list[Annotated[Video | None, LENIENT]] | None, LENIENT] = None


class Image(Shape):
    file_path: str


class Images(Shape):
    backdrops: Annotated[list[Annotated[Image | None, LENIENT]] | None, LENIENT] = None


class Release(Shape):
    certification: Text = None
    type: Whole = None


class Releases(Shape):
    """What a country says: of films all releases, of series one rating."""

    iso_3166_1: str
    rating: Text = None
    release_dates: Annotated[list[Annotated[Release | None, LENIENT]] | None, LENIENT] = None


class Certificates(Shape):
    results: Annotated[list[Annotated[Releases | None, LENIENT]] | None, LENIENT] = None


class Provider(Shape):
    provider_name: Annotated[str, Field(min_length=1)]


Providers = Annotated[list[Annotated[Provider | None, LENIENT]] | None, LENIENT]


class Offers(Shape):
    """Where a film can be seen in one country."""

    link: Text = None
    flatrate: Providers = None
    free: Providers = None
    ads: Providers = None
    rent: Providers = None
    buy: Providers = None


class AllOffers(Shape):
    results: Annotated[dict[str, Annotated[Offers | None, LENIENT]] | None, LENIENT] = None


class ExternalIds(Shape):
    imdb_id: Text = None


class Details(Shape):
    """A film or a series of TMDB's, with all that is asked for along with it."""

    id: Id
    imdb_id: Text = None
    title: Text = None
    name: Text = None
    tagline: Text = None
    release_date: Text = None
    first_air_date: Text = None
    runtime: Whole = None
    episode_run_time: Annotated[list[Whole] | None, LENIENT] = None
    original_language: Text = None
    spoken_languages: Annotated[list[Annotated[Language | None, LENIENT]] | None, LENIENT] = None
    production_countries: Annotated[list[Annotated[Named | None, LENIENT]] | None, LENIENT] = None
    overview: Text = None
    budget: Whole = None
    revenue: Whole = None
    status: Text = None
    genres: Annotated[list[Annotated[Named | None, LENIENT]] | None, LENIENT] = None
    poster_path: Text = None
    backdrop_path: Text = None
    created_by: Annotated[list[Annotated[Credited | None, LENIENT]] | None, LENIENT] = None
    credits: Annotated[Credits | None, LENIENT] = None
    aggregate_credits: Annotated[Credits | None, LENIENT] = None
    videos: Annotated[Videos | None, LENIENT] = None
    images: Annotated[Images | None, LENIENT] = None
    release_dates: Annotated[Certificates | None, LENIENT] = None
    content_ratings: Annotated[Certificates | None, LENIENT] = None
    offers: Annotated[AllOffers | None, LENIENT, Field(alias="watch/providers")] = None
    external_ids: Annotated[ExternalIds | None, LENIENT] = None

    @property
    def imdb(self) -> str | None:
        """The id at IMDb; of series it stands beside the details."""
        return self.imdb_id or (self.external_ids.imdb_id if self.external_ids else None) or None


class FoundOne(Shape):
    id: Id


class Found(Shape):
    """What an IMDb id is at TMDB."""

    movie_results: list[FoundOne]
    tv_results: list[FoundOne]


class OmdbRating(Shape):
    source: Annotated[str | None, LENIENT, Field(alias="Source")] = None
    value: Annotated[str | None, LENIENT, Field(alias="Value")] = None


class OmdbFilm(Shape):
    """A film of OMDb's: all values are texts, "N/A" where there is none."""

    imdb_id: Annotated[str, Field(alias="imdbID")]
    title: Annotated[str | None, LENIENT, Field(alias="Title")] = None
    year: Annotated[str | None, LENIENT, Field(alias="Year")] = None
    rated: Annotated[str | None, LENIENT, Field(alias="Rated")] = None
    released: Annotated[str | None, LENIENT, Field(alias="Released")] = None
    runtime: Annotated[str | None, LENIENT, Field(alias="Runtime")] = None
    genre: Annotated[str | None, LENIENT, Field(alias="Genre")] = None
    plot: Annotated[str | None, LENIENT, Field(alias="Plot")] = None
    language: Annotated[str | None, LENIENT, Field(alias="Language")] = None
    country: Annotated[str | None, LENIENT, Field(alias="Country")] = None
    metascore: Annotated[str | None, LENIENT, Field(alias="Metascore")] = None
    imdb_rating: Annotated[str | None, LENIENT, Field(alias="imdbRating")] = None
    ratings: Annotated[list[Annotated[OmdbRating | None, LENIENT]] | None, LENIENT, Field(alias="Ratings")] = None


def shaped(model: type[S], data: object) -> tuple[S, tuple[str, ...]] | None:
    """Return an answer as its shape, and the keys whose values were left out; None where it has not this shape."""
    context: dict[str, list[str]] = {"odd": []}
    try:
        made = model.model_validate(data, context=context)
    except ValidationError:
        return None
    return made, tuple(dict.fromkeys(context["odd"]))


def present(items: list[T | None] | None) -> list[T]:
    """Return the items that could be read."""
    return [item for item in items or () if item is not None]
