"""The real movies and the two users of the demo, as they stand in films.json and users.json."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter


class _Fact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BasicInfo(_Fact):
    """The first category; None is what is not known for sure."""

    title: str
    tagline: str | None
    year: str
    release_date: dt.date | None
    runtime: int | None
    rating: str | None
    language: str | None
    country: str | None
    overview: str | None
    budget: int | None
    revenue: int | None
    status: str
    genres: list[str]
    siddu_score: float | None
    critics_score: float | None
    imdb_rating: float | None
    rotten_tomatoes_score: int | None


class CastMember(_Fact):
    name: str
    character: str


class CastCrew(_Fact):
    """People are named; within the facts a name is one person."""

    directors: list[str]
    writers: list[str]
    producers: list[str]
    cast: list[CastMember]


class AwardFact(_Fact):
    id: str
    name: str
    organization: str
    ceremony_id: str
    ceremony: str
    year: int
    category: str
    nominee: str
    status: str
    country: str
    language: str
    prestige_level: str
    notes: str | None


class EventFact(_Fact):
    date: dt.date
    title: str
    description: str
    category: str
    media_url: str | None = Field(alias="mediaUrl")


class TriviaFact(_Fact):
    question: str
    category: str
    answer: str
    explanation: str | None


class StreamingFact(_Fact):
    platform: str
    region: str
    type: str
    price: str | None
    quality: str | None
    url: str
    verified: bool


class MovieFacts(_Fact):
    """A real movie. `gallery` is the number of pictures that the demo draws besides the poster."""

    external_id: str
    imdb_id: str
    tmdb_id: int
    media_type: Literal["movie", "tv"]
    basic_info: BasicInfo
    cast_crew: CastCrew
    awards: list[AwardFact]
    timeline: list[EventFact]
    trivia: list[TriviaFact]
    streaming: list[StreamingFact]
    trailer_url: str | None
    gallery: int


class RecommenderFact(_Fact):
    name: str
    is_trusted: bool
    color: str
    emoji: str | None


class ListFact(_Fact):
    id: str
    name: str
    color: str
    icon: str
    created_at: AwareDatetime


class RecommendationFact(_Fact):
    by: str
    on: AwareDatetime
    up: bool


class WatchFact(_Fact):
    on: AwareDatetime
    rating: float


class EntryFact(_Fact):
    """A movie, by its external id, in a user's library; `list` is the name of a list of that user."""

    movie: str
    status: str
    list: str | None
    changed: AwareDatetime
    watched: WatchFact | None
    recommended: tuple[RecommendationFact, ...]


class UserFacts(_Fact):
    """A user and all that is the user's; `liked` and `disliked` are rankings, best first."""

    id: str
    email: str
    username: str
    created_at: AwareDatetime
    is_active: bool
    backup_enabled: bool
    recommenders: tuple[RecommenderFact, ...]
    lists: tuple[ListFact, ...]
    entries: tuple[EntryFact, ...]
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    ranked_at: AwareDatetime


class Words(_Fact):
    """What made-up movies and people are put together from."""

    adjectives: list[str]
    nouns: list[str]
    places: list[str]
    first_names: list[str]
    last_names: list[str]
    occupations: list[str]
    deeds: list[str]


def real_movies() -> list[MovieFacts]:
    """Return the real movies, Fight Club first."""
    return TypeAdapter(list[MovieFacts]).validate_json(_shipped("films.json"))


def demo_users() -> list[UserFacts]:
    """Return the users of the demo."""
    return TypeAdapter(list[UserFacts]).validate_json(_shipped("users.json"))


def words() -> Words:
    """Return the vocabulary of the generator."""
    return Words.model_validate_json(_shipped("words.json"))


def _shipped(name: str) -> bytes:
    return resources.files("core.library").joinpath(name).read_bytes()
