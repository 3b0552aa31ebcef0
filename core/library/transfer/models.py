"""A user's library as JSON: version 2, as it is exported, and version 1 with what it had besides.

Times are Unix seconds. Keys that nobody knows are kept apart in `model_extra`, for version 2 has had new ones before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.forms.strict import STORABLE
from core.library.models.users import DEFAULT_COLOR, DEFAULT_ICON, QUICK_RECOMMENDERS

VERSION: Final = 2
LARGEST_INT: Final = 2**31 - 1
MOST_RECOMMENDATIONS: Final = 10_000
IMDB_PATTERN: Final = "^tt[0-9]{1,10}$"

_UP = frozenset({"upvote", "1", "true", "t", "yes"})
_MOST_LEVELS = 30
_DOWN = frozenset({"downvote", "0", "false", "f", "no"})


def _or(default: Callable[[], object]) -> BeforeValidator:
    """Take null for the default."""
    return BeforeValidator(lambda value: default() if value is None else value)


def _vote(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value is not False
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word not in _UP | _DOWN:
        raise PydanticCustomError("vote", "no vote")
    return word in _UP


def _unknown_time(value: object) -> object:
    return None if value == 0 and not isinstance(value, bool) else value


Time = Annotated[float, Field(allow_inf_nan=False)]
Modified = Annotated[Time | None, BeforeValidator(_unknown_time)]
ImdbId = Annotated[str, Field(pattern=IMDB_PATTERN)]
Name = Annotated[str, Field(min_length=1, max_length=100), STORABLE]
ListId = Annotated[str, Field(min_length=1, max_length=36), STORABLE]
Color = Annotated[str, Field(max_length=9), STORABLE, _or(lambda: DEFAULT_COLOR)]
Flag = Annotated[bool, _or(lambda: False)]

_DATE = "Without it: what is stored, or the time of the import."
_QUICK = f"Which of the quick recommenders, in greenroom's own copies: {', '.join(QUICK_RECOMMENDERS)}."
_MODIFIED = "When it was last changed; 0, null or no such key is the time of the import."


class Record(BaseModel):
    """An object of the file."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)


class Said(Record):
    """What a recommendation says, by whomever."""

    date_recommended: Time | None = Field(default=None, description=_DATE)
    vote_type: Annotated[bool, BeforeValidator(_vote)] = Field(default=True, description="True speaks for the film.")


class RecommendationRecord(Said):
    """Who spoke for a film, or against it."""

    person_name: Name


class WatchedRecord(Record):
    """When a film was seen, and how it was."""

    date_watched: Time | None = Field(default=None, description=_DATE)
    my_rating: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)]


class MovieBase(Record):
    """What both versions have of a film in the user's library."""

    imdb_id: ImdbId
    media_type: Annotated[Literal["movie", "tv"], _or(lambda: "movie")] = "movie"
    status: Annotated[Literal["toWatch", "watched", "deleted", "custom"], _or(lambda: "toWatch")] = "toWatch"
    custom_list_id: ListId | None = Field(default=None, description="One of the user's own lists.")
    last_modified: Modified = Field(default=None, description=_MODIFIED)


class MovieRecord(MovieBase):
    """A film in the user's library; `recommendations` and `watch_history` replace what is there."""

    recommendations: Annotated[list[RecommendationRecord], Field(max_length=MOST_RECOMMENDATIONS), _or(list)] = Field(
        default_factory=list, description="One a person."
    )
    watch_history: WatchedRecord | None = Field(default=None, description="Null where it was not seen.")


class PersonRecord(Record):
    """Someone who recommends films to the user; known by the name."""

    name: Name
    is_trusted: Flag = False
    color: Color = DEFAULT_COLOR
    emoji: Annotated[str, Field(max_length=16), STORABLE] | None = None
    quick_key: str | None = Field(default=None, description=_QUICK)
    last_modified: Modified = Field(default=None, description=_MODIFIED)


class ListRecord(Record):
    """A list of the user's own; known by the id."""

    id: ListId
    name: Name
    color: Color = DEFAULT_COLOR
    icon: Annotated[str, Field(max_length=50), STORABLE, _or(lambda: DEFAULT_ICON)] = DEFAULT_ICON
    position: Annotated[int, Field(ge=0, le=LARGEST_INT), _or(lambda: 0)] = 0
    created_at: Time | None = Field(default=None, description="Without it: the time of the import.")
    last_modified: Modified = Field(default=None, description=_MODIFIED)


class RankingRecord(Record):
    """The place of a film among those that the user liked, or among those disliked; the first is 1."""

    imdb_id: ImdbId
    liked: bool
    position: Annotated[int, Field(ge=1, le=LARGEST_INT)]
    ranked_at: Time | None = Field(default=None, description="Without it: the time of the import.")


class Library(Record):
    """All that one user has in the movie library, without what belongs to films themselves."""

    version: Literal[2]
    exported_at: Time | None = None
    movies: list[MovieRecord] = Field(default_factory=list)
    people: list[PersonRecord] = Field(default_factory=list)
    lists: list[ListRecord] = Field(default_factory=list)
    rankings: list[RankingRecord] = Field(default_factory=list)


class RecommendationRecord1(Said):
    """Version 1 named the person by any of three keys."""

    person_name: Name | None = None
    person: Name | None = None
    person_id: int | None = None
    id: Any = None
    imdb_id: Any = None
    user_id: Any = None


class WatchedRecord1(WatchedRecord):
    imdb_id: Any = None
    user_id: Any = None


class MovieRecord1(MovieBase):
    """Version 1 carried what TMDB and OMDb said of the film."""

    recommendations: Annotated[list[RecommendationRecord1], Field(max_length=MOST_RECOMMENDATIONS), _or(list)] = Field(
        default_factory=list
    )
    watch_history: WatchedRecord1 | None = None
    tmdb_data: dict[str, Any] | None = None
    omdb_data: dict[str, Any] | None = None
    user_id: Any = None

    @model_validator(mode="before")
    @classmethod
    def _with_media_type(cls, value: object) -> object:
        """Take the kind of film from TMDB's data where the record does not say it."""
        if isinstance(value, dict) and value.get("media_type") is None and isinstance(value.get("tmdb_data"), dict):
            kind = value["tmdb_data"].get("mediaType")
            return value | {"media_type": kind} if kind in {"movie", "tv"} else value
        return value

    @field_validator("tmdb_data", "omdb_data", mode="after")
    @classmethod
    def _only_storable(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value and not _storable(value):
            raise PydanticCustomError("blob", "what not every database stores")
        return value or None


AnyMovie = MovieRecord | MovieRecord1


class PersonRecord1(PersonRecord):
    id: int | None = None
    user_id: Any = None


class ListRecord1(ListRecord):
    user_id: Any = None


def library_schema() -> dict[str, Any]:
    """Return the JSON Schema of an export of version 2."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Library.model_json_schema(),
        "title": "Movie Manager library, version 2",
    }


def _storable(value: object, levels: int = 1) -> bool:
    """Tell whether every engine stores a JSON value: PostgreSQL no NUL character, MariaDB no more than 32 levels."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict | list) and levels > _MOST_LEVELS:
        return False
    if isinstance(value, dict):
        return all(_storable(part, levels + 1) for pair in value.items() for part in pair)
    return not isinstance(value, list) or all(_storable(part, levels + 1) for part in value)
