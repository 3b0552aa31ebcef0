"""An enrichment from its first film to its last: each is written before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Final

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.errors import BusyError, CancelledError, GreenroomError
from core.library.enrichment.faults import FilmError, StoppingError
from core.library.enrichment.film import Services, enrich_film
from core.library.enrichment.keys import service_key, tmdb_key
from core.library.enrichment.omdb import Omdb
from core.library.enrichment.report import EnrichmentReport, FilmReport
from core.library.enrichment.service import Waiting
from core.library.enrichment.tmdb import Tmdb
from core.library.enrichment.waiting import A_PAGE, Film, named_films, waiting, waiting_count
from core.progress import Reporter
from core.words import printable

_MOST_FAULTS: Final = 3  # films running, after which it is not for the films that they fail


def enrich(
    context: Context,
    site: Site,
    ids: Sequence[str] | None = None,
    *,
    reporter: Reporter,
    time: Waiting | None = None,
    each: Callable[[FilmReport], None] | None = None,
) -> EnrichmentReport:
    """Fetch what TMDB and OMDb know of films and write it; of those named, else of all that wait for it.

    `ids` are external or IMDb ids; a film that is named is asked for again though it has its data. `each` is told of
    every film when it is done. A film that fails stops nothing but itself. A key that is refused, a limit that is
    reached, a service or library that fails for three films running, or a site that stays busy end it: the report says
    so in `stopped`, and where not even the first film was done it is raised. What is done is committed film by film,
    so CancelledError leaves it done. Raise ConfigError without a key of TMDB, UsageError in read-only mode,
    GreenroomError where the library cannot be read.
    """
    context.require_writable("enrich")
    time = time or Waiting(reporter.pause, now=context.clock)
    services = _services(context, time)
    with closing(services):
        ids = None if ids is None else list(dict.fromkeys(ids))
        with reading(site.database_url()) as session:
            total = len(ids) if ids is not None else waiting_count(session)
        report = EnrichmentReport(asked=total, without_omdb=services.omdb is None)
        reporter.phase("enriching", total, "steps")
        try:
            _run(context, site, ids, services, report, reporter, time, each)
        except (StoppingError, _AgainAndAgainError, BusyError) as error:
            if not report.done:
                raise
            report.stopped = error
            report.left = max(0, total - report.done)
        with reading(site.database_url()) as session:
            report.waiting = waiting_count(session)
    return report


class _AgainAndAgainError(GreenroomError):
    """A service, or the library, failed for several films running."""


def _services(context: Context, time: Waiting) -> Services:
    settings = context.settings
    key = tmdb_key(settings)
    other = service_key(settings, "omdb")
    return Services(
        Tmdb(settings.enrichment, key, time), Omdb(settings.enrichment, other, time) if other is not None else None
    )


def _run(
    context: Context,
    site: Site,
    ids: Sequence[str] | None,
    services: Services,
    report: EnrichmentReport,
    reporter: Reporter,
    time: Waiting,
    each: Callable[[FilmReport], None] | None,
) -> None:
    faults, fault = 0, None
    for name, film in _films(site, ids):
        if film is None:
            done = FilmReport(printable(name), None, "", failure="the library has no such film")
        else:
            try:
                done = enrich_film(context, site, film, services, reporter, time.pause)
                faults = 0
            except (StoppingError, BusyError, CancelledError):
                raise
            except GreenroomError as error:
                faults = 0 if isinstance(error, FilmError) else faults + 1
                fault = error
                done = FilmReport(film.external_id, film.imdb_id, film.title, failure=error.message)
        report.note(done)
        if each:
            each(done)
        reporter.advance()
        if fault is not None and faults == _MOST_FAULTS:
            raise _AgainAndAgainError(f"{fault.message}; so for {_MOST_FAULTS} films running", hint=fault.hint)


def _films(site: Site, ids: Sequence[str] | None) -> Iterator[tuple[str, Film | None]]:
    """Yield the films by pages, each read in a transaction that has ended before a service is asked."""
    if ids is not None:
        for start in range(0, len(ids), A_PAGE):
            with reading(site.database_url()) as session:
                named = list(named_films(session, ids[start : start + A_PAGE]))
            yield from named
        return
    after = 0
    while True:
        with reading(site.database_url()) as session:
            films = waiting(session, after=after)
        if not films:
            return
        yield from ((film.external_id, film) for film in films)
        after = films[-1].id
