"""The facts as rows of the tables, ready to be inserted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.library.facts import EntryFact, MovieFacts, UserFacts
from core.library.models import (
    Award,
    Base,
    Credit,
    CustomList,
    Entry,
    GalleryImage,
    Genre,
    Movie,
    MovieGenre,
    Person,
    Ranking,
    Recommendation,
    Recommender,
    StreamingOption,
    TimelineEvent,
    TriviaItem,
    User,
    WatchRecord,
)
from core.library.models.users import DEFAULT_COLOR, QUICK_RECOMMENDERS

BASE_URL = "https://movies.example/uploads/"

Row = dict[str, Any]


class Rows:
    """Rows by table, in the order in which they may be inserted."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def add(self, model: type[Base], /, **values: Any) -> None:
        """Add a row; the rows of one table must all name the same columns."""
        self._rows.setdefault(model.__tablename__, []).append(values)

    def by_table(self) -> Iterable[tuple[str, Sequence[Row]]]:
        """Return the tables' names with their rows, tables that others refer to first."""
        return [
            (table.name, self._rows[table.name]) for table in Base.metadata.sorted_tables if table.name in self._rows
        ]


def poster_path(external_id: str) -> str:
    """Where a movie's poster lies within the uploads."""
    return f"posters/{external_id}.png"


def backdrop_path(external_id: str) -> str:
    """Where a movie's backdrop lies within the uploads."""
    return f"backdrops/{external_id}.png"


def gallery_paths(movie: MovieFacts) -> list[str]:
    """Where the further pictures of a movie lie within the uploads."""
    return [f"gallery/{movie.external_id}-{number}.png" for number in range(1, movie.gallery + 1)]


def slug(text: str) -> str:
    """Return `text` in small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def people_of(movies: Iterable[MovieFacts]) -> dict[str, int]:
    """Return the ids of all people of `movies` by name, numbered as they first appear."""
    names = (name for movie in movies for _, name, _ in _credits(movie))
    return {name: number for number, name in enumerate(dict.fromkeys(names), 1)}


def genres_of(movies: Iterable[MovieFacts]) -> dict[str, int]:
    """Return the ids of all genres of `movies` by name, numbered as they first appear."""
    names = (name for movie in movies for name in movie.basic_info.genres)
    return {name: number for number, name in enumerate(dict.fromkeys(names), 1)}


def add_people(rows: Rows, people: Mapping[str, int]) -> None:
    for name, number in people.items():
        rows.add(Person, id=number, external_id=f"person-{slug(name)}", name=name, image_url=None)


def add_genres(rows: Rows, genres: Mapping[str, int]) -> None:
    for name, number in genres.items():
        rows.add(Genre, id=number, slug=slug(name), name=name)


def add_movie(
    rows: Rows, number: int, movie: MovieFacts, *, people: Mapping[str, int], genres: Mapping[str, int]
) -> None:
    """Add a real movie with the id `number`, and all that hangs on it."""
    information = movie.basic_info.model_dump(exclude={"genres"})
    rows.add(
        Movie,
        id=number,
        external_id=movie.external_id,
        imdb_id=movie.imdb_id,
        tmdb_id=movie.tmdb_id,
        media_type=movie.media_type,
        **information,
        poster_url=BASE_URL + poster_path(movie.external_id),
        backdrop_url=BASE_URL + backdrop_path(movie.external_id) if movie.gallery else None,
        trailer_url=movie.trailer_url,
        tmdb_data=_tmdb_data(movie),
        omdb_data=_omdb_data(movie),
    )
    for position, name in enumerate(movie.basic_info.genres):
        rows.add(MovieGenre, movie_id=number, genre_id=genres[name], position=position)
    for role, name, character, position in _numbered_credits(movie):
        rows.add(Credit, movie_id=number, person_id=people[name], role=role, character=character, position=position)
    _add_categories(rows, number, movie)


def add_user(rows: Rows, user: UserFacts, *, first_recommender: int, movies: Mapping[str, int]) -> int:
    """Add a user with lists, recommenders, entries and rankings; return the first recommender's id that is free.

    `movies` are the ids of the real movies by external id.
    """
    about = user.model_dump(include={"id", "email", "username", "is_active", "backup_enabled"})
    rows.add(User, **about, created_at=user.created_at.timestamp())
    recommenders = _add_recommenders(rows, user, first_recommender)
    for position, custom in enumerate(user.lists):
        values = custom.model_dump() | {"created_at": custom.created_at.timestamp()}
        rows.add(CustomList, user_id=user.id, position=position, last_modified=values["created_at"], **values)
    lists = {custom.name: custom.id for custom in user.lists}
    for entry in user.entries:
        _add_entry(rows, user.id, movies[entry.movie], entry, lists, recommenders)
    for liked, ranked in ((True, user.liked), (False, user.disliked)):
        for position, movie in enumerate(ranked, 1):
            rows.add(
                Ranking,
                user_id=user.id,
                movie_id=movies[movie],
                liked=liked,
                position=position,
                ranked_at=user.ranked_at.timestamp(),
            )
    return first_recommender + len(recommenders)


def _add_entry(
    rows: Rows,
    user_id: str,
    movie_id: int,
    entry: EntryFact,
    lists: Mapping[str, str],
    recommenders: Mapping[str, int],
) -> None:
    key = {"user_id": user_id, "movie_id": movie_id}
    rows.add(
        Entry,
        **key,
        status=entry.status,
        custom_list_id=lists[entry.list] if entry.list else None,
        last_modified=entry.changed.timestamp(),
    )
    if entry.watched is not None:
        rows.add(WatchRecord, **key, date_watched=entry.watched.on.timestamp(), my_rating=entry.watched.rating)
    for said in entry.recommended:
        rows.add(
            Recommendation,
            **key,
            recommender_id=recommenders[said.by],
            date_recommended=said.on.timestamp(),
            vote_type=said.up,
        )


def _add_recommenders(rows: Rows, user: UserFacts, first: int) -> dict[str, int]:
    """Add the quick recommenders that every user has, then the user's own; return the ids by name."""
    modified = user.created_at.timestamp()
    quick = [
        {"name": name, "is_trusted": False, "color": DEFAULT_COLOR, "emoji": emoji, "quick_key": quick_key}
        for quick_key, (name, emoji) in QUICK_RECOMMENDERS.items()
    ]
    own = [recommender.model_dump() | {"quick_key": None} for recommender in user.recommenders]
    numbers = {}
    for number, values in enumerate([*quick, *own], first):
        rows.add(Recommender, id=number, user_id=user.id, last_modified=modified, **values)
        numbers[str(values["name"])] = number
    return numbers


def _add_categories(rows: Rows, number: int, movie: MovieFacts) -> None:
    for position, award in enumerate(movie.awards):
        values = award.model_dump()
        rows.add(Award, movie_id=number, position=position, external_id=values.pop("id"), **values)
    for position, option in enumerate(movie.streaming):
        rows.add(StreamingOption, movie_id=number, position=position, **option.model_dump())
    for position, happened in enumerate(movie.timeline):
        rows.add(TimelineEvent, movie_id=number, position=position, **happened.model_dump())
    for position, item in enumerate(movie.trivia):
        rows.add(TriviaItem, movie_id=number, position=position, **item.model_dump())
    for position, path in enumerate(gallery_paths(movie)):
        rows.add(GalleryImage, movie_id=number, position=position, url=BASE_URL + path)


def _credits(movie: MovieFacts) -> list[tuple[str, str, str]]:
    crew = movie.cast_crew
    return [
        *(("director", name, "") for name in crew.directors),
        *(("writer", name, "") for name in crew.writers),
        *(("producer", name, "") for name in crew.producers),
        *(("cast", member.name, member.character) for member in crew.cast),
    ]


def _numbered_credits(movie: MovieFacts) -> list[tuple[str, str, str, int]]:
    """The credits, each with its place among those of its role."""
    seen: dict[str, int] = {}
    numbered = []
    for role, name, character in _credits(movie):
        numbered.append((role, name, character, seen.get(role, 0)))
        seen[role] = seen.get(role, 0) + 1
    return numbered


def _tmdb_data(movie: MovieFacts) -> Row:
    """What a catalogue of films would have answered, from the same facts."""
    facts = movie.basic_info
    return {
        "id": movie.tmdb_id,
        "imdb_id": movie.imdb_id,
        "title": facts.title,
        "release_date": facts.release_date.isoformat() if facts.release_date else None,
        "runtime": facts.runtime,
        "genres": facts.genres,
    }


def _omdb_data(movie: MovieFacts) -> Row:
    facts = movie.basic_info
    return {
        "imdbID": movie.imdb_id,
        "Title": facts.title,
        "Year": facts.year,
        "Rated": facts.rating,
        "Runtime": f"{facts.runtime} min",
        "Director": ", ".join(movie.cast_crew.directors),
    }
