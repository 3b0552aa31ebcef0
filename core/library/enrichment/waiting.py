"""The films that are to be enriched: those that a person names, or all that wait for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, func, null, or_, select
from sqlalchemy.orm import Session

from core.library.models import Movie

A_PAGE: Final = 200

_WAITS: Final[ColumnElement[bool]] = and_(Movie.tmdb_data.is_(null()), Movie.imdb_id.is_not(None))


@dataclass(frozen=True, slots=True)
class Film:
    """A film as it was when it was looked at."""

    id: int
    external_id: str
    imdb_id: str | None
    tmdb_id: int | None
    media_type: str
    title: str
    has_omdb: bool


def waiting_count(session: Session) -> int:
    """Return how many films have an IMDb id and nothing of TMDB's."""
    return session.scalar(select(func.count()).select_from(Movie).where(_WAITS)) or 0


def waiting(session: Session, *, after: int = 0, limit: int = A_PAGE) -> list[Film]:
    """Return films that have an IMDb id and nothing of TMDB's, in the order of their numbers, those above `after`."""
    return _films(session, and_(_WAITS, Movie.id > after), limit)


def named_films(session: Session, ids: Sequence[str]) -> Iterator[tuple[str, Film | None]]:
    """Return for each external or IMDb id, without case, the film that has it, or None; some hundreds at most."""
    plain = [text.strip().lower() for text in ids]
    condition = or_(func.lower(Movie.external_id).in_(plain), func.lower(Movie.imdb_id).in_(plain))
    found: dict[str, Film] = {}
    for film in _films(session, condition, 2 * len(plain)):
        if film.imdb_id:
            found.setdefault(film.imdb_id.lower(), film)
        found[film.external_id.lower()] = film
    return ((text, found.get(wanted)) for text, wanted in zip(ids, plain, strict=True))


def _films(session: Session, condition: ColumnElement[bool], limit: int) -> list[Film]:
    rows = session.execute(
        select(
            Movie.id,
            Movie.external_id,
            Movie.imdb_id,
            Movie.tmdb_id,
            Movie.media_type,
            Movie.title,
            Movie.omdb_data.is_not(null()),
        )
        .where(condition)
        .order_by(Movie.id)
        .limit(limit)
    )
    return [Film(*row) for row in rows]
