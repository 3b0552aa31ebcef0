"""The films of a library as a list that a person searches, sorts and pages: all of it is the database's work."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from core.errors import UsageError
from core.library.categories import CATEGORIES
from core.library.films_search import listed, matches, named
from core.library.models import Movie
from core.words import printable

Sort = Literal["title", "newest year", "oldest year", "last added"]
SORTS: tuple[Sort, ...] = get_args(Sort)
Status = Literal["released", "upcoming", "in-production"]
Mark = tuple[str | int, ...]

_MOST_CANDIDATES = 10
_YEAR = func.coalesce(Movie.year, "")
_Order = tuple[tuple[Any, bool], ...]  # each a column, and whether it descends; the id makes every place one film's
_ORDERS: dict[Sort, _Order] = {
    "title": ((Movie.title, False), (Movie.id, False)),
    "newest year": ((_YEAR, True), (Movie.title, False), (Movie.id, False)),
    "oldest year": ((_YEAR, False), (Movie.title, False), (Movie.id, False)),
    "last added": ((Movie.id, True),),
}


@dataclass(frozen=True, slots=True)
class FilmQuery:
    """Which films, in which order: all that match every word of `search` and everything else that is said.

    `filled` and `empty` are names of categories, `only` external ids, `status` "released" and the like; `from_tmdb`
    tells films with an id at TMDB from others.
    """

    search: str = ""
    filled: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    status: Status | None = None
    from_tmdb: bool | None = None
    sort: Sort = "title"


@dataclass(frozen=True, slots=True)
class FilmRow:
    """A film as the list shows it; `filled` has the names of the categories in which there is something."""

    id: int
    external_id: str
    imdb_id: str | None
    title: str
    year: str | None
    status: str | None
    from_tmdb: bool
    filled: frozenset[str]


@dataclass(frozen=True, slots=True)
class FilmPage:
    """Some films in their order; `next` is what to ask for those that follow, None after the last."""

    rows: tuple[FilmRow, ...]
    next: Mark | None


@dataclass(frozen=True, slots=True)
class Survey:
    """How many films match, and the mark of every `step`-th: from there any page is as near as the first."""

    total: int
    step: int
    marks: tuple[Mark, ...]

    def before(self, place: int) -> tuple[int, Mark | None]:
        """Return the nearest known place at or before `place`, from 0, and the mark to ask for the films from there."""
        number = max(0, min(place // self.step, len(self.marks)))
        return number * self.step, self.marks[number - 1] if number else None


def films(session: Session, query: FilmQuery, *, after: Mark | None = None, limit: int = 200) -> FilmPage:
    """Return the films that follow the mark `after`, the first ones without it; at most `limit`."""
    order = _ORDERS[query.sort]
    ids = select(Movie.id, *(column for column, _ in order)).where(*_conditions(session, query))
    if after is not None:
        ids = ids.where(_follows(order, after))
    found = session.execute(ids.order_by(*_ordering(order)).limit(limit + 1)).all()
    rows = _rows(session, [row[0] for row in found[:limit]])
    return FilmPage(rows, tuple(found[limit - 1][1:]) if len(found) > limit else None)


def survey(session: Session, query: FilmQuery, *, step: int = 500) -> Survey:
    """Count the films that match, and note the mark of every `step`-th; this looks at all of them once."""
    order = _ORDERS[query.sort]
    conditions = list(_conditions(session, query))
    total = session.scalars(select(func.count()).select_from(Movie).where(*conditions)).one()
    if total < step:
        return Survey(total, step, ())
    number = func.row_number().over(order_by=_ordering(order)).label("number")
    keys = [column.label(f"key_{index}") for index, (column, _) in enumerate(order)]
    numbered = select(number, *keys).where(*conditions).subquery()
    columns = [numbered.c[key.name] for key in keys]
    marks = select(*columns).where(numbered.c.number % step == 0).order_by(numbered.c.number)
    return Survey(total, step, tuple(tuple(row) for row in session.execute(marks)))


def count_films(session: Session, query: FilmQuery) -> int:
    """Return how many films match."""
    return session.scalars(select(func.count()).select_from(Movie).where(*_conditions(session, query))).one()


def film_row(session: Session, external_id: str) -> FilmRow | None:
    """Return the row of one film; None where there is none with this external id."""
    ids = session.execute(select(Movie.id, Movie.external_id).where(Movie.external_id == external_id))
    rows = _rows(session, [number for number, exact in ids if exact == external_id])
    return rows[0] if rows else None


def find_film(session: Session, text: str) -> Movie:
    """Return the film that a person means: by its external id, its IMDb id, or its title where only one has it.

    All without case; a title may be followed by its year in brackets. Raise UsageError with those that come near.
    """
    wanted = text.strip()
    meant: Sequence[Movie] = ()
    for condition in named(session, wanted):
        meant = _some(session, condition)
        if len(meant) == 1:
            return meant[0]
        if meant:
            break
    said = repr(printable(wanted))
    if meant:
        raise UsageError(f"several films are called {said}: {_told(meant)}", hint="name one by its id")
    near = _some(session, matches(session, wanted)) if wanted else ()
    hint = f"near it: {_told(near)}" if near else "in the app key 5 finds films by title, person, year or id"
    raise UsageError(f"there is no film {said}", hint=hint)


def _some(session: Session, condition: ColumnElement[bool]) -> Sequence[Movie]:
    """Return the first of the films for which this holds, enough to be named."""
    query = select(Movie).where(condition).order_by(Movie.title, Movie.year, Movie.id)
    return session.scalars(query.limit(_MOST_CANDIDATES)).all()


def _told(movies: Sequence[Movie]) -> str:
    return ", ".join(printable(f"{movie.external_id} {movie.title} ({movie.year or 'no year'})") for movie in movies)


def _conditions(session: Session, query: FilmQuery) -> Iterator[ColumnElement[bool]]:
    for category in CATEGORIES:
        if category.name in query.filled:
            yield category.filled
        if category.name in query.empty:
            yield ~category.filled
    if query.status is not None:
        yield Movie.status == query.status
    if query.from_tmdb is not None:
        yield Movie.tmdb_id.is_not(None) if query.from_tmdb else Movie.tmdb_id.is_(None)
    if query.only is not None:
        yield listed(session, Movie.external_id, query.only)
    if query.search.split():
        yield matches(session, query.search)


def _ordering(order: _Order) -> list[ColumnElement[Any]]:
    return [column.desc() if descends else column.asc() for column, descends in order]


def _follows(order: _Order, mark: Mark) -> ColumnElement[bool]:
    """The first column is compared by itself as well, for that is what an index can be asked for."""
    either = []
    for number, (column, descends) in enumerate(order):
        same = [earlier == value for (earlier, _), value in zip(order[:number], mark, strict=False)]
        either.append(and_(*same, column < mark[number] if descends else column > mark[number]))
    first, descends = order[0]
    return and_(first <= mark[0] if descends else first >= mark[0], or_(*either))


def _rows(session: Session, ids: Collection[int]) -> tuple[FilmRow, ...]:
    """Return the rows of these films in this order; what categories they fill is asked for them alone."""
    columns = (
        Movie.id,
        Movie.external_id,
        Movie.imdb_id,
        Movie.title,
        Movie.year,
        Movie.status,
        Movie.tmdb_id.is_not(None).label("from_tmdb"),
        *(category.filled.label(category.name) for category in CATEGORIES),
    )
    found = session.execute(select(*columns).where(Movie.id.in_(ids))).mappings()
    rows = {row["id"]: _film_row(row) for row in found}
    return tuple(rows[number] for number in ids if number in rows)


def _film_row(row: Mapping[Any, Any]) -> FilmRow:
    return FilmRow(
        id=row["id"],
        external_id=row["external_id"],
        imdb_id=row["imdb_id"],
        title=row["title"],
        year=row["year"],
        status=row["status"],
        from_tmdb=bool(row["from_tmdb"]),
        filled=frozenset(category.name for category in CATEGORIES if row[category.name]),
    )
