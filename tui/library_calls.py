"""What the screens of a library ask of the core in one call, each in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.edits import Edits, open_edits
from core.library.film_edits import CategoryState, FilmEdits, category_states, drafted_films, film_edits
from core.library.films import FilmQuery, FilmRow, Survey, count_films, films, survey
from core.library.library import is_library
from core.library.models import Movie
from tui.calls import Stamp, stamp

PAGE = 300
_STEP = 100  # of the survey: a page begins at most so many films before the place that is wanted


@dataclass(frozen=True, slots=True)
class FilmWish:
    """Which films a person wants to see, around a place in the list; `drafted` are those with a draft alone."""

    site: Site
    query: FilmQuery = field(default_factory=FilmQuery)
    drafted: bool = False
    place: int = 0

    @property
    def asks(self) -> tuple[Site, FilmQuery, bool]:
        """What decides which films there are, wherever in the list a person is."""
        return self.site, self.query, self.drafted


@dataclass(frozen=True, slots=True)
class FilmsView:
    """Some films from `offset` on, with what is known of their edits; `of` is how many the library has.

    `trace` changes whenever the database or the edits do, as far as files tell.
    """

    rows: tuple[FilmRow, ...]
    offset: int
    survey: Survey
    of: int
    edits: Mapping[str, FilmEdits]
    now: datetime
    trace: tuple[Stamp | None, ...]


@dataclass(frozen=True, slots=True)
class NoLibrary:
    """The site is no movie library."""

    site: Site


@dataclass(frozen=True, slots=True)
class FilmDetails:
    """One film whole."""

    row: FilmRow
    states: tuple[CategoryState, ...]


def read_films(
    context: Context, wish: FilmWish, known: FilmsView | None = None, *, only_changes: bool = False
) -> FilmsView | NoLibrary | None:
    """Return the films of a wish, or that the site is no library; with `only_changes` None where there are none.

    `known` is a view of the same question: its survey is taken for true. Raise GreenroomError.
    """
    trace = _trace(context, wish.site)
    if only_changes and known is not None and trace == known.trace:
        return None
    if known is None and not is_library(wish.site.database_url()):
        return NoLibrary(wish.site)
    edits = open_edits(context, wish.site)
    query = replace(wish.query, only=drafted_films(edits)) if wish.drafted else wish.query
    with reading(wish.site.database_url()) as session:
        if known is None or trace != known.trace:
            found = survey(session, query, step=_STEP)
            of = count_films(session, FilmQuery()) if query != FilmQuery(sort=query.sort) else found.total
        else:
            found, of = known.survey, known.of
        offset, mark = found.before(max(0, min(wish.place, found.total - 1) - PAGE // 3))
        rows = films(session, query, after=mark, limit=PAGE).rows
    return FilmsView(
        rows=rows,
        offset=offset,
        survey=found,
        of=of,
        edits=film_edits(edits, [row.external_id for row in rows]),
        now=context.clock(),
        trace=trace,
    )


def read_film(context: Context, site: Site, row: FilmRow) -> FilmDetails | None:
    """Return a film whole, None where it is gone; raise GreenroomError."""
    with reading(site.database_url()) as session:
        movie = session.get(Movie, row.id)
        if movie is None:
            return None
        edits: Edits = open_edits(context, site)
        return FilmDetails(row, category_states(edits, movie, row.filled))


def _trace(context: Context, site: Site) -> tuple[Stamp | None, ...]:
    files = [context.site_folder(site) / "edits.db"]
    if site.sqlite_path is not None:
        files.append(site.sqlite_path)
    return tuple(stamp(path) for file in files for path in (file, file.with_name(f"{file.name}-wal")))
