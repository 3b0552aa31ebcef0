"""Movies found by their external ids: one, or many with all that hangs on them by a few queries."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.sql.base import ExecutableOption

from core.library.models import Movie


def find_movie(session: Session, external_id: str) -> Movie | None:
    """Return the movie with this id, or None."""
    return _exact(session, [external_id], ()).get(external_id)


def find_movies(session: Session, external_ids: Collection[str]) -> dict[str, Movie]:
    """Return the movies with these ids, at most some hundreds, with all that the categories read of them."""
    return _exact(session, external_ids, with_all_lists())


@cache
def with_all_lists() -> tuple[ExecutableOption, ...]:
    """Return the options that load each list of a movie, and what its rows point at, by a query each."""
    options: list[ExecutableOption] = []
    for relationship in inspect(Movie).relationships:
        option = selectinload(relationship.class_attribute)
        inner = (each for each in relationship.mapper.relationships if not each.uselist and each.mapper.class_ != Movie)
        options += [option, *(option.selectinload(each.class_attribute) for each in inner)]
    return tuple(options)


def _exact(session: Session, external_ids: Collection[str], options: Collection[ExecutableOption]) -> dict[str, Movie]:
    """Some databases compare without case, so each movie found is looked at again."""
    wanted = set(external_ids)
    found = session.scalars(select(Movie).where(Movie.external_id.in_(wanted)).options(*options))
    return {movie.external_id: movie for movie in found if movie.external_id in wanted}
