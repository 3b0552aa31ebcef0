"""The tables of the movie library: movies are everybody's, entries and lists a user's own."""

from __future__ import annotations

from core.library.models.base import Base, add_value_checks
from core.library.models.categories import Award, GalleryImage, StreamingOption, TimelineEvent, TriviaItem
from core.library.models.movies import Credit, Genre, Movie, MovieGenre, Person
from core.library.models.users import (
    CustomList,
    Entry,
    Ranking,
    Recommendation,
    Recommender,
    User,
    WatchRecord,
)

__all__ = [
    "Award",
    "Base",
    "Credit",
    "CustomList",
    "Entry",
    "GalleryImage",
    "Genre",
    "Movie",
    "MovieGenre",
    "Person",
    "Ranking",
    "Recommendation",
    "Recommender",
    "StreamingOption",
    "TimelineEvent",
    "TriviaItem",
    "User",
    "WatchRecord",
]

add_value_checks(Base.metadata)
