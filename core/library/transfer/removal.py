"""What a restore removes: all of a user's that the file lacks, and that an export could have named."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, select

from core.documents import said_value
from core.library.models import CustomList, Entry, Movie, Ranking, Recommendation, Recommender, WatchRecord
from core.library.transfer.course import Course
from core.library.transfer.films import name_of
from core.library.transfer.people import People
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import Kind

_AT_ONCE = 500
_SPEAKER_STAYS = "somebody who is not among the people of the file stays, for a film is recommended by them"
_LIST_STAYS = "a list that the file lacks stays, for a film that stays is on it"


def remove_absent(
    course: Course,
    file: LibraryFile,
    *,
    movies: Collection[int],
    rankings: Collection[int],
    people: People,
    lists: Collection[str],
) -> None:
    """Remove what the file lacks, given the ids of what it has; people and lists that something refers to stay.

    A kind that the file has no list of stays whole.
    """
    course.reporter.phase("removing what the file lacks", None, "steps")
    if "rankings" in file.sections:
        _remove_films(course, Ranking, rankings)
    if "movies" in file.sections:
        _remove_films(course, Entry, movies)
    if "people" in file.sections:
        _remove_people(course, people)
    if "lists" in file.sections:
        _remove_lists(course, lists)


def _remove_films(course: Course, table: type[Entry | Ranking], wanted: Collection[int]) -> None:
    """Remove a user's rows of films that are not wanted from a table, and with entries all that hangs on them."""
    rows = course.session.execute(
        select(Movie.id, Movie.imdb_id, Movie.title)
        .join(table, table.movie_id == Movie.id)
        .where(table.user_id == course.user_id)
        .order_by(Movie.imdb_id)
        .execution_options(yield_per=_AT_ONCE)
    )
    gone, unnamed = array("q"), 0
    kind: Kind = "movies" if table is Entry else "rankings"
    for number, imdb_id, title in rows:
        if name_of(imdb_id) is None:
            unnamed += 1
        elif number not in wanted:
            gone.append(number)
            course.tally.remove(kind, f"{title} ({imdb_id})")
    if unnamed and table is Entry:
        words = "a film without an IMDb id stays in the library, for no export can name it"
        course.tally.notes[words] += unnamed
    tables: tuple[Any, ...] = (Recommendation, WatchRecord, Ranking, Entry) if table is Entry else (Ranking,)
    for start in range(0, len(gone), _AT_ONCE):
        some = gone[start : start + _AT_ONCE].tolist()
        if table is Entry:
            _note_rankings(course, some)
        for one in tables:
            course.session.execute(delete(one).where(one.user_id == course.user_id, one.movie_id.in_(some)))
        course.reporter.advance()


def _note_rankings(course: Course, films: list[int]) -> None:
    """Note the rankings that go with these films; where the file has rankings, none is left by now."""
    rows = course.session.execute(
        select(Movie.imdb_id, Movie.title)
        .join(Ranking, Ranking.movie_id == Movie.id)
        .where(Ranking.user_id == course.user_id, Movie.id.in_(films))
        .order_by(Movie.imdb_id)
    )
    for imdb_id, title in rows:
        course.tally.remove("rankings", f"{title} ({imdb_id})")


def _remove_people(course: Course, people: People) -> None:
    spoken = select(Recommendation.recommender_id).where(
        Recommendation.user_id == course.user_id, Recommendation.recommender_id == Recommender.id
    )
    rows = course.session.execute(
        select(Recommender.id, Recommender.name, Recommender.quick_key, spoken.exists())
        .where(Recommender.user_id == course.user_id)
        .order_by(Recommender.name)
    ).all()
    for number, name, quick_key, spoke in rows:
        if number in people.named:
            continue
        was = people.displaced.get(number, name)
        if spoke and quick_key is None:
            course.tally.notes[_SPEAKER_STAYS] += 1
        if not spoke and quick_key is None:
            course.tally.remove("people", was)
            course.session.execute(delete(Recommender).where(Recommender.id == number))
        elif was != name:
            why = f"{said_value(was)} is a quick recommender in the file"
            course.tally.notes[f"{why}: who had the name, and has to stay, is {said_value(name)} now"] += 1


def _remove_lists(course: Course, wanted: Collection[str]) -> None:
    used = select(Entry.movie_id).where(Entry.user_id == course.user_id, Entry.custom_list_id == CustomList.id)
    rows = course.session.execute(
        select(CustomList.id, CustomList.name, used.exists())
        .where(CustomList.user_id == course.user_id)
        .order_by(CustomList.position, CustomList.id)
    ).all()
    for list_id, name, is_used in rows:
        if list_id in wanted:
            continue
        if is_used:
            course.tally.notes[_LIST_STAYS] += 1
        else:
            course.tally.remove("lists", name)
            mine = (CustomList.user_id == course.user_id, CustomList.id == list_id)
            course.session.execute(delete(CustomList).where(*mine))
